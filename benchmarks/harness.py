"""Run what is measured as processes of their own, and see what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST_RUN = 300.0
_KB_PER_MB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run cost.

    Attributes:
        rate: Records a second, from the server's first request to its last answer.
        peak: Megabytes of memory, at most.
        seconds: From start to end of the process.
        lines: What it wrote to stdout, each line with the time at which it came.
        seen: What the server saw.
    """

    rate: float
    peak: float
    seconds: float
    lines: list[tuple[float, str]]
    seen: dict[str, Any]


class Server:
    """The server, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take a server that was started."""
        self._process = process
        self.port: int = self._told()["port"]
        self.url = f"http://127.0.0.1:{self.port}/app/dao/"

    def order(self, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of `Tally`
        """Have it answer in another way; give what it has seen until now."""
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        return self._told()

    def _told(self) -> dict[str, Any]:
        """Read a line that it tells."""
        assert self._process.stdout
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


@contextmanager
def running_server() -> Iterator[Server]:
    """Run the server."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Server(process)
        assert process.stdin
        process.stdin.close()


class Workbench:
    """A folder with inputs and settings, the server, and the programs that are compared."""

    def __init__(self, folder: Path, server: Server) -> None:
        """Work in a folder, against a server."""
        self._folder = folder
        self._numbers = count()
        self.server = server

    def messages(self, records: int, *, state_every: int = 1_000) -> Path:
        """Write Singer messages, once."""
        path = self._folder / f"{records}-{state_every}.singer"
        if not path.exists():
            with path.open("w") as file:
                file.writelines(f"{json.dumps(each)}\n" for each in _messages(records, state_every))
        return path

    def apptivo(self, max_in_flight: int | None = None, **more: Any) -> list[str]:  # noqa: ANN401
        """Give the command line of our target, with further settings."""
        settings: dict[str, Any] = {
            "api_key": "benchmark-api-key",
            "access_key": "benchmark-access-key",
            "api_url": self.server.url,
            **more,
        }
        if max_in_flight:
            settings["max_in_flight"] = max_in_flight
        return [sys.executable, "-m", "target_apptivo", "--config", self._settings(settings)]

    def journal(self, rows: int = 0) -> str:
        """Make a journal that knows the first records of `messages`; give its URL."""
        url = f"sqlite:///{self._folder}/{next(self._numbers)}.db"
        module = [sys.executable, "-m", "benchmarks.journal", url, str(rows)]
        subprocess.run(module, check=True)
        return url

    def bare_target(self) -> list[str]:
        """Give the command line of the SDK's target."""
        settings = {"url": f"{self.server.url}v6/leads"}
        module = [sys.executable, "-m", "benchmarks.bare_target"]
        return [*module, "--config", self._settings(settings)]

    def bare_pool(self, threads: int) -> list[str]:
        """Give the command line of the pool of threads."""
        url = f"{self.server.url}v6/leads"
        return [sys.executable, "-m", "benchmarks.bare_pool", url, str(threads)]

    def load(self, requests: int, pipelined: int) -> list[str]:
        """Give the command line of the client that shows how fast the server is."""
        numbers = (self.server.port, requests, pipelined)
        return [sys.executable, "-m", "benchmarks.load", *map(str, numbers)]

    def run(
        self,
        command: Sequence[str],
        source: Path | None = None,
        **order: Any,  # noqa: ANN401 - fields of `Tally`
    ) -> Result:
        """Run a program to its end.

        Args:
            command: Its command line.
            source: What it reads.
            order: How the server answers.

        Returns:
            What it cost.
        """
        self.server.order(**order)
        started = time.monotonic()
        lines, usage = _run(command, source)
        seconds = time.monotonic() - started
        seen = self.server.order()
        return Result(
            rate=seen["requests"] / seen["seconds"] if seen["seconds"] else 0.0,
            peak=usage.ru_maxrss / _KB_PER_MB,
            seconds=seconds,
            lines=lines,
            seen=seen,
        )

    def _settings(self, settings: dict[str, Any]) -> str:
        """Write settings to a file."""
        text = json.dumps(settings)
        path = self._folder / f"{abs(hash(text))}.json"
        path.write_text(text)
        return str(path)


@contextmanager
def workbench() -> Iterator[Workbench]:
    """Set up what every measurement needs."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-"))
        yield Workbench(Path(folder), stack.enter_context(running_server()))


def _run(command: Sequence[str], source: Path | None) -> tuple[list[tuple[float, str]], Any]:
    """Run a program; give the lines of its stdout with their times, and its use of resources."""
    with ExitStack() as stack:
        stdin = stack.enter_context(source.open("rb")) if source else subprocess.DEVNULL
        errors = stack.enter_context(tempfile.TemporaryFile())
        process = stack.enter_context(
            subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, text=True)
        )
        alarm = threading.Timer(_LONGEST_RUN, process.kill)
        alarm.start()
        stack.callback(alarm.cancel)
        assert process.stdout
        lines = [(time.monotonic(), line) for line in process.stdout]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.stderr.write(errors.read()[-2_000:].decode())
            raise subprocess.CalledProcessError(process.returncode, command)
    return lines, usage


def _messages(records: int, state_every: int) -> Iterator[dict[str, Any]]:
    """Make the messages of a tap: ten fields and about 450 bytes a record."""
    yield {"type": "SCHEMA", "stream": "leads", "schema": SCHEMA, "key_properties": ["number"]}
    for number in range(records):
        yield {"type": "RECORD", "stream": "leads", "record": record(number)}
        if (number + 1) % state_every == 0:
            yield {"type": "STATE", "value": {"read": number + 1}}
    yield {"type": "STATE", "value": {"read": records}}


def record(number: int) -> dict[str, Any]:
    """Make a record: seven texts, an integer, a number and a moment."""
    return {
        "number": number,
        "firstName": "Jane",
        "lastName": f"Doe {number}",
        "emailAddress": f"jane.doe.{number}@example.com",
        "phoneNumber": "+1 512 555 0100",
        "companyName": "Amber Coffee Roasters GmbH",
        "description": "Asked for an offer for three lever machines and their maintenance. " * 2,
        "leadSource": "Trade Fair",
        "estimatedValue": 1234.5,
        "createdAt": "2026-03-02T08:00:00Z",
    }


_TEXT = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"},
        "firstName": _TEXT,
        "lastName": _TEXT,
        "emailAddress": _TEXT,
        "phoneNumber": _TEXT,
        "companyName": _TEXT,
        "description": _TEXT,
        "leadSource": _TEXT,
        "estimatedValue": {"type": ["number", "null"]},
        "createdAt": {"type": ["string", "null"], "format": "date-time"},
    },
}
