"""The parts of a run, made by the settings and closed at its end."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from target_apptivo.delivery.client import Client
from target_apptivo.delivery.delivery import Delivery
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.policy import Policy
from target_apptivo.delivery.retries import wait_after
from target_apptivo.errors import SettingsError
from target_apptivo.output.files import LineFile, is_same_file, write_stdout
from target_apptivo.output.ledger import Outputs, Rejected
from target_apptivo.output.report import Report
from target_apptivo.output.response_records import ResponseLines
from target_apptivo.output.state_lines import StateLines, StateResponses
from target_apptivo.output.terminal import terminal_of_a_person
from target_apptivo.output.unmapped import Unmapped
from target_apptivo.output.webhook import Webhook
from target_apptivo.output.wording import Wording
from target_apptivo.shelf import Shelf

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.delivery.settler import Ledger
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings
    from target_apptivo.stop import Stop

# Seconds that a stopped run waits for the requests under way.
_GRACE = 20.0


class Parts:
    """Makes the parts of one run.

    Attributes:
        terminal: Where a person looks on, if one does.
        write_stdout: Writes a line to stdout.
        report: What is counted.
        unmapped: The streams of which nothing fits the app.
        shelf: The journal, if there is one.
    """

    def __init__(self, settings: Settings, redactor: Redactor, stop: Stop) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._redactor = redactor
        self._stop = stop
        self._wording = Wording(redactor)
        self._files: list[LineFile] = []
        self._clients: list[Client] = []
        self.terminal = terminal_of_a_person()
        self.write_stdout = self.terminal.beside(write_stdout)
        self.unmapped = Unmapped(settings.routes)
        self.report = Report(
            shown=self._wording.shown, on_aside=self.unmapped.note, terminal=self.terminal
        )
        self.shelf = Shelf(settings, stop)

    def delivery(self, ledger: Ledger, **policy: Any) -> Delivery:  # noqa: ANN401 - of Policy
        """Make a delivery by the settings.

        Args:
            ledger: Is told of everything settled.
            policy: Fields of the policy that are not as the settings say.
        """
        settings = self._settings
        delivery = Delivery(
            self.client().send,
            ledger,
            Pace(settings.max_in_flight, settings.requests_per_second),
            policy=Policy(**{**self._policy(), **policy}),
            interruption=self._stop.interruption,
            on_end=self._stop.end,
            grace=_GRACE,
            book=self.shelf.journal,
        )
        self.report.describe_pace = delivery.describe
        return delivery

    def client(self) -> Client:
        """Make a client for Apptivo."""
        settings = self._settings
        return self._client(
            settings.api_url, settings.credentials, connections=settings.max_in_flight
        )

    def outputs(self) -> Outputs:
        """Open the outputs that the settings ask for."""
        settings, wanted, told = (
            self._settings,
            self._settings.responses,
            not self._settings.dry_run,
        )
        in_state = StateResponses(self.report, wanted.state_limit)
        return Outputs(
            report=self.report,
            redactor=self._redactor,
            now=lambda: datetime.now(UTC),
            rejected=self._rejected(settings.rejected_path),
            states=self._states() if told else None,
            responses=self._responses() if told and wanted.emit == "records" else None,
            in_state=in_state if told and wanted.emit == "state" else None,
            webhook=self._webhook(wanted.webhook_url) if told and wanted.webhook_url else None,
            is_untold=self.shelf.is_untold,
        )

    def refuse_own_output(self, source: IO[Any]) -> None:
        """Refuse to read the file that is written.

        Raises:
            SettingsError: If it is.
        """
        outputs = {
            "rejected_path": self._settings.rejected_path,
            "responses.path": self._settings.responses.path,
        }
        with suppress(OSError, AttributeError):
            for setting, path in outputs.items():
                if path and is_same_file(path, source.fileno()):
                    problem = "is the input file; move that file to another name"
                    raise SettingsError(setting, problem)

    def close(self) -> None:
        """Give back what was opened."""
        self.terminal.close()
        for file in self._files:
            file.close()
        for client in self._clients:
            client.close()
        self._files.clear()
        self._clients.clear()
        self.shelf.close()

    def _policy(self) -> dict[str, Any]:
        """Give what the settings say of a delivery; a dry run checks the whole input."""
        settings = self._settings
        is_unlimited = settings.max_rejected < 0 or settings.dry_run
        return {
            "backoff": wait_after,
            "shown": self._wording.shown,
            "keeps_answers": settings.responses.are_told,
            "max_in_flight": settings.max_in_flight,
            "max_attempts": settings.max_attempts,
            "on_uncertain": settings.on_uncertain,
            "max_rejected": math.inf if is_unlimited else settings.max_rejected,
            "dry_run": settings.dry_run,
            "has_journal": self.shelf.journal is not None,
        }

    def _client(self, url: str, credentials: Pairs, *, connections: int) -> Client:
        """Make a client, to be closed at the end."""
        client = Client(
            url,
            credentials,
            connections=connections,
            connect_timeout=self._settings.connect_timeout,
            read_timeout=self._settings.read_timeout,
        )
        self._clients.append(client)
        return client

    def _rejected(self, path: str | None) -> Rejected | None:
        """Open the file of the records set aside."""
        return Rejected(self._open(path, "rejected_path"), self._redactor) if path else None

    def _states(self) -> StateLines:
        """Make what writes STATE; behind response records on stdout it is a Singer message."""
        wanted = self._settings.responses
        is_chained = wanted.emit == "records" and not wanted.path
        return StateLines(self.write_stdout, self._redactor, as_message=is_chained)

    def _responses(self) -> ResponseLines:
        """Open where response records go."""
        path = self._settings.responses.path
        return ResponseLines(
            self._open(path, "responses.path").write if path else self.write_stdout
        )

    def _webhook(self, url: str) -> Webhook:
        """Make the webhook, with a client of its own that has no credentials."""
        client = self._client(url, (), connections=1)
        attempts = self._settings.max_attempts
        return Webhook(client.send, attempts=attempts, gives_up=self._stop.gives_up)

    def _open(self, path: str, setting: str) -> LineFile:
        """Open an output file."""
        file = LineFile(path, setting)
        self._files.append(file)
        if any(other.is_same_as(file) for other in self._files[:-1]):
            problem = "is the file of another output; name one of its own"
            raise SettingsError(setting, problem)
        return file
