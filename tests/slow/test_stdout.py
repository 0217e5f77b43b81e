"""stdout as it may be: full, slow, not waiting, closed, in memory. Every byte, or the run ends."""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.errors import OutputError
from target_apptivo.output.files import write_stdout
from tests.conftest import record, schema, state

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import Command

RECORDS = 600
_PIPE_SIZE = 4_096


class Reader:
    """The far end of a stdout: as slow as is wanted."""

    def __init__(self, *, is_blocking: bool) -> None:
        """Open a small pipe."""
        self.end, self.stdout = os.pipe()
        fcntl.fcntl(self.stdout, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        os.set_blocking(self.stdout, is_blocking)

    def read_all(self, *, pause: float = 0.0, piece: int = 1 << 16) -> bytes:
        """Read to the end, with pauses."""
        os.close(self.stdout)
        read = b""
        while more := os.read(self.end, piece):
            read += more
            time.sleep(pause)
        os.close(self.end)
        return read


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """An input with a state behind each record."""
    messages: list[Any] = [schema("leads")]
    for number in range(1, RECORDS + 1):
        messages += [record("leads", number), state(number)]
    path = tmp_path / "things.singer"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in messages))
    return path


def start(
    command: Command, sandbox: Sandbox, things: Path, reader: Reader, **env: str
) -> subprocess.Popen[bytes]:
    """Start a run that tells responses to a reader."""
    config = command.configure(api_url=sandbox.url, responses={"emit": "records"})
    return command.start("--config", config, "--input", str(things), stdout=reader.stdout, env=env)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("is_blocking", [False, True])
def test_a_slow_reader_gets_every_byte(
    command: Command, sandbox: Sandbox, things: Path, unbuffered: str, *, is_blocking: bool
) -> None:
    """Whether stdout waits for it or not, and whether Python buffers or not."""
    reader = Reader(is_blocking=is_blocking)
    process = start(command, sandbox, things, reader, PYTHONUNBUFFERED=unbuffered)
    lines = [json.loads(line) for line in reader.read_all(pause=0.001, piece=1_000).splitlines()]
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    told = [line["record"]["key"]["id"] for line in lines if line["type"] == "RECORD"]
    assert told == list(range(1, RECORDS + 1))
    assert lines[-1] == {"type": "STATE", "value": {"bookmark": RECORDS}}


@pytest.mark.parametrize("is_blocking", [False, True])
def test_a_stop_waits_for_no_reader(
    command: Command, sandbox: Sandbox, things: Path, *, is_blocking: bool
) -> None:
    """Who reads nothing does not hold up the end; what it gets then is whole but for its end."""
    reader = Reader(is_blocking=is_blocking)
    process = start(command, sandbox, things, reader)
    while len(sandbox.records.get("leads", [])) < RECORDS // 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 143, log
    assert b"Traceback" not in log
    assert b"Fatal" not in log
    *lines, _ = reader.read_all().split(b"\n")
    assert all(json.loads(line) for line in lines)


def test_a_preview_that_nobody_reads_is_stopped_by_one_signal(
    command: Command, sandbox: Sandbox, things: Path
) -> None:
    """It waits in the middle of a line; nothing is to be kept, so it ends at once."""
    reader = Reader(is_blocking=True)
    config = command.configure(api_url=sandbox.url)
    options = ("--preview", str(RECORDS), "--input", str(things))
    process = command.start("--config", config, *options, stdout=reader.stdout)
    select.select([reader.end], [], [])
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 143, log
    assert b"stopped by SIGTERM in a preview" in log.splitlines()[-1]
    reader.read_all()


def test_a_reader_that_is_gone_ends_the_run(
    command: Command, sandbox: Sandbox, things: Path
) -> None:
    """One clear line, and no state is written any more."""
    reader = Reader(is_blocking=False)
    process = start(command, sandbox, things, reader)
    os.close(reader.stdout)
    os.close(reader.end)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"stdout cannot be written (Broken pipe)" in log.splitlines()[-1]


@pytest.mark.parametrize("is_closed", [False, True])
def test_no_stdout_at_all_ends_the_run(monkeypatch: pytest.MonkeyPatch, *, is_closed: bool) -> None:
    """Some services start programs so."""
    stdout = io.StringIO()
    stdout.close()
    monkeypatch.setattr(sys, "stdout", stdout if is_closed else None)
    with pytest.raises(OutputError, match="stdout cannot be written"):
        write_stdout("x")


def test_a_stdout_in_memory_takes_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests have it."""
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    write_stdout("x")
    write_stdout("y")
    assert stdout.getvalue() == "x\ny\n"


def test_a_long_line_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a line that finds room only in part, no byte is lost or written twice."""
    reader = Reader(is_blocking=False)
    line = "".join(map(str, range(50_000)))
    with os.fdopen(os.dup(reader.stdout), "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)

        def write() -> None:
            write_stdout(line)
            stdout.close()

        thread = threading.Thread(target=write)
        thread.start()
        read = reader.read_all(piece=777)
        thread.join()
        monkeypatch.undo()
    assert read == f"{line}\n".encode()
