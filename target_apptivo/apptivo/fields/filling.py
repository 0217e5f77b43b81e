"""One entry of the option `fields`: a field, and the attribute that fills it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.custom import CUSTOM
from target_apptivo.apptivo.fields.custom_shapes import CUSTOM_SHAPES
from target_apptivo.apptivo.fields.dates import is_date_pattern
from target_apptivo.apptivo.fields.names import folded
from target_apptivo.apptivo.fields.pairs import SEVERAL, SINGLE, pair_of
from target_apptivo.apptivo.fields.people import role_of
from target_apptivo.apptivo.fields.standard_shapes import (
    ADDRESSES,
    EMAILS,
    PHONES,
    address_part,
    email_part,
    is_address_member,
    list_of,
    phone_part,
    standard_shape,
)
from target_apptivo.apptivo.template import MISSING, look_up
from target_apptivo.apptivo.values import is_empty
from target_apptivo.errors import RecordRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_apptivo.apptivo.fields.field import Field, Fields, Option
    from target_apptivo.apptivo.fields.people import Role

Part = dict[str, Any]

_LIST_PARTS: Final = {EMAILS: email_part, PHONES: phone_part, ADDRESSES: address_part}
_LINKS: Final = frozenset({"reference", "referencefield"})


@dataclass(frozen=True, slots=True)
class Filling:
    """A field and the attribute that fills it.

    Attributes:
        name: What the settings call the field.
        attribute: The attribute; dotted for nested.
        field: The field.
        names: The attributes of a payload that are this field's alone.
        role: The attributes of a person, if it takes one.
        shape: Makes of a value what is sent; none of a person.
    """

    name: str
    attribute: str
    field: Field
    names: tuple[str, ...]
    role: Role | None = None
    shape: Callable[[object], Part] | None = None

    def value(self, record: Mapping[str, Any]) -> object | None:
        """Give the attribute's value; None where it is missing, null or empty."""
        value = look_up(record, self.attribute)
        return None if value is MISSING or is_empty(value) else value

    def part(self, value: object) -> Part:
        """Shape a value.

        Raises:
            RecordRejectedError: If the field does not take it.
        """
        assert self.shape is not None  # noqa: S101 - people are not shaped here
        try:
            return self.shape(value)
        except RecordRejectedError as error:
            raise self.unfit(str(error)) from None

    def unfit(self, problem: str) -> RecordRejectedError:
        """Say that a value does not do; the problem follows the field's name."""
        return RecordRejectedError(f"field '{self.name}' (attribute '{self.attribute}') {problem}")


def filling_of(
    name: str, attribute: str, field: Field, kind: Option | None, account: Fields
) -> Filling | str:
    """Tell how an attribute fills a field, or why nothing can.

    Args:
        name: What the settings call the field.
        attribute: The attribute.
        field: The field.
        kind: The type of an e-mail, phone or address.
        account: What else the configuration says.
    """
    if problem := _unfit(field, account):
        return problem
    make = partial(Filling, name, attribute, field)
    if role := role_of(field):
        return make(role.names, role)
    if listed := list_of(field):
        return make((listed,), None, partial(_flipped, _LIST_PARTS[listed], field, kind))
    if field.is_custom:
        shape = CUSTOM_SHAPES[folded(field.type)]
        return make((field.name, field.id), None, partial(_accounted, shape, field, account))
    standard = standard_shape(field)
    if standard is None:
        return f"is a field of type {field.type}, for which no shape is known"
    names = pair_of(field.app, field.name).names if field.options else (field.name,)
    return make(names, None, partial(_accounted, standard, field, account))


def _unfit(field: Field, account: Fields) -> str | None:
    """Say why a field cannot be filled, if so."""
    tag = folded(field.type)
    if tag == "date" and not is_date_pattern(account.date_format or ""):
        told = f"'{account.date_format}', which is no date" if account.date_format else "none"
        return f"is a date, and how the account writes dates is not known (dateFormat: {told})"
    if field.is_custom:
        return _unfit_custom(field, tag)
    if field.group and not is_address_member(field):
        return f"is a part of an address that is not known ({field.name})"
    if tag in _LINKS and not role_of(field):
        return "is a link to another object: send its id as an attribute, with `references`"
    if tag in SINGLE and not field.options and not field.group:
        return "is a dropdown whose values the configuration does not show"
    return None


def _unfit_custom(field: Field, tag: str) -> str | None:
    """Say why a custom attribute cannot be filled, if so."""
    if tag not in CUSTOM_SHAPES:
        return f"is a custom attribute of type '{field.type}', for which no shape is known"
    if tag in SINGLE | SEVERAL - {"check"} and not field.options:
        return "is a dropdown whose values the configuration does not show"
    return None


def _flipped(
    shape: Callable[[Field, object, Option | None], Part],
    field: Field,
    kind: Option | None,
    value: object,
) -> Part:
    """Shape an entry of a list."""
    return shape(field, value, kind)


def _accounted(
    shape: Callable[[Field, object, Fields], Part], field: Field, account: Fields, value: object
) -> Part:
    """Shape a value by what the account says."""
    return shape(field, value, account)


def join_parts(parts: list[Part]) -> Part:
    """Put parts together: entries of lists one after another, those of one address as one."""
    joined: Part = {}
    for part in parts:
        for name, value in part.items():
            if name in _LIST_PARTS or name == CUSTOM:
                joined[name] = [*joined.get(name, ()), *value]
            else:
                joined[name] = value
    if ADDRESSES in joined:
        joined[ADDRESSES] = _joined_addresses(joined[ADDRESSES])
    return joined


def _joined_addresses(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join the parts of each address: those of one place on the screen and one type."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for entry in entries:
        place = tuple(
            entry.get(name) for name in ("addressAttributeId", "addressGroupName", "addressType")
        )
        found[place] = {**found.get(place, {}), **entry}
    return list(found.values())
