"""Where a journal is kept: chosen by its URL, opened, and let go of if anything goes wrong."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from target_apptivo.journal.failures import opening, refused
from target_apptivo.journal.postgres import PostgresStore
from target_apptivo.journal.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Store(Protocol):
    """Where a journal is kept: a file, or a PostgreSQL.

    Attributes:
        location: Where it is, for the log.
    """

    location: str

    def make(self) -> None:
        """Make what the tables go into, if there is none."""

    def connect(self, *, read_only: bool) -> Connection:
        """Open it."""

    def is_foreign(self, connection: Connection) -> bool:
        """Whether it is another program's, so that no tables are made in it."""

    def tune(self, connection: Connection) -> None:
        """Set what a writing connection needs."""

    def try_lock(self, connection: Connection) -> bool:
        """Take the run's lock, unless another run has it."""

    def close(self) -> None:
        """Let go of the lock, if that is not the connection's."""


_STORES: dict[str, Callable[..., Store]] = {
    "sqlite": SqliteStore,
    "postgresql": PostgresStore,
    "postgresql+psycopg": PostgresStore,
    "postgres": PostgresStore,
}


def store_of(url: str) -> Store:
    """Choose where it is kept.

    Raises:
        SettingsError: If the URL cannot be used.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise refused("is no URL: write sqlite:///journal.db or postgresql://…") from None
    if parsed.drivername not in _STORES:
        raise refused("must begin with sqlite:/// or postgresql://")
    return _STORES[parsed.drivername](parsed)


@contextmanager
def connected(store: Store, *, read_only: bool) -> Iterator[Connection]:
    """Connect; whatever goes wrong then lets go of everything again."""
    connection = store.connect(read_only=read_only)
    try:
        with opening():
            yield connection
    except BaseException:
        connection.close()
        store.close()
        raise


@contextmanager
def transaction(connection: Connection, *, writes: bool) -> Iterator[None]:
    """Do all of something or nothing; durably, if it writes."""
    connection.execution_options(begin="BEGIN IMMEDIATE" if writes else "BEGIN")
    with connection.begin():
        yield
