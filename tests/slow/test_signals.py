"""Signals at any moment: one line, the right exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from target_apptivo import signals
from tests.conftest import record, schema, state

if TYPE_CHECKING:
    import subprocess

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import Command

CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
# Seconds after the first line of ours.
MOMENTS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0)


def wait_for_main(process: subprocess.Popen[bytes]) -> None:
    """Wait until Python itself is there: then SIGTERM is caught."""
    status, bit = Path(f"/proc/{process.pid}/status"), 1 << (signal.SIGTERM - 1)
    caught = 0
    while not caught & bit:
        text = status.read_text().partition("SigCgt:")[2].split()
        caught = int(text[0], 16) if text else 0
        time.sleep(0.001)


def log_of(process: subprocess.Popen[bytes], number: signal.Signals) -> list[str]:
    """Give the log of a process that ends by a signal, or had ended before."""
    try:
        out, log = process.communicate(timeout=30)
    finally:
        process.kill()
    # While Python ends, a signal ends it by itself, which shells tell by the same code.
    assert process.returncode in {0, CODES[number], -number}, log
    assert b"Traceback" not in log
    assert b"Aborted" not in log
    assert out in {b"", b'{"bookmark":1}\n'}
    return log.decode().splitlines()


@pytest.mark.parametrize("number", CODES)
def test_a_signal_at_the_start_is_one_line(command: Command, number: signal.Signals) -> None:
    """While modules are loaded, settings read, and input is waited for."""
    ended = 0
    for seconds in MOMENTS:
        read_end, write_end = os.pipe()
        process = command.start("--config", command.configure(), stdin=read_end)
        os.close(read_end)
        wait_for_main(process)
        time.sleep(seconds)
        process.send_signal(number)
        lines = log_of(process, number)
        os.close(write_end)
        ended += process.returncode == CODES[number]
        assert f"stopped by {number.name}" in lines[-1]
        if not seconds:  # nothing is loaded yet
            assert lines == [f"target-apptivo: stopped by {number.name} before it began"]
    assert ended == len(MOMENTS)


@pytest.mark.parametrize("number", CODES)
def test_a_signal_at_the_end_is_one_line_too(
    command: Command, sandbox: Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    """While the account is told, connections are closed, and Python ends."""
    path = tmp_path / "one.singer"
    messages = [schema("leads"), record("leads", 1), state(1)]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in messages))
    config = command.configure(api_url=sandbox.url)
    for sent in range(1, 11):
        process = command.start("--config", config, "--input", str(path))
        while len(sandbox.records.get("leads", [])) < sent and process.poll() is None:
            time.sleep(0.001)
        time.sleep(0.02 * sent)
        process.send_signal(number)
        log_of(process, number)
        if len(sandbox.records.get("leads", [])) < sent:  # stopped before it was sent
            return


def test_a_signal_before_the_run_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: an exception might be caught by whatever is being loaded."""
    codes: list[int] = []
    written: list[tuple[int, bytes]] = []
    handlers = {number: signal.getsignal(number) for number in CODES}
    monkeypatch.setattr("os._exit", codes.append)
    monkeypatch.setattr("os.write", lambda *given: written.append(given))
    try:
        signals.end_at_signals("before it began")
        for number in CODES:
            signal.raise_signal(number)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert codes == [143, 130]
    assert written[0] == (2, b"target-apptivo: stopped by SIGTERM before it began\n")
