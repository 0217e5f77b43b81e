"""One run: joins the parts by the settings, and ends it the way the contract says."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Protocol

from target_apptivo.apptivo.response import NotSent, Outcome
from target_apptivo.client import Client
from target_apptivo.delivery.delivery import Delivery
from target_apptivo.delivery.in_flight import Policy
from target_apptivo.delivery.pace import Pace
from target_apptivo.errors import RecordsRefusedError, SettingsError, StoppedError
from target_apptivo.output.files import LineFile, is_same_file, write_stdout
from target_apptivo.output.ledger import Emitter, Rejected
from target_apptivo.output.notices import Notices
from target_apptivo.output.report import Report
from target_apptivo.output.response_records import ResponseLines
from target_apptivo.output.state_lines import StateLines, StateResponses
from target_apptivo.output.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.request import Pairs, Request
    from target_apptivo.apptivo.response import Answer, NoAnswer
    from target_apptivo.delivery.record import Entry, Task
    from target_apptivo.delivery.settler import Ledger
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings

logger = logging.getLogger("target-apptivo")

# Seconds that a stopped run waits for the requests under way.
_GRACE = 20.0
# Records between reading and settling, per request at once: a head that is twenty times slower
# than the rest does not idle them, and a batch fills while others are under way.
_WINDOW_PER_REQUEST = 32
_WINDOW_BATCHES = 2
_GLANCE = 0.1


class Deliverer(Protocol):
    """Where the sinks put their records: the delivery, or one of its rehearsals."""

    def submit(self, task: Task, *, after: float = 0.0) -> None:
        """Take a task."""

    def add(self, task: Task, entry: Entry, payload: Any) -> bool:  # noqa: ANN401
        """Add a record to an open task."""

    def release(self, task: Task) -> None:
        """Let an open task go."""

    def refuse(self, entry: Entry) -> None:
        """Take a record that has its outcome already."""

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Take a state."""

    def finish(self) -> None:
        """Bring the run to its end."""

    def unsettled(self) -> list[Entry]:
        """Give the records that a run which has ended leaves unsettled."""


class Run:
    """What a run needs besides the SDK: the delivery, its outputs, and its end.

    A subclass replaces `_build`, to rehearse in place of delivering.
    """

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        """Prepare; nothing is opened or started before the input is."""
        self.settings = settings
        self.redactor = redactor
        self.report = Report()
        wanted = settings.responses
        self.notices = Notices(
            tells_responses=wanted.emit != "none" or wanted.webhook_url is not None
        )
        self.delivery: Deliverer
        self.signal_number: int | None = None
        self.wake_descriptor, self._wake_up = -1, -1
        self.has_begun = False
        self._input_error: Exception | None = None
        self._ended = threading.Event()
        self._files: list[LineFile] = []
        self._clients: list[Client] = []

    # -- the course of a run ----------------------------------------------------------------------

    def begin(self, source: IO[Any]) -> None:
        """Open the outputs before anything is read.

        Raises:
            SettingsError: If an output cannot be opened, or is the input.
        """
        self._refuse_own_output(source)
        self.delivery = self._build()
        self.wake_descriptor, self._wake_up = os.pipe()
        os.set_blocking(self._wake_up, False)
        self.has_begun = True
        if threading.current_thread() is threading.main_thread():
            # A signal wakes the reader even in the instant before it begins to wait.
            signal.set_wakeup_fd(self._wake_up, warn_on_full_buffer=False)

    def input_failed(self, error: Exception) -> None:
        """Take the error that ended the reading; what was read before it is still delivered."""
        self._input_error = error

    def finish(self) -> None:
        """Deliver everything that was read, write its state, and tell how it went.

        Raises:
            TargetApptivoError: What ended the run early, or that more was refused than allowed.
        """
        try:
            self._finish()
        finally:
            self._close()

    def stop(self, signal_number: int) -> None:
        """Note a signal; called in a signal handler, so nothing else may happen here."""
        self.signal_number = signal_number

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be read."""
        return self._ended.is_set() or self.signal_number is not None

    # -- parts ------------------------------------------------------------------------------------

    def _build(self) -> Deliverer:
        """Join the parts of a delivery."""
        return self._deliver_to(self._emitter(), max_rejected=self._max_rejected)

    def _deliver_to(self, ledger: Ledger, *, max_rejected: float) -> Delivery:
        """Make a delivery by the settings."""
        settings = self.settings
        pace = Pace(settings.max_in_flight, settings.requests_per_second)
        delivery = Delivery(
            self._sender(),
            ledger,
            pace,
            policy=Policy(
                max_in_flight=settings.max_in_flight,
                window=self._window(),
                max_attempts=settings.max_attempts,
                hold_uncertain=settings.hold_uncertain,
                max_rejected=max_rejected,
            ),
            interruption=self._interruption,
            on_end=self._end,
            grace=_GRACE,
        )
        self.report.describe_pace = lambda: (
            f"{delivery.under_way} requests under way, at most {pace.limit} at once"
        )
        return delivery

    @property
    def _max_rejected(self) -> float:
        """How many records may be set aside; a dry run checks the whole input all the same."""
        unlimited = self.settings.max_rejected < 0 or self.settings.dry_run
        return float("inf") if unlimited else self.settings.max_rejected

    def _window(self) -> int:
        """Give the most records between reading and settling."""
        routes = self.settings.routes
        sizes = [route.batch.size for route in routes.all() if route.batch]
        per_request = max([_WINDOW_PER_REQUEST, *(_WINDOW_BATCHES * size for size in sizes)])
        return self.settings.max_in_flight * per_request

    def _sender(self) -> Callable[[Request], Answer | NoAnswer | NotSent]:
        """Give what sends a request once."""
        if self.settings.dry_run:
            return lambda _request: NotSent.DRY_RUN
        return self.client().send

    def client(self) -> Client:
        """Make a client for Apptivo."""
        settings = self.settings
        return self._client(
            settings.api_url, settings.credentials, connections=settings.max_in_flight
        )

    def _client(self, url: str, credentials: Pairs, *, connections: int) -> Client:
        """Make a client, to be closed at the end."""
        client = Client(
            url,
            credentials,
            connections=connections,
            connect_timeout=self.settings.connect_timeout,
            read_timeout=self.settings.read_timeout,
        )
        self._clients.append(client)
        return client

    def _emitter(self) -> Emitter:
        """Open the outputs that the settings ask for."""
        settings, wanted, told = self.settings, self.settings.responses, not self.settings.dry_run
        rejected = None
        if settings.rejected_path:
            file = self._open(settings.rejected_path, "rejected_path")
            rejected = Rejected(file, self.redactor)
        lines = None
        if told and wanted.emit == "records":
            write = self._open(wanted.path, "responses.path").write if wanted.path else write_stdout
            lines = ResponseLines(write)
        states = None
        if told:
            chained = wanted.emit == "records" and not wanted.path
            states = StateLines(write_stdout, self.redactor, as_message=chained)
        in_state = StateResponses(self.report, wanted.state_limit)
        return Emitter(
            report=self.report,
            redactor=self.redactor,
            now=lambda: datetime.now(UTC),
            rejected=rejected,
            states=states,
            responses=lines,
            in_state=in_state if told and wanted.emit == "state" else None,
            webhook=self._webhook(wanted.webhook_url) if told and wanted.webhook_url else None,
        )

    def _webhook(self, url: str) -> Webhook:
        """Make the webhook, with a client of its own that has no credentials."""
        client = self._client(url, (), connections=1)
        return Webhook(client.send, attempts=self.settings.max_attempts, gives_up=self._gives_up)

    def _open(self, path: str, setting: str) -> LineFile:
        """Open an output file."""
        file = LineFile(path, setting)
        self._files.append(file)
        if any(other.is_same_as(file) for other in self._files[:-1]):
            problem = "is the file of another output; name one of its own"
            raise SettingsError(setting, problem)
        return file

    def _refuse_own_output(self, source: IO[Any]) -> None:
        """Refuse to read the file that is written."""
        outputs = {
            "rejected_path": self.settings.rejected_path,
            "responses.path": self.settings.responses.path,
        }
        with suppress(OSError, AttributeError):
            for setting, path in outputs.items():
                if path and is_same_file(path, source.fileno()):
                    problem = "is the input file; move that file to another name"
                    raise SettingsError(setting, problem)

    # -- the end ----------------------------------------------------------------------------------

    def _end(self) -> None:
        """Wake the reader: the run has ended while it may wait for the tap."""
        self._ended.set()
        with suppress(OSError):
            os.write(self._wake_up, b"\0")

    def _interruption(self) -> StoppedError | None:
        """Give why the run has to stop, if it has."""
        return None if self.signal_number is None else StoppedError(self.signal_number)

    def _gives_up(self, seconds: float) -> bool:
        """Wait, unless the run is stopped meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.signal_number is not None:
                return True
            time.sleep(min(left, _GLANCE))
        return False

    def _finish(self) -> None:
        """Bring the delivery to its end, then tell how it went."""
        try:
            self._deliver_all()
        except Exception:
            self._log_account()
            self.report.log_unsaved()
            raise
        self._log_account()
        self.notices.tell_unused(self.settings.routes.unused(self.report.streams))
        self._check_refused()

    def _deliver_all(self) -> None:
        """Bring the delivery to its end, and raise what ended the reading."""
        self.delivery.finish()
        if error := self._interruption() or self._input_error:
            raise error

    def _log_account(self) -> None:
        """Tell how the run went."""
        self.report.log_summary()
        self._log_set_aside()
        self._log_unsettled()

    def _check_refused(self) -> None:
        """End with an error where a dry run found more refusals than a run would allow."""
        refused = self.report.total(Outcome.REJECTED, Outcome.UNCERTAIN)
        if 0 <= self.settings.max_rejected < refused:
            msg = (
                f"{refused} records would be refused, more than max_rejected "
                f"({self.settings.max_rejected}) allows"
            )
            raise RecordsRefusedError(msg)

    def _log_set_aside(self) -> None:
        """Say where the records are that were set aside, and what can be done with them."""
        aside = self.report.total(Outcome.REJECTED, Outcome.UNCERTAIN)
        if aside and self.settings.rejected_path:
            logger.warning(
                "%d records are set aside in %s: move the file away, mend it, and send it again "
                "with --input",
                aside,
                self.settings.rejected_path,
            )

    def _log_unsettled(self) -> None:
        """Name what an ended run leaves behind in Apptivo: the next run sends it again."""
        for entry in self.delivery.unsettled():
            name = entry.name
            if entry.verdict and entry.verdict.outcome is Outcome.ACCEPTED:
                apptivo_id = entry.verdict.apptivo_id
                what = f"{name}, id {apptivo_id}" if apptivo_id else name
                logger.warning("accepted, and sent again by the next run: %s", what)
            elif entry.verdict is None and entry.may_be_processed:
                logger.warning("perhaps accepted, and sent again by the next run: %s", name)

    def _close(self) -> None:
        """Give back what the run opened."""
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(-1)
        for descriptor in (self.wake_descriptor, self._wake_up):
            if descriptor >= 0:
                os.close(descriptor)
        self.wake_descriptor = self._wake_up = -1
        for file in self._files:
            file.close()
        for client in self._clients:
            client.close()
        self._files.clear()
        self._clients.clear()
