"""Really send the first record of each stream, and show what became of it: `--send-test`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Send
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.errors import RecordsRefusedError, RunEndedError, TargetApptivoError
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.output.wording import Wording
from target_apptivo.run import Run
from target_apptivo.trial.preview import first_request
from target_apptivo.trial.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.delivery.delivery import Delivery
    from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record, SettledRecord
    from target_apptivo.journal.steps import Place
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings

_TAKEN = {Outcome.ACCEPTED, Outcome.UPDATED}


class SendTestRun(Run):
    """Really sends the first record of each stream, or of one, and shows what became of it."""

    def __init__(self, settings: Settings, redactor: Redactor, *, stream: str | None) -> None:
        """Send the first record of one stream, or of each."""
        super().__init__(settings, redactor)
        self._stream = stream

    def _log_account(self) -> None:
        """Name what a test that was stopped leaves behind; what was printed says the rest."""
        self._log_unsettled()

    def _build(self) -> _SendTest:
        """Deliver the first records alone."""
        self.parts.shelf.open()
        printer = _Printer(self.settings, self.redactor)
        delivery = self.parts.delivery(printer, max_rejected=math.inf, keeps_all=True)
        return _SendTest(delivery, printer, self._stream)


class _SendTest:
    """Lets the first record of each stream through."""

    def __init__(self, delivery: Delivery, printer: _Printer, stream: str | None) -> None:
        """Let one stream through, or all."""
        self._delivery = delivery
        self._printer = printer
        self._stream = stream
        self._seen: set[str] = set()
        self._taken: set[str] = set()

    def submit(self, way: PendingWay) -> None:
        """Send a record alone, if it is the first of its stream."""
        record = way.records[0].record
        if not self._takes(record.stream):
            return
        step = first_request(way.start())
        if isinstance(step, Send) and step.operation.deletes and record.stream != self._stream:
            self._printer.print_unsent(record, step.shape())
            return
        self._delivery.submit(way)
        self._delivery.drain()
        if record.stream not in self._printer.told:
            self._taken.discard(record.stream)  # nothing had to be sent: the next one is the first

    def mark(self, state: Any, size: int = 0) -> None:  # noqa: ANN401
        """Write no state: a test loads nothing."""

    def refuse(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Tell of a first record that is refused; one that is skipped is not the first."""
        if verdict.outcome is not Outcome.SKIPPED and self._takes(pending.record.stream):
            self._delivery.refuse(pending, verdict)

    def finish(self) -> None:
        """Wait for the answers."""
        self._delivery.finish()
        if self._stream and self._stream not in self._taken:
            others = ", ".join(sorted(self._seen)) or "none at all"
            msg = (
                f"--send-test: the input holds no record of stream '{self._stream}' to send; its "
                f"streams with records: {others}"
            )
            raise TargetApptivoError(msg)
        if self._printer.refused:
            refused, tested = self._printer.refused, len(self._taken)
            msg = f"--send-test: not accepted: the records of {refused} of {tested} streams"
            raise RecordsRefusedError(msg)

    def unsent(self) -> Iterable[Place]:
        """Give what a test that was stopped intended and never sent."""
        return self._delivery.unsent()

    def unsettled(self) -> list[PendingRecord]:
        """Give what a test that was stopped leaves behind."""
        return self._delivery.unsettled()

    def _takes(self, stream: str) -> bool:
        """Whether a record is the first of a stream that is tested.

        Raises:
            RunEndedError: If everything that is tested has been taken.
        """
        self._seen.add(stream)
        if self._stream in self._taken:
            raise RunEndedError
        wanted = self._stream in {None, stream} and stream not in self._taken
        if wanted:
            self._taken.add(stream)
        return wanted


class _Printer:
    """The ledger of a test: prints each request with its outcome."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        """Print with secrets masked."""
        self._settings = settings
        self._redactor = redactor
        self._wording = Wording(redactor)
        self.refused = 0
        self.told: set[str] = set()

    def settle(self, settled: SettledRecord) -> None:
        """Print what became of a record."""
        if settled.verdict.outcome is Outcome.UNCHANGED:
            return
        self.told.add(settled.stream)
        self.refused += settled.verdict.outcome not in _TAKEN
        self._print(settled.stream, settled.endpoint, settled.request, settled.verdict)

    def print_unsent(self, record: Record, request: Request) -> None:
        """Print a delete that is only shown."""
        reason = f"a delete is sent only with --send-test {record.stream}"
        verdict = Verdict(outcome=Outcome.SKIPPED, reason=reason)
        self._print(record.stream, record.endpoint, request, verdict)

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: a test loads nothing."""

    def tick(self) -> float | None:
        """Nothing falls due."""

    def close(self) -> None:
        """Nothing is left."""

    def _print(self, stream: str, endpoint: str, request: Request | None, verdict: Verdict) -> None:
        """Print one JSON object: the request, and what was answered."""
        line: dict[str, Any] = {"stream": stream, "endpoint": endpoint}
        line |= dict.fromkeys(("method", "url", "headers", "body"))
        if request:
            line = shown(stream, endpoint, request, self._settings)
        text = self._wording.text(verdict.response_text)
        told = {
            "outcome": verdict.outcome.value,
            "apptivo_id": verdict.apptivo_id,
            "http_status": verdict.http_status,
            "response": text if verdict.response is None else verdict.response,
            "reason": self._wording.reason(verdict.reason),
        }
        write_stdout(dumps_line({**self._redactor.data(line), **self._redactor.answer(told)}))
