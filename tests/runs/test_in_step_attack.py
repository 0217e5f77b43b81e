"""Odd sources and odd days: what a hurried reader of sections 12 and 13 would not try."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import (
    customer,
    is_write,
    lead,
    mails,
    named,
    outcomes,
    payload,
    responses,
    table,
)

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox
    from target_apptivo.sandbox.exchange import Received
    from tests.conftest import Command
    from tests.in_step import InStep, Person, Row

pytest_plugins = ["tests.in_step_runs"]

MATCHED = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}


def set_aside(step: InStep) -> dict[str, Any]:
    """Give settings with which rejected and uncertain records do not end a run."""
    return {"rejected_path": str(step.folder / "rejected.singer"), "max_rejected": -1}


def addresses_of(step: InStep) -> list[str]:
    """Give the e-mails of the one lead."""
    (record,) = step.sandbox.records["leads"]
    return [entry["emailAddress"] for entry in record["emailAddresses"]]


# --- lists ---


def test_an_e_mail_that_stands_twice_in_the_source_stands_once(step: InStep) -> None:
    """Also in another case, at the create or later: no update doubles it."""
    rows = [["a@x.com", "A@x.com"], ["a@x.com", "A@x.com", "b@x.com", "b@x.com"]]
    for each in rows:
        step(table("leads", lead(1, emailAddresses=mails(*each))))
    found = [each.lower() for each in addresses_of(step)]
    assert found.count("b@x.com") == 1
    assert not outcomes(step(table("leads", lead(1, emailAddresses=mails(*rows[1])))))


def test_the_order_of_e_mails_is_no_change_of_them(step: InStep) -> None:
    """Turned round nothing is doubled; shifted, one is changed and none is lost."""
    step(table("leads", lead(1, emailAddresses=mails("a@x.com", "b@x.com"))))
    step(table("leads", lead(1, emailAddresses=mails("b@x.com", "a@x.com"))))
    assert sorted(addresses_of(step)) == ["a@x.com", "b@x.com"]
    step(table("leads", lead(1, emailAddresses=mails("b@x.com", "c@x.com"))))
    found = addresses_of(step)
    assert {"b@x.com", "c@x.com"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("value", [None, [], [{"emailAddress": ""}]])
def test_nulls_remove_no_list_entry(step: InStep, value: object) -> None:
    """None is removed, with `update_nulls` neither."""
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": True}}
    step(table("leads", lead(1, emailAddresses=mails("a@x.com"))), streams=streams)
    run = step(table("leads", lead(1, emailAddresses=value)), streams=streams)
    assert run.code == 0
    assert addresses_of(step) == ["a@x.com"]


def test_nulls_clear_a_custom_attribute_alone(step: InStep) -> None:
    """One by one, where they may."""
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": True}}

    def entries(**values: object) -> list[Row]:
        return [
            {"customAttributeId": i, "customAttributeType": "input", "customAttributeValue": v}
            for i, v in values.items()
        ]

    rows = entries(input_1="a", input_2="b")
    step(table("leads", lead(1, customAttributes=rows)), streams=streams)
    rows = entries(input_1=None, input_2="b")
    step(table("leads", lead(1, customAttributes=rows)), streams=streams)
    (record,) = step.sandbox.records["leads"]
    found = {e["customAttributeId"]: e["customAttributeValue"] for e in record["customAttributes"]}
    assert not found["input_1"]
    assert found["input_2"] == "b"


# --- match_on ---


def test_a_flat_e_mail_is_looked_for_in_the_list(step: InStep, person: Person) -> None:
    """`emailAddress` of a record that has it flat."""
    known = person.creates("leads", lastName="Ada", emailAddresses=mails("ada@x.com"))
    streams = {"leads": {"endpoint": "create_lead", "match_on": "emailAddress"}}
    rows = table("leads", lead(1, emailAddress="ADA@x.com"))
    run = step(rows, streams=streams, **set_aside(step))
    assert [each["apptivo_id"] for each in responses(run)] in ([known], [None])
    assert len(step.sandbox.records["leads"]) == 1


def test_two_rows_whose_e_mails_overlap_make_one_lead(step: InStep) -> None:
    """a+b and b+c share b: the second finds what the first became, and is refused."""
    streams = {"leads": {"endpoint": "create_lead", "match_on": "emailAddress"}}
    rows = [
        lead(1, emailAddresses=mails("a@x.com", "b@x.com")),
        lead(2, emailAddresses=mails("b@x.com", "c@x.com")),
        lead(3, emailAddresses=mails("C@x.com")),
    ]
    step.sandbox.latency_ms = 5
    run = step(table("leads", *rows), streams=streams, max_in_flight=8, **set_aside(step))
    assert outcomes(run) == ["accepted", "rejected", "accepted"]


def test_a_match_value_that_its_row_gave_up_is_free_for_another(step: InStep) -> None:
    """1 had it and has another; 2 gets the old one: two leads."""
    streams = {"leads": {"endpoint": "create_lead", "match_on": "companyName"}}
    step(table("leads", lead(1, companyName="old")), streams=streams)
    for row in (lead(1, companyName="new"), lead(2, companyName="old")):
        run = step(table("leads", row), streams=streams)
        assert run.code == 0, run.last_log
    assert step.counts("leads") == {1: 1, 2: 1}


# --- clocks ---


def test_a_clock_that_jumped_back_does_not_hold_up_a_doubt(step: InStep, person: Person) -> None:
    """It was sent, says the journal, tomorrow: it is judged after `settle_seconds` all the same."""
    person.creates("leads", lastName="Known")
    lost: list[bool] = []

    def respond(request: Received) -> Reply | None:
        if is_write(request):
            lost.append(True)
            return Reply.dropped()
        return Reply.json({"status": "FAILURE", "reason": "busy"}) if lost else None

    step.sandbox.respond = respond
    run = step(table("leads", lead(1)), streams=MATCHED, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    step.sandbox.respond = None
    with closing(sqlite3.connect(step.journal)) as database, database:
        (text,) = database.execute(
            "SELECT intention FROM target_apptivo_records WHERE intention IS NOT NULL"
        ).fetchone()
        later = _shifted(json.loads(text), 86_400)
        database.execute(
            "UPDATE target_apptivo_records SET intention = ? WHERE intention IS NOT NULL",
            (json.dumps(later),),
        )
    begun = time.monotonic()
    run = step(table("leads", lead(1)), streams=MATCHED)
    assert outcomes(run) == ["accepted"]
    assert time.monotonic() - begun < 60


def _shifted(value: Any, seconds: float) -> Any:  # noqa: ANN401
    """Move whatever looks like a time of today by some seconds."""
    match value:
        case float() | int() if abs(value - time.time()) < 10_000:
            return value + seconds
        case dict():
            return {name: _shifted(each, seconds) for name, each in value.items()}
        case list():
            return [_shifted(each, seconds) for each in value]
    return value


# --- stops ---


def test_a_run_that_is_stopped_takes_back_what_it_never_sent(
    command: Command, sandbox: Sandbox, step: InStep
) -> None:
    """SIGTERM: what is under way is finished; nothing is in doubt afterwards; nothing doubled."""
    sandbox.latency_ms = 20
    url = step.settings["journal_url"]
    config = command.configure(api_url=sandbox.url, journal_url=url)
    rows = table("leads", *(lead(nr) for nr in range(1_000)))
    path = step.folder / "rows.singer"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    process = command.start("--config", config, "--input", str(path))
    deadline = time.monotonic() + 60
    while len(sandbox.records["leads"]) < 30:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    sandbox.latency_ms = 0
    (told,) = step([], "--journal").lines
    assert told["in_doubt"] == 0
    assert told["records"]["leads"] == len(sandbox.records["leads"])
    run = step(rows, responses={"emit": "none"})
    assert run.code == 0
    assert step.counts("leads") == dict.fromkeys(range(1_000), 1)


def test_a_stop_while_an_answer_is_looked_for_leaves_it_in_doubt(
    command: Command, sandbox: Sandbox, step: InStep, person: Person
) -> None:
    """The next run clears it up."""
    person.creates("leads", lastName="Known")
    lost: list[bool] = []

    def respond(request: Received) -> Reply | None:
        if is_write(request) and not lost:
            lost.append(True)
            return Reply.dropped()
        return None

    sandbox.respond = respond
    url = step.settings["journal_url"]
    config = command.configure(
        api_url=sandbox.url, journal_url=url, streams=MATCHED, settle_seconds=60
    )
    path = step.folder / "rows.singer"
    rows = table("leads", lead(1))
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    process = command.start("--config", config, "--input", str(path))
    deadline = time.monotonic() + 60
    while not lost:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    process.terminate()
    _, log = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b"leads" in log
    assert step([], "--journal").lines[0]["in_doubt"] == 1
    run = step(rows, streams=MATCHED)
    assert outcomes(run, "outcome", "resolution") == [("accepted", "resent")]
    assert step.counts("leads") == {None: 1, 1: 1}


# --- batches ---


def test_a_lost_batch_is_in_doubt_record_by_record(step: InStep) -> None:
    """Under `hold` each stays so; with `resend` they go again, and the rest is left alone."""
    batch = {"size": 3, "grouping": "property", "property_name": "records"}
    streams = {"things": {"endpoint": "generic", "url": "v6/things/batch", "batch": batch}}
    rows = table("things", *({"nr": nr, "x": 1} for nr in range(6)))
    answers = iter([Reply.dropped()])
    step.sandbox.respond = lambda request: next(answers, None) if is_write(request) else None
    run = step(rows, streams=streams, on_uncertain="hold", max_in_flight=1, **set_aside(step))
    assert sorted(outcomes(run)) == ["accepted"] * 3 + ["uncertain"] * 3
    run = step(rows, streams=streams, on_uncertain="hold", **set_aside(step))
    assert outcomes(run) == ["uncertain"] * 3
    assert not step.sent
    run = step(rows, streams=streams)
    assert outcomes(run) == ["accepted"] * 3
    assert [len(payload(each)["records"]) for each in step.sent] == [3]
    assert not outcomes(step(rows, streams=streams))


def test_a_batch_of_which_some_are_refused_remembers_the_others(step: InStep) -> None:
    """Halved until the refused stand alone: those alone come again."""
    batch = {
        "size": 8,
        "grouping": "property",
        "property_name": "records",
        "split_rejected": True,
    }
    streams = {"things": {"endpoint": "generic", "url": "v6/things/batch", "batch": batch}}

    def respond(request: Received) -> Reply | None:
        if any(each["nr"] == 5 for each in payload(request)["records"]):
            return Reply.json({"status": "FAILURE", "reason": "5 is odd"})
        return None

    step.sandbox.respond = respond
    rows = table("things", *({"nr": nr, "x": 1} for nr in range(8)))
    run = step(rows, streams=streams, **set_aside(step))
    assert sorted(outcomes(run)) == ["accepted"] * 7 + ["rejected"]
    run = step(rows, streams=streams, **set_aside(step))
    assert outcomes(run, "key", "outcome") == [({"nr": 5}, "rejected")]
    assert len(step.sent) == 1


def test_the_same_key_twice_in_a_batch_goes_in_two(step: InStep) -> None:
    """The second is judged when the first has its outcome."""
    batch = {"size": 8, "grouping": "property", "property_name": "records"}
    streams = {"things": {"endpoint": "generic", "url": "v6/things/batch", "batch": batch}}
    rows = [{"nr": 1, "x": 1}, {"nr": 1, "x": 1}, {"nr": 1, "x": 2}, {"nr": 2, "x": 1}]
    run = step(table("things", *rows), streams=streams)
    assert run.code == 0
    sent = [(e["nr"], e["x"]) for call in step.sent for e in payload(call)["records"]]
    assert sorted(sent) == [(1, 1), (1, 2), (2, 1)]
    assert sent.index((1, 1)) < sent.index((1, 2))


# --- deletes in doubt ---


def test_a_lost_hard_delete_is_sent_again(step: InStep) -> None:
    """Gone is gone: a 404 is an accepted delete, and the customer is forgotten."""
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    step(table("customers", customer(1)), streams=streams)
    first: list[bool] = []

    def respond(request: Received) -> Reply | None:
        if is_write(request) and first:
            return Reply(404)
        if is_write(request):
            first.append(True)
            return Reply.dropped()
        return None

    step.sandbox.respond = respond
    gone = table("customers", customer(1, _sdc_deleted_at="2026-01-01"))
    run = step(gone, streams=streams)
    assert outcomes(run) == ["accepted"]
    assert outcomes(step(gone, streams=streams)) == ["skipped"]


def test_a_hard_delete_that_was_left_in_doubt_is_brought_to_its_end(step: InStep) -> None:
    """All attempts lost, or killed: the next run deletes, and a row that came back is updated."""
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    step(table("customers", customer(1), customer(2)), streams=streams)
    step.sandbox.respond = lambda request: Reply.dropped() if is_write(request) else None
    rows = [customer(nr, _sdc_deleted_at="2026-01-01") for nr in (1, 2)]
    run = step(table("customers", *rows), streams=streams, max_attempts=1, **set_aside(step))
    assert outcomes(run) == ["uncertain", "uncertain"]
    step.sandbox.respond = None
    run = step(table("customers", rows[0], customer(2)), streams=streams, **set_aside(step))
    assert outcomes(run)[0] == "accepted"
    assert set(step.held("customers")) == {2}
    assert run.code == 0


# --- shapes ---


def test_a_huge_record_is_kept_in_step(step: InStep) -> None:
    """A megabyte of text, and two hundred attributes: one change is one name."""
    row = lead(1, description="x" * 1_000_000, **{f"field{n}": n for n in range(200)})
    step(table("leads", row))
    assert not outcomes(step(table("leads", row)))
    step(table("leads", {**row, "field7": "new"}))
    assert named(step.sent[0]) == {"field7"}
    assert len(step.held("leads")[1]["description"]) == 1_000_000


def test_attributes_with_odd_names_are_kept_in_step(step: InStep) -> None:
    """Dots, blanks, quotes, unicode, a name like one of the journal's own."""
    names = ["a.b", "a b", 'q"q', "ключ", "", "taken", "emailAddress"]
    row = lead(1, **dict.fromkeys(names, "old"))
    assert step(table("leads", row)).code == 0
    assert not outcomes(step(table("leads", row)))
    for name in names:
        row[name] = "new"
        run = step(table("leads", row))
        assert outcomes(run) == ["updated"], name
        assert step.held("leads")[1][name] == "new", name
