"""Standard dropdowns: a label and an id that go together, under which names. Data.

FACT (docs/apptivo.md 8.4) for the rows; that any other `…Name` goes with an `…Id` is INFERRED, as
is that a dropdown without such a name takes its label alone. One of a pair alone: UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


_BY_APP: Final = {
    # The attribute without ending holds the id, or a code.
    "leads": tuple(
        Pair(f"{name}Meaning", name) for name in ("leadStatus", "leadSource", "leadRank")
    ),
    "customers": (Pair("statusName", "statusId"),),
    "contacts": (Pair("contactStatusName", "contactStatusId"),),
    "cases": tuple(Pair(name, f"{name}Id") for name in ("caseStatus", "caseType", "casePriority")),
    "opportunities": (
        Pair("salesStageName", "salesStageId"),
        Pair("leadSourceTypeName", "leadSourceTypeId"),
    ),
}


def known_pair(app: str, name: str) -> Pair | None:
    """Find the pair that an attribute is one of."""
    return next((pair for pair in _BY_APP.get(app, ()) if name in pair.names), None)


def pair_of(app: str, name: str) -> Pair:
    """Give the attributes of a dropdown: of one that is not known by its name."""
    if pair := known_pair(app, name):
        return pair
    stem = name.removesuffix("Name")
    return Pair(name, f"{stem}Id") if stem != name and stem else Pair(name)


def has_choices(app: str, name: str, tag: str) -> bool:
    """Whether a standard field is a dropdown."""
    return tag.casefold() in SINGLE | SEVERAL or known_pair(app, name) is not None
