"""What a=getConfigData answers: a firm's configuration, app by app. DATA.

The keys are SEEN (docs/apptivo.md); that one answer holds all of
them is INFERRED. The names of the lists of lead statuses, lead ranks, contact statuses and sales
stages, and the forms of teams and assignees, are INVENTED.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.fields import entries_of
from target_apptivo.sandbox.layouts import web_layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.sandbox.apps import App


def _rows(*names: str, first: int = 1) -> list[dict[str, Any]]:
    return [{"id": first + place, "name": name} for place, name in enumerate(names)]


def _types(**names: str) -> list[dict[str, Any]]:
    return [
        {"id": place, "code": code.removeprefix("_"), "name": name, "isEnabled": "Y"}
        for place, (code, name) in enumerate(names.items(), start=1)
    ]


_EVERY_APP: dict[str, Any] = {
    "dateFormat": "MM/dd/yyyy",
    "leadSources": _rows("Cold Call", "Trade Fair", "Website", "Referral"),
    "labels": [],
    "isDuplicationRulesEnabled": "N",
    "configVersionNumber": 7,
    "versionNumber": 12,
    "emailTypes": _types(BUSINESS="Business", HOME="Home", OTHER="Other"),
    "phoneTypes": _types(
        PHONE_BUSINESS="Business", PHONE_MOBILE="Mobile", PHONE_HOME="Home", PHONE_OTHER="Other"
    ),
    # An underscore that no code has: Python's names do not begin with a digit.
    "addressTypes": _types(_1="Billing Address", _2="Shipping Address", _3="Communication Address"),
}

_NEW = {"statusId": 11, "statusName": "New", "statusCode": "NEW", "isEnabled": "Y"}
_SOLVED = {"statusId": 12, "statusName": "Solved", "statusCode": "SOLVED", "isEnabled": "Y"}
_STATUSES = [
    {"statusId": 10000, "statusName": "Active"},
    {"statusId": 10001, "statusName": "Inactive"},
]
_KINDS = ("Problem", "Question", "Service")
_URGENT = (("High", 31), ("Medium", 32), ("Low", 33))
_BY_APP: dict[str, dict[str, Any]] = {
    "leads": {
        "leadStatuses": _rows("New", "Contacted", "Qualified"),
        "leadRanks": _rows("Hot", "Warm", "Cold"),
        "leadTypes": _rows("Roastery", "Hotel", "Bakery"),
        "industries": _rows("Food", "Hospitality"),
        "territories": _rows("North", "South"),
        "employeeRanges": _rows("1-10", "11-50", "51-200"),
    },
    "contacts": {"contactStatusList": _STATUSES},
    "cases": {
        "statuses": [_NEW, _SOLVED],
        "types": [{"typeId": 21 + place, "typeName": name} for place, name in enumerate(_KINDS)],
        "priorities": [{"id": n, "name": name, "code": name.upper()} for name, n in _URGENT],
        "caseSources": _rows("Phone", "Email"),
        "teams": [{"id": 501, "name": "Field Service"}],
        "numberGenerator": {"isAutoGenerate": "Y", "startsWith": "CS-"},
    },
    "customers": {
        "customerStatusList": _STATUSES,
        "paymentTerms": _rows("Net 30", "Net 60"),
        "numberGenerator": {"isAutoGenerate": "Y", "startsWith": ""},
    },
    "opportunities": {
        "salesStages": _rows("Qualification", "Proposal", "Negotiation", first=41),
        "leadSourceTypes": _rows("Cold Call", "Trade Fair", first=51),
    },
}
_STAFF: tuple[dict[str, Any], ...] = (
    {"firstName": "Sam", "lastName": "Agent", "emailId": "sam.agent@example.com"},
    {"firstName": "Ruth", "lastName": "Keller", "emailId": "ruth.keller@example.com"},
    {"firstName": "Émile", "lastName": "Laurent", "emailId": "emile.laurent@example.com"},
)


def config_data(app: App) -> dict[str, Any]:
    """The configuration of one app."""
    own = {"displayName": app.name.capitalize(), "webLayout": _layout(app.name)}
    return {**own, **_EVERY_APP, **_BY_APP.get(app.name, {})}


def staff(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The firm's employees: those of a given configuration, else some that are made up."""
    people = entries_of(given.get("employees", {}).get("employees")) or _STAFF
    return [
        {"fullName": f"{one.get('firstName')} {one.get('lastName')}", "personStatus": "0", **one}
        for one in people
    ]


@lru_cache(maxsize=64)
def _layout(app_name: str) -> str:
    return web_layout(app_name)
