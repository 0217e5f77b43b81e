"""Stands in for the threads: each takes one step at a time, when the scheduler says so.

The steps are those of the target's own threads (`Workers`, `Scribe`, `Settler`, `Monitor`), whose
methods are called; only their loops and waits are gone.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.response import interpret_response
from target_apptivo.delivery.monitor import Monitor
from target_apptivo.delivery.scribe import Scribe
from target_apptivo.delivery.settler import Settler
from target_apptivo.delivery.workers import Attempt, Workers
from target_apptivo.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import NoResponse, Response
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.in_flight import InFlight
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
    from target_apptivo.delivery.settler import Ledger
    from target_apptivo.delivery.window import StateMark


# One thread takes all steps; a lock that is free costs less than a `nullcontext`.
_FREE_LOCK: Final = threading.RLock()


def _nothing() -> None:
    """Do nothing where a run ends early: who reads sees it."""


class SteppedMonitor(Monitor):
    """The lock of a run whose time is virtual."""

    def __init__(self, in_flight: InFlight, clock: Callable[[], float]) -> None:
        """Guard a run; a lock of its own and its conditions would only cost time."""
        self.in_flight = in_flight
        self.is_closed = False
        self.lock = _FREE_LOCK
        self._clock = clock
        self._on_end = _nothing

    @property
    def now(self) -> float:
        """The present."""
        return self._clock()

    def wake(self) -> None:
        """Wake nobody: the scheduler sees who has something to do."""

    def wake_all(self) -> None:
        """Wake nobody."""


class LeavingError(Exception):
    """Not an error: a request leaves, and its answer is still to come."""


class SteppedWorkers(Workers):
    """The workers: as many as the pace allows, each of which sends one request."""

    def __init__(self, monitor: Monitor) -> None:
        """Start none."""
        super().__init__(monitor, self._leave)
        self._leaving: Request | None = None

    def start_one(self) -> None:
        """Start none: the scheduler does."""

    def take(self) -> tuple[PendingWay, Request | None] | None:
        """Let go what is due; take the next request that may be sent, and send it.

        Returns:
            The way and its request, none where it could not be shaped; none if nothing may be sent.
        """
        now, in_flight = self._monitor.now, self._monitor.in_flight
        in_flight.release(now)
        if in_flight.requests.wait(now):
            return None
        way = in_flight.requests.dispatch(now)
        self._leaving = None
        attempt = Attempt(way, self._leave)
        error = self._monitor.guarded(partial(self._make, attempt))
        if error or attempt.verdict is not None:
            self._end(way, attempt.verdict)
            return way, None
        return way, self._leaving

    def answered(self, way: PendingWay, answer: Response | NoResponse, sent_at: float) -> None:
        """Take an answer."""
        step: Any = way.step
        now = self._monitor.now
        way.answered(_NO_DATE, now - sent_at)
        self._end(way, interpret_response(step.operation, answer), sent_at)

    def _make(self, attempt: Attempt) -> None:
        """Send, as far as a request's leaving."""
        with suppress(LeavingError):
            attempt.make()

    def _leave(self, request: Request) -> Response:
        """Note the request that leaves."""
        self._leaving = request
        raise LeavingError

    def _end(self, way: PendingWay, verdict: Verdict | None, sent_at: float = 0.0) -> None:
        """Do what an answer asks for."""
        monitor = self._monitor
        monitor.in_flight.requests.under_way -= 1
        monitor.guarded(partial(self._conclude, way, verdict, sent_at))


_NO_DATE: Any = None


class SteppedScribe(Scribe):
    """The journal's thread: takes a group, has it committed, and takes its ways on."""

    def take(self) -> list[PendingWay]:
        """Take a group."""
        return self._take()

    def reply(self, ways: list[PendingWay], replies: list[Any]) -> None:
        """Take the ways of a group on, once it is durable."""
        self._monitor.guarded(
            partial(self._monitor.in_flight.progress.replied, ways, replies, self._monitor.now)
        )
        self._monitor.wake()

    def fail(self, error: Exception) -> None:
        """End the run by a journal that fails, as the thread does."""
        self._monitor.guarded(partial(_throw, error))
        self._monitor.in_flight.progress.books.close()


def _throw(error: Exception) -> None:
    """Raise an error."""
    raise error


class SteppedSettler(Settler):
    """The settler: ticks, takes from the head, accounts for one item after another.

    Attributes:
        is_done: Whether it has ended.
        due: When it looks again at what falls due.
    """

    def __init__(self, monitor: Monitor, ledger: Ledger) -> None:
        """Start with nothing taken."""
        super().__init__(monitor, ledger)
        self.is_done = False
        self._items: deque[PendingRecord | StateMark] = deque()
        self._error: Exception | None = None
        self._is_ending = False
        self.due = -math.inf

    def is_due(self, now: float) -> bool:
        """Whether it would do something."""
        if self.is_done:
            return False
        if self.due <= now:
            return True
        if self._is_ending:
            return self._is_quiet
        if self._items or self._monitor.in_flight.window.head_is_done:
            return True
        return self._is_over()

    @property
    def _is_quiet(self) -> bool:
        """Whether no request is under way whose outcome is still to be known."""
        return self._monitor.in_flight.is_quiet or self._monitor.is_closed

    def step(self) -> None:
        """Do the next thing."""
        if not self._is_ending:
            self._error = self._monitor.guarded(self._settle_on)
            self._is_ending = self._is_ending or self._error is not None
        elif self._is_quiet:
            self._monitor.guarded(self._ledger.close)
            self.is_done = True
        elif not isinstance(self._error, OutputError):
            self._error = self._monitor.guarded(self._tick)

    def _settle_on(self) -> None:
        """Account for one item, or look for more."""
        if self._items:
            self._settle_first(self._items)
            self.due = -math.inf
            return
        self._tick()
        window = self._monitor.in_flight.window
        if window.head_is_done or window.head_error is not None or self._is_over():
            items = self._take(None)
            self._is_ending = items is None
            self._items = items or deque()

    def _tick(self) -> None:
        """Write what is due."""
        wait = self._ledger.tick()
        self.due = math.inf if wait is None else self._monitor.now + wait
