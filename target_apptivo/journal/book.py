"""Carry out a group of steps in one transaction: read at once, answer in order, write at once.

What a group touches is read in a few statements, whatever their number, and kept while the group
is answered; each step sees what the earlier ones made of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

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
    Same,
    SetAside,
    Withdraw,
)
from target_apptivo.journal.tables import MATCHES, RECORDS, memory_of, place_of
from target_apptivo.journal.writing import write_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection

# Older SQLites take no more than 999 variables a statement.
_MOST_VALUES = 500
_MOST_WITNESSES = 5

_CHANGES = (Intend, Remember, Withdraw, SetAside)
_SAME = [RECORDS.c[name] for name in ("key", "endpoint", "whole", "apptivo_id", "taken_at")]

# Values to look for in a second column, by that of the first.
Wanted = defaultdict[str, set[str]]


class Book:
    """What a group of steps touches."""

    def __init__(self, connection: Connection, now: float) -> None:
        """Carry out the steps over a connection, in the transaction that it is in."""
        self._connection = connection
        self._now = now
        self._stored: dict[Place, Memory] = {}
        self._memories: dict[Place, Memory] = {}
        # Places (an ordered set: the values mean nothing) by stream and key, and by endpoint and
        # id or match; they may have changed since, so who looks here looks at their memories too.
        self._by_name: defaultdict[tuple[str, str], dict[Place, None]] = defaultdict(dict)
        self._by_id: defaultdict[tuple[str, str], dict[Place, None]] = defaultdict(dict)
        self._by_match: defaultdict[tuple[str, str], dict[Place, None]] = defaultdict(dict)

    def carry_out(self, steps: Sequence[JournalStep]) -> list[Any]:
        """Carry out the steps and give their replies.

        Most records of a day are the very ones of yesterday: these are answered first, and by a
        comparison alone.
        """
        same = self._same(steps)
        others = [step for step in steps if id(step) not in same]
        self._read(others)
        replies = [same.get(id(step)) or self._reply(step) for step in steps]
        self._write()
        return replies

    def _same(self, steps: Sequence[JournalStep]) -> dict[int, Same]:
        """Answer the questions after records that are the very ones that were taken last."""
        touched = {step.place for step in steps if isinstance(step, _CHANGES)}
        asked = {
            step.place: step
            for step in steps
            if isinstance(step, Recall) and step.whole and step.place not in touched
        }
        if any(isinstance(step, Forget) for step in steps):
            asked = {}  # whose places they are is not read yet
        same: dict[int, Same] = {}
        for stream, keys in _portions(_by_stream(asked)):
            query = select(*_SAME).where(
                RECORDS.c.stream == stream, RECORDS.c.key.in_(keys), RECORDS.c.intention.is_(None)
            )
            for key, endpoint, whole, apptivo_id, taken_at in self._connection.execute(query).all():
                step = asked.get(Place(endpoint, stream, key))
                if step and whole is not None and step.whole == whole:
                    same[id(step)] = Same(apptivo_id, taken_at)
        return same

    def _read(self, steps: Sequence[JournalStep]) -> None:
        """Read everything that the steps ask for, but for witnesses."""
        names, ids, matches = Wanted(set), Wanted(set), Wanted(set)
        for step in steps:
            match step:
                case Recall() | Intend() | Remember() | Withdraw() | SetAside():
                    names[step.place.stream].add(step.place.key)
                case RecallParent():
                    names[step.stream].add(step.key)
                case RecallOwners() | Forget():
                    ids[step.endpoint].add(step.apptivo_id)
                case RecallMatches():
                    matches[step.endpoint].update(step.matches)
        self._read_records(names, RECORDS.c.stream, RECORDS.c.key)
        self._read_records(ids, RECORDS.c.endpoint, RECORDS.c.apptivo_id)
        self._read_matches(matches)

    def _read_records(
        self, wanted: Wanted, first: ColumnElement[str], second: ColumnElement[str]
    ) -> None:
        """Read the records that have the wanted values in two columns."""
        for value, values in _portions(wanted):
            query = select(RECORDS).where(first == value, second.in_(values))
            for row in self._connection.execute(query):
                self._keep(place_of(row), memory_of(row))

    def _read_matches(self, wanted: Wanted) -> None:
        """Read the records that have the wanted match values."""
        same = [MATCHES.c[name] == RECORDS.c[name] for name in ("endpoint", "stream", "key")]
        for endpoint, values in _portions(wanted):
            query = (
                select(RECORDS)
                .distinct()
                .join(MATCHES, same[0] & same[1] & same[2])
                .where(MATCHES.c.endpoint == endpoint, MATCHES.c.digest.in_(values))
            )
            for row in self._connection.execute(query):
                self._keep(place_of(row), memory_of(row))

    def _keep(self, place: Place, memory: Memory) -> None:
        """Keep what is stored."""
        if place not in self._stored:
            self._stored[place] = memory
            self._set(place, memory)

    def _set(self, place: Place, memory: Memory) -> None:
        """Keep what is remembered of a record from now on, where it can be found."""
        self._memories[place] = memory
        self._by_name[place.stream, place.key][place] = None
        if memory.object_id is not None:
            self._by_id[place.endpoint, memory.object_id][place] = None
        for each in memory.matches:
            self._by_match[place.endpoint, each][place] = None

    def _reply(self, step: JournalStep) -> Any:  # noqa: ANN401, PLR0911
        """Carry out one step."""
        match step:
            case Recall():
                return recalled(self._memory(step.place), self._now, step.whole)
            case RecallMatches():
                return self._matches(step)
            case RecallOwners():
                return self._owners(step.endpoint, step.apptivo_id)
            case RecallParent():
                return self._parent(step)
            case RecallWitnesses():
                self._write()  # what the group has written so far is among them
                return _witnesses(self._connection, step.endpoint)
            case Intend() | Remember() | Withdraw() | SetAside():
                self._set(step.place, changed(self._memory(step.place), step, self._now))
                return self._now if isinstance(step, SetAside) else None
            case Forget():
                return self._forget(self._owners(step.endpoint, step.apptivo_id))

    def _memory(self, place: Place) -> Memory:
        """Give what is remembered of a record."""
        return self._memories.get(place, NOTHING)

    def _forget(self, places: Iterable[Place]) -> None:
        """Remember nothing any more of what some records became."""
        self._memories.update({place: forgotten(self._memory(place)) for place in places})

    def _matches(self, step: RecallMatches) -> tuple[Match, ...]:
        """Give the records that have one of some match values, and an id."""
        found: dict[Match, None] = {}
        for each in step.matches:
            for place in self._by_match[step.endpoint, each]:
                memory = self._memory(place)
                if memory.apptivo_id is not None and each in memory.matches:
                    found[Match(place, memory.apptivo_id)] = None
        return tuple(found)

    def _owners(self, endpoint: str, apptivo_id: str) -> tuple[Place, ...]:
        """Give the records that became an object, or were about to."""
        places = self._by_id[endpoint, apptivo_id]
        return tuple(each for each in places if self._memory(each).object_id == apptivo_id)

    def _parent(self, step: RecallParent) -> str | None:
        """Give the id of a parent."""
        memories = [self._memory(place) for place in self._by_name[step.stream, step.key]]
        known = [
            each.known
            for each in memories
            if each.known and each.apptivo_id is not None and not each.is_being_created
        ]
        newest = max(known, key=lambda each: each.taken_at, default=None)
        return newest.apptivo_id if newest else None

    def _write(self) -> None:
        """Write what has changed since it was read or written."""
        changes = {
            place: (self._stored.get(place, NOTHING), memory)
            for place, memory in self._memories.items()
            if self._stored.get(place, NOTHING) != memory
        }
        write_changes(self._connection, changes)
        self._stored.update({place: memory for place, (_, memory) in changes.items()})


def _by_stream(places: Iterable[Place]) -> Wanted:
    """Sort the keys of places by their streams."""
    wanted = Wanted(set)
    for place in places:
        wanted[place.stream].add(place.key)
    return wanted


def _portions(wanted: Wanted) -> Iterator[tuple[str, list[str]]]:
    """Cut what is wanted into statements; in order, so that neighbours are read together."""
    for first, values in wanted.items():
        ordered = sorted(values)
        for start in range(0, len(ordered), _MOST_VALUES):
            yield first, ordered[start : start + _MOST_VALUES]


def _witnesses(connection: Connection, endpoint: str) -> tuple[str, ...]:
    """Give the newest ids of an endpoint."""
    query = (
        select(RECORDS.c.apptivo_id)
        .where(
            RECORDS.c.endpoint == endpoint,
            RECORDS.c.intention.is_(None),
            RECORDS.c.apptivo_id.is_not(None),
        )
        .order_by(RECORDS.c.taken_at.desc())
        .limit(_MOST_WITNESSES)
    )
    return tuple(dict.fromkeys(str(each) for each in connection.scalars(query)))
