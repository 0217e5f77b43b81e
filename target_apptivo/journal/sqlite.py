"""A journal in a file: SQLite, made for its owner alone.

Its own file is never opened here but by SQLite: closing any other handle to it would drop the
locks that the process has on it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.pool import NullPool

from target_apptivo.journal.failures import opening, refused

if TYPE_CHECKING:
    from sqlalchemy import URL

_OWNERS_ONLY = 0o600
# Each commit is on the disk before it is answered. The file may be read while it is written.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16000")
# How long another program (a copy, a shell) may hold it up.
_PATIENCE = 5.0


class SqliteStore:
    """A file, and the file beside it that a run locks.

    Attributes:
        location: Where it is, for the log.
    """

    def __init__(self, url: URL) -> None:
        """Find the file; a relative path starts at the working directory.

        Raises:
            SettingsError: If the URL names no file.
        """
        if url.host or url.query or url.database in {None, "", ":memory:"}:
            raise refused("must name a file, as in sqlite:///journal.db or sqlite:////data/it.db")
        # Resolved: two links to one file must be one lock.
        self._path = Path(str(url.database)).resolve()
        self._lock: sqlite3.Connection | None = None
        self.location = str(self._path)

    def make(self) -> None:
        """Make the file, if there is none.

        Raises:
            SettingsError: If it cannot be made.
        """
        self._check_place()
        _make_file(self._path)

    def connect(self, *, read_only: bool) -> Connection:
        """Open the file.

        Raises:
            SettingsError: If there is none.
        """
        self._check_place()
        if not self._path.exists():
            raise refused("names a journal that is not there: make it with --journal")
        mode = self._reading_mode() if read_only else "mode=rw"
        uri = f"{self._path.as_uri()}?{mode}"
        engine = create_engine(
            "sqlite://",
            creator=lambda: _open(uri, _PATIENCE, reads=read_only),
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin)
        with opening():
            return engine.connect()

    def is_foreign(self, connection: Connection) -> bool:
        """Whether the file is another program's database."""
        return bool(inspect(connection).get_table_names())

    def tune(self, connection: Connection) -> None:
        """Let it be written durably, and read meanwhile."""
        # Outside of any transaction, which SQLAlchemy would begin.
        driver: Any = connection.connection.driver_connection
        for pragma in _PRAGMAS:
            driver.execute(f"PRAGMA {pragma}").fetchall()

    def try_lock(self, connection: Connection) -> bool:  # noqa: ARG002
        """Take the run's lock, unless another has it: a process that dies lets go at once."""
        if self._lock is None:
            path = self._path.with_name(f"{self._path.name}.lock")
            _make_file(path)
            self._lock = _open(f"{path.as_uri()}?mode=rw", patience=0.0)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise refused("cannot be locked: let the file beside it be written") from None
        return True

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.close()

    def _check_place(self) -> None:
        """See that the path can be that of a file."""
        if self._path.is_dir():
            raise refused("names a folder: name a file in it")
        if not self._path.parent.is_dir():
            raise refused("names a file in a folder that is not there: make the folder")

    def _reading_mode(self) -> str:
        """Read beside a run that writes, and leave no file that was not there.

        SQLite makes two for reading, and only who may write takes them away at the end. Where they
        are there already, a run has it or was killed: their content is not moved. Where nobody can
        write, none need be made.
        """
        if self._path.with_name(f"{self._path.name}-wal").exists():
            return "mode=ro"
        if not os.access(self._path.parent, os.W_OK):
            return "mode=ro&immutable=1"
        return "mode=rw" if os.access(self._path, os.W_OK) else "mode=ro"


def _make_file(path: Path) -> None:
    """Make a file that only its owner reads, from its first byte; SQLite makes its others alike."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNERS_ONLY))
    except FileExistsError:
        return
    except OSError as error:
        raise refused(f"names a file that cannot be made ({error.strerror})") from None


def _open(uri: str, patience: float, *, reads: bool = False) -> sqlite3.Connection:
    """Open a file for whichever thread asks, one at a time; transactions begin where we say."""
    connection = sqlite3.connect(
        uri, uri=True, timeout=patience, check_same_thread=False, isolation_level=None
    )
    if reads:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _begin(connection: Connection) -> None:
    """Begin a transaction: one that will write waits for others at its beginning, if ever."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
