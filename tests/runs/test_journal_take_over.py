"""Response records that a journal takes over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.errors import InputError, JournalError
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import (
    InDoubt,
    Intend,
    Known,
    Place,
    Recall,
    RecallOwners,
    Remember,
    Unknown,
)
from target_apptivo.journal.take_over import account_name, take_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An open journal."""
    url = f"sqlite:///{tmp_path}/journal.db"
    Journal.make(url, "account")
    with Journal.open(url, account="account") as journal:
        yield journal


def response(number: int = 1, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """Make a response record of an accepted create."""
    return {
        "response_id": "r",
        "stream": "customers",
        "endpoint": "create_customer",
        "outcome": "accepted",
        "action": "create",
        "key": {"id": number},
        "apptivo_id": str(number + 900),
        "received_at": "2026-11-04T10:00:00.000Z",
        **fields,
    }


def line(record: dict[str, Any]) -> str:
    """Write a response record as a Singer message."""
    return json.dumps({"type": "RECORD", "stream": "customers_responses", "record": record}) + "\n"


def recall(journal: Journal, number: int = 1) -> Known | InDoubt | Unknown:
    """Ask for a customer."""
    reply: Known | InDoubt | Unknown = journal.carry_out([Recall(place(number))])[0]
    return reply


def place(number: int) -> Place:
    """Give a customer's place."""
    return Place("create_customer", "customers", f'["{number}"]')


AT = 1793786400.0  # 2026-11-04T10:00:00Z


def test_an_accepted_create_was_created_here(journal: Journal) -> None:
    """It may be deleted with its record, and counts as taken when it was answered."""
    assert take_over(journal, [line(response())]) == 1
    assert recall(journal) == Known(apptivo_id="901", taken_at=AT)


@pytest.mark.parametrize(
    ("fields", "is_created"),
    [
        ({"outcome": "updated", "action": "update"}, False),
        ({"outcome": "unchanged", "action": None}, False),
        ({"outcome": "duplicate", "action": None}, False),
        ({"outcome": "accepted", "action": "send"}, False),
        ({"outcome": "accepted"}, True),
    ],
)
def test_what_was_not_created_was_found(
    journal: Journal,
    fields: dict[str, Any],
    is_created: bool,  # noqa: FBT001
) -> None:
    """Older versions told no action: their accepted creates were creates."""
    record = response()
    del record["action"]
    take_over(journal, [line({**record, **fields})])
    assert recall(journal) == Known(apptivo_id="901", is_created=is_created, taken_at=AT)


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "rejected", "action": "update"},
        {"outcome": "skipped"},
        {"apptivo_id": None},
        {"apptivo_id": ""},
        {"key": {}},
    ],
)
def test_what_tells_nothing_is_not_taken_over(journal: Journal, fields: dict[str, Any]) -> None:
    """Nothing came of it, or nobody knows of which record."""
    assert take_over(journal, [line(response(**fields))]) == 0
    assert journal.counts() == ({}, 0)


def test_what_is_uncertain_is_in_doubt(journal: Journal) -> None:
    """Since it was sent."""
    uncertain = response(
        outcome="uncertain", apptivo_id=None, received_at=None, sent_at="2026-11-04T10:00:00Z"
    )
    take_over(journal, [line(uncertain)])
    reply = recall(journal)
    assert isinstance(reply, InDoubt)
    assert (reply.action, reply.before) == ("create", None)
    assert reply.age > 0
    assert journal.counts() == ({}, 1)
    take_over(journal, [line({**uncertain, "outcome": "accepted", "apptivo_id": "7"})])
    assert isinstance(recall(journal), InDoubt), "it is no newer"
    accepted = response(received_at="2026-11-04T10:00:01Z")
    take_over(journal, [line(accepted), line(uncertain)])
    assert recall(journal) == Known(apptivo_id="901", taken_at=AT + 1)


def test_the_newest_line_of_a_key_wins(journal: Journal) -> None:
    """Also in one group; what was created stays so when it was updated later."""
    lines = [
        line(response(apptivo_id="1")),
        line(response(apptivo_id="2", received_at="2026-11-04T10:00:01Z")),
        line(response(apptivo_id="2", outcome="updated", received_at="2026-11-04T10:00:02Z")),
    ]
    assert take_over(journal, lines) == 3
    assert recall(journal) == Known(apptivo_id="2", taken_at=AT + 2)


def test_what_the_journal_knows_from_later_stays(journal: Journal) -> None:
    """An old file does no harm, however often it is taken over."""
    journal.carry_out([Remember(place=place(1), apptivo_id="5", taken={"a": "1"}, at=AT + 9)])
    known = recall(journal)
    take_over(journal, [line(response())])
    assert recall(journal) == known
    journal.carry_out([Intend(place=place(1), action="update", at=AT + 19)])
    take_over(journal, [line(response(received_at="2026-11-04T10:00:12Z"))])
    assert isinstance(recall(journal), InDoubt)


@pytest.mark.parametrize("apptivo_id", ["901", None])
def test_what_was_taken_of_an_object_stays(journal: Journal, apptivo_id: str | None) -> None:
    """The file tells of the same object: its digests need not be made again."""
    taken, shown = {"a": "1"}, {"a": "2"}
    journal.carry_out(
        [Remember(place=place(1), apptivo_id=apptivo_id, taken=taken, shown=shown, at=AT)]
    )
    take_over(journal, [line(response())])
    assert recall(journal) == Known(
        apptivo_id="901", taken={"a": "1"}, shown={"a": "2"}, is_created=True, taken_at=AT
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "delete"},
        {"action": "delete", "apptivo_id": None},
        {"endpoint": "delete_customer", "action": "delete"},
        {"endpoint": "delete_customer", "action": None},
    ],
)
def test_what_was_deleted_is_forgotten(journal: Journal, fields: dict[str, Any]) -> None:
    """And may be created again behind it."""
    deleted = response(**fields, received_at="2026-11-04T10:00:01Z")
    take_over(journal, [line(response()), line(response(2)), line(deleted)])
    assert recall(journal) == Unknown()
    assert isinstance(recall(journal, 2), Known)
    assert journal.carry_out([RecallOwners("create_customer", "901")]) == [()]


def test_other_lines_are_no_matter(journal: Journal) -> None:
    """SCHEMA, STATE, streams of taps, blank lines, a byte order mark; records may stand alone."""
    survey = {"type": "RECORD", "stream": "survey_responses", "record": {"id": 1, "stream": "a"}}
    lines: list[str | bytes] = [
        "\ufeff" + json.dumps({"type": "SCHEMA", "stream": "customers_responses"}),
        json.dumps({"type": "STATE", "value": {}}),
        json.dumps({"type": "RECORD", "stream": "customers", "record": response()}),
        json.dumps(survey),
        "\n",
        json.dumps(response(2)).encode(),
    ]
    assert take_over(journal, lines) == 1
    assert recall(journal) == Unknown()
    assert isinstance(recall(journal, 2), Known)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (line(response())[:50], "no JSON, or cut off"),
        ("id,name\n", "no JSON, or cut off"),
        ("[" * 100_000, "no JSON, or cut off"),
        (b"\xff\xfe", "no JSON, or cut off"),
        ("[1]", "no Singer message and no response record"),
        ('{"id": 1}', "no Singer message and no response record"),
        (line(response(received_at="yesterday")), "a response record whose time is none"),
    ],
)
def test_a_foreign_line_is_named(journal: Journal, text: str | bytes, problem: str) -> None:
    """What stood before it is taken over, and once more does no harm."""
    with pytest.raises(InputError) as wrong:
        take_over(journal, [line(response()), "", text, line(response(2))])
    assert str(wrong.value).startswith(f"line 3 is {problem}: mend it")
    assert "1 response record was taken over before it" in str(wrong.value)
    assert journal.counts() == ({"customers": 1}, 0)


def test_a_file_of_any_size_is_taken_over_in_groups(journal: Journal) -> None:
    """It is never held whole."""
    lines = (line(response(number)) for number in range(1_700))
    assert take_over(journal, lines) == 1_700
    assert journal.counts() == ({"customers": 1_700}, 0)


def test_the_key_properties_are_claimed(journal: Journal) -> None:
    """A file of other key properties is not mixed in."""
    with pytest.raises(JournalError, match="by the key properties id, and they are no now"):
        take_over(journal, [line(response()), line(response(key={"no": 1}))])


def test_a_stream_has_its_name_in_the_journal(journal: Journal) -> None:
    """As `journal_stream` says."""
    take_over(journal, [line(response())], name_of={"customers": "companies"}.__getitem__)
    assert journal.counts() == ({"companies": 1}, 0)


def test_an_account_is_named_after_host_and_key() -> None:
    """The key is not in it."""
    name = account_name("https://api.apptivo.com/app/dao/", "secret-key", None)
    assert name.startswith("api.apptivo.com-")
    assert "secret" not in name
    assert name != account_name("https://api.apptivo.com/app/dao/", "other-key", None)
    assert account_name("https://api.apptivo.com/", "secret-key", "ours") == "ours"
