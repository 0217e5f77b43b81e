"""Whose a journal is: its version, its account, and the run that has it now."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, inspect, select, text

from target_apptivo.errors import RunEndedError
from target_apptivo.journal.failures import refused
from target_apptivo.journal.stores import transaction
from target_apptivo.journal.tables import META, TABLES, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from target_apptivo.journal.stores import Store

_POLL_SECONDS = 0.2
# Two that make one journal at the same time do it one after the other.
_MAKING = text("SELECT pg_advisory_xact_lock(7021463310527101)")


def make_tables(store: Store, connection: Connection, account: str) -> bool:
    """Make the tables, if there are none; give whether they were made.

    Raises:
        SettingsError: If the database is another program's.
    """
    with transaction(connection, writes=True):
        if connection.dialect.name == "postgresql":
            connection.execute(_MAKING)
        if inspect(connection).has_table(META.name):
            return False
        if store.is_foreign(connection):
            raise refused("is another program's database: name a file of its own")
        TABLES.create_all(connection)
        rows = [{"name": "version", "value": VERSION}, {"name": "account", "value": account}]
        connection.execute(insert(META), rows)
    return True


def check(connection: Connection, account: str) -> None:
    """See that it is a journal, of this version and account.

    Raises:
        SettingsError: If it is not.
    """
    with transaction(connection, writes=False):
        is_there = inspect(connection).has_table(META.name)
        found = _read(connection) if is_there else {}
    if "version" not in found:
        raise refused("names no journal yet: make it with --journal")
    if found["version"] != VERSION:
        raise refused(
            f"names a journal of version {found['version']}, this program takes {VERSION}: use the "
            "program that made it, or name another file or database, and make it with --journal"
        )
    if found["account"] != account:
        raise refused(
            f"names a journal of the account {found['account']}, and this is {account}: if only "
            f"the keys or the host are new, set journal_account to {found['account']}; else name "
            "another file or database in journal_url, and make it with --journal"
        )


def take_turn(
    store: Store,
    connection: Connection,
    *,
    on_wait: Callable[[str], None],
    gives_up: Callable[[float], bool],
) -> None:
    """Wait until no other run has it, and note that this one does.

    Raises:
        RunEndedError: If the run is stopped meanwhile.
    """
    told = None
    while not store.try_lock(connection):
        holder = _holder(connection)
        if holder != told:
            on_wait(f"waiting for the journal: {holder} has it")
            told = holder
        if gives_up(_POLL_SECONDS):
            raise RunEndedError
    _note(connection)


def _read(connection: Connection) -> dict[str, str]:
    """Read what is noted."""
    return dict(connection.execute(select(META.c.name, META.c.value)).all())


def _holder(connection: Connection) -> str:
    """Say which run has it; one that has it for a moment only has noted nothing yet."""
    with transaction(connection, writes=False):
        noted = _read(connection).get("run")
    if noted is None:
        return "another run"
    run = json.loads(noted)
    return f"the run with pid {run['pid']} on {run['host']}, since {run['since']},"


def _note(connection: Connection) -> None:
    """Note who has it, for those who wait."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    run = {"host": socket.gethostname(), "pid": os.getpid(), "since": since}
    with transaction(connection, writes=True):
        connection.execute(delete(META).where(META.c.name == "run"))
        connection.execute(insert(META), {"name": "run", "value": json.dumps(run)})
