"""STATE lines, on a clock that the test holds: prompt, not too many, none twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.errors import OutputError
from target_apptivo.output.state_lines import StateLines
from target_apptivo.redact import Redactor


class Written:
    """STATE lines and the clock that they are written by."""

    def __init__(self, *, as_message: bool = False) -> None:
        """Start at 0."""
        self.now = 0.0
        self.lines: list[str] = []
        self.states = StateLines(
            self.lines.append, Redactor(), as_message=as_message, clock=lambda: self.now
        )

    def write(self, state: Any) -> None:  # noqa: ANN401
        """Reach a state and write it at once."""
        self.states.reach(state)
        self.states.write(self.states.pending)


def test_the_first_state_is_due_at_once_and_the_next_within_a_second() -> None:
    """Whoever stores every line is not flooded, and no state waits long."""
    written = Written()
    assert written.states.wait() is None
    written.states.reach({"n": 1})
    assert written.states.wait() == 0
    written.states.write({"n": 1})
    assert written.states.wait() is None
    written.states.reach({"n": 2})
    assert written.states.wait() == 0.5
    written.now = 0.4
    written.states.reach({"n": 3})
    assert written.states.wait() == pytest.approx(0.1)
    assert written.states.pending == {"n": 3}


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 0.3)), max_size=30))
def test_a_state_waits_less_than_a_second(steps: list[tuple[int, float]]) -> None:
    """However states come, each is written or superseded in time, and none is repeated."""
    written = Written()
    reached: float | None = None
    for number, pause in steps:
        reached = written.now if reached is None else reached
        written.states.reach({"n": number})
        written.now += pause
        if written.states.wait() == 0:
            assert written.now - reached < 1
            written.states.write(written.states.pending)
            reached = None
    assert all(
        first != second for first, second in zip(written.lines, written.lines[1:], strict=False)
    )


def test_equal_states_make_one_line_and_true_is_not_1() -> None:
    """What Python finds equal may be another state."""
    written = Written()
    for state in ({"a": 1}, {"a": 1}, {"a": True}, {"a": 1.0}, {"a": 1}, {}):
        if state:
            written.write(state)
    assert written.lines == ['{"a":1}', '{"a":true}', '{"a":1.0}', '{"a":1}']


def test_an_empty_state_takes_the_place_of_none() -> None:
    """It would erase the bookmarks that are stored."""
    written = Written()
    written.states.reach({"a": 1})
    written.states.reach({})
    assert written.states.pending == {"a": 1}


def test_behind_us_a_target_reads_messages() -> None:
    """A Singer target wants STATE messages, a runner the bare value."""
    written = Written(as_message=True)
    written.write({"a": 1})
    assert written.lines == ['{"type":"STATE","value":{"a":1}}']


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_state_that_is_no_json_ends_the_run(number: float) -> None:
    """A line that nobody can read back would take the place of one that can be."""
    written = Written()
    with pytest.raises(OutputError, match=r"^a STATE of the tap holds NaN"):
        written.write({"a": number})
    assert written.lines == []
