"""The journal: making, opening, what it holds, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
import threading
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
    Match,
    Place,
    Recall,
    RecallMatches,
    RecallOwners,
    RecallParent,
    Remember,
    Same,
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


def place(number: int, endpoint: str = "create_lead") -> Place:
    """Give the place of a lead."""
    return Place(endpoint, "leads", f'["{number}"]')


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program of a few lines."""
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
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


def test_what_is_new_counts_alone(journal: Journal) -> None:
    """Of a new object, and of one just found, nothing is known from before."""
    _, _, found, _, created = journal.carry_out(
        [
            Remember(place=place(1), apptivo_id="7", taken={"a": "1"}, shown={"a": "1"}),
            Remember(place=place(1), apptivo_id="8", taken={"b": "2"}, is_created=False),
            Recall(place(1)),
            Remember(place=place(1), taken={"c": "3"}, is_created=True),
            Recall(place(1)),
        ]
    )
    assert (found.taken, found.shown, found.is_created) == ({"b": "2"}, {}, False)
    assert (created.taken, created.is_created, created.apptivo_id) == ({"c": "3"}, True, "8")


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


def test_a_group_sees_what_it_did_itself(journal: Journal) -> None:
    """Other match values and ids count from the next step on, and not only from the next group."""
    was, becomes = (RecallMatches("create_lead", (each,)) for each in ("was", "becomes"))
    journal.carry_out([Remember(place=place(1), apptivo_id="7", matches=("was",))])
    replies = journal.carry_out(
        [
            was,
            Remember(place=place(1), matches=("becomes",)),
            was,
            becomes,
            Remember(place=place(1), apptivo_id="8"),
            RecallOwners("create_lead", "7"),
            RecallOwners("create_lead", "8"),
            Forget("create_lead", "8"),
            becomes,
        ]
    )
    match = Match(place(1), "7")
    assert replies == [(match,), None, (), (match,), None, (), (place(1),), None, ()]
    assert journal.carry_out([was, becomes]) == [(), ()]


def test_the_very_same_record_is_told_by_its_fingerprint(journal: Journal) -> None:
    """Unless something became of it since, in the same group too."""
    remember = Remember(place=place(1), apptivo_id="7", whole="x", at=1.0)
    same, other = Recall(place(1), "x"), Recall(place(1), "y")
    journal.carry_out([remember])
    replies = journal.carry_out([same, other, Forget("create_lead", "7"), same])
    assert replies == [
        Same("7", 1.0),
        Known(apptivo_id="7", is_created=False, taken_at=1.0, whole="x"),
        None,
        Unknown(),
    ]
    assert journal.carry_out([remember, same]) == [None, Same("7", 1.0)]
    assert isinstance(
        journal.carry_out([Intend(place=place(1), action="update"), same])[1], InDoubt
    )
    assert isinstance(journal.carry_out([same])[0], InDoubt)


def test_a_parent_whose_create_is_in_doubt_is_none(journal: Journal) -> None:
    """Its id may be that of an older one, also when an update was intended since."""
    ask = RecallParent("leads", '["1"]')
    replies = journal.carry_out(
        [
            Remember(place=place(1), apptivo_id="7", at=1.0),
            Remember(place=place(1, "create_contact"), apptivo_id="9", at=0.0),
            ask,
            Intend(place=place(1), action="update"),
            ask,
            Intend(place=place(1), action="create"),
            ask,
            Intend(place=place(1), action="update"),
            ask,
            Withdraw(place(1)),
            Withdraw(place(1)),
            ask,
            RecallParent("leads", '["2"]'),
        ]
    )
    assert [each for each in replies if each] == ["7", "7", "9", "9", "7"]


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


def test_another_account_is_told_what_to_set(url: str) -> None:
    """Perhaps only the keys are new."""
    assert "set journal_account to account;" in refusal(url, account="host-0123")


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
    assert journal.counts() == ({}, 0)


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


def test_no_database_is_loaded_for_the_values() -> None:
    """A run without a journal pays nothing for it."""
    program = """
import sys
import target_apptivo.journal.steps, target_apptivo.journal.digest, target_apptivo.journal.take_over
assert "sqlalchemy" not in sys.modules
"""
    with started(program) as process:
        assert process.wait() == 0
