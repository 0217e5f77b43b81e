"""Values as entries of `customAttributes`, type by type. Pure.

FACT for the shapes (docs/apptivo.md 8.1): the entries are MT's. That `numberValue` is a number and
`customAttributeValue` its text is INFERRED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.custom import CUSTOM
from target_apptivo.apptivo.fields.field import Choices, Option
from target_apptivo.apptivo.fields.singles import (
    choose,
    choose_several,
    read_day,
    read_flag,
    read_number,
    read_text,
)
from target_apptivo.jsontext import number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_apptivo.apptivo.fields.field import Field, Fields

Part = dict[str, Any]


def _text(field: Field, value: object, _account: Fields) -> Part:
    """An input, a text area, a link: the text."""
    return _entry(field, read_text(value))


def _number(field: Field, value: object, _account: Fields) -> Part:
    """A number: its text, and itself."""
    number = read_number(value)
    return _entry(field, number_text(number), numberValue=number)


def _currency(field: Field, value: object, account: Fields) -> Part:
    """An amount: like a number, in the account's currency where that is known."""
    number = read_number(value)
    code = {"currencyCode": account.currency} if account.currency else {}
    return _entry(field, number_text(number), numberValue=number, **code)


def _date(field: Field, value: object, account: Fields) -> Part:
    """A date: text in the account's format."""
    return _entry(field, read_day(value, account.date_format or ""))


def _select(field: Field, value: object, _account: Fields) -> Part:
    """A dropdown: label and option id."""
    option = choose(value, field.choices)
    return _entry(field, option.label, customAttributeValueId=option.id)


def _radio(field: Field, value: object, _account: Fields) -> Part:
    """Radio buttons: like a dropdown, and the option in `attributeValues` too."""
    option = choose(value, field.choices)
    values = [_option(option)]
    return _entry(field, option.label, customAttributeValueId=option.id, attributeValues=values)


def _check(field: Field, value: object, _account: Fields) -> Part:
    """Check boxes and multiple choice: no value, the options in `attributeValues`.

    One box alone takes yes and no as well; no is nothing to send.
    """
    choices = field.choices
    if not choices.options:
        choices = Choices([Option(field.tag_id or field.id, field.label)])
    if isinstance(value, bool) and len(choices.options) == 1:
        chosen = list(choices.options) if read_flag(value) == "Y" else []
    else:
        chosen = choose_several(value, choices)
    if not chosen:
        return {}
    return _entry(field, "", attributeValues=[_option(option) for option in chosen])


def _option(option: Option) -> dict[str, Any]:
    """Write a choice as it stands in `attributeValues`."""
    return {"attributeId": option.id, "attributeValue": option.label}


def _entry(field: Field, value: str, **more: Any) -> Part:  # noqa: ANN401 - members by type
    """Write an entry; the tag name is a key, too, and never takes the place of another."""
    entry = {
        field.name: value,
        "customAttributeId": field.id,
        "customAttributeType": field.type,
        "customAttributeName": field.name,
        "customAttributeTagName": field.name,
        "customAttributeValue": value,
        "fieldType": "NUMBER",
        "attributeValues": [],
        **more,
    }
    return {CUSTOM: [entry]}


# By the folded tag. Not among them, since what they take is not one value: `reference`,
# `referenceField`, `counter`, and the rows of a table.
CUSTOM_SHAPES: Final[Mapping[str, Callable[[Field, object, Fields], Part]]] = {
    "input": _text,
    "textarea": _text,
    "simpletextarea": _text,
    "link": _text,
    "number": _number,
    "currency": _currency,
    "date": _date,
    "select": _select,
    "radio": _radio,
    "check": _check,
    "multiselect": _check,
}
