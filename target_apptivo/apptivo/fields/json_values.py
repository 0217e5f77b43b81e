"""Read values of a configuration in whatever form they come; nonsense is as good as none. Pure."""

from __future__ import annotations

import json
from typing import Any, Final

_NO: Final = frozenset({"n", "no", "false", "0"})
_YES: Final = frozenset({"y", "yes", "true", "1"})
# JSON within JSON within JSON.
_MOST_LAYERS: Final = 3


def text_of(value: object) -> str:
    """Give a text or a number as text without blanks around it; anything else is empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    try:
        return str(value).strip()
    except ValueError:  # a number of more digits than Python writes
        return ""


def objects_of(value: object) -> list[dict[str, Any]]:
    """Give the objects in what should be a list of objects."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def object_of(value: object) -> dict[str, Any] | None:
    """Give an object, also one that is told as JSON text; None where there is none."""
    for _ in range(_MOST_LAYERS):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def is_off(value: object) -> bool:
    """Whether a flag says no; one that is not there does not."""
    return value is False or (isinstance(value, str | int) and str(value).strip().lower() in _NO)


def is_on(value: object) -> bool:
    """Whether a flag says yes."""
    return value is True or (isinstance(value, str | int) and str(value).strip().lower() in _YES)
