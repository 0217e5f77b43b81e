"""The bodies of Apptivo's answers, after docs/apptivo.md. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_apptivo.sandbox.apps import App
    from target_apptivo.sandbox.memory import Entry, Record

Value = dict[str, Any]

BAD_KEYS: Value = {"status": "FAILURE", "reason": "Invalid API Key or Access Key"}
DUPLICATE: Value = {"result": "Already exists"}


def failure(reason: str) -> Value:
    """Apptivo's way to refuse: HTTP 200, and only the body says so."""
    return {"status": "FAILURE", "reason": reason}


def refusals_in(value: Value) -> tuple[str, ...]:
    """The reasons of everything that an answer refuses."""
    # By the whole set of keys: a record that is read back may have fields of these names.
    match tuple(value):
        case ("status", "reason"):
            return (value["reason"],)
        case ("result",):
            return (value["result"],)
        case ("results",):
            return tuple(reason for result in value["results"] for reason in refusals_in(result))
        case _:
            return ()


def told(app: App, entry: Entry, answers: str) -> Value:
    """What a save answers, in the app's envelope: fields seen in real answers, or all of them."""
    value = whole(app, entry)
    if answers == "bare":
        names = ("id", app.id_name, *app.echoed, "creationDate", "version")
        value = {name: value[name] for name in names if name in value}
    return {app.envelope: value} if app.envelope else value


def whole(app: App, entry: Entry) -> Value:
    """A record as it is read back."""
    record = entry.record
    value = {
        **record,
        "creationDate": entry.creation_date,
        "version": entry.version,
        # How live records are marked (AIRBYTE, docs/apptivo.md).
        "objectStatus": "0",
        "isActive": "Y",
    }
    if "lastName" in app.name_fields and "fullName" not in record:
        value["fullName"] = _full_name(record)
    return value


def _full_name(record: Record) -> str:
    return " ".join(str(record[name]) for name in ("firstName", "lastName") if record.get(name))


def in_words(field: str) -> str:
    """A field's name as Apptivo's sentences have it: `lastName` is `last name`."""
    return re.sub(r"[A-Z]", lambda match: f" {match[0].lower()}", field)
