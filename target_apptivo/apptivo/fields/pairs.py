"""Standard dropdowns: a label and an id that go together, under which names. Pure.

Those that are known: `together.py`. That any other `…Name` goes with an `…Id` is INFERRED, as is
that a dropdown without such a name takes its label alone. One of a pair alone: UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from target_apptivo.apptivo.together import DROPDOWNS

# Types of fields with choices (docs/apptivo.md 7.3, 8.1); `dropdown` is a guess.
SINGLE: Final = frozenset({"select", "radio", "dropdown"})
SEVERAL: Final = frozenset({"check", "multiselect"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Names of the two attributes of a dropdown: for its label and its id."""

    label: str
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Both, or the one."""
        return (self.label, self.id) if self.id else (self.label,)


def known_pair(app: str, name: str) -> Pair | None:
    """Find the pair that an attribute is one of."""
    return next((Pair(*names) for names in DROPDOWNS.get(app, ()) if name in names), None)


def pair_of(app: str, name: str) -> Pair:
    """Give the attributes of a dropdown: of one that is not known by its name."""
    if pair := known_pair(app, name):
        return pair
    stem = name.removesuffix("Name")
    return Pair(name, f"{stem}Id") if stem != name and stem else Pair(name)


def has_choices(app: str, name: str, tag: str) -> bool:
    """Whether a standard field is a dropdown."""
    return tag.casefold() in SINGLE | SEVERAL or known_pair(app, name) is not None
