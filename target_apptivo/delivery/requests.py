"""Which request is sent next, and what its answer leads to. Pure: times are handed in.

What was surely not processed is sent again here, and so is what may have been processed and does no
harm twice; what a lost answer to a create means is decided by its way.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from target_apptivo.apptivo.steps import Read, Send, Sent
from target_apptivo.apptivo.verdict import Meaning, Outcome
from target_apptivo.errors import CredentialsError, UnavailableError

if TYPE_CHECKING:
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pace import Pace
    from target_apptivo.delivery.pending import PendingWay
    from target_apptivo.delivery.policy import Policy
    from target_apptivo.delivery.progress import Progress
    from target_apptivo.delivery.window import Window
    from target_apptivo.errors import TargetApptivoError

# Seconds: who wants to be left alone for longer is not waited for.
_LONGEST_WAIT = 3_600.0


class Requests:
    """The requests of one run.

    Attributes:
        under_way: How many are sent and not answered.
        pace: How many at once, how many a second.
        refusal: What Apptivo answered that ends the run at once, if it did.
    """

    def __init__(self, policy: Policy, pace: Pace, window: Window, progress: Progress) -> None:
        """Start with none under way."""
        self.under_way = 0
        self.refusal: TargetApptivoError | None = None
        self.pace = pace
        self._policy = policy
        self._window = window
        self._progress = progress

    def wait(self, now: float) -> float:
        """Seconds until a request may be sent: 0 for at once, infinite if not by time alone."""
        if self.under_way >= self.pace.limit or not self._progress.ready.has(self._window.cut):
            return math.inf
        return self.pace.wait(now)

    def dispatch(self, now: float) -> PendingWay:
        """Take the earliest one off, to be sent now, when there is nothing to wait for."""
        way = self._progress.ready.pop()
        way.tries += 1
        self._progress.books.ahead.discard(way)
        self.under_way += 1
        self.pace.sent(now)
        return way

    @property
    def has_ready(self) -> bool:
        """Whether a request may be sent as soon as the pace allows."""
        return self._progress.ready.has(self._window.cut)

    def follow(self, verdict: Verdict, *, sent_at: float, now: float, least_wait: float) -> bool:
        """Let the pace follow an answer, before what it asks for is done.

        Args:
            verdict: What the answer means.
            sent_at: When the request was sent.
            now: The present.
            least_wait: Seconds that Apptivo wants to be left alone.

        Returns:
            Whether the pace was cut.
        """
        # A refusal without a status is our own: nothing was answered.
        is_ours = verdict.outcome is Outcome.REJECTED and verdict.http_status is None
        if verdict.meaning is Meaning.FINAL and not is_ours:
            self.pace.healthy(self.under_way + 1)
        return verdict.pushes_back and self.pace.pushed_back(
            sent_at=sent_at, now=now, wait=least_wait
        )

    def conclude(
        self, way: PendingWay, verdict: Verdict, *, now: float, least_wait: float = 0.0
    ) -> None:
        """Do what an answer asks for.

        Args:
            way: The way whose request was answered.
            verdict: What the answer means.
            now: The present.
            least_wait: Seconds that Apptivo wants to be left alone.
        """
        if verdict.is_of_this_sending and isinstance(way.step, Send):
            way.not_processed()
        match verdict.meaning:
            case Meaning.CREDENTIALS_REFUSED:
                reason = self._policy.shown(way.records[0].record, verdict)
                self._end_at_once(way, CredentialsError(reason, record=way.name), now)
            case Meaning.NOT_PROCESSED:
                self._try_again(way, verdict, now, least_wait)
            case Meaning.POSSIBLY_PROCESSED if isinstance(way.step, Read):
                self._try_again(way, verdict, now, least_wait)
            case Meaning.POSSIBLY_PROCESSED if self._may_repeat(way):
                self._progress.postpone(way, now, least_wait)
            case _ if isinstance(way.step, Read):
                self._progress.take_on(way, verdict, now)
            case _:
                sent = Sent(_of_all_attempts(way, verdict), self._has_attempts(way))
                self._progress.take_on(way, sent, now)

    def _may_repeat(self, way: PendingWay) -> bool:
        """Whether what was possibly processed is sent again here: what does not create."""
        is_create = isinstance(way.step, Send) and way.step.operation.creates
        return not is_create and self._has_attempts(way)

    def _has_attempts(self, way: PendingWay) -> bool:
        """Whether attempts are left: looks between two sendings give no new ones."""
        used = way.attempts if isinstance(way.step, Send) else way.tries
        return used < self._policy.max_attempts

    def _try_again(self, way: PendingWay, verdict: Verdict, now: float, least_wait: float) -> None:
        """Put a request back for later, or end the run: Apptivo is unavailable."""
        if self._has_attempts(way) and least_wait <= _LONGEST_WAIT:
            self._progress.postpone(way, now, least_wait)
            return
        cause = verdict.cause
        attempts = way.attempts if isinstance(way.step, Send) else way.tries
        if least_wait > _LONGEST_WAIT:
            # Nor are those waited for that come before it.
            cause = f"{cause}, it asks to be left alone for {least_wait:.0f} s"
            error = UnavailableError(cause, attempts=attempts, record=way.name)
            self._end_at_once(way, error, now)
        else:
            error = UnavailableError(cause, attempts=attempts, record=way.name)
            self._progress.fail(way, error, now)

    def _end_at_once(self, way: PendingWay, error: TargetApptivoError, now: float) -> None:
        """End the run at a way, and send nothing more that comes before it either."""
        self.refusal = self.refusal or error
        self._progress.fail(way, error, now)
        self._window.end_at(-1)


def _of_all_attempts(way: PendingWay, verdict: Verdict) -> Verdict:
    """Judge a refusal of what was repeated here: an attempt before the last one may be taken.

    What creates is judged by its way (`doubted`).
    """
    is_refused = verdict.outcome is Outcome.REJECTED and verdict.meaning is Meaning.FINAL
    is_create = isinstance(way.step, Send) and way.step.operation.creates
    if not (is_refused and way.had_before) or is_create:
        return verdict
    reason = f"{verdict.reason} (after an attempt whose answer was lost)"
    return replace(verdict, outcome=Outcome.UNCERTAIN, reason=reason)
