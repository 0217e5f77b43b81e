"""Deliver records: many at once, settled in input order, state exact. What the main thread calls.

See `monitor.py` for the threads, and `in_flight.py` for what is decided.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.monitor import Monitor
from target_apptivo.delivery.progress import unsent
from target_apptivo.delivery.scribe import Scribe
from target_apptivo.delivery.settler import Settler
from target_apptivo.delivery.window import StateMark
from target_apptivo.delivery.workers import Workers
from target_apptivo.errors import RunEndedError, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import NoResponse, Response
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pace import Pace
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
    from target_apptivo.delivery.policy import Policy
    from target_apptivo.delivery.scribe import Book
    from target_apptivo.delivery.settler import Ledger
    from target_apptivo.errors import StoppedError
    from target_apptivo.journal.steps import Place

logger = logging.getLogger("target-apptivo.delivery")

# Seconds between two looks at whether the run was interrupted, while the main thread waits.
_GLANCE = 0.1


class Delivery:
    """Delivers records; threads start with the first of them."""

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        send: Callable[[Request], Response | NoResponse],
        ledger: Ledger,
        pace: Pace,
        *,
        policy: Policy,
        interruption: Callable[[], StoppedError | None],
        on_end: Callable[[], object],
        grace: float,
        book: Book | None = None,
    ) -> None:
        """Join the parts.

        Args:
            send: Sends a request once.
            ledger: Is told of everything settled.
            pace: How many at once, how many a second.
            policy: What the settings say.
            interruption: Gives why the run has to stop, if it has; asked now and then.
            on_end: Called from any thread, once or more often, when the run ends early.
            grace: Seconds that an interrupted run waits for the requests under way.
            book: The journal, if there is one.
        """
        self._in_flight = InFlight(policy, pace)
        self._monitor = Monitor(self._in_flight, on_end)
        self._workers = Workers(self._monitor, send)
        self._settler = Settler(self._monitor, ledger)
        self._scribe = Scribe(self._monitor, book) if book else None
        self._interruption = interruption
        self._grace = grace
        self._is_finishing = False

    def submit(self, way: PendingWay) -> None:
        """Take the way of a record, waiting while enough is read ahead.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._monitor.lock:
            self._wait_for_room()
            self._in_flight.submit(way, self._monitor.now)
            self._monitor.wake()

    def refuse(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Take a record that has its outcome before anything is sent.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._monitor.lock:
            self._wait_for_room()
            self._in_flight.refuse(pending, verdict)
            self._monitor.wake()

    def mark(self, state: Any, size: int = 0) -> None:  # noqa: ANN401
        """Take a state, to be written when everything before it is settled."""
        with self._monitor.lock:
            self._wait_for_room()
            self._in_flight.window.mark(StateMark(state, size))
            self._monitor.wake()

    def drain(self) -> None:
        """Wait until everything taken is settled, or the run has ended."""
        with self._monitor.lock:
            while self._in_flight.window.head is not None and not self._has_ended():
                self._in_flight.progress.release_batches(self._monitor.now)
                self._monitor.wake()
                self._monitor.room.wait(_GLANCE)

    def finish(self) -> None:
        """Deliver everything taken, or bring an ended run to its end.

        Raises:
            TargetApptivoError: What ended the run.
        """
        self._settler.start()  # of an empty input, too, the end is told: a plan has totals
        deadline = math.inf
        while time.monotonic() < deadline:
            if deadline == math.inf and (stopped := self._interruption()):
                deadline = time.monotonic() + self._grace
                self._monitor.stop(stopped)
            self._let_everything_go()
            if self._settler.has_finished(within=_GLANCE):
                break
        self._monitor.close()
        if not self._settler.has_finished():
            logger.warning("time is up before everything could be written")
        if self._scribe and not self._scribe.has_finished(within=self._grace):
            logger.warning("time is up before the journal could be written")
        if self._in_flight.failure:
            raise self._in_flight.failure

    def unsettled(self) -> list[PendingRecord]:
        """Give the records that a run which has ended leaves unsettled, in input order."""
        with self._monitor.lock:
            return list(self._in_flight.window.records())

    def unsent(self) -> list[Place]:
        """Give where the journal holds intentions of which Apptivo surely has nothing."""
        with self._monitor.lock:
            return [place for way in unsent(self._in_flight.progress) for place in way.places]

    def describe(self) -> str:
        """Say in words how it goes."""
        requests = self._in_flight.requests
        under_way = counted(requests.under_way, "request")
        return f"{under_way} under way, at most {requests.pace.limit} at once"

    def _let_everything_go(self) -> None:
        """Note that the input has ended; open batches wait for nothing any more."""
        with self._monitor.lock:
            if not self._is_finishing:
                self._is_finishing = True
                self._in_flight.finish(self._monitor.now)
                self._monitor.wake_all()
                self._monitor.wake()

    def _wait_for_room(self) -> None:
        """Wait until there is room; once it was full, until half of it is free."""
        self._settler.start()
        if self._scribe:
            self._scribe.start()
        if self._in_flight.is_full():
            while self._in_flight.is_full(0.5) and not self._has_ended():
                if self._in_flight.is_idle and not self._free_batches():
                    break
                self._monitor.room.wait(_GLANCE)
        if self._has_ended():
            raise RunEndedError

    def _free_batches(self) -> bool:
        """Send the open batches, if they are what fills the window: nothing more can join them."""
        if self._in_flight.is_full():
            self._in_flight.progress.release_batches(self._monitor.now)
            self._monitor.wake()
            return True
        return False

    def _has_ended(self) -> bool:
        """Whether no more may be taken."""
        is_over = self._in_flight.window.is_cut or self._monitor.is_closed
        return is_over or self._interruption() is not None
