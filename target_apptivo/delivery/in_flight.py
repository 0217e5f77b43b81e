"""The records between reading and settling: what is sent next, what an answer leads to. Pure.

No clock, no dice, no lock and no thread: times are handed in, and the owner sees to it that one
thread at a time is here.

What is sent ahead of the first awaited record stays within `max_in_flight` requests while answers
come as usual, and within the window when one is late: see `_lead`.

A run that ends by an error has a *cut*: the place in the input of the record that ends it. Nothing
behind the cut is sent any more; everything before it is brought to its end, so that its state can
be written. A credential failure, a stop and an output that fails cut before everything; a stop
still sends the batches that have begun to fill.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.batch import interpret_results
from target_apptivo.apptivo.response import Meaning, Outcome, doubted
from target_apptivo.delivery.record import Entry
from target_apptivo.delivery.schedule import Schedule
from target_apptivo.delivery.window import Mark, Window
from target_apptivo.errors import CredentialsError, RecordRejectedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_apptivo.apptivo.response import Verdict
    from target_apptivo.delivery.pace import Pace
    from target_apptivo.delivery.record import Task
    from target_apptivo.errors import TargetApptivoError

# How much is settled before the settler looks again at what falls due.
_MOST_AT_ONCE = 64
# Seconds that a stop waits for leave to send.
_SOON = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the settings of the same names say.

    Attributes:
        window: The most records between reading and settling.
    """

    max_in_flight: int
    window: int
    max_attempts: int = 5
    hold_uncertain: bool = False
    max_rejected: float = 0


class InFlight:
    """The window, the schedule and the pace of one run, and the rules that join them.

    Attributes:
        under_way: Requests that are sent and not answered.
        failure: What ended the run before everything that was not under way.
    """

    def __init__(self, policy: Policy, pace: Pace, *, jitter: Callable[[float], float]) -> None:
        """Start empty.

        Args:
            policy: What the settings say.
            pace: How many at once, how many a second.
            jitter: Gives the wait before an attempt, from its ceiling, both in seconds.
        """
        self.under_way = 0
        self.failure: TargetApptivoError | None = None
        self._policy = policy
        self._pace = pace
        self._jitter = jitter
        self._window = Window(policy.window, max_rejected=policy.max_rejected)
        self._schedule = Schedule()
        self._answered = 0  # requests whose records have their outcomes and are not all settled

    # -- reading ----------------------------------------------------------------------------------

    def submit(self, task: Task, *, open_until: float | None = None) -> None:
        """Take a task with its first record; it may stay open to further ones until a time."""
        self._window.append(task.entries[0])
        self._schedule.line_up(task, task.entries[0])
        if open_until is not None:
            self._schedule.hold_open(task, open_until)
        self._schedule.offer(task)

    def add(self, task: Task, entry: Entry, payload: Any) -> bool:  # noqa: ANN401
        """Add a record to an open task; false if it was let go and takes no more."""
        if not self._schedule.is_open(task):
            return False
        task.entries.append(entry)
        task.payloads.append(payload)
        self._window.append(entry)
        self._schedule.line_up(task, entry)
        return True

    def release(self, task: Task) -> None:
        """Let an open task go: it is full, or the next record starts another."""
        self._schedule.release(task)

    def release_all(self) -> None:
        """Let all open tasks go."""
        self._schedule.release_all()

    def refuse(self, entry: Entry) -> None:
        """Take a record that has its outcome before anything is sent."""
        self._window.append(entry)
        self._window.expect_aside(entry)

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Take a state."""
        self._window.mark(state)

    def is_full(self, share: float = 1.0) -> bool:
        """Whether a share of the window is taken."""
        return self._window.is_full(share)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing would be without time going by."""
        return not self.under_way and not self._schedule.has_ready(math.inf)

    # -- sending ----------------------------------------------------------------------------------

    def wait(self, now: float) -> float:
        """Seconds until a task may be sent: 0 for at once, infinite if not by time alone."""
        self._schedule.promote(now)
        if self.under_way >= self._pace.limit:
            return math.inf
        wait = math.inf
        if self.has_ready:
            wait = max(self._pace.wait(now), self._lead(now), 0.0)
        if self._schedule.due is not None:
            wait = min(wait, self._schedule.due - now)
        return wait

    def dispatch(self, now: float) -> Task:
        """Take the earliest task off, to be sent now, when there is nothing to wait for."""
        task = self._schedule.pop()
        self.under_way += 1
        self._pace.sent(now)
        return task

    @property
    def has_ready(self) -> bool:
        """Whether a task may be sent as soon as the pace allows."""
        return self._schedule.has_ready(math.inf if self.failure else self._window.cut)

    @property
    def has_more(self) -> bool:
        """Whether a task may be sent now or after a time."""
        return self.has_ready or self._schedule.due is not None

    @property
    def limit(self) -> int:
        """The most requests at once, now."""
        return self._pace.limit

    def follow(
        self, verdict: Verdict, *, sent_at: float, now: float, least_wait: float, busy: float = 0.0
    ) -> bool:
        """Let the pace follow an answer, before what it asks for is done.

        Args:
            verdict: What the answer means.
            sent_at: When the request was sent.
            now: The present.
            least_wait: Seconds that Apptivo wants to be left alone.
            busy: The share of its time that the interpreter was busy of late.

        Returns:
            Whether the pace was cut.
        """
        if self.failure and verdict.pushes_back:
            self._schedule.close(but_open=False)  # a stop waits for no leave to send
        if verdict.meaning is Meaning.FINAL:
            self._pace.healthy(self.under_way, now - sent_at, busy=busy)
        return verdict.pushes_back and self._pace.pushed_back(
            sent_at=sent_at, now=now, wait=least_wait
        )

    def conclude(
        self, task: Task, verdict: Verdict | None, *, now: float, least_wait: float = 0.0
    ) -> None:
        """Do what an answer asks for.

        Args:
            task: The task that was sent.
            verdict: What its answer means; none if that will never be known.
            now: The present.
            least_wait: Seconds that Apptivo wants to be left alone.
        """
        self.under_way -= 1
        if verdict is None:
            return
        attempts_left = task.attempts < self._policy.max_attempts
        match verdict.meaning:
            case Meaning.FINAL:
                self._give_outcomes(task, verdict)
            case Meaning.CREDENTIALS_REFUSED:
                reason, record = task.without_values(verdict.reason), task.entries[0].name
                self.halt(self._fail(task, CredentialsError(reason, record=record)))
            case Meaning.NOT_PROCESSED if attempts_left:
                self._retry(task, now, least_wait)
            case Meaning.NOT_PROCESSED:
                record, attempts = task.entries[0].name, task.attempts
                self._fail(task, UnavailableError(verdict.cause, attempts=attempts, record=record))
            case Meaning.POSSIBLY_PROCESSED if attempts_left and self._may_resend(task):
                task.answer_lost = task.operation.creates
                self._retry(task, now, least_wait)
            case Meaning.POSSIBLY_PROCESSED:
                self._give_outcomes(task, verdict)

    def halt(self, error: TargetApptivoError, *, stopped_at: float | None = None) -> None:
        """Cut before everything: nothing new is sent.

        Args:
            error: What ends the run.
            stopped_at: The present, if it is a stop: what open batches hold is then still sent,
                where Apptivo lets it at once.
        """
        self.failure = self.failure or error
        self._window.end_at(-1)
        may_send = stopped_at is not None and self._pace.wait(stopped_at) < _SOON
        self._schedule.close(but_open=may_send)

    @property
    def is_cut(self) -> bool:
        """Whether the run ends by an error."""
        return self._window.cut < math.inf

    @property
    def has_stopped(self) -> bool:
        """Whether nothing is sent any more, and nothing is under way."""
        return self._window.cut < 0 and not self.under_way and not self.has_ready

    def _lead(self, now: float) -> float:
        """Seconds to wait before more is sent ahead of the first record whose answer is awaited.

        If that one ends the run, what was accepted behind it is sent again by the next run. So no
        more than `max_in_flight` requests are answered or under way from it on, unless its answer
        is late: a slow or retried request does not hold up the others until the window is full.
        """
        ahead = self.under_way + self._answered
        if ahead < self._policy.max_in_flight:
            return 0.0
        first, ended_before = self._window.first_awaited()
        if ahead - ended_before < self._policy.max_in_flight:
            return 0.0
        since = first.under_way_since if first else None
        return 0.0 if since is None else since + self._pace.patience - now

    def _may_resend(self, task: Task) -> bool:
        """Whether a request that was possibly processed may be sent again."""
        return not (task.operation.creates and self._policy.hold_uncertain)

    def _retry(self, task: Task, now: float, least_wait: float) -> None:
        """Put a task back for later: exponential backoff with full jitter."""
        task.put_back()
        wait = max(self._jitter(next(task.waits)), least_wait)
        self._schedule.postpone(task, now + wait)

    def _fail(self, task: Task, error: TargetApptivoError) -> TargetApptivoError:
        """End the run at a task that gets no outcome; give the error."""
        task.put_back()
        for entry in task.entries:
            entry.error = error
        self._window.end_at(task.sequence)
        return error

    def _give_outcomes(self, task: Task, verdict: Verdict) -> None:
        """Give each record of a task its outcome, or try a refused batch in halves."""
        task.request = None
        is_refused_batch = verdict.outcome is Outcome.REJECTED and len(task.entries) > 1
        if is_refused_batch and task.batch and task.batch.split_rejected:
            self._schedule.replace(task.halves())
            return
        self._answered += 1
        task.entries[-1].is_last_of_task = True
        without_values = cache(task.without_values)  # the records of a batch often share a reason
        verdicts = interpret_results(task.operation, task.batch, verdict, len(task.entries))
        for entry, each in zip(task.entries, verdicts, strict=True):
            entry.verdict = doubted(each) if task.answer_lost else each
            if each.outcome.is_set_aside and each.http_status is not None:
                entry.reason_shown = without_values(entry.verdict.reason)
            self._window.expect_aside(entry)
            self._schedule.free(entry)

    # -- settling ---------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to settle."""
        return self._window.head is None

    @property
    def head_is_done(self) -> bool:
        """Whether the head can be settled."""
        return self._window.head_is_done

    @property
    def head_error(self) -> TargetApptivoError | None:
        """What ends the run at the head, if the head got no outcome."""
        head = self._window.head
        return head.error if isinstance(head, Entry) and head.verdict is None else None

    def take_settled(self) -> deque[Entry | Mark]:
        """Take from the head what is done, not too much of it at once."""
        items: deque[Entry | Mark] = deque()
        while self._window.head_is_done and len(items) < _MOST_AT_ONCE:
            items.append(self._window.pop())
        self._answered -= sum(isinstance(item, Entry) and item.is_last_of_task for item in items)
        return items

    def put_back(self, items: Iterable[Entry | Mark]) -> None:
        """Put back to the head what was taken and stays unsettled."""
        self._window.put_back(items)

    def count_aside(self, entry: Entry) -> None:
        """Count a record that comes to be settled, if it is to be set aside.

        Raises:
            RecordRejectedError: If it is one more than may be.
        """
        is_aside = entry.verdict is not None and entry.verdict.outcome.is_set_aside
        if is_aside and not self._window.count_aside(entry):
            kind = type(entry.error) if entry.error else RecordRejectedError
            raise kind(self._ended_by(entry))

    def unsettled(self) -> list[Entry]:
        """Give the records that are not settled, in input order."""
        return list(self._window.entries())

    def _ended_by(self, entry: Entry) -> str:
        """Name a record that ends the run, with the reason and the remedy."""
        assert entry.verdict is not None  # noqa: S101 - only records with an outcome come here
        remedy = "or set max_rejected and rejected_path to set such records aside and go on"
        if self._policy.max_rejected:
            remedy = (
                f"or raise max_rejected: {self._policy.max_rejected} are set aside in rejected_path"
            )
        return (
            f"record {entry.verdict.outcome}: {entry.name}, {entry.endpoint}: {entry.reason}. Mend "
            f"the record, {remedy}"
        )
