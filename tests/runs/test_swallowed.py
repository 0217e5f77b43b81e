"""What Apptivo took and never showed again is named at the end, at no further call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.apptivo.endpoints import CREATE_CASE, CREATE_LEAD, Endpoint
from target_apptivo.apptivo.fields.came_back import came_back, shown_back, updated_back
from target_apptivo.apptivo.verdict import CameBack, Outcome, Verdict
from target_apptivo.output.swallowed import Swallowed
from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import RunTarget, record, schema
from tests.in_step import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOM = {"customAttributeId": "input_4_30", "customAttributeValue": "red"}
LOST = {"customAttributeId": "input_4_99", "customAttributeValue": "red"}
KEPT = {"firstName": "Jane", "companyName": "Acme", "description": "x"}
NEVER = (
    "was sent {} and never came back: Apptivo drops names that it does not know; if --fields does "
    "not list it, map it by fields, or take it out by exclude_attributes"
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that drops what it does not know, and shows what it keeps."""
    with Sandbox(keep_requests=True, drop_unknown=True, answers="whole") as box:
        yield box


# -- one answer -----------------------------------------------------------------------------------


def seen(payload: dict[str, Any], answer: Any) -> CameBack | None:  # noqa: ANN401
    """Compare a payload with an answer that was accepted."""
    return shown_back(payload, Verdict(outcome=Outcome.ACCEPTED, response=answer))


def test_what_is_shown_came_back() -> None:
    """In an envelope or flat; custom attributes count one by one, empty ones not at all."""
    payload = {"a": 1, "b": 2, "c": None, "d": "", "customAttributes": [CUSTOM, LOST]}
    shown = {"a": 1, "c": None, "customAttributes": [CUSTOM]}
    expected = CameBack(
        frozenset({"a", "b", "customAttributes.input_4_30", "customAttributes.input_4_99"}),
        frozenset({"a", "customAttributes.input_4_30"}),
    )
    assert seen(payload, shown) == expected
    assert seen(payload, {"lead": shown, "status": "SUCCESS"}) == expected


@pytest.mark.parametrize(
    "answer", [None, {}, {"lead": {"id": 1, "leadId": 1}}, {"a": 1}, {"lead": {"a": 1}}, {"x": [1]}]
)
def test_an_answer_that_shows_less_than_half_tells_nothing(answer: object) -> None:
    """Most answers show an id and a name: nothing is swallowed by that."""
    assert seen({"a": 1, "b": 2, "c": 3}, answer) is None


def test_half_is_enough() -> None:
    """Two of four: the other two are missing."""
    found = seen({"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "b": 2})
    assert found
    assert found.sent - found.there == {"c", "d"}


@pytest.mark.parametrize(
    ("payload", "row", "names"),
    [
        ({"id": 1, "lastName": "Doe"}, None, None),
        ({"id": 1, "leadId": 1, "lastName": "Doe"}, CREATE_LEAD, None),
        ({"id": 1, "fullName": "Doe", "lastName": "Doe"}, CREATE_LEAD, {"lastName"}),
        ({"leadId": 1, "subject": "x"}, CREATE_CASE, {"subject"}),  # another object's
    ],
)
def test_the_id_of_the_object_shows_nothing_of_what_was_sent(
    payload: dict[str, Any], row: Endpoint | None, names: set[str] | None
) -> None:
    """Every answer has one: `id` and the app's own name for it are no half of a record."""
    answer = {"lead": {"id": 7, "leadId": 7, "fullName": "Doe"}}
    verdict = Verdict(outcome=Outcome.ACCEPTED, response=answer)
    found = shown_back(payload, verdict, row)
    assert (set(found.sent - found.there) if found else None) == names


MAILS = [{"emailAddress": "a@b.c"}]


@pytest.mark.parametrize("empty", [{}, {"emailAddresses": []}])
def test_an_answer_without_a_list_that_apptivo_knows_is_not_whole(empty: dict[str, Any]) -> None:
    """It shows half, and a part all the same; what is no list Apptivo may have dropped."""
    payload = {"customerName": "Acme", "emailAddresses": MAILS}
    assert seen(payload, {"customer": {"customerName": "Acme", **empty}}) is None
    found = seen({**payload, "emailAddresses": "a@b.c"}, {"customerName": "Acme", **empty})
    assert found
    assert found.sent - found.there == {"emailAddresses"}


WAS = {"id": 1, "isActive": "Y", "a": 1, "b": 2}


@pytest.mark.parametrize(
    ("shown", "sent", "there"),
    [
        (None, "b", "ab"),  # the update is not shown: what it wrote does not count
        ({"id": 1, "a": 1, "c": 3}, "b", "abc"),  # nor where a part is
        ({**WAS, "b": None, "c": 3}, "b", "abc"),  # which lacks what was read
        ({**WAS, "c": 3}, "bcx", "abc"),
    ],
)
def test_what_an_update_wrote_counts_where_all_is_shown_that_was_read(
    shown: dict[str, Any] | None, sent: str, there: str
) -> None:
    """What was sent before counts by the read, and what either shows has come back."""
    payload = {"a": 1, "b": 2, "c": 3, "x": 4}
    back = updated_back(payload, before=["b", "gone"], found=WAS, written="cx", shown=shown)
    assert back == CameBack(frozenset(sent), frozenset(there))


def test_an_empty_value_has_not_come_back() -> None:
    """A name that is shown with nothing in it holds nothing of what was sent."""
    found = seen({"a": 1, "b": 2}, {"a": 1, "b": None})
    assert found
    assert found.there == {"a"}


def test_of_an_update_only_what_was_sent_counts() -> None:
    """The rest was not sent now; what is there has come back at some time."""
    found = came_back({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}, ["c"])
    assert found == CameBack(frozenset({"c"}), frozenset({"a", "b"}))


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.DUPLICATE, Outcome.UNCERTAIN])
def test_only_what_was_taken_counts(outcome: Outcome) -> None:
    """A refusal may repeat what was sent, and shows nothing."""
    assert shown_back({"a": 1}, Verdict(outcome=outcome, response={"a": 1})) is None


def test_equal_answers_are_one_value() -> None:
    """Records wait by the thousand for their outputs: each has a reference alone."""
    one, other = seen({"a": 1, "b": 1}, {"a": 1}), seen({"a": 2, "b": 2}, {"a": 2})
    assert one is other


# -- a run's count --------------------------------------------------------------------------------


def test_what_came_back_once_was_not_swallowed() -> None:
    """Apptivo knows the name: that it was not shown another time has another reason."""
    swallowed = Swallowed()
    swallowed.count("leads", CameBack(frozenset({"a", "b"}), frozenset({"a"})))
    swallowed.count("cases", CameBack(frozenset({"b"}), frozenset()))
    assert list(swallowed.told()) == [("leads", "b", 1), ("cases", "b", 1)]
    swallowed.count("leads", CameBack(frozenset({"b"}), frozenset({"b"})))
    assert list(swallowed.told()) == [("cases", "b", 1)]


def test_the_memory_is_flat() -> None:
    """Where each record has names of its own, no more than some are counted."""
    swallowed = Swallowed()
    for number in range(30_000):
        swallowed.count("leads", CameBack(frozenset({"a", f"n{number}"}), frozenset()))
    told = {name: times for _, name, times in swallowed.told()}
    assert told["a"] == 30_000
    assert len(told) <= 10_002


# -- runs -----------------------------------------------------------------------------------------


def people(count: int, **more: Any) -> list[Any]:  # noqa: ANN401
    """Leads of which Apptivo takes most."""
    return [schema("leads"), *(record("leads", number, **KEPT, **more) for number in range(count))]


@pytest.mark.parametrize("style", ["rest", "action"])
def test_a_mistyped_attribute_is_named_with_its_count(
    run: RunTarget, sandbox: Sandbox, style: str
) -> None:
    """By stream, once, at no further call."""
    config = {"api_style": style, "streams": {"leads": {"endpoint": "create_lead"}}}
    extra = {"emailAddres": "a@b.c", "customAttributes": [CUSTOM, LOST]}
    finished = run(people(37, **extra), config=config)
    assert finished.code == 0
    told = [line for line in finished.log.splitlines() if "never came back" in line]
    assert [line.partition("| leads: ")[2] for line in told] == [
        f"'customAttributes.input_4_99' {NEVER.format('37 times')}",
        f"'emailAddres' {NEVER.format('37 times')}",
    ]
    assert all("WARNING" in line for line in told)
    assert sandbox.request_count == 37


def test_bare_answers_accuse_nobody(run: RunTarget, sandbox: Sandbox) -> None:
    """They show too little."""
    sandbox.answers = "bare"
    assert "never came back" not in run(people(3, emailAddres="x")).log


def test_the_id_in_a_bare_answer_accuses_nobody(run: RunTarget, sandbox: Sandbox) -> None:
    """One record with an id and a name that Apptivo knows: the answer shows the new id alone."""
    sandbox.answers = "bare"
    lines = [schema("leads"), {**record("leads", 1), "record": {"id": 1, "lastName": "Doe"}}]
    finished = run(lines)
    assert finished.code == 0
    assert "never came back" not in finished.log


def test_answers_need_not_be_kept_for_it(run: RunTarget, tmp_path: Path) -> None:
    """With response records and without: it is compared where the answer comes."""
    config = {"responses": {"emit": "records", "path": str(tmp_path / "responses.singer")}}
    for settings in ({}, config):
        finished = run(people(1, emailAddres="x"), config=settings)
        assert f"leads: 'emailAddres' {NEVER.format('1 time')}" in finished.log


def test_generic_endpoints_and_batches_are_judged_too(run: RunTarget, sandbox: Sandbox) -> None:
    """Each by its own part of the answer."""

    def answer(received: Received) -> Reply:
        rows = json.loads(received.body)["records"]
        kept = [{"id": 1, **{key: row[key] for key in row if key != "hat"}} for row in rows]
        return Reply.json({"results": kept})

    sandbox.respond = answer
    batch = {"size": 3, "property_name": "records", "results_path": "results"}
    bulk = {"endpoint": "generic", "url": "v6/things/batch", "batch": batch}
    lines = [schema("t"), *(record("t", number, hat=number) for number in range(5))]
    finished = run(lines, config={"streams": {"t": bulk}})
    assert finished.code == 0
    assert f"t: 'hat' {NEVER.format('5 times')}" in finished.log


@pytest.mark.parametrize("answers", ["bare", "whole"])
def test_reads_of_updates_tell_it_too(
    run: RunTarget,
    sandbox: Sandbox,
    tmp_path: Path,
    answers: Any,  # noqa: ANN401
) -> None:
    """What the run before sent, and Apptivo does not show, was swallowed then."""
    sandbox.answers = "bare"
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db", "settle_seconds": 0.1}
    assert run((), "--journal", config=config).code == 0
    first = run(people(2, emailAddres="x"), config=config)
    assert "never came back" not in first.log
    sandbox.answers = answers
    lines = people(2, emailAddres="x")
    for line in lines[1:]:
        line["record"]["description"] = "changed"
    sandbox.requests.clear()
    second = run(lines, config=config)
    assert second.code == 0
    assert f"leads: 'emailAddres' {NEVER.format('2 times')}" in second.log
    asked = [request.params["a"] for request in sandbox.requests]
    assert sorted(asked) == ["getById"] * 2 + ["update"] * 2


def test_a_part_of_an_object_accuses_nobody(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Neither in the answer to a create, nor in that to an update of something else."""
    sandbox.answers = "bare"
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db"}
    assert run((), "--journal", config=config).code == 0
    row = {"customerNumber": "7", "customerName": "Acme", "emailAddresses": MAILS}
    for more in ({}, {"description": "A"}, {"description": "B"}):
        finished = run(table("customers", {**row, **more}, key=["customerNumber"]), config=config)
        assert finished.code == 0
        assert "never came back" not in finished.log
    assert sandbox.records["customers"][0]["description"] == "B"
