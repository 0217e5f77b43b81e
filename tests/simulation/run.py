"""One run: what reads, sends, remembers and settles, one step at a time, in an order of the dice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Read
from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.policy import Policy
from target_apptivo.delivery.scribe import carry_out
from target_apptivo.delivery.window import StateMark
from target_apptivo.errors import StoppedError, TargetApptivoError
from target_apptivo.journal.steps import Withdraw
from tests.simulation.dice import dice
from tests.simulation.messages import Message
from tests.simulation.network import Passage, comes_back, muted, passage
from tests.simulation.outputs import Told
from tests.simulation.reading import Reading
from tests.simulation.sending import Sending
from tests.simulation.threads import SteppedMonitor, SteppedScribe, SteppedSettler, SteppedWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import Response
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
    from tests.simulation.messages import State
    from tests.simulation.plan import RunPlan
    from tests.simulation.world import World

_GRACE = 20.0
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
    """

    def __init__(
        self, world: World, number: int, plan: RunPlan, input_: Sequence[Message | State]
    ) -> None:
        """Start the target."""
        self.world, self.number, self.plan = world, number, plan
        self.failure: Exception | None = None
        self.is_over = self.has_crashed = False
        self.messages: list[Message] = []
        self.pendings: list[PendingRecord] = []
        self.sendings: list[Sending] = []
        self.marks: list[tuple[int, int, float]] = []
        self.states: list[int] = []
        self.settled_count = self.steps = 0
        self.started_at = world.now
        self._order = dice(world.plan.seed, "order", number)
        self._weather = dice(world.plan.seed, "weather", number)
        self._input = list(input_)
        self._join()
        self._next_at = world.now
        self._is_crowded = self._is_finishing = False
        self._signal: StoppedError | None = None
        self._deadline = math.inf
        self._group: list[PendingWay] = []

    def _join(self) -> None:
        """Join the parts, as `Delivery` does."""
        world, setup = self.world, self.world.plan.setup
        limit = math.inf if setup.max_rejected < 0 or self.plan.is_calm else setup.max_rejected
        policy = Policy(
            backoff=self._backoff,
            shown=lambda _, verdict: verdict.reason or "",
            max_in_flight=setup.max_in_flight,
            max_attempts=setup.max_attempts,
            on_uncertain=setup.on_uncertain,
            max_rejected=limit,
            has_journal=setup.has_journal,
            most_records=setup.most_records,
        )
        pace = Pace(setup.max_in_flight, setup.requests_per_second)
        self.in_flight = InFlight(policy, pace)
        self._monitor = SteppedMonitor(self.in_flight, world.clock)
        self._workers = SteppedWorkers(self._monitor)
        self.told = Told(world.rejected, world.clock, self._settled, self._state)
        self.settler = SteppedSettler(self._monitor, self.told)
        self._scribe = SteppedScribe(self._monitor, world.disk)
        self._reading = Reading(setup, self.in_flight, world.truth.given)

    def step(self) -> bool:
        """Do one thing that may be done now; false if there is none."""
        choices = self._choices()
        if not choices:
            return False
        self.steps += 1
        if self.plan.ending != "end" and self.steps == self.plan.ends_at:
            self._end_by_force()
        elif self.steps > _MOST_STEPS:
            self.world.truth.break_("the run never ends")
        else:
            self._order.choice(choices)()
        return True

    @property
    def due(self) -> float:
        """When the next thing falls due, if nothing happens before."""
        now = self.world.now
        wait = self.in_flight.requests.wait(now) + 1e-6
        tap = self._next_at if not self._is_finishing else math.inf
        dues = (self.in_flight.due, now + wait, self.settler.due + 1e-6, tap, self._deadline)
        return min((due for due in dues if due > now), default=math.inf)

    def _choices(self) -> list[Callable[[], None]]:
        """Give what may be done now."""
        now, choices = self.world.now, list[Any]()
        if self._main_is_due(now):
            choices.append(self._main)
        if not self._monitor.is_closed:
            if self.in_flight.due <= now or not self.in_flight.requests.wait(now):
                choices.append(self._send)
            if not self._group and self._scribe.has_work():
                choices.append(self._take_group)
        if self.settler.is_due(now):
            choices.append(self.settler.step)
        return choices

    def _main_is_due(self, now: float) -> bool:
        """Whether the main thread would go on."""
        if self._is_finishing:
            is_told = self._signal is not None and self._deadline == math.inf
            return is_told or self.settler.is_done or now >= self._deadline
        if self._has_ended:
            return True
        return now >= self._next_at and (not self._input or self._has_room())

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped, and nothing more may be sent."""
        return self._deadline < math.inf

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._signal is not None

    @property
    def unread(self) -> int:
        """How much of the input was not read."""
        return len(self._input)

    @property
    def _has_ended(self) -> bool:
        """Whether no more may be taken."""
        return self.in_flight.is_cut or self._signal is not None

    def _has_room(self) -> bool:
        """Whether there is room; once it was full, when half of it is free."""
        in_flight = self.in_flight
        self._is_crowded = self._is_crowded or in_flight.is_full()
        if self._is_crowded and not in_flight.is_full(0.5):
            self._is_crowded = False
        if self._is_crowded and in_flight.is_idle:
            if not in_flight.is_full():
                self._is_crowded = False
            elif in_flight.progress.batches.due < math.inf:
                in_flight.progress.release_batches(self.world.now)
                self._monitor.wake()
        return not self._is_crowded

    def _main(self) -> None:
        """Go on in the main thread."""
        if self._is_finishing:
            self._finish()
        elif self._has_ended or not self._input:
            self._is_finishing = True
            self.in_flight.finish(self.world.now)
            self._monitor.wake()
        else:
            self._read(self._input.pop(0))

    def _read(self, item: Message | State) -> None:
        """Take a message of the tap."""
        world = self.world
        if isinstance(item, Message):
            item.position, item.read_at = len(self.messages), world.now
            self.messages.append(item)
            world.truth.reading(item)
            self.pendings.append(self._reading.take(item, world.now))
        else:
            self.in_flight.window.mark(StateMark({"version": item.version}))
            world.truth.marking(item)
        self._monitor.wake()
        if self.plan.tap_pause and self._order.random() < 0.3:
            self._next_at = world.now + self._order.random() * self.plan.tap_pause

    def _finish(self) -> None:
        """Bring the run to its end."""
        if self._signal and self._deadline == math.inf:
            self._deadline = self.world.now + _GRACE
            self._monitor.stop(self._signal)
        if not (self.settler.is_done or self.world.now >= self._deadline):
            return
        self._monitor.close()
        while not self.settler.is_done:
            self.settler.step()
        if self._group:
            self._commit(self._group)
        self._withdraw()
        self.failure = self._signal or self.in_flight.failure
        self.is_over = True

    def _withdraw(self) -> None:
        """Take back what was intended and never sent."""
        progress, disk = self.in_flight.progress, self.world.disk
        places = [place for way in progress.unsent() for place in way.places]
        if places and not disk.fails:
            self.world.truth.committed([], disk.carry_out([Withdraw(place) for place in places]))

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
        return muted(befalls) if is_muted else befalls

    def _answer(self, sending: Sending, befalls: Passage) -> None:
        """Have an answer come back, if there is still somebody."""
        if self.is_over or self._monitor.is_closed:
            return
        answer: Response | None = sending.answer
        sending.is_answered = befalls.is_good
        self.world.truth.answering(sending, befalls)
        self._workers.answered(sending.way, comes_back(befalls, answer), sending.sent_at)

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
        self.world.truth.committed(ways, replies)
        self._scribe.reply(ways, replies)

    def _settled(self, settled: object) -> None:
        """Note a record that went through the outputs: the next one in input order."""
        self.world.truth.settled(self, settled)

    def _state(self, state: State) -> None:
        """Note a state that was written."""
        self.world.truth.state_written(self, state)

    def _backoff(self, tries: int) -> float:
        """Give the wait after some attempts: full jitter, as `retries.py` has it."""
        return self._order.random() * min(2.0 ** (tries - 1), 60.0)

    def _end_by_force(self) -> None:
        """Crash, be stopped, or lose the journal."""
        if self.plan.ending == "term":
            self._signal = StoppedError(15)
            return
        if self._group and self._order.random() < 0.5:
            self._commit_in_vain(self._group)
        if self.plan.ending == "journal":
            self.world.disk.fails = True
            return
        self.is_over = self.has_crashed = True

    def _commit_in_vain(self, ways: list[PendingWay]) -> None:
        """Commit a group of which nobody hears."""
        carry_out(self.world.disk, [way.step for way in ways])
        self.world.truth.committed(ways, [])
