"""Write JSON as the tap meant it: every digit kept, no exponents, dates untouched. Pure."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import simplejson

if TYPE_CHECKING:
    from collections.abc import Iterable

# A decimal is written without an exponent, so its exponent is the length of the text. No amount
# needs this many digits; a record that asks for more is refused instead of filling the memory.
_MAX_DIGITS = 1_000
# Whoever walks through a value goes a level deeper with each call, and Python allows 1,000 of them.
MOST_LEVELS = 200


def number_text(number: Decimal | float) -> str:
    """Write a number as JSON without an exponent, keeping every digit.

    Args:
        number: A finite number.

    Returns:
        The digits, for example `0.0000001` for `1e-7`.

    Raises:
        ValueError: If JSON has no such number, or it would be absurdly long.
    """
    if isinstance(number, int):
        return str(number)
    exact = number if isinstance(number, Decimal) else Decimal(repr(number))
    if not exact.is_finite() or abs(exact.adjusted()) > _MAX_DIGITS:
        msg = "a number that JSON cannot hold"
        raise ValueError(msg)
    return format(exact, "f")


def _default(value: object) -> object:
    """Write what is no JSON type: decimals, and the dates that stream map expressions make."""
    match value:
        case Decimal():
            return simplejson.RawJSON(number_text(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
    msg = f"a value of type {type(value).__name__} that JSON cannot hold"
    raise ValueError(msg)


def _exact(value: Any) -> Any:  # noqa: ANN401
    """Replace floats, which simplejson would write with exponents (they come of stream maps)."""
    if isinstance(value, str):
        return value
    match value:
        case float():
            return Decimal(repr(value))
        case dict():
            return {name: _exact(item) for name, item in value.items()}
        case list() | tuple():
            return [_exact(item) for item in value]
        case simplejson.RawJSON():  # what the tap wrote and we could not read
            msg = "a value that JSON cannot hold"
            raise ValueError(msg)
    return value


# Made once, like those below: one for every value takes longer than most values.
_compact = simplejson.JSONEncoder(
    default=_default, use_decimal=False, allow_nan=False, ensure_ascii=False, separators=(",", ":")
).encode


def dumps(value: object) -> str:
    """Write a value as compact JSON, for Apptivo.

    Args:
        value: What `loads` gave, possibly changed by stream maps.

    Returns:
        JSON, its text as it is.

    Raises:
        ValueError: If JSON cannot hold the value.
    """
    text: str = _compact(_exact(value))
    return text


def dumps_line(value: object, *, allow_nan: bool = True) -> str:
    """Write a value as one line of output, whatever the tap sent in it.

    What Apptivo cannot be sent has to be told all the same: `NaN` stays as the tap wrote it, and
    a number may have an exponent. All text is ASCII, so that the output's encoding does not matter.

    Raises:
        ValueError: If `NaN` is not allowed, and the value holds it.
    """
    line: str = _LINES[allow_nan](value)
    return line


def _told(value: object) -> str:
    """Write what is no JSON type and comes of a stream map."""
    return value.isoformat() if isinstance(value, dt.datetime | dt.date | dt.time) else str(value)


_LINES: Final = {
    allow_nan: simplejson.JSONEncoder(
        default=_told, use_decimal=True, allow_nan=allow_nan, separators=(",", ":")
    ).encode
    for allow_nan in (False, True)
}


def loads(text: str | bytes) -> Any:  # noqa: ANN401
    """Read JSON with decimals kept exact; a byte order mark is ignored.

    Raises:
        ValueError: If the text is not JSON, or holds what cannot be held.
    """
    try:
        return _EXACT.decode(_decoded(text))
    except (ArithmeticError, RecursionError):
        msg = "a number that cannot be held, or nested too deep"
        raise ValueError(msg) from None


def loads_strictly(text: str | bytes) -> Any:  # noqa: ANN401
    """Read JSON as `loads` does, and refuse what `dumps` could not write again.

    Raises:
        ValueError: If the text is not JSON, holds `NaN` or an absurdly long number, or is nested
            too deep.
    """
    try:
        value = _STRICT.decode(_decoded(text))
    except (ArithmeticError, RecursionError):
        msg = "a number that cannot be held, or nested too deep"
        raise ValueError(msg) from None
    if is_too_deep(value, text):
        msg = "nested too deep"
        raise ValueError(msg)
    return value


def is_too_deep(value: object, text: str | bytes) -> bool:
    """Whether a value is nested deeper than can be walked through.

    Args:
        value: The value.
        text: Its JSON: most texts hold too few brackets for it.
    """
    if not _opens_more(text, MOST_LEVELS):
        return False
    level, containers = [value], (dict, list)
    levels = 0
    while level and levels < MOST_LEVELS:
        level = [item for each in level for item in _items(each) if isinstance(item, containers)]
        levels += 1
    return bool(level)


def _opens_more(text: Any, most: int) -> bool:  # noqa: ANN401 - of either kind
    """Whether a text has more opening brackets, each of which is closed.

    Found one by one: to count them takes twenty times as long where a text has few.
    """
    if len(text) <= 2 * most:
        return False
    found = 0
    for bracket in ("[", "{") if isinstance(text, str) else (b"[", b"{"):
        at = text.find(bracket)
        while at >= 0 and found <= most:
            found += 1
            at = text.find(bracket, at + 1)
    return found > most


def _items(value: object) -> Iterable[Any]:
    """Give what is directly in an object or array."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _decoded(text: str | bytes) -> str:
    """Read bytes as `json` does, and drop a byte order mark."""
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    return text.removeprefix("\ufeff")


def _writable(text: str) -> Decimal:
    """Read a decimal that can be written again."""
    number = Decimal(text)
    number_text(number)
    return number


_EXACT: Final = json.JSONDecoder(parse_float=Decimal)
_STRICT: Final = json.JSONDecoder(parse_float=_writable, parse_constant=_writable)
