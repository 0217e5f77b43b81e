"""The tap: what it sends of the source, and from where on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.dice import dice
from tests.simulation.messages import Message, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulation.plan import Change, Key, Row, RunPlan
    from tests.simulation.world import World


class Tap:
    """A tap that reads the log of changes, or whole tables."""

    def __init__(self, world: World) -> None:
        """Begin with an empty source."""
        self._world = world
        self._log: list[tuple[Change, Row]] = []
        self._rows: dict[Key, Row] = {}
        self._lanes = {lane.name: lane for lane in world.plan.setup.lanes}

    def moves_on(self, changes: Iterable[Change]) -> None:
        """Let the source move on."""
        for change in changes:
            row = change.row or self._rows.get(change.key) or {"nr": change.key[1]}
            self._rows[change.key] = row
            self._log.append((change, row))

    def reads(self, number: int, plan: RunPlan) -> list[Message | State]:
        """Give what it sends in a run."""
        match plan.reads:
            case "rejected":
                return self._rejected(number)
            case "table":
                return self._table(number, plan)
        return self._changes(number, plan)

    def _changes(self, number: int, plan: RunPlan) -> list[Message | State]:
        """Give the changes since a state, with states in between."""
        states = self._world.states
        start = ([0] * (plan.resumes + 1) + states)[-1 - plan.resumes]
        items: list[Message | State] = []
        for version in range(start + 1, len(self._log) + 1):
            items.append(self._message(number, version))
            if version % plan.state_every == 0:
                items.append(State(version))
        return [*items, State(len(self._log))] if self._log else items

    def _table(self, number: int, plan: RunPlan) -> list[Message | State]:
        """Give every row as it is now, and those that are gone; one state at the end."""
        newest = {change.key: at for at, (change, _) in enumerate(self._log, 1)}
        versions = [*newest.values()]
        if not plan.is_calm:
            dice(self._world.plan.seed, "table", number).shuffle(versions)
        items: list[Message | State] = [self._message(number, each) for each in versions]
        return [*items, State(len(self._log))] if self._log else items

    def _message(self, number: int, version: int) -> Message:
        """Write a record."""
        change, row = self._log[version - 1]
        is_deleted = change.row is None
        lane = self._lanes[change.key[0]]
        return Message(number, 0, lane, change.key, row, is_deleted, version=version)

    def _rejected(self, number: int) -> list[Message | State]:
        """Give the lines of the rejected file, which is moved away."""
        lines, self._world.rejected.lines = self._world.rejected.lines, []
        return [
            Message(
                number,
                0,
                old.lane,
                old.key,
                old.row,
                old.is_deleted,
                set_aside_at=at,
                again=old,
                version=old.version,
            )
            for old, at in lines
        ]
