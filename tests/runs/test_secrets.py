"""Keys planted everywhere come out nowhere but in requests to Apptivo."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import ACCESS_KEY, API_KEY, Command, RunTarget, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

LOG_CONFIGS = {
    "plain": None,
    "structured": """
version: 1
disable_existing_loggers: false
formatters:
  structured:
    (): singer_sdk.logging.StructuredFormatter
handlers:
  console:
    class: logging.StreamHandler
    formatter: structured
    stream: ext://sys.stderr
root:
  level: DEBUG
  handlers: [console]
""",
    "own handler of a child": """
version: 1
disable_existing_loggers: false
formatters:
  bare:
    format: "%(message)s"
handlers:
  console:
    class: logging.StreamHandler
    formatter: bare
    stream: ext://sys.stderr
loggers:
  urllib3:
    level: DEBUG
    handlers: [console]
root:
  level: DEBUG
  handlers: [console]
""",
}


def spellings(secret: str) -> set[str]:
    """Give what must not be found."""
    raw = secret.encode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }


def assert_silent(text: str) -> None:
    """Check that no key is in a text, however it is spelt."""
    for secret in (API_KEY, ACCESS_KEY):
        for spelling in spellings(secret):
            assert spelling.lower() not in text.lower()


def _echo(request: Received) -> Reply:
    """Answer with everything that was sent, keys and all, in one of the bad ways."""
    said = f"{request.query} {request.body.decode()} {API_KEY} {ACCESS_KEY}"
    number = int(json.loads(request.body)["id"]) if request.body else 0
    return [
        Reply.json({"lead": {"leadId": 5, "said": said}}),
        Reply.json({"status": "FAILURE", "reason": said}),
        Reply.json({"message": said}, status=400),
        Reply.html(said, status=500),
        Reply.html(said),
        Reply(status=302, headers={"Location": f"http://127.0.0.1:1/?{request.query}"}),
        Reply.dropped(),
        Reply.json({"status": "FAILURE", "reason": f"wrong API key {API_KEY}"}),
    ][number % 8]


@pytest.mark.parametrize("log_config", LOG_CONFIGS.values(), ids=LOG_CONFIGS)
def test_no_output_holds_a_key(
    command: Command, sandbox: Sandbox, tmp_path: Path, log_config: str | None
) -> None:
    """Echoing answers, hostile records, DEBUG level, own log handlers: zero occurrences."""
    env = {"TARGET_APPTIVO_LOGLEVEL": "DEBUG"}
    if log_config:
        (tmp_path / "log.yaml").write_text(log_config)
        env["SINGER_SDK_LOG_CONFIG"] = str(tmp_path / "log.yaml")
    sandbox.respond = _echo
    with Sandbox(respond=lambda _: Reply(), keep_requests=True) as elsewhere:
        config: dict[str, Any] = {
            "api_url": sandbox.url,
            "max_rejected": -1,
            "max_attempts": 2,
            "rejected_path": str(tmp_path / "rejected.singer"),
            "responses": {"emit": "records", "webhook_url": f"{elsewhere.origin}hook"},
        }
        messages: list[Any] = [schema("leads")]
        for number in range(16):
            hidden = base64.b64encode(f"Basic {API_KEY}".encode()).decode()
            messages += [
                record("leads", number, note=f"{API_KEY}|{ACCESS_KEY}|{hidden}"),
                {"type": "STATE", "value": {"number": number, "key": API_KEY}},
            ]
        for extra in ([], ['{"broken": "' + API_KEY], [{"type": API_KEY}]):
            lines = [*messages[: 15 if extra else None], *extra]
            text = "".join(
                f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines
            )
            process = command.start("--config", command.configure(**config), env=env)
            out, log = process.communicate(text.encode(), timeout=60)
            assert process.returncode == 1
            assert_silent(out.decode())
            assert_silent(log.decode())
            assert log
    assert_silent((tmp_path / "rejected.singer").read_text())
    assert elsewhere.requests
    for request in elsewhere.requests:
        assert_silent(str(request) + request.body.decode())
    assert any(API_KEY in str(request.params) for request in sandbox.requests)


@pytest.mark.parametrize("options", [(), ("--check",), ("--preview",)])
def test_a_key_that_looks_wrong_is_told_at_the_start(
    run: RunTarget, options: tuple[str, ...]
) -> None:
    """A placeholder that was left in, or a key cut off: what it spoils is understood then."""
    lines = () if options == ("--check",) else [schema("leads"), record("leads", 1)]
    log = run(lines, *options, config={"access_key": "..."}).log
    assert log.count("access_key: is so short that it looks wrong") == 1
    assert "api_key: is" not in log
    assert "looks wrong" not in run(lines, *options).log


@pytest.mark.parametrize("key", ["key", "test", "lead"])
def test_a_key_that_is_an_everyday_word_spoils_nothing(
    run: RunTarget, tmp_path: Path, key: str
) -> None:
    """State, rejected records and responses keep the tap's own names and values."""
    rejected, answers = tmp_path / "rejected.singer", tmp_path / "answers.singer"
    config = {
        "api_key": key,
        "access_key": "secret",
        "max_rejected": 1,
        "rejected_path": str(rejected),
        "responses": {"emit": "records", "path": str(answers)},
    }
    refused = record("leads", 1, lastName=None, ext_key="a", firstName=f"my {key} plan")
    told = {"type": "STATE", "value": {"replication_key": "secret", "test_lead": 1}}
    finished = run([schema("leads"), refused, told], config=config)
    assert finished.code == 0
    assert finished.lines == [told["value"]]
    stream, line = map(json.loads, rejected.read_text().splitlines())
    assert stream["key_properties"] == ["id"]
    assert line["record"] == refused["record"]
    (answer,) = [json.loads(text) for text in answers.read_text().splitlines()[1:]]
    assert answer["record"]["key"] == {"id": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": 1234567890123},
        {"api_url": f"https://{quote(API_KEY, safe='')}@api.apptivo.com/"},
        {"streams": {"leads": {"endpoint": API_KEY}}},
        {"generic": {"url": f"https://elsewhere.example/{API_KEY}"}},
        {"max_in_flight": API_KEY},
        {API_KEY: 1},
    ],
)
def test_a_wrong_setting_does_not_show_a_key(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    """Messages about settings show paths, not values."""
    monkeypatch.setenv("TARGET_APPTIVO_LOGLEVEL", "DEBUG")
    finished = run([schema("leads")], config=wrong)
    assert finished.code == 1
    assert_silent(finished.stdout + finished.log)
    assert "1234567890123" not in finished.log


def test_record_content_is_not_logged(run: RunTarget, sandbox: Sandbox) -> None:
    """At the default level no value of a record is in the log, whatever goes wrong."""
    sandbox.respond = lambda _: Reply.dropped()
    strict = schema("leads", lastName={"type": "integer"})
    private = "private-value"
    inputs: tuple[list[Any], ...] = (
        [schema("leads"), record("leads", 1, lastName=private)],
        [strict, record("leads", 1, lastName=private)],
        [schema("leads"), f'{{"type":"RECORD","stream":"leads","record":{{"a":"{private}"'],
        [schema("leads"), {"type": "RECORD", "record": {"a": private}}],
    )
    for lines in inputs:
        finished = run(lines, config={"max_attempts": 1})
        assert finished.code == 1
        assert finished.log
        assert private not in finished.log


def test_keys_are_sent_to_no_other_host_over_a_proxy(command: Command, sandbox: Sandbox) -> None:
    """A proxy in the environment is another host: plain http to loopback never goes there."""
    with Sandbox(respond=lambda _: Reply(), keep_requests=True) as proxy:
        env = {"http_proxy": proxy.origin, "HTTP_PROXY": proxy.origin, "no_proxy": ""}
        process = command.start("--config", command.configure(api_url=sandbox.url), env=env)
        lines = [schema("leads"), record("leads", 1), state(1)]
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        process.communicate(text.encode(), timeout=60)
        assert process.returncode == 0
    assert proxy.requests == []
    assert len(sandbox.requests) == 1


def test_keys_in_a_schema_do_not_reach_the_rejected_file(run: RunTarget, tmp_path: Path) -> None:
    """The SCHEMA line of the rejected file is masked like its records."""
    rejected = tmp_path / "rejected.singer"
    number = {"type": "integer", "description": f"as in {API_KEY}"}
    messages = [schema("leads", n=number), record("leads", 1, n="no number")]
    config = {"max_rejected": 1, "rejected_path": str(rejected)}
    assert run(messages, config=config).code == 0
    assert API_KEY not in rejected.read_text()
    assert '"description":"as in ***"' in rejected.read_text()


def test_a_key_at_the_cut_of_a_text_leaks_nothing(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """In log, rejected file, responses, webhook and STATE: not even all but its last characters."""
    longest = {True: 500, False: 2_000}

    def respond(request: Received) -> Reply:
        number = request.json["id"]
        is_reason, offset = number % 2 == 0, number // 2
        said = (
            f"{'x ' * ((longest[is_reason] - offset) // 2)}{API_KEY} and {ACCESS_KEY}{' y' * 2_000}"
        )
        if is_reason:
            return Reply.json({"status": "FAILURE", "reason": said})
        return Reply.html(said, status=400)

    sandbox.respond = respond
    rejected = tmp_path / "rejected.singer"
    with Sandbox(respond=lambda _: Reply(), keep_requests=True) as elsewhere:
        config = {
            "max_rejected": -1,
            "rejected_path": str(rejected),
            "responses": {"emit": "state", "webhook_url": f"{elsewhere.origin}hook"},
        }
        count = 2 * (len(API_KEY) + len(ACCESS_KEY) + 20)
        messages = [schema("leads"), *(record("leads", n) for n in range(count)), state(1)]
        finished = run(messages, config=config)
        posted = "".join(request.body.decode() for request in elsewhere.requests)
    assert finished.code == 0
    told = {"state": finished.stdout, "log": finished.log, "file": rejected.read_text()}
    for name, text in {**told, "webhook": posted}.items():
        assert "x x x x" in text, name
        for secret in (API_KEY, ACCESS_KEY):
            for begin in range(len(secret) - 5):
                part = secret[begin : begin + 6]
                assert part not in text, name
                assert json.dumps(part)[1:-1] not in text, name


def test_what_apptivo_repeats_of_a_record_is_not_logged(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Values in any case, e-mail addresses, long numbers; the user's own file has the reason."""
    said = "no JOHN SECRETMAN, ann@example.org or bob@example.com at +1 555 0123456, see 987654321"
    sandbox.respond = lambda _: Reply.json({"status": "FAILURE", "reason": said})
    rejected = tmp_path / "rejected.singer"
    row = record("leads", 1, lastName="John Secretman", email="ann@example.org")
    for most in (0, 1):
        config = {"max_rejected": most, "rejected_path": str(rejected)}
        finished = run([schema("leads"), row], config=config)
        assert finished.code == 1 - most
        assert "no <lastName>, <email> or <e-mail> at <number>, see <number>" in finished.log
        for private in ("secretman", "example", "0123456", "987654321"):
            assert private not in finished.log.lower()
    assert said in rejected.read_text()


def test_reasons_of_a_batch_cost_no_more_than_those_of_single_records(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Each record is looked for in its own reason alone, not in those of a thousand others."""
    count = 1_000
    config: dict[str, Any] = {"max_rejected": -1, "rejected_path": str(tmp_path / "rejected")}
    rows = [
        record("s", n, lastName=None, **{f"a{i}": f"value {i} of record {n}" for i in range(10)})
        for n in range(count)
    ]

    def reason(number: int) -> str:
        return f"record {number} is refused for many reasons, one of them being {number * 7919}"

    def respond(request: Received) -> Reply:
        body = request.json
        if "records" not in body:
            return Reply.json({"status": "FAILURE", "reason": reason(body["id"])})
        refused = [{"status": "FAILURE", "reason": reason(each["id"])} for each in body["records"]]
        return Reply.json({"results": refused})

    sandbox.respond = respond

    def cpu(batch: dict[str, Any] | None) -> float:
        generic = {"url": "v6/things", **({"batch": batch} if batch else {})}
        started = time.process_time()
        finished = run([schema("s"), *rows, state(1)], config={**config, "generic": generic})
        assert finished.code == 0
        assert f"{count} rejected" in finished.log
        return time.process_time() - started

    together = cpu({"size": count, "property_name": "records", "results_path": "results"})
    assert together < cpu(None)
