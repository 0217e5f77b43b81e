"""The errors that end a run, the one that refuses a record, and how their messages count.

Every message is written to be the last log line: it names the thing and the remedy, and carries
neither a credential nor a record's values.

    TargetApptivoError
    ├── SettingsError          a setting is wrong: mend the settings
    ├── InputError             the tap's messages cannot be used: mend the tap
    ├── OutputError            a file, stdout or the webhook does not take our output
    ├── JournalError           the journal cannot be used: nothing was sent that it does not hold
    ├── CredentialsError       Apptivo does not take the keys
    ├── UnavailableError       Apptivo does not answer: run again later
    ├── ConfigurationError     an app's fields cannot be told: nothing of its records is sent
    ├── SearchError            Apptivo's search cannot be relied on: nothing more is created by it
    ├── StrangerError          an update was answered with another object: look at both
    ├── StoppedError           SIGTERM or SIGINT: run again, the state is kept
    ├── RunEndedError          not for people: it ends the reading
    ├── UnexpectedError        a fault of this program: report it
    ├── RecordsRefusedError    records were refused: mend them, the run itself is complete
    └── RecordRejectedError    one record was refused: mend the record
        └── MissingKeyPropertyError
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MissingKeyPropertiesError

if TYPE_CHECKING:
    from collections.abc import Sequence


class TargetApptivoError(Exception):
    """Base of all errors that this target raises on purpose."""


class SettingsError(TargetApptivoError):
    """A setting is wrong or unknown; the message starts with its full path."""

    def __init__(self, path: str, problem: str) -> None:
        """Name the setting and the problem.

        Args:
            path: Dotted path of the setting, `streams.people.endpoint`.
            problem: What is wrong with it, without its value.
        """
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class InputError(TargetApptivoError):
    """A Singer message cannot be read or is of a kind that this target cannot take."""


class OutputError(TargetApptivoError):
    """An output cannot be written, so no state that it covers may be written either."""


class JournalError(TargetApptivoError):
    """The journal cannot be read or written, or it does not fit: nothing goes on without it."""


class CredentialsError(TargetApptivoError):
    """Apptivo refused the credentials."""

    def __init__(self, reason: str | None, *, record: str | None = None) -> None:
        """Name the record, if there was one, and say where the right credentials are found."""
        where = f" at {record}" if record else ""
        super().__init__(
            f"Apptivo refused the credentials ({reason}){where}: check api_key and access_key "
            "(Business Settings > API Access)"
        )


class UnavailableError(TargetApptivoError):
    """Apptivo did not take a request within its attempts, and surely did not process it."""

    def __init__(self, reason: str | None, *, attempts: int, record: str) -> None:
        """Name the record that gets no outcome; the next run sends it again."""
        super().__init__(
            f"Apptivo is unavailable ({reason}, {counted(attempts, 'attempt')}) at {record}: run "
            "again later, the state is kept; if it never worked, check api_url"
        )


class ConfigurationError(TargetApptivoError):
    """Apptivo does not tell an app's configuration in a form that can be read."""

    def __init__(self, app: str, reason: str) -> None:
        """Name the app, and what is wrong."""
        super().__init__(
            f"the configuration of {app} (getConfigData) cannot be read: {reason}; nothing was "
            "sent that needs it"
        )


class SearchError(TargetApptivoError):
    """Apptivo's search does not show a record that is known to be there."""

    def __init__(
        self, endpoint: str, apptivo_id: str, match_on: Sequence[str], seconds: float, why: str
    ) -> None:
        """Name the record and the search, and say what can be done."""
        super().__init__(
            f"Apptivo's search by match_on ({', '.join(match_on)}) does not find {apptivo_id} of "
            f"{endpoint} within {seconds:.0f} s{why}, though it is there: nothing more is created "
            "that might be there already. Search by another attribute, or raise settle_seconds"
        )


class StrangerError(TargetApptivoError):
    """The answer to an update shows another object than the one that was to be updated."""

    def __init__(self, endpoint: str, apptivo_id: str, other: str) -> None:
        """Name both."""
        super().__init__(
            f"the answer to an update of {apptivo_id} ({endpoint}) shows another id, {other}: look "
            "at both in Apptivo before anything more is updated"
        )


class StoppedError(TargetApptivoError):
    """The run was stopped by a signal.

    Attributes:
        exit_code: The exit code that shells give to the signal.
    """

    def __init__(self, signal_number: int) -> None:
        """Name the signal, and what to do."""
        self.exit_code = 128 + signal_number
        super().__init__(
            f"stopped by {signal.Signals(signal_number).name}: run again to go on from the last "
            "STATE written"
        )


class RunEndedError(TargetApptivoError):
    """The run has ended: nothing more is taken. What ended it, its end tells."""


class UnexpectedError(TargetApptivoError):
    """A fault of this program."""

    def __init__(self, error: Exception) -> None:
        """Name its type alone: its text may hold anything."""
        super().__init__(
            f"unexpected {type(error).__name__}: this is a bug, please report it "
            "(TARGET_APPTIVO_LOGLEVEL=DEBUG shows where it comes from)"
        )


class RecordsRefusedError(TargetApptivoError):
    """The whole input was read, and more records were refused than the settings allow."""


class RecordRejectedError(TargetApptivoError):
    """A record is refused: raised while shaping a request, and where policy ends the run."""


class MissingKeyPropertyError(RecordRejectedError, MissingKeyPropertiesError):
    """A record lacks one of its key properties; the SDK's standard tests expect its own error."""


def counted(number: int, one: str, more: str | None = None) -> str:
    """Write a number with what it counts, for a message: 1 record, but 2 records.

    Args:
        number: How many there are.
        one: What one of them is called, and its verb where that follows: `record is`.
        more: What several are called; by default `one` with an s.
    """
    return f"{number} {one if number == 1 else more or f'{one}s'}"
