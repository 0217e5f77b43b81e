"""A model of the journal's disk: what is committed survives a crash, what is not may or may not.

Of what is remembered it uses the journal's own rules (`target_apptivo/journal/memory.py`); the
look-ups by id and by match value are written anew, as plainly as they can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.errors import JournalError
from target_apptivo.journal.clock import Clock
from target_apptivo.journal.memory import NOTHING, Memory, changed, forgotten, recalled
from target_apptivo.journal.steps import (
    Forget,
    Intend,
    JournalStep,
    Match,
    Place,
    Recall,
    RecallMatches,
    RecallOwners,
    RecallParent,
    RecallWitnesses,
    Remember,
    SetAside,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MOST_WITNESSES = 5


class Disk:
    """What is durable, and the transaction that is not yet.

    Attributes:
        held: What is durable.
        fails: Whether the database is gone: every call fails from then on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty."""
        self.held: dict[Place, Memory] = {}
        self.fails = False
        self._clock = Clock(clock)

    def carry_out(self, steps: Sequence[JournalStep]) -> list[Any]:
        """Carry out steps and commit."""
        replies, memories = self.prepare(steps)
        self.held = memories
        return replies

    def prepare(self, steps: Sequence[JournalStep]) -> tuple[list[Any], dict[Place, Memory]]:
        """Carry out steps in a transaction; give their replies, and what a commit would leave."""
        if self.fails:
            msg = "the journal is gone"
            raise JournalError(msg)
        pages = Pages(dict(self.held), self._clock())
        return [pages.reply(step) for step in steps], pages.memories

    def memory(self, place: Place) -> Memory:
        """Give what is durably remembered of a record."""
        return self.held.get(place, NOTHING)


class Pages:
    """What is remembered, in the midst of a transaction."""

    def __init__(self, memories: dict[Place, Memory], now: float) -> None:
        """Start with what is durable."""
        self.memories = memories
        self._now = now

    def reply(self, step: JournalStep) -> Any:  # noqa: ANN401
        """Carry out one step."""
        match step:
            case Intend() | Remember() | Withdraw() | SetAside():
                memory = self.memories.get(step.place, NOTHING)
                self._set(step.place, changed(memory, step, self._now))
                return self._now if isinstance(step, SetAside) else None
            case Forget():
                for place in [*self._owners(step.endpoint, step.apptivo_id)]:
                    self._set(place, forgotten(self.memories[place]))
                return None
        return self._answer(step)

    def _answer(self, step: JournalStep) -> Any:  # noqa: ANN401
        """Answer a question."""
        match step:
            case Recall():
                memory = self.memories.get(step.place, NOTHING)
                return recalled(memory, self._now, step.whole)
            case RecallMatches():
                return self._matches(step)
            case RecallOwners():
                return tuple(self._owners(step.endpoint, step.apptivo_id))
            case RecallParent():
                return self._parent(step)
            case RecallWitnesses():
                return self._witnesses(step.endpoint)
        msg = f"no question: {step}"
        raise TypeError(msg)

    def _set(self, place: Place, memory: Memory) -> None:
        """Remember something."""
        if memory == NOTHING:
            self.memories.pop(place, None)
        else:
            self.memories[place] = memory

    def _owners(self, endpoint: str, apptivo_id: str) -> Iterator[Place]:
        """Give the records that became an object, or were about to."""
        for place, memory in self.memories.items():
            if place.endpoint == endpoint and memory.object_id == apptivo_id:
                yield place

    def _matches(self, step: RecallMatches) -> tuple[Match, ...]:
        """Give the records that have one of some match values, and an id."""
        return tuple(
            Match(place, memory.apptivo_id)
            for place, memory in self.memories.items()
            if place.endpoint == step.endpoint
            and memory.apptivo_id is not None
            and {*memory.matches} & {*step.matches}
        )

    def _parent(self, step: RecallParent) -> str | None:
        """Give the newest id of a parent."""
        known = [
            memory.known
            for place, memory in self.memories.items()
            if (place.stream, place.key) == (step.stream, step.key)
            and memory.known
            and memory.apptivo_id is not None
            and not memory.is_being_created
        ]
        newest = max(known, key=lambda each: each.taken_at, default=None)
        return newest.apptivo_id if newest else None

    def _witnesses(self, endpoint: str) -> tuple[str, ...]:
        """Give the newest ids."""
        known = [
            memory.known
            for place, memory in self.memories.items()
            if place.endpoint == endpoint and memory.known and memory.intention is None
        ]
        newest = sorted(known, key=lambda each: -each.taken_at)
        ids = dict.fromkeys(each.apptivo_id for each in newest if each.apptivo_id is not None)
        return tuple(ids)[:_MOST_WITNESSES]
