"""The journal from outside (12.9, 12.12): made, taken over, missing, another's, full, away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import customer, is_write, lead, outcomes, responses, states, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import Command, RunTarget
    from tests.in_step import InStep, Person

pytest_plugins = ["tests.in_step_runs"]


# --- made ---


def test_it_is_made_once_and_its_account_is_printed(run: RunTarget, tmp_path: Path) -> None:
    """One JSON object; for its owner's eyes only; a second time it stays as it is."""
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db"}
    for _ in range(2):
        made = run([], "--journal", config=config)
        assert made.code == 0
        (told,) = made.lines
        assert set(told) == {"account", "records", "in_doubt"}
        assert (told["records"], told["in_doubt"]) == ({}, 0)
        assert "127.0.0.1" in told["account"]
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o600


def test_a_relative_path_starts_at_the_working_directory(
    run: RunTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sqlite:///journal.db`, as in the README."""
    monkeypatch.chdir(tmp_path)
    assert run([], "--journal", config={"journal_url": "sqlite:///journal.db"}).code == 0
    assert (tmp_path / "journal.db").exists()
    rows = table("leads", lead(1))
    assert run(rows, config={"journal_url": "sqlite:///journal.db"}).code == 0


def test_it_reads_no_stdin_and_sends_nothing(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Though stdin stays open."""
    url = f"sqlite:///{tmp_path}/journal.db"
    config = command.configure(api_url=sandbox.url, journal_url=url)
    process = command.start("--config", config, "--journal")
    assert process.wait(60) == 0
    process.communicate()
    assert not sandbox.requests


def test_a_run_never_makes_one(run: RunTarget, sandbox: Sandbox, tmp_path: Path) -> None:
    """An empty one would create everything again: it says what to do."""
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db"}
    ended = run(table("leads", lead(1)), config=config)
    assert ended.code == 1
    assert "--journal" in ended.last_log
    assert not (tmp_path / "journal.db").exists()
    assert not sandbox.requests


def test_a_run_says_where_it_is_and_how_much_it_knows(step: InStep) -> None:
    """Each run does."""
    step(table("leads", lead(1), lead(2)))
    run = step(table("leads", lead(1)))
    assert str(step.journal) in run.log
    assert "2 records" in run.log


def test_it_counts_by_stream_and_what_is_in_doubt(step: InStep) -> None:
    """`uncertain` ones included."""
    step.sandbox.respond = lambda request: (
        Reply.dropped() if "customers" in request.path and is_write(request) else None
    )
    rows = table("leads", lead(1), lead(2)) + table("customers", customer(1))
    aside: dict[str, Any] = {
        "rejected_path": str(step.folder / "r"),
        "max_rejected": 1,
        "on_uncertain": "hold",
    }
    step(rows, **aside)
    (told,) = step([], "--journal").lines
    assert told["in_doubt"] == 1
    assert told["records"]["leads"] == 2


@pytest.mark.parametrize("with_preview", [["--preview"], ["--plan"], ["--check"]])
def test_one_trial_at_a_time(step: InStep, with_preview: list[str]) -> None:
    """Wrong usage."""
    assert step([], "--journal", *with_preview).code == 2


# --- taken over ---


def test_ids_are_taken_over_from_response_records(step: InStep, tmp_path: Path) -> None:
    """Of the time before the journal: what they created is known, and updated."""
    path = tmp_path / "responses.singer"
    config: dict[str, Any] = {
        "journal_url": ...,
        "responses": {"emit": "records", "path": str(path)},
    }
    step(table("leads", lead(1, description="old"), lead(2)), **config)
    (told,) = step([], "--journal", str(path)).lines
    assert told["records"] == {"leads": 2}
    run = step(table("leads", lead(1, description="new"), lead(2)))
    assert run.code == 0
    assert step.counts("leads") == {1: 1, 2: 1}
    assert outcomes(run, "outcome", "matched_by") == [("updated", "journal")]
    assert not outcomes(step(table("leads", lead(1, description="new"), lead(2))))


def test_rows_taken_over_count_as_just_found(step: InStep, person: Person, tmp_path: Path) -> None:
    """With `keep` only what is empty is filled."""
    path = tmp_path / "responses.singer"
    config: dict[str, Any] = {
        "journal_url": ...,
        "responses": {"emit": "records", "path": str(path)},
    }
    step(table("leads", lead(1, description="old")), **config)
    identity = step.held("leads")[1]["id"]
    person.edits("leads", identity, description="theirs")
    step([], "--journal", str(path))
    streams = {"leads": {"endpoint": "create_lead", "on_conflict": "keep"}}
    step(table("leads", lead(1, description="new", companyName="filled")), streams=streams)
    assert step.held("leads")[1]["description"] == "theirs"
    assert step.held("leads")[1]["companyName"] == "filled"


def test_children_find_parents_that_were_taken_over(step: InStep, tmp_path: Path) -> None:
    """By stream and key, as in the response records."""
    path = tmp_path / "responses.singer"
    config: dict[str, Any] = {
        "journal_url": ...,
        "responses": {"emit": "records", "path": str(path)},
    }
    step(table("customers", customer(42)), **config)
    step([], "--journal", str(path))
    reference = {"accountId": {"stream": "customers", "key": "{firm}"}}
    streams = {"leads": {"endpoint": "create_lead", "references": reference}}
    step(table("leads", lead(1, firm=42)), streams=streams)
    assert step.held("leads")[1]["accountId"] == step.held("customers")[42]["customerId"]


def test_what_was_created_may_be_deleted_after_it_was_taken_over(
    step: InStep, tmp_path: Path
) -> None:
    """Those that were created count as created here (12.10); found ones do not."""
    path = tmp_path / "responses.singer"
    config: dict[str, Any] = {
        "journal_url": ...,
        "responses": {"emit": "records", "path": str(path)},
    }
    step(table("customers", customer(1)), **config)
    step([], "--journal", str(path))
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    run = step(table("customers", customer(1, _sdc_deleted_at="2026-01-01")), streams=streams)
    assert outcomes(run, "outcome", "action") == [("accepted", "delete")]
    assert not step.sandbox.records["customers"]


def test_taking_over_twice_changes_nothing(step: InStep, tmp_path: Path) -> None:
    """And what the journal knows better stays."""
    path = tmp_path / "responses.singer"
    responses_to = {"responses": {"emit": "records", "path": str(path)}}
    step(table("leads", lead(1)), **responses_to)
    step(table("leads", lead(1, description="new")))
    for _ in range(2):
        assert step([], "--journal", str(path)).code == 0
    assert not outcomes(step(table("leads", lead(1, description="new"))))
    assert not step.sandbox.requests


@pytest.mark.parametrize("text", ["no json\n", "[1]\n", "\x00\x01"])
def test_a_file_of_something_else_is_refused(step: InStep, text: str) -> None:
    """With one line; nothing is taken over."""
    path = step.folder / "else"
    path.write_text(text)
    run = step([], "--journal", str(path))
    assert run.code == 1
    assert "Traceback" not in run.log
    assert step([], "--journal").lines[0]["records"] == {}


def test_a_file_that_is_not_there_is_named(step: InStep) -> None:
    """Nothing is made for it."""
    run = step([], "--journal", str(step.folder / "nowhere"))
    assert run.code in {1, 2}
    assert "nowhere" in run.last_log


# --- whose it is ---


def test_another_account_ends_the_run_before_anything_is_sent(step: InStep) -> None:
    """It says which name to set if only keys or host are new; set, the run goes on."""
    step(table("leads", lead(1)))
    account = step([], "--journal").lines[0]["account"]
    ended = step(table("leads", lead(1, description="new")), api_key="quite-another-key")
    assert ended.code == 1
    assert account in ended.last_log
    assert "journal_account" in ended.last_log
    assert not step.sandbox.requests
    run = step(
        table("leads", lead(1, description="new")),
        api_key="quite-another-key",
        journal_account=account,
    )
    assert outcomes(run) == ["updated"]


def test_a_named_account_is_its_own(step: InStep) -> None:
    """`journal_account` of another name is another account, whatever the keys."""
    ended = step(table("leads", lead(1)), journal_account="prod")
    assert ended.code == 1
    assert not step.sandbox.requests


def test_the_account_shows_no_key(step: InStep) -> None:
    """Named after host and key, and the key is not in it."""
    account = step([], "--journal").lines[0]["account"]
    assert "planted" not in account


# --- what is wrong with it ---


@pytest.mark.parametrize("kind", ["text", "empty", "other", "folder", "truncated", "version"])
def test_a_file_that_is_no_journal_ends_the_run_with_one_line(step: InStep, kind: str) -> None:
    """Text, nothing, another database, a folder, half a journal, one of another version."""
    step(table("leads", lead(1)))
    half = step.journal.read_bytes()[:5_000]
    if kind == "version":
        with closing(sqlite3.connect(step.journal)) as database, database:
            table_names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            (about,) = (name for (name,) in table_names if "meta" in name)
            update = f"UPDATE {about} SET value = 999 WHERE name LIKE '%version%'"  # noqa: S608
            assert database.execute(update).rowcount == 1
    else:
        step.journal.unlink()
        match kind:
            case "text":
                step.journal.write_text("hello " * 1000)
            case "empty":
                step.journal.touch()
            case "truncated":
                step.journal.write_bytes(half)
            case "other":
                with closing(sqlite3.connect(step.journal)) as database, database:
                    database.execute("CREATE TABLE mine (x)")
            case _:
                step.journal.mkdir()
    run = step(table("leads", lead(1, description="new"), lead(2)))
    assert run.code == 1
    assert not step.sandbox.requests
    assert "Traceback" not in run.log
    assert "journal" in run.last_log


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_journal_that_may_not_be_written_ends_the_run(step: InStep) -> None:
    """Before anything is sent."""
    step.journal.chmod(0o400)
    run = step(table("leads", lead(1)))
    assert run.code == 1
    assert not step.sandbox.requests


def test_a_journal_that_fails_in_the_middle_ends_the_run(step: InStep) -> None:
    """As an output that fails: nothing new is sent, and no state is ahead of it."""
    with closing(sqlite3.connect(step.journal)) as database, database:
        tables = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for name in tables:
            database.execute(
                f"CREATE TRIGGER fails_{name} BEFORE UPDATE ON {name} "
                "BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
            )
    run = step(table("leads", *(lead(nr) for nr in range(50))), max_in_flight=2)
    assert run.code == 1
    assert states(run) == []
    assert len(step.sandbox.records["leads"]) < 50
    assert "journal" in run.last_log
    with closing(sqlite3.connect(step.journal)) as database, database:
        for name in tables:
            database.execute(f"DROP TRIGGER fails_{name}")
    before = step.counts("leads")
    again = step(
        table("leads", *(lead(nr) for nr in range(50))),
        on_uncertain="hold",
        max_rejected=-1,
        rejected_path=str(step.folder / "r"),
    )
    assert again.code == 0
    after = step.counts("leads")
    assert set(after.values()) == {1}
    in_doubt = {each["key"]["nr"] for each in responses(again) if each["outcome"] == "uncertain"}
    assert set(before) <= in_doubt | set(after)
    assert set(after) | in_doubt == set(range(50))


# --- one run at a time ---


def test_a_second_run_waits_and_says_for_whom(
    run: RunTarget, command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It begins when the first ends, also when that is killed."""
    url = f"sqlite:///{tmp_path}/journal.db"
    config = command.configure(api_url=sandbox.url, journal_url=url)
    assert run([], "--journal", config={"journal_url": url}).code == 0
    text = "".join(json.dumps(each) + "\n" for each in table("leads", lead(1))).encode()
    first = command.start("--config", config)
    assert first.stdin
    first.stdin.write(text)
    first.stdin.flush()
    _until(lambda: sandbox.records["leads"])
    second = command.start("--config", config)
    assert second.stdin
    assert second.stderr
    second.stdin.write(text.replace(b'"nr": 1', b'"nr": 2'))
    second.stdin.close()
    said = b""
    while str(first.pid).encode() not in said:
        line = second.stderr.readline()
        assert line, said
        said += line
    assert len(sandbox.records["leads"]) == 1
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert second.wait(60) == 0
    assert {each["nr"] for each in sandbox.records["leads"]} == {1, 2}
    for process in (first, second):
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _until(condition: Any) -> None:  # noqa: ANN401
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_journal_may_be_copied_while_in_use(step: InStep) -> None:
    """With its side file: what the copy knows is true, and the original goes on."""
    copies = step.folder / "copies"
    copies.mkdir()

    def copy(_: object) -> None:
        for path in step.folder.glob("journal.db*"):
            if "lock" not in path.name:
                shutil.copy(path, copies)

    step.sandbox.respond = copy
    rows = table("leads", *(lead(nr) for nr in range(30)))
    assert step(rows).code == 0
    assert step.counts("leads") == dict.fromkeys(range(30), 1)
    step.sandbox.respond = None
    aside: dict[str, Any] = {
        "rejected_path": str(step.folder / "r"),
        "max_rejected": -1,
        "on_uncertain": "hold",
    }
    run = step(rows, journal_url=f"sqlite:///{copies}/journal.db", **aside)
    if run.code == 0:
        assert set(step.counts("leads").values()) <= {1, 2}
    assert not outcomes(step(rows))


# --- who does without ---


def test_the_sandbox_has_a_journal_of_its_own(step: InStep) -> None:
    """Its ids are of no account: the real journal is as it was."""
    before = step.journal.read_bytes()
    run = step(table("leads", lead(1)), "--sandbox")
    assert run.code == 0
    assert step.journal.read_bytes() == before
    assert outcomes(step(table("leads", lead(1)))) == ["accepted"]


def test_a_journal_made_for_the_sandbox_is_not_the_real_one(step: InStep) -> None:
    """`--sandbox --journal` touches no file that the settings name, whether it is there or not."""
    before = step.journal.read_bytes()
    elsewhere = step.folder / "elsewhere.db"
    for url in (f"sqlite:///{step.journal}", f"sqlite:///{elsewhere}"):
        run = step([], "--sandbox", "--journal", journal_url=url)
        assert run.code == 0
        assert run.lines[0]["records"] == {}
    assert step.journal.read_bytes() == before
    assert not elsewhere.exists()


@pytest.mark.parametrize("kind", ["--preview", "dry_run"])
def test_previews_and_dry_runs_do_without(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    """There is none, and every record is shaped as a create."""
    config: dict[str, Any] = {"journal_url": f"sqlite:///{tmp_path}/none.db"}
    streams = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
    config["streams"] = streams
    options = [kind] if kind.startswith("--") else []
    if kind == "dry_run":
        config["dry_run"] = True
    ended = run(table("leads", lead(1), lead(2)), *options, config=config)
    assert ended.code == 0, ended.last_log
    assert not sandbox.requests
    assert not (tmp_path / "none.db").exists()
    if kind == "--preview":
        assert [each["url"].partition("?")[2][:6] for each in ended.lines] == ["a=save"] * 2


# --- --send-test ---


def test_a_test_sends_the_first_record_that_a_run_would_send(step: InStep) -> None:
    """Unchanged ones are not it; and it is written down."""
    step(table("leads", lead(1), lead(2)))
    rows = table("leads", lead(1), lead(2), lead(3), lead(4))
    run = step(rows, "--send-test")
    assert run.code == 0
    (told,) = run.lines
    assert told["outcome"] == "accepted"
    assert told["apptivo_id"] == step.held("leads")[3]["id"]
    assert step.counts("leads") == {1: 1, 2: 1, 3: 1}
    after = step(rows)
    assert outcomes(after, "key", "outcome") == [({"nr": 4}, "accepted")]


def test_a_test_may_be_an_update(step: InStep) -> None:
    """The first that changed is updated, and shown."""
    step(table("leads", lead(1), lead(2)))
    rows = table("leads", lead(1), lead(2, description="new"))
    run = step(rows, "--send-test", "leads")
    assert run.code == 0
    assert run.lines[0]["outcome"] == "updated"
    assert "update" in run.lines[0]["body"]
    assert step.held("leads")[2]["description"] == "new"
    assert not outcomes(step(rows))


def test_a_test_sends_no_hard_delete_unless_its_stream_is_named(step: InStep) -> None:
    """Without a name it is only shown."""
    step(table("customers", customer(1), customer(2)), streams=HARD)
    gone = table("customers", customer(1, _sdc_deleted_at="2026-01-01"))
    run = step(gone, "--send-test", streams=HARD)
    assert not step.sent
    assert set(step.held("customers")) == {1, 2}
    assert [each["outcome"] for each in run.lines] == ["skipped"]
    run = step(gone, "--send-test", "customers", streams=HARD)
    assert [each["outcome"] for each in run.lines] == ["accepted"]
    assert set(step.held("customers")) == {2}


@pytest.mark.parametrize("method", ["create-only", "update-only"])
def test_a_test_passes_over_what_a_run_would_not_send(step: InStep, method: str) -> None:
    """Duplicates and skipped ones are no first record either."""
    step(table("leads", lead(1), lead(2)))
    changed = {"create-only": 1, "update-only": 2}[method]
    rows = [lead(9), lead(2, description="new")]
    if method == "create-only":
        rows = [lead(changed, description="new"), lead(9)]
    run = step(table("leads", *rows), "--send-test", load_method=method)
    assert run.code == 0
    wanted = "accepted" if method == "create-only" else "updated"
    assert [each["outcome"] for each in run.lines] == [wanted]


def test_a_test_of_what_is_unchanged_says_that_nothing_is_to_be_sent(step: InStep) -> None:
    """Named or not: the input holds records, and none that a run would send."""
    step(table("leads", lead(1)))
    assert step(table("leads", lead(1)), "--send-test").lines == []
    run = step(table("leads", lead(1)), "--send-test", "leads")
    assert run.code == 1
    assert "nothing new" in run.last_log
    assert not step.sandbox.requests


# --- hard_delete ---

HARD = {"customers": {"endpoint": "create_customer", "hard_delete": True}}


def test_a_deleted_row_deletes_the_customer_that_was_created_from_it(step: InStep) -> None:
    """Once: then it is forgotten, and a row of the same key is a new customer."""
    step(table("customers", customer(1), customer(2)), streams=HARD)
    gone = table("customers", customer(1, _sdc_deleted_at="2026-01-01T00:00:00Z"))
    run = step(gone, streams=HARD)
    assert outcomes(run, "outcome", "action") == [("accepted", "delete")]
    assert set(step.held("customers")) == {2}
    assert outcomes(step(gone, streams=HARD)) == ["skipped"]
    assert not step.sent
    assert outcomes(step(table("customers", customer(1)), streams=HARD)) == ["accepted"]
    assert set(step.held("customers")) == {1, 2}


def test_a_customer_that_was_only_found_is_not_deleted(step: InStep, person: Person) -> None:
    """It is somebody else's."""
    person.creates("customers", customerName="Acme")
    streams = {"customers": {**HARD["customers"], "match_on": "customerName"}}
    step(table("customers", customer(1, customerName="Acme")), streams=streams)
    row = customer(1, customerName="Acme", _sdc_deleted_at="2026-01-01")
    run = step(table("customers", row), streams=streams)
    assert outcomes(run) == ["skipped"]
    assert not step.sent
    assert len(step.sandbox.records["customers"]) == 1


def test_an_unknown_customer_is_not_deleted(step: InStep) -> None:
    """Nor looked for."""
    row = customer(1, _sdc_deleted_at="2026-01-01")
    assert outcomes(step(table("customers", row), streams=HARD)) == ["skipped"]
    assert not step.sandbox.requests


def test_without_it_a_deleted_row_is_skipped(step: InStep) -> None:
    """Nothing is deleted unless it is asked for."""
    step(table("customers", customer(1)))
    run = step(table("customers", customer(1, _sdc_deleted_at="2026-01-01")))
    assert outcomes(run) == ["skipped"]
    assert "set hard_delete under the stream's exact name" in run.log
    assert set(step.held("customers")) == {1}


@pytest.mark.parametrize("name", ["cust*", "*"])
def test_hard_delete_is_refused_under_a_wildcard(step: InStep, name: str) -> None:
    """Deletes are never reached through one."""
    run = step(table("customers", customer(1)), streams={name: HARD["customers"]})
    assert run.code == 1
    assert "hard_delete" in run.last_log
    assert not step.sandbox.requests


def test_created_and_deleted_in_one_run(step: InStep) -> None:
    """In their order."""
    rows = [customer(1), customer(1, _sdc_deleted_at="2026-01-01"), customer(2)]
    run = step(table("customers", *rows), streams=HARD)
    assert outcomes(run, "action", "outcome") == [
        ("create", "accepted"),
        ("delete", "accepted"),
        ("create", "accepted"),
    ]
    assert set(step.held("customers")) == {2}


def test_a_new_key_takes_over_the_match_values_of_a_deleted_one(step: InStep) -> None:
    """It waits until the other is gone; a deleted row without values is deleted all the same."""
    streams = {"customers": {**HARD["customers"], "match_on": "customerNumber"}}
    known = [customer(nr, customerNumber=str(nr)) for nr in (1, 2)]
    step(table("customers", *known), streams=streams)
    rows = [
        {"nr": 2, "_sdc_deleted_at": "2026-01-01"},
        customer(1, customerNumber="1", _sdc_deleted_at="2026-01-01"),
        customer(3, customerNumber="1"),
    ]
    run = step(table("customers", *rows), streams=streams)
    assert outcomes(run, "action", "outcome") == [
        *[("delete", "accepted")] * 2,
        ("create", "accepted"),
    ]
    assert set(step.held("customers")) == {3}


# --- a full disk ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("only root may mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607


def test_a_full_disk_ends_the_run_and_the_next_goes_on(step: InStep, small_disk: Path) -> None:
    """One clear line; nothing doubled, nothing missing once there is room."""
    url = f"sqlite:///{small_disk}/journal.db"
    matched = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
    settings: dict[str, Any] = {
        "journal_url": url,
        "streams": matched,
        "responses": {"emit": "none"},
    }
    assert step([], "--journal", **settings).code == 0
    rows = table("leads", *(lead(nr, lastName=f"{nr} {'x' * 40}") for nr in range(600)))
    run = step(rows, **settings)
    assert run.code == 1
    assert "journal" in run.last_log
    assert "Traceback" not in run.log
    taken = len(step.sandbox.records["leads"])
    assert 0 < taken < 600
    remount = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(remount, check=True)  # noqa: S603
    assert step(rows, **settings).code == 0
    assert step.counts("leads") == dict.fromkeys(range(600), 1)
