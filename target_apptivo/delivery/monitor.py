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
        self.work = threading.Condition(self.lock)
        self.head = threading.Condition(self.lock)
        self.room = threading.Condition(self.lock)
        self.books = threading.Condition(self.lock)
        self.start_worker: Callable[[], object] = _start_nobody
        self._on_end = on_end
        self._idle_workers = 0

    def wake(self) -> None:
        """Wake whoever has something to do by what has just changed."""
        in_flight = self.in_flight
        if in_flight.requests.has_ready or in_flight.due < math.inf:
            self.wake_worker()
        if in_flight.has_journal_work:
            self.books.notify()
        if in_flight.window.head_is_done or in_flight.is_cut or in_flight.has_delivered_all:
            self.head.notify_all()
        if in_flight.is_cut:
            self._on_end()
        if in_flight.is_cut or not in_flight.is_full(0.5):
            self.room.notify()

    def wake_worker(self) -> None:
        """Get a worker to look for work: an idle one, or a new one."""
        if self._idle_workers:
            self.work.notify()
        else:
            self.start_worker()

    def wait_for_work(self, seconds: float) -> None:
        """Wait as an idle worker."""
        self._idle_workers += 1
        self.work.wait(None if seconds == math.inf else seconds)
        self._idle_workers -= 1

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
        for condition in (self.work, self.head, self.room, self.books):
            condition.notify_all()

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


def _start_nobody() -> None:
    """Start no worker: there is none yet."""
