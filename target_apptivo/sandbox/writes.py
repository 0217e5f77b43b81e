"""The actions that change something: save, update, delete, batch. Pure: the time is handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.sandbox.answers import DUPLICATE, Value, failure, in_words, told
from target_apptivo.sandbox.call import RefusedError, no_such, record_of, records_of
from target_apptivo.sandbox.firm import stamp
from target_apptivo.sandbox.update import named_in, updated

if TYPE_CHECKING:
    from datetime import datetime

    from target_apptivo.sandbox.apps import App
    from target_apptivo.sandbox.call import Call
    from target_apptivo.sandbox.firm import Firm
    from target_apptivo.sandbox.memory import Entry, Record


def save(firm: Firm, call: Call, now: datetime) -> Value:
    """Create a record."""
    return _create(firm, call, record_of(call), now)


def update(firm: Firm, call: Call, now: datetime) -> Value:
    """Change a record: in Apptivo's form what is named, with PUT whatever the record carries."""
    data = record_of(call)
    record_id = call.record_id or str(data.get(call.app.id_name) or "")
    if not record_id:
        msg = f"Missing parameter: {call.app.id_name}"
        raise RefusedError(msg)
    change = _put if call.method == "PUT" else _change
    entry = change(firm, call, record_id, firm.without_unknown(call.app, data), now)
    return told(call.app, entry, firm.switches.answers)


def delete(firm: Firm, call: Call, now: datetime) -> Value:
    """Move a record to the trash."""
    shelf = firm.shelf(call.app, to_write=True)
    entry = shelf.memory.discard(call.record_id)
    if entry is None:
        raise no_such(call, call.record_id)
    shelf.deleted(now, entry)
    return {"status": "SUCCESS"}


def batch(firm: Firm, call: Call, now: datetime) -> Value:
    """Create many records, each with its own result."""
    records = records_of(call)
    if call.has_flag("atomic"):
        for record in records:
            _checked(firm, call.app, record)
    return {"results": [_result(firm, call, record, now) for record in records]}


def _result(firm: Firm, call: Call, record: object, now: datetime) -> Value:
    try:
        return _create(firm, call, record, now)
    except RefusedError as error:
        return failure(str(error))


def _create(firm: Firm, call: Call, record: object, now: datetime) -> Value:
    sent = _checked(firm, call.app, record)
    kept = firm.without_unknown(call.app, sent)
    shelf = firm.shelf(call.app, to_write=True)
    if call.has_flag("isDuplicateCheck") and shelf.memory.has_like(kept):
        return DUPLICATE
    entry = shelf.memory.add(kept, stamp(now))
    shelf.created(now, entry, firm.key_of(call.app, sent))
    return told(call.app, entry, firm.switches.answers)


def _checked(firm: Firm, app: App, record: object) -> Record:
    if not isinstance(record, dict):
        msg = "The record is not a JSON object"
        raise RefusedError(msg)
    is_named = not app.name_field or str(record.get(app.name_field) or "").strip()
    if not is_named and not firm.switches.accept_all:
        msg = f"Please enter {in_words(app.name_field)}"
        raise RefusedError(msg)
    return record


def _change(firm: Firm, call: Call, record_id: str, data: Record, now: datetime) -> Entry:
    shelf = firm.shelf(call.app, to_write=True)
    old = shelf.memory.active.get(record_id)
    if old is None:
        raise no_such(call, record_id)
    named = named_in(call.params)
    if not named.attributes:
        return old
    return shelf.updated(now, shelf.memory.replace(old, updated(old.record, data, named)))


def _put(firm: Firm, call: Call, record_id: str, data: Record, now: datetime) -> Entry:
    shelf = firm.shelf(call.app, to_write=True)
    entry = shelf.memory.put(record_id, data, stamp(now))
    if shelf.books.knows(entry):
        return shelf.updated(now, entry)
    return shelf.created(now, entry, firm.key_of(call.app, {**data, "id": record_id}))


# By the value of `a` that asks for them.
WRITES = {"save": save, "update": update, "delete": delete, "batch": batch}
