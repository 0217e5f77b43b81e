"""Which entry of a list an update writes in which place. Pure: rules in `lists.py`, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_apptivo.apptivo.lists import (
    KINDS,
    Entry,
    Written,
    replaced_in,
    taken_in,
    unseen,
    written_in,
)
from target_apptivo.apptivo.values import holds, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_apptivo.apptivo.judging import Past
    from target_apptivo.apptivo.lists import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """What an update makes of a list.

    Attributes:
        before: The entries as they were read.
        entries: The entries as they are sent.
        known: Which entries of the source's are ours already: `left` by `exact`.
        written: Which ones are written.
        is_conflict: Whether one that we wrote is not there any more as we left it.
    """

    before: Sequence[Entry]
    entries: Sequence[Entry]
    known: Mapping[str, str]
    written: Sequence[Written]
    is_conflict: bool


def plan_list(  # noqa: PLR0913
    name: str,
    wanted: Sequence[Entry],
    found: Sequence[Entry],
    past: Past,
    *,
    keeps: bool,
    update_nulls: bool,
) -> ListPlan:
    """Find a place for each entry that is new at the source.

    Args:
        name: The list.
        wanted: Its entries at the source.
        found: Its entries in Apptivo.
        past: What is remembered.
        keeps: Whether what others wrote wins (`on_conflict: keep`).
        update_nulls: Whether empty members of an entry are put in, too.
    """
    kind = KINDS[name]
    plan = _Plan(kind, found, keeps=keeps, update_nulls=update_nulls)
    spoken, taken = kind.entries(wanted), taken_in(past.taken or {}, name)
    written, intended = written_in(past.shown, name), taken_in(past.intended, name)
    plan.look(spoken, taken, written, intended)
    new = [exact for exact in spoken if exact not in taken]
    for exact in sorted(new, key=lambda each: plan.place_of(spoken[each]) is None):
        plan.settle(exact, spoken[exact], is_just_found=past.taken is None)
    for exact in replaced_in(past.intended, name):
        if exact in spoken and exact not in new:
            plan.undo(exact, spoken[exact])
    return plan.done()


@dataclass(slots=True)
class _Plan:
    """A plan in the making: `look`, then `settle` and `undo`, then `done`."""

    kind: Kind
    found: Sequence[Entry]
    keeps: bool = field(kw_only=True)
    update_nulls: bool = field(kw_only=True)
    entries: list[Entry] = field(init=False)
    known: dict[str, str] = field(init=False, default_factory=dict)
    written: list[Written] = field(init=False, default_factory=list)
    is_conflict: bool = field(init=False, default=False)
    # Places of our entries that the source has no more, and what is missing of them.
    free: list[int] = field(init=False, default_factory=list)
    gone: dict[str, str] = field(init=False, default_factory=dict)
    missing: list[str] = field(init=False, default_factory=list)
    ours: set[str] = field(init=False, default_factory=set)
    expected: set[str] = field(init=False, default_factory=set)
    shapes: list[Entry] = field(init=False, default_factory=list)
    # Places that entries of the source have, and entries taken before that have none any more.
    claimed: set[int] = field(init=False, default_factory=set)
    homeless: set[str] = field(init=False, default_factory=set)

    def look(
        self,
        spoken: Mapping[str, Entry],
        taken: Mapping[str, str],
        written: Mapping[str, str],
        intended: Mapping[str, str],
    ) -> None:
        """See which entries of Apptivo's are ours, and which of those are free."""
        self.entries = [*self.found]
        self.shapes = [*spoken.values()]
        self.known = {exact: left for exact, left in written.items() if exact in spoken}
        self.ours = {*written.values(), *intended.values()}
        self.gone = {exact: left for exact, left in written.items() if exact not in spoken}
        undone = {left for exact, left in intended.items() if exact not in {*spoken, *taken}}
        self.expected = {*self.gone.values(), *undone}
        self._let_stay({exact: spoken[exact] for exact in spoken if exact in taken})
        for place, entry in enumerate(self.found):
            if place not in self.claimed and self._lefts(entry, self.shapes) & self.expected:
                self.free.append(place)
        there = set().union(*(self._lefts(entry, self.shapes) for entry in self.found))
        self.missing = [left for left in self.gone.values() if left not in there]

    def place_of(self, wanted: Entry) -> int | None:
        """Find the entry that is the same e-mail, phone or address."""
        places = [
            place
            for place, entry in enumerate(self.entries)
            if place not in self.claimed and self.kind.is_same(entry, wanted)
        ]
        complete = [at for at in places if self.kind.is_complete(self.entries[at], wanted)]
        return next(iter((*complete, *places)), None)

    def settle(self, exact: str, wanted: Entry, *, is_just_found: bool) -> None:
        """Find a place for an entry that is new at the source."""
        place = self.place_of(wanted)
        if place is not None:
            self._settle_there(exact, wanted, place)
        elif any(self.kind.is_same(entry, wanted) for entry in self.entries):
            return
        elif (free := self._freest(wanted)) is not None:
            self._write(exact, wanted, free)
        elif self.missing:
            self._oppose(exact, wanted, None)
        elif is_just_found and self.keeps and self.found:
            self.is_conflict = True
        else:
            self._write(exact, wanted, None)

    def undo(self, exact: str, wanted: Entry) -> None:
        """Bring back an entry that an update without an outcome was to replace."""
        if exact in self.homeless:
            self._write(exact, wanted, self._freest(wanted))

    def done(self) -> ListPlan:
        """Give the plan."""
        return ListPlan(
            before=self.found,
            entries=self.entries,
            known=self.known,
            written=self.written,
            is_conflict=self.is_conflict,
        )

    def _let_stay(self, stays: Mapping[str, Entry]) -> None:
        """Leave their places to the entries that the source has as before."""
        for exact, wanted in stays.items():
            if (place := self.place_of(wanted)) is None:
                self.homeless.add(exact)
            else:
                self.claimed.add(place)

    def _settle_there(self, exact: str, wanted: Entry, place: int) -> None:
        """Settle an entry that is there already: what others wrote of it stays as it is."""
        entry, is_free = self.entries[place], self._is_free(place, wanted)
        self._take(place)
        if self.kind.is_complete(entry, wanted):
            if self._lefts(entry, [wanted]) & self.ours:
                self.known[exact] = self.kind.left(entry)
        elif is_free:
            self._write(exact, wanted, place)
        elif self.missing:
            self._oppose(exact, wanted, place)

    def _oppose(self, exact: str, wanted: Entry, place: int | None) -> None:
        """Settle an entry whose former self is not there any more as we left it."""
        left = self.missing.pop(0)
        self.is_conflict = True
        if self.keeps:
            self.known[exact] = left
        else:
            self._write(exact, wanted, place)

    def _write(self, exact: str, wanted: Entry, place: int | None) -> None:
        """Put an entry in a place, or add it."""
        self.known.pop(exact, None)
        if place is None:
            self.claimed.add(len(self.entries))
            self.entries.append(wanted)
            self.written.append(Written(exact, wanted))
            return
        self._take(place)
        old = self.entries[place]
        self.entries[place] = {**old, **(wanted if self.update_nulls else said(wanted))}
        lefts = self._lefts(old, [wanted])
        replaced = tuple(gone for gone, left in self.gone.items() if left in lefts)
        self.written.append(Written(exact, wanted, old.get(self.kind.id_name), replaced))

    def _take(self, place: int) -> None:
        """Let nobody else take a place."""
        self.claimed.add(place)
        if place in self.free:
            self.free.remove(place)

    def _lefts(self, entry: Entry, shapes: Sequence[Entry]) -> set[str]:
        """Give all texts by which one of Apptivo's entries may be known again.

        Of an entry that was never seen only the fields of what was sent are compared: of those of
        an entry of the source's (`shapes`), since digests do not tell which they were.
        """
        seen = self.kind.left(entry)
        return {seen, unseen(seen), *(unseen(self.kind.left(entry, each)) for each in shapes)}

    def _is_free(self, place: int, wanted: Entry) -> bool:
        """Whether another entry may take a place: all that it overwrites is as we left it."""
        is_ours = self._lefts(self.entries[place], [wanted]) & self.expected
        return place in self.free and bool(is_ours)

    def _freest(self, wanted: Entry) -> int | None:
        """Find the free place whose entry is most like another one, if there is any."""
        free = [place for place in self.free if self._is_free(place, wanted)]
        return max(free, key=lambda place: self._likeness(place, wanted), default=None)

    def _likeness(self, place: int, wanted: Entry) -> int:
        """Count what two entries have in common: a work e-mail takes the work e-mail's place."""
        entry = self.entries[place]
        return sum(holds(entry.get(name), value) for name, value in said(wanted).items())
