"""The delivery engine: many requests at once, settled in input order, state exact.

Three roles share one lock, and under it `InFlight`, which decides. The *main thread* submits tasks
and marks (a mark is a STATE of the tap) in input order, and waits while the window is full.
*Workers* take the earliest task that may be sent (its key is free, its wait is over, the pace
allows it), send it once, and hand its answer over: no worker ever sleeps on a retry. The *settler*
(`settler.py`) takes from the head of the window whatever has its outcome.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import backoff

from target_apptivo.apptivo.response import interpret_response, refused
from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.pace import seconds_to_wait
from target_apptivo.delivery.settler import Settler
from target_apptivo.errors import (
    RecordRejectedError,
    RunEndedError,
    TargetApptivoError,
    UnexpectedError,
)

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import Answer, NoAnswer, NotSent, Verdict
    from target_apptivo.delivery.in_flight import Policy
    from target_apptivo.delivery.pace import Pace
    from target_apptivo.delivery.record import Entry, Task
    from target_apptivo.delivery.settler import Ledger
    from target_apptivo.delivery.window import Mark
    from target_apptivo.errors import StoppedError

logger = logging.getLogger("target-apptivo.delivery")

# Seconds over which it is measured how busy the interpreter is.
_LOAD_INTERVAL = 0.03
# Seconds between two looks at whether the run was interrupted, while the main thread waits.
_GLANCE = 0.1


class Load:
    """How busy this interpreter is, by the CPU time of its process."""

    def __init__(self) -> None:
        """Start measuring; until something is known, it counts as busy."""
        self._since = time.monotonic()
        self._cpu = time.process_time()
        self._share = 1.0

    def share(self, now: float) -> float:
        """Give the share of its time that it was busy, of late."""
        if now - self._since >= _LOAD_INTERVAL:
            cpu = time.process_time()
            self._share = (cpu - self._cpu) / (now - self._since)
            self._since, self._cpu = now, cpu
        return self._share


class Delivery:
    """Delivers records; see the module's docstring for how."""

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        send: Callable[[Request], Answer | NoAnswer | NotSent],
        ledger: Ledger,
        pace: Pace,
        *,
        policy: Policy,
        interruption: Callable[[], StoppedError | None],
        on_end: Callable[[], object],
        grace: float,
    ) -> None:
        """Join the parts; threads start with the first record.

        Args:
            send: Sends a request once.
            ledger: Is told of everything settled.
            pace: How many at once, how many a second.
            policy: What the settings say.
            interruption: Gives why the run has to stop, if it has; asked now and then.
            on_end: Called from any thread, once or more often, when the run ends early.
            grace: Seconds that an interrupted run waits for the requests under way.
        """
        self._send = send
        self._interruption = interruption
        self._on_end = on_end
        self._grace = grace

        self._in_flight = InFlight(policy, pace, jitter=backoff.full_jitter)
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._head = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)

        self._load = Load()
        self._workers = 0
        self._idle_workers = 0
        self._settler = Settler(self, ledger)
        self._is_finishing = False
        self._is_closed = False

    # -- the main thread --------------------------------------------------------------------------

    def submit(self, task: Task, *, after: float = 0.0) -> None:
        """Take a task, waiting while the window is full.

        Args:
            task: The task with its first record.
            after: Seconds that it stays open to further records.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._lock:
            self._wait_for_room()
            self._in_flight.submit(task, open_until=time.monotonic() + after if after else None)
            self._wake_worker()

    def add(self, task: Task, entry: Entry, payload: Any) -> bool:  # noqa: ANN401
        """Add a record to an open task.

        Returns:
            Whether the task took it; one that was let go takes no more.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._lock:
            self._wait_for_room()
            return self._in_flight.add(task, entry, payload)

    def release(self, task: Task) -> None:
        """Let an open task go: it is full, or the next record starts another."""
        with self._lock:
            self._in_flight.release(task)
            self._wake_worker()

    def refuse(self, entry: Entry) -> None:
        """Take a record that has its outcome before anything is sent.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._lock:
            self._wait_for_room()
            self._in_flight.refuse(entry)
            self._wake_settler()

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Take a state, to be written when everything before it is settled."""
        with self._lock:
            self._settler.start()
            self._in_flight.mark(state)
            self._wake_settler()

    def finish(self) -> None:
        """Deliver everything taken, or bring an ended run to its end.

        Raises:
            TargetApptivoError: What ended the run.
        """
        deadline = math.inf
        while time.monotonic() < deadline:
            if deadline == math.inf and (stopped := self._interruption()):
                now = time.monotonic()
                deadline = now + self._grace
                self.halt(stopped, stopped_at=now)
            self._let_everything_go()
            if self._settler.has_finished(within=_GLANCE):
                break
        with self._lock:
            self._is_closed = True
            self._wake_all()
        if not self._settler.has_finished():
            logger.warning("time is up before everything could be written")
        if self._in_flight.failure:
            raise self._in_flight.failure

    def halt(self, error: TargetApptivoError, *, stopped_at: float | None = None) -> None:
        """End the run: nothing new is sent, requests under way are finished.

        Args:
            error: What ends it.
            stopped_at: The present, if it is a stop: what open batches hold is then still sent.
        """
        with self._lock:
            self._in_flight.halt(error, stopped_at=stopped_at)
            self._wake_all()
            if self._in_flight.has_ready:
                self._wake_worker()
        self._on_end()

    def unsettled(self) -> list[Entry]:
        """Give the records that a run which has ended leaves unsettled, in input order."""
        with self._lock:
            return self._in_flight.unsettled()

    @property
    def under_way(self) -> int:
        """Requests that are sent and not answered."""
        return self._in_flight.under_way

    def _let_everything_go(self) -> None:
        """Note that the input has ended; open batches wait for nothing any more."""
        with self._lock:
            if not self._is_finishing:
                self._is_finishing = True
                self._in_flight.release_all()
                self._wake_all()

    def _wait_for_room(self) -> None:
        """Wait until the window has room; once it was full, until half of it is free."""
        self._settler.start()
        if self._in_flight.is_full():
            while self._in_flight.is_full(0.5) and not self._has_ended():
                if self._in_flight.is_idle:
                    if not self._in_flight.is_full():
                        break
                    # Open batches are what fills it, and nothing more can join them.
                    self._in_flight.release_all()
                    self._wake_worker()
                self._room.wait(_GLANCE)
        if self._has_ended():
            raise RunEndedError

    def _has_ended(self) -> bool:
        """Whether no more may be taken."""
        return self._in_flight.is_cut or self._is_closed or self._interruption() is not None

    # -- workers ----------------------------------------------------------------------------------

    def _wake_worker(self) -> None:
        """Get a worker to look for work: an idle one, or a new one while the pace allows it."""
        if self._idle_workers:
            self._work.notify()
        elif self._workers < self._in_flight.limit:
            self._workers += 1
            name = f"worker-{self._workers}"
            try:
                threading.Thread(target=self._work_on, name=name, daemon=True).start()
            except RuntimeError:  # the machine has no thread left: those there are do the work
                self._workers -= 1
                if not self._workers:
                    self.halt(TargetApptivoError("no thread can be started: raise the limit"))

    def _work_on(self) -> None:
        """Send tasks until the run is closed."""
        while task := self._take():
            verdict, sent_at = self._attempt(task)
            with self._lock:
                self.guarded(partial(self._conclude, task, verdict, sent_at))
                self._wake_settler()

    def _take(self) -> Task | None:
        """Wait for the next task that may be sent, and see that another worker looks on."""
        with self._lock:
            while not self._is_closed:
                now = time.monotonic()
                wait = self._in_flight.wait(now)
                if not wait:
                    task = self._in_flight.dispatch(now)
                    if self._in_flight.has_more:
                        self._wake_worker()
                    return task
                self._idle_workers += 1
                self._work.wait(None if wait == math.inf else wait)
                self._idle_workers -= 1
            return None

    def _attempt(self, task: Task) -> tuple[Verdict | None, float]:
        """Send a task once; give what its answer means, if it can be told, and when it was sent."""
        started = time.monotonic()
        try:
            request = task.shape()
            task.attempt(datetime.now(UTC), now=started)
            answer = self._send(request)
            task.answered(datetime.now(UTC), seconds=time.monotonic() - started)
            return interpret_response(task.operation, answer), started
        except RecordRejectedError as error:
            return refused(str(error)), started
        except Exception as error:
            logger.debug("a worker failed", exc_info=error)
            self.halt(UnexpectedError(error))
            return None, started

    def _conclude(self, task: Task, verdict: Verdict | None, sent_at: float) -> None:
        """Do what an answer asks for, and wake those who have to stop when the run is cut by it."""
        now = time.monotonic()
        wait = seconds_to_wait(verdict.retry_after, datetime.now(UTC)) if verdict else 0.0
        busy = self._load.share(now)
        if verdict and self._in_flight.follow(
            verdict, sent_at=sent_at, now=now, least_wait=wait, busy=busy
        ):
            logger.info(
                "Apptivo pushes back (%s): at most %d requests at once%s",
                verdict.cause,
                self._in_flight.limit,
                f", after a wait of {wait:.0f} s" if wait else "",
            )
        self._in_flight.conclude(task, verdict, now=now, least_wait=wait)
        if self._in_flight.is_cut:
            self._room.notify_all()
            self._on_end()

    # -- the settler ------------------------------------------------------------------------------

    def take_settled(self, wait: float | None) -> deque[Entry | Mark] | None:
        """Take from the head what is done, waiting some seconds for the first of it.

        Returns:
            What is done, perhaps nothing yet; none when nothing more will be.

        Raises:
            TargetApptivoError: If the head is the record that ends the run.
        """
        with self._lock:
            if not self._in_flight.head_is_done and not self._is_over():
                self._head.wait(wait)
            if self._in_flight.head_error:
                raise self._in_flight.head_error
            if not self._in_flight.head_is_done and self._is_over():
                return None
            items = self._in_flight.take_settled()
            if self._in_flight.has_ready:
                self._wake_worker()
            if not self._in_flight.is_full(0.5):
                self._room.notify()
            return items

    def count_aside(self, entry: Entry) -> None:
        """Count a record, if it is to be set aside.

        Raises:
            RecordRejectedError: If it is one more than may be.
        """
        with self._lock:
            self._in_flight.count_aside(entry)

    def put_back(self, items: Iterable[Entry | Mark]) -> None:
        """Put back to the head what was taken and stays unsettled."""
        with self._lock:
            self._in_flight.put_back(items)

    def awaits_answers(self) -> bool:
        """Wait a moment for the requests under way; false when there are none any more."""
        with self._lock:
            if self._in_flight.under_way and not self._is_closed:
                self._head.wait(_GLANCE)
            return bool(self._in_flight.under_way) and not self._is_closed

    def guarded(self, step: Callable[[], object]) -> Exception | None:
        """Run a step of a thread; an error ends the run instead of the thread, and is given."""
        try:
            step()
        except TargetApptivoError as error:
            self.halt(error)
            return error
        except Exception as error:
            logger.debug("a step failed", exc_info=error)
            self.halt(UnexpectedError(error))
            return error
        return None

    def _is_over(self) -> bool:
        """Whether no more records will get their outcome and come to the head."""
        in_flight = self._in_flight
        has_delivered_all = self._is_finishing and in_flight.is_empty
        has_failed = in_flight.head_error is not None
        return self._is_closed or in_flight.has_stopped or has_delivered_all or has_failed

    # -- waking -----------------------------------------------------------------------------------

    def _wake_settler(self) -> None:
        """Wake the settler if there is something for it."""
        in_flight = self._in_flight
        if in_flight.head_is_done or in_flight.is_cut or self._is_finishing:
            self._head.notify_all()

    def _wake_all(self) -> None:
        """Wake everyone."""
        for condition in (self._head, self._room, self._work):
            condition.notify_all()
