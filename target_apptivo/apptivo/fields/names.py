"""When two names are one, and which names are near to another. Pure."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The accents of Latin, Greek and Cyrillic. The marks of other scripts are vowels and tones: a word
# without them is another word.
_FIRST_ACCENT: Final = "\u0300"
_LAST_ACCENT: Final = "\u036f"
_LONGEST_COMPARED: Final = 80
_MOST_NAMED: Final = 3
_LEAST_LIKENESS: Final = 0.5


def folded(text: str) -> str:
    """Write a name so that case, accents and blanks do not matter."""
    if text.isascii():
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(each for each in decomposed if not _FIRST_ACCENT <= each <= _LAST_ACCENT)
    return " ".join(bare.casefold().split())


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Give the names that are most like another one, the nearest first."""
    by_folded = {folded(each)[:_LONGEST_COMPARED]: each for each in known}
    wanted = folded(name)[:_LONGEST_COMPARED]
    close = get_close_matches(wanted, by_folded, _MOST_NAMED, _LEAST_LIKENESS)
    return [by_folded[each] for each in close]


def nearest_told(name: str, known: Sequence[str]) -> str:
    """Say which names are near, else which there are, for the end of a message."""
    if near := nearest(name, known):
        return f"nearest: {listed(near)}"
    if not known:
        return "there is none"
    more = ", …" if len(known) > _MOST_NAMED else ""
    return f"there is {listed(known[:_MOST_NAMED])}{more}"


def listed(names: Iterable[str]) -> str:
    """Write names for people."""
    return ", ".join(f"'{name}'" for name in names)
