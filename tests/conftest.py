"""How the tests run the program: in this process for most, as a command where that matters."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_apptivo.sandbox import Sandbox

# Some tests import from these before others load them as plugins, in whatever order.
pytest.register_assert_rewrite("tests.meltano", "tests.postgres")

# As the command does: what pytest and the tests have loaded stays, and to look through all of it
# every few hundred objects costs a tenth of the time.
gc.set_threshold(20_000, *gc.get_threshold()[1:])

# The same examples in every run, however busy the machine is.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.load_profile("fixed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones: at the end all processes have something to do."""
    items.sort(key=lambda item: "slow" not in item.path.parts)


API_KEY = "planted-Api/Key+1234567890=="
ACCESS_KEY = 'planted "Access" Key é 0987654321'
KEYS = {"api_key": API_KEY, "access_key": ACCESS_KEY}

Message = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A run that has ended: exit code, what it wrote, what it logged."""

    code: int
    stdout: str
    log: str

    @property
    def lines(self) -> list[Any]:
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def last_log(self) -> str:
        """The message of the last log line."""
        return self.log.strip().splitlines()[-1].split(" | ")[-1]


class RunTarget(Protocol):
    """Runs the command line in this process."""

    def __call__(
        self,
        messages: Sequence[Message | str] = (),
        *options: str,
        config: dict[str, Any] | None = None,
    ) -> Finished:
        """Give the input's messages, further options, and settings besides keys and URL."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that keeps every request."""
    from target_apptivo.sandbox import Sandbox  # noqa: PLC0415 - no unit test needs it

    with Sandbox(keep_requests=True) as box:
        yield box


@pytest.fixture
def write_input(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Write messages to a file."""

    def write(messages: Sequence[Message | str], name: str = "input.singer") -> Path:
        path = tmp_path / name
        lines = [each if isinstance(each, str) else json.dumps(each) for each in messages]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(
    tmp_path: Path,
    sandbox: Sandbox,
    write_input: Any,  # noqa: ANN401 - a function
    capsys: pytest.CaptureFixture[str],
) -> Iterator[RunTarget]:
    """Run the command line in this process, against the sandbox unless the settings say else."""
    from target_apptivo.redact import Redactor  # noqa: PLC0415 - no unit test needs it
    from target_apptivo.target import TargetApptivo  # noqa: PLC0415

    # A process knows the secrets of one run: those of another test would mask words of this one.
    TargetApptivo.redactor = Redactor()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    kept, level, hook = list(root.handlers), root.level, sys.excepthook

    def run_target(
        messages: Sequence[Message | str] = (),
        *options: str,
        config: dict[str, Any] | None = None,
    ) -> Finished:
        settings = {**KEYS, "api_url": sandbox.url, **(config or {})}
        path = tmp_path / "config.json"
        path.write_text(
            json.dumps({name: value for name, value in settings.items() if value != ...})
        )
        inputs = ["--input", str(write_input(messages))] if messages else []
        root.handlers[:] = []
        with pytest.raises(SystemExit) as ended:
            TargetApptivo.cli.main(["--config", str(path), *inputs, *options])
        captured = capsys.readouterr()
        root.handlers[:] = kept
        code = ended.value.code
        return Finished(code if isinstance(code, int) else 1, captured.out, captured.err)

    yield run_target
    root.handlers[:] = kept
    root.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Command:
    """The installed command as a process of its own."""

    def __init__(self, tmp_path: Path) -> None:
        """Keep its files in a folder."""
        self.folder = tmp_path
        self.path = str(Path(sys.executable).with_name("target-apptivo"))

    def configure(self, **settings: Any) -> str:  # noqa: ANN401
        """Write a configuration file."""
        path = self.folder / "command.json"
        path.write_text(json.dumps({**KEYS, **settings}))
        return str(path)

    def start(
        self,
        *options: str,
        env: dict[str, str] | None = None,
        **pipes: Any,  # noqa: ANN401
    ) -> subprocess.Popen[bytes]:
        """Start it with pipes."""
        defaults = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {**os.environ, **(env or {})}
        return subprocess.Popen(  # noqa: S603 - our own command
            [self.path, *options], env=environment, **{**defaults, **pipes}
        )


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The installed command."""
    return Command(tmp_path)


def schema(stream: str, **properties: Any) -> Message:  # noqa: ANN401
    """Make a SCHEMA message that takes any property."""
    declared = {"id": {"type": ["integer", "string", "null"]}, **properties}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": declared, "additionalProperties": True},
        "key_properties": ["id"],
    }


def record(stream: str, number: object, **attributes: Any) -> Message:  # noqa: ANN401
    """Make a RECORD message of a lead, or of whatever the attributes make it."""
    return {
        "type": "RECORD",
        "stream": stream,
        "record": {"id": number, "lastName": f"Lead {number}", **attributes},
    }


def state(value: object) -> Message:
    """Make a STATE message."""
    return {"type": "STATE", "value": {"bookmark": value}}
