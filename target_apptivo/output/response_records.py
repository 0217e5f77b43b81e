"""What became of a record, as a record of its own: its schema, its content, its Singer messages."""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from target_apptivo.delivery.pending import SettledRecord

_TEXT = {"type": ["string", "null"]}
_NAMES = {"type": "array", "items": {"type": "string"}}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
RESPONSE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "response_id": {"type": "string"},
        "stream": {"type": "string"},
        "endpoint": {"type": "string"},
        "outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
        "key": {"type": "object", "additionalProperties": True},
        "apptivo_id": _TEXT,
        "http_status": {"type": ["integer", "null"]},
        "reason": _TEXT,
        "action": _TEXT,
        "matched_by": _TEXT,
        "resolution": _TEXT,
        "changed": _NAMES,
        "conflicts": _NAMES,
        "attempts": {"type": "integer"},
        "possible_duplicate": {"type": "boolean"},
        "sent_at": _MOMENT,
        "received_at": _MOMENT,
        "duration_ms": {"type": ["number", "null"]},
        "response": {"type": ["object", "null"], "additionalProperties": True},
        "response_text": _TEXT,
    },
    "required": ["response_id", "stream", "endpoint", "outcome", "key"],
}


def response_record(settled: SettledRecord) -> dict[str, Any]:
    """Tell how a record ended.

    Returns:
        The response record, without secrets masked yet, and its texts not cut.
    """
    verdict = settled.verdict
    return {
        "response_id": uuid.uuid4().hex,
        "stream": settled.stream,
        "endpoint": settled.endpoint,
        "outcome": verdict.outcome.value,
        "key": {name: _finite(value) for name, value in settled.key.items()},
        "apptivo_id": verdict.apptivo_id,
        "http_status": verdict.http_status,
        "reason": verdict.reason,
        "action": verdict.action if settled.attempts else None,
        "matched_by": verdict.matched_by,
        "resolution": verdict.resolution,
        "changed": list(verdict.changed),
        "conflicts": list(verdict.conflicts),
        "attempts": settled.attempts,
        "possible_duplicate": verdict.possible_duplicate,
        "sent_at": write_moment(settled.sent_at),
        "received_at": write_moment(settled.received_at),
        "duration_ms": settled.duration_ms,
        "response": verdict.response,
        "response_text": verdict.response_text,
    }


def _finite(value: object) -> object:
    """Write as text a number that JSON cannot hold."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def write_moment(moment: datetime | None, to: str = "milliseconds") -> str | None:
    """Write a time in UTC."""
    return moment.isoformat(timespec=to).replace("+00:00", "Z") if moment else None


class ResponseLines:
    """Response records as Singer messages: one SCHEMA a stream, then RECORDs."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write to a file or to stdout."""
        self._write = write
        self._known: set[str] = set()

    def write(self, response: Mapping[str, Any]) -> None:
        """Write a response record, whose secrets are masked."""
        stream = f"{response['stream']}_responses"
        if stream not in self._known:
            self._known.add(stream)
            schema = {
                "type": "SCHEMA",
                "stream": stream,
                "schema": RESPONSE_SCHEMA,
                "key_properties": ["response_id"],
            }
            self._write(dumps_line(schema))
        message = {"type": "RECORD", "stream": stream, "record": response}
        self._write(dumps_line(message))
