"""Take ways on from step to step, and give each step to whoever carries it out. Pure.

Requests go to the workers, through `ready`; the journal's steps to `books`; what waits for a time
to `waiting`, and what travels together to `batches`. The rest is answered here at once.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Ask, Halves, Join, Read, Send, Tell, Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery.batches import Batches
from target_apptivo.delivery.books import Books, places_of
from target_apptivo.delivery.lines import Lines
from target_apptivo.delivery.pending import PendingWay
from target_apptivo.delivery.rehearsal import Rehearsal, Reply
from target_apptivo.delivery.schedule import Queue, Waiting
from target_apptivo.delivery.turns import Turns
from target_apptivo.errors import TargetApptivoError, UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_apptivo.delivery.pending import PendingRecord
    from target_apptivo.delivery.policy import Policy
    from target_apptivo.delivery.window import Window


class Progress:
    """The ways of one run, and where each of them is.

    Attributes:
        failed: Those that ended the run; there are no more than were under way.
    """

    def __init__(self, policy: Policy, window: Window) -> None:
        """Start with none."""
        self.ready = Queue()
        self.waiting = Waiting()
        self.books = Books()
        self.batches = Batches(on_uncertain=policy.on_uncertain)
        self._policy = policy
        self._window = window
        self._lines = Lines()
        self._turns = Turns()
        self._rehearsal = Rehearsal(policy, self._turns) if policy.is_rehearsal else None
        self._replies: deque[tuple[PendingWay, Any]] = deque()
        self._is_taking_on = False
        self.failed: list[PendingWay] = []

    def line_up(self, way: PendingWay, now: float) -> None:
        """Take the way of a record that was read; it starts when it waits for nobody."""
        if self._rehearsal:
            self._rehearsal.read(way.records[0])
        # All of them before any goes on: a rehearsal may end it at once, and free this one.
        awaited = [*self._lines.line_up(way)]
        for each in awaited:
            self._start(self.batches.release_with(each), now)
        if not awaited:
            self.take_on(way, None, now)

    def take_on(self, way: PendingWay, reply: object, now: float) -> None:
        """Take a way on with the reply to its step; others may come along by what it does."""
        self._replies.append((way, reply))
        if self._is_taking_on:
            return
        self._is_taking_on = True
        try:
            while self._replies:
                self._advance(*self._replies.popleft(), now)
        finally:
            self._is_taking_on = False
        self.pass_turns_on(now)

    def release(self, now: float, *, everything: bool = False) -> None:
        """Let go what has waited for its time."""
        for way in self.waiting.take_due(now):
            if isinstance(way.step, Wait):
                self.take_on(way, None, now)
            else:
                self.ready.put(way)
        self.release_batches(now, until=math.inf if everything else now)

    def release_batches(self, now: float, *, until: float = math.inf) -> None:
        """Let the open batches go whose time comes until then; by default all."""
        self._start(self.batches.release_due(until), now)

    def fail(self, way: PendingWay, error: TargetApptivoError, now: float) -> None:
        """End the run at a way whose records get no outcome; what is before it goes on."""
        for pending in way.records:
            pending.error = error
        self.failed.append(way)
        self._window.end_at(way.sequence)
        self._start(self._turns.leave(way), now)
        self.pass_turns_on(now)

    def pass_turns_on(self, now: float) -> None:
        """Let who is before the cut have the turns of who is behind it and goes no further."""
        if self._window.is_cut:
            is_stuck = partial(_is_stuck, self)
            self._start(self._turns.pass_on(self._window.cut, is_stuck), now)

    def _start(self, ways: Iterable[PendingWay], now: float) -> None:
        """Start ways that nothing holds back."""
        for way in ways:
            self.take_on(way, None, now)

    def _advance(self, way: PendingWay, reply: object, now: float) -> None:
        """Send a reply into a way, and do what it asks for next; a fault of it ends the run."""
        if way.steps is None:
            way.steps = way.start()
        try:
            step = way.steps.send(reply)
        except StopIteration as end:
            self._end(way, end.value, now)
        except TargetApptivoError as error:
            self.fail(way, error, now)
        except Exception as error:  # noqa: BLE001 - it ends the run at its record
            self.fail(way, UnexpectedError(error), now)
        else:
            way.step = step
            self._take_step(way, step, now)

    def _take_step(self, way: PendingWay, step: object, now: float) -> None:
        """Carry out a step, unless it is one that a rehearsal answers."""
        match self._rehearsal.answer(way, step) if self._rehearsal else None:
            case Verdict() as verdict:
                self._end(way, verdict, now)
            case Reply(value):
                self.take_on(way, value, now)
            case None:
                self._carry_out(way, step, now)

    def _carry_out(self, way: PendingWay, step: object, now: float) -> None:
        """Give a step to whoever carries it out, or answer it at once."""
        match step:
            case Send(is_repeated=True):
                self.postpone(way, now)
            case Send() | Read():
                way.tries = 0
                self.ready.put(way)
            case Wait(seconds):
                self.waiting.put(way, now + seconds)
            case Join():
                self._start(self.batches.join(way, step, now), now)
                if self._lines.is_awaited(way.records[0]):
                    self._start(self.batches.release_with(way.records[0]), now)
            case Ask() | Tell():
                for each, reply in self._turns.take(way, step):
                    self.take_on(each, reply, now)
            case _:
                self.books.ask(way)

    def replied(self, ways: list[PendingWay], replies: list[object], now: float) -> None:
        """Take ways on with the journal's replies."""
        self.books.under_way -= len(ways)
        for way, reply in zip(ways, replies, strict=True):
            told = self._rehearsal.replied(way, reply) if self._rehearsal else reply
            self.take_on(way, told, now)

    def postpone(self, way: PendingWay, now: float, least_wait: float = 0.0) -> None:
        """Put a request back for later: exponential backoff with full jitter."""
        self.waiting.put(way, now + max(self._policy.backoff(way.tries), least_wait))
        self.pass_turns_on(now)

    def _end(self, way: PendingWay, result: Verdict | list[Verdict] | Halves, now: float) -> None:
        """End a way: a record gets its outcome, those of a batch their replies."""
        way.steps = way.step = None
        match result:
            case Halves():
                for half in _halves(way, result):
                    self.take_on(half, None, now)
            case list():
                for member, verdict in zip(way.members, result, strict=True):
                    self.take_on(member, verdict, now)
            case _:
                self._give_outcome(way.records[0], result, now)
        self._start(self._turns.leave(way), now)

    def _give_outcome(self, pending: PendingRecord, verdict: Verdict, now: float) -> None:
        """Give a record its outcome; those who wait for it alone go on."""
        if not self._policy.keeps_all:
            pending.request = None
            # Where nothing was sent there is no answer to give up.
            if (verdict.response or verdict.response_text) and not self._policy.keeps_answers:
                verdict = replace(verdict, response=None, response_text=None)
        if verdict.outcome is Outcome.REJECTED:
            # Also by its own result in the answer to a batch; in doubt it would be uncertain.
            pending.apptivo_may_have = False
        pending.end(verdict)
        if self._rehearsal:
            self._rehearsal.ended(pending, verdict)
        self._window.ended(pending)
        self._start(self._lines.leave(pending), now)


def unsent(progress: Progress) -> Iterator[PendingWay]:
    """Give the ways whose intentions may be held, and of which Apptivo surely has nothing.

    Nothing of them has left, or what left was surely refused; whatever was in doubt before their
    intentions stays so (`Withdraw`).
    """
    for way in (*progress.ready, *progress.waiting, *progress.failed):
        if not way.records[0].apptivo_may_have:
            yield way


def _is_stuck(progress: Progress, way: PendingWay) -> bool:
    """Whether a way behind the cut has nothing under way: neither a request nor an outcome."""
    is_postponed = any(each is way and not isinstance(each.step, Wait) for each in progress.waiting)
    return is_postponed or any(each is way for each in progress.ready) or way in progress.books


def _halves(way: PendingWay, halves: Halves) -> Iterator[PendingWay]:
    """Make the ways of a batch's two halves."""
    first, second = way.members[: halves.middle], way.members[halves.middle :]
    for start, members in ((halves.first, first), (halves.second, second)):
        half = PendingWay(start, [member.records[0] for member in members], members)
        half.places = tuple(place for member in members for place in places_of(member.step))
        yield half
