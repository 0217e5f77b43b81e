"""Answers that a run could not tell are told by the next one, though nothing is sent again (7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Sandbox
from target_apptivo.sandbox.exchange import Reply
from tests.in_step import lead, outcomes, responses, table

if TYPE_CHECKING:
    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep

pytest_plugins = ["tests.in_step_runs"]

ROWS = table("leads", lead(1), lead(2), lead(3))


class Receiver:
    """Someone's webhook.

    Attributes:
        is_down: Whether it refuses everything.
        told: The response records that it took.
    """

    def __init__(self) -> None:
        """Start well."""
        self.is_down = False
        self.told: list[dict[str, Any]] = []

    def __call__(self, request: Received) -> Reply:
        """Answer a request."""
        if self.is_down:
            return Reply(status=503)
        self.told += request.json
        return Reply(status=204)


def test_what_a_webhook_did_not_take_is_told_by_the_next_run(step: InStep) -> None:
    """Nothing is created again, every id arrives, and once all is told nothing is told again."""
    receiver = Receiver()
    with Sandbox(respond=receiver) as hook:
        more: dict[str, Any] = {"responses": {"webhook_url": f"{hook.origin}hook"}}
        receiver.is_down = True
        failed = step(ROWS, max_attempts=1, **more)
        assert (failed.code, failed.lines, receiver.told) == (1, [], [])
        receiver.is_down = False
        run = step(ROWS, **more)
        told, receiver.told = receiver.told, []
        assert step(ROWS, **more).code == 0
    assert (run.code, run.lines) == (0, [{"at": 1}])
    ids = {nr: str(each["leadId"]) for nr, each in step.held("leads").items()}
    assert {each["key"]["nr"]: each["apptivo_id"] for each in told} == ids
    assert {each["outcome"] for each in told} == {"unchanged"}
    assert step.counts("leads") == {1: 1, 2: 1, 3: 1}
    assert receiver.told == []


def test_what_stands_behind_the_record_that_ended_a_run_is_told_by_the_next(
    step: InStep,
) -> None:
    """It was created and never settled; the log of the first run names no id of it."""
    rows = table("leads", lead(1), {"nr": 2}, lead(3))
    failed = step(rows, max_in_flight=1)
    assert failed.code == 1
    created = {nr for nr in (1, 3) if step.held("leads").get(nr)}
    mended = step(table("leads", lead(1), lead(2), lead(3)))
    assert mended.code == 0
    told = {each["key"]["nr"] for each in [*responses(failed), *responses(mended)]}
    assert told == {1, 2, 3}
    assert created <= told


@pytest.mark.parametrize("emit", ["none", "records"])
def test_what_was_told_is_not_told_again(step: InStep, emit: str) -> None:
    """Not after a run that came to its end, nor where nobody wants to be told."""
    step(ROWS, responses={"emit": emit})
    again = step(ROWS, responses={"emit": "records"})
    assert outcomes(again) == []
