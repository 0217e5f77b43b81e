"""Say in one line what a database's failure means, and whether a setting is to blame.

No text of a database or its driver is repeated: it may hold the URL, keys or values.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from target_apptivo.errors import JournalError, SettingsError, TargetApptivoError

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "journal_url"

_FULL = ("its disk is full", "make room")
_READ_ONLY = ("it is read-only", "let it be written")
_FORBIDDEN = ("its user may not do that", "give the user the right")
_MALFORMED = (
    "it is malformed (it may have been copied while in use)",
    "restore a copy that was made while no run had it",
)
_LOCKED = ("another program has locked it", "end that program")
_LOST = ("the connection to PostgreSQL is lost", "see that PostgreSQL answers")
_BROKEN_DISK = ("its disk does not read or write", "mend the disk")
_GONE = ("its file cannot be opened any more", "see that it is there")

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CORRUPT: _MALFORMED,
    sqlite3.SQLITE_NOTADB: _MALFORMED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_IOERR: _BROKEN_DISK,
    sqlite3.SQLITE_CANTOPEN: _GONE,
}
# The beginnings of PostgreSQL's codes, the longer ones first.
_POSTGRES = {
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _FORBIDDEN,
    "55P03": _LOCKED,
    "XX00": _MALFORMED,
    "08": _LOST,
    "57": _LOST,
}
# What is wrong from the beginning, and only the user can mend.
_OF_THE_SETTING = {
    sqlite3.SQLITE_NOTADB: "is no journal: it is no SQLite database at all",
    sqlite3.SQLITE_READONLY: "is read-only: let it be written, the folder it is in too",
    sqlite3.SQLITE_PERM: "may not be opened: give its user the right to",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: let it be read and written, its folder too",
    "25006": "is read-only: name a PostgreSQL that can be written",
    "42501": "names a user that may not do that: give the user the right to make and use tables",
}


@contextmanager
def failing() -> Iterator[None]:
    """Turn a database's failure into ours."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason, remedy = _meaning(error)
        raise JournalError(
            f"The journal cannot be read or written: {reason}. Nothing was sent that it does not "
            f"hold: {remedy}, then start the run again"
        ) from error


@contextmanager
def opening() -> Iterator[None]:
    """Turn a failure to open it into ours: most are for the user to mend."""
    try:
        with failing():
            yield
    except JournalError as error:
        problem = _OF_THE_SETTING.get(_code(error.__cause__))
        if problem is None:
            raise
        raise SettingsError(SETTING, problem) from None


def refused(problem: str) -> TargetApptivoError:
    """Say what is wrong with the URL, without showing it."""
    return SettingsError(SETTING, problem)


def _code(error: BaseException | None) -> int | str | None:
    """Find SQLite's primary code, or PostgreSQL's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return getattr(cause, "sqlstate", None)


def _meaning(error: Exception) -> tuple[str, str]:
    """Give the reason and the remedy."""
    code = _code(error)
    if isinstance(code, int) and code in _SQLITE:
        return _SQLITE[code]
    if isinstance(code, str):
        found = (meaning for start, meaning in _POSTGRES.items() if code.startswith(start))
        return next(found, (f"PostgreSQL refuses ({code})", "look into its log"))
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _LOST
    return f"{type(error).__name__}", "see that the database is well"
