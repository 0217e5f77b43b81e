"""What a hostile review found: hangs, late state, memory and leaks, each over real sockets."""

from __future__ import annotations

import json
import signal
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox import Received, Reply, Sandbox
from target_apptivo.schedule import Schedule
from tests.conftest import API_KEY, Command, RunTarget, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BATCH = {"endpoint": "generic", "url": "v6/things", "batch": {"property_name": "records"}}


def test_an_answer_that_cannot_be_judged_ends_the_run(command: Command, sandbox: Sandbox) -> None:
    """A fault of ours while an answer is judged ends the run with a line; it does not hang it."""
    deep = b"[" * 700 + b"]" * 700
    sandbox.respond = lambda _: Reply(body=b'{"results":[%b,{"id":1}]}' % deep)
    batch = {"size": 2, "property_name": "records", "results_path": "results"}
    config = command.configure(api_url=sandbox.url, streams={"t": {**BATCH, "batch": batch}})
    lines = [schema("t"), record("t", 1), record("t", 2), state(2)]
    process = command.start("--config", config)
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    out, log = process.communicate(text, timeout=20)
    assert (process.returncode, out) == (1, b"")
    assert b"this is a bug" in log.splitlines()[-1]


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


def test_the_state_of_a_failing_run_does_not_wait_for_slow_answers(
    command: Command, sandbox: Sandbox
) -> None:
    """The state before the failing record appears within a second, not after all answers."""

    def respond(request: Received) -> Reply | None:
        match request.json["id"]:
            case 20:
                return Reply(status=400, delay_ms=300)
            case 21:
                return Reply(delay_ms=6000, body=b'{"lead":{"leadId":1}}')
        return None

    sandbox.respond = respond
    process = command.start("--config", command.configure(api_url=sandbox.url))
    assert process.stdin
    assert process.stdout
    lines = [schema("leads")]
    for number in range(1, 26):
        lines += [record("leads", number), state(number)]
    process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    process.stdin.flush()
    assert process.stdout.readline()
    first = time.monotonic()
    assert json.loads(process.stdout.readline()) == {"bookmark": 19}
    assert time.monotonic() - first < 5
    assert process.wait(timeout=20) == 1
    process.communicate()


def test_an_empty_state_does_not_take_the_place_of_another(run: RunTarget) -> None:
    """An empty STATE is not written, and the one before it is."""
    messages = [schema("leads"), record("leads", 1), state(1), {"type": "STATE", "value": {}}]
    assert run(messages).lines == [{"bookmark": 1}]


def test_a_line_set_aside_for_a_stream_that_is_gone_ends_the_run(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A line that no stream takes any more is not lost with exit code 0."""
    messages = [schema("leads"), {**record("leads", 1), "rejected": {"stream": "old"}}, state(1)]
    finished = run(messages)
    assert (finished.code, finished.stdout) == (1, "")
    assert "'old'" in finished.last_log
    assert sandbox.request_count == 0


def test_keys_in_a_schema_do_not_reach_the_rejected_file(run: RunTarget, tmp_path: Path) -> None:
    """The SCHEMA line of the rejected file is masked like its records."""
    rejected = tmp_path / "rejected.singer"
    number = {"type": "integer", "description": f"as in {API_KEY}"}
    messages = [schema("leads", n=number), record("leads", 1, n="no number")]
    config = {"max_rejected": 1, "rejected_path": str(rejected)}
    assert run(messages, config=config).code == 0
    assert API_KEY not in rejected.read_text()
    assert '"description":"as in ***"' in rejected.read_text()


def test_the_record_at_which_an_output_fails_is_named(run: RunTarget) -> None:
    """The next run sends it again, so it is logged by key and id."""
    config = {"responses": {"emit": "records", "path": "/dev/full"}, "max_in_flight": 1}
    finished = run([schema("leads"), record("leads", 1), state(1)], config=config)
    assert (finished.code, finished.stdout) == (1, "")
    assert finished.log.count("accepted, and sent again by the next run") == 1


def test_large_batches_do_not_wait_for_records_that_have_no_room(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """A batch that fills the window by its size is sent; nothing waits for its five seconds."""
    sandbox.respond = lambda _: Reply(body=b"{}")
    text = "x" * 2_000_000
    messages = [schema("t"), *(record("t", n, text=text) for n in range(48)), state(48)]
    started = time.monotonic()
    assert run(messages, config={"streams": {"t": BATCH}}).code == 0
    assert time.monotonic() - started < 10


def test_many_open_batches_do_not_stall_the_run(run: RunTarget, sandbox: Sandbox) -> None:
    """The batches of forty streams in turn fill the window; they are sent, not waited for."""
    sandbox.respond = lambda _: Reply(body=b"{}")
    streams = [f"s{number}" for number in range(40)]
    messages: list[Any] = [schema(stream) for stream in streams]
    messages += [record(stream, number) for number in range(100) for stream in streams]
    generic = {name: value for name, value in BATCH.items() if name != "endpoint"}
    started = time.monotonic()
    assert run([*messages, state(1)], config={"generic": generic}).code == 0
    assert time.monotonic() - started < 15


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


def test_full_batches_are_not_kept_until_their_time() -> None:
    """A batch that was released early leaves the schedule, and its records the memory."""
    planned = Schedule()
    for number in range(100):
        task: Any = _Task(number)
        planned.hold_open(task, 5.0)
        planned.release(task)
        assert planned.pop() is task
    assert planned.due is None


class _Task:
    """What a schedule looks at."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.blocked_by = 0
        self.is_released = True


def test_changing_schemas_do_not_fill_the_memory(run: RunTarget, sandbox: Sandbox) -> None:
    """Sinks of earlier schemas are let go; memory does not grow with their number."""
    sandbox.respond = lambda _: Reply(body=b'{"lead":{"leadId":1}}')
    wide = {f"a{number}": {"type": ["null", "string"]} for number in range(30)}

    def peak(changes: int) -> int:
        messages: list[Any] = []
        for number in range(changes):
            messages.append(schema("leads", **wide, **{f"odd{number % 2}": {"type": "string"}}))
            messages.append(record("leads", number))
        tracemalloc.start()
        assert run(messages).code == 0
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(130) < peak(30) + 1_500_000
