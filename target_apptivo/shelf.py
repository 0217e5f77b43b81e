"""Where the journal of a run is: opened by the settings, told of in the log, closed at the end."""

from __future__ import annotations

import logging
import math
import tempfile
import time
from typing import TYPE_CHECKING, Any

from target_apptivo.errors import JournalError, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_apptivo.journal.journal import Journal
    from target_apptivo.journal.steps import Place
    from target_apptivo.settings.read import Settings
    from target_apptivo.stop import Stop

logger = logging.getLogger("target-apptivo")


class Shelf:
    """The journal of one run.

    Attributes:
        journal: The journal, once it is open; none where there is none.
    """

    def __init__(self, settings: Settings, stop: Stop) -> None:
        """Open nothing yet."""
        self.journal: Journal | None = None
        self._settings = settings
        self._stop = stop
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._untold_since = math.inf
        self._opened_at = math.inf  # until a run begins to tell

    def make(self) -> None:
        """Make the journal, if there is none.

        Raises:
            SettingsError: If it cannot be made, or is another account's.
        """
        # SQLAlchemy takes a quarter of a second to be imported.
        from target_apptivo.journal.journal import Journal  # noqa: PLC0415

        is_made = Journal.make(self._url, self._account)
        logger.info("journal %s", "made" if is_made else "is there already")

    def open(self, *, read_only: bool = False) -> None:
        """Open the journal, if there is one, and say where it is and how much it knows.

        Raises:
            SettingsError: If it cannot be used.
            JournalError: If it cannot be read.
        """
        if self._settings.journal_url is None:
            return
        from target_apptivo.journal.journal import Journal  # noqa: PLC0415 - see `make`

        if self._settings.is_sandbox:
            Journal.make(self._url, self._account)
        self.journal = Journal.open(
            self._url,
            account=self._account,
            read_only=read_only,
            on_wait=logger.warning,
            gives_up=self._stop.gives_up,
        )
        known, in_doubt = self.journal.counts()
        logger.info(
            "journal %s knows %s%s",
            self.journal.location,
            counted(sum(known.values()), "record"),
            f", {in_doubt} in doubt" if in_doubt else "",
        )

    def begin_telling(self) -> None:
        """Note that answers are to be told, and see whether all of earlier runs were.

        Raises:
            JournalError: If it cannot be noted.
        """
        if not self.journal or not self._settings.responses.are_told:
            return
        self._opened_at = time.time()
        self._untold_since = self.journal.note_telling()
        if self._untold_since < math.inf:
            logger.info(
                "an earlier run did not come to its end: what it did is told again, also of "
                "records that are unchanged"
            )

    def is_untold(self, taken_at: float) -> bool:
        """Whether nobody may have been told of what an earlier run did at a time."""
        return self._untold_since <= taken_at < self._opened_at

    def all_is_told(self) -> None:
        """Note that every answer was told.

        Raises:
            JournalError: If it cannot be noted; then the next run tells them again.
        """
        if self.journal and self._opened_at < math.inf:
            self.journal.note_telling(is_told=True)

    def claim(self, endpoint: str, stream: str, names: Sequence[str]) -> None:
        """Note by which properties a stream's records are known.

        Raises:
            JournalError: If the journal knows them by others.
        """
        if self.journal:
            self.journal.claim(endpoint, stream, names)

    def withdraw(self, places: Iterable[Place]) -> None:
        """Take back intentions that surely came to nothing; else they would be in doubt."""
        unsent = list(places)
        if not self.journal or not unsent:
            return
        try:
            self.journal.withdraw(unsent)
        except JournalError:  # what ended the run is told, and this is of the same cause
            nothing = "of which Apptivo has nothing"
            stay = counted(len(unsent), f"record {nothing} stays", f"records {nothing} stay")
            logger.warning("%s in doubt", stay)

    def take_over(self, lines: Iterable[bytes]) -> int:
        """Take over response records; give how many.

        Raises:
            InputError: If a line is something else.
        """
        from target_apptivo.journal.take_over import take_over  # noqa: PLC0415 - see `make`

        assert self.journal is not None  # noqa: S101 - it was opened
        return take_over(self.journal, lines)

    def account(self) -> dict[str, Any]:
        """Tell whose the journal is, and how much it knows."""
        assert self.journal is not None  # noqa: S101 - it was opened
        known, in_doubt = self.journal.counts()
        return {"account": self._account, "records": known, "in_doubt": in_doubt}

    def close(self) -> None:
        """Close the journal; a sandbox's own is gone with it."""
        if self.journal:
            self.journal.close()
            self.journal = None
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    @property
    def _url(self) -> str:
        """Where the journal is: a sandbox has one of its own, that ends with it."""
        if not self._settings.is_sandbox:
            return str(self._settings.journal_url)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="target-apptivo-")
        return f"sqlite:///{self._folder.name}/journal.db"

    @property
    def _account(self) -> str:
        """The account that records are sent to."""
        from target_apptivo.journal.take_over import account_name  # noqa: PLC0415 - see `make`

        settings = self._settings
        api_key = dict(settings.credentials)["apiKey"]
        return account_name(settings.api_url, api_key, settings.journal_account)
