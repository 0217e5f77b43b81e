"""What is read, sent and settled in one run, joined: the decisions of the delivery. Pure.

No clock, no dice, no lock and no thread: times are handed in, and the owner sees to it that one
thread at a time is here.

A run that ends by an error has a *cut*: the place in the input of the record that ends it. Nothing
behind the cut is sent any more; everything before it is brought to its end, so that its state can
be written. A credential failure, a stop and an output that fails cut before everything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from target_apptivo.delivery.progress import Progress
from target_apptivo.delivery.requests import Requests
from target_apptivo.delivery.window import Window
from target_apptivo.errors import RecordRejectedError

if TYPE_CHECKING:
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pace import Pace
    from target_apptivo.delivery.pending import PendingRecord, PendingWay, SettledRecord
    from target_apptivo.delivery.policy import Policy
    from target_apptivo.errors import TargetApptivoError

# Questions to the journal are answered by the hundred: more are asked than requests are sent.
_MOST_ASKED = 2_000


class InFlight:
    """The records of a run between reading and settling.

    Attributes:
        window: The records, in input order.
        progress: Their ways.
        requests: What is sent of them.
    """

    def __init__(self, policy: Policy, pace: Pace) -> None:
        """Start empty."""
        self._failure: TargetApptivoError | None = None
        self.window = Window(max_rejected=policy.max_rejected, most_records=policy.most_records)
        self.progress = Progress(policy, self.window)
        self.requests = Requests(policy, pace, self.window, self.progress)
        self._policy = policy
        self._is_finishing = False

    def submit(self, way: PendingWay, now: float) -> None:
        """Take the way of a record that was read."""
        self.window.append(way.records[0])
        self.progress.line_up(way, now)

    def refuse(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Take a record that has its outcome before anything is sent."""
        self.window.append(pending)
        pending.end(verdict)
        self.window.ended(pending)

    def finish(self, now: float) -> None:
        """Note that nothing more is read: open batches wait for nothing."""
        self._is_finishing = True
        self.release(now)

    def stop(self, error: TargetApptivoError) -> None:
        """End the run before everything: nothing new is sent."""
        self._failure = self.failure or error
        self.window.end_at(-1)

    @property
    def failure(self) -> TargetApptivoError | None:
        """What ended the run before everything that was not under way."""
        return self._failure or self.requests.refusal

    def count_aside(self, settled: SettledRecord) -> None:
        """Count a record that comes to be settled, if it is to be set aside.

        Raises:
            RecordRejectedError: If it is one more than may be.
        """
        if settled.record is None or self.window.count_aside():
            return
        kind = type(settled.error) if settled.error else RecordRejectedError
        shown = self._policy.shown(settled.record, settled.verdict)
        what = f"record {settled.verdict.outcome}: {settled.record.name}, {settled.endpoint}"
        raise kind(f"{what}: {shown}. Mend the record, {self._policy.remedy}")

    def is_full(self, share: float = 1.0) -> bool:
        """Whether no more is to be read: the window is taken, or enough waits to be sent."""
        is_ahead = len(self.progress.ready) >= self._policy.most_ahead * share
        is_asking = len(self.progress.books) >= _MOST_ASKED * share
        return is_ahead or is_asking or self.window.is_full(share)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing would be without time going by."""
        books = self.progress.books
        is_waiting = self.requests.has_ready or len(books) > 0
        return not (self.requests.under_way or books.under_way or is_waiting)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way whose outcome is still to be known."""
        return not self.requests.under_way and not self.progress.books.has_outcomes

    @property
    def has_delivered_all(self) -> bool:
        """Whether everything that was read is settled, and nothing more is."""
        return self._is_finishing and self.window.head is None

    def release(self, now: float) -> None:
        """Let go what has waited for its time."""
        if self.window.cut >= 0 and (self._is_finishing or self.due <= now):
            # Who still waits for the journal may join an open batch.
            is_last = self._is_finishing and not self.progress.books.is_asking
            self.progress.release(now, everything=is_last)

    @property
    def due(self) -> float:
        """When the next thing falls due that waits for its time; infinite where none does."""
        if self.window.cut < 0:
            return math.inf
        return min(self.progress.waiting.due, self.progress.batches.due)

    @property
    def has_journal_work(self) -> bool:
        """Whether the journal has something to carry out."""
        limit = self.requests.pace.limit
        return self.progress.books.has_work(cut=self.window.cut, limit=limit)

    def take_journal_steps(self) -> list[PendingWay]:
        """Take the ways whose steps are carried out in one go."""
        limit = self.requests.pace.limit
        return self.progress.books.take(cut=self.window.cut, limit=limit)
