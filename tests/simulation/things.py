"""What Apptivo holds, and who wrote it: an object, its attributes, and what search knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.messages import Message
    from tests.simulation.plan import Key, Row

PEOPLE: Final = "people"
US: Final = "us"
_CUSTOM: Final = "customAttributes."
_LISTS: Final = ("emailAddresses",)


class Stamp(NamedTuple):
    """Who wrote a value, and when."""

    who: str
    at: float


@dataclass(slots=True, eq=False)
class Thing:
    """One object.

    Attributes:
        number: Its id.
        path: Its app.
        values: Its attributes; custom ones as `customAttributes.<id>`, lists as lists of entries.
        stamps: Who wrote each attribute last.
        maker: The message that it was created from; none of people's.
        owners: Whose it is, by stream: what it was created from, or what took it for its own.
        gone_at: When it was deleted.
        gone_by: Who deleted it.
        images: What search knows of it, from when on; nothing where it is gone.
        taken: What may have been taken of its source last, by attribute.
        left: Every value that we wrote, by attribute.
        is_found_after_loss: Whether it is people's, and was found where a create of ours was lost.
        not_ours: Names that showed another value than we wrote when it was found for a lost create:
            nulls do not clear them, until we write them again.
        remembered_at: Since when the journal holds for good that it was created.
        dropped: E-mail addresses that people took out.
    """

    number: int
    path: str
    values: Row
    stamps: dict[str, Stamp]
    maker: Message | None = None
    owners: dict[str, Key] = field(default_factory=dict)
    gone_at: float | None = None
    gone_by: str = ""
    images: list[tuple[float, Row | None]] = field(default_factory=list)
    taken: dict[str, list[Any]] = field(default_factory=dict)
    left: dict[str, list[Any]] = field(default_factory=dict)
    remembered_at: float | None = None
    is_found_after_loss: bool = False
    not_ours: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)

    @property
    def apptivo_id(self) -> str:
        """Its id as the target knows it."""
        return str(self.number)

    @property
    def is_there(self) -> bool:
        """Whether it was not deleted."""
        return self.gone_at is None

    @property
    def changed_at(self) -> float:
        """When an attribute was written last."""
        return max(stamp.at for stamp in self.stamps.values())

    @property
    def is_remembered(self) -> bool:
        """Whether the journal holds that it was created."""
        return self.remembered_at is not None

    @property
    def is_shared(self) -> bool:
        """Whether records of several streams write into it."""
        return len(self.owners) > 1

    def image(self, now: float) -> Row | None:
        """Give what search shows of it."""
        shown = None
        for since, row in self.images:
            if since <= now:
                shown = row
        return shown

    def is_by_people(self, name: str) -> bool:
        """Whether people wrote an attribute last."""
        return name in self.stamps and self.stamps[name].who == PEOPLE


def flat(row: Row) -> Row:
    """Write custom attributes one by one; what is null stays null."""
    values: Row = {}
    for name, value in row.items():
        if name == "customAttributes" and isinstance(value, list):
            for entry in value:
                values[_CUSTOM + entry["customAttributeId"]] = entry.get("customAttributeValue")
        else:
            values[name] = value
    return values


def whole(values: Row) -> Row:
    """Write an object as Apptivo shows it."""
    row: Row = {}
    customs = []
    for name, value in values.items():
        if name.startswith(_CUSTOM):
            entry = {"customAttributeId": name.removeprefix(_CUSTOM)}
            customs.append(entry | {"customAttributeValue": value})
        else:
            row[name] = value
    return row | {"customAttributes": customs} if customs else row


def said(values: Row) -> Iterator[tuple[str, Any]]:
    """Give the attributes that say something."""
    return ((name, value) for name, value in values.items() if value or not is_blank(value))


def is_blank(value: object) -> bool:
    """Whether a value says nothing."""
    return not value and (value is None or value in ("", []))


def is_same(name: str, one: object, other: object) -> bool:
    """Whether two values of an attribute are the same; of a list, whether one holds the other."""
    if name in _LISTS:
        return addresses(other) <= addresses(one)
    if type(one) is type(other) is str and one == other:
        return True
    if is_blank(one) or is_blank(other):
        return is_blank(one) and is_blank(other)
    return _plain(one) == _plain(other)


def addresses(value: object) -> set[str]:
    """Give the e-mail addresses in a list."""
    entries = value if isinstance(value, list) else []
    return {str(entry.get("emailAddress")).strip().casefold() for entry in entries}


def _plain(value: object) -> object:
    """Write a number and its text alike."""
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return str(value).strip()
