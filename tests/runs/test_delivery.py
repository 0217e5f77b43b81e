"""The delivery engine over real sockets: faults, retries, order, pace and exactness."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from target_apptivo.sandbox.faults import KINDS
from tests.conftest import RunTarget, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

# Faults after which Apptivo may hold the record, or a stand-in for one that does.
LOSING = {"http_500", "html_200", "empty_200", "truncated_200", "drop_before", "drop_after"}


def leads(count: int) -> list[dict[str, Any]]:
    """Make leads with a STATE after every tenth."""
    messages: list[dict[str, Any]] = [schema("leads")]
    for number in range(1, count + 1):
        messages.append(record("leads", number))
        if number % 10 == 0:
            messages.append(state(number))
    return messages


def responses(path: Path) -> list[dict[str, Any]]:
    """Read the response records of a file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["record"] for line in lines if line["type"] == "RECORD"]


def check_account(told: list[dict[str, Any]], sandbox: Sandbox, count: int) -> Counter[str]:
    """Check that every record has one outcome that agrees with what the sandbox holds."""
    assert [each["key"]["id"] for each in told] == list(range(1, count + 1))
    held = Counter(each["lastName"] for each in sandbox.records["leads"])
    outcomes: Counter[str] = Counter()
    for each in told:
        copies = held[f"Lead {each['key']['id']}"]
        outcomes[each["outcome"]] += 1
        match each["outcome"]:
            case "accepted":
                assert copies >= 1
            case "rejected":
                assert copies == 0
            case outcome:
                assert outcome == "uncertain"
        if copies > 1:
            assert each["possible_duplicate"]
    return outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_under_each_fault_every_record_has_one_true_outcome(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    """At 5 % of a fault, the account of every record agrees with what the sandbox holds."""
    # Each 429 of the sandbox makes everyone wait for a second, as it asks for.
    count = 150 if kind == "http_429" else 600
    sandbox.faults = {kind: 0.02 if kind == "http_429" else 0.05}
    sandbox.slow_ms = 100
    answers = tmp_path / "answers.singer"
    config = {
        "max_in_flight": 32,
        "max_rejected": -1,
        "rejected_path": str(tmp_path / "rejected.singer"),
        "responses": {"emit": "records", "path": str(answers)},
    }
    finished = run(leads(count), config=config)
    assert finished.code == 0, finished.last_log
    outcomes = check_account(responses(answers), sandbox, count)
    assert finished.lines[-1] == {"bookmark": count}
    if kind in {"failure_200", "http_400"}:
        assert outcomes["rejected"] > 0
    else:
        assert outcomes["rejected"] == 0
    if kind not in LOSING:
        assert len(sandbox.records["leads"]) == outcomes["accepted"]


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_under_all_faults_together_every_record_has_one_true_outcome(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, policy: str
) -> None:
    """With all faults at once the account holds; with `hold` nothing arrives twice."""
    sandbox.faults = {kind: 0.03 for kind in KINDS if kind != "http_429"}
    sandbox.slow_ms = 100
    answers = tmp_path / "answers.singer"
    config = {
        "max_in_flight": 32,
        # With fewer a run may end by an outage: a record that meets a fault each time, at last 503.
        "max_attempts": 8,
        "max_rejected": -1,
        "on_uncertain": policy,
        "rejected_path": str(tmp_path / "rejected.singer"),
        "responses": {"emit": "records", "path": str(answers)},
    }
    finished = run(leads(600), config=config)
    assert finished.code == 0, finished.last_log
    told = responses(answers)
    check_account(told, sandbox, 600)
    held = Counter(each["lastName"] for each in sandbox.records["leads"])
    doubled = sum(copies - 1 for copies in held.values())
    marked = sum(each["possible_duplicate"] for each in told)
    if policy == "hold":
        assert doubled == marked == 0
    else:
        assert 0 < doubled <= marked
        assert f"{marked} records may be in Apptivo twice" in finished.log


def test_ten_refused_of_a_thousand(run: RunTarget, sandbox: Sandbox, tmp_path: Path) -> None:
    """990 are stored and 10 set aside in input order; mended, the file stores exactly those 10."""
    rejected = tmp_path / "rejected.singer"
    messages = [schema("leads")]
    bad = set(range(50, 1001, 100))
    for number in range(1, 1001):
        attributes = {"lastName": None, "firstName": f"R{number}"} if number in bad else {}
        messages.append(record("leads", number, **attributes))
    config = {"max_in_flight": 32, "max_rejected": 10, "rejected_path": str(rejected)}
    assert run(messages, config=config).code == 0
    assert len(sandbox.records["leads"]) == 990
    aside = [json.loads(line) for line in rejected.read_text().splitlines()]
    numbers = [line["record"]["id"] for line in aside if line["type"] == "RECORD"]
    assert numbers == sorted(bad)
    sandbox.accept_all = True
    assert run((), "--input", str(rejected)).code == 0
    assert len(sandbox.records["leads"]) == 1000
    names = {each.get("firstName") for each in sandbox.records["leads"][990:]}
    assert names == {f"R{number}" for number in bad}


def test_an_outage_ends_the_run_and_nothing_is_called_rejected(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Apptivo down for all attempts: the run ends, nothing is set aside; the next completes."""
    rejected = tmp_path / "rejected.singer"
    config = {"max_rejected": -1, "rejected_path": str(rejected), "max_attempts": 2}
    sandbox.respond = lambda _: Reply(status=503) if sandbox.request_count > 20 else None
    finished = run(leads(100), config=config)
    assert finished.code == 1
    assert "Apptivo is unavailable (HTTP 503" in finished.last_log
    assert rejected.read_text() == ""
    covered = finished.lines[-1]["bookmark"]
    assert 10 <= covered <= 20
    sandbox.respond = None
    rest = [schema("leads"), *(record("leads", n) for n in range(covered + 1, 101)), state(100)]
    assert run(rest, config=config).code == 0
    assert {each["lastName"] for each in sandbox.records["leads"]} == {
        f"Lead {number}" for number in range(1, 101)
    }


def test_nothing_listening_is_an_outage(run: RunTarget, sandbox: Sandbox) -> None:
    """A refused connection was surely not processed: attempts are made, then the run ends."""
    sandbox.stop()
    finished = run(leads(5), config={"max_attempts": 2})
    sandbox.start()
    assert finished.code == 1
    assert "Apptivo is unavailable (cannot connect" in finished.last_log
    assert "2 attempts" in finished.last_log
    assert finished.stdout == ""


def _answer_once(*replies: Reply) -> Any:  # noqa: ANN401 - a function
    """Give these replies first, then the sandbox's own."""
    left = list(replies)
    return lambda _: left.pop(0) if left else None


LOST = {
    "500": Reply(status=500),
    "502": Reply.html("<h1>Bad gateway</h1>", status=502),
    "408": Reply(status=408),
    "html": Reply.html("<h1>Login</h1>"),
    "empty": Reply(),
    "204": Reply(status=204),
    "truncated": Reply(body=b'{"lead":{"leadId":80'),
    "dropped": Reply.dropped(),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_create_is_resent_or_held(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, lost: Reply
) -> None:
    """`resend` sends again and says so; `hold` makes the record uncertain after one attempt."""
    answers = tmp_path / "answers.singer"
    config: dict[str, Any] = {"responses": {"emit": "records", "path": str(answers)}}
    sandbox.respond = _answer_once(lost)
    assert run(leads(1), config=config).code == 0
    (told,) = responses(answers)
    assert (told["outcome"], told["attempts"]) == ("accepted", 2)
    assert told["possible_duplicate"] is True

    sandbox.respond = _answer_once(lost)
    finished = run(leads(1), config={"on_uncertain": "hold"})
    assert finished.code == 1
    assert "record uncertain" in finished.last_log


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_delete_is_resent_without_a_doubt(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, lost: Reply
) -> None:
    """A delete can be sent twice; an empty answer to it is no loss."""
    answers = tmp_path / "answers.singer"
    config = {
        "on_uncertain": "hold",
        "responses": {"emit": "records", "path": str(answers)},
    }
    sandbox.respond = _answer_once(lost, Reply.json({"status": "SUCCESS"}))
    delete = [
        schema("delete_customers"),
        {"type": "RECORD", "stream": "delete_customers", "record": {"id": 1, "customerId": 7}},
    ]
    assert run(delete, config=config).code == 0
    (told,) = responses(answers)
    attempts = 1 if lost.status in {200, 204} and not lost.body and not lost.is_dropped else 2
    assert (told["outcome"], told["attempts"]) == ("accepted", attempts)
    assert told["possible_duplicate"] is False


def test_attempts_used_up_after_lost_answers_are_uncertain(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A create whose answers are all lost is uncertain, not an outage."""
    sandbox.respond = lambda _: Reply(status=500)
    finished = run(leads(1), config={"max_attempts": 2})
    assert finished.code == 1
    assert "record uncertain" in finished.last_log
    assert "HTTP 500" in finished.last_log
    assert sandbox.request_count == 2


def test_a_read_timeout_is_a_lost_answer(run: RunTarget, sandbox: Sandbox) -> None:
    """An answer that does not come in time may have been processed."""
    sandbox.respond = _answer_once(Reply(delay_ms=5000))
    finished = run(leads(1), config={"read_timeout": 0.2, "on_uncertain": "hold"})
    assert finished.code == 1
    assert "no answer within the read timeout" in finished.last_log


def test_retry_after_holds_everyone_back(run: RunTarget, sandbox: Sandbox) -> None:
    """After a 429 with Retry-After nobody sends before its time is over."""
    arrivals: list[tuple[float, bool]] = []

    def respond(_: Received) -> Reply | None:
        is_throttled = len(arrivals) == 30
        arrivals.append((time.monotonic(), is_throttled))
        return Reply(status=429, headers={"Retry-After": "1"}) if is_throttled else None

    sandbox.respond = respond
    sandbox.latency_ms = 20
    assert run(leads(60)).code == 0
    (throttled,) = [at for at, is_throttled in arrivals if is_throttled]
    # What was under way when the answer came is not held back.
    during = [at for at, _ in arrivals if throttled + 0.2 < at < throttled + 0.95]
    assert during == []
    assert len(arrivals) == 61


def test_requests_per_second_is_a_ceiling(run: RunTarget, sandbox: Sandbox) -> None:
    """All requests take at least the time that the setting gives them."""
    arrivals: list[float] = []
    sandbox.respond = lambda _: arrivals.append(time.monotonic())
    assert run(leads(30), config={"requests_per_second": 40}).code == 0
    assert arrivals[-1] - arrivals[0] >= 28 / 40


def test_a_slow_head_does_not_stall_the_others(run: RunTarget, sandbox: Sandbox) -> None:
    """While the first record waits for its answer, the others are sent; state waits for it."""
    arrivals: dict[int, float] = {}

    def respond(request: Received) -> Reply:
        number = request.json["id"]
        arrivals[number] = time.monotonic()
        return Reply(body=b'{"lead":{"leadId":1}}', delay_ms=4000 if number == 1 else 0)

    sandbox.respond = respond
    finished = run(leads(100), config={"max_in_flight": 4})
    assert finished.code == 0
    assert sum(at < arrivals[1] + 4 for at in arrivals.values()) == 100
    assert finished.lines[-1] == {"bookmark": 100}


def test_the_pace_starts_low_and_climbs_to_the_ceiling(run: RunTarget, sandbox: Sandbox) -> None:
    """The first requests are few at once; healthy answers open the window to max_in_flight."""
    seen: list[int] = []
    sandbox.respond = lambda _: seen.append(sandbox.in_flight)
    sandbox.latency_ms = 60  # the sandbox needs time of this interpreter's too
    assert run(leads(400), config={"max_in_flight": 16}).code == 0
    assert max(seen[:2]) <= 2
    assert max(seen) == 16


def test_push_back_is_told_and_cuts_the_pace(run: RunTarget, sandbox: Sandbox) -> None:
    """A 503 cuts the limit in force, and the log says so."""
    sandbox.latency_ms = 60
    sandbox.respond = lambda _: Reply(status=503) if sandbox.request_count == 150 else None
    finished = run(leads(250), config={"max_in_flight": 16})
    assert finished.code == 0
    assert "Apptivo pushes back (HTTP 503): at most 8 requests at once" in finished.log


def test_connections_are_reused(run: RunTarget, sandbox: Sandbox) -> None:
    """As many connections as requests at once, not one for each request."""
    sandbox.latency_ms = 5
    assert run(leads(300), config={"max_in_flight": 4}).code == 0
    assert 1 <= len(sandbox.connections) <= 4


def test_large_records_pass(run: RunTarget, sandbox: Sandbox) -> None:
    """Records of 2 MB are delivered."""
    text = "x" * 2_000_000
    messages = [schema("leads"), *(record("leads", n, text=text) for n in range(20)), state(1)]
    finished = run(messages)
    assert finished.code == 0
    assert len(sandbox.records["leads"]) == 20


def test_a_schema_change_in_the_middle_keeps_the_order(run: RunTarget, sandbox: Sandbox) -> None:
    """Records before and after a schema change are sent in input order, under one key."""
    config = {"streams": {"p": {"endpoint": "generic", "method": "PUT", "url": "v6/leads/{id}"}}}
    messages: list[Any] = []
    for version in range(20):
        messages.append(schema("p", **{f"extra{version}": {"type": "integer"}}))
        messages.append(record("p", 1, version=version))
    assert run([*messages, state(1)], config=config).code == 0
    assert [request.json["version"] for request in sandbox.requests] == list(range(20))


def test_an_empty_state_is_not_written(run: RunTarget) -> None:
    """An empty state would erase the bookmarks that are stored."""
    messages = [schema("leads"), record("leads", 1), {"type": "STATE", "value": {}}]
    assert run(messages).stdout == ""


def test_a_state_is_not_repeated(run: RunTarget) -> None:
    """Equal states make one line."""
    messages = [schema("leads"), state(1), record("leads", 1), state(1), record("leads", 2)]
    assert run([*messages, state(1)]).lines == [{"bookmark": 1}]


def test_a_machine_without_more_threads_slows_the_run_down(
    run: RunTarget, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no further thread can be started, the workers that there are deliver everything."""
    start = threading.Thread.start

    def start_three(thread: threading.Thread) -> None:
        if thread.name.startswith("worker") and int(thread.name.rpartition("-")[2]) > 3:
            raise RuntimeError
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_three)
    sandbox.latency_ms = 10
    messages = [schema("leads"), *(record("leads", n) for n in range(50)), state(50)]
    finished = run(messages, config={"max_in_flight": 16})
    assert (finished.code, finished.lines) == (0, [{"bookmark": 50}])
    assert len(sandbox.records["leads"]) == 50
