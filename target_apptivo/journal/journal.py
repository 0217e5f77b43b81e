"""The journal: what each record became, held durably, asked in groups, one run at a time."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from target_apptivo.errors import JournalError
from target_apptivo.journal.book import Book
from target_apptivo.journal.clock import Clock
from target_apptivo.journal.failures import failing
from target_apptivo.journal.holding import check, make_tables, take_turn
from target_apptivo.journal.steps import (
    Forget,
    Intend,
    JournalStep,
    Place,
    Remember,
    SetAside,
    Withdraw,
)
from target_apptivo.journal.stores import connected, store_of, transaction
from target_apptivo.journal.tables import RECORDS, STREAMS
from target_apptivo.journal.untold import note_telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from sqlalchemy import Connection

    from target_apptivo.journal.stores import Store


def _say_nothing(_: str) -> None:
    """Wait in silence."""


def _sleep(seconds: float) -> bool:
    """Wait, and never give up."""
    time.sleep(seconds)
    return False


class Journal:
    """What each record became.

    It is used by one thread at a time, which need not be the one that opened it. After a failure
    of the database every call fails with the same error: what was in the air is not known to be
    held, and another connection would not have the run's lock.

    Attributes:
        location: Where it is, for the log: without a password.
    """

    def __init__(
        self,
        store: Store,
        connection: Connection,
        *,
        read_only: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take an open connection; `open` makes one."""
        self.location = store.location
        self._store = store
        self._connection = connection
        self._read_only = read_only
        self._now = Clock(now)
        self._failure: str | None = None
        self._guard = threading.Lock()

    @classmethod
    def make(cls, url: str, account: str) -> bool:
        """Make a journal, if there is none.

        Args:
            url: `sqlite:///…` or `postgresql://…`.
            account: The account whose it is.

        Returns:
            Whether it was made.

        Raises:
            SettingsError: If it cannot be made, or is there and of another version or account.
            JournalError: If it cannot be read or written.
        """
        store = store_of(url)
        store.make()
        with connected(store, read_only=False) as connection:
            is_made = make_tables(store, connection, account)
            check(connection, account)
            store.tune(connection)
            connection.close()
        return is_made

    @classmethod
    def open(  # noqa: PLR0913 - each is the caller's own business
        cls,
        url: str,
        *,
        account: str,
        read_only: bool = False,
        on_wait: Callable[[str], None] = _say_nothing,
        gives_up: Callable[[float], bool] = _sleep,
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Open a journal that is there, and wait until no other run has it.

        Args:
            url: `sqlite:///…` or `postgresql://…`.
            account: The account that records are sent to.
            read_only: Write nothing, lock nothing, wait for nobody.
            on_wait: Is told whom it waits for.
            gives_up: Waits so many seconds, and tells whether the run was stopped meanwhile.
            now: Seconds since 1970.

        Raises:
            SettingsError: If there is none, or it is not to be used so.
            JournalError: If it cannot be read or written.
            RunEndedError: If it gave up.
        """
        store = store_of(url)
        with connected(store, read_only=read_only) as connection:
            check(connection, account)
            if not read_only:
                store.tune(connection)
                take_turn(store, connection, on_wait=on_wait, gives_up=gives_up)
            return cls(store, connection, read_only=read_only, now=now)

    def __enter__(self) -> Self:
        """Close it at the end."""
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def carry_out(self, steps: Sequence[JournalStep]) -> list[Any]:
        """Carry out steps, all or none; what is answered is on the disk.

        Args:
            steps: Each sees what the ones before it did.

        Returns:
            Their replies, in order.

        Raises:
            JournalError: If the database fails, now or before.
        """
        writes = any(
            isinstance(step, Intend | Remember | Withdraw | SetAside | Forget) for step in steps
        )
        with self._transaction(writes=writes):
            return Book(self._connection, self._now()).carry_out(steps)

    def withdraw(self, places: Iterable[Place]) -> None:
        """Take back intentions that surely came to nothing.

        Raises:
            JournalError: If the database fails, now or before.
        """
        self.carry_out([Withdraw(place) for place in places])

    def claim(self, endpoint: str, stream: str, names: Iterable[str]) -> None:
        """Note by which key properties a stream is remembered, or see that they are the same.

        Raises:
            JournalError: If they are others, or the database fails.
        """
        wanted = sorted(names)
        with self._transaction(writes=False):
            noted = self._key_names(endpoint, stream)
        if noted is None and not self._read_only:
            row = {"endpoint": endpoint, "stream": stream, "key_names": json.dumps(wanted)}
            with self._transaction(writes=True):
                self._connection.execute(insert(STREAMS), row)
        elif noted not in (None, wanted):
            raise JournalError(
                f"The journal knows {stream} by the key properties {_told(noted)}, and they are "
                f"{_told(wanted)} now: let the tap name the former, or set journal_stream to "
                "another name, which starts anew"
            )

    def note_telling(self, *, is_told: bool = False) -> float:
        """Note that a run begins to tell its answers, or has told all; see `untold.py`.

        Raises:
            JournalError: If the database fails, now or before.
        """
        with self._transaction(writes=True):
            return note_telling(self._connection, self._now(), is_told=is_told)

    def counts(self) -> tuple[dict[str, int], int]:
        """Count the records that are known, by stream, and all that are in doubt.

        Raises:
            JournalError: If the database fails, now or before.
        """
        # Two counts of indexes: the table itself may be large.
        everything = select(RECORDS.c.stream, func.count()).group_by(RECORDS.c.stream)
        in_doubt = everything.where(RECORDS.c.intention.is_not(None))
        with self._transaction(writes=False):
            known: dict[str, int] = dict(self._connection.execute(everything).all())
            doubted: dict[str, int] = dict(self._connection.execute(in_doubt).all())
        counted = {name: number - doubted.get(name, 0) for name, number in sorted(known.items())}
        return {name: number for name, number in counted.items() if number}, sum(doubted.values())

    def close(self) -> None:
        """Let go of the database and of the lock; closing twice does nothing more."""
        try:
            self._connection.close()
        except SQLAlchemyError:
            self._connection.invalidate()
        self._store.close()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[None]:
        """Do something in a transaction; a failure of the database is the journal's end."""
        if self._failure is not None:
            raise JournalError(self._failure)
        try:
            # The threads of a run take turns: the connection is for one at a time.
            with self._guard, failing(), transaction(self._connection, writes=writes):
                yield
        except JournalError as error:
            self._failure = str(error)
            raise

    def _key_names(self, endpoint: str, stream: str) -> list[str] | None:
        """Read the noted names of a stream's key properties."""
        place = (STREAMS.c.endpoint == endpoint) & (STREAMS.c.stream == stream)
        noted = self._connection.scalar(select(STREAMS.c.key_names).where(place))
        return None if noted is None else json.loads(noted)


def _told(names: list[str] | None) -> str:
    """Write names for people."""
    return ", ".join(names or ()) or "(none)"
