"""`tap | target-apptivo | target-jsonl`: another target, of another make, loads the answers."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests import environments
from tests.conftest import Command, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox

LEADS: list[Any] = [schema("leads")]
for _number in range(1, 201):
    LEADS.append(record("leads", _number))
    if _number % 20 == 0:
        LEADS.append(state(_number))
TEXT = "".join(f"{json.dumps(line)}\n" for line in LEADS).encode()


@pytest.fixture(scope="module")
def target_jsonl() -> str:
    """The real target-jsonl from the package index."""
    return str(environments.cached("target-jsonl", "target-jsonl==0.1.4") / "target-jsonl")


def loaded(folder: Path) -> list[dict[str, Any]]:
    """Read what target-jsonl wrote."""
    (path,) = folder.glob("leads_responses-*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def check(told: list[dict[str, Any]], sandbox: Sandbox) -> None:
    """Check that every lead's id is there, in input order."""
    assert [each["key"] for each in told] == [{"id": number} for number in range(1, 201)]
    ids = {each["lastName"]: str(each["leadId"]) for each in sandbox.records["leads"]}
    assert [each["apptivo_id"] for each in told] == [ids[f"Lead {n}"] for n in range(1, 201)]


def test_the_chain_loads_every_answer_and_ends_with_the_taps_state(
    command: Command, sandbox: Sandbox, tmp_path: Path, target_jsonl: str
) -> None:
    """Through a pipe: all response records, and the final STATE of the tap at the very end."""
    config = command.configure(api_url=sandbox.url, responses={"emit": "records"}, max_in_flight=32)
    sandbox.latency_ms = 5
    first = command.start("--config", config)
    second = subprocess.Popen(  # noqa: S603 - the target that was installed
        [target_jsonl], stdin=first.stdout, stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert first.stdin
    assert first.stdout
    assert first.stderr
    first.stdin.write(TEXT)
    first.stdin.close()
    first.stdout.close()
    out, _ = second.communicate(timeout=60)
    first.stderr.close()
    assert (first.wait(60), second.returncode) == (0, 0)
    assert json.loads(out.splitlines()[-1]) == {"bookmark": 200}
    check(loaded(tmp_path), sandbox)


def test_a_file_of_responses_can_be_loaded_by_a_second_job(
    command: Command, sandbox: Sandbox, tmp_path: Path, target_jsonl: str
) -> None:
    """With a path stdout is state alone, and the file is a Singer file like any other."""
    path = tmp_path / "answers.singer"
    config = command.configure(
        api_url=sandbox.url, responses={"emit": "records", "path": str(path)}
    )
    first = command.start("--config", config, env={"MELTANO_LOADER_NAME": "target-apptivo"})
    out, _ = first.communicate(TEXT, timeout=60)
    assert first.returncode == 0
    assert json.loads(out.splitlines()[-1]) == {"bookmark": 200}
    assert all(set(json.loads(line)) == {"bookmark"} for line in out.splitlines())
    with path.open("rb") as answers:
        subprocess.run([target_jsonl], stdin=answers, cwd=tmp_path, check=True)  # noqa: S603
    check(loaded(tmp_path), sandbox)
