"""Write what is settled: rejected records, response records and state, in this order.

One thread calls this, in input order. A state is written after everything that it covers has been
written wherever the settings ask.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from target_apptivo.errors import OutputError
from target_apptivo.jsontext import dumps_line, loads
from target_apptivo.response import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from target_apptivo.output import LineFile
    from target_apptivo.record import Entry
    from target_apptivo.redact import Redactor
    from target_apptivo.report import Report
    from target_apptivo.webhook import Webhook

# Seconds between two STATE lines. A state waits no longer than this, well within the second that
# is promised; who stores every line is not flooded.
_STATE_INTERVAL = 0.5

_TEXT = {"type": ["string", "null"]}
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
_TOLD_BY_APPTIVO = ("reason", "response", "response_text")


def response_record(entry: Entry) -> dict[str, Any]:
    """Tell how a record ended.

    Args:
        entry: A settled record.

    Returns:
        The response record, without secrets masked yet.
    """
    verdict = entry.verdict
    assert verdict is not None  # noqa: S101 - only settled records come here
    return {
        "response_id": uuid.uuid4().hex,
        "stream": entry.stream,
        "endpoint": entry.endpoint,
        "outcome": verdict.outcome.value,
        "key": dict(entry.key),
        "apptivo_id": verdict.apptivo_id,
        "http_status": verdict.http_status,
        "reason": verdict.reason,
        "attempts": entry.attempts,
        "possible_duplicate": entry.possible_duplicate,
        "sent_at": _moment(entry.sent_at),
        "received_at": _moment(entry.received_at),
        "duration_ms": entry.duration_ms,
        "response": verdict.response,
        "response_text": verdict.response_text,
    }


def _moment(moment: datetime | None) -> str | None:
    """Write a time in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


class Rejected:
    """The Singer file of the records set aside; it can be mended and sent again."""

    def __init__(self, file: LineFile, redactor: Redactor) -> None:
        """Write to a file, with secrets masked."""
        self._file = file
        self._redactor = redactor
        self._written: dict[str, str] = {}

    def write(self, entry: Entry, at: datetime) -> None:
        """Set a record aside as the tap sent it, with the reason."""
        verdict = entry.verdict
        assert verdict is not None  # noqa: S101 - only settled records come here
        stream = entry.message["stream"]
        if self._written.get(stream) != entry.schema_line:
            self._file.write(dumps_line(self._redactor.data(loads(entry.schema_line))))
            self._written[stream] = entry.schema_line
        rejected = {
            "outcome": verdict.outcome.value,
            "reason": verdict.reason,
            "http_status": verdict.http_status,
            "endpoint": entry.endpoint,
            "stream": entry.stream,
            "at": _moment(at),
        }
        message = self._redactor.data(entry.message)
        self._file.write(dumps_line({**message, "rejected": self._redactor.answer(rejected)}))


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


class StateLines:
    """STATE on stdout: never early, prompt, and no line twice."""

    def __init__(
        self,
        write: Callable[[str], None],
        redactor: Redactor,
        *,
        as_message: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to stdout.

        Args:
            write: Writes a line.
            redactor: Masks secrets.
            as_message: Write a Singer STATE message, for a target behind us, not its value alone.
            clock: Seconds.
        """
        self._write = write
        self._redactor = redactor
        self._as_message = as_message
        self._clock = clock
        self._pending: Any = None
        self._last_line: str | None = None
        self._next_write = float("-inf")

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take a state whose records are all settled; an empty one would erase stored bookmarks."""
        if state:
            self._pending = state

    @property
    def pending(self) -> Any:  # noqa: ANN401
        """The state that waits to be written."""
        return self._pending

    def wait(self) -> float | None:
        """Seconds until a waiting state is due; none where none waits."""
        return None if self._pending is None else max(0.0, self._next_write - self._clock())

    def write(self, state: Any) -> None:  # noqa: ANN401
        """Write a state in place of the waiting one, unless it is the last one written."""
        self._pending = None
        masked = self._redactor.data(state)
        try:
            line = dumps_line(
                {"type": "STATE", "value": masked} if self._as_message else masked, allow_nan=False
            )
        except ValueError:
            msg = "a STATE of the tap holds NaN or Infinity, which JSON cannot hold: mend the tap"
            raise OutputError(msg) from None
        if line == self._last_line:
            return
        self._write(line)
        self._last_line = line
        self._next_write = self._clock() + _STATE_INTERVAL


class StateResponses:
    """What `emit: state` adds to each STATE value."""

    def __init__(self, report: Report, limit: int) -> None:
        """Keep the newest responses since the last state."""
        self._report = report
        self._recent: deque[dict[str, Any]] = deque(maxlen=limit)
        self._untold = False

    def add(self, response: dict[str, Any]) -> None:
        """Keep a response record, without the answer's body."""
        left_out = ("response", "response_text")
        self._recent.append({key: value for key, value in response.items() if key not in left_out})
        self._untold = True

    @property
    def has_untold(self) -> bool:
        """Whether there are responses that no state has told of."""
        return self._untold

    def extend(self, state: Any) -> Any:  # noqa: ANN401
        """Add the responses to a state, in place of those that came back from the tap."""
        if not isinstance(state, dict):
            return state
        told = {"totals": self._report.totals(), "responses": list(self._recent)}
        self._recent.clear()
        self._untold = False
        return {**state, "target_apptivo": told}


class Emitter:
    """The ledger of a run: everything that is settled goes through here, in input order."""

    def __init__(  # noqa: PLR0913 - the outputs that it joins
        self,
        *,
        report: Report,
        redactor: Redactor,
        now: Callable[[], datetime],
        rejected: Rejected | None = None,
        states: StateLines | None = None,
        responses: ResponseLines | None = None,
        in_state: StateResponses | None = None,
        webhook: Webhook | None = None,
    ) -> None:
        """Join the outputs that the settings ask for."""
        self._report = report
        self._redactor = redactor
        self._now = now
        self._rejected = rejected
        self._states = states
        self._responses = responses
        self._in_state = in_state
        self._webhook = webhook
        self._last_state: Any = None

    def settle(self, entry: Entry) -> None:
        """Write a record's outcome wherever the settings ask, and count it."""
        assert entry.verdict is not None  # noqa: S101 - only settled records come here
        if self._rejected and entry.verdict.outcome.is_set_aside:
            self._rejected.write(entry, self._now())
        self._report.count(entry)
        if self._responses or self._in_state or self._webhook:
            response = response_record(entry)
            told = {name: self._redactor.answer(response[name]) for name in _TOLD_BY_APPTIVO}
            self._tell({**self._redactor.data(response), **told})

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take a state whose records are all settled."""
        if self._states:
            self._states.reach(state)
            self._report.reach_state()

    def tick(self) -> float | None:
        """Write what is due.

        Returns:
            Seconds until something falls due; none where nothing does.
        """
        waits: list[float | None] = [self._report.tick()]
        if self._webhook:
            waits.append(self._webhook.tick())
        if self._states and (wait := self._states.wait()) is not None:
            if wait <= 0:
                self._write_state()
            else:
                waits.append(wait)
        return min((wait for wait in waits if wait is not None), default=None)

    def close(self) -> None:
        """Write what is left."""
        if self._webhook:
            self._webhook.flush()
        if self._states and self._states.pending is not None:
            self._write_state()
        elif self._states and self._in_state and self._in_state.has_untold and self._last_state:
            self._states.write(self._in_state.extend(self._last_state))

    def _tell(self, response: dict[str, Any]) -> None:
        """Send a response record to those who asked for it."""
        if self._responses:
            self._responses.write(response)
        if self._in_state:
            self._in_state.add(response)
        if self._webhook:
            self._webhook.add(response)

    def _write_state(self) -> None:
        """Write the waiting state, after the responses that it covers."""
        assert self._states is not None  # noqa: S101 - checked by both callers
        if self._webhook:
            self._webhook.flush()
        state = self._last_state = self._states.pending
        self._states.write(self._in_state.extend(state) if self._in_state else state)
        self._report.write_state()
