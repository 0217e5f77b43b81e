"""Values of standard fields, kind by kind. Pure.

FACT for e-mails, phones, addresses, dropdowns and dates (docs/apptivo.md 8.2 to 8.4, 8.7). That a
field whose type is none of these takes its value as it is, under its tag name, is INFERRED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.names import folded
from target_apptivo.apptivo.fields.pairs import has_choices, pair_of
from target_apptivo.apptivo.fields.singles import (
    choose,
    read_day,
    read_flag,
    read_number,
    read_text,
)
from target_apptivo.apptivo.values import is_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_apptivo.apptivo.fields.field import Field, Fields, Option

Part = dict[str, Any]

EMAILS: Final = "emailAddresses"
PHONES: Final = "phoneNumbers"
ADDRESSES: Final = "addresses"
# How a layout may name the two lists: the attribute of a payload, an entry's own, and the name that
# an update of e-mails lists (docs/apptivo.md 3.3, 8.2). The names of phones beside are INFERRED.
_LIST_NAMES: Final = {
    EMAILS: frozenset({"emailaddresses", "emailaddress", "contactemail", "cont_email_input"}),
    PHONES: frozenset({"phonenumbers", "phonenumber", "contactphone", "phone"}),
}
_LIST_TAGS: Final = {"email": EMAILS, "phone": PHONES}
_LIST_APPS: Final = frozenset({"leads", "customers", "contacts", "opportunities"})
_EMAIL_INPUT: Final = "cont_email_input"
_PHONE_INPUTS: Final = {
    "leads": "lead_phone_input",
    "customers": "cust_phone_input",
    "contacts": "contact_phone_input",
}
# Members of an address (docs/apptivo.md 8.3), and other names for them (INFERRED).
_ADDRESS_MEMBERS: Final = {
    folded(name): name
    for name in (
        *("addressLine1", "addressLine2", "city", "county", "state", "stateCode", "zipCode"),
        *("countryId", "countryCode", "countryName", "deliveryInstructions"),
    )
} | {"country": "countryName", "zip": "zipCode", "postalcode": "zipCode"}


def list_of(field: Field) -> str | None:
    """Give the list that a field's values are entries of; None where it is none."""
    if field.is_custom:
        return None
    if field.group:
        return ADDRESSES
    if field.app not in _LIST_APPS:
        return None
    named = {folded(field.name), folded(field.id)}
    by_name = (name for name, known in _LIST_NAMES.items() if named & known)
    return next(by_name, _LIST_TAGS.get(folded(field.type)))


def email_part(field: Field, value: object, kind: Option | None) -> Part:
    """An e-mail: an entry, with its type; several where the value is a list."""
    kinds = {"emailType": kind.label, "emailTypeCode": kind.code or kind.label} if kind else {}
    entries = [{"emailAddress": text, **kinds, "id": _EMAIL_INPUT} for text in _texts(field, value)]
    return {EMAILS: entries}


def phone_part(field: Field, value: object, kind: Option | None) -> Part:
    """A phone: an entry, with its type; several where the value is a list."""
    kinds = {"phoneType": kind.label, "phoneTypeCode": kind.code or kind.label} if kind else {}
    own = {"id": _PHONE_INPUTS[field.app]} if field.app in _PHONE_INPUTS else {}
    entries = [{"phoneNumber": text, **kinds, **own} for text in _texts(field, value)]
    return {PHONES: entries}


def address_part(field: Field, value: object, kind: Option | None) -> Part:
    """A part of an address: an entry, to be joined with the other parts of the same."""
    kinds = (
        {"addressType": kind.label, "addressTypeCode": kind.code or str(kind.id)} if kind else {}
    )
    group = field.group
    place = {"addressAttributeId": group.id, "addressGroupName": group.name} if group else {}
    return {ADDRESSES: [{**place, **kinds, _ADDRESS_MEMBERS[folded(field.name)]: read_text(value)}]}


def _texts(_field: Field, value: object) -> list[str]:
    """Give a text, or each of a list."""
    values = value if isinstance(value, list | tuple) else [value]
    return [read_text(each).strip() for each in values if not is_empty(each)]


def _plain(field: Field, value: object, _account: Fields) -> Part:
    """A text, under its tag name."""
    return {field.name: read_text(value)}


def _number(field: Field, value: object, _account: Fields) -> Part:
    """A number or an amount."""
    return {field.name: read_number(value)}


def _date(field: Field, value: object, account: Fields) -> Part:
    """A date: text in the account's format."""
    return {field.name: read_day(value, account.date_format or "")}


def _flag(field: Field, value: object, _account: Fields) -> Part:
    """Yes or no: Y or N."""
    return {field.name: read_flag(value)}


def _choice(field: Field, value: object, _account: Fields) -> Part:
    """A dropdown: label and id, each under its own name."""
    option, pair = choose(value, field.choices), pair_of(field.app, field.name)
    part: Part = {pair.label: option.label}
    return {**part, pair.id: option.id} if pair.id else part


_BY_TAG: Final[Mapping[str, Callable[[Field, object, Fields], Part]]] = {
    "number": _number,
    "currency": _number,
    "date": _date,
    "check": _flag,
    "checkbox": _flag,
}
# What takes more than one value, or an object of Apptivo's.
_NOT_SINGLE: Final = frozenset(
    {"reference", "referencefield", "counter", "multiselect", "table", "attachment"}
)


def standard_shape(field: Field) -> Callable[[Field, object, Fields], Part] | None:
    """Give how a standard field is shaped that is no list and no person; None if it cannot be."""
    tag = folded(field.type)
    if has_choices(field.app, field.name, field.type) and (field.options or tag != "check"):
        return _choice if field.options and tag != "multiselect" else None
    return None if tag in _NOT_SINGLE else _BY_TAG.get(tag, _plain)


def is_address_member(field: Field) -> bool:
    """Whether a part of an address is one that is known."""
    return folded(field.name) in _ADDRESS_MEMBERS
