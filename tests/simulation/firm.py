"""A model of Apptivo: what it holds, what its search shows, and what it does when asked.

What it does is what `docs/apptivo.md` says or, where that is UNKNOWN, what section 14 of it relies
on: an update takes only listed names, an entry with an id is changed in place, one without is
added, and nothing is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tests.simulation.plan import FIRST_ID
from tests.simulation.things import PEOPLE, US, Stamp, Thing, addresses, flat, is_blank, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from tests.simulation.messages import Message
    from tests.simulation.plan import Habits, Row
    from tests.simulation.sending import Sending

ID_NAMES = {
    "v6/leads": "leadId",
    "v6/customers": "customerId",
    "v6/contacts": "contactId",
    "v6/cases": "caseId",
    "v6/hooks": "hookId",
}


class Watch(Protocol):
    """Who looks on whatever a request of ours does."""

    def creating(self, thing: Thing, sending: Sending) -> None:
        """Look on while an object is created."""

    def writing(self, thing: Thing, name: str, value: object, sending: Sending) -> None:
        """Look on while an attribute is written."""

    def deleting(self, thing: Thing, sending: Sending) -> None:
        """Look on while an object is deleted."""


class Firm:
    """The objects of a firm."""

    def __init__(self, habits: Habits, rng: Random, clock: Callable[[], float]) -> None:
        """Start empty."""
        self.things: dict[int, Thing] = {}
        self.watch: Watch
        self._habits = habits
        self._rng = rng
        self._clock = clock
        self._next = FIRST_ID
        self._entries = 100

    @property
    def now(self) -> float:
        """The present."""
        return self._clock()

    def save(
        self, path: str, row: Row, sending: Sending | None = None, maker: Message | None = None
    ) -> Thing:
        """Create an object."""
        who, now = US if sending else PEOPLE, self._clock()
        values = {name: self._kept(name, value) for name, value in flat(row).items()}
        stamps = {name: Stamp(who, now) for name in values}
        thing = Thing(self._next, path, values, stamps, maker)
        self._next += 1
        if sending:
            self.watch.creating(thing, sending)
        self.things[thing.number] = thing
        self._index(thing)
        return thing

    def find(self, path: str, number: int) -> Thing | None:
        """Find an object that is there."""
        thing = self.things.get(number)
        return thing if thing and thing.path == path and thing.is_there else None

    def update(self, thing: Thing, data: Row, names: Iterable[str], sending: Sending) -> None:
        """Take the listed attributes; custom ones as `customAttributes.<id>`."""
        values = flat(data)
        for name in names:
            if name in values:
                self.write(thing, name, values[name], sending)
        self._index(thing)

    def write(self, thing: Thing, name: str, value: object, sending: Sending | None = None) -> None:
        """Write one attribute."""
        kept = self._kept(name, value)
        if sending and name == "emailAddresses":
            kept = _merged(thing.values.get(name) or [], kept or [])
        if sending:
            self.watch.writing(thing, name, kept, sending)
        elif name == "emailAddresses":
            thing.dropped |= addresses(thing.values.get(name)) - addresses(kept)
        thing.values[name] = kept
        thing.stamps[name] = Stamp(US if sending else PEOPLE, self._clock())
        if not sending:
            self._index(thing)

    def remove(self, thing: Thing, sending: Sending | None = None) -> None:
        """Delete an object."""
        if sending:
            self.watch.deleting(thing, sending)
        thing.gone_at = self._clock()
        thing.gone_by = US if sending else PEOPLE
        self._index(thing)

    def images(self, path: str) -> list[Row]:
        """Give what search knows of an app's objects."""
        now = self._clock()
        images = (thing.image(now) for thing in self.things.values() if thing.path == path)
        return [image for image in images if image is not None]

    def shown(self, thing: Thing) -> Row:
        """Give an object as it is shown."""
        own = {"id": str(thing.number), ID_NAMES[thing.path]: thing.number}
        values = thing.values
        if self._habits.numbers_as_text:
            values = {name: self._told(value) for name, value in values.items()}
        return {**whole(values), **own}

    def _told(self, value: Any) -> Any:  # noqa: ANN401
        """Give a value as it comes back where numbers do as text."""
        return f"{value}.00" if isinstance(value, int) else value

    def _index(self, thing: Thing) -> None:
        """Have search learn what there is of an object, some time later."""
        now = self._clock()
        delay = self._habits.index_delay * self._rng.choice((0.1, 0.5, 1.0))
        # Never before what it learned of it last.
        since = max(now + delay, thing.images[-1][0] if thing.images else now)
        thing.images.append((since, self.shown(thing) if thing.is_there else None))

    def _kept(self, name: str, value: Any) -> Any:  # noqa: ANN401
        """Give a value as it is kept: each e-mail with an id of its own; what is blank clears."""
        if name != "emailAddresses" or is_blank(value):
            return value
        return [self._numbered(entry) for entry in value]

    def _numbered(self, entry: Row) -> Row:
        """Give an e-mail its id."""
        if entry.get("communicationId"):
            return entry
        self._entries += 1
        return {**entry, "communicationId": self._entries}


def _merged(old: list[Row], new: list[Row]) -> list[Row]:
    """Change entries in their places, by their ids; add the others, and remove none."""
    sent = {entry["communicationId"]: entry for entry in new}
    there = [sent.pop(entry["communicationId"], entry) for entry in old]
    return [*there, *sent.values()]
