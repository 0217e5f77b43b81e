"""A journal in PostgreSQL: what may go wrong between the two, and what is told of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from target_apptivo.errors import JournalError, SettingsError
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import Place, Recall, Remember, Unknown
from tests.postgres import PASSWORD, USER, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.postgres"]

PLACE = Place("create_lead", "leads", '["1"]')
LOST = (
    "The journal cannot be read or written: the connection to PostgreSQL is lost. Nothing was sent "
    "that it does not hold: see that PostgreSQL answers, then start the run again"
)


@pytest.fixture
def journal(postgres_url: str) -> Iterator[Journal]:
    """An open journal with one record."""
    Journal.make(postgres_url, "account")
    with Journal.open(postgres_url, account="account") as journal:
        journal.carry_out([Remember(place=PLACE, apptivo_id="7")])
        yield journal


def fails(journal: Journal) -> None:
    """See that every call fails, in one line."""
    for _ in range(2):
        with pytest.raises(JournalError) as failed:
            journal.carry_out([Recall(PLACE)])
        assert str(failed.value) == LOST
        with pytest.raises(JournalError):
            journal.counts()


def test_a_server_that_stops_and_comes_back_is_not_trusted() -> None:
    """Meanwhile another run may have had the journal: this one ends, and a new one goes on."""
    with serving() as server:
        url = server.fresh()
        Journal.make(url, "account")
        with Journal.open(url, account="account") as journal:
            journal.carry_out([Remember(place=PLACE, apptivo_id="7")])
            server.stop("immediate")
            fails(journal)
            server.start()
            fails(journal)
            with Journal.open(url, account="account", gives_up=lambda _: True) as again:
                assert again.carry_out([Recall(PLACE)])[0].apptivo_id == "7"
            fails(journal)


def test_a_session_that_is_ended_is_not_renewed(
    journal: Journal, postgres_url: str, postgres_server: Server
) -> None:
    """The lock went with it."""
    database = postgres_url.rpartition("/")[2]
    postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
    )
    fails(journal)


def test_the_session_outlives_a_quiet_tap(journal: Journal, postgres_server: Server) -> None:
    """Whatever the server's defaults: it is not cut for being idle, and a commit is on the disk."""
    database = journal.location.rpartition("/")[2]
    for setting in ("synchronous_commit = off", "idle_session_timeout = 100"):
        postgres_server.execute(f"ALTER DATABASE {database} SET {setting}")
    journal.close()
    url = postgres_server.url(database)
    with Journal.open(url, account="account") as again:
        shown = [
            again._connection.exec_driver_sql(f"SHOW {name}").scalar()  # noqa: SLF001
            for name in ("synchronous_commit", "idle_session_timeout")
        ]
        again._connection.rollback()  # noqa: SLF001
        assert shown == ["on", "0"]
        assert again.carry_out([Recall(PLACE)])[0].apptivo_id == "7"


def test_no_transaction_is_left_open(journal: Journal, postgres_url: str) -> None:
    """It would keep PostgreSQL from cleaning up, for as long as the tap is quiet."""
    journal.carry_out([Recall(PLACE)])
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT state FROM pg_stat_activity WHERE application_name = 'target-apptivo'"
            " AND datname = current_database()"
        ).fetchall()
    assert found == [("idle",)]


def test_its_schema_may_be_chosen(postgres_url: str, postgres_server: Server) -> None:
    """By the URL, as PostgreSQL has it; each schema has a journal and a lock of its own."""
    postgres_server.execute("CREATE SCHEMA other", postgres_url.rpartition("/")[2])
    other = f"{postgres_url}?options=-csearch_path%3Dother"
    for url in (postgres_url, other):
        Journal.make(url, "account")
    with (
        Journal.open(postgres_url, account="account") as one,
        Journal.open(other, account="account", gives_up=lambda _: True) as two,
    ):
        one.carry_out([Remember(place=PLACE)])
        assert two.carry_out([Recall(PLACE)]) == [Unknown()]


def test_a_schema_that_is_not_there(postgres_url: str, postgres_server: Server) -> None:
    """Nobody made it, or the user may not use it: the way to it is named, and the remedy."""
    name = postgres_url.rpartition("/")[2].replace("test", "user")
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    postgres_server.execute("CREATE SCHEMA theirs", postgres_url.rpartition("/")[2])
    stranger = f"postgresql://{name}:secret@{postgres_url.partition('@')[2]}"
    for url, schema in ((postgres_url, "missing"), (stranger, "theirs")):
        with pytest.raises(
            SettingsError, match=rf"no schema of search_path \({schema}\).* make it"
        ):
            Journal.make(f"{url}?options=-csearch_path%3D{schema}", "account")


def test_tables_of_others_are_no_matter(postgres_url: str, postgres_server: Server) -> None:
    """It may be the warehouse's database."""
    database = postgres_url.rpartition("/")[2]
    postgres_server.execute("CREATE TABLE records (id int); CREATE TABLE meta (id int)", database)
    assert Journal.make(postgres_url, "account")


def test_a_user_who_may_make_nothing(postgres_url: str, postgres_server: Server) -> None:
    """The setting is to blame."""
    name = postgres_url.rpartition("/")[2].replace("test", "user")
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    url = f"postgresql://{name}:secret@{postgres_url.partition('@')[2]}"
    with pytest.raises(SettingsError, match="a user that may not do that"):
        Journal.make(url, "account")
    Journal.make(postgres_url, "account")
    with pytest.raises(SettingsError, match="a user that may not do that"):
        Journal.open(url, account="account")


def test_a_database_that_is_read_only(journal: Journal, postgres_server: Server) -> None:
    """As a standby is."""
    database = journal.location.rpartition("/")[2]
    journal.close()
    postgres_server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with pytest.raises(SettingsError, match="is read-only: name a PostgreSQL that can be written"):
        Journal.open(postgres_server.url(database), account="account")
    Journal.open(postgres_server.url(database), account="account", read_only=True).close()


@pytest.mark.parametrize(
    ("part", "instead", "problem"),
    [
        (quote(PASSWORD, safe=""), "planted-other", "PostgreSQL refuses its user or password"),
        (f":{quote(PASSWORD, safe='')}", "", "PostgreSQL asks for a password"),
        ("/test_", "/planted-other_", "PostgreSQL has no such database or user"),
        (f"//{USER}:", "//nobody:", "PostgreSQL refuses its user or password"),
        ("127.0.0.1", "127.0.0.9", "no PostgreSQL answers at postgresql://tester@127.0.0.9:"),
        (
            "/test_",
            "/test_?planted=1&user=",
            "an option in its query that PostgreSQL does not take",
        ),
        ("/test_", "/?sslmode=planted-1&user=", "an option in its query that PostgreSQL does not"),
        ("/test_", "/?sslmode=verify-full&user=", "do not agree on TLS"),
    ],
)
def test_what_is_wrong_is_told_without_a_secret(
    postgres_url: str, part: str, instead: str, problem: str
) -> None:
    """Neither the password nor the query, not even in a traceback."""
    assert part in postgres_url
    url = postgres_url.replace(part, instead)
    for use in (Journal.make, lambda url, account: Journal.open(url, account=account)):
        with pytest.raises(SettingsError) as refused:
            use(url, "account")
        assert problem in str(refused.value)
        told = "".join(traceback.format_exception(refused.value))
        assert not [part for part in ("p@ss", "p%40ss", "planted=1", "planted-") if part in told]


def test_the_location_is_no_secret(journal: Journal, postgres_url: str) -> None:
    """It goes to the log."""
    assert journal.location == f"postgresql://{USER}@{postgres_url.partition('@')[2]}"


def test_the_location_is_what_is_connected_to(
    postgres_url: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where libpq's variables name it, and where it is a socket, and where nobody answers."""
    folder, port = str(postgres_server.folder), postgres_server.port
    database = postgres_url.rpartition("/")[2]
    values = {"HOST": folder, "PORT": port, "USER": USER, "PASSWORD": PASSWORD}
    for name, value in {**values, "DATABASE": database}.items():
        monkeypatch.setenv(f"PG{name}", str(value))
    told = f"postgresql://{USER}@/{database}?host={quote(folder, safe='')}&port="
    Journal.make("postgresql://", "account")
    for url in ("postgresql://", f"{told}{port}"):
        with Journal.open(url, account="account") as journal:
            assert journal.location == f"{told}{port}"
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(SettingsError) as refused:
        Journal.open("postgresql://", account="account")
    assert str(refused.value).endswith(f"no PostgreSQL answers at {told}1")


def test_other_spellings_of_the_url(postgres_url: str) -> None:
    """As other programs write it."""
    for scheme in ("postgres", "postgresql+psycopg", "postgresql"):
        url = postgres_url.replace("postgresql", scheme)
        Journal.make(url, "account")
        with Journal.open(url, account="account") as journal:
            assert journal.location.startswith("postgresql://")


def test_without_the_driver_the_extra_is_named(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is installed with the extra alone."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"pip install 'target-apptivo\[postgres\]'"):
        Journal.make(postgres_url, "account")
