"""Whole runs: messages in, calls out, state back, and how a run ends."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import RunTarget, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def leads(count: int, *, refused: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """Make leads with a STATE after each; some lack the name that the sandbox asks for."""
    messages: list[dict[str, Any]] = [schema("leads")]
    for number in range(1, count + 1):
        attributes: dict[str, Any] = {"lastName": None} if number in refused else {}
        messages += [record("leads", number, **attributes), state(number)]
    return messages


def ids(sandbox: Sandbox) -> list[int]:
    """Give the senders' own ids of what arrived, in order of arrival."""
    return [request.json["id"] for request in sandbox.requests if request.json]


def test_every_record_arrives_and_the_last_state_is_written(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """All records are sent, the last state is on stdout, the exit code is 0."""
    finished = run(leads(50))
    assert finished.code == 0
    assert sorted(ids(sandbox)) == list(range(1, 51))
    assert finished.lines[-1] == {"bookmark": 50}


def test_the_first_refusal_ends_the_run_with_the_state_before_it(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A 200 with FAILURE at record 50 of 100: state 49, the record named with reason, exit 1."""
    finished = run(leads(100, refused=(50,)))
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 49}
    assert "Please enter last name" in finished.last_log
    assert "'leads'" in finished.last_log
    assert "50" in finished.last_log
    stored = {record["lastName"] for record in sandbox.records["leads"]}
    assert {f"Lead {number}" for number in range(1, 50)} <= stored
    behind = [line for line in finished.log.splitlines() if "sent again by the next run" in line]
    assert len(behind) == len(sandbox.records["leads"]) - 49


def test_with_one_request_at_a_time_nothing_behind_a_refusal_is_sent(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """With max_in_flight 1 the record after the refused one never leaves."""
    run(leads(10, refused=(5,)), config={"max_in_flight": 1})
    assert ids(sandbox) == [1, 2, 3, 4, 5]


def test_a_refused_record_is_set_aside_and_can_be_sent_again(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With max_rejected 1 the other 99 arrive; replaying the file sends just the one set aside."""
    rejected = tmp_path / "rejected.singer"
    config = {"max_rejected": 1, "rejected_path": str(rejected)}
    finished = run(leads(100, refused=(50,)), config=config)
    assert finished.code == 0
    assert finished.lines[-1] == {"bookmark": 100}
    assert len(sandbox.records["leads"]) == 99
    kinds = [json.loads(line)["type"] for line in rejected.read_text().splitlines()]
    assert kinds == ["SCHEMA", "RECORD"]
    aside = json.loads(rejected.read_text().splitlines()[1])
    assert aside["record"] == {"id": 50, "lastName": None}
    assert {**aside["rejected"], "at": ""} == {
        "outcome": "rejected",
        "reason": "Please enter last name",
        "http_status": 200,
        "endpoint": "create_lead",
        "stream": "leads",
        "at": "",
    }
    sandbox.accept_all = True
    replayed = run((), "--input", str(rejected), config={})
    assert replayed.code == 0
    assert len(sandbox.records["leads"]) == 100


def test_one_refusal_more_than_allowed_ends_the_run(run: RunTarget, tmp_path: Path) -> None:
    """With max_rejected 2 the third refusal ends the run and is not set aside."""
    rejected = tmp_path / "rejected.singer"
    config = {"max_rejected": 2, "rejected_path": str(rejected)}
    finished = run(leads(30, refused=(5, 10, 15)), config=config)
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 14}
    aside = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [line["record"]["id"] for line in aside if line["type"] == "RECORD"] == [5, 10]


def test_an_unlimited_run_sets_every_refusal_aside(run: RunTarget, tmp_path: Path) -> None:
    """With max_rejected -1 the run goes on whatever is refused."""
    rejected = tmp_path / "rejected.singer"
    config = {"max_rejected": -1, "rejected_path": str(rejected)}
    finished = run(leads(30, refused=tuple(range(1, 31))), config=config)
    assert finished.code == 0
    assert len(rejected.read_text().splitlines()) == 31


def test_wrong_keys_end_the_run_with_one_clear_line(run: RunTarget) -> None:
    """A credential failure ends the run, names the settings and writes no state."""
    with Sandbox(api_key="right", access_key="right") as strict:
        finished = run(leads(20), config={"api_url": strict.url})
    assert finished.code == 1
    assert finished.stdout == ""
    assert "check api_key and access_key" in finished.last_log


def test_a_record_of_every_json_type_arrives_unchanged(run: RunTarget, sandbox: Sandbox) -> None:
    """Digits, dates, text, nesting and null are the same at Apptivo as at the tap."""
    raw = (
        '{"id":1,"lastName":"Zoë 北 \\ud83d\\ude00","int":12345678901234567890,"amount":1.10,'
        '"tiny":0.00000001,"exp":1.5e3,"yes":true,"no":false,"none":null,"day":"2024-02-30",'
        '"at":"2024-01-02T03:04:05+02:00","nested":{"a":[1,{"b":null}],"empty":{}},"list":[]}'
    )
    dates = {
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "amount": {"type": "number"},
    }
    run([schema("leads", **dates), f'{{"type":"RECORD","stream":"leads","record":{raw}}}'])
    body = sandbox.requests[0].body
    assert json.loads(body, parse_float=Decimal) == json.loads(raw, parse_float=Decimal)
    for exact in (b'"amount":1.10', b'"tiny":0.00000001', b'"exp":1500', "Zoë 北 😀".encode()):
        assert exact in body


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (["{not json at all secret-in-line"], "line 5 of the input is not JSON"),
        (['{"type": "RECORD", "stream": "leads", "rec'], "line 5 of the input is not JSON"),
        (["[1]"], "line 5 of the input is not a JSON object"),
        (['{"type": "MYSTERY"}'], "line 5 of the input has a type"),
        (['{"type": "RECORD", "stream": "leads"}'], "line 5 of the input lacks record"),
        ([{"type": "RECORD", "stream": "leads", "record": None}], "has a 'record' of the wrong"),
        ([{"type": "RECORD", "stream": ["leads"], "record": {}}], "has a 'stream' of the wrong"),
        ([{**schema("leads"), "schema": {"properties": []}}], "has a 'properties' of the wrong"),
        ([{**schema("leads"), "key_properties": "id"}], "has a 'key_properties' of the wrong type"),
        ([{**record("leads", 1), "rejected": "x"}], "has a 'rejected' of the wrong type"),
        ([{"type": "SCHEMA", "stream": "leads", "schema": "x"}], "has a 'schema' of the wrong"),
        ([record("unknown", 1)], "unknown"),
        ([schema("orders"), record("orders", 1)], "stream 'orders' is mapped to no endpoint"),
        (
            [{"type": "BATCH", "stream": "leads", "encoding": {}, "manifest": []}],
            "comes as BATCH messages",
        ),
    ],
)
def test_an_error_in_the_input_ends_the_run_after_everything_before_it(
    run: RunTarget, sandbox: Sandbox, messages: list[Any], reason: str
) -> None:
    """What was read before the error is delivered, its state written, and the line not shown."""
    finished = run([*leads(1), state("one"), *messages, record("leads", 2), state("two")])
    assert finished.code == 1
    assert reason in finished.last_log
    assert "secret-in-line" not in finished.log
    assert ids(sandbox) == [1]
    assert finished.lines[-1] == {"bookmark": "one"}


def test_blank_lines_and_activate_version_are_ignored(run: RunTarget, sandbox: Sandbox) -> None:
    """Blank lines are nothing; ACTIVATE_VERSION is told once."""
    version = {"type": "ACTIVATE_VERSION", "stream": "leads", "version": 1}
    finished = run([schema("leads"), "", version, "   ", record("leads", 1), version, ""])
    assert finished.code == 0
    assert finished.log.count("ACTIVATE_VERSION") == 1
    assert ids(sandbox) == [1]


@pytest.mark.parametrize("options", [(), ("--plan",), ("--preview",), ("--send-test",)])
def test_an_input_that_brings_nothing_is_told(run: RunTarget, options: tuple[str, ...]) -> None:
    """It ends well, as an empty input is right; but so does a tap that selects no stream."""
    finished = run([state(1)], *options)
    assert finished.code == 0
    assert "| the input holds no SCHEMA and no RECORD: look at the tap" in finished.log
    finished = run([schema("leads"), state(1)], *options)
    assert finished.code == 0
    assert "WARNING" not in finished.log
    assert "| no record came: nothing is new, or look at" in finished.log
    finished = run([*leads(1)], *options)
    assert "no record came" not in finished.log


@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_plan_of_nothing_has_totals(run: RunTarget, blank: str) -> None:
    """A program that reads it finds the last line that every plan has."""
    finished = run([blank], "--plan")
    assert finished.code == 0
    assert finished.lines == [{"totals": {}}]


def test_a_deleted_record_is_never_created(run: RunTarget, sandbox: Sandbox) -> None:
    """`_sdc_deleted_at` makes a record of a creating stream `skipped`, with one warning."""
    deleted = record("leads", 2, _sdc_deleted_at="2024-01-01T00:00:00Z")
    finished = run([schema("leads"), record("leads", 1), deleted, deleted, state(2)])
    assert finished.code == 0
    assert ids(sandbox) == [1]
    assert finished.lines[-1] == {"bookmark": 2}
    assert "leads: 3 read, 1 accepted, 2 skipped" in finished.log
    assert finished.log.count("brings deleted records") == 1
    assert "leads: 2 skipped: a deleted record (_sdc_deleted_at) is never created" in finished.log
    assert "hard_delete" not in finished.log  # it is for customers, with a journal


def test_metadata_is_sent_only_when_it_is_asked_for(run: RunTarget, sandbox: Sandbox) -> None:
    """`_sdc_*` properties stay behind, unless add_record_metadata is set."""
    messages = [schema("leads"), record("leads", 1, _sdc_sequence=5, _sdc_own="x")]
    run(messages)
    run(messages, config={"add_record_metadata": True})
    assert [name for name in sandbox.requests[0].json if name.startswith("_sdc_")] == []
    assert "_sdc_received_at" in sandbox.requests[1].json


def test_a_key_property_may_look_like_metadata(run: RunTarget, sandbox: Sandbox) -> None:
    """File taps key their records by `_sdc_source_file` and the like: checked, and not sent."""
    stream = schema("leads", _sdc_source_file={"type": "string"})
    stream["key_properties"] = ["_sdc_source_file"]
    stream["schema"]["required"] = ["_sdc_source_file"]
    config = {
        "streams": {"leads": {"endpoint": "create_lead", "params": {"f": "{_sdc_source_file}"}}}
    }
    assert run([stream, record("leads", 1, _sdc_source_file="a b")], config=config).code == 0
    (request,) = sandbox.requests
    assert "_sdc_source_file" not in request.json
    assert request.params["f"] == "a b"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"id": "secret-value", "lastName": "x", "age": "secret-value"}, "property 'age'"),
        ({"lastName": "secret-value"}, "key property 'id' is missing"),
        ({"id": 1, "lastName": "secret-value", "nested": {"deep": 1}}, "property 'nested.deep'"),
    ],
)
def test_a_record_that_fails_its_schema_is_refused_without_its_values(
    run: RunTarget, sandbox: Sandbox, bad: dict[str, Any], reason: str
) -> None:
    """The reason names the property; no value is in the log; nothing is sent."""
    properties = {
        "age": {"type": "integer"},
        "nested": {"type": "object", "properties": {"deep": {"type": "string"}}},
    }
    finished = run(
        [
            schema("leads", **properties),
            {"type": "RECORD", "stream": "leads", "record": bad},
            state(1),
        ]
    )
    assert finished.code == 1
    assert reason in finished.last_log
    assert sandbox.requests == []
    assert finished.stdout == ""
    assert finished.log.count("secret-value") == (1 if bad.get("id") == "secret-value" else 0)


def test_stream_maps_route_by_their_aliases(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """One record into two sinks, of which one refuses; replay sends only the refused one."""
    rejected = tmp_path / "rejected.singer"
    config = {
        "stream_maps": {
            "people": {"__alias__": "leads"},
            "firms": {"__source__": "people", "customerName": "firm"},
            "noise": "__NULL__",
        },
        "streams": {"firms": "create_customer"},
        "max_rejected": 5,
        "rejected_path": str(rejected),
    }
    people = schema("people", firm={"type": ["string", "null"]}, lastName={"type": "string"})
    messages = [
        people,
        schema("noise"),
        record("noise", 1),
        record("people", 1, firm="Acme"),
        record("people", 2, firm=None),
    ]
    finished = run(messages, config=config)
    assert finished.code == 0
    assert len(sandbox.records["leads"]) == 2
    assert len(sandbox.records["customers"]) == 1
    aside = json.loads(rejected.read_text().splitlines()[-1])
    assert aside["stream"] == "people"
    assert aside["rejected"]["stream"] == "firms"

    sandbox.accept_all = True
    run((), "--input", str(rejected), config={**config, "rejected_path": str(tmp_path / "again")})
    assert len(sandbox.records["leads"]) == 2
    assert len(sandbox.records["customers"]) == 2


def test_an_unmapped_stream_is_no_error_while_it_has_no_records(run: RunTarget) -> None:
    """The SCHEMA of a stream without an endpoint does no harm."""
    assert run([schema("orders"), state(1)]).code == 0


def test_each_stream_logs_its_sink_once(run: RunTarget) -> None:
    """The log says where a stream goes and why."""
    config = {"streams": {"peo*": "create_lead"}, "generic": {"url": "v6/customapp?a=save"}}
    messages = [
        *(schema(stream) for stream in ("leads", "people", "things")),
        *(record(stream, n) for n in (1, 2) for stream in ("leads", "people", "things")),
    ]
    log = run(messages, config=config).log
    assert log.count("stream leads -> create_lead (default name)") == 1
    assert log.count("stream people -> create_lead (matches 'peo*' in streams)") == 1
    assert log.count("stream things -> generic (generic, nothing else matches)") == 1


def test_records_of_one_key_are_sent_in_input_order(run: RunTarget, sandbox: Sandbox) -> None:
    """2,000 updates of 50 keys at 32 in flight: none out of order."""
    config = {
        "streams": {"people": {"endpoint": "generic", "method": "PUT", "url": "v6/leads/{id}"}},
        "max_in_flight": 32,
    }
    updates = [record("people", n % 50 + 1, version=n) for n in range(2000)]
    assert run([schema("people"), *updates], config=config).code == 0
    latest: dict[int, int] = {}
    for request in sandbox.requests:
        body = request.json
        assert body["version"] > latest.get(body["id"], -1)
        latest[body["id"]] = body["version"]
    assert len(sandbox.requests) == 2000


def test_dry_run_checks_the_whole_input_and_sends_nothing(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Every record is shaped, refusals are set aside and counted, no STATE is written."""
    rejected = tmp_path / "rejected.singer"
    config = {"dry_run": True, "rejected_path": str(rejected), "api_key": None, "access_key": None}
    bad = {"type": "RECORD", "stream": "leads", "record": {"lastName": "no key"}}
    finished = run([*leads(5), bad, bad, *leads(3)], config=config)
    assert finished.code == 1
    assert "2 records would be refused" in finished.last_log
    assert finished.stdout == ""
    assert sandbox.requests == []
    assert len(rejected.read_text().splitlines()) == 3
    assert "leads: 10 read, 2 rejected, 8 skipped" in finished.log
    assert "leads: 8 skipped: not sent: dry_run" in finished.log


def test_a_replayed_file_may_not_be_the_file_that_is_written(
    run: RunTarget, write_input: Callable[..., Path]
) -> None:
    """Reading and appending to one file would never end, so it is refused before anything."""
    path = write_input(leads(1), "rejected.singer")
    finished = run((), "--input", str(path), config={"rejected_path": str(path)})
    assert finished.code == 1
    assert finished.last_log.startswith("rejected_path: is the input file")


def test_a_path_that_cannot_be_opened_fails_before_a_record_is_read(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A wrong rejected_path is told at once."""
    finished = run(leads(1), config={"rejected_path": "/nowhere/at/all"})
    assert finished.code == 1
    assert finished.last_log.startswith("rejected_path: cannot be opened for writing")
    assert sandbox.requests == []


def test_a_redirect_is_not_followed(run: RunTarget, sandbox: Sandbox) -> None:
    """Keys do not travel along a redirect: the record is rejected."""
    elsewhere: list[Received] = []
    with Sandbox(respond=elsewhere.append) as other:
        location = {"Location": f"{other.url}v6/leads"}
        sandbox.respond = lambda _: Reply(status=302, headers=location)
        finished = run(leads(1))
    assert finished.code == 1
    assert "redirected, not followed" in finished.last_log
    assert elsewhere == []


def test_names_that_apptivo_drops_are_told_once_with_the_remedy(run: RunTarget) -> None:
    """Flat e-mail and phone, a sales stage without its pair, a lead source without its text."""
    messages = [
        *(schema(stream) for stream in ("leads", "opportunities")),
        *(record("leads", n, emailAddress="x", phoneNumber="1", leadSource="Web") for n in (1, 2)),
        record("leads", 3, leadSource="1", leadSourceMeaning="Web"),
        record("opportunities", 1, opportunityName="x", salesStage="Won"),
    ]
    log = run(messages).log
    for name in ("emailAddress", "phoneNumber", "leadSource", "salesStage"):
        assert log.count(f"sends '{name}'") == 1
    assert "it takes salesStageName and salesStageId" in log


def test_names_that_are_right_are_not_warned_of(run: RunTarget) -> None:
    """A lead source beside its text is what Apptivo takes."""
    right = record("leads", 1, leadSource="1", leadSourceMeaning="Web", emailAddresses=[])
    assert "probably drops" not in run([schema("leads"), right]).log


def test_what_json_cannot_hold_is_refused_and_set_aside_as_it_came(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """NaN, absurd exponents and lone surrogates reach the rejected file, not Apptivo."""
    rejected = tmp_path / "rejected.singer"
    values = ["NaN", "-Infinity", "1e99999", '"\\ud800"']
    messages: list[Any] = [
        schema("leads"),
        *(
            f'{{"type":"RECORD","stream":"leads","record":{{"id":1,"x":{each}}}}}'
            for each in values
        ),
        '{"type":"RECORD","stream":"leads","record":{"id":NaN,"x":1}}',
    ]
    config = {
        "max_rejected": 9,
        "rejected_path": str(rejected),
        "responses": {"emit": "records"},
        "validate_records": False,
    }
    finished = run([*messages, state(1)], config=config)
    assert finished.code == 0
    assert sandbox.requests == []
    lines = rejected.read_text().splitlines()
    for line, value in zip(lines[1:], values, strict=False):
        assert f'"x":{value}' in line.replace("E+", "e")
    assert len(lines) == 6


def test_a_schema_that_refers_to_nothing_refuses_its_records(run: RunTarget) -> None:
    """A `$ref` that cannot be resolved is told as a refusal, not as a fault of the program."""
    finished = run([schema("leads", x={"$ref": "#/nowhere"}), record("leads", 1, x=1)])
    assert finished.code == 1
    assert "cannot be checked against its schema" in finished.last_log


def test_a_line_set_aside_for_a_stream_that_is_gone_ends_the_run(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A line that no stream takes any more is not lost with exit code 0."""
    messages = [schema("leads"), {**record("leads", 1), "rejected": {"stream": "old"}}, state(1)]
    finished = run(messages)
    assert (finished.code, finished.stdout) == (1, "")
    assert "'old'" in finished.last_log
    assert sandbox.request_count == 0
