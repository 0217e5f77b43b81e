"""Kill a run again and again, until one ends: what is in Apptivo then, and what was said of it.

Each course has a sandbox, a journal, an input and a seed. `python -m tests.kills 100` runs many.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox import Sandbox
from tests import forked
from tests.in_step import lead, table

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

_KEYS = {"api_key": "planted-key", "access_key": "planted-access"}
_LONGEST = 120


@dataclass
class Course:
    """One pipeline that is killed.

    Attributes:
        folder: Its files.
        journal_url: Its journal.
        max_in_flight: How many requests at once.
        match_on: Whether records are looked for.
        on_uncertain: What becomes of lost creates that are not looked for.
        records: How many records it loads.
        kills: After how many kills it is left alone.
        seed: Of the moments.
        codes: Exit codes of the runs that were not killed.
    """

    folder: Path
    journal_url: str
    max_in_flight: int
    match_on: bool
    on_uncertain: str = "resend"
    records: int = 120
    kills: int = 10
    seed: int = 0
    killed: int = 0
    codes: list[int] = field(default_factory=list)

    def configure(self, sandbox: Sandbox) -> None:
        """Write the settings, and the input of the first day."""
        self.write("day one")
        endpoint = {
            "endpoint": "create_lead",
            **({"match_on": "lastName"} if self.match_on else {}),
        }
        settings = {
            **_KEYS,
            "api_url": sandbox.url,
            "journal_url": self.journal_url,
            "max_in_flight": self.max_in_flight,
            "on_uncertain": self.on_uncertain,
            "settle_seconds": 0.3,
            "streams": {"leads": endpoint},
            "max_rejected": -1,
            "rejected_path": str(self.folder / "rejected.singer"),
        }
        (self.folder / "config.json").write_text(json.dumps(settings))

    def write(self, description: str) -> None:
        """Write the source's rows as they are on some day."""
        rows = (lead(nr, description=description) for nr in range(self.records))
        text = "".join(json.dumps(each) + "\n" for each in table("leads", *rows))
        (self.folder / "stdin").write_text(text)

    def start(self, *options: str) -> ForkServerProcess:
        """Start a run, with its output appended."""
        return forked.start(self.folder, "--config", str(self.folder / "config.json"), *options)

    def kill_and_finish(self, sandbox: Sandbox) -> None:
        """Kill runs at random moments of their sending, then let one end."""
        dice = random.Random(self.seed)  # noqa: S311 - repeatable is the point
        while self.killed < self.kills:
            before, process = sandbox.request_count, self.start()
            wanted = dice.randint(1, 25)
            deadline = time.monotonic() + _LONGEST
            while process.is_alive() and sandbox.request_count < before + wanted:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(dice.random() * 0.01)
            if process.is_alive() and process.pid:
                os.kill(process.pid, signal.SIGKILL)
                self.killed += 1
            process.join()
            if process.exitcode != -signal.SIGKILL:
                self.codes.append(process.exitcode or 0)
                break
        for _ in range(2):
            self.finish()

    def finish(self, *options: str) -> None:
        """Let a run end."""
        process = self.start(*options)
        process.join(_LONGEST)
        assert not process.is_alive(), self.log()
        self.codes.append(process.exitcode or 0)

    def set_aside(self) -> set[Any]:
        """Give the keys that were set aside as uncertain."""
        text = (self.folder / "rejected.singer").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        records = [line for line in lines if line["type"] == "RECORD"]
        return {
            line["record"]["nr"] for line in records if line["rejected"]["outcome"] == "uncertain"
        }

    def log(self) -> str:
        """Give all that was logged."""
        return (self.folder / "stderr").read_text()


def counts(sandbox: Sandbox) -> Counter[Any]:
    """Count how often each row is there."""
    return Counter(record["nr"] for record in sandbox.records["leads"])


def run_course(course: Course) -> Counter[Any]:
    """Run a course to its end and count what is there."""
    with Sandbox(latency_ms=2) as sandbox:
        course.configure(sandbox)
        course.finish("--journal")
        course.kill_and_finish(sandbox)
        return counts(sandbox)


def _main(number: int) -> None:
    """Run courses until so many kills were made, and print what went wrong."""
    done, seed = 0, int(time.time())
    while done < number:
        for flight in (8, 32):
            for matched, setting in ((True, "resend"), (False, "hold"), (False, "resend")):
                seed += 1
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    url = f"sqlite:///{folder}/journal.db"
                    course = Course(folder, url, flight, matched, setting, seed=seed)
                    found = run_course(course)
                    done += course.killed
                    doubled = sum(count > 1 for count in found.values())
                    missing = course.records - len(found)
                    kind = f"in flight {flight}, match_on {matched}, {setting}, seed {seed}"
                    print(  # noqa: T201 - run by hand
                        f"{kind}: {course.killed} kills, {doubled} doubled, {missing} missing, "
                        f"exit codes {course.codes}",
                        flush=True,
                    )


if __name__ == "__main__":
    _main(int(sys.argv[1]))
