"""See, check and try before sending: --check, --preview, --send-test, --sandbox."""

from __future__ import annotations

import json
import signal
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import ACCESS_KEY, API_KEY, Command, RunTarget, record, schema, state

KEYS_IN_USE = {"apiKey": API_KEY, "accessKey": ACCESS_KEY}
MASKED = {"apiKey": "***", "accessKey": "***"}
MESSAGES: list[Any] = [
    schema("leads"),
    schema("delete_customers"),
    schema("bulk"),
    *(record("leads", n, note="ä&=?/") for n in range(1, 6)),
    {"type": "RECORD", "stream": "delete_customers", "record": {"id": 1, "customerId": 9001}},
    *(record("bulk", n) for n in range(1, 8)),
    state(1),
]
STREAMS = {
    "bulk": {
        "endpoint": "generic",
        "url": "v6/leads/batch",
        "batch": {"size": 5, "property_name": "records"},
    }
}


@pytest.mark.parametrize("style", ["rest", "action"])
def test_check_reads_and_changes_nothing(run: RunTarget, sandbox: Sandbox, style: str) -> None:
    """One JSON object, exit 0; a GET with the keys, or a form POST in action style."""
    finished = run((), "--check", config={"api_style": style})
    assert finished.code == 0
    assert finished.lines == [{"ok": True, "detail": "Apptivo takes the credentials"}]
    (request,) = sandbox.requests
    assert request.method == ("GET" if style == "rest" else "POST")
    assert request.path == "/app/dao/v6/leads"
    assert request.params == {"a": "getConfigData", **KEYS_IN_USE}
    assert (request.query == "") == (style == "action")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=401),
        Reply.html("<h1>Login</h1>"),
        Reply(),
        Reply.json({"status": "FAILURE", "reason": "Invalid API Key"}),
        Reply.json({"status": "FAILURE", "reason": "x"}),
        Reply.dropped(),
        Reply(status=302, headers={"Location": "http://localhost:1/"}),
    ],
)
def test_check_is_not_ok_without_a_usable_answer(
    run: RunTarget, sandbox: Sandbox, reply: Reply
) -> None:
    """Whatever else comes back is exit 1 with a detail."""
    sandbox.respond = lambda _: reply
    finished = run((), "--check")
    assert finished.code == 1
    (line,) = finished.lines
    assert line["ok"] is False
    assert line["detail"]
    assert "api_url" not in line["detail"] or reply == Reply.dropped()
    assert finished.last_log == f"--check: {line['detail']}"


def test_a_check_that_reaches_nobody_says_where_to_look(run: RunTarget) -> None:
    """Where no server listens, the address or the network is at fault."""
    finished = run((), "--check", config={"api_url": "http://127.0.0.1:9/app/dao/"})
    assert finished.code == 1
    assert "cannot connect (Connection refused): check api_url and the network" in finished.last_log


def test_check_tells_wrong_settings_as_json_too(run: RunTarget) -> None:
    """A program that reads stdout gets its object in any case."""
    finished = run((), "--check", config={"api_key": None, "dry_run": True})
    assert finished.code == 1
    assert finished.lines[0]["ok"] is False
    assert finished.lines[0]["detail"].startswith("api_key: is required")


def _as_sent(line: dict[str, Any], sandbox: Sandbox) -> tuple[Any, ...]:
    """Give what a preview says of a request, with the masks lifted."""
    parts = urlsplit(line["url"])
    content_type = line["headers"].get("Content-Type")
    body = line["body"]
    if content_type == "application/x-www-form-urlencoded":
        fields = dict(parse_qsl(body))
        assert fields | MASKED == fields
        body = {**fields, **KEYS_IN_USE}
    query = dict(parse_qsl(parts.query))
    if query:
        assert query | MASKED == query
        query |= KEYS_IN_USE
    assert line["url"].startswith(sandbox.url)
    return line["method"], parts.path, query, content_type, body


def _as_arrived(request: Received) -> tuple[Any, ...]:
    """Give the same of a request that arrived."""
    content_type = request.headers.get("content-type")
    body: Any = request.body.decode() if request.body else None
    if request.is_form:
        body = dict(parse_qsl(body))
    return request.method, request.path, dict(parse_qsl(request.query)), content_type, body


@pytest.mark.parametrize("style", ["rest", "action"])
def test_a_preview_shows_what_a_run_sends(run: RunTarget, sandbox: Sandbox, style: str) -> None:
    """Preview and sandbox agree on method, URL, content type and body, but for the masked keys."""
    config = {"streams": STREAMS, "api_style": style, "max_in_flight": 1}
    preview = run(MESSAGES, "--preview", "99", config=config)
    assert preview.code == 0
    assert sandbox.requests == []
    assert API_KEY not in preview.stdout
    assert run(MESSAGES, config=config).code == 1  # the sandbox knows no customer 9001
    shown = [_as_sent(line, sandbox) for line in preview.lines]
    sandbox.requests.clear()
    sandbox.respond = lambda _: Reply.json({"id": 1})
    assert run(MESSAGES, config=config).code == 0
    arrived = [_as_arrived(request) for request in sandbox.requests]
    assert sorted(shown, key=repr) == sorted(arrived, key=repr)


def test_a_preview_needs_no_keys_and_shows_the_first_records_of_each_stream(
    run: RunTarget,
) -> None:
    """Three of each stream unless told otherwise; a batch is shown whole."""
    config = {"streams": STREAMS, "api_key": None, "access_key": None}
    lines = run(MESSAGES, "--preview", config=config).lines
    assert [line["stream"] for line in lines] == ["leads"] * 3 + ["delete_customers", "bulk"]
    assert len(json.loads(lines[-1]["body"])["records"]) == 5
    lines = run(MESSAGES, "--preview", "1", config=config).lines
    assert [line["stream"] for line in lines] == ["leads", "delete_customers", "bulk"]
    first = lines[0]
    assert list(first) == ["stream", "endpoint", "method", "url", "headers", "body"]
    assert first["url"].endswith("v6/leads?a=save&apiKey=***&accessKey=***")


def test_a_preview_tells_refusals_in_the_log(run: RunTarget) -> None:
    """A record that no request can be made of is no line on stdout."""
    bad = {"type": "RECORD", "stream": "delete_customers", "record": {"id": 1, "customerId": "x/y"}}
    finished = run([schema("delete_customers"), bad], "--preview")
    assert finished.code == 0
    assert finished.stdout == ""
    assert "not a positive integer" in finished.log


def test_a_send_test_sends_one_record_of_each_stream_and_no_delete(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """The first of each is sent, a delete only shown, and no STATE is written."""
    finished = run(MESSAGES, "--send-test", config={"streams": STREAMS})
    by_stream = {line["stream"]: line for line in finished.lines}
    assert finished.code == 0
    assert by_stream.keys() == {"leads", "delete_customers", "bulk"}
    lead = by_stream["leads"]
    assert (lead["outcome"], lead["http_status"]) == ("accepted", 200)
    assert lead["apptivo_id"] == str(lead["response"]["lead"]["leadId"])
    assert by_stream["delete_customers"]["outcome"] == "skipped"
    assert "--send-test delete_customers" in by_stream["delete_customers"]["reason"]
    assert sorted(request.method for request in sandbox.requests) == ["POST", "POST"]
    assert API_KEY not in finished.stdout


def test_a_send_test_of_one_stream_sends_just_that(run: RunTarget, sandbox: Sandbox) -> None:
    """A delete that is named is really sent; a failure is exit 1."""
    finished = run(MESSAGES, "--send-test", "delete_customers", config={"streams": STREAMS})
    assert finished.code == 1
    (line,) = finished.lines
    assert line["outcome"] == "rejected"
    assert [request.method for request in sandbox.requests] == ["DELETE"]


def test_a_send_test_of_a_stream_that_never_comes_says_so(run: RunTarget) -> None:
    """A wrong name is an error, not silence."""
    finished = run(MESSAGES, "--send-test", "people", config={"streams": STREAMS})
    assert finished.code == 1
    assert "no record of stream 'people'" in finished.last_log


def test_a_send_test_of_an_unmapped_stream_says_what_is_to_be_done(run: RunTarget) -> None:
    """The input has it; that other streams were not read any more is nobody's matter."""
    streams = {"people": "create_lead", "persons": "create_lead"}
    messages = [schema("nowhere"), record("nowhere", 1)]
    finished = run(messages, "--send-test", "nowhere", config={"streams": streams})
    assert finished.code == 1
    assert "stream 'nowhere' is mapped to no endpoint" in finished.last_log
    assert "no stream of the input" not in finished.log


def test_two_trials_at_once_are_wrong_usage(run: RunTarget) -> None:
    """Exit 2."""
    finished = run(MESSAGES, "--check", "--preview")
    assert finished.code == 2
    assert "exclude each other" in finished.log


def test_the_embedded_sandbox_needs_no_keys_and_gets_none(run: RunTarget, sandbox: Sandbox) -> None:
    """`--sandbox` sends nowhere else, warns, and tells what it holds."""
    config = {"api_key": ..., "access_key": ..., "api_url": ...}
    finished = run([schema("leads"), record("leads", 1), state(1)], "--sandbox", config=config)
    assert finished.code == 0
    assert finished.lines == [{"bookmark": 1}]
    assert "STATE is of no real run" in finished.log
    assert "sandbox holds leads: 1 record, 0 deleted" in finished.log
    assert sandbox.requests == []


@pytest.mark.parametrize("trial", ["--check", "--preview", "--send-test"])
def test_the_embedded_sandbox_goes_with_every_trial(run: RunTarget, trial: str) -> None:
    """Rehearse a check, a preview or a test without an account."""
    config = {"api_key": ..., "access_key": ..., "api_url": ...}
    messages = [] if trial == "--check" else [schema("leads"), record("leads", 1)]
    finished = run(messages, "--sandbox", trial, config=config)
    assert finished.code == 0
    assert len(finished.lines) == 1


def test_absolute_urls_go_to_the_sandbox_too(run: RunTarget) -> None:
    """With `--sandbox` even a URL that names Apptivo's host is called at the sandbox."""
    url = "https://api.apptivo.com/app/dao/v6/leads?a=save"
    config = {"api_key": ..., "access_key": ..., "api_url": ..., "generic": {"url": url}}
    finished = run([schema("people"), record("people", 1)], "--sandbox", config=config)
    assert finished.code == 0
    assert "sandbox holds leads: 1 record" in finished.log


def test_a_check_is_stopped_by_a_signal(command: Command, sandbox: Sandbox) -> None:
    """A check that waits for its answer ends at once, with the signal's exit code."""
    sandbox.respond = lambda _: Reply(delay_ms=60_000)
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        before = sandbox.request_count
        process = command.start("--config", command.configure(api_url=sandbox.url), "--check")
        while sandbox.request_count == before:
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate(timeout=10)
        assert process.returncode == code
