"""Whole runs compared with files: what arrived, what was told, what was set aside.

After a change that is meant, `GOLDEN=write` makes the files anew; read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.sandbox import Received, Sandbox
    from tests.conftest import RunTarget

DATA = Path(__file__).parents[1] / "data"
DEMO = Path(__file__).parents[2] / "demo"
VARYING = ("response_id", "sent_at", "received_at", "duration_ms", "at", "creationDate")


def compare(name: str, lines: Iterable[str]) -> None:
    """Compare lines with a file of `tests/data`."""
    text = "".join(f"{line}\n" for line in lines)
    path = DATA / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def steady(value: object) -> object:
    """Take out what differs between two runs."""
    if isinstance(value, dict):
        return {name: "…" if name in VARYING else steady(item) for name, item in value.items()}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return value


def steady_lines(path: Path) -> list[str]:
    """Read a Singer file without what differs between two runs."""
    return [
        json.dumps(steady(json.loads(line)), ensure_ascii=False)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def as_text(request: Received) -> str:
    """Write a request as it arrived."""
    query = f"?{request.query}" if request.query else ""
    headers = [
        f"{name}: {value}"
        for name, value in request.headers.items()
        if name in {"content-type", "content-length"} or name.startswith("x-")
    ]
    return "\n".join(
        [f"{request.method} {request.path}{query}", *headers, request.body.decode(), ""]
    )


@pytest.mark.parametrize("style", ["rest", "action"])
def test_a_whole_run(run: RunTarget, sandbox: Sandbox, tmp_path: Path, style: str) -> None:
    """All endpoints in both styles: requests, answers, rejected records and state, to the byte."""
    answers, rejected = tmp_path / "answers.singer", tmp_path / "rejected.singer"
    config = {
        **json.loads((DATA / "config.json").read_text()),
        "api_style": style,
        "rejected_path": str(rejected),
        "responses": {"emit": "records", "path": str(answers)},
    }
    finished = run((), "--input", str(DATA / "input.singer"), config=config)
    assert finished.code == 0, finished.last_log
    assert finished.lines[-1] == {"bookmarks": {"position": 99}}
    compare(f"{style}_requests.txt", map(as_text, sandbox.requests))
    compare(f"{style}_responses.singer", steady_lines(answers))
    compare(f"{style}_rejected.singer", steady_lines(rejected))


@pytest.mark.parametrize("style", ["rest", "action"])
def test_the_preview_of_the_demo(run: RunTarget, style: str) -> None:
    """What the README shows of a preview is what it prints."""
    settings = json.loads((DEMO / "config.json").read_text())
    del settings["rejected_path"], settings["max_rejected"]
    config = {**settings, "api_url": None, "api_style": style}
    finished = run((), "--preview", "1", "--input", str(DEMO / "crm.singer"), config=config)
    assert finished.code == 0
    compare(f"{style}_preview.jsonl", finished.stdout.splitlines())
