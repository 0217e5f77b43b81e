"""Attributes that are one thing to people: a label and an id, a person, a link. Data.

FACT (docs/apptivo.md 8.4 to 8.6) for the names. One of them without the others: UNKNOWN.
"""

from __future__ import annotations

from typing import Final

Names = tuple[str, ...]


def _lead_dropdown(name: str) -> Names:
    """Name a label and an id: the attribute without ending holds the id, or a code."""
    return f"{name}Meaning", name


def _case_dropdown(name: str) -> Names:
    """Name a label and an id."""
    return name, f"{name}Id"


def _person(stem: str) -> Names:
    """Name who something is assigned to: by name, by id, and the number of the object."""
    return f"{stem}RefName", f"{stem}RefId", f"{stem}Id"


# Labels and ids of dropdowns, by app.
DROPDOWNS: Final[dict[str, tuple[Names, ...]]] = {
    "leads": tuple(map(_lead_dropdown, ("leadStatus", "leadSource", "leadRank"))),
    "customers": (("statusName", "statusId"),),
    "contacts": (("contactStatusName", "contactStatusId"),),
    "cases": tuple(map(_case_dropdown, ("caseStatus", "caseType", "casePriority"))),
    "opportunities": (
        ("salesStageName", "salesStageId"),
        ("leadSourceTypeName", "leadSourceTypeId"),
    ),
}
ASSIGNEES: Final = {
    "leads": _person("assigneeObject"),
    "customers": _person("assigneeObject"),
    "contacts": _person("assigneeObject"),
    "cases": _person("assignedObject"),
    "opportunities": _person("assignedToObject"),
}
REFERRER: Final = ("referredByName", "referredById")
_LINKS: Final[dict[str, tuple[Names, ...]]] = {
    "leads": (("accountName", "accountId"), REFERRER),
    "contacts": (("accountName", "accountId"),),
    "cases": (("caseCustomer", "caseCustomerId"), ("caseContact", "caseContactId")),
    "opportunities": (("opportunityCustomer", "opportunityCustomerId"),),
}


def together(path: str) -> tuple[Names, ...]:
    """Give the groups of attributes of an app, by its path."""
    app = path.rpartition("/")[2]
    return (*DROPDOWNS.get(app, ()), *_LINKS.get(app, ()), ASSIGNEES.get(app, ()))
