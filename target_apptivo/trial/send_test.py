"""Really send the first record of each stream, and show what became of it: `--send-test`."""

from __future__ import annotations

import math
import types
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Send
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.errors import RecordsRefusedError, RunEndedError, TargetApptivoError, counted
from target_apptivo.journal.steps import Intend
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.output.wording import Wording
from target_apptivo.run import Run
from target_apptivo.trial.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.delivery.delivery import Delivery
    from target_apptivo.delivery.pending import PendingRecord, PendingWay, SettledRecord
    from target_apptivo.journal.steps import Place
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings
    from target_apptivo.steps import Step

_TAKEN = {Outcome.ACCEPTED, Outcome.UPDATED}
_NOTHING_SENT = {Outcome.UNCHANGED, Outcome.DUPLICATE, Outcome.SKIPPED}


class SendTestRun(Run):
    """Really sends the first record of each stream, or of one, and shows what became of it."""

    def __init__(self, settings: Settings, redactor: Redactor, *, stream: str | None) -> None:
        """Send the first record of one stream, or of each."""
        super().__init__(settings, redactor)
        self._stream = stream

    def _log_account(self) -> None:
        """Tell what nobody mapped, and what a stopped test leaves; the rest was printed."""
        self._log_unmapped()
        self._log_unsettled()

    def _tell_unused(self) -> None:
        """Say nothing: a test may end before the streams come that go by an entry."""

    def _build(self) -> _SendTest:
        """Deliver the first records alone."""
        self.parts.shelf.open()
        printer = _Printer(self.settings, self.redactor, self.parts.unmapped.note)
        delivery = self.parts.delivery(printer, max_rejected=math.inf, keeps_all=True)
        return _SendTest(delivery, printer, self._stream, lambda: self._input_error is None)


class _SendTest:
    """Lets the first record of each stream through."""

    def __init__(
        self,
        delivery: Delivery,
        printer: _Printer,
        stream: str | None,
        was_read: Callable[[], bool],
    ) -> None:
        """Let one stream through, or all; what ended the reading says more than what was missed."""
        self._was_read = was_read
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
        if record.stream != self._stream:
            way.start = partial(_without_deletes, way.start, self._printer, record.stream)
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
        if self._stream and self._stream not in self._taken and self._was_read():
            raise TargetApptivoError(self._nothing_sent())
        if self._printer.refused:
            refused, tested = self._printer.refused, counted(len(self._taken), "stream")
            msg = f"--send-test: not accepted: the records of {refused} of {tested}"
            raise RecordsRefusedError(msg)

    def _nothing_sent(self) -> str:
        """Say why no record of the stream was sent."""
        if self._stream in self._seen:
            return (
                f"--send-test: nothing new: a run would send no record of stream '{self._stream}'"
            )
        others = ", ".join(sorted(self._seen)) or "none at all"
        return (
            f"--send-test: the input holds no record of stream '{self._stream}'; its streams with "
            f"records: {others}"
        )

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

    def __init__(
        self, settings: Settings, redactor: Redactor, note: Callable[[SettledRecord], None]
    ) -> None:
        """Print with secrets masked; each record is noted besides."""
        self._settings = settings
        self._note = note
        self._redactor = redactor
        self._wording = Wording(redactor)
        self.refused = 0
        self.told: set[str] = set()
        # The request of a delete that is only shown, until its record is settled.
        self.withheld: Request | None = None

    def settle(self, settled: SettledRecord) -> None:
        """Print what became of a record, unless a run would send nothing of it either."""
        withheld, self.withheld = self.withheld, None
        if settled.verdict.outcome in _NOTHING_SENT and not (withheld or settled.request):
            return
        self._note(settled)
        self.told.add(settled.stream)
        self.refused += settled.verdict.outcome not in _TAKEN and not withheld
        request = settled.request or withheld
        self._print(settled.stream, settled.endpoint, request, settled.verdict)

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


@types.coroutine
def _without_deletes(
    start: Callable[[], Any], printer: _Printer, stream: str
) -> Generator[Step[Any], Any, Verdict]:
    """Take a way to its delete, if it comes to one, and no further: that is only shown.

    What it intends is held back until its request is known, so that the journal holds no intention
    of what is never sent.
    """
    way, reply = start(), None
    while True:
        try:
            step = way.send(reply)
            held, step = (step, way.send(None)) if isinstance(step, Intend) else (None, step)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict
        if isinstance(step, Send) and step.operation.deletes:
            way.close()
            printer.withheld = step.shape()
            reason = f"a delete is sent only with --send-test {stream}"
            return Verdict(outcome=Outcome.SKIPPED, reason=reason)
        if held:
            yield held
        reply = yield step
