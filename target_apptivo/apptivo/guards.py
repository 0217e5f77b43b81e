"""What a record must never bring about: a delete that nobody named, a call of another path. Pure.

A guard reads a URL as the most generous server would: percent-encoding is undone until nothing is
left of it, for a proxy on the way may undo it once more than Apptivo does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The parameter by which Apptivo is told what to do, and what it is told to delete.
ACTION: Final = "a"
_DELETE: Final = "delete"
_SEPARATOR: Final = re.compile(r"[&;]")
_SLASH: Final = re.compile(r"[/\\]")


def climbs(url: str) -> bool:
    """Whether a segment of a URL's path is `.` or `..`, which would lead to another path."""
    path = _decoded(url.partition("?")[0])
    return any(segment in {".", ".."} for segment in _SLASH.split(path))


def splits_path(value: str) -> bool:
    """Whether a value in a path would be more than a part of one segment."""
    return bool(_SLASH.search(_decoded(value)))


def asks_to_delete(method: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> bool:
    """Whether a request deletes: by its method, or by `a=delete` in its query or its form.

    Args:
        method: The HTTP method.
        url: Path and query.
        fields: Names and values of further parameters, wherever they travel.
    """
    pairs = (*query_pairs(url), *fields)
    return method == "DELETE" or any(_is_delete(name, value) for name, value in pairs)


@lru_cache(maxsize=256)  # the records of a stream mostly share one
def query_pairs(url: str) -> tuple[tuple[str, str], ...]:
    """Give the names and values in a URL's query, an empty value where there is none."""
    pieces = _SEPARATOR.split(url.partition("?")[2])
    pairs = [piece.partition("=") for piece in pieces if piece]
    return tuple(
        (_decoded(name, unquote_plus), _decoded(value, unquote_plus)) for name, _, value in pairs
    )


def _is_delete(name: str, value: str) -> bool:
    """Whether a parameter asks for a delete."""
    return name.strip().lower() == ACTION and value.strip().lower() == _DELETE


def _decoded(text: str, undo: Callable[[str], str] = unquote) -> str:
    """Undo percent-encoding until there is none."""
    while (decoded := undo(text)) != text:
        text = decoded
    return text
