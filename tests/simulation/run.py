"""One run: what reads, sends, remembers and settles, step by step, in an order of the dice."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Read
from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.policy import Policy
from target_apptivo.delivery.scribe import carry_out
from target_apptivo.errors import TargetApptivoError
from tests.simulation.dice import dice
from tests.simulation.main_thread import MainThread
from tests.simulation.network import Passage, comes_back, muted, passage
from tests.simulation.outputs import Told
from tests.simulation.reading import Reading
from tests.simulation.sending import Sending
from tests.simulation.threads import SteppedMonitor, SteppedScribe, SteppedSettler, SteppedWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_apptivo.apptivo.request import Request
    from target_apptivo.delivery.pending import PendingWay
    from tests.simulation.messages import Message, State
    from tests.simulation.plan import RunPlan
    from tests.simulation.world import World

_MOST_STEPS = 20_000


class Run:
    """A run of the target.

    Attributes:
        number: Its number.
        plan: What happens in it.
        failure: What ended it early.
        is_over: Whether it has ended.
        has_crashed: Whether the process died.
        messages: The records that were read.
        sendings: The requests that left.
        marks: The states that were read: version, how many records before it, and when.
        states: The states that were written.
        settled_count: How many records went through the outputs.
    """

    def __init__(
        self, world: World, number: int, plan: RunPlan, input_: Sequence[Message | State]
    ) -> None:
        """Start the target."""
        self.world, self.number, self.plan = world, number, plan
        self.failure: Exception | None = None
        self.is_over = self.has_crashed = False
        self.messages: list[Message] = []
        self.sendings: list[Sending] = []
        self.marks: list[tuple[int, int, float]] = []
        self.states: list[int] = []
        self.settled_count = self.steps = 0
        self.started_at = world.now
        self.in_doubt = {place for place, memory in world.disk.held.items() if memory.intention}
        self._order = dice(world.plan.seed, "order", number)
        self._weather = dice(world.plan.seed, "weather", number)
        self._group: list[PendingWay] = []
        self._changes, self._may_be_struck = 0, plan.ending != "end"
        self._join()
        self.main = MainThread(self, list(input_), self._order)

    def _join(self) -> None:
        """Join the parts, as `Delivery` does."""
        world, setup = self.world, self.world.plan.setup
        self.in_flight = InFlight(
            self._policy(), Pace(setup.max_in_flight, setup.requests_per_second)
        )
        self.monitor = SteppedMonitor(self.in_flight, world.clock)
        self._workers = SteppedWorkers(self.monitor)
        told = Told(
            world.rejected,
            world.clock,
            partial(world.truth.settled, self),
            partial(world.truth.state_written, self),
        )
        self.settler = SteppedSettler(self.monitor, told)
        self._scribe = SteppedScribe(self.monitor, world.disk)
        self.reading = Reading(world.rules, world.remembered, self.in_flight, world.truth.given)

    def _policy(self) -> Policy:
        """Say what the settings say of a delivery."""
        setup = self.world.plan.setup
        is_unlimited = setup.max_rejected < 0 or self.plan.is_calm
        return Policy(
            backoff=self._backoff,
            shown=lambda _, verdict: verdict.reason or "",
            max_in_flight=setup.max_in_flight,
            max_attempts=setup.max_attempts,
            on_uncertain=setup.on_uncertain,
            max_rejected=math.inf if is_unlimited else setup.max_rejected,
            has_journal=setup.has_journal,
            most_records=setup.most_records,
        )

    def step(self) -> bool:
        """Do one thing that may be done now; false if there is none."""
        choices = self._choices()
        if not choices:
            return False
        self.steps += 1
        if self._may_be_struck and self._is_to_be_struck():
            self._end_by_force()
        elif self.steps > _MOST_STEPS:
            self.world.truth.break_("the run never ends")
        else:
            choices[int(self._order.random() * len(choices))]()
        return True

    def _is_to_be_struck(self) -> bool:
        """Whether it is time for what ends the run: after so many steps, or changes that left."""
        at = self.plan.ends_at
        is_time = self.steps >= at if at > 0 else self._changes >= -at
        self._may_be_struck = not is_time
        return is_time

    def close(self) -> None:
        """Let everybody go: time is up, or all is done."""
        self.monitor.close()
        while not self.settler.is_done:
            self.settler.step()
        if self._group:
            self._commit(self._group)

    def end(self, failure: Exception | None) -> None:
        """End."""
        self.failure = failure
        self.is_over = True

    @property
    def due(self) -> float:
        """When the next thing falls due, if nothing happens before."""
        now, in_flight, next_due = self.world.now, self.in_flight, math.inf
        sends_at = now + in_flight.requests.wait(now) + 1e-6
        for due in (in_flight.due, sends_at, self.settler.due + 1e-6, self.main.due):
            if now < due < next_due:
                next_due = due
        return next_due

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped, and nothing more may be sent."""
        return self.main.deadline < math.inf

    def _choices(self) -> list[Callable[[], None]]:
        """Give what may be done now."""
        now, in_flight = self.world.now, self.in_flight
        choices = [self.main.step] if self.main.is_due(now) else []
        if not self.monitor.is_closed:
            if not in_flight.requests.wait(now) or in_flight.due <= now:
                choices.append(self._send)
            if not self._group and in_flight.has_journal_work:
                choices.append(self._take_group)
        if self.settler.is_due(now):
            choices.append(self.settler.step)
        return choices

    def _send(self) -> None:
        """Let a worker send the next request."""
        taken = self._workers.take()
        if taken is None or taken[1] is None:
            return
        way, request = taken
        assert request
        sending = self._sending(way, request)
        befalls = self._passage(sending)
        sending.fate = befalls.fate
        self.world.truth.sending(sending, befalls)
        if befalls.done_after < math.inf:
            self.world.at(befalls.done_after, lambda: self.world.carry_out(sending))
        self.world.at(befalls.back_after, lambda: self._answer(sending, befalls))

    def _sending(self, way: PendingWay, request: Request) -> Sending:
        """Note a request."""
        step: Any = way.step
        messages = tuple(pending.message for pending in way.records)  # type: ignore[attr-defined]
        action = "" if isinstance(step, Read) else step.operation.action
        if ("a", "update") in (request.form or ()):
            action = "update"
        number, now = len(self.sendings), self.world.now
        sending = Sending(self.number, number, way, messages, request, action, now)
        self.sendings.append(sending)
        self._changes += bool(action)
        return sending

    def _passage(self, sending: Sending) -> Passage:
        """Draw what befalls a request."""
        plan = self.world.plan
        befalls = passage(
            self._weather,
            self.plan.weather,
            plan.habits,
            read_timeout=plan.setup.read_timeout,
            elapsed=self.world.now - self.started_at,
        )
        is_muted = (self.number, sending.number) in plan.muted
        if befalls.fate == "stranger" and sending.action != "update":
            is_muted = True
        if befalls.fate == "empty" and sending.is_taken_empty:
            # Such an answer says that it was done.
            return muted(befalls, fate="empty")
        return muted(befalls) if is_muted else befalls

    def _answer(self, sending: Sending, befalls: Passage) -> None:
        """Have an answer come back, if there is still somebody."""
        if self.is_over or self.monitor.is_closed:
            return
        sending.is_answered = befalls.is_good
        sending.came_to_nothing = not befalls.may_be_done
        self.world.truth.answering(sending, befalls)
        answer = comes_back(befalls, sending.answer)
        self._workers.answered(sending.way, answer, sending.sent_at)

    def _take_group(self) -> None:
        """Let the scribe take a group, whose commit takes some time."""
        self._group = ways = self._scribe.take()
        wait = self._order.choice((0.0, 0.0, 0.02, 0.5))
        self.world.at(wait, lambda: self._commit(ways))

    def _commit(self, ways: list[PendingWay]) -> None:
        """Commit a group, and take its ways on."""
        if self.is_over or ways is not self._group:
            return
        self._group = []
        try:
            replies = carry_out(self.world.disk, [way.step for way in ways])
        except TargetApptivoError as error:
            self._scribe.fail(error)
            return
        self.world.truth.committed(ways)
        self._scribe.reply(ways, replies)

    def _backoff(self, tries: int) -> float:
        """Give the wait after some attempts: full jitter, as `retries.py` has it."""
        return self._order.random() * min(2.0 ** (tries - 1), 60.0)

    def _end_by_force(self) -> None:
        """Crash, be stopped, or lose the journal."""
        if self.plan.ending == "term":
            self.main.stop()
            return
        if self._group and self._order.random() < 0.5:
            # Of this commit nobody hears.
            carry_out(self.world.disk, [way.step for way in self._group])
            self.world.truth.committed(self._group)
        if self.plan.ending == "journal":
            self.world.disk.fails = True
            return
        self.is_over = self.has_crashed = True
