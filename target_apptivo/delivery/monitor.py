"""The one lock of a delivery, who waits under it, and who is woken.

Three kinds of threads share it, and under it `InFlight`, which decides: the *main thread* reads and
submits; *workers* send requests; the *settler* writes what has its outcome, in input order. With a
journal there is a fourth, the *scribe*. Each waits on a condition of its own, so that nobody is
woken for nothing.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING

from target_apptivo.errors import TargetApptivoError, UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.delivery.in_flight import InFlight

logger = logging.getLogger("target-apptivo.delivery")


class Bell:
    """Wakes who waits for something, and costs nothing where nobody does."""

    def __init__(self, lock: threading.RLock) -> None:
        """Be silent; all calls are made by who holds the lock."""
        self._condition = threading.Condition(lock)
        self._waiting = 0

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for it."""
        return self._waiting > 0

    def wait(self, seconds: float | None = None) -> None:
        """Wait, some seconds at most, and let go of the lock meanwhile."""
        self._waiting += 1
        try:
            self._condition.wait(None if seconds == math.inf else seconds)
        finally:
            self._waiting -= 1

    def ring(self) -> None:
        """Wake one who waits."""
        self._condition.notify()

    def ring_for_all(self) -> None:
        """Wake all who wait."""
        self._condition.notify_all()


class Monitor:
    """The lock, its conditions, and the way to end a run from any thread.

    Attributes:
        in_flight: What is decided under the lock.
        is_closed: Whether time is up: nobody goes on.
    """

    def __init__(self, in_flight: InFlight, on_end: Callable[[], object]) -> None:
        """Guard the decisions of a run.

        Args:
            in_flight: What is decided under the lock.
            on_end: Called from any thread, once or more often, when the run ends early.
        """
        self.in_flight = in_flight
        self.is_closed = False
        self.lock = threading.RLock()
        self.work, self.head, self.room, self.books = (Bell(self.lock) for _ in range(4))
        self.start_worker: Callable[[], object] = _start_nobody
        self._on_end = on_end

    def wake(self) -> None:
        """Wake whoever has something to do by what has just changed."""
        in_flight = self.in_flight
        if in_flight.requests.has_ready or in_flight.due < math.inf:
            self.wake_worker()
        self.wake_others()

    def wake_others(self) -> None:
        """Wake whoever is no worker and has something to do.

        Also before a worker waits: what fell due under its hands may have gone on to a step of the
        journal, or ended. Workers would ring each other for ever.
        """
        in_flight = self.in_flight
        if self.books.is_awaited and in_flight.has_journal_work:
            self.books.ring()
        if self.head.is_awaited and _can_settle(in_flight):
            self.head.ring()
        if in_flight.window.is_cut:
            self._on_end()
        if self.room.is_awaited and (in_flight.window.is_cut or not in_flight.is_full(0.5)):
            self.room.ring()

    def wake_worker(self) -> None:
        """Get a worker to look for work: an idle one, or a new one."""
        if self.work.is_awaited:
            self.work.ring()
        else:
            self.start_worker()

    def stop(self, error: TargetApptivoError) -> None:
        """End the run: nothing new is sent, requests under way are finished."""
        with self.lock:
            self.in_flight.stop(error)
            self.wake_all()
        self._on_end()

    def close(self) -> None:
        """Let everybody go: time is up, or all is done."""
        with self.lock:
            self.is_closed = True
            self.wake_all()

    def wake_all(self) -> None:
        """Wake everyone."""
        for bell in (self.work, self.head, self.room, self.books):
            bell.ring_for_all()

    def guarded(self, step: Callable[[], object]) -> Exception | None:
        """Run a step of a thread; an error ends the run instead of the thread, and is given."""
        try:
            step()
        except TargetApptivoError as error:
            self.stop(error)
            return error
        except Exception as error:
            logger.debug("a step failed", exc_info=error)
            self.stop(UnexpectedError(error))
            return error
        return None

    @property
    def now(self) -> float:
        """The present, in seconds of a monotonic clock."""
        return time.monotonic()


def _can_settle(in_flight: InFlight) -> bool:
    """Whether the settler has something to do: to write, or to end."""
    return in_flight.window.head_is_done or in_flight.window.is_cut or in_flight.has_delivered_all


def _start_nobody() -> None:
    """Start no worker: there is none yet."""
