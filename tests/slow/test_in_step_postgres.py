"""PostgreSQL goes away in the middle of a run, and comes back (12.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.in_step import is_write, lead, outcomes, states, table
from tests.postgres import PASSWORD, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep

pytest_plugins = ["tests.in_step_runs"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of our own, which may go away."""
    with serving() as own:
        yield own


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_run_whose_postgresql_goes_away_ends_and_the_next_goes_on(
    step: InStep, server: Server, mode: str
) -> None:
    """One clear line, no state ahead of the journal; then nothing doubled, nothing missing."""
    step.settings["journal_url"] = server.fresh()
    step.settings["streams"] = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
    step.make()
    is_down: list[bool] = []

    def stop_server(request: Received) -> None:
        if is_write(request) and len(step.sandbox.records["leads"]) > 40 and not is_down:
            is_down.append(True)
            server.stop(mode)

    step.sandbox.respond = stop_server
    rows = table("leads", *(lead(nr) for nr in range(200)))
    run = step(rows, max_in_flight=8)
    assert is_down
    assert run.code == 1
    assert states(run) == []
    assert "journal" in run.last_log
    assert "Traceback" not in run.log
    assert PASSWORD not in run.log
    assert len(step.sandbox.records["leads"]) < 200
    again = step(rows)
    assert again.code == 1
    assert not step.sandbox.requests
    assert PASSWORD not in again.log
    server.start()
    step.sandbox.respond = None
    last = step(rows)
    assert last.code == 0, last.log
    assert step.counts("leads") == dict.fromkeys(range(200), 1)
    assert not outcomes(step(rows))


def test_the_password_is_nowhere(step: InStep, server: Server) -> None:
    """Not in what a run prints, nor in its log, with a wrong one neither."""
    url = server.fresh()
    step.settings["journal_url"] = url
    made = step([], "--journal")
    run = step(table("leads", lead(1)))
    wrong = step(table("leads", lead(1)), journal_url=url.replace("test_", "gone_"))
    assert (made.code, run.code, wrong.code) == (0, 0, 1)
    for each in (made, run, wrong):
        assert "p@ss" not in each.log + each.stdout
        assert "p%40ss" not in each.log + each.stdout
