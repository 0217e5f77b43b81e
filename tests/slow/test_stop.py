"""Runs that are stopped or killed: nothing is lost, and state is never ahead of delivery."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests import forked
from tests.conftest import KEYS, Command, RunTarget, record, schema, state

if TYPE_CHECKING:
    import subprocess
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

RUNS = 30
RECORDS = 200


class Trial:
    """One input that is sent, broken off, and sent again from the last state written."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        """Prepare the input."""
        self.folder = folder
        self.sandbox = sandbox
        folder.mkdir()
        config = {
            **KEYS,
            "api_url": sandbox.url,
            "max_in_flight": 16,
            "generic": {"url": "v6/things?a=save"},
        }
        (folder / "config.json").write_text(json.dumps(config))

    def start(self, after: int = 0) -> ForkServerProcess:
        """Start the command with the records after a bookmark."""
        messages: list[Any] = [schema("things")]
        for number in range(after + 1, RECORDS + 1):
            messages += [record("things", number), state(number)]
        (self.folder / "stdin").write_text("".join(f"{json.dumps(m)}\n" for m in messages))
        (self.folder / "stdout").write_text("")
        return forked.start(self.folder, "--config", str(self.folder / "config.json"))

    @property
    def arrived(self) -> list[int]:
        """The senders' ids that the sandbox holds."""
        prefix = len("Lead ")
        return [int(each["lastName"][prefix:]) for each in self.sandbox.records.get("things", [])]

    @property
    def bookmark(self) -> int:
        """The last state written."""
        lines = (self.folder / "stdout").read_text().splitlines()
        return int(json.loads(lines[-1])["bookmark"]) if lines else 0

    def break_off(self, number: int, seconds: float) -> int | None:
        """Start, send a signal after the first request and some time; give the exit code."""
        # Their number is a look; the records would be copied each time.
        before, process = self.sandbox.request_count, self.start()
        deadline = time.monotonic() + 30
        while (
            self.sandbox.request_count == before
            and process.is_alive()
            and time.monotonic() < deadline
        ):
            time.sleep(0.001)
        time.sleep(seconds)
        if process.is_alive() and process.pid:
            os.kill(process.pid, number)
        process.join(30)
        return process.exitcode

    def resume(self) -> int | None:
        """Run again from the last state written."""
        process = self.start(self.bookmark)
        process.join(60)
        return process.exitcode


def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    """After SIGKILL at any point, a run from the last state written makes the records complete.

    What arrives twice is only what no written state covered.
    """
    dice = random.Random(1)  # noqa: S311
    killed = most = 0
    for number in range(RUNS):
        with Sandbox(latency_ms=4) as sandbox:
            trial = Trial(tmp_path / str(number), sandbox)
            code = trial.break_off(signal.SIGKILL, dice.uniform(0, 0.1))
            killed += code == -signal.SIGKILL
            covered, arrived = trial.bookmark, trial.arrived
            assert set(range(1, covered + 1)) <= set(arrived), "state ahead of delivery"
            assert trial.resume() == 0
            final = trial.arrived
            assert set(final) == set(range(1, RECORDS + 1))
            doubled = len(final) - len(set(final))
            # A request whose sender was killed may still have arrived after the count above.
            assert doubled <= len([each for each in arrived if each > covered]) + 16
            most = max(most, sandbox.max_in_flight)
    assert most >= 8
    assert killed >= RUNS // 2


def test_stopped_runs_write_their_state_and_say_so(tmp_path: Path) -> None:
    """After SIGTERM at any point: exit 143, state exact, and a resumed run completes.

    What arrives twice is at most what was under way or done behind an unfinished record.
    """
    dice = random.Random(2)  # noqa: S311
    stopped = 0
    for number in range(RUNS):
        with Sandbox(latency_ms=4) as sandbox:
            trial = Trial(tmp_path / str(number), sandbox)
            code = trial.break_off(signal.SIGTERM, dice.uniform(0, 0.1))
            assert code in {0, 143}
            stopped += code == 143
            arrived = trial.arrived
            assert set(range(1, trial.bookmark + 1)) <= set(arrived), "state ahead of delivery"
            assert len(arrived) == len(set(arrived))
            assert trial.resume() == 0
            final = trial.arrived
            assert set(final) == set(range(1, RECORDS + 1))
            log = (trial.folder / "stderr").read_text()
            told = log.count("accepted, and sent again by the next run")
            assert len(final) - len(set(final)) == told
    assert stopped >= RUNS // 2


def test_a_stop_while_the_tap_is_quiet_ends_at_once(command: Command, sandbox: Sandbox) -> None:
    """SIGTERM and SIGINT end a run that waits for its tap, with the state written."""
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        process = command.start("--config", command.configure(api_url=sandbox.url))
        assert process.stdin
        assert process.stdout
        lines = [schema("leads"), record("leads", 1), state(1)]
        process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"bookmark": 1}
        process.send_signal(number)
        _, log = process.communicate(timeout=20)
        assert process.returncode == code
        assert f"stopped by {number.name}" in log.decode().splitlines()[-1]


def test_a_second_signal_ends_at_once(command: Command, sandbox: Sandbox) -> None:
    """A run that waits for a slow answer after SIGTERM is ended by the next one."""
    sandbox.respond = lambda _: Reply(delay_ms=60_000)
    process = command.start("--config", command.configure(api_url=sandbox.url))
    assert process.stdin
    lines = [schema("leads"), record("leads", 1), state(1)]
    process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    process.stdin.flush()
    _wait_for(lambda: sandbox.request_count == 1)
    process.terminate()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 143


def test_a_failing_run_ends_while_the_tap_is_quiet(command: Command, sandbox: Sandbox) -> None:
    """A refusal ends the run at once, though the tap neither writes nor ends."""
    process = command.start("--config", command.configure(api_url=sandbox.url))
    assert process.stdin
    lines = [schema("leads"), record("leads", 1), state(1), record("leads", 2, lastName=None)]
    process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    process.stdin.flush()
    assert process.wait(timeout=20) == 1
    assert process.stdout
    assert process.stderr
    assert process.stdout.read().splitlines() == [b'{"bookmark":1}']
    assert b"Please enter last name" in process.stderr.read().splitlines()[-1]
    process.communicate()


def test_a_closed_stdout_ends_the_run_clearly(command: Command, sandbox: Sandbox) -> None:
    """Where nobody takes the state, the run ends with a clear line and no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    process = command.start("--config", command.configure(api_url=sandbox.url), stdout=writer)
    os.close(writer)
    lines = [schema("leads"), record("leads", 1), state(1)]
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    _, log = process.communicate(text, timeout=20)
    assert process.returncode == 1
    assert b"stdout cannot be written (Broken pipe)" in log.splitlines()[-1]
    assert b"Traceback" not in log


def test_a_full_disk_ends_the_run_before_the_state(command: Command, sandbox: Sandbox) -> None:
    """What cannot be set aside is not covered by a state."""
    config = command.configure(
        api_url=sandbox.url, max_rejected=5, rejected_path="/dev/full", max_in_flight=1
    )
    lines = [
        schema("leads"),
        record("leads", 1),
        state(1),
        record("leads", 2, lastName=None),
        state(2),
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    process = command.start("--config", config)
    out, log = process.communicate(text, timeout=20)
    assert process.returncode == 1
    assert out.splitlines() == [b'{"bookmark":1}']
    last = log.splitlines()[-1]
    assert b"rejected_path cannot be written (No space left on device)" in last


def test_the_state_of_a_quiet_tap_is_written_within_a_second(
    command: Command, sandbox: Sandbox
) -> None:
    """State appears though the tap writes nothing more and does not end."""
    sandbox.latency_ms = 50
    process = command.start("--config", command.configure(api_url=sandbox.url))
    assert process.stdin
    assert process.stdout
    for number in (1, 2, 3):
        lines = [schema("leads"), record("leads", number), state(number)]
        process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"bookmark": number}
    process.communicate(timeout=20)


def _wait_for(condition: Any, seconds: float = 20) -> None:  # noqa: ANN401
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


def test_the_record_at_which_an_output_fails_is_named(run: RunTarget) -> None:
    """The next run sends it again, so it is logged by key and id."""
    config = {"responses": {"emit": "records", "path": "/dev/full"}, "max_in_flight": 1}
    finished = run([schema("leads"), record("leads", 1), state(1)], config=config)
    assert (finished.code, finished.stdout) == (1, "")
    assert finished.log.count("accepted, and sent again by the next run") == 1


@pytest.mark.parametrize("patience", [0.0, 0.4, 1.1])
def test_a_stop_wins_over_a_webhook_that_is_down(
    command: Command, sandbox: Sandbox, patience: float
) -> None:
    """With the window full and the webhook answering 503, SIGTERM is what ended the run."""
    sandbox.respond = lambda _: Reply(body=b'{"lead":{"leadId":1}}')
    with Sandbox(respond=lambda _: Reply(status=503)) as receiver:
        config = command.configure(
            api_url=sandbox.url,
            max_attempts=50,
            responses={"webhook_url": f"{receiver.origin}hook"},
        )
        process = command.start("--config", config)
        feeder = threading.Thread(target=_feed, args=(process,), daemon=True)
        feeder.start()
        _wait_for(lambda: receiver.request_count > 0 and sandbox.request_count > 0)
        _wait_for_quiet(sandbox)
        assert sandbox.request_count < 100, "the window is not full"
        time.sleep(patience)
        process.terminate()
        assert process.stdout
        assert process.stderr
        log = process.stderr.read()
        out = process.stdout.read()
        assert process.wait(30) == 143, log
        process.stdout.close()
        process.stderr.close()
        feeder.join(30)
    assert b"stopped by SIGTERM" in log.splitlines()[-1]
    assert out == b""


def _feed(process: subprocess.Popen[bytes]) -> None:
    """Write more than there is room for, as long as it is read."""
    assert process.stdin
    text = "x" * 1_000_000
    with suppress(OSError):
        process.stdin.write(f"{json.dumps(schema('leads'))}\n".encode())
        for number in range(200):
            process.stdin.write(f"{json.dumps(record('leads', number))}\n".encode())
            process.stdin.write(f"{json.dumps(state([number, text]))}\n".encode())
    with suppress(OSError):
        process.stdin.close()


def _wait_for_quiet(sandbox: Sandbox) -> None:
    """Wait until no more is sent: the window is full, or it is all sent."""
    before = -1
    while sandbox.request_count != before:
        before = sandbox.request_count
        time.sleep(0.5)
