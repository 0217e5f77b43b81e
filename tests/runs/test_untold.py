"""Answers that a run could not tell are told by the next one, though nothing is sent again (7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Sandbox
from target_apptivo.sandbox.exchange import Reply
from tests.in_step import lead, outcomes, payload, responses, table

if TYPE_CHECKING:
    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep

pytest_plugins = ["tests.in_step_runs"]

ROWS = table("leads", lead(1), lead(2), lead(3))


def ids(step: InStep) -> dict[int, str]:
    """Give the leads' ids by the row that they came from, in the order of the rows."""
    return {nr: str(each["leadId"]) for nr, each in sorted(step.held("leads").items())}


def test_what_a_webhook_did_not_take_is_told_by_the_next_run(step: InStep) -> None:
    """Nothing is created again, every id arrives, and once all is told nothing is told again."""
    told: list[dict[str, Any]] = []

    def respond(request: Received) -> Reply:
        told.extend(request.json)
        return Reply(status=204)

    with Sandbox(respond=lambda _: Reply(status=503)) as hook:
        more: dict[str, Any] = {"responses": {"webhook_url": f"{hook.origin}hook"}}
        failed = step(ROWS, max_attempts=1, **more)
        assert (failed.code, failed.lines) == (1, [])
        hook.respond = respond
        run = step(ROWS, **more)
        assert step(ROWS, **more).code == 0
    assert (run.code, run.lines) == (0, [{"at": 1}])
    assert [(each["key"]["nr"], each["apptivo_id"]) for each in told] == [*ids(step).items()]
    assert {each["outcome"] for each in told} == {"unchanged"}
    assert step.counts("leads") == {1: 1, 2: 1, 3: 1}


def test_what_stands_behind_the_record_that_ended_a_run_is_told_by_the_next(
    step: InStep,
) -> None:
    """It was created and never settled, so that the first run told nothing of it."""
    step.sandbox.respond = lambda request: (
        Reply(status=400, delay_ms=1_000) if payload(request).get("nr") == 2 else None
    )
    failed = step(ROWS)
    step.sandbox.respond = None
    created = ids(step)[3]
    mended = step(ROWS)
    assert (failed.code, mended.code) == (1, 0)
    assert [each["key"]["nr"] for each in responses(failed)] == [1]
    told = {each["key"]["nr"]: each for each in responses(mended)}
    assert (told[3]["outcome"], told[3]["apptivo_id"]) == ("unchanged", created)


@pytest.mark.parametrize("emit", ["none", "records"])
def test_what_was_told_is_not_told_again(step: InStep, emit: str) -> None:
    """Not after a run that came to its end, nor where nobody wants to be told."""
    step(ROWS, responses={"emit": emit})
    again = step(ROWS, responses={"emit": "records"})
    assert outcomes(again) == []
