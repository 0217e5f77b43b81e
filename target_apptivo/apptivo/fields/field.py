"""The fields of one app of an account, and how one of them is found by its name. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from target_apptivo.apptivo.fields.names import folded, nearest_told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

STANDARD: Final = "standard"
CUSTOM: Final = "custom"
# Indices that are of labels: a label that several have is not looked for among ids.
_LABELS: Final = 2


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


class Choices:
    """Options, each found at once by its label, its id or its code, in this order."""

    def __init__(self, options: Iterable[Option]) -> None:
        """Index them: by each part first as it is, then folded."""
        self.options = tuple(options)
        self._indices = [
            _index((write(str(getattr(each, part))), each) for each in self.options)
            for part in ("label", "id", "code")
            for write in (str.strip, folded)
        ]

    def find(self, text: str) -> tuple[Option, ...]:
        """Find the one that a text names; several where it is the label of several."""
        wanted = (text.strip(), folded(text))
        for place, index in enumerate(self._indices):
            found = index.get(wanted[place % 2], ())
            if len(found) == 1 or (found and place < _LABELS):
                return found
        return ()

    def has_label(self, text: str) -> bool:
        """Whether a text is a label."""
        return folded(text) in self._indices[1]


@dataclass(frozen=True, slots=True)
class Group:
    """The group of an address that a field is a part of."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def choices(self) -> Choices:
        """Its options, indexed."""
        return Choices(self.options)

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


def _index(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """Gather what has a text in common that is not empty."""
    found = defaultdict[str, list[T]](list)
    for text, each in pairs:
        if text:
            found[text].append(each)
    return {text: tuple(those) for text, those in found.items()}
