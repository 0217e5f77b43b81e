"""See, check and try before sending: --check, --preview and --send-test.

All three use the parts of a run: what is shown is what a run would send.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.endpoints import CONFIG_ACTION, CONFIG_PATH, ApiStyle
from target_apptivo.apptivo.request import (
    Content,
    Operation,
    Param,
    shape_address,
    shape_request,
    sign,
)
from target_apptivo.apptivo.response import Meaning, Outcome, interpret_response
from target_apptivo.apptivo.template import Template
from target_apptivo.errors import (
    CredentialsError,
    RecordRejectedError,
    RecordsRefusedError,
    RunEndedError,
    TargetApptivoError,
)
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.redact import MASK
from target_apptivo.run import Run

if TYPE_CHECKING:
    from target_apptivo.apptivo.request import Request
    from target_apptivo.delivery.delivery import Delivery
    from target_apptivo.delivery.record import Entry, Task
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings

logger = logging.getLogger("target-apptivo")


def check(run: Run) -> tuple[bool, str]:
    """Verify the credentials with a read that changes nothing.

    Args:
        run: A run that has not begun.

    Returns:
        Whether Apptivo takes the credentials, and what it said.
    """
    operation = _config_call(run.settings.api_style)
    request = shape_request(operation, shape_address(operation, {}), {})
    verdict = interpret_response(operation, run.client().send(request))
    if verdict.meaning is Meaning.CREDENTIALS_REFUSED:
        return False, str(CredentialsError(verdict.reason))
    if verdict.outcome is not Outcome.ACCEPTED:
        return False, f"Apptivo gave no usable answer: {verdict.reason}"
    if verdict.response is None:
        return False, "the answer is not the configuration that was asked for"
    return True, "Apptivo takes the credentials"


def _config_call(style: ApiStyle) -> Operation:
    """Read the configuration of leads: a GET, or a form POST in `action` style."""
    if style is ApiStyle.ACTION:
        return Operation(
            endpoint=CONFIG_ACTION,
            method="POST",
            url=Template((CONFIG_PATH,)),
            content=Content.FORM,
            params=(Param(name="a", value=Template((CONFIG_ACTION,))),),
            params_in_form=True,
        )
    return Operation(
        endpoint=CONFIG_ACTION,
        method="GET",
        url=Template((f"{CONFIG_PATH}?a={CONFIG_ACTION}",)),
        content=Content.NONE,
    )


def shown(entry: Entry, request: Request, settings: Settings) -> dict[str, Any]:
    """Show a request as it is sent, with the keys masked.

    Args:
        entry: The first record that it carries.
        request: The request.
        settings: The settings of the run.

    Returns:
        Stream, endpoint, method, URL, headers and body; the body as the text that is sent.
    """
    masked = tuple(
        (name, value if name == "userName" else MASK) for name, value in settings.credentials
    )
    wire = sign(request, settings.api_url, masked)
    return {
        "stream": entry.stream,
        "endpoint": entry.endpoint,
        "method": wire.method,
        "url": wire.url,
        "headers": dict(wire.headers),
        "body": None if wire.body is None else wire.body.decode(),
    }


class PreviewRun(Run):
    """Shows the requests of the first records of each stream and sends nothing."""

    def __init__(self, settings: Settings, redactor: Redactor, *, records: int) -> None:
        """Show the requests of this many records of each stream."""
        super().__init__(settings, redactor)
        self._records = records

    def _log_account(self) -> None:
        """Say nothing: what was printed is all there is."""

    def _build(self) -> _Preview:
        """Rehearse in place of delivering."""
        return _Preview(self.settings, self.redactor, self._records)


class _Preview:
    """Prints requests."""

    def __init__(self, settings: Settings, redactor: Redactor, records: int) -> None:
        """Print the requests of this many records of each stream."""
        self._settings = settings
        self._redactor = redactor
        self._records = records
        self._seen: dict[str, int] = {}
        self._open: list[Task] = []

    def submit(self, task: Task, *, after: float = 0.0) -> None:
        """Print a request, or wait until its batch is full."""
        if after:
            self._open.append(task)
        else:
            self._show(task)

    def add(self, task: Task, entry: Entry, payload: Any) -> bool:  # noqa: ANN401
        """Add a record to an open batch, which fills as in a run."""
        task.entries.append(entry)
        task.payloads.append(payload)
        return True

    def release(self, task: Task) -> None:
        """Print a batch."""
        self._open.remove(task)
        self._show(task)

    def refuse(self, entry: Entry) -> None:
        """Say why a record has no request."""
        if self._takes(entry.stream, 1) and entry.verdict:
            verdict = entry.verdict
            logger.warning("%s: %s: %s", entry.name, verdict.outcome, verdict.reason)

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: nothing is loaded."""

    def finish(self) -> None:
        """Print what is left."""
        for task in list(self._open):
            self.release(task)

    def unsettled(self) -> list[Entry]:
        """Nothing was sent."""
        return []

    def _takes(self, stream: str, count: int) -> bool:
        """Count records of a stream, until there are enough."""
        seen = self._seen.get(stream, 0)
        self._seen[stream] = seen + count
        return seen < self._records

    def _show(self, task: Task) -> None:
        """Print a request."""
        entry = task.entries[0]
        if not self._takes(entry.stream, len(task.entries)):
            return
        try:
            line = shown(entry, task.shape(), self._settings)
        except RecordRejectedError as error:
            logger.warning("%s: %s", entry.name, error)
        else:
            write_stdout(dumps_line(self._redactor.data(line)))


class SendTestRun(Run):
    """Really sends the first record of each stream, or of one, and shows what became of it."""

    def __init__(self, settings: Settings, redactor: Redactor, *, stream: str | None) -> None:
        """Send the first record of one stream, or of each."""
        super().__init__(settings, redactor)
        self._stream = stream
        self._test: _SendTest

    def _log_account(self) -> None:
        """Name what a test that was stopped leaves behind; what was printed says the rest."""
        self._log_unsettled()

    def _build(self) -> _SendTest:
        """Deliver the first records alone."""
        ledger = _Printer(self.settings, self.redactor)
        delivery = self._deliver_to(ledger, max_rejected=float("inf"))
        return _SendTest(delivery, ledger, self._stream)


class _SendTest:
    """Lets the first record of each stream through."""

    def __init__(self, delivery: Delivery, printer: _Printer, stream: str | None) -> None:
        """Let one stream through, or all."""
        self._delivery = delivery
        self._printer = printer
        self._stream = stream
        self._seen: set[str] = set()
        self._taken: set[str] = set()

    def submit(self, task: Task, *, after: float = 0.0) -> None:  # noqa: ARG002
        """Send a task with its first record, if it is the first of its stream."""
        entry = task.entries[0]
        if not self._takes(entry):
            return
        if task.operation.deletes and entry.stream != self._stream:
            reason = f"a delete is sent only with --send-test {entry.stream}"
            self._printer.print_unsent(entry, task, reason)
            return
        self._printer.tasks[entry] = task
        self._delivery.submit(task)

    def add(self, task: Task, entry: Entry, payload: Any) -> bool:  # noqa: ANN401, ARG002
        """Let a batch travel with its first record alone."""
        return True

    def release(self, task: Task) -> None:
        """Do nothing: its first record is sent already."""

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: a test loads nothing."""

    def refuse(self, entry: Entry) -> None:
        """Tell of a first record that is refused; one that is skipped is not the first."""
        skipped = entry.verdict and entry.verdict.outcome is Outcome.SKIPPED
        if not skipped and self._takes(entry):
            self._delivery.refuse(entry)

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

    def unsettled(self) -> list[Entry]:
        """Give what a test that was stopped leaves behind."""
        return self._delivery.unsettled()

    def _takes(self, entry: Entry) -> bool:
        """Whether a record is the first of a stream that is tested.

        Raises:
            RunEndedError: If everything that is tested has been taken.
        """
        self._seen.add(entry.stream)
        if self._stream in self._taken:
            raise RunEndedError
        wanted = self._stream in {None, entry.stream} and entry.stream not in self._taken
        if wanted:
            self._taken.add(entry.stream)
        return wanted


class _Printer:
    """The ledger of a test: prints each request with its outcome."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        """Print with secrets masked."""
        self._settings = settings
        self._redactor = redactor
        self.tasks: dict[Entry, Task] = {}
        self.refused = 0

    def settle(self, entry: Entry) -> None:
        """Print what became of a record."""
        verdict = entry.verdict
        assert verdict is not None  # noqa: S101 - only settled records come here
        self.refused += verdict.outcome is not Outcome.ACCEPTED
        task = self.tasks.get(entry)
        line: dict[str, Any] = {"stream": entry.stream, "endpoint": entry.endpoint}
        line |= dict.fromkeys(("method", "url", "headers", "body"))
        if task and entry.attempts:
            line = shown(entry, task.shape(), self._settings)
        response = verdict.response if verdict.response is not None else verdict.response_text
        self._print(
            line,
            {
                "outcome": verdict.outcome.value,
                "apptivo_id": verdict.apptivo_id,
                "http_status": verdict.http_status,
                "response": response,
                "reason": verdict.reason,
            },
        )

    def print_unsent(self, entry: Entry, task: Task, reason: str) -> None:
        """Print a request that is only shown."""
        unsent: dict[str, Any] = dict.fromkeys(("apptivo_id", "http_status", "response"))
        line = shown(entry, task.shape(), self._settings)
        self._print(line, {"outcome": Outcome.SKIPPED.value, **unsent, "reason": reason})

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: a test loads nothing."""

    def tick(self) -> float | None:
        """Nothing falls due."""

    def close(self) -> None:
        """Nothing is left."""

    def _print(self, line: dict[str, Any], told: dict[str, Any]) -> None:
        """Print one JSON object: the request, and what was answered."""
        write_stdout(dumps_line({**self._redactor.data(line), **self._redactor.answer(told)}))
