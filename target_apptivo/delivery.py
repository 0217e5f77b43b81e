"""The delivery engine: many requests at once, settled in input order, state exact.

Three roles share one lock. The *main thread* submits tasks and marks (a mark is a STATE of the tap)
into one queue in input order, and waits while the window is full. *Workers* take the earliest task
that may be sent (its key is free, its wait is over, the pace allows it), send it once, and either
give its records their outcome or put it back for later: no worker ever sleeps on a retry. The
*settler* takes from the head of the queue whatever has its outcome, so that outputs and state come
in input order without locks in the code that writes them, and wakes at once when the head is done.

What is sent ahead of the first awaited record stays within `max_in_flight` requests while answers
come as usual, and within the window when one is late: see `_lead`.

A run that ends by an error has a *cut*: the place in the input of the record that ends it. Nothing
behind the cut is sent any more; everything before it is brought to its end, so that its state can
be written. A credential failure, a stop and an output that fails cut before everything.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import backoff

from target_apptivo.batch import interpret_results
from target_apptivo.errors import (
    CredentialsError,
    OutputError,
    RecordRejectedError,
    TargetApptivoError,
    UnavailableError,
)
from target_apptivo.pace import seconds_to_wait
from target_apptivo.record import Entry
from target_apptivo.response import Meaning, Outcome, interpret_response, refused
from target_apptivo.schedule import Schedule
from target_apptivo.window import Mark, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.pace import Pace
    from target_apptivo.record import Task
    from target_apptivo.request import Request
    from target_apptivo.response import Answer, NoAnswer, NotSent, Verdict

logger = logging.getLogger("target-apptivo.delivery")

# Seconds between two looks at whether the run was interrupted, while the main thread waits.
_GLANCE = 0.1
# Seconds for the settler's last writes, after it was told that time is up.
_LAST_WRITES = 1.0
# How much is settled before the settler looks again at what falls due.
_MOST_AT_ONCE = 64


class Ledger(Protocol):
    """What settled records and reached marks are told to, from one thread, in input order."""

    def settle(self, entry: Entry) -> None:
        """Account for a record."""

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take note of a state whose records are all settled."""

    def tick(self) -> float | None:
        """Write what is due; give the seconds until the next look."""

    def close(self) -> None:
        """Write everything that is left."""


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


class RunEndedError(Exception):
    """The run has ended: nothing more is taken. What ended it, `finish` tells."""


class Delivery:
    """Delivers records; see the module's docstring for how."""

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        send: Callable[[Request], Answer | NoAnswer | NotSent],
        ledger: Ledger,
        pace: Pace,
        *,
        policy: Policy,
        is_interrupted: Callable[[], bool] = lambda: False,
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        """Join the parts; threads start with the first record.

        Args:
            send: Sends a request once.
            ledger: Is told of everything settled.
            pace: How many at once, how many a second.
            policy: What the settings say.
            is_interrupted: Whether the run has to stop, looked at while the main thread waits.
            on_end: Called from any thread when the run ends early.
        """
        self._send = send
        self._ledger = ledger
        self._pace = pace
        self._policy = policy
        self._is_interrupted = is_interrupted
        self._on_end = on_end

        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._head = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)

        self._window = Window(policy.window, max_rejected=policy.max_rejected)
        self._schedule = Schedule()
        self._in_flight = 0
        self._ahead = 0
        self._idle = 0
        self._workers = 0

        self._failure: TargetApptivoError | None = None
        self._is_finishing = False
        self._is_closed = False
        self._output_failed = False
        self._settler: threading.Thread | None = None
        self._settled = threading.Event()

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
            self._window.append(task.entries[0])
            self._schedule.line_up(task, task.entries[0])
            if after:
                self._schedule.hold_open(task, time.monotonic() + after)
            self._schedule.offer(task)
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
            if not self._schedule.is_open(task):
                return False
            task.entries.append(entry)
            task.payloads.append(payload)
            self._window.append(entry)
            self._schedule.line_up(task, entry)
            return True

    def release(self, task: Task) -> None:
        """Let an open task go: it is full, or the next record starts another."""
        with self._lock:
            self._schedule.release(task)
            self._wake_worker()

    def refuse(self, entry: Entry) -> None:
        """Take a record that has its outcome before anything is sent.

        Raises:
            RunEndedError: If the run has ended.
        """
        with self._lock:
            self._wait_for_room()
            self._window.append(entry)
            self._window.expect_aside(entry)
            self._notify_head()

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Take a state, to be written when everything before it is settled."""
        with self._lock:
            self._start()
            self._window.mark(state)
            self._notify_head()

    def finish(self, *, grace: float = 20.0, stop: TargetApptivoError | None = None) -> None:
        """Deliver everything taken, or bring an ended run to its end.

        Args:
            grace: Seconds that an interrupted run waits for the requests under way.
            stop: What an interruption is raised as.

        Raises:
            TargetApptivoError: What ended the run.
        """
        deadline = math.inf
        while time.monotonic() < deadline:
            if stop and deadline == math.inf and self._is_interrupted():
                deadline = time.monotonic() + grace
                self.halt(stop)
            self._let_everything_go()
            if self._settler is None or self._settled.wait(_GLANCE):
                break
        with self._lock:
            self._is_closed = True
            self._notify_all()
        if self._settler:
            self._settled.wait(_LAST_WRITES)
        if self._failure:
            raise self._failure

    def halt(self, error: TargetApptivoError) -> None:
        """End the run: nothing new is sent, requests under way are finished."""
        with self._lock:
            self._failure = self._failure or error
            self._window.cut = -1
            self._notify_all()
        self._on_end()

    def unsettled(self) -> list[Entry]:
        """Give the records that a run which has ended leaves unsettled, in input order."""
        with self._lock:
            return list(self._window.entries())

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._in_flight

    def _let_everything_go(self) -> None:
        """Note that the input has ended; open batches wait for nothing any more."""
        with self._lock:
            if not self._is_finishing:
                self._is_finishing = True
                self._schedule.release_all()
                self._notify_all()

    def _wait_for_room(self) -> None:
        """Wait until the window has room; once it was full, until half of it is free."""
        self._start()
        if self._window.is_full():
            while self._window.is_full(0.5) and not self._has_ended():
                if not self._in_flight and not self._schedule.has_ready(math.inf):
                    if not self._window.is_full():
                        break
                    # Open batches are what fills it, and nothing more can join them.
                    self._schedule.release_all()
                    self._wake_worker()
                self._room.wait(_GLANCE)
        if self._has_ended():
            raise RunEndedError

    def _has_ended(self) -> bool:
        """Whether no more may be taken."""
        return self._window.cut < math.inf or self._is_closed or self._is_interrupted()

    def _start(self) -> None:
        """Start the settler with the first record or mark."""
        if self._settler is None:
            settler = threading.Thread(target=self._settle_all, name="settler", daemon=True)
            settler.start()
            self._settler = settler

    # -- workers ----------------------------------------------------------------------------------

    def _wake_worker(self) -> None:
        """Get a worker to look for work: an idle one, or a new one while the pace allows it."""
        if self._idle:
            self._work.notify()
        elif self._workers < min(self._pace.limit, self._policy.max_in_flight):
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
                wait = self._adapt(verdict, sent_at)
                self._in_flight -= 1
                self._guarded(partial(self._conclude, task, verdict, wait))
                self._notify_head()

    def _take(self) -> Task | None:
        """Wait for the next task that may be sent."""
        with self._lock:
            while not self._is_closed:
                now = time.monotonic()
                self._schedule.promote(now)
                may_send = self._in_flight < self._pace.limit
                has_ready = may_send and self._schedule.has_ready(self._window.cut)
                wait = max(self._pace.wait(now), self._lead(now)) if has_ready else math.inf
                if wait <= 0:
                    return self._dispatch(now)
                if may_send and self._schedule.due is not None:
                    wait = min(wait, self._schedule.due - now)
                self._idle += 1
                self._work.wait(None if wait == math.inf else max(wait, 0.0))
                self._idle -= 1
            return None

    def _lead(self, now: float) -> float:
        """Seconds to wait before more is sent ahead of the first record whose answer is awaited.

        If that one ends the run, what was accepted behind it is sent again by the next run. So no
        more than `max_in_flight` requests are answered or under way from it on, unless its answer
        is late: a slow or retried request does not hold up the others until the window is full.
        """
        if self._in_flight + self._ahead < self._policy.max_in_flight:
            return 0.0
        first, ended_before = self._window.first_awaited()
        if self._in_flight + self._ahead - ended_before < self._policy.max_in_flight:
            return 0.0
        since = first.under_way_since if first else None
        return 0.0 if since is None else since + self._pace.patience - now

    def _dispatch(self, now: float) -> Task:
        """Take the earliest task off, and see that another worker looks for the next."""
        task = self._schedule.pop()
        self._in_flight += 1
        self._pace.sent(now)
        if self._schedule.has_ready(self._window.cut) or self._schedule.due is not None:
            self._wake_worker()
        return task

    def _attempt(self, task: Task) -> tuple[Verdict, float]:
        """Send a task once; give what its answer means, and when it was sent."""
        started = time.monotonic()
        try:
            request = task.shape()
            task.attempt(datetime.now(UTC), now=started)
            answer = self._send(request)
            task.answered(datetime.now(UTC), seconds=time.monotonic() - started)
            return interpret_response(task.call, answer), started
        except RecordRejectedError as error:
            return refused(str(error)), started
        except Exception as error:
            logger.debug("a worker failed", exc_info=error)
            self.halt(TargetApptivoError(f"unexpected {type(error).__name__}; this is a bug"))
            return replace(refused("unexpected"), meaning=Meaning.POSSIBLY_PROCESSED), started

    def _adapt(self, verdict: Verdict, sent_at: float) -> float:
        """Let the pace follow an answer; give the least wait before the next attempt."""
        now = time.monotonic()
        if verdict.meaning is Meaning.FINAL:
            self._pace.healthy(self._in_flight, now - sent_at)
        wait = seconds_to_wait(verdict.retry_after, datetime.now(UTC))
        if verdict.pushes_back and self._pace.pushed_back(sent_at=sent_at, now=now, wait=wait):
            logger.info(
                "Apptivo pushes back (%s): at most %d requests at once%s",
                verdict.reason,
                self._pace.limit,
                f", after a wait of {wait:.0f} s" if wait else "",
            )
        return wait

    def _conclude(self, task: Task, verdict: Verdict, wait: float) -> None:
        """Do what a verdict asks for."""
        attempts_left = task.attempts < self._policy.max_attempts
        match verdict.meaning:
            case Meaning.FINAL:
                self._give_outcomes(task, verdict)
            case Meaning.CREDENTIALS_REFUSED:
                error = CredentialsError(_credentials_refused(verdict))
                self._fail(task, error)
                self.halt(error)
            case Meaning.NOT_PROCESSED if attempts_left:
                self._retry(task, wait)
            case Meaning.NOT_PROCESSED:
                self._fail(task, UnavailableError(_unavailable(task, verdict)))
            case Meaning.POSSIBLY_PROCESSED if self._may_resend(task) and attempts_left:
                task.answer_lost = task.call.creates
                self._retry(task, wait)
            case Meaning.POSSIBLY_PROCESSED:
                self._give_outcomes(task, verdict)

    def _may_resend(self, task: Task) -> bool:
        """Whether a request that was possibly processed may be sent again."""
        return not (task.call.creates and self._policy.hold_uncertain)

    def _retry(self, task: Task, least_wait: float) -> None:
        """Put a task back for later: exponential backoff with full jitter."""
        task.put_back()
        wait = max(backoff.full_jitter(next(task.waits)), least_wait)
        self._schedule.postpone(task, time.monotonic() + wait)

    def _fail(self, task: Task, error: TargetApptivoError) -> None:
        """End the run at a task that gets no outcome."""
        task.put_back()
        for entry in task.entries:
            entry.error = error
        self._window.cut = min(self._window.cut, task.sequence)
        self._tell_of_cut()

    def _give_outcomes(self, task: Task, verdict: Verdict) -> None:
        """Give each record of a task its outcome, or try a refused batch in halves."""
        task.request = None
        is_refused_batch = verdict.outcome is Outcome.REJECTED and len(task.entries) > 1
        if is_refused_batch and task.batch and task.batch.split_rejected:
            self._schedule.replace(task.halves())
            return
        self._ahead += 1
        task.entries[-1].is_last_of_task = True
        verdicts = interpret_results(task.call, task.batch, verdict, len(task.entries))
        for entry, each in zip(task.entries, verdicts, strict=True):
            entry.verdict = _doubted(each) if task.answer_lost else each
            self._window.expect_aside(entry)
            self._schedule.free(entry)
        self._tell_of_cut()

    def _tell_of_cut(self) -> None:
        """Wake those who have to stop when the run is cut."""
        if self._window.cut < math.inf:
            self._room.notify_all()
            self._on_end()

    # -- the settler ------------------------------------------------------------------------------

    def _settle_all(self) -> None:
        """Settle from the head until everything is, or the run ends."""
        self._guarded(self._settle_until_end)
        # What becomes of the requests under way is to be known before the run ends.
        while self._awaits_answers():
            if not self._output_failed:
                self._guarded(self._ledger.tick)
        self._guarded(self._ledger.close)
        self._settled.set()

    def _awaits_answers(self) -> bool:
        """Wait a moment for the requests under way; false when there are none any more."""
        with self._lock:
            if self._in_flight and not self._is_closed:
                self._head.wait(_GLANCE)
            return bool(self._in_flight) and not self._is_closed

    def _guarded(self, step: Callable[[], object]) -> None:
        """Run a step of a thread; an error ends the run instead of the thread."""
        try:
            step()
        except TargetApptivoError as error:
            self._output_failed |= isinstance(error, OutputError)
            self.halt(error)
        except Exception as error:
            logger.debug("a step failed", exc_info=error)
            self.halt(TargetApptivoError(f"unexpected {type(error).__name__}; this is a bug"))

    def _settle_until_end(self) -> None:
        """Settle whatever comes to the head; what falls due is written in between."""
        while not self._is_over():
            items = self._take_settled(self._ledger.tick())
            while items:
                self._settle(items[0], items)

    def _is_over(self) -> bool:
        """Whether nothing more will come to the head.

        Raises:
            TargetApptivoError: If the head is the record that ends the run.
        """
        with self._lock:
            head = self._window.head
            if isinstance(head, Entry) and head.verdict is None and head.error:
                raise head.error
            if self._window.head_is_done:
                return False
            has_stopped = self._window.cut < 0 and not self._in_flight
            return self._is_closed or has_stopped or (self._is_finishing and head is None)

    def _take_settled(self, wait: float | None) -> deque[Entry | Mark]:
        """Take from the head what is done, waiting some seconds for the first of it."""
        with self._lock:
            if not self._window.head_is_done and not self._is_over():
                self._head.wait(wait)
            items: deque[Entry | Mark] = deque()
            while self._window.head_is_done and len(items) < _MOST_AT_ONCE:
                items.append(self._window.pop())
            self._ahead -= sum(isinstance(item, Entry) and item.is_last_of_task for item in items)
            if self._schedule.has_ready(self._window.cut):
                self._wake_worker()
            if not self._window.is_full(0.5):
                self._room.notify()
            return items

    def _settle(self, item: Entry | Mark, items: deque[Entry | Mark]) -> None:
        """Account for the first of what was taken; if the run ends at it, all of it is put back."""
        try:
            if isinstance(item, Mark):
                self._ledger.reach(item.state)
            else:
                self._check_aside(item)
                self._ledger.settle(item)
        except Exception:
            with self._lock:
                self._window.put_back(items)
            raise
        items.popleft()

    def _check_aside(self, entry: Entry) -> None:
        """End the run at a record that is one more than may be set aside.

        Raises:
            RecordRejectedError: If it is.
        """
        if entry.verdict and entry.verdict.outcome.is_set_aside:
            with self._lock:
                may_go_on = self._window.may_set_aside(entry)
            if not may_go_on:
                kind = type(entry.error) if entry.error else RecordRejectedError
                raise kind(describe(entry))

    def _notify_head(self) -> None:
        """Wake the settler if there is something for it."""
        if self._window.head_is_done or self._window.cut < math.inf or self._is_finishing:
            self._head.notify_all()

    def _notify_all(self) -> None:
        """Wake everyone."""
        for condition in (self._head, self._room, self._work):
            condition.notify_all()


def _doubted(verdict: Verdict) -> Verdict:
    """Judge a refusal after a lost answer: it is of the second sending, the first may be taken."""
    if verdict.outcome is not Outcome.REJECTED:
        return verdict
    reason = f"{verdict.reason} (after an attempt whose answer was lost)"
    return replace(verdict, outcome=Outcome.UNCERTAIN, reason=reason)


def describe(entry: Entry) -> str:
    """Name a record that ends the run, with the reason and the remedy."""
    reason = entry.verdict.reason if entry.verdict else None
    outcome = entry.verdict.outcome if entry.verdict else "unsettled"
    return (
        f"record {outcome}: {entry.name}, {entry.endpoint}: {reason}. Mend the record, or set "
        "max_rejected and rejected_path to set such records aside and go on"
    )


def _credentials_refused(verdict: Verdict) -> str:
    """Say that the credentials are refused."""
    return (
        f"Apptivo refused the credentials ({verdict.reason}): check api_key and access_key "
        "(Business Settings > API Access)"
    )


def _unavailable(task: Task, verdict: Verdict) -> str:
    """Say that Apptivo is unavailable."""
    entry = task.entries[0]
    return (
        f"Apptivo is unavailable ({verdict.reason}, {task.attempts} attempts) at {entry.name}: "
        "run again later, the state is kept"
    )
