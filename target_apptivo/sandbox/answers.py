"""The bodies of Apptivo's answers, after apptivo-responses.md 3 and 4. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_apptivo.sandbox.apps import App
    from target_apptivo.sandbox.memory import Entry

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


def told(app: App, entry: Entry) -> Value:
    """What a save answers: the fields seen in real answers, in the app's envelope."""
    record = entry.record
    names = " ".join(str(record[name]) for name in ("firstName", "lastName") if record.get(name))
    known = {"fullName": names, **record}
    value = {
        "id": entry.id,
        app.id_name: record[app.id_name],
        **{name: known[name] for name in app.echoed if name in known},
        "creationDate": entry.creation_date,
        "version": entry.version,
    }
    return {app.envelope: value} if app.envelope else value


def whole(entry: Entry) -> Value:
    """A record as it is read back."""
    return {**entry.record, "creationDate": entry.creation_date, "version": entry.version}


def in_words(field: str) -> str:
    """A field's name as Apptivo's sentences have it: `lastName` is `last name`."""
    return re.sub(r"[A-Z]", lambda match: f" {match[0].lower()}", field)
