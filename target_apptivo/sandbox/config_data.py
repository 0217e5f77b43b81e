"""What a=getConfigData answers: the object of apptivo-responses.md section 7. DATA.

The keys are SEEN; that one answer holds all of them is INFERRED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.exact_json import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.sandbox.apps import App

_COLOUR = {
    "attributeId": "input_4_30",
    "type": "Custom",
    "label": {"modifiedLabel": "Colour"},
    "right": [{"tag": "input", "tagName": "input_1500_tag"}],
}

_EVERY_APP = {
    "dateFormat": "MM/dd/yyyy",
    "leadSources": [{"id": 1, "name": "Cold Call"}],
    "labels": [],
    "isDuplicationRulesEnabled": "N",
    "emailTypes": [{"id": 1, "code": "BUSINESS", "name": "Business"}],
    "phoneTypes": [{"id": 1, "code": "PHONE_BUSINESS", "name": "Business"}],
    "addressTypes": [{"id": 1, "code": "1", "name": "Billing Address"}],
    # A JSON string inside the JSON answer: that is how Apptivo sends it.
    "webLayout": encode({"sections": [{"attributes": [_COLOUR]}]}).decode(),
}

_STATUS = {"statusId": 11, "statusName": "New", "statusCode": "NEW", "isEnabled": "Y"}
_BY_APP: dict[str, dict[str, Any]] = {
    "cases": {
        "statuses": [_STATUS],
        "types": [{"typeId": 21, "typeName": "Problem"}],
        "priorities": [{"id": 31, "name": "High", "code": "HIGH"}],
        "caseSources": [],
        "numberGenerator": {"isAutoGenerate": "Y", "startsWith": "CS-"},
    },
    "customers": {"customerStatusList": [{"statusId": 10000, "statusName": "Active"}]},
}


_STAFF = (
    {"firstName": "Sam", "lastName": "Agent", "emailId": "sam.agent@example.com"},
    {"firstName": "Ruth", "lastName": "Keller", "emailId": "ruth.keller@example.com"},
    {"firstName": "Émile", "lastName": "Laurent", "emailId": "emile.laurent@example.com"},
)


def staff(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The firm's employees: those of a given configuration, else some that are made up."""
    people = given.get("employees", {}).get("employees", _STAFF)
    return [
        {"fullName": f"{one.get('firstName')} {one.get('lastName')}", "personStatus": "0", **one}
        for one in people
    ]


def config_data(app: App) -> dict[str, Any]:
    """The configuration of one app."""
    return {"displayName": app.name.capitalize(), **_EVERY_APP, **_BY_APP.get(app.name, {})}
