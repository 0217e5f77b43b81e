"""How a run ends by an error: what it names of what Apptivo has, and when it ends at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import RunTarget, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LEFT = re.compile(r"(perhaps )?accepted, and sent again by the next run: .*\{\"id\":(\d+)\}")


def named(log: str) -> dict[int, bool]:
    """Give the records that the log names as left in Apptivo, and whether that is sure."""
    found = [LEFT.search(line) for line in log.splitlines()]
    return {int(match[2]): match[1] is None for match in found if match}


def batches(size: int) -> dict[str, Any]:
    """Send the stream `bulk` in batches, and hold what is uncertain."""
    batch = {"size": size, "property_name": "records"}
    entry = {"endpoint": "generic", "url": "v6/leads/batch", "batch": batch}
    return {"streams": {"bulk": entry}, "on_uncertain": "hold"}


def rows(stream: str, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Make records, with a STATE at their end."""
    return [schema(stream), *(record(stream, number) for number in numbers), state("end")]


# -- what is named --------------------------------------------------------------------------------


def test_of_a_lost_batch_every_record_is_named(run: RunTarget, sandbox: Sandbox) -> None:
    """A server that commits and closes: one of fifty ends the run, the 49 others are named."""
    sandbox.faults = {"drop_after": 1.0}
    finished = run(rows("bulk", range(1, 51)), config=batches(50))
    assert finished.code == 1
    assert "record uncertain" in finished.last_log
    assert '{"id":1}' in finished.last_log
    assert len(sandbox.records["leads"]) == 50
    assert set(range(2, 51)) <= named(finished.log).keys()
    assert not any(named(finished.log).values())
    assert finished.stdout == ""


def test_the_first_hundred_are_named_and_the_rest_is_counted(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """However many there are, none is left out of the account."""
    sandbox.faults = {"drop_after": 1.0}
    finished = run(rows("bulk", range(1, 401)), config=batches(400))
    assert list(named(finished.log)) == list(range(1, 101))
    assert "and 300 more that Apptivo has or may have" in finished.log
    assert len(sandbox.records["leads"]) == 400


def refuse_the_first(*replies: Reply | None) -> Callable[[Received], Reply | None]:
    """Refuse the first record when the second has been sent, which is answered so."""
    left = list(replies)

    def respond(request: Received) -> Reply | None:
        if request.json["id"] == 1:
            return Reply(status=400, delay_ms=1_000)
        return left.pop(0)

    return respond


@pytest.mark.parametrize(
    ("reply", "is_sure"),
    [
        (None, True),
        (Reply.dropped(), False),
        (Reply(status=500), False),
        (Reply.html("<h1>?</h1>"), False),
        (Reply.json({"status": "SUCCESS"}), False),
        (Reply.json({"result": "Already exists"}), True),
        (Reply.json({"status": "FAILURE", "reason": "no"}), None),
        (Reply(status=422), None),
        (Reply(status=429), None),
        (Reply(status=503), None),
    ],
)
def test_behind_a_refusal_is_named_what_apptivo_has_or_may_have(
    run: RunTarget, sandbox: Sandbox, reply: Reply | None, *, is_sure: bool | None
) -> None:
    """By key and id, whatever became of it; what was surely refused is not there."""
    sandbox.respond = refuse_the_first(reply)
    config = {"max_in_flight": 2, "on_uncertain": "hold", "max_attempts": 1}
    finished = run(rows("leads", (1, 2)), config=config)
    assert finished.code == 1
    assert '{"id":1}' in finished.last_log
    assert named(finished.log) == ({} if is_sure is None else {2: is_sure})
    if reply is None:
        assert re.search(r"sent again by the next run: .*\{\"id\":2\}, id 8001\n", finished.log)


def test_a_refusal_after_a_lost_answer_does_not_clear_it(run: RunTarget, sandbox: Sandbox) -> None:
    """A refused record may be in Apptivo by its first sending."""
    sandbox.respond = refuse_the_first(Reply.dropped(), Reply(status=422))
    finished = run(rows("leads", (1, 2)), config={"max_in_flight": 2})
    assert named(finished.log) == {2: False}


def test_what_its_own_result_refuses_is_not_told_as_accepted(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """Of a batch with `results_path` two records are refused: the second is not in Apptivo."""
    config = batches(3)
    config["streams"]["bulk"]["batch"]["results_path"] = "results"
    messages = [schema("bulk"), *(record("bulk", n, lastName=None) for n in (1, 2))]
    finished = run([*messages, record("bulk", 3)], config=config)
    assert finished.code == 1
    assert len(sandbox.records["leads"]) == 1
    assert named(finished.log) == {3: True}


def test_what_was_never_reached_is_not_named(run: RunTarget, sandbox: Sandbox) -> None:
    """A connection that is refused brings nothing to Apptivo."""
    sandbox.stop()
    finished = run(rows("leads", (1, 2, 3)), config={"max_attempts": 1})
    sandbox.start()
    assert "Apptivo is unavailable (cannot connect" in finished.last_log
    assert named(finished.log) == {}


def test_a_lost_answer_before_an_outage_is_named(run: RunTarget, sandbox: Sandbox) -> None:
    """The record that ends the run has no outcome, and may be there."""
    replies = [Reply.dropped(), Reply(status=503)]
    sandbox.respond = lambda _: replies.pop(0)
    finished = run(rows("leads", (1,)), config={"max_attempts": 2})
    assert "Apptivo is unavailable (HTTP 503" in finished.last_log
    assert named(finished.log) == {1: False}


# -- when it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["4000", "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_hour_and_more_is_not_waited_for(
    run: RunTarget, sandbox: Sandbox, status: int, retry_after: str
) -> None:
    """Apptivo is unavailable, whatever `max_attempts`; the state before the record is written."""

    def respond(request: Received) -> Reply | None:
        if request.json["id"] < 3:
            return None
        return Reply(status=status, headers={"Retry-After": retry_after})

    sandbox.respond = respond
    messages = rows("leads", range(1, 6))
    messages.insert(3, state(2))
    config = {"max_attempts": 1_000, "max_in_flight": 1}
    finished = run(messages, config=config)
    assert finished.code == 1
    assert f"Apptivo is unavailable (HTTP {status}, it asks to be left alone" in finished.last_log
    assert finished.lines == [{"bookmark": 2}]
    assert sandbox.request_count == 3
