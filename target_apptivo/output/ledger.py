"""Write what is settled: rejected records, response records and state, in this order.

One thread calls this, in input order. A state is written after everything that it covers has been
written wherever the settings ask.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.jsontext import dumps_line, loads
from target_apptivo.output.response_records import response_record, write_moment
from target_apptivo.output.wording import Wording, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import Record, SettledRecord
    from target_apptivo.output.files import LineFile
    from target_apptivo.output.report import Report
    from target_apptivo.output.response_records import ResponseLines
    from target_apptivo.output.state_lines import StateLines, StateResponses
    from target_apptivo.output.webhook import Webhook
    from target_apptivo.redact import Redactor


class Rejected:
    """The Singer file of the records set aside; it can be mended and sent again."""

    def __init__(self, file: LineFile, redactor: Redactor) -> None:
        """Write to a file, with secrets masked."""
        self._file = file
        self._redactor = redactor
        self._wording = Wording(redactor)
        self._written: dict[str, str] = {}

    def write(self, record: Record, verdict: Verdict, at: datetime) -> None:
        """Set a record aside as the tap sent it, with the reason."""
        stream = record.message["stream"]
        if self._written.get(stream) != record.schema_line:
            self._file.write(dumps_line(self._redactor.data(loads(record.schema_line))))
            self._written[stream] = record.schema_line
        rejected = {
            "outcome": verdict.outcome.value,
            "reason": self._wording.reason(verdict.reason),
            "http_status": verdict.http_status,
            "endpoint": record.endpoint,
            "stream": record.stream,
            # What was taken a moment before is not newer.
            "at": write_moment(at, to="microseconds"),
        }
        message = self._redactor.data(record.message)
        self._file.write(dumps_line({**message, "rejected": self._redactor.answer(rejected)}))


class Outputs:
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
        is_untold: Callable[[float], bool] = lambda _: False,
    ) -> None:
        """Join the outputs that the settings ask for.

        Whoever knows tells by `is_untold` of what an earlier run did at a time.
        """
        self._report = report
        self._redactor = redactor
        self._now = now
        self._rejected = rejected
        self._states = states
        self._responses = responses
        self._in_state = in_state
        self._webhook = webhook
        self._is_untold = is_untold
        self._wording = Wording(redactor)
        self._last_state: Any = None

    def settle(self, settled: SettledRecord) -> None:
        """Write a record's outcome wherever the settings ask, and count it."""
        noted_at = settled.verdict.noted_at
        if self._rejected and settled.record:
            at = self._now() if noted_at is None else datetime.fromtimestamp(noted_at, UTC)
            self._rejected.write(settled.record, settled.verdict, at)
        self._report.count(settled)
        is_news = settled.verdict.outcome is not Outcome.UNCHANGED
        is_news = is_news or (noted_at is not None and self._is_untold(noted_at))
        if is_news and (self._responses or self._in_state or self._webhook):
            self._tell(told(response_record(settled), self._wording, self._redactor))

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
