"""Dates as an account writes them, by its pattern such as `dd/MM/yyyy`. Pure: no clock.

That a pattern is Java's, as the one that was seen looks, is INFERRED (docs/apptivo.md 7.1, 8.7).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE: Final = re.compile(r"(?P<letters>([A-Za-z])\2*)|'(?P<quoted>[^']*)'|(?P<other>[^A-Za-z'])")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LETTERS: Final[dict[str, Callable[[dt.date], str]]] = {
    "d": lambda date: str(date.day),
    "dd": lambda date: f"{date.day:02}",
    "M": lambda date: str(date.month),
    "MM": lambda date: f"{date.month:02}",
    "MMM": lambda date: _MONTHS[date.month - 1][:3],
    "MMMM": lambda date: _MONTHS[date.month - 1],
    "yy": lambda date: f"{date.year % 100:02}",
    **dict.fromkeys(("y", "yyyy", "u", "uuuu"), lambda date: f"{date.year:04}"),
}
_ISO: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ][0-9:.,]+(?:Z|z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


def read_date(value: object) -> dt.date | None:
    """Read an ISO date, also of a date and time: the date as it is written there."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def write_date(date: dt.date, pattern: str) -> str:
    """Write a date by a pattern.

    Raises:
        ValueError: If the pattern asks for anything but day, month and year.
    """
    return "".join(_written(date, match) for match in _PIECE.finditer(pattern))


def is_date_pattern(pattern: str) -> bool:
    """Whether a pattern writes a whole date that can be read again."""
    letters = [match["letters"] for match in _PIECE.finditer(pattern) if match["letters"]]
    kinds = {each[0].replace("u", "y") for each in letters}
    return kinds == {"d", "M", "y"} and all(each in _LETTERS for each in letters)


def _written(date: dt.date, match: re.Match[str]) -> str:
    """Write one piece of a pattern."""
    letters = match["letters"]
    if letters is None:
        return match["other"] or match["quoted"] or "'"
    write = _LETTERS.get(letters)
    if write is None:
        msg = "a pattern that asks for more than day, month and year"
        raise ValueError(msg)
    return write(date)
