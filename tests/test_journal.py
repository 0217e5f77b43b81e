"""The journal: making, opening, what it holds, and what it says when it cannot."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event

from target_apptivo.errors import JournalError, RunEndedError, SettingsError
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import (
    Forget,
    InDoubt,
    Intend,
    Known,
    Place,
    Recall,
    RecallMatches,
    RecallOwners,
    RecallParent,
    RecallWitnesses,
    Remember,
    Unknown,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.postgres"]

# Opens a journal, says so, and keeps it until it is killed.
HOLDER = """
import sys, time
from target_apptivo.journal.journal import Journal
journal = Journal.open(sys.argv[1], account="account")
print("open", flush=True)
time.sleep(600)
"""
# Reads a journal as a user who may write nowhere near it; another one before, to load everything.
READER = """
import os, sys
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import Place, Recall
def read(url):
    with Journal.open(url, account="account", read_only=True) as journal:
        return journal.carry_out([Recall(Place("create_lead", "leads", '["1"]'))])
read(sys.argv[1])
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(read(sys.argv[2])[0].apptivo_id)
"""


def place(number: int, endpoint: str = "create_lead") -> Place:
    """Give the place of a lead."""
    return Place(endpoint, "leads", f'["{number}"]')


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program of a few lines."""
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


@pytest.fixture
def url(database_url: str) -> str:
    """A journal that is made."""
    Journal.make(database_url, "account")
    return database_url


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    """An open journal."""
    with Journal.open(url, account="account") as journal:
        yield journal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a journal with one record."""
    path = tmp_path / "file.db"
    Journal.make(f"sqlite:///{path}", "account")
    with Journal.open(f"sqlite:///{path}", account="account") as journal:
        journal.carry_out([Remember(place=place(1), apptivo_id="7", is_created=True)])
    return path


def refusal(url: str, **options: Any) -> str:  # noqa: ANN401
    """Say why a journal is not opened."""
    with pytest.raises(SettingsError) as refused:
        Journal.open(url, **{"account": "account", **options})
    assert str(refused.value).startswith("journal_url: ")
    return str(refused.value)


# What it holds.


def test_what_was_remembered_is_there_at_the_next_run(url: str) -> None:
    """A record keeps its id, its digests and how it came to be."""
    remember = Remember(
        place=place(1), apptivo_id="7", taken={"a": "1"}, shown={"a": "2"}, is_created=True, at=5.0
    )
    with Journal.open(url, account="account") as journal:
        assert journal.carry_out([Recall(place(1)), remember]) == [Unknown(), None]
    with Journal.open(url, account="account") as journal:
        assert journal.carry_out([Recall(place(1))]) == [
            Known(apptivo_id="7", taken={"a": "1"}, shown={"a": "2"}, taken_at=5.0)
        ]


def test_an_intention_leaves_the_record_in_doubt(url: str) -> None:
    """Until it is fulfilled, and also at the next run, which is told its age."""
    intend = Intend(place=place(1), action="create", matches=("x",), content={"a": "1"})
    with Journal.open(url, account="account", now=lambda: 100.0) as journal:
        journal.carry_out([intend])
    with Journal.open(url, account="account", now=lambda: 160.0) as journal:
        assert journal.carry_out([Recall(place(1))]) == [
            InDoubt(action="create", matches=("x",), intended={"a": "1"}, age=60.0)
        ]
        assert journal.counts() == ({}, 1)


def test_what_is_taken_of_an_update_is_added(journal: Journal) -> None:
    """An update sends some attributes: the others are as they were."""
    known, in_doubt, updated = journal.carry_out(
        [
            Remember(place=place(1), apptivo_id="7", taken={"a": "1", "b": "1"}, is_created=True),
            Intend(place=place(1), action="update", apptivo_id="7", content={"b": "2"}),
            Recall(place(1)),
            Remember(place=place(1), taken={"b": "2"}, shown={"b": "3"}),
            Recall(place(1)),
        ]
    )[0::2]
    assert known is None
    assert in_doubt.before.taken == {"a": "1", "b": "1"}
    assert (updated.apptivo_id, updated.is_created) == ("7", True)
    assert (updated.taken, updated.shown) == ({"a": "1", "b": "2"}, {"b": "3"})


def test_a_stop_takes_back_what_was_never_sent(journal: Journal) -> None:
    """What was known counts again; what was in doubt before stays so."""
    journal.carry_out(
        [
            Remember(place=place(1), apptivo_id="7"),
            *[Intend(place=place(number), action="update") for number in (1, 2, 3)],
            Intend(place=place(3), action="create"),
        ]
    )
    journal.withdraw([place(1), place(2), place(3), place(4)])
    known, unknown, in_doubt, never = journal.carry_out(
        [Recall(place(number)) for number in (1, 2, 3, 4)]
    )
    assert (known.apptivo_id, unknown, never) == ("7", Unknown(), Unknown())
    assert in_doubt.action == "update"


def test_a_record_that_is_only_found_is_not_created(journal: Journal) -> None:
    """Nobody knows how it came to be: it is never deleted."""
    journal.carry_out([Remember(place=place(1), apptivo_id="7")])
    assert journal.carry_out([Recall(place(1))])[0].is_created is False


def test_a_group_is_carried_out_whole_or_not_at_all(url: str) -> None:
    """A step that fails takes back those before it."""
    with Journal.open(url, account="account") as journal:
        broken: Any = Remember(place=place(2), taken={"a": object()})  # type: ignore[dict-item]
        with pytest.raises(TypeError):
            journal.carry_out([Remember(place=place(1)), broken])
        assert journal.carry_out([Recall(place(1))]) == [Unknown()]


def test_it_counts_by_stream(journal: Journal) -> None:
    """Those in doubt are counted apart."""
    elsewhere = Place("create_case", "cases", '["1"]')
    journal.carry_out(
        [
            *[Remember(place=place(number), apptivo_id="1") for number in range(3)],
            Remember(place=elsewhere),
            Intend(place=place(0), action="update"),
            Intend(place=place(9), action="create"),
        ]
    )
    assert journal.counts() == ({"cases": 1, "leads": 2}, 2)


def test_a_stream_keeps_its_key_properties(journal: Journal, url: str) -> None:
    """Other names, whatever their order, end the run and are told; reading notes nothing."""
    journal.claim("create_lead", "leads", ["b", "a"])
    journal.claim("create_lead", "leads", ["a", "b"])
    journal.claim("create_case", "leads", ["c"])
    with pytest.raises(JournalError, match=r"leads by the key properties a, b, and they are c now"):
        journal.claim("create_lead", "leads", ["c"])
    with Journal.open(url, account="account", read_only=True) as reader:
        reader.claim("create_case", "cases", ["c"])
        with pytest.raises(JournalError, match=r"they are \(none\) now"):
            reader.claim("create_lead", "leads", [])
    journal.claim("create_case", "cases", ["d"])


def test_a_group_takes_few_statements(journal: Journal) -> None:
    """Their number does not grow with the group's."""
    statements: list[str] = []

    def count(*arguments: Any) -> None:  # noqa: ANN401
        statements.append(arguments[2])

    def group(numbers: range) -> list[Any]:
        return [
            *[Recall(place(number)) for number in numbers],
            *[RecallParent("leads", f'["{number}"]') for number in numbers],
            *[RecallOwners("create_lead", str(number)) for number in numbers],
            *[RecallMatches("create_lead", (f"m{number}",)) for number in numbers],
            *[Intend(place=place(number), action="create") for number in numbers],
            *[Remember(place=place(n), apptivo_id=str(n), matches=(f"m{n}",)) for n in numbers],
            *[Forget("create_lead", str(number)) for number in numbers if number % 2],
        ]

    event.listen(Engine, "before_cursor_execute", count)
    try:
        journal.carry_out(group(range(2)))
        few = len(statements)
        journal.carry_out(group(range(2, 302)))
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert len(statements) - few <= few <= 10


def test_no_question_reads_the_whole_table(file: Path) -> None:
    """Each has its index: it costs the same in a large journal."""
    statements: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:  # noqa: ANN401
        statements.append(arguments[2:4])

    event.listen(Engine, "before_cursor_execute", note)
    with Journal.open(f"sqlite:///{file}", account="account", read_only=True) as journal:
        journal.carry_out(
            [
                Recall(place(1)),
                RecallParent("leads", '["2"]'),
                RecallOwners("create_lead", "7"),
                RecallMatches("create_lead", ("a", "b")),
                RecallWitnesses("create_lead"),
            ]
        )
    event.remove(Engine, "before_cursor_execute", note)
    asked = [each for each in statements if "FROM target_apptivo_records" in each[0]]
    assert len(asked) == 4
    with closing(sqlite3.connect(file)) as connection:
        for statement, parameters in asked:
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())
            assert "SEARCH" in plan
            assert "SCAN" not in plan


def test_it_may_be_used_in_another_thread(journal: Journal) -> None:
    """One at a time."""
    replies: list[Any] = []
    thread = threading.Thread(target=lambda: replies.extend(journal.carry_out([Recall(place(1))])))
    thread.start()
    thread.join()
    assert replies == [Unknown()]


# Making and opening it.


def test_it_is_made_once(database_url: str) -> None:
    """Making it again checks it, and changes nothing."""
    assert Journal.make(database_url, "account")
    with Journal.open(database_url, account="account") as journal:
        journal.carry_out([Remember(place=place(1), apptivo_id="7")])
    assert not Journal.make(database_url, "account")
    with pytest.raises(SettingsError, match="set journal_account to account"):
        Journal.make(database_url, "other")
    with Journal.open(database_url, account="account") as journal:
        assert journal.counts() == ({"leads": 1}, 0)


def test_its_files_are_the_owners(file: Path) -> None:
    """From their first byte, whatever the umask: keys stand in them."""
    with Journal.open(f"sqlite:///{file}", account="account") as journal:
        journal.carry_out([Remember(place=place(1))])
        files = sorted(file.parent.glob("file.db*"))
        assert [each.name for each in files] == [
            "file.db",
            "file.db-shm",
            "file.db-wal",
            "file.db.lock",
            "file.db.lock-journal",
        ]
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_a_relative_path_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As people write it."""
    monkeypatch.chdir(tmp_path)
    Journal.make("sqlite:///rel%20ative?.db".replace("?", ""), "account")
    with Journal.open("sqlite:///rel%20ative.db", account="account") as journal:
        assert Path(journal.location).parent == tmp_path
        assert Path(journal.location).exists()


def test_another_account_is_told_what_to_set(url: str) -> None:
    """Perhaps only the keys are new."""
    assert "set journal_account to account;" in refusal(url, account="host-0123")


def test_another_version_is_refused(file: Path) -> None:
    """Nothing is read that may mean something else."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE target_apptivo_meta SET value = '0' WHERE name = 'version'")
    assert "a journal of version 0, this program takes 1" in refusal(f"sqlite:///{file}")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_run_makes_none(database_url: str, tmp_path: Path, read_only: bool) -> None:  # noqa: FBT001
    """An empty journal would create everything again."""
    assert "make it with --journal" in refusal(database_url, read_only=read_only)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("journal.db", "is no URL"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite://secret/journal.db", "must name a file"),
        ("sqlite:///secret.db?secret=1", "must name a file"),
        ("mysql://user:secret@host/journal", "must begin with sqlite:/// or postgresql://"),
        ("postgresql+psycopg2://user:secret@host/it", "must begin with sqlite:/// or postgresql"),
        ("postgresql://user:secret@host:port/it", "is no URL"),
        ("sqlite:////nowhere/at/all.db", "in a folder that is not there"),
        ("sqlite:////tmp", "names a folder"),
    ],
)
def test_an_url_that_cannot_be_used(url: str, problem: str) -> None:
    """The setting is named, and what it holds is not shown."""
    assert problem in refusal(url)
    assert "secret" not in refusal(url)
    with pytest.raises(SettingsError, match=problem):
        Journal.make(url, "account")


def test_garbage_is_no_journal(tmp_path: Path) -> None:
    """And is left as it is."""
    path = tmp_path / "garbage.db"
    path.write_bytes(b"garbage " * 1_000)
    assert "no SQLite database at all" in refusal(f"sqlite:///{path}")
    with pytest.raises(SettingsError, match="no SQLite database at all"):
        Journal.make(f"sqlite:///{path}", "account")
    assert path.read_bytes() == b"garbage " * 1_000


def test_another_programs_database_is_no_journal(tmp_path: Path) -> None:
    """No tables are made in it."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE theirs (id)")
    before = path.read_bytes()
    assert "make it with --journal" in refusal(f"sqlite:///{path}")
    with pytest.raises(SettingsError, match="another program's database"):
        Journal.make(f"sqlite:///{path}", "account")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_one(tmp_path: Path) -> None:
    """The making of it may have been cut off."""
    path = tmp_path / "empty.db"
    path.touch()
    assert "make it with --journal" in refusal(f"sqlite:///{path}")
    assert Journal.make(f"sqlite:///{path}", "account")


# One run at a time.


def test_a_second_run_waits_for_the_first(url: str) -> None:
    """It says for whom, and goes on at once when that one dies."""
    told: list[str] = []
    with started(HOLDER, url) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"

        def kill(_: float) -> bool:
            holder.kill()
            holder.wait()
            return False

        with Journal.open(url, account="account", on_wait=told.append, gives_up=kill) as journal:
            assert journal.carry_out([Recall(place(1))]) == [Unknown()]
    assert len(told) == 1
    assert f"the run with pid {holder.pid} on " in told[0]


def test_who_waits_can_be_stopped(url: str, journal: Journal) -> None:
    """And leaves the other in peace."""
    with pytest.raises(RunEndedError):
        Journal.open(url, account="account", gives_up=lambda _: True)
    assert journal.carry_out([Recall(place(1))]) == [Unknown()]
    journal.close()
    Journal.open(url, account="account", gives_up=lambda _: True).close()


def test_another_account_does_not_wait(url: str, journal: Journal) -> None:
    """What will never be is told at once."""
    assert "journal_account" in refusal(url, account="other", gives_up=lambda _: True)
    assert journal.location in url.replace(":////", ":/") or "127.0.0.1" in journal.location


def test_who_only_reads_waits_for_nobody(url: str, journal: Journal) -> None:
    """And sees what is there by then; it cannot write."""
    journal.carry_out([Remember(place=place(1), apptivo_id="7")])
    with Journal.open(url, account="account", read_only=True) as reader:
        assert reader.carry_out([Recall(place(1))])[0].apptivo_id == "7"
        journal.carry_out([Remember(place=place(1), apptivo_id="8")])
        assert reader.carry_out([Recall(place(1))])[0].apptivo_id == "8"
        with pytest.raises(JournalError, match="it is read-only"):
            reader.carry_out([Remember(place=place(1), apptivo_id="9")])
    assert journal.carry_out([Recall(place(1))])[0].apptivo_id == "8"


def test_it_is_read_where_nobody_may_write(file: Path) -> None:
    """`--plan` works on a copy that is put away, and leaves nothing there."""
    other = f"sqlite:///{file.parent}/other.db"
    Journal.make(other, "account")
    folder = Path(tempfile.mkdtemp())
    copy = Path(shutil.copy(file, folder / "copy.db"))
    copy.chmod(0o444)
    folder.chmod(0o555)
    with started(READER, other, f"sqlite:///{copy}") as reader:
        assert reader.stdout is not None
        printed = reader.stdout.read()
    left = [each.name for each in folder.iterdir()]
    folder.chmod(0o700)
    shutil.rmtree(folder)
    assert (printed, left) == ("7\n", ["copy.db"])


# Bad days.


def fails(journal: Journal, reason: str) -> None:
    """See that every call fails, with the same one line."""
    for _ in range(2):
        with pytest.raises(JournalError) as failed:
            journal.carry_out([Withdraw(place(1)), Recall(place(3))])
        line = str(failed.value)
        assert line.startswith(f"The journal cannot be read or written: {reason}. Nothing was sent")
        assert line.endswith("then start the run again")
        assert "\n" not in line


def test_a_full_disk_ends_it(file: Path) -> None:
    """What was answered before is there."""

    def shrink(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(Engine, "connect", shrink)
    journal = Journal.open(f"sqlite:///{file}", account="account")
    event.remove(Engine, "connect", shrink)
    with journal, pytest.raises(JournalError, match="its disk is full"):
        journal.carry_out([Remember(place=place(n), apptivo_id="8") for n in range(10_000)])
    fails(journal, "its disk is full")
    with Journal.open(f"sqlite:///{file}", account="account") as again:
        assert again.carry_out([Recall(place(1))])[0].apptivo_id == "7"


def test_a_malformed_file_ends_it(file: Path) -> None:
    """Its beginning may be sound."""
    url = f"sqlite:///{file}"
    with Journal.open(url, account="account") as journal:
        journal.carry_out([Remember(place=place(number)) for number in range(5_000)])
    with file.open("r+b") as opened:
        opened.seek(4096 * 15)
        opened.write(b"\xff" * (file.stat().st_size - 4096 * 15))
    with Journal.open(url, account="account") as journal:
        with pytest.raises(JournalError, match="it is malformed"):
            journal.carry_out([Recall(place(number)) for number in range(500)])
        fails(journal, "it is malformed (it may have been copied while in use)")


def test_another_program_that_locks_it_ends_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some patience."""
    monkeypatch.setattr("target_apptivo.journal.sqlite._PATIENCE", 0.1)
    with (
        Journal.open(f"sqlite:///{file}", account="account") as journal,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        fails(journal, "another program has locked it")


def test_a_file_that_cannot_be_written_is_the_users_matter(file: Path) -> None:
    """As one can see at the beginning already."""

    def forbid(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(Engine, "connect", forbid)
    try:
        assert "is read-only: let it be written" in refusal(f"sqlite:///{file}")
    finally:
        event.remove(Engine, "connect", forbid)


def test_no_database_is_loaded_for_the_values() -> None:
    """A run without a journal pays nothing for it."""
    program = """
import sys
import target_apptivo.journal.steps, target_apptivo.journal.digest, target_apptivo.journal.take_over
assert "sqlalchemy" not in sys.modules
"""
    with started(program) as process:
        assert process.wait() == 0
