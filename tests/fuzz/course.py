"""The course of a plan: run the program, again from the last STATE, until it is through."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from target_apptivo.sandbox import Sandbox
from tests import forked
from tests.conftest import schema
from tests.fuzz.network import Network
from tests.fuzz.plan import Row

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from tests.fuzz.network import Flight
    from tests.fuzz.plan import Blow, Plan

_MOST_RUNS = 4
_SPOILED_RUNS = 2
LONGEST = 90.0


@dataclass
class Run:
    """One run, when it has ended.

    Attributes:
        number: From 0.
        first: The place of the first item that it reads.
        code: Its exit code; none where it had to be killed since it did not end.
        blow: The signal that it got.
        stdout: The whole lines that it wrote.
        log: What it logged.
        responses: The response records that it told.
        aside: The lines that it set aside.
        flights: The requests of it that write.
    """

    number: int
    first: int
    code: int | None
    blow: Blow | None
    stdout: list[dict[str, Any]]
    log: str
    responses: list[dict[str, Any]] = field(default_factory=list)
    aside: list[dict[str, Any]] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)

    @cached_property
    def states(self) -> list[int]:
        """The states that it wrote, as places of items."""
        values = [each.get("value", each) for each in self.stdout if each.get("type") != "RECORD"]
        return [int(value["bookmark"]) for value in values if "bookmark" in value]

    @property
    def reached(self) -> int:
        """Where the next run begins."""
        return self.states[-1] if self.states else self.first

    @property
    def is_orderly(self) -> bool:
        """Whether it ended by itself, or had the time to."""
        return self.code in {0, 1, 130, 143} and not (self.blow and self.blow.is_doubled)


class Course:
    """A plan that is carried out in a folder.

    Attributes:
        runs: The runs, when they have ended.
        befallen: How often each thing befell a request.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Prepare it."""
        self.plan = plan
        self.runs: list[Run] = []
        self._folder = folder

    def run(self) -> None:
        """Run until a run succeeds, a few times at most; the last ones on a quiet network."""
        with Sandbox(latency_ms=self.plan.latency_ms) as sandbox:
            port = int(sandbox.origin.rstrip("/").rpartition(":")[2])
            self._fill(sandbox)
            with Network(self.plan.seed, self.plan.spoils, port) as self.network:
                self._configure()
                first = 0
                for number in range(_MOST_RUNS):
                    if number == _SPOILED_RUNS:
                        self.network.spoils = {}
                    self.runs.append(self._one(number, first))
                    first = self.runs[-1].reached
                    if self.runs[-1].code in {0, None}:
                        break

    def _fill(self, sandbox: Sandbox) -> None:
        """Put there what will be deleted."""
        keys = "&".join(f"{name}=any-{name}" for name in ("apiKey", "accessKey"))
        for item in self.plan.items:
            if isinstance(item, Row) and item.stream == "gone":
                url = f"{sandbox.url}v6/gone/{item.mark}?{keys}"
                headers = {"Content-Type": "application/json"}
                request = urllib.request.Request(url, b"{}", headers, method="PUT")  # noqa: S310
                with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own sandbox
                    assert b"FAILURE" not in answer.read()

    def _configure(self) -> None:
        """Write the settings, and make the journal."""
        settings, folder = dict(self.plan.settings), self._folder
        settings["api_url"] = f"{self.network.origin}app/dao/"
        settings["rejected_path"] = str(folder / "rejected")
        responses = settings["responses"] = dict(settings["responses"])
        if "path" in responses:
            responses["path"] = str(folder / responses["path"])
        if "webhook_url" in responses:
            responses["webhook_url"] = f"{self.network.origin}hook"
        if self.plan.has_journal:
            settings["journal_url"] = f"sqlite:///{quote(str(folder))}/journal.db"
        (folder / "config.json").write_text(json.dumps(settings))
        if self.plan.has_journal and not settings["dry_run"]:
            process = self._start("made", "", "--journal")
            process.join(LONGEST)
            assert process.exitcode == 0

    def _start(self, name: str, text: str, *options: str) -> ForkServerProcess:
        """Start the program with some input."""
        folder = self._folder / name
        folder.mkdir()
        (folder / "stdin").write_text(text)
        return forked.start(folder, "--config", str(self._folder / "config.json"), *options)

    def _one(self, number: int, first: int) -> Run:
        """Run once, from an item on."""
        known = {name: len(self._lines(name)) for name in ("rejected", "responses")}
        sent, hooked = len(self.network.flights), len(self.network.hooked)
        blows = self.plan.blows[number : number + 1]
        process = self._start(str(number), self._input(first, "" if number else self.plan.end))
        blow = self._strike(process, self._folder / str(number), *blows)
        process.join(LONGEST)
        code = process.exitcode
        if process.is_alive():
            process.kill()
        process.join()
        self.network.wait()
        stdout = self._lines(f"{number}/stdout")
        log = (self._folder / str(number) / "stderr").read_text()
        new = {name: self._lines(name)[count:] for name, count in known.items()}
        run = Run(number, first, code, blow, stdout, log)
        run.flights = self.network.flights[sent:]
        run.aside = [line for line in new["rejected"] if line["type"] == "RECORD"]
        told = {
            "records": (line for line in [*stdout, *new["responses"]]),
            "state": (
                {"type": "RECORD", "record": response}
                for line in stdout
                for response in line["target_apptivo"]["responses"]
            ),
        }.get(self.plan.settings["responses"]["emit"], ())
        run.responses = [line["record"] for line in told if line.get("type") == "RECORD"]
        if "webhook_url" in self.plan.settings["responses"] and not run.responses:
            hooks = self.network.hooked[hooked:]
            run.responses = [*{each["response_id"]: each for each in hooks}.values()]
        return run

    def _input(self, first: int, end: str) -> str:
        """Write the items from one on."""
        lines: list[Any] = [
            schema(name, size={"type": "number"}) for name in self.plan.settings["streams"]
        ]
        for item in self.plan.items[first:]:
            if isinstance(item, Row):
                lines.append({"type": "RECORD", "stream": item.stream, "record": item.record})
            else:
                lines.append({"type": "STATE", "value": {"bookmark": item}})
        return "".join(f"{json.dumps(line)}\n" for line in lines) + end

    def _strike(
        self, process: ForkServerProcess, folder: Path, blow: Blow | None = None
    ) -> Blow | None:
        """Send a signal when its time has come; none to a run that ended before."""
        if blow is None:
            return None
        due, deadline = self.network.requests + blow.after, time.monotonic() + LONGEST
        # From then on signals are answered.
        while process.is_alive() and not (folder / "stderr").exists():
            time.sleep(0.002)
        while process.is_alive() and self.network.requests < due and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(blow.pause)
        struck = None
        for _ in range(1 + blow.is_doubled):
            if process.is_alive() and process.pid:
                os.kill(process.pid, blow.number)
                struck = blow
        return struck

    def _lines(self, name: str) -> list[Any]:
        """Read the whole lines of a file; what a kill tore is none."""
        path = self._folder / name
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
