"""Several records in one call, over real sockets."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import Command, RunTarget, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THINGS = {"url": "v6/things", "batch": {"property_name": "records"}}


def bulk(batch: dict[str, Any], **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Map the stream `bulk` to the sandbox's endpoint for batches."""
    endpoint = {"endpoint": "generic", "url": "v6/leads/batch", "batch": batch, **options}
    return {"streams": {"bulk": endpoint}}


def records(count: int, bad: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Make records, of which the sandbox refuses some."""
    return [
        schema("bulk"),
        *(
            record("bulk", n, **({"lastName": None} if n in bad else {}))
            for n in range(1, count + 1)
        ),
        state(count),
    ]


def sizes(sandbox: Sandbox, name: str = "records") -> list[int]:
    """Give the number of records of each call."""
    return [len(request.json[name]) for request in sandbox.requests]


def test_a_thousand_records_in_batches_of_a_hundred_are_ten_calls(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """All arrive, in input order within each call, and the state is written."""
    finished = run(records(1000), config=bulk({"size": 100, "property_name": "records"}))
    assert finished.code == 0
    assert sizes(sandbox) == [100] * 10
    assert finished.lines == [{"bookmark": 1000}]
    assert len(sandbox.records["leads"]) == 1000


@pytest.mark.parametrize("other", [{"source": "erp", "n": 1}, '{"source": "erp", "n": 1}'])
def test_other_properties_travel_beside_the_records(
    run: RunTarget, sandbox: Sandbox, other: object
) -> None:
    """`other_props` is an object, or the same as a JSON string."""
    run(records(3), config=bulk({"property_name": "records", "other_props": other}))
    (request,) = sandbox.requests
    assert set(request.json) == {"records", "source", "n"}
    assert (request.json["source"], request.json["n"]) == ("erp", 1)


def test_an_expression_makes_the_body(run: RunTarget, sandbox: Sandbox) -> None:
    """`code` is evaluated over the records without their exclusions."""
    code = "[{'lastName': r['lastName'], 'pos': i} for i, r in [[0, records[0]], [1, records[1]]]]"
    config = bulk({"grouping": "code", "code": code}, exclude_attributes=["id"])
    run(records(2), config=config)
    (request,) = sandbox.requests
    assert request.json == [
        {"lastName": "Lead 1", "pos": 0},
        {"lastName": "Lead 2", "pos": 1},
    ]


def test_an_expression_that_fails_refuses_its_records(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A mistake that only records show refuses them, with the setting named."""
    config = bulk({"grouping": "code", "code": "[r['nothing'] for r in records]"})
    config |= {"max_rejected": 2, "rejected_path": str(tmp_path / "rejected.singer")}
    finished = run(records(2), config=config)
    assert finished.code == 0
    assert "batch.code fails on these records" in finished.log
    assert sandbox.requests == []


def test_a_batch_travels_as_a_form_field(run: RunTarget, sandbox: Sandbox) -> None:
    """With a form, the body of the batch is the data parameter."""
    config = bulk(
        {"size": 2, "property_name": "records"},
        content_format="application/x-www-form-urlencoded",
        data_param="data",
    )
    assert run(records(3), config=config).code == 0
    batches = [json.loads(request.params["data"])["records"] for request in sandbox.requests]
    assert sorted(map(len, batches)) == [1, 2]
    assert sandbox.requests[0].query == ""


def test_equal_keys_and_other_urls_start_the_next_batch(run: RunTarget, sandbox: Sandbox) -> None:
    """A batch holds a key once, and one URL; order of a key is kept.

    Whether the second record of the key travels with the last one is a matter of time.
    """
    config = bulk({"property_name": "records"}, params={"office": "{office}"})
    offices = ["a", "a", "a", "b", "b", "a"]
    keys = [1, 2, 1, 3, 4, 5]
    messages = [
        schema("bulk"),
        *(record("bulk", key, office=office) for key, office in zip(keys, offices, strict=True)),
    ]
    assert run(messages, config=config).code == 0
    sent = [
        (r.params["office"], [each["id"] for each in r.json["records"]]) for r in sandbox.requests
    ]
    arrived = [(office, key) for office, ids in sent for key in ids]
    assert sorted(arrived) == sorted(zip(offices, keys, strict=True))
    assert all(len(ids) == len(set(ids)) for _, ids in sent)
    assert {("a", (1, 2)), ("b", (3, 4))} < {(office, tuple(ids)) for office, ids in sent}
    first, _second = (ids for _, ids in sent if 1 in ids)
    assert first == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_sends_no_batch_that_has_begun_to_fill(
    command: Command, sandbox: Sandbox, number: signal.Signals
) -> None:
    """Nothing new is sent: the next run sends its records, and no state covers them."""
    batches = bulk({"size": 10, "property_name": "records"})
    config = command.configure(api_url=sandbox.url, **batches)
    process = command.start("--config", config)
    assert process.stdin
    assert process.stderr
    lines = [*records(2), state(2), {"type": "ACTIVATE_VERSION", "stream": "bulk", "version": 1}]
    process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    process.stdin.flush()
    while b"ACTIVATE_VERSION" not in process.stderr.readline():
        pass
    process.send_signal(number)
    out, log = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert sandbox.requests == []
    assert out == b""
    assert "sent again by the next run" not in log.decode()


def test_a_refused_batch_refuses_each_of_its_records(run: RunTarget, tmp_path: Path) -> None:
    """Without `split_rejected` all records share the outcome of the call."""
    config = bulk({"size": 5, "property_name": "records"}, params={"atomic": "Y"})
    config |= {"max_rejected": 5, "rejected_path": str(tmp_path / "rejected.singer")}
    finished = run(records(10, bad=[7]), config=config)
    assert finished.code == 0
    assert "bulk: 10 read, 5 accepted, 5 rejected" in finished.log


def test_a_refused_batch_is_halved_until_the_refused_records_stand_alone(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """1,000 records, 3 of them bad: 997 accepted, 3 rejected, and few calls more than ten."""
    batch = {"size": 100, "property_name": "records", "split_rejected": True}
    config = bulk(batch, params={"atomic": "Y"})
    rejected = tmp_path / "rejected.singer"
    config |= {"max_rejected": 3, "rejected_path": str(rejected)}
    finished = run(records(1000, bad=[150, 151, 777]), config=config)
    assert finished.code == 0
    assert "997 accepted, 3 rejected" in finished.log
    assert len(sandbox.records["leads"]) == 997
    aside = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [line["record"]["id"] for line in aside if line["type"] == "RECORD"] == [150, 151, 777]
    # One bad record among 100 takes two calls for each of at most seven halvings.
    assert len(sandbox.requests) <= 10 + 3 * 14


def test_each_result_is_judged_on_its_own(run: RunTarget, tmp_path: Path) -> None:
    """With `results_path` one refused record leaves the others accepted, with their ids."""
    path = tmp_path / "answers.singer"
    config = bulk({"property_name": "records", "results_path": "results"}, id_path="lead.leadId")
    config |= {
        "max_rejected": 1,
        "rejected_path": str(tmp_path / "rejected.singer"),
        "responses": {"emit": "records", "path": str(path)},
    }
    assert run(records(4, bad=[2]), config=config).code == 0
    told = [json.loads(line)["record"] for line in path.read_text().splitlines()[1:]]
    assert [each["outcome"] for each in told] == ["accepted", "rejected", "accepted", "accepted"]
    assert [each["apptivo_id"] for each in told] == ["8001", None, "8002", "8003"]


def test_results_that_do_not_match_the_records_are_uncertain(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A list of another length says nothing of any record."""
    sandbox.respond = lambda _: Reply.json({"results": [{"lead": {"leadId": 1}}]})
    config = bulk({"property_name": "records", "results_path": "results"})
    finished = run(records(2), config=config)
    assert finished.code == 1
    assert "no list of 2 results at results_path" in finished.last_log


def test_a_batch_waits_no_longer_than_five_seconds(command: Command, sandbox: Sandbox) -> None:
    """While the tap is quiet a half-full batch is sent, and the state in its middle is written."""
    arrivals: list[float] = []

    def respond(_: Received) -> None:
        arrivals.append(time.monotonic())

    sandbox.respond = respond
    config = command.configure(api_url=sandbox.url, **bulk({"property_name": "records"}))
    process = command.start("--config", config)
    assert process.stdin
    assert process.stdout
    lines = [schema("bulk"), record("bulk", 1), state(1), record("bulk", 2)]
    started = time.monotonic()
    process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"bookmark": 1}
    assert arrivals[0] - started >= 4.9
    assert sizes(sandbox) == [2]
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_batch_may_be_larger_than_the_window(run: RunTarget, sandbox: Sandbox) -> None:
    """A size beyond what is usually under way still fills."""
    config = {**bulk({"size": 2000, "property_name": "records"}), "max_in_flight": 1}
    assert run(records(5000), config=config).code == 0
    assert sizes(sandbox) == [2000, 2000, 1000]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batches wait for further records until the end of days, in place of five seconds."""
    monkeypatch.setattr("target_apptivo.delivery.batches._LONGEST_WAIT", 10_000.0)


@pytest.mark.usefixtures("patient")
def test_large_batches_do_not_wait_for_records_that_have_no_room(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A batch that fills the window by its size is sent; nothing waits for its time."""
    sandbox.respond = lambda _: Reply(body=b"{}")
    text = "x" * 2_000_000
    messages = [schema("t"), *(record("t", n, text=text) for n in range(48)), state(48)]
    assert run(messages, config={"generic": THINGS}).code == 0


@pytest.mark.usefixtures("patient")
def test_many_open_batches_do_not_stall_the_run(
    run: RunTarget, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches of forty streams in turn fill the window; they are sent, not waited for."""
    monkeypatch.setattr("target_apptivo.delivery.window._MOST_RECORDS", 1_000)
    sandbox.respond = lambda _: Reply(body=b"{}")
    streams = [f"s{number}" for number in range(40)]
    messages: list[Any] = [schema(stream) for stream in streams]
    messages += [record(stream, number) for number in range(50) for stream in streams]
    assert run([*messages, state(1)], config={"generic": THINGS}).code == 0
    assert max(map(len, (request.json["records"] for request in sandbox.requests))) < 100
