"""The fields of one app of an account, and how one of them is found by its name. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.names import folded, nearest_told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STANDARD: Final = "standard"
CUSTOM: Final = "custom"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a dropdown, or one type of an e-mail, phone or address.

    Attributes:
        id: What Apptivo calls it.
        label: What people see.
        code: Its code, where it has one.
    """

    id: int | str
    label: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The group of an address that a field is a part of."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an app.

    Attributes:
        app: The app's name, `leads`.
        name: The tag name: of a standard field mostly the attribute of its records.
        label: What the screen calls it.
        id: Its id, which nobody renames.
        kind: `standard` or `custom`.
        type: The tag: `input`, `select`, …; `address` for a part of one.
        mandatory: Whether the screens insist on it.
        options: Its choices.
        group: The address that it is a part of.
        tag_id: What stands for the only choice of a field without a list of them.
    """

    app: str
    name: str
    label: str
    id: str
    kind: str = STANDARD
    type: str = "input"
    mandatory: bool = False
    options: tuple[Option, ...] = ()
    group: Group | None = None
    tag_id: str = ""

    @property
    def is_custom(self) -> bool:
        """Whether its value is an entry of `customAttributes`."""
        return self.kind == CUSTOM

    @property
    def title(self) -> str:
        """The field for people: by its label and id."""
        return f"{self.label} ({self.id})"

    def told(self) -> dict[str, Any]:
        """Give what programs are told of it."""
        names = ("app", "name", "label", "id", "kind", "type", "mandatory")
        options = [{"id": option.id, "label": option.label} for option in self.options]
        return {**{name: getattr(self, name) for name in names}, "options": options}


@dataclass(frozen=True, slots=True)
class Several:
    """Several fields have a name in common."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What an app's configuration says of its fields.

    Attributes:
        app: The app's name.
        fields: Those that are switched on, in the order of the screen.
        date_format: How the account writes dates; none where it does not say.
        email_types: Types of e-mails, the account's first one first; likewise the others.
        phone_types: Types of phones.
        address_types: Types of addresses.
        currency: The account's currency, where it says.
        disabled: Folded ids, names and labels of what is switched off.
    """

    app: str
    fields: tuple[Field, ...] = ()
    date_format: str | None = None
    email_types: tuple[Option, ...] = ()
    phone_types: tuple[Option, ...] = ()
    address_types: tuple[Option, ...] = ()
    currency: str | None = None
    disabled: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def _indices(self) -> tuple[Mapping[str, tuple[Field, ...]], ...]:
        """Index the fields by id, name and label: by each first as it is, then folded."""
        return tuple(
            _index((write(getattr(each, part)), each) for each in self.fields)
            for part in ("id", "name", "label")
            for write in (str, folded)
        )

    def find(self, name: str) -> Field | Several | None:
        """Find a field by its id, its name, or its label on the screen, in this order."""
        for place, index in enumerate(self._indices):
            if found := index.get(folded(name) if place % 2 else name.strip()):
                return found[0] if len(found) == 1 else Several(found)
        return None

    def nearest(self, name: str) -> str:
        """Say which fields are near to a name that is none."""
        return nearest_told(name, [each for one in self.fields for each in (one.label, one.name)])


def _index(pairs: Iterable[tuple[str, Field]]) -> dict[str, tuple[Field, ...]]:
    """Gather fields by a text that is not empty."""
    found = defaultdict[str, list[Field]](list)
    for text, each in pairs:
        if text:
            found[text].append(each)
    return {text: tuple(fields) for text, fields in found.items()}
