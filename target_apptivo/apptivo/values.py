"""What a source says and what Apptivo shows: when is that the same? Pure: no I/O, no clock.

Text is the same but for blanks around it, numbers by value, a number and its text by value; yes
and no only where both are literally so ("Y" is no `true`); a date is its text, whatever its format.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, Final

from target_apptivo.journal.digest import digest
from target_apptivo.jsontext import number_text

# Asks Apptivo to number the object: any number is an answer to it (docs/apptivo.md 8.7).
_AUTO_NUMBER: Final = "auto generated number"
_NUMBER: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, blank text, or a list or object of nothing else."""
    # Asked of every value, and more than once: `match` takes several times as long.
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(map(is_empty, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_empty, value))
    return value is None


def said(entry: dict[str, Any]) -> dict[str, Any]:
    """Give the members of an object that say something."""
    return {name: value for name, value in entry.items() if not is_empty(value)}


def objects_in(value: object) -> list[dict[str, Any]] | None:
    """Give a list of objects, an absent one as an empty one; None where it is anything else."""
    if value is None or value == "":
        return []
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    return None


def plain_text(value: object) -> str:
    """Write a single value so that a number and its text are equal: `1042` for `1042.0`.

    Raises:
        ValueError: If it is no single value, or a number that JSON cannot hold.
    """
    if isinstance(value, str):
        return value.strip()
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            text = number_text(value)
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if text == "-0" else text
        case dt.date() | dt.time():
            return value.isoformat()
    msg = "no single value"
    raise ValueError(msg)


def holds(found: object, wanted: object) -> bool:
    """Whether what is found says all that is wanted; members that are empty want nothing.

    Lists are compared in order, and as a whole.
    """
    match wanted:
        case dict():
            return isinstance(found, dict) and all(
                holds(found.get(name), value) for name, value in said(wanted).items()
            )
        case list() | tuple():
            return (
                isinstance(found, list | tuple)
                and len(found) == len(wanted)
                and all(map(holds, found, wanted))
            )
    return (is_empty(found) and is_empty(wanted)) or _is_same(found, wanted)


def is_equal(one: object, other: object) -> bool:
    """Whether two values say the same."""
    return holds(one, other) and holds(other, one)


def loosened(value: Any) -> Any:  # noqa: ANN401
    """Write a value in the one form that all values share which are the same.

    It serves to know again what is only remembered as a digest, and never to find a change at the
    source: text that looks like a number counts as one here, so `007` is `7`.
    """
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else text
    match value:
        case dict():
            return {name: loosened(item) for name, item in said(value).items()}
        case list() | tuple():
            return [loosened(item) for item in value]
        case dt.date() | dt.time():
            return value.isoformat()
    return value


def loose_digest(value: object) -> str:
    """Give the digest of a value that is to be known again; whatever says nothing is one."""
    return digest(None if is_empty(value) else loosened(value))


def restricted(found: Any, like: Any) -> Any:  # noqa: ANN401
    """Leave out of an object, and of those in it, what another one does not have."""
    if isinstance(found, dict) and isinstance(like, dict):
        return {name: restricted(found[name], like[name]) for name in like if name in found}
    if isinstance(found, list) and isinstance(like, list) and len(found) == len(like):
        return [restricted(item, model) for item, model in zip(found, like, strict=True)]
    return found


def _is_same(one: object, other: object) -> bool:
    """Compare two single values."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    one, other = _dateless(one), _dateless(other)
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    number = _number(one)
    return number is not None and number == _number(other)


def _dateless(value: object) -> object:
    """Write a date of a stream map as its text."""
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value


def _number(value: object) -> Decimal | None:
    """Read a number, or text that is one."""
    match value:
        case str() if _NUMBER.fullmatch(value.strip()):
            return Decimal(value.strip())
        case int() | Decimal():
            return Decimal(value)
        case float():
            return Decimal(repr(value))
    return None


def is_there(found: object, wanted: object) -> bool:
    """Whether Apptivo holds what the source wants; of nothing, whether it holds nothing."""
    if is_empty(wanted):
        return is_empty(found)
    return holds(found, wanted) or (asks_for_number(wanted) and not is_empty(found))


def asks_for_number(wanted: object) -> bool:
    """Whether a value, or one of a custom attribute, asks Apptivo for a number."""
    if isinstance(wanted, dict):
        return any(map(asks_for_number, wanted.values()))
    return isinstance(wanted, str) and wanted.strip().casefold() == _AUTO_NUMBER
