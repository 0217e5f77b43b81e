"""What a person sees on a terminal: a line that tells how it goes, tables, and what to do next."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Reply
from tests.conftest import API_KEY, record, schema, state
from tests.terminal import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import Command

LEADS: list[Any] = [schema("leads"), record("leads", 1)]
_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| \w+ +\| \S+ +\| .+")
_NOTHING_CAME = "the input holds no SCHEMA and no RECORD: look at the tap"


@pytest.fixture
def person(command: Command) -> Iterator[Person]:
    """Somebody at a terminal."""
    person = Person(command)
    yield person
    person.leaves()


@pytest.fixture
def config(command: Command, sandbox: Sandbox) -> str:
    """Settings that set aside what is refused."""
    return command.configure(
        api_url=sandbox.url, max_rejected=5, rejected_path=str(command.folder / "rejected.singer")
    )


def shows(text: str) -> Any:  # noqa: ANN401 - a function
    """Whether the line that tells how it goes says something now."""
    return lambda seen: text in seen.rpartition("\n")[2]


def test_a_line_tells_how_it_goes_below_the_log(person: Person, config: str) -> None:
    """It is updated in place, and leaves nothing behind; the lines of the log stay whole."""
    person.starts("--config", config)
    person.tells(*LEADS)
    person.waits_for(shows("1 read, 1 accepted"))
    person.tells(schema("contacts"), record("contacts", 2))
    person.waits_for(shows("2 read, 2 accepted"))
    log = [line for line in person.screen[:-1] if line]
    assert any("stream contacts -> create_contact" in line for line in log)
    assert all(_LOG_LINE.fullmatch(line) for line in log)
    person.tells(record("leads", 3))
    person.waits_for(shows("3 read, 3 accepted"))
    assert person.sees_the_end() == 0
    assert not any("a second" in line for line in person.screen)
    assert person.screen[-1] == ""


def test_the_end_is_a_short_account_with_what_comes_next(person: Person, config: str) -> None:
    """Counts by stream and outcome, reasons, and what a person may do."""
    person.starts("--config", config)
    refused = {**record("leads", 2), "record": {"id": 2, "companyName": "nameless"}}
    person.tells(*LEADS, refused, schema("contacts"), record("contacts", 3))
    assert person.sees_the_end() == 0
    lines = person.screen
    start = next(nr for nr, line in enumerate(lines) if line.startswith("STREAM"))
    assert [line.split() for line in lines[start : start + 4]] == [
        ["STREAM", "READ", "ACCEPTED", "REJECTED"],
        ["leads", "2", "1", "1"],
        ["contacts", "1", "1", "0"],
        ["all", "3", "2", "1"],
    ]
    rest = lines[start + 4 : -1]
    assert rest[0] == "leads: 1 x Please enter last name"
    assert rest[-3].startswith("3 of 3 records settled in ")
    assert rest[-2].endswith("move the file away, mend it, and send it again with --input")
    assert rest[-1].startswith("next: the same records sent again are created again")
    assert not any("METRIC" in line for line in lines)


def test_the_reason_of_a_failure_stays_the_last_line(
    person: Person, command: Command, sandbox: Sandbox
) -> None:
    """Below the account, on a terminal too; nothing secret is in it."""
    sandbox.respond = lambda _: Reply(status=401, body=API_KEY.encode())
    person.starts("--config", command.configure(api_url=sandbox.url))
    person.tells(*LEADS)
    assert person.sees_the_end() == 1
    assert "| ERROR " in person.screen[-2]
    assert "Apptivo refused the credentials" in person.screen[-2]
    assert not any(line.startswith("next:") for line in person.screen)
    assert API_KEY not in person.seen


@pytest.mark.parametrize("signals", [1, 2])
def test_a_stop_leaves_the_terminal_clean(
    person: Person, command: Command, sandbox: Sandbox, signals: int
) -> None:
    """Whether it ends in order or at once."""
    hangs = signals == 2
    sandbox.respond = lambda _: Reply(delay_ms=60_000) if hangs else None
    person.starts("--config", command.configure(api_url=sandbox.url))
    person.tells(*LEADS)
    person.waits_for(shows("1 request under way" if hangs else "1 read, 1 accepted"))
    for number in (signal.SIGTERM, signal.SIGINT)[:signals]:
        person.process.send_signal(number)
    assert person.sees_the_end() in {143, 130}
    assert not any("a second" in line for line in person.screen)
    assert person.screen[-1] == ""


def test_a_state_on_the_same_terminal_is_a_line_of_its_own(person: Person, config: str) -> None:
    """The line below it does not run into it."""
    person.starts("--config", config, on=("stdout", "stderr"))
    person.tells(*LEADS, state(1))
    person.waits_for(lambda seen: '"bookmark"' in seen)
    person.tells(record("leads", 2))
    person.waits_for(shows("2 read, 2 accepted"))
    person.tells(state(2))
    assert person.sees_the_end() == 0
    assert '{"bookmark":1}' in person.screen
    assert '{"bookmark":2}' in person.screen
    assert person.screen[-2].startswith("next: the last STATE above")


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb"},
        {"SINGER_SDK_LOG_CONFIG": "/nowhere.yml"},
        {"TARGET_APPTIVO_LOGLEVEL": "WARNING"},
    ],
)
def test_who_wants_a_plain_log_gets_it(person: Person, config: str, env: dict[str, str]) -> None:
    """No line in place: a poor terminal, a log of one's own, a log that tells less."""
    person.starts("--config", config, env=env)
    person.tells(*LEADS)
    assert person.sees_the_end() == 0
    assert "\x1b" not in person.seen
    assert "STREAM" not in person.seen


def test_no_terminal_no_escape(command: Command, config: str) -> None:
    """A log that goes to a program is what it was."""
    text = "".join(f"{json.dumps(each)}\n" for each in LEADS)
    _, log = command.start("--config", config, env={"TERM": "xterm"}).communicate(text.encode())
    assert b"\x1b" not in log
    assert all(_LOG_LINE.fullmatch(line) for line in log.decode().splitlines())
    assert b"| leads: 1 read, 1 accepted" in log


def test_a_plan_is_a_table_for_people(person: Person, command: Command, sandbox: Sandbox) -> None:
    """What would be done, then all of it in numbers; a program gets JSON lines."""
    config = command.configure(
        api_url=sandbox.url,
        journal_url=f"sqlite:///{command.folder / 'journal.db'}",
        max_rejected=-1,
        rejected_path=str(command.folder / "rejected.singer"),
    )
    command.start("--config", config, "--journal").communicate()
    person.starts("--config", config, "--plan", on=("stdout",), stderr=subprocess.DEVNULL)
    escaping = record("leads", "\x1b[2J", lastName="Escape")
    person.tells(*LEADS, escaping, {**record("leads", 3), "record": {"id": None}})
    assert person.sees_the_end() == 0
    assert "\x1b" not in person.seen
    head, first, second, third, empty, *totals = person.screen[:-1]
    assert head.split() == ["STREAM", "KEY", "ACTION", "APPTIVO", "ID", "WHAT"]
    assert first.split()[:3] == ["leads", "1", "create"]
    assert second.split()[:3] == ["leads", "[2J", "create"]
    assert "reject" in third
    assert empty == ""
    assert [line.split() for line in totals] == [
        ["STREAM", "CREATE", "REJECT"],
        ["leads", "2", "1"],
    ]


def test_a_person_at_the_keyboard_is_told_what_it_waits_for(person: Person, config: str) -> None:
    """Without a tap it would wait for ever without a word; Ctrl-D ends it."""
    person.starts("--config", config, on=("stdin", "stderr"))
    person.waits_for(lambda seen: "pipe a tap, or name a file by --input" in seen)
    person.presses("\x04")
    assert person.sees_the_end() == 0
    assert any("WARNING" in line and _NOTHING_CAME in line for line in person.screen)
    assert person.screen[-2].startswith("0 of 0 records settled")


def test_a_plan_of_nothing_says_so(person: Person, config: str) -> None:
    """An empty table would tell nobody why."""
    person.starts("--config", config, "--plan", on=("stdout",), stderr=subprocess.DEVNULL)
    assert person.sees_the_end() == 0
    assert person.screen[:-1] == ["no record came: nothing would be done"]
