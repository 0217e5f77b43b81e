"""What must be true when a run has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.content import NOTHING, content_of
from target_apptivo.errors import (
    CredentialsError,
    JournalError,
    RecordRejectedError,
    SearchError,
    StoppedError,
    StrangerError,
    UnavailableError,
)
from tests.simulation import claims
from tests.simulation.economy import Economy
from tests.simulation.things import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_apptivo.journal.memory import Memory
    from target_apptivo.journal.steps import Place
    from tests.simulation.messages import Message
    from tests.simulation.plan import Key
    from tests.simulation.run import Run
    from tests.simulation.things import Thing
    from tests.simulation.world import World


class Account:
    """Checks a run that has ended."""

    def __init__(self, world: World) -> None:
        """Begin."""
        self._world = world
        self._economy = Economy(world)

    def after(self, run: Run) -> None:
        """Check what is true after a run."""
        for what in self._wrong(run):
            self._world.truth.break_(what)

    def _wrong(self, run: Run) -> Iterator[str]:
        """Say what is not true after a run."""
        if not run.has_crashed:
            yield from self._ended_badly(run)
            yield from _states(run)
            yield from self._unsent(run)
            yield from self._unheld(run)
            yield from _unnamed(run)
        for place, memory in self._world.disk.held.items():
            yield from self._untrue(run, place, memory)
        yield from self._unknown()
        yield from self._claims(run)
        if run.plan.is_calm:
            yield from self._economy.wasted(run)

    def _ended_badly(self, run: Run) -> Iterator[str]:
        """Every record that was read has an outcome, unless the run ended by something that may."""
        if run.failure is None:
            for message in run.messages:
                if not message.is_settled:
                    yield f"{message.name} has no outcome, and the run ended well"
            if run.main.input:
                yield "the run ended well before everything was read"
            if self._is_over_limit(run):
                yield "the run ended well, and more is set aside than may be"
        elif not self._may_end(run, run.failure):
            yield f"the run ended by {type(run.failure).__name__}: {run.failure}"

    def _may_end(self, run: Run, failure: Exception) -> bool:
        """Whether a run may end so."""
        fates = {sending.fate for sending in run.sendings}
        is_odd = self._world.plan.habits.criteria in {"refused", "blind"}
        causes: dict[type[Exception], bool] = {
            StoppedError: run.main.signal is not None,
            JournalError: run.plan.ending == "journal",
            CredentialsError: "credentials" in fates,
            StrangerError: "stranger" in fates,
            UnavailableError: fates != {"ok"} and not run.plan.is_calm,
            SearchError: is_odd or not run.plan.is_calm,
            RecordRejectedError: self._is_over_limit(run),
        }
        return causes.get(type(failure), False)

    def _is_over_limit(self, run: Run) -> bool:
        """Whether more was set aside than may be."""
        limit = self._world.plan.setup.max_rejected
        verdicts = [message.verdict for message in run.messages if message.verdict]
        aside = sum(verdict.outcome.is_set_aside for verdict in verdicts)
        return 0 <= limit < aside and not run.plan.is_calm

    def _unsent(self, run: Run) -> Iterator[str]:
        """A run that stops in order takes back intents that were never sent or surely refused."""
        feared = {
            message.place
            for sending in run.sendings
            for message in sending.messages
            if sending.action and not sending.came_to_nothing
        }
        for place, memory in self._world.disk.held.items():
            newest = memory.intention
            # One that took the place of an older one may stand for both.
            is_new = newest and newest.at >= run.started_at and place not in run.in_doubt
            if is_new and place not in feared and not self._world.disk.fails:
                yield f"{place.stream} {place.key}: intended, nothing arrived, and not taken back"

    def _unheld(self, run: Run) -> Iterator[str]:
        """A run that ends in order has held what became of everything that was answered."""
        is_out_of_time = self._world.now >= run.main.deadline
        if self._world.disk.fails or is_out_of_time:
            return
        for sending in run.sendings:
            message = sending.messages[0]
            is_taken = sending.is_answered and sending.action == "create"
            if is_taken and message.place and not message.is_held:
                yield f"{message.name} was created, and the journal was not told"

    def _untrue(self, run: Run, place: Place, memory: Memory) -> Iterator[str]:
        """The journal says no more than what is true."""
        key = self._world.truth.keys.get(place)
        if memory.known is None or memory.known.apptivo_id is None or key is None:
            return
        thing = self._world.firm.things.get(int(memory.known.apptivo_id))
        if thing is None or key not in thing.owners.values():
            yield f"the journal has {memory.known.apptivo_id} for {key}, which is not its own"
        elif (
            thing.is_there
            and not thing.is_shared
            and (thing.maker is None or thing.maker.key == key)
            and memory.intention is None
            and place.endpoint != "generic"
            and max(thing.changed_at, memory.known.taken_at) >= run.started_at
        ):
            for name in _untaken(thing, memory.known.taken):
                yield f"the journal says of {key} that {name} was taken, and it was not"

    def _unknown(self) -> Iterator[str]:
        """What we made is known to the journal, or in doubt there."""
        for key, story in self._world.truth.stories.items():
            for thing in story.things:
                if thing.maker and thing.maker.place and thing.is_there:
                    yield from self._unknown_thing(key, thing, thing.maker)

    def _unknown_thing(self, key: Key, thing: Thing, maker: Message) -> Iterator[str]:
        """See that an object which we made is known."""
        if not maker.lane.endpoint.startswith("create"):
            return
        assert maker.place
        memory = self._world.disk.memory(maker.place)
        story = self._world.truth.stories[key]
        is_known = memory.intention is not None or memory.apptivo_id is not None
        if is_known or story.things[-1] is not thing:
            return
        is_flagged = any(
            each.verdict and each.verdict.possible_duplicate for each in story.messages
        )
        # A delete takes the newest that is known of several, and they are forgotten.
        is_deleted = any(each.is_deleted for each in story.messages)
        is_deleted = is_deleted or not all(each.is_there for each in story.things)
        is_one_of_many = not maker.lane.is_kept and is_deleted
        if not (len(maker.made) > 1 or is_flagged or is_one_of_many):
            yield f"{thing.apptivo_id} was made of {key}, and the journal knows nothing of it"

    def _claims(self, run: Run) -> Iterator[str]:
        """What was claimed is still true where nothing was asked for since."""
        for story in self._world.truth.stories.values():
            newest = next((each for each in reversed(story.messages) if each.started_at), None)
            if newest and newest.run == run.number and newest.is_kept_create:
                yield from claims.wrong(self._world.truth, newest)


def _untaken(thing: Thing, taken: Mapping[str, str]) -> Iterator[str]:
    """Name what the journal says was taken, and what is not as we wrote it last."""
    ours = {
        name: thing.values.get(name)
        for name in taken
        if name in thing.stamps and name != "emailAddresses" and not thing.is_by_people(name)
    }
    shown = content_of(whole(ours))
    for name in ours:
        if shown.get(name, NOTHING).partition("/")[0] != taken[name].partition("/")[0]:
            yield name


def _states(run: Run) -> Iterator[str]:
    """The last state before which everything is settled was written."""
    reached = [version for version, count, _ in run.marks if count <= run.settled_count]
    if reached and (not run.states or run.states[-1] != reached[-1]):
        yield f"state {reached[-1]} is settled, and {run.states[-1:]} is the last one written"


def _unnamed(run: Run) -> Iterator[str]:
    """What Apptivo has, or may have, of what is not settled is known as such."""
    for message, pending in zip(run.messages, run.main.pendings, strict=True):
        made = [thing for thing in message.made if thing.maker is message]
        if made and not message.is_settled and not pending.apptivo_may_have:
            yield f"{message.name} was made, is not settled, and is not named"
