"""Make the journal, or add to it what response records tell: `--journal [FILE]`."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from target_apptivo.errors import SettingsError, counted
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.run import Run

logger = logging.getLogger("target-apptivo")


def make_journal(run: Run, file: str) -> None:
    """Make the journal if there is none, take over a file, and print what it knows.

    Args:
        run: A run that has not begun.
        file: Name of a file of response records; empty for none.

    Raises:
        SettingsError: If there is no setting, or the file cannot be read.
        JournalError: If the journal fails.
        InputError: If the file holds something else.
    """
    if run.settings.journal_url is None:
        problem = "is required for --journal: say where it is to be, as in sqlite:///journal.db"
        raise SettingsError("journal_url", problem)
    shelf = run.parts.shelf
    with _lines(file) as lines:
        shelf.make()
        shelf.open()
        try:
            if lines:
                _log_taken(shelf.take_over(lines), file)
            write_stdout(dumps_line(shelf.account()))
        finally:
            shelf.close()


def _log_taken(number: int, file: str) -> None:
    """Say how many records were taken over; none is a mistake, most likely."""
    if number:
        logger.info("%s taken over", counted(number, "response record"))
    else:
        logger.warning("%s holds no response records (see the setting responses)", file)


@contextmanager
def _lines(file: str) -> Iterator[IO[bytes] | None]:
    """Open a file before anything is made."""
    if not file:
        yield None
        return
    try:
        lines = Path(file).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise SettingsError("--journal", f"{file} cannot be read ({error.strerror})") from None
    with lines:
        yield lines
