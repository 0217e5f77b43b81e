"""What a calm run must not do: send what it has sent, double anything, or keep anyone waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.things import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.messages import Message
    from tests.simulation.plan import Key
    from tests.simulation.run import Run
    from tests.simulation.world import World

_IN_STEP = {"accepted", "updated", "unchanged", "duplicate"}
# Seconds that a calm run may take in which nothing is sent: a batch waits for 5.
_LONGEST = 10.0


class Economy:
    """Compares each calm run with the one before."""

    def __init__(self, world: World) -> None:
        """Begin."""
        self._world = world
        self._verdicts: dict[Key, str] = {}
        self._held: set[Key] = set()
        self._has_deleted = False
        self._before: dict[int, object] = {}

    def wasted(self, run: Run) -> Iterator[str]:
        """Say what a calm run did that it should not have done."""
        deletes = any(lane.endpoint == "delete_customer" for lane in self._world.plan.setup.lanes)
        if self._verdicts and run.failure is None and not deletes:
            yield from self._sent_again(run)
            yield from self._changed(run)
            yield from self._waited(run)
        self._verdicts = {message.key: _outcome(message) for message in run.messages}
        self._held = {message.key for message in run.messages if message.is_held}
        self._has_deleted = any(sending.action == "delete" for sending in run.sendings)
        self._before = self._snapshot()

    def _sent_again(self, run: Run) -> Iterator[str]:
        """What was in step after the calm run before is not sent again."""
        for sending in run.sendings:
            for message in sending.messages:
                if self._is_in_step(message) and sending.action:
                    yield f"{message.name} is sent again ({sending.action}), and nothing changed"

    def _is_in_step(self, message: Message) -> bool:
        """Whether nothing has to be sent of a record."""
        lane, verdicts = message.lane, self._verdicts
        if not lane.is_kept or message.is_deleted or message.key not in verdicts:
            return False
        if self._has_deleted and verdicts[message.key] == "duplicate":
            # What it matched may have been deleted after it.
            return False
        if lane.parent is None:
            return verdicts[message.key] in _IN_STEP
        # A parent that was made after its child is told to it by the next run.
        parent = (lane.parent, message.row["company_id"])
        is_known = parent not in self._held and verdicts.get(parent, "unchanged") in {
            "unchanged",
            "duplicate",
        }
        return is_known and verdicts[message.key] in {"unchanged", "duplicate"}

    def _changed(self, run: Run) -> Iterator[str]:
        """What is in step, and what is of people alone, ends as it was."""
        after = self._snapshot()
        moved = {message.key for message in run.messages if not self._is_in_step(message)}
        for number in self._before.keys() | after.keys():
            owners = {*self._world.firm.things[number].owners.values()}
            if self._before.get(number) != after.get(number) and not owners & moved:
                yield f"a second calm run changed {number}"

    def _snapshot(self) -> dict[int, object]:
        """Give what is there."""
        things = [thing for thing in self._world.firm.things.values() if thing.is_there]
        return {thing.number: dict(said(thing.values)) for thing in things}

    def _waited(self, run: Run) -> Iterator[str]:
        """Nobody waits who lost nothing."""
        outcomes = {_outcome(message) for message in run.messages}
        seconds = self._world.now - run.started_at
        # Calm as it is, an answer may take its time.
        is_quiet = outcomes <= {"unchanged"} and not run.sendings
        if is_quiet and seconds > _LONGEST:
            yield f"a calm run in which nothing was sent took {seconds:.0f} s"


def _outcome(message: Message) -> str:
    """Give the outcome of a record as text."""
    return message.verdict.outcome.value if message.verdict else ""
