"""Apptivo's answers fed back: as records, in the state, to a webhook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import ACCESS_KEY, API_KEY, RunTarget, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {
    "response_id",
    "stream",
    "endpoint",
    "outcome",
    "key",
    "apptivo_id",
    "http_status",
    "reason",
    "action",
    "matched_by",
    "resolution",
    "changed",
    "conflicts",
    "attempts",
    "possible_duplicate",
    "sent_at",
    "received_at",
    "duration_ms",
    "response",
    "response_text",
}


def leads(count: int, refused: int = -1) -> list[dict[str, Any]]:
    """Make leads with a STATE after every tenth."""
    messages: list[dict[str, Any]] = [schema("leads")]
    for number in range(1, count + 1):
        attributes: dict[str, Any] = {"lastName": None} if number == refused else {}
        messages.append(record("leads", number, **attributes))
        if number % 10 == 0:
            messages.append(state(number))
    return messages


def set_aside(tmp_path: Path) -> dict[str, Any]:
    """Let any number of records be rejected."""
    return {"max_rejected": -1, "rejected_path": str(tmp_path / "rejected.singer")}


def test_a_response_record_tells_all_about_one_record(run: RunTarget, tmp_path: Path) -> None:
    """The fields are those of the contract, for an accepted and for a refused record."""
    path = tmp_path / "answers.singer"
    config = {**set_aside(tmp_path), "responses": {"emit": "records", "path": str(path)}}
    run(leads(2, refused=2), config=config)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["SCHEMA", "RECORD", "RECORD"]
    assert lines[0]["stream"] == "leads_responses"
    assert lines[0]["key_properties"] == ["response_id"]
    assert set(lines[0]["schema"]["properties"]) == FIELDS
    accepted, refused = lines[1]["record"], lines[2]["record"]
    assert set(accepted) == FIELDS
    assert accepted["response"]["lead"]["leadId"] == 8001
    assert accepted | dict.fromkeys(
        ("response_id", "sent_at", "received_at", "duration_ms", "response")
    ) == {
        "response_id": None,
        "stream": "leads",
        "endpoint": "create_lead",
        "outcome": "accepted",
        "key": {"id": 1},
        "apptivo_id": "8001",
        "http_status": 200,
        "reason": None,
        "action": "create",
        "matched_by": None,
        "resolution": None,
        "changed": [],
        "conflicts": [],
        "attempts": 1,
        "possible_duplicate": False,
        "sent_at": None,
        "received_at": None,
        "duration_ms": None,
        "response": None,
        "response_text": None,
    }
    assert (refused["outcome"], refused["reason"]) == ("rejected", "Please enter last name")
    assert refused["response_id"] != accepted["response_id"]


@pytest.mark.parametrize("emit", ["none", "state", "records"])
def test_in_every_mode_each_record_is_told_once_in_input_order(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, emit: str
) -> None:
    """With 32 in flight and faults: one response record a record, none after its STATE."""
    sandbox.faults = {"failure_200": 0.05, "http_503": 0.02, "drop_before": 0.02}
    config = {**set_aside(tmp_path), "max_in_flight": 32}
    config["responses"] = {"emit": emit, "state_limit": 10_000}
    finished = run(leads(300), config=config)
    assert finished.code == 0
    told: list[int] = []
    for line in finished.lines:
        if line.get("type") == "RECORD":
            told.append(line["record"]["key"]["id"])
        elif line.get("type") == "STATE":
            assert len(told) >= line["value"]["bookmark"]
        elif emit == "state":
            told += [each["key"]["id"] for each in line["target_apptivo"]["responses"]]
            assert len(told) >= line["bookmark"]
            assert sum(line["target_apptivo"]["totals"]["leads"].values()) == len(told)
    assert told == ([] if emit == "none" else list(range(1, 301)))


def test_the_state_keeps_what_is_the_taps_and_replaces_what_is_ours(run: RunTarget) -> None:
    """A `target_apptivo` key that comes back from the tap is replaced; bodies are left out."""
    theirs = {"bookmarks": {"leads": 1}, "target_apptivo": {"totals": "old", "responses": ["old"]}}
    messages = [schema("leads"), record("leads", 1), {"type": "STATE", "value": theirs}]
    (line,) = run(messages, config={"responses": {"emit": "state"}}).lines
    assert line["bookmarks"] == {"leads": 1}
    assert line["target_apptivo"]["totals"] == {"leads": {"accepted": 1}}
    (response,) = line["target_apptivo"]["responses"]
    assert set(response) == FIELDS - {"response", "response_text"}


def test_the_state_holds_the_newest_responses_only(run: RunTarget) -> None:
    """`state_limit` bounds what one STATE carries."""
    config = {"responses": {"emit": "state", "state_limit": 3}}
    finished = run(
        [schema("leads"), *(record("leads", n) for n in range(10)), state(9)], config=config
    )
    (line,) = finished.lines
    assert [each["key"]["id"] for each in line["target_apptivo"]["responses"]] == [7, 8, 9]
    assert line["target_apptivo"]["totals"] == {"leads": {"accepted": 10}}


def test_responses_after_the_last_state_are_told_in_a_last_line(run: RunTarget) -> None:
    """Records behind the last STATE are told with the tap's last value once more."""
    messages = [schema("leads"), record("leads", 1), state(1), record("leads", 2)]
    lines = run(messages, config={"responses": {"emit": "state"}}).lines
    assert {line["bookmark"] for line in lines} == {1}
    told = [each["key"]["id"] for line in lines for each in line["target_apptivo"]["responses"]]
    assert told == [1, 2]


def test_without_a_state_of_the_tap_none_is_written(run: RunTarget) -> None:
    """A state of ours alone would replace stored bookmarks."""
    messages = [schema("leads"), record("leads", 1)]
    assert run(messages, config={"responses": {"emit": "state"}}).stdout == ""


def test_under_meltano_response_records_need_a_path(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    """Meltano stores stdout as state, so the run refuses to start, and says why."""
    monkeypatch.setenv("MELTANO_LOADER_NAME", "target-apptivo")
    finished = run(leads(1), config={"responses": {"emit": "records"}})
    assert finished.code == 1
    assert finished.last_log.startswith("responses.path: is required under Meltano")
    assert sandbox.requests == []


def _receiver(taken: list[Any], *, fails: int = 0) -> Any:  # noqa: ANN401 - a function
    """Take what is POSTed, after some failures."""
    left = [fails]

    def respond(request: Received) -> Reply:
        assert request.method == "POST"
        if left[0]:
            left[0] -= 1
            return Reply(status=500)
        taken.append(request)
        return Reply(status=204)

    return respond


def test_the_webhook_gets_every_response_in_order(run: RunTarget, tmp_path: Path) -> None:
    """Arrays of up to 100, in input order, retried while the receiver fails; no keys."""
    taken: list[Received] = []
    with Sandbox(respond=_receiver(taken, fails=2)) as receiver:
        url = f"{receiver.origin}hook?token=mine"
        config = {**set_aside(tmp_path), "responses": {"webhook_url": url}}
        finished = run(leads(250, refused=7), config=config)
    assert finished.code == 0
    assert finished.lines[-1] == {"bookmark": 250}
    batches = [request.json for request in taken]
    assert all(1 <= len(batch) <= 100 for batch in batches)
    assert [each["key"]["id"] for batch in batches for each in batch] == list(range(1, 251))
    assert {request.path for request in taken} == {"/hook"}
    for request in taken:
        assert "apiKey" not in request.query + request.body.decode()
        assert API_KEY not in str(request)
        assert ACCESS_KEY not in str(request)


def test_a_webhook_that_stays_down_ends_the_run_before_its_state(run: RunTarget) -> None:
    """No state is written for responses that were not told; the log does not show the URL."""
    with Sandbox(respond=lambda _: Reply(status=500)) as receiver:
        url = f"{receiver.origin}hook?token=mine"
        config = {"responses": {"webhook_url": url}, "max_attempts": 2}
        finished = run(leads(20), config=config)
    assert finished.code == 1
    assert finished.stdout == ""
    assert (
        "responses.webhook_url does not take the response records (HTTP 500)" in finished.last_log
    )
    assert "token=mine" not in finished.log


def test_answers_that_echo_the_keys_are_masked(run: RunTarget, sandbox: Sandbox) -> None:
    """Whatever Apptivo says, the keys do not come out of the target."""
    echo = {"lead": {"leadId": 5, "note": f"key {API_KEY} and {ACCESS_KEY}"}}
    sandbox.respond = lambda _: Reply.json(echo)
    finished = run(leads(1), config={"responses": {"emit": "records"}})
    (line,) = [line for line in finished.lines if line["type"] == "RECORD"]
    assert line["record"]["response"]["lead"]["note"] == "key *** and ***"


def test_a_stream_without_keys_is_warned_of_when_answers_are_asked_for(run: RunTarget) -> None:
    """A response record without a key cannot be joined to anything: said once, with the remedy."""
    keyless = {**schema("leads"), "key_properties": []}
    messages = [keyless, record("leads", 1), record("leads", 2)]
    assert "has no key properties" not in run(messages).log
    log = run(messages, config={"responses": {"emit": "state"}}).log
    assert log.count("stream leads has no key properties") == 1


def test_two_outputs_are_two_files(run: RunTarget, sandbox: Sandbox, tmp_path: Path) -> None:
    """Rejected records and responses in one file could not be sent again."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.touch()
    other.symlink_to(one)
    config = {
        "max_rejected": 1,
        "rejected_path": str(one),
        "responses": {"emit": "records", "path": str(other)},
    }
    finished = run([schema("leads"), record("leads", 1)], config=config)
    assert finished.code == 1
    assert finished.last_log == (
        "responses.path: is the file of another output; name one of its own"
    )
    assert sandbox.request_count == 0


def test_a_key_that_json_cannot_hold_is_told_as_text(run: RunTarget, tmp_path: Path) -> None:
    """Its record is refused; the others, and the state, are told as ever."""
    config = {"max_rejected": 1, "rejected_path": str(tmp_path / "rejected.singer")}
    messages = [schema("leads"), record("leads", float("nan")), record("leads", 2), state(2)]
    finished = run(messages, config={**config, "responses": {"emit": "state"}})
    assert finished.code == 0
    told = finished.lines[-1]["target_apptivo"]["responses"]
    assert [(each["key"], each["outcome"]) for each in told] == [
        ({"id": "nan"}, "rejected"),
        ({"id": 2}, "accepted"),
    ]
