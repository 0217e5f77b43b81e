"""A journal in a file: whose it is, what it is taken for, and what may become of it."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from target_apptivo.errors import JournalError, RunEndedError, SettingsError
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import (
    Recall,
    RecallMatches,
    RecallOwners,
    RecallParent,
    RecallWitnesses,
    Remember,
    Withdraw,
)
from tests.runs.test_journal import place, refusal, started

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a journal with one record."""
    path = tmp_path / "file.db"
    Journal.make(f"sqlite:///{path}", "account")
    with Journal.open(f"sqlite:///{path}", account="account") as journal:
        journal.carry_out([Remember(place=place(1), apptivo_id="7", is_created=True)])
    return path


def fails(journal: Journal, reason: str) -> None:
    """See that every call fails, with the same one line."""
    for _ in range(2):
        with pytest.raises(JournalError) as failed:
            journal.carry_out([Withdraw(place(1)), Recall(place(3))])
        line = str(failed.value)
        assert line.startswith(f"The journal cannot be read or written: {reason}. Nothing was sent")
        assert line.endswith("then start the run again")
        assert "\n" not in line


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


def test_another_version_is_refused(file: Path) -> None:
    """Nothing is read that may mean something else."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE target_apptivo_meta SET value = '0' WHERE name = 'version'")
    assert "a journal of version 0, this program takes 1" in refusal(f"sqlite:///{file}")


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


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder; what SQLite keeps in `-shm` is memory, and not looked into."""
    return {
        each.name: b"" if each.name.endswith("-shm") else each.read_bytes()
        for each in folder.iterdir()
    }


def test_reading_leaves_everything_as_it_was(
    file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`--plan` leaves no file, beside a run neither, nor moves what a killed one left."""
    copy = tmp_path_factory.mktemp("copy")
    with Journal.open(f"sqlite:///{file}", account="account") as journal:
        journal.carry_out([Remember(place=place(8), apptivo_id="8")])
        files = sorted(file.parent.iterdir())
        # By another process: whoever closes a file of SQLite's drops its locks.
        subprocess.run(["/bin/cp", *files, copy], check=True)  # noqa: S603
        read(f"sqlite:///{file}", 8)
        assert sorted(file.parent.iterdir()) == files
    for folder in (file.parent, copy):
        before = contents(folder)
        read(f"sqlite:///{folder}/{file.name}", 8)
        assert contents(folder) == before


def read(url: str, number: int) -> None:
    """Read a record, and see that nothing can be written."""
    with Journal.open(url, account="account", read_only=True) as reader:
        assert reader.carry_out([Recall(place(number))])[0].apptivo_id == str(number)
        with pytest.raises(JournalError, match="read-only"):
            reader.carry_out([Remember(place=place(9))])


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


def test_a_link_to_it_is_the_same_journal(file: Path) -> None:
    """Two runs do not pass each other by under two names."""
    link = file.with_name("link.db")
    link.symlink_to(file)
    with (
        Journal.open(f"sqlite:///{file}", account="account"),
        pytest.raises(RunEndedError),
    ):
        Journal.open(f"sqlite:///{link}", account="account", gives_up=lambda _: True)
