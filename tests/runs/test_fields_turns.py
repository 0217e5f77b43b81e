"""Turns at a topic: one finds it out, the others wait, and nobody waits for ever."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record
from target_apptivo.delivery.turns import Turns
from tests.conftest import RunTarget, record, schema

if TYPE_CHECKING:
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox


PLACES = count()


def way() -> PendingWay:
    """A way that does nothing, of the next record of the input."""

    async def nothing() -> Any:  # noqa: ANN401 - a verdict that nobody looks at
        return None

    noted = Record(stream="leads", endpoint="create_lead", key={}, message={})
    return PendingWay(nothing, [PendingRecord(noted, sequence=next(PLACES))])


def test_the_first_finds_it_out_and_the_others_are_told() -> None:
    """In the order in which they asked."""
    turns, ways = Turns(), [way() for _ in range(3)]
    assert [turns.ask(each, "topic") for each in ways] == [
        (True, None),
        (False, None),
        (False, None),
    ]
    assert [*turns.tell("topic", 7)] == ways[1:]
    assert turns.ask(way(), "topic") == (True, 7)
    assert [*turns.leave(ways[0])] == []


def test_who_never_tells_passes_the_turn_on() -> None:
    """To one at a time: so they go one after another."""
    turns, ways = Turns(), [way() for _ in range(3)]
    for each in ways:
        turns.ask(each, "topic")
    assert [*turns.leave(ways[0])] == [ways[1]]
    assert turns.ask(ways[1], "topic") == (True, None)
    assert [*turns.leave(ways[1])] == [ways[2]]
    assert [*turns.leave(ways[2])] == []
    assert turns.ask(ways[0], "topic") == (True, None)


def test_who_only_looks_waits_for_nobody() -> None:
    """A rehearsal asks without getting in line."""
    turns = Turns()
    turns.ask(way(), "topic")
    assert turns.answer("topic") is None
    assert [*turns.tell("topic", 7)] == []
    assert turns.answer("topic") == 7


@given(st.lists(st.sets(st.integers(0, 5), max_size=4), max_size=30))
def test_taken_in_one_order_nobody_waits_for_ever(wanted: list[set[int]]) -> None:
    """Each gets all its topics in the end, and never two the same one at a time."""
    turns = Turns()
    ways = {way(): sorted(topics) for topics in wanted}
    held: dict[int, PendingWay] = {}
    done: list[PendingWay] = []
    ready = [*ways]
    while ready:
        each = ready.pop(0)
        owned = [topic for topic in ways[each] if held.get(topic) is each]
        for topic in ways[each][len(owned) :]:
            is_turn, _ = turns.ask(each, topic)
            if not is_turn:
                break
            assert topic not in held
            held[topic] = each
        else:
            done.append(each)
            for topic in ways[each]:
                del held[topic]
            for follower in turns.leave(each):
                topic = next(t for t in ways[follower] if held.get(t) is not follower)
                held[topic] = follower
                ready.append(follower)
    assert {*done} == {*ways}


def test_a_plan_by_match_values_is_sound(run: RunTarget, sandbox: Sandbox, tmp_path: Path) -> None:
    """Ways that prove the search beside each other do not get each other's replies."""
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db", "settle_seconds": 0.1}
    assert run((), "--journal", config=config).code == 0
    leads = [schema("leads"), *(record("leads", number) for number in range(40))]
    assert run(leads).code == 0
    streams = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
    lines = [schema("leads"), *(record("leads", number) for number in range(80))]
    sandbox.latency_ms = 5
    finished = run(lines, "--plan", config={**config, "streams": streams, "max_in_flight": 8})
    assert finished.code == 0, finished.log
    totals = finished.lines[-1]["totals"]["leads"]
    assert totals == {"unchanged": 40, "create": 40}
