"""The errors that end a run, and the one that refuses a record.

Every message is written to be the last log line: it names the thing and the remedy, and carries
neither a credential nor a record's values.

    TargetApptivoError
    ├── SettingsError          a setting is wrong: mend the settings
    ├── InputError             the tap's messages cannot be used: mend the tap
    ├── OutputError            a file, stdout or the webhook does not take our output
    ├── CredentialsError       Apptivo does not take the keys
    ├── UnavailableError       Apptivo does not answer: run again later
    ├── StoppedError           SIGTERM or SIGINT: run again, the state is kept
    ├── RecordsRefusedError    records were refused: mend them, the run itself is complete
    └── RecordRejectedError    one record was refused: mend the record
        └── MissingKeyPropertyError
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MissingKeyPropertiesError

if TYPE_CHECKING:
    from collections.abc import Callable


class TargetApptivoError(Exception):
    """Base of all errors that this target raises on purpose."""


class SettingsError(TargetApptivoError):
    """A setting is wrong or unknown; the message starts with its full path."""

    def __init__(self, path: str, problem: str) -> None:
        """Keep the path for callers that add to it.

        Args:
            path: Dotted path of the setting, `streams.people.endpoint`.
            problem: What is wrong with it, without its value.
        """
        super().__init__(f"{path}: {problem}")


class InputError(TargetApptivoError):
    """A Singer message cannot be read or is of a kind that this target cannot take."""


class OutputError(TargetApptivoError):
    """An output cannot be written, so no state that it covers may be written either."""


class CredentialsError(TargetApptivoError):
    """Apptivo refused the credentials."""


class UnavailableError(TargetApptivoError):
    """Apptivo did not take a request within its attempts, and surely did not process it."""


class StoppedError(TargetApptivoError):
    """The run was stopped by a signal."""

    def __init__(self, signal_number: Callable[[], int | None]) -> None:
        """Name the signal when it is known.

        Args:
            signal_number: Gives the number of the signal.
        """
        super().__init__()
        self._signal_number = signal_number

    def __str__(self) -> str:
        """Name the signal, and what to do."""
        name = signal.Signals(self._signal_number() or signal.SIGTERM).name
        return f"stopped by {name}: run again to go on, the state of what was delivered is written"

    @property
    def exit_code(self) -> int:
        """The exit code that shells give to a signal."""
        return 128 + (self._signal_number() or signal.SIGTERM)


class RecordsRefusedError(TargetApptivoError):
    """The whole input was read, and more records were refused than the settings allow."""


class RecordRejectedError(TargetApptivoError):
    """A record is refused: raised while shaping a request, and where policy ends the run."""


class MissingKeyPropertyError(RecordRejectedError, MissingKeyPropertiesError):
    """A record lacks one of its key properties."""
