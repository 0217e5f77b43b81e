"""Read one value of a record as a text, a number, a date, yes or no, or choices. Pure.

Each gives the value as Apptivo takes it, or refuses the record in words that follow the field's
name, and hold none of the record's.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.fields.dates import read_date, write_date
from target_apptivo.apptivo.fields.names import folded, listed, nearest_told
from target_apptivo.apptivo.values import is_empty, plain_text
from target_apptivo.errors import RecordRejectedError
from target_apptivo.jsontext import number_text

if TYPE_CHECKING:
    from target_apptivo.apptivo.fields.field import Choices, Option

_YES: Final = frozenset({"y", "yes", "true", "1", "on"})
_NO: Final = frozenset({"n", "no", "false", "0", "off"})
_SEPARATORS: Final = (";", ",", "|")


def read_text(value: object) -> str:
    """Give a single value as text: a number by its digits, a date as ISO."""
    if isinstance(value, str):
        return value
    try:
        return plain_text(value)
    except ValueError:
        raise RecordRejectedError("takes a single value") from None


def read_number(value: object) -> int | Decimal:
    """Give a number, also one that comes as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        number = (
            Decimal(read_text(value).strip()) if not isinstance(value, bool) else Decimal("NaN")
        )
        number_text(number)
    except (InvalidOperation, ValueError):
        raise RecordRejectedError("takes a number") from None
    is_whole = number == number.to_integral_value() and "." not in number_text(number)
    return int(number) if is_whole else number


def read_day(value: object, pattern: str) -> str:
    """Give an ISO date as the account writes it."""
    date = read_date(value)
    if date is None:
        raise RecordRejectedError("takes an ISO date, such as 2026-12-31")
    return write_date(date, pattern)


def read_flag(value: object) -> str:
    """Give yes or no as a payload has it (docs/apptivo.md 8.7)."""
    text = folded(read_text(value))
    if text not in _YES | _NO:
        raise RecordRejectedError("takes yes or no")
    return "Y" if text in _YES else "N"


def choose(value: object, choices: Choices) -> Option:
    """Find one choice by its label, its id or its code, in this order."""
    text = read_text(value)
    found = choices.find(text)
    if len(found) == 1:
        return found[0]
    if found:
        ids = listed(str(each.id) for each in found)
        raise RecordRejectedError(f"has that value several times: name an id, {ids}")
    near = nearest_told(text, [option.label for option in choices.options])
    raise RecordRejectedError(f"has no such value; {near}")


def choose_several(value: object, choices: Choices) -> list[Option]:
    """Find several choices: of a list, or of a text that names one, or lists some."""
    if isinstance(value, list | tuple):
        values = [each for each in value if not is_empty(each)]
        return list(dict.fromkeys(choose(each, choices) for each in values))
    text = read_text(value)
    for separator in _SEPARATORS:
        parts = [part for part in text.split(separator) if part.strip()]
        if len(parts) > 1 and not choices.has_label(text):
            return list(dict.fromkeys(choose(part, choices) for part in parts))
    return [choose(text, choices)]
