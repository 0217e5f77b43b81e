"""Play Apptivo: a request in, its answer out, records remembered. Pure: no sockets, no clock.

The answers are those of apptivo-responses.md; what is made up is listed in `disclosure.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from target_apptivo.sandbox.answers import (
    BAD_KEYS,
    DUPLICATE,
    Value,
    failure,
    in_words,
    refusals_in,
    told,
    whole,
)
from target_apptivo.sandbox.call import (
    Call,
    RefusedError,
    read_call,
    record_of,
    records_of,
    shown,
)
from target_apptivo.sandbox.config_data import config_data
from target_apptivo.sandbox.exchange import Received, Reply
from target_apptivo.sandbox.memory import Memory, Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from target_apptivo.sandbox.apps import App

_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and for the page: the app it is about and what was refused in it."""

    reply: Reply
    app: str
    refusals: tuple[str, ...] = ()


class Apptivo:
    """One firm's Apptivo."""

    def __init__(
        self, *, api_key: str | None = None, access_key: str | None = None, accept_all: bool = False
    ) -> None:
        """Begin with no records; keys that are None may be any text."""
        self.memories: dict[str, Memory] = {}
        self.accept_all = accept_all
        self._keys = {"apiKey": api_key, "accessKey": access_key}

    def answer(self, received: Received, now: datetime) -> Answer:
        """Answer one request."""
        call = read_call(received)
        if call is None:
            reason = "No such path"
            return Answer(Reply.json(failure(reason), 404), received.path, (reason,))
        value = self._value(call, f"{now:%b %d, %Y %I:%M:%S %p}")
        return Answer(Reply.json(value), call.app.name, refusals_in(value))

    def _value(self, call: Call, now: str) -> Value:
        if not all(self._is_key(call.params.get(name), key) for name, key in self._keys.items()):
            return BAD_KEYS
        act = self._ACTIONS.get(call.action)
        if act is None:
            return failure(f"Unknown action (parameter a): {shown(call.action) or 'none'}")
        try:
            return act(self, call, now)
        except RefusedError as error:
            return failure(str(error))

    @staticmethod
    def _is_key(given: str | None, wanted: str | None) -> bool:
        return given == wanted if wanted is not None else bool(given)

    def _memory(self, app: App) -> Memory:
        if app.name not in self.memories:
            self.memories[app.name] = Memory(app)
        return self.memories[app.name]

    def _save(self, call: Call, now: str) -> Value:
        return self._create(call, record_of(call), now)

    def _create(self, call: Call, record: object, now: str) -> Value:
        memory = self._memory(call.app)
        accepted = self._checked(call.app, record)
        if call.has_flag("isDuplicateCheck") and memory.has_like(accepted):
            return DUPLICATE
        return told(call.app, memory.add(accepted, now))

    def _checked(self, app: App, record: object) -> Record:
        if not isinstance(record, dict):
            msg = "The record is not a JSON object"
            raise RefusedError(msg)
        is_named = not app.name_field or str(record.get(app.name_field) or "").strip()
        if not is_named and not self.accept_all:
            msg = f"Please enter {in_words(app.name_field)}"
            raise RefusedError(msg)
        return record

    def _update(self, call: Call, now: str) -> Value:
        record = record_of(call)
        record_id = call.record_id or str(record.get(call.app.id_name) or "")
        if not record_id:
            msg = f"Missing parameter: {call.app.id_name}"
            raise RefusedError(msg)
        return told(call.app, self._memory(call.app).put(record_id, record, now))

    def _delete(self, call: Call, _now: str) -> Value:
        if not self._memory(call.app).discard(call.record_id):
            raise _no_such(call)
        return {"status": "SUCCESS"}

    def _batch(self, call: Call, now: str) -> Value:
        records = records_of(call)
        if call.has_flag("atomic"):
            for record in records:
                self._checked(call.app, record)
        return {"results": [self._result(call, record, now) for record in records]}

    def _result(self, call: Call, record: object, now: str) -> Value:
        try:
            return self._create(call, record, now)
        except RefusedError as error:
            return failure(str(error))

    def _get_config_data(self, call: Call, _now: str) -> Value:
        return config_data(call.app)

    def _get_by_id(self, call: Call, _now: str) -> Value:
        entry = self._memory(call.app).active.get(call.record_id)
        if entry is None:
            raise _no_such(call)
        return whole(entry)

    def _get_all(self, call: Call, _now: str) -> Value:
        entries = list(self._memory(call.app).active.values())
        start, count = _number_of(call, "startIndex", 0), _number_of(call, "numRecords", _PAGE_SIZE)
        return {"data": [whole(entry) for entry in entries[start : start + count]]}

    _ACTIONS: ClassVar[dict[str, Callable[[Apptivo, Call, str], Value]]] = {
        "save": _save,
        "update": _update,
        "delete": _delete,
        "batch": _batch,
        "getConfigData": _get_config_data,
        "getById": _get_by_id,
        "getAll": _get_all,
    }


def _no_such(call: Call) -> RefusedError:
    return RefusedError(f"No active record with {call.app.id_name} {shown(call.record_id)!r}")


def _number_of(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default
