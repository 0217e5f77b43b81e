"""Tell whether two values are the same without keeping them. Pure.

Values are compared as Apptivo would be sent them: numbers by value, objects in any order, lists in
order, text exactly; a date of a stream map is its text.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZE = 8
_SHORT = 64
# A number of more digits is written with an exponent, so that 1e999999 does not fill the memory.
_MOST_DIGITS = 1_000
_TOO_LONG = 10**_MOST_DIGITS
# ASCII: a lone surrogate has no UTF-8, and is a text all the same.
_quote = encode_basestring_ascii


def digest(value: Any) -> str:  # noqa: ANN401
    """Give a short text that equal values share, and others do not.

    Args:
        value: What `jsontext.loads` gave, possibly changed by stream maps.

    Returns:
        16 hexadecimal digits.

    Raises:
        ValueError: If JSON cannot hold the value (but for `NaN`), or it is nested too deep.
    """
    # Most values are texts: their path is the short one.
    text = _quote(value) if type(value) is str else _canonical(value)
    return _hash_short(text) if len(text) < _SHORT else _hash(text)


def digests(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Give the digest of each attribute.

    Raises:
        ValueError: As `digest` does.
    """
    return {name: digest(value) for name, value in attributes.items()}


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """Give a short text that only equal values share, in an instant; equal ones may differ in it.

    Raises:
        ValueError: If JSON cannot hold the value (but for `NaN`), or it is nested too deep.
    """
    try:
        text = _quick(value)
    except (TypeError, RecursionError) as error:
        msg = "a value that JSON cannot hold"
        raise ValueError(msg) from error
    return blake2b(text.encode(), digest_size=_SIZE).hexdigest()


def key_text(values: Mapping[str, Any]) -> str:
    """Write the values of a key, so that equal keys are equal texts.

    Args:
        values: Values by the names of the key properties.

    Returns:
        The values as texts (42 is "42", null stays null), in the order of their sorted names: a
        JSON list, in ASCII.

    Raises:
        ValueError: As `digest` does.
    """
    parts = [_key_part(values[name]) for name in sorted(values)]
    return f"[{','.join(['null' if part is None else _quote(part) for part in parts])}]"


def _told(value: object) -> list[str]:
    """Write what is no JSON type, so that it is like no value that is one."""
    text = str(value) if isinstance(value, Decimal) else _canonical(value)
    return [type(value).__name__, text]


_quick = json.JSONEncoder(default=_told, check_circular=False).encode


def _hash(text: str) -> str:
    """Shorten a canonical text, which is ASCII."""
    return blake2b(text.encode(), digest_size=_SIZE).hexdigest()


# What a list of values has, or did not change, comes again; long texts would fill the memory.
_hash_short = lru_cache(maxsize=1024)(_hash)


def _key_part(value: object) -> str | None:
    """Write one value of a key as text."""
    if value is None or isinstance(value, str):
        return value
    if type(value) is int and -_TOO_LONG < value < _TOO_LONG:
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return _canonical(value)


def _canonical(value: Any) -> str:  # noqa: ANN401
    """Write a value as JSON that equal values share."""
    try:
        return _text(value)
    except RecursionError:
        msg = "a value that is nested too deep"
        raise ValueError(msg) from None


def _text(value: Any) -> str:  # noqa: ANN401, PLR0911
    """Write a value, by its type."""
    if isinstance(value, str):
        return _quote(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number(value)
        case dict():
            parts = sorted([f"{_name(name)}:{_text(item)}" for name, item in value.items()])
            return f"{{{','.join(parts)}}}"
        case list() | tuple():
            return f"[{','.join([_text(item) for item in value])}]"
        case dt.date() | dt.time():
            return _quote(value.isoformat())
    msg = f"a value of type {type(value).__name__} that JSON cannot hold"
    raise ValueError(msg)


def _name(name: object) -> str:
    """Write the name of an object's member; a stream map may make one that is no text."""
    return _quote(name if isinstance(name, str) else _text(name))


def _number(number: Decimal | float) -> str:
    """Write a number so that its value alone counts, and not how it was written."""
    if isinstance(number, int) and -_TOO_LONG < number < _TOO_LONG:
        return str(number)
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite():
        return "NaN" if exact.is_nan() else f"{exact}"
    if abs(exact.adjusted()) < _MOST_DIGITS:
        text = format(exact, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    sign, digits, exponent = exact.as_tuple()
    coefficient = "".join(map(str, digits)).rstrip("0")
    if not coefficient:
        return "0"
    shift = int(exponent) + len(digits) - len(coefficient)
    return f"{'-' if sign else ''}{coefficient}e{shift}"
