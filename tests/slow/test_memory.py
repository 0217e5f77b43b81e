"""What a run keeps: memory does not grow with the number of records, states or schemas."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import Command, RunTarget, record, schema

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable

MIB = 1024 * 1024


def peak_of(process: subprocess.Popen[bytes], lines: Iterable[object]) -> int:
    """Give a command its input, and the most memory that it took until it ended."""
    assert process.stdin
    assert process.stderr
    log = Thread(target=process.stderr.read, daemon=True)
    log.start()
    for line in lines:
        process.stdin.write(json.dumps(line).encode() + b"\n")
    process.stdin.flush()
    status = Path(f"/proc/{process.pid}/status").read_text()
    process.stdin.close()
    assert process.wait(120) == 0
    log.join()
    process.stderr.close()
    (most,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(most) * 1024


def test_large_states_do_not_fill_the_memory(command: Command, sandbox: Sandbox) -> None:
    """One of four megabytes a record: behind a slow head they count towards what is read ahead."""

    def respond(request: Received) -> Reply:
        delay = 6_000 if request.json["id"] == 0 else 0
        return Reply(body=b'{"lead":{"leadId":1}}', delay_ms=delay)

    sandbox.respond = respond
    config = command.configure(api_url=sandbox.url, max_in_flight=64)
    text = "x" * 4 * MIB

    def messages() -> Iterable[Any]:
        yield schema("leads")
        for number in range(60):
            yield record("leads", number)
            yield {"type": "STATE", "value": {"n": number, "text": text}}

    with Path(command.folder, "states").open("wb") as states:
        process = command.start("--config", config, stdout=states)
        assert peak_of(process, messages()) < 200 * MIB
    last = Path(command.folder, "states").read_bytes().splitlines()[-1]
    assert json.loads(last)["n"] == 59


def test_changing_schemas_do_not_fill_the_memory(run: RunTarget, sandbox: Sandbox) -> None:
    """Sinks of earlier schemas are let go; memory does not grow with their number."""
    sandbox.respond = lambda _: Reply(body=b'{"lead":{"leadId":1}}')
    wide = {f"a{number}": {"type": ["null", "string"]} for number in range(30)}

    def peak(changes: int) -> int:
        messages: list[Any] = []
        for number in range(changes):
            messages.append(schema("leads", **wide, **{f"odd{number % 2}": {"type": "string"}}))
            messages.append(record("leads", number))
        tracemalloc.start()
        assert run(messages).code == 0
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(3)
    assert peak(28) < peak(8) + 200_000
