"""The truth: looks on while things happen, and says what must not.

What looks on at writes and claims is in `writes.py` and `claims.py`; what is checked when a run has
ended, in `account.py`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_apptivo.journal.steps import Forget, Remember
from tests.simulation import claims, leaving, writes
from tests.simulation.people import PATHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import PendingWay
    from target_apptivo.journal.steps import Place
    from tests.simulation.messages import Message, State
    from tests.simulation.network import Passage
    from tests.simulation.plan import Key
    from tests.simulation.run import Run
    from tests.simulation.sending import Sending
    from tests.simulation.things import Thing
    from tests.simulation.world import World


@dataclass(slots=True)
class Story:
    """Everything of one key: its records, what was sent for them, and what came of it."""

    messages: list[Message] = field(default_factory=list)
    creates: list[Sending] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    @property
    def newest_remembered(self) -> Thing | None:
        """The last one of which the journal holds that it was created."""
        return next((thing for thing in reversed(self.things) if thing.is_remembered), None)


class Truth:
    """What really happened.

    Attributes:
        world: The world it is true of.
        broken: What must not have been.
        stories: What happened, by key.
        keys: Whose the places of the journal are.
        doubted: Places that were in doubt when the run began, and are not cleared up yet.
        chosen: Which object each place was to be, when the run began.
    """

    def __init__(self, world: World) -> None:
        """Begin."""
        self.world = world
        self.broken: list[str] = []
        self.stories: defaultdict[Key, Story] = defaultdict(Story)
        self.keys: dict[Place, Key] = {}
        self.doubted: set[Place] = set()
        self.chosen: dict[Place, str | None] = {}

    def break_(self, what: str) -> None:
        """Note what must not be."""
        self.broken.append(what)

    def beginning(self) -> None:
        """Look on while a run begins."""
        held = self.world.disk.held.items()
        self.doubted = {place for place, memory in held if memory.intention is not None}
        self.chosen = {place: memory.object_id for place, memory in held}

    def reading(self, message: Message) -> None:
        """Look on while a record is read."""
        self.stories[message.key].messages.append(message)

    def marking(self, state: State) -> None:
        """Note what a state covers: what was read before it."""
        run = self.world.runs[-1]
        run.marks.append((state.version, len(run.messages), self.world.now))

    def sending(self, sending: Sending, befalls: Passage) -> None:
        """Look on while a request leaves."""
        for message in sending.messages:
            if message.started_at is None:
                message.started_at = self.world.now
            if message.place:
                self.keys[message.place] = message.key
        leaving.check(self, sending)
        for message in sending.messages:
            message.losses += not befalls.is_good
            if sending.action:
                message.sendings += 1
            if sending.action in {"create", "send"}:
                message.is_doubted = message.is_doubted or message.place in self.doubted
                self.stories[message.key].creates.append(sending)

    def answering(self, sending: Sending, befalls: Passage) -> None:
        """Look on while an answer comes back: what surely was not done is no create."""
        if befalls.may_be_done:
            return
        for message in sending.messages:
            creates = self.stories[message.key].creates
            if sending in creates:
                creates.remove(sending)

    def creating(self, thing: Thing, sending: Sending) -> None:
        """Look on while an object is created."""
        writes.check_creation(self, thing, sending)

    def writing(self, thing: Thing, name: str, value: object, sending: Sending) -> None:
        """Look on while an attribute is written."""
        writes.check_write(self, thing, name, value, sending)

    def deleting(self, thing: Thing, sending: Sending) -> None:
        """Look on while an object is deleted."""
        writes.check_deletion(self, thing, sending)

    def committed(self, ways: Sequence[PendingWay]) -> None:
        """Note what is durable from now on."""
        for way in ways:
            match way.step:
                case Remember() as step:
                    self._remembered(way.records[0].message, step)  # type: ignore[attr-defined]
                case Forget(endpoint=endpoint, apptivo_id=apptivo_id):
                    thing = self.world.firm.things.get(int(apptivo_id))
                    if thing and thing.path == PATHS[endpoint]:
                        thing.remembered_at = None
                    held = self.world.disk.held
                    self.doubted &= {place for place in held if held[place].intention}

    def given(self, message: Message, verdict: Verdict) -> None:
        """Look on while a record gets its outcome."""
        if message.verdict is not None:
            self.break_(f"{message.name} has two outcomes")
        message.verdict, message.ended_at = verdict, self.world.now
        # Of an update of what was deleted meanwhile nothing is in doubt.
        if message.place and self.world.disk.memory(message.place).intention:
            self.doubted |= {message.place} if verdict.outcome == "uncertain" else set()
        claims.check(self, message)

    def settled(self, run: Run) -> None:
        """Note a record that went through the outputs."""
        message = run.messages[run.settled_count]
        run.settled_count += 1
        message.is_settled = True

    def state_written(self, run: Run, state: State) -> None:
        """Look on while a state is written: nothing before it may be open."""
        self.world.states.append(state.version)
        run.states.append(state.version)
        covered, marked_at = next(
            (count, at) for version, count, at in run.marks if version == state.version
        )
        for message in run.messages[:covered]:
            self._check_covered(message, state)
        ends = [message.ended_at or 0.0 for message in run.messages[:covered]]
        if self.world.now - max([marked_at, *ends]) > 1.0:
            self.break_(f"state {state.version} is written more than a second late")

    def _check_covered(self, message: Message, state: State) -> None:
        """See that a record is settled which a state covers."""
        verdict = message.verdict
        if verdict is None or not message.is_settled:
            self.break_(f"state {state.version} is ahead of {message.name}")
        elif verdict.outcome.is_set_aside and not message.is_aside:
            self.break_(f"state {state.version}: {message.name} is not set aside")
        elif message.is_to_be_held and not message.is_held:
            self.break_(f"state {state.version}: the journal does not hold {message.name} yet")

    def _remembered(self, message: Message, step: Remember) -> None:
        """Note that the journal holds what a record became."""
        message.held_at = self.world.now
        is_lost = bool(self.stories[message.key].creates) or step.place in self.doubted
        self.doubted.discard(step.place)
        self.stories[message.key].creates.clear()
        if step.apptivo_id is None:
            for made in message.made:
                made.remembered_at = self.world.now
            return
        thing = self.world.firm.things.get(int(step.apptivo_id))
        if thing is None:
            self.break_(f"the journal holds an id that was never given: {step.apptivo_id}")
            return
        if message.lane.name not in thing.owners:
            # Found, and nothing had to be written.
            writes.check_adoption(self, thing, message)
        if step.is_created and is_lost:
            # People's cannot be told from ours: the contract takes it for what was sent (12.7).
            thing.is_found_after_loss = thing.maker is None
            thing.not_ours = {name for name in thing.stamps if thing.is_by_people(name)}
        claims.take(thing, message, step, self.world.now)
