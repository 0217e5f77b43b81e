"""The demo tells the truth: day two does what `--plan` said of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_day_two_does_what_the_plan_said(tmp_path: Path) -> None:
    """New, changed, gone and unchanged records are as many as were planned, by stream."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - what `make demo` runs
        ["/bin/sh", "demo/two-days.sh", str(free_port())],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stdout.rpartition("== Day two:")[2]
    planned = json.loads((tmp_path / "output" / "plan.jsonl").read_text().splitlines()[-1])
    assert planned["totals"].keys() == {"customers", "contacts", "opportunities"}
    for stream, counts in planned["totals"].items():
        (line,) = re.findall(rf"^ *{stream}: (.*)$", told, re.MULTILINE)
        found = {outcome: int(number) for number, outcome in re.findall(r"(\d+) (\w+)", line)}
        assert found["accepted"] == counts.get("create", 0) + counts.get("delete", 0)
        assert found["updated"] == counts["update"]
        assert found["unchanged"] == counts["unchanged"]
        assert found["read"] == sum(counts.values())
