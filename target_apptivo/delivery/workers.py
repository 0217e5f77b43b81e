"""The threads that send requests. No worker ever sleeps on a retry: what waits, waits in line."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.response import interpret_response
from target_apptivo.apptivo.steps import Read
from target_apptivo.apptivo.verdict import refused
from target_apptivo.delivery.pace import seconds_to_wait
from target_apptivo.errors import RecordRejectedError, TargetApptivoError, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import NoResponse, Response
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.monitor import Monitor
    from target_apptivo.delivery.pending import PendingWay

logger = logging.getLogger("target-apptivo.delivery")


class Workers:
    """As many threads as the pace asks for; each sends one request at a time."""

    def __init__(self, monitor: Monitor, send: Callable[[Request], Response | NoResponse]) -> None:
        """Start none yet.

        Args:
            monitor: Tells what to send, and is told what came of it.
            send: Sends a request once.
        """
        self._monitor = monitor
        self._send = send
        self._count = 0
        monitor.start_worker = self.start_one

    def start_one(self) -> None:
        """Start a worker, while the pace allows one more."""
        if self._count >= self._monitor.in_flight.requests.pace.limit:
            return
        self._count += 1
        try:
            name = f"worker-{self._count}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        except RuntimeError:  # the machine has no thread left: those there are do the work
            self._count -= 1
            if not self._count:
                error = TargetApptivoError("no thread can be started: raise the system's limit")
                self._monitor.stop(error)

    def _work(self) -> None:
        """Send requests until the run is closed."""
        while way := self._take():
            sent_at = self._monitor.now
            attempt = Attempt(way, self._send)
            self._monitor.guarded(attempt.make)
            with self._monitor.lock:
                # Counted first: whatever fails below, nobody waits for this request any more.
                self._monitor.in_flight.requests.under_way -= 1
                self._monitor.guarded(partial(self._conclude, way, attempt.verdict, sent_at))
                self._monitor.wake()

    def _take(self) -> PendingWay | None:
        """Wait for the next request that may be sent, and see that another worker looks on."""
        monitor, in_flight = self._monitor, self._monitor.in_flight
        with monitor.lock:
            while not monitor.is_closed:
                now = monitor.now
                monitor.guarded(partial(in_flight.release, now))
                wait = min(in_flight.requests.wait(now), in_flight.due - now)
                if not in_flight.requests.wait(now):
                    way = in_flight.requests.dispatch(now)
                    monitor.wake()
                    return way
                monitor.wake_others()
                monitor.work.wait(wait)
            return None

    def _conclude(self, way: PendingWay, verdict: Verdict | None, sent_at: float) -> None:
        """Let the pace follow an answer, and do what it asks for; none where a fault of ours is."""
        if verdict is None:
            return
        requests, now = self._monitor.in_flight.requests, self._monitor.now
        wait = seconds_to_wait(verdict.retry_after, datetime.now(UTC))
        if requests.follow(verdict, sent_at=sent_at, now=now, least_wait=wait):
            logger.info(
                "Apptivo pushes back (%s): at most %s at once%s",
                verdict.cause,
                counted(requests.pace.limit, "request"),
                f", after a wait of {wait:.0f} s" if wait else "",
            )
        requests.conclude(way, verdict, now=now, least_wait=wait)


class Attempt:
    """One sending of one request.

    Attributes:
        verdict: What its answer means, once there is one.
    """

    def __init__(self, way: PendingWay, send: Callable[[Request], Response | NoResponse]) -> None:
        """Prepare to send the request that a way waits for."""
        self._way = way
        self._send = send
        self.verdict: Verdict | None = None

    def make(self) -> None:
        """Send the request, and judge its answer."""
        step: Any = self._way.step
        if isinstance(step, Read):
            self.verdict = interpret_response(step.operation, self._send(step.request))
            return
        try:
            request = step.shape()
        except RecordRejectedError as error:
            self.verdict = refused(str(error))
            return
        started = time.monotonic()
        self._way.sent(request, datetime.now(UTC))
        answer = self._send(request)
        self._way.answered(datetime.now(UTC), time.monotonic() - started)
        self.verdict = interpret_response(step.operation, answer)
