"""Kept in step, the plain course: what each load method does, and what counts as nothing new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import (
    InStep,
    Person,
    custom,
    customer,
    lead,
    mails,
    named,
    outcomes,
    payload,
    responses,
    states,
    table,
)

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox
    from tests.conftest import RunTarget

pytest_plugins = ["tests.in_step_runs"]

GENERIC = {"endpoint": "generic", "url": "v6/things?a=save"}


# --- 12.2 load methods ---


@pytest.mark.parametrize(
    ("method", "unchanged", "changed"),
    [
        ("append-only", ("accepted", "create"), ("accepted", "create")),
        ("upsert", ("unchanged", None), ("updated", "update")),
        ("create-only", ("unchanged", None), ("duplicate", None)),
        ("update-only", ("unchanged", None), ("updated", "update")),
    ],
)
def test_each_method_does_with_a_known_record_as_the_table_says(
    step: InStep, method: str, unchanged: tuple[str, str], changed: tuple[str, str]
) -> None:
    """The first two columns of 12.2; what is unchanged makes no response record."""
    step(table("leads", lead(1), lead(2, description="old")))
    ids = {nr: record["id"] for nr, record in step.held("leads").items()}
    run = step(table("leads", lead(1), lead(2, description="new")), load_method=method)
    assert run.code == 0
    told = {each["key"]["nr"]: each for each in responses(run)}
    assert set(told) == ({1, 2} if unchanged[0] != "unchanged" else {2})
    if 1 in told:
        assert (told[1]["outcome"], told[1]["action"]) == unchanged
    assert (told[2]["outcome"], told[2]["action"]) == changed
    if method != "append-only":
        assert told[2]["apptivo_id"] == ids[2]
        assert told[2]["matched_by"] == "journal"
    assert told[2]["changed"] == (["description"] if changed[0] == "updated" else [])
    assert len(step.sandbox.records["leads"]) == (4 if method == "append-only" else 2)
    is_new = method in {"upsert", "update-only"}
    assert step.held("leads")[2]["description"] == ("new" if is_new else "old") or (
        method == "append-only"
    )


@pytest.mark.parametrize(
    ("method", "found", "absent"),
    [
        ("upsert", ("updated", "update", "match_on"), ("accepted", "create", None)),
        ("create-only", ("duplicate", None, "match_on"), ("accepted", "create", None)),
        ("update-only", ("updated", "update", "match_on"), ("skipped", None, None)),
    ],
)
def test_each_method_does_with_an_unknown_record_as_the_table_says(
    step: InStep,
    person: Person,
    method: str,
    found: tuple[str, str, str],
    absent: tuple[str, str, str],
) -> None:
    """The last column of 12.2."""
    known = person.creates("leads", lastName="Ada")
    rows = [lead(1, lastName="Ada", description="mine"), lead(2, lastName="Bob")]
    options = {"endpoint": "create_lead", "match_on": "lastName", "load_method": method}
    run = step(table("leads", *rows), streams={"leads": options})
    assert run.code == 0
    assert outcomes(run, "outcome", "action", "matched_by") == [found, absent]
    assert responses(run)[0]["apptivo_id"] == known
    ada = next(each for each in step.sandbox.records["leads"] if each["lastName"] == "Ada")
    assert ada.get("description") == ("mine" if found[0] == "updated" else None)
    assert len(step.sandbox.records["leads"]) == (2 if absent[0] == "accepted" else 1)


def test_a_duplicate_that_was_found_is_known_from_then_on(step: InStep, person: Person) -> None:
    """`create-only` remembers whom it found: nothing is looked for a second time."""
    person.creates("leads", lastName="Ada")
    options = {"endpoint": "create_lead", "match_on": "lastName", "load_method": "create-only"}
    rows = table("leads", lead(1, lastName="Ada"))
    first = step(rows, streams={"leads": options})
    second = step(rows, streams={"leads": options})
    assert outcomes(first) == ["duplicate"]
    assert set(outcomes(second)) <= {"duplicate"}
    assert len(step.sandbox.requests) == 0
    assert len(step.sandbox.records["leads"]) == 1


def test_with_a_journal_the_default_is_upsert(step: InStep) -> None:
    """Nothing is said: a known record that changed is updated."""
    step(table("leads", lead(1)))
    run = step(table("leads", lead(1, description="new")))
    assert outcomes(run) == ["updated"]


def test_without_a_journal_every_record_is_created(run: RunTarget, sandbox: Sandbox) -> None:
    """Nothing is said, and there is no journal: `append-only`."""
    for _ in range(2):
        assert run(table("leads", lead(1))).code == 0
    assert len(sandbox.records["leads"]) == 2


@pytest.mark.parametrize("method", ["upsert", "create-only", "update-only"])
@pytest.mark.parametrize("place", ["top", "endpoint"])
def test_a_method_that_remembers_needs_a_journal(
    run: RunTarget, sandbox: Sandbox, method: str, place: str
) -> None:
    """It is a settings error, named by its path, before anything is sent."""
    options = {"streams": {"leads": {"endpoint": "create_lead", "load_method": method}}}
    ended = run(
        table("leads", lead(1)), config={"load_method": method} if place == "top" else options
    )
    assert ended.code == 1
    assert ("streams.leads.load_method" if place == "endpoint" else "load_method") in ended.last_log
    assert "journal_url" in ended.last_log
    assert sandbox.request_count == 0


def test_append_only_with_match_on_is_a_settings_error(step: InStep) -> None:
    """It would never be used."""
    options = {"endpoint": "create_lead", "match_on": "lastName", "load_method": "append-only"}
    ended = step(table("leads", lead(1)), streams={"leads": options})
    assert ended.code == 1
    assert "streams.leads" in ended.last_log
    assert "match_on" in ended.last_log
    assert not step.sandbox.requests


def test_append_only_notes_the_newest_id_of_a_key(step: InStep) -> None:
    """So that children refer to the newest."""
    step(table("customers", customer(1)), load_method="append-only")
    step(table("customers", customer(1)), load_method="append-only")
    newest = step.sandbox.records["customers"][-1]["customerId"]
    reference = {"accountId": {"stream": "customers", "key": "{firm}"}}
    child = table("leads", lead(1, firm=1))
    step(child, streams={"leads": {"endpoint": "create_lead", "references": reference}})
    assert step.held("leads")[1]["accountId"] == newest


def test_an_endpoint_says_its_own_method(step: InStep) -> None:
    """One stream is appended, the other kept in step."""
    rows = table("leads", lead(1)) + table("customers", customer(1))
    streams = {"leads": {"endpoint": "create_lead", "load_method": "append-only"}}
    for _ in range(2):
        step(rows, streams=streams)
    assert len(step.sandbox.records["leads"]) == 2
    assert len(step.sandbox.records["customers"]) == 1


# --- 12.2 the generic endpoint and deletes ---


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_generic_endpoint_sends_what_is_new_or_changed(step: InStep, method: str) -> None:
    """New is sent, unchanged is not, changed is; each as the same call."""
    options = {"things": {**GENERIC, "method": method, "url": "v6/things/{nr}?a=save"}}
    if method == "POST":
        options["things"]["url"] = "v6/things?a=save"
    step(table("things", {"nr": 1, "x": "a"}, {"nr": 2, "x": "a"}), streams=options)
    assert len(step.sent) == 2
    rows = ({"nr": 1, "x": "a"}, {"nr": 2, "x": "b"}, {"nr": 3, "x": "a"})
    run = step(table("things", *rows), streams=options)
    assert [payload(each)["nr"] for each in step.sent] in ([2, 3], [3, 2])
    assert {each["key"]["nr"]: each["action"] for each in responses(run)} == {2: "send", 3: "send"}
    assert "1 unchanged" in run.last_log


def test_a_generic_endpoint_looks_at_url_and_parameters_too(step: InStep) -> None:
    """An attribute that stands in the URL or a parameter alone is sent when it changes."""
    options = {
        **GENERIC,
        "url": "v6/things?a=save&of={owner}",
        "params": {"rank": "{rank}"},
        "exclude_attributes": ["owner", "rank"],
    }
    row = {"nr": 1, "owner": "ann", "rank": 1, "x": "a"}
    counts = []
    for change in ({}, {}, {"owner": "bob"}, {"rank": 2}, {"rank": 2.0}):
        row |= change
        step(table("things", row), streams={"things": options})
        counts.append(len(step.sent))
    assert counts[:4] == [1, 0, 1, 1]


def test_a_generic_append_only_sends_every_record(step: InStep) -> None:
    """`append-only` does for a generic endpoint what it does without a journal."""
    options = {"things": {**GENERIC, "load_method": "append-only"}}
    for _ in range(2):
        step(table("things", {"nr": 1, "x": "a"}), streams=options)
        assert len(step.sent) == 1


def test_a_batch_is_filled_with_records_that_are_sent(step: InStep) -> None:
    """Unchanged records do not count for its size (contract 6), and are not in it."""
    batch = {"size": 3, "grouping": "property", "property_name": "records"}
    options = {"things": {**GENERIC, "url": "v6/things/batch", "batch": batch}}
    rows = [{"nr": nr, "x": "a"} for nr in range(9)]
    step(table("things", *rows), streams=options)
    assert [len(payload(each)["records"]) for each in step.sent] == [3, 3, 3]
    for nr in (0, 4, 8):
        rows[nr]["x"] = "b"
    run = step(table("things", *rows), streams=options)
    assert [[each["nr"] for each in payload(call)["records"]] for call in step.sent] == [[0, 4, 8]]
    assert len(responses(run)) == 3
    assert "3 accepted" in run.last_log
    assert "6 unchanged" in run.last_log


@pytest.mark.parametrize("kind", ["delete_customer", "generic"])
def test_a_delete_is_always_sent(step: InStep, kind: str) -> None:
    """However often it was sent before."""
    options = {
        "delete_customer": {"endpoint": "delete_customer", "customer_id": "{nr}"},
        "generic": {"endpoint": "generic", "method": "DELETE", "url": "v6/customers/{nr}"},
    }[kind]
    step.sandbox.respond = lambda request: Reply(204) if request.method == "DELETE" else None
    for _ in range(3):
        run = step(table("gone", {"nr": 9001}), streams={"gone": options})
        assert len(step.sent) == 1
        action = "delete" if kind == "delete_customer" else "send"
        assert outcomes(run, "outcome", "action") == [("accepted", action)]


# --- 7, 1: what is told ---


def test_progress_counts_updated_and_unchanged(step: InStep) -> None:
    """Every record has its outcome in the account, and its stream's."""
    step(table("leads", *(lead(nr) for nr in range(5))))
    rows = [lead(nr, description="new" if nr == 3 else None) for nr in range(6)]
    run = step(table("leads", *rows))
    assert run.code == 0
    for told in ("1 accepted", "1 updated", "4 unchanged"):
        assert told in run.last_log
    assert "leads: 6 read, 1 accepted, 1 updated, 4 unchanged" in run.log


def test_a_state_tells_the_totals_of_unchanged_records(step: InStep) -> None:
    """`emit: state` counts them, and has no response record of them."""
    rows = table("leads", lead(1))
    step(rows)
    run = step(rows, responses={"emit": "state"})
    assert run.lines[-1]["target_apptivo"] == {
        "totals": {"leads": {"unchanged": 1}},
        "responses": [],
    }


def test_a_second_and_a_third_run_ask_for_nothing(step: InStep) -> None:
    """What is unchanged costs no request of any kind, and its state is written."""
    rows = table("leads", *(lead(nr) for nr in range(20)), bookmark="end")
    step(rows)
    for _ in range(2):
        run = step(rows)
        assert not step.sandbox.requests
        assert states(run) == [{"at": "end"}]
        assert not responses(run)


# --- 12.3 nothing new ---

UPDATED, UNCHANGED = ["updated"], list[str]()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('{"x": 1}', '{"x": 1.0}', UNCHANGED),
        ('{"x": 100}', '{"x": 1e2}', UNCHANGED),
        ('{"x": 0.30}', '{"x": 0.3}', UNCHANGED),
        ('{"x": 0}', '{"x": -0.0}', UNCHANGED),
        ('{"x": {"a": 1, "b": [1, 2]}}', '{"x": {"b": [1.0, 2], "a": 1}}', UNCHANGED),
        ('{"x": [{"a": 1, "b": 2}]}', '{"x": [{"b": 2, "a": 1.00}]}', UNCHANGED),
        ('{"x": "old"}', "{}", UNCHANGED),
        ('{"x": "old"}', '{"x": null}', UNCHANGED),
        ('{"x": "old"}', '{"x": ""}', UNCHANGED),
        ('{"x": "old"}', '{"x": "old", "y": null, "z": ""}', UNCHANGED),
        ('{"x": "old"}', '{"x": "old", "_sdc_batched_at": "2026-01-01T00:00:00Z"}', UNCHANGED),
        ('{"x": "é"}', '{"x": "\\u00e9"}', UNCHANGED),
        ('{"x": [1, 2]}', '{"x": [2, 1]}', UPDATED),
        ('{"x": 1}', '{"x": true}', UPDATED),
        ('{"x": 0}', '{"x": false}', UPDATED),
        ('{"x": "a"}', '{"x": "A"}', UPDATED),
        ('{"x": 12345678901234567890}', '{"x": 12345678901234567891}', UPDATED),
        ('{"x": 0.1000000000000000055}', '{"x": 0.1}', UPDATED),
        ('{"x": {"a": 1}}', '{"x": {"a": 1, "b": 2}}', UPDATED),
        ('{"x": "é"}', '{"x": "e\\u0301"}', UPDATED),
        ("{}", '{"x": 0}', UPDATED),
        ("{}", '{"x": false}', UPDATED),
    ],
)
def test_what_says_something_new_is_sent_and_nothing_else(
    step: InStep, before: str, after: str, expected: list[str]
) -> None:
    """Numbers by value, objects in any order; what is lacking, null, empty or `_sdc_` is silent."""

    def rows(text: str) -> list[Any]:
        head, *_, state = table("leads")
        row = json.dumps({"type": "RECORD", "stream": "leads", "record": {}}).replace(
            "{}",
            '{"nr": 1, "lastName": "Ada", ' + text.strip()[1:]
            if text != "{}"
            else '{"nr": 1, "lastName": "Ada"}',
        )
        return [head, row, state]

    step(rows(before))
    run = step(rows(after))
    assert run.code == 0
    assert outcomes(run) == expected
    if expected == UPDATED:
        assert [named(each) for each in step.sent] == [{"x"}]
        assert not outcomes(step(rows(after)))
    else:
        assert not step.sandbox.requests


def test_metadata_that_is_sent_says_nothing_either(step: InStep) -> None:
    """With `add_record_metadata` every run has other times; nothing is sent for them alone."""
    rows = table("leads", lead(1))
    step(rows, add_record_metadata=True)
    assert not outcomes(step(rows, add_record_metadata=True))
    assert not step.sandbox.requests


def test_a_key_is_known_as_text(step: InStep) -> None:
    """42 is "42"."""
    step(table("leads", lead(42, lastName="Ada", code=1)))
    run = step(table("leads", lead("42", lastName="Ada", code=1)))
    assert len(step.sandbox.records["leads"]) == 1
    assert set(outcomes(run)) <= {"updated"}


@pytest.mark.parametrize(
    "key", ["ключ ☃ 🐘", "a" * 5_000, 'quote " and \\ and \n', "%00 \x00 null", "", " "]
)
def test_any_key_is_known_again(step: InStep, key: str) -> None:
    """Unicode, huge, with quotes, with what a database dislikes: remembered all the same."""
    rows = table("leads", {"nr": key, "lastName": "Ada"})
    first = step(rows, rejected_path=str(step.folder / "rejected"), max_rejected=-1)
    assert first.code == 0
    second = step(rows, rejected_path=str(step.folder / "rejected"), max_rejected=-1)
    assert second.code == 0
    assert outcomes(first) == ["accepted"]
    assert not outcomes(second)
    assert len(step.sandbox.records["leads"]) == 1


def test_keys_that_look_alike_are_two(step: InStep) -> None:
    """No case, blank, accent, or nesting of a composite key makes one of two."""
    rows = [
        {"a": a, "b": b, "lastName": "Ada"}
        for a, b in (
            ("x", "y"),
            ("X", "y"),
            ("x ", "y"),
            ("x,y", ""),
            ("", "x,y"),
            ("x", "é"),
            ("x", "e\u0301"),
            ('x","b":"y', "z"),
        )
    ]
    step(table("leads", *rows, key=("a", "b")))
    assert len(step.sandbox.records["leads"]) == len(rows)
    assert not outcomes(step(table("leads", *rows, key=("a", "b"))))


@pytest.mark.parametrize("is_known", [False, True])
def test_what_was_rejected_is_tried_again(step: InStep, *, is_known: bool) -> None:
    """A create and an update that Apptivo refused are sent again when they come again."""
    row = lead(1, description="new")
    if is_known:
        step(table("leads", lead(1)))
    set_aside: dict[str, Any] = {"rejected_path": str(step.folder / "rejected"), "max_rejected": 1}
    step.sandbox.respond = lambda request: (
        Reply.json({"status": "FAILURE", "reason": "no"})
        if request.params.get("a", "") in {"save", "update"}
        else None
    )
    for _ in range(2):
        run = step(table("leads", row), **set_aside)
        assert outcomes(run) == ["rejected"]
        assert len(step.sent) == 1
    step.sandbox.respond = None
    assert outcomes(step(table("leads", row))) == ["updated" if is_known else "accepted"]
    assert step.held("leads")[1]["description"] == "new"


def test_a_change_that_was_refused_and_taken_back_is_nothing_new(step: InStep) -> None:
    """What counts is what Apptivo last took."""
    step(table("leads", lead(1, description="old")))
    step.sandbox.respond = lambda request: (
        Reply.json({"status": "FAILURE", "reason": "no"})
        if request.params.get("a") == "update"
        else None
    )
    set_aside: dict[str, Any] = {"rejected_path": str(step.folder / "rejected"), "max_rejected": 1}
    assert outcomes(step(table("leads", lead(1, description="new")), **set_aside)) == ["rejected"]
    step.sandbox.respond = None
    run = step(table("leads", lead(1, description="old")))
    assert not outcomes(run)
    assert not step.sent
    assert step.held("leads")[1]["description"] == "old"


def test_a_change_that_was_taken_back_is_a_change(step: InStep) -> None:
    """A, B, A are three versions: the third is sent."""
    for text in ("A", "B", "A"):
        step(table("leads", lead(1, description=text)))
        assert step.held("leads")[1]["description"] == text


def test_the_same_key_five_times_with_other_contents_ends_as_the_last(step: InStep) -> None:
    """In one second of one run: created once, updated four times, in order."""
    rows = [lead(1, lastName="Ada", description=f"version {n}") for n in range(5)]
    run = step(table("leads", *rows))
    assert outcomes(run) == ["accepted", *["updated"] * 4]
    assert step.counts("leads") == {1: 1}
    assert step.held("leads")[1]["description"] == "version 4"
    assert not outcomes(step(table("leads", rows[-1])))


@pytest.mark.parametrize("is_first_rejected", [False, True])
def test_the_same_record_twice_in_a_run_is_sent_once(
    step: InStep, *, is_first_rejected: bool
) -> None:
    """The second says nothing new, unless the first was refused."""
    answers = iter([Reply.json({"status": "FAILURE", "reason": "no"})] if is_first_rejected else [])
    step.sandbox.respond = lambda _: next(answers, None)
    set_aside: dict[str, Any] = {"rejected_path": str(step.folder / "rejected"), "max_rejected": 1}
    run = step(table("leads", lead(1), lead(1)), **set_aside)
    assert outcomes(run) == (["rejected", "accepted"] if is_first_rejected else ["accepted"])
    assert step.counts("leads") == {1: 1}


def test_other_key_properties_end_the_run_before_anything_is_sent(step: InStep) -> None:
    """The journal knows the stream's records by other names."""
    step(table("leads", lead(1)))
    rows = [{**lead(1, description="new"), "code": "x"}, {**lead(2), "code": "y"}]
    run = step(table("leads", *rows, key=("code",)))
    assert run.code == 1
    assert not step.sent
    assert "leads" in run.last_log
    assert "code" in run.last_log
    assert states(run) == []


def test_other_key_properties_spare_the_other_streams(step: InStep) -> None:
    """What was read before is delivered; the state before the failure is written."""
    step(table("leads", lead(1)))
    messages = table("customers", customer(1), bookmark="before")
    run = step(messages + table("leads", lead(2), key=("lastName",), bookmark="after"))
    assert run.code == 1
    assert step.counts("customers") == {1: 1}
    assert step.counts("leads") == {1: 1}
    assert states(run) == [{"at": "before"}]


def test_key_properties_in_another_order_are_the_same(step: InStep) -> None:
    """They are names, not places."""
    rows = [{"a": 1, "b": 2, "lastName": "Ada"}]
    step(table("leads", *rows, key=("a", "b")))
    run = step(table("leads", *rows, key=("b", "a")))
    assert run.code == 0
    assert not outcomes(run)


def test_a_stream_without_key_properties_ends_the_run(step: InStep) -> None:
    """Its records could not be known again; it is said how to help."""
    run = step(table("leads", lead(1), key=()))
    assert run.code == 1
    assert not step.sandbox.requests
    assert "leads" in run.last_log


def test_a_stream_without_key_properties_may_be_appended(step: InStep) -> None:
    """`append-only` needs none."""
    for _ in range(2):
        assert step(table("leads", lead(1), key=()), load_method="append-only").code == 0
    assert len(step.sandbox.records["leads"]) == 2


def test_a_stream_without_key_properties_is_known_by_its_match_values(step: InStep) -> None:
    """With `match_on` their values are its key."""
    options = {"leads": {"endpoint": "create_lead", "match_on": ["emailAddress", "lastName"]}}
    row = lead(1, emailAddresses=mails("ada@example.com"))
    first = step(table("leads", row, key=()), streams=options)
    assert outcomes(first) == ["accepted"]
    assert not outcomes(step(table("leads", row, key=()), streams=options))
    assert not step.sandbox.requests
    changed = step(table("leads", {**row, "description": "new"}, key=()), streams=options)
    assert outcomes(changed) == ["updated"]
    assert len(step.sandbox.records["leads"]) == 1


# --- two streams, one memory ---


def test_two_streams_may_share_one_memory(step: InStep) -> None:
    """With one `journal_stream` the record of one is known to the other."""
    options = {"endpoint": "create_lead", "journal_stream": "people"}
    streams = {"a": options, "b": options}
    step(table("a", lead(1)), streams=streams)
    run = step(table("b", lead(1, description="new")), streams=streams)
    assert outcomes(run, "stream", "outcome") == [("b", "updated")]
    assert len(step.sandbox.records["leads"]) == 1


def test_two_streams_with_one_memory_may_come_at_once(step: InStep) -> None:
    """The same keys from both, in turns, in one run: each is created once, and the last wins."""
    options = {"endpoint": "create_lead", "journal_stream": "people"}
    messages = table("a") + table("b")
    for nr in range(30):
        for stream in ("a", "b"):
            row = lead(nr, description=f"of {stream}")
            messages.append({"type": "RECORD", "stream": stream, "record": row})
    run = step(messages, streams={"a": options, "b": options})
    assert run.code == 0
    assert set(step.counts("leads").values()) == {1}
    assert {each["description"] for each in step.held("leads").values()} == {"of b"}


def test_streams_that_share_no_memory_are_apart(step: InStep) -> None:
    """The same key in two streams is two records."""
    streams = dict.fromkeys(("a", "b"), "create_lead")
    step(table("a", lead(1)) + table("b", lead(1)), streams=streams)
    assert len(step.sandbox.records["leads"]) == 2


def test_the_stream_is_named_after_stream_maps(step: InStep) -> None:
    """The journal knows it by the name that it is mapped to."""
    maps = {"raw": {"__alias__": "leads"}}
    step(table("raw", lead(1)), stream_maps=maps)
    assert not outcomes(step(table("leads", lead(1))))
    assert len(step.sandbox.records["leads"]) == 1


@pytest.mark.parametrize("style", ["rest", "action"])
def test_the_style_of_calls_makes_nothing_new(step: InStep, style: str) -> None:
    """A switch from one to the other updates nothing, and either updates what changed."""
    other = "action" if style == "rest" else "rest"
    row = lead(1, emailAddresses=mails("a@example.com"), customAttributes=custom(input_4_1="x"))
    step(table("leads", row), api_style=style)
    assert not outcomes(step(table("leads", row), api_style=other))
    run = step(table("leads", {**row, "description": "new"}), api_style=other)
    assert outcomes(run) == ["updated"]


def test_equal_states_are_written_once(step: InStep) -> None:
    """A state equal to the last one written is not repeated, whatever was unchanged between."""
    rows = [lead(nr) for nr in range(3)]
    step(table("leads", *rows))
    head, *records, state = table("leads", *rows, bookmark="same")
    run = step([head, *(each for record in records for each in (record, state))])
    assert states(run) == [{"at": "same"}]


def test_a_null_key_is_no_key(step: InStep) -> None:
    """Two records without a key are not one: the second is not written over the first."""
    rows = table("leads", lead(1), lead(2))
    rows[0]["schema"]["properties"]["nr"] = {"type": ["integer", "null"]}
    for message in rows[1:]:
        if message["type"] == "RECORD":
            message["record"]["nr"] = None
    finished = step(rows, rejected_path=str(step.folder / "rejected"), max_rejected=2)
    assert "key property 'nr' is null" in finished.log
    assert step.sandbox.records["leads"] == []
