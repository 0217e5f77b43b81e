"""The records between reading and settling: what they weigh, and where a run is cut."""

from __future__ import annotations

import math
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery import window as module
from target_apptivo.delivery.pending import PendingRecord, Record
from target_apptivo.delivery.window import StateMark, Window
from target_apptivo.errors import UnavailableError

if TYPE_CHECKING:
    from random import Random

fixed = settings(derandomize=True, deadline=None, max_examples=80)

MOST_RECORDS, MOST_CHARACTERS = 50_000, 32_000_000
EVENTS = st.one_of(
    *[st.tuples(st.just("read"), st.sampled_from([0, 1_000_000, 9_000_000]))] * 3,
    st.tuples(st.just("mark"), st.sampled_from([0, 7_000_000, 40_000_000])),
    *[
        st.tuples(
            st.just("end"),
            st.integers(0, 3),
            st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED]),
        )
    ]
    * 2,
    st.just(("take",)),
)


def pending(size: int = 0) -> PendingRecord:
    """Make a record whose message has a length."""
    return PendingRecord(Record(stream="s", endpoint="e", key={}, message={}, size=size))


def weight(item: PendingRecord | StateMark) -> int:
    """Give what an item takes of the window: a settled record only if it is set aside."""
    if isinstance(item, StateMark):
        return item.size
    is_kept = item.settled is None or item.settled.verdict.outcome.is_set_aside
    return item.record.size if is_kept else 0


def is_done(item: PendingRecord | StateMark) -> bool:
    """Whether an item can be settled."""
    return isinstance(item, StateMark) or item.settled is not None


class Weighed:
    """A window beside a model of it: a list of what is in it."""

    def __init__(self) -> None:
        """Start empty."""
        self.window = Window(max_rejected=math.inf)
        self.items: list[PendingRecord | StateMark] = []

    def read(self, size: int) -> None:
        """A record comes."""
        record = pending(size)
        self.items.append(record)
        self.window.append(record)

    def mark(self, size: int) -> None:
        """A state comes; it takes the place of one that stands there."""
        if self.items and isinstance(self.items[-1], StateMark):
            self.items.pop()
        mark = StateMark(size, size)
        self.items.append(mark)
        self.window.mark(mark)

    def end(self, index: int, outcome: Outcome) -> None:
        """A record gets its outcome."""
        waiting = [each for each in self.items if isinstance(each, PendingRecord)]
        waiting = [each for each in waiting if not each.settled]
        for record in waiting[index : index + 1]:
            record.end(Verdict(outcome=outcome))
            self.window.ended(record)

    def take(self) -> None:
        """What is done leaves."""
        count = sum(1 for _ in takewhile(is_done, self.items))
        assert list(self.window.take_done()) == self.items[:count]
        self.items = self.items[count:]


@fixed
@given(st.lists(EVENTS, max_size=60))
def test_what_is_kept_counts_and_nothing_else(events: list[tuple[Any, ...]]) -> None:
    """Messages and states count until they are given up; what is done leaves from the head."""
    weighed = Weighed()
    window = weighed.window
    for event, *details in events:
        getattr(weighed, event)(*details)
        items = weighed.items
        assert window.head == (items[0] if items else None)
        assert window.head_is_done == (bool(items) and is_done(items[0]))
        characters = sum(map(weight, items))
        for share in (0.5, 1.0):
            assert window.is_full(share) == (characters >= MOST_CHARACTERS * share)
        assert list(window.records()) == [each for each in items if not isinstance(each, StateMark)]


@pytest.mark.parametrize(("most", "count"), [(None, MOST_RECORDS), (20, 20)])
def test_the_window_holds_so_many_records(most: int | None, count: int) -> None:
    """However small they are."""
    window, record = Window(max_rejected=0, most_records=most), pending()
    fullness = [(window.is_full(0.5), window.is_full())]
    for until in (count // 2 - 1, 1, count // 2 - 1, 1):
        for _ in range(until):
            window.append(record)
        fullness.append((window.is_full(0.5), window.is_full()))
    assert fullness == [(False, False), (False, False), (True, False), (True, False), (True, True)]


def test_not_too_much_is_settled_at_once() -> None:
    """What falls due meanwhile is not to wait for it."""
    window = Window(max_rejected=0)
    for _ in range(200):
        record = pending()
        window.append(record)
        record.end(Verdict(outcome=Outcome.ACCEPTED))
    assert len(window.take_done()) == module._MOST_AT_ONCE  # noqa: SLF001 - its bound


def test_a_mark_takes_the_place_of_one_that_nothing_is_behind() -> None:
    """Only the last of them may be written; one with a record behind it stays."""
    window = Window(max_rejected=0)
    for mark in (1, 2):
        window.mark(StateMark(mark))
    record = pending()
    window.append(record)
    for mark in (3, 4):
        window.mark(StateMark(mark))
    record.end(Verdict(outcome=Outcome.ACCEPTED))
    assert list(window.take_done()) == [StateMark(2), record, StateMark(4)]


def test_what_is_put_back_is_first_again() -> None:
    """In its order: an output that fails leaves it unsettled."""
    window = Window(max_rejected=0)
    records = [pending() for _ in range(4)]
    for each in records:
        window.append(each)
        each.end(Verdict(outcome=Outcome.ACCEPTED))
    window.mark(StateMark("s"))
    items = window.take_done()
    items.popleft()
    window.put_back(items)
    assert list(window.records()) == records[1:]
    assert list(window.take_done()) == [*records[1:], StateMark("s")]


def test_the_head_ends_a_run_that_it_has_no_outcome_in() -> None:
    """Not before it is at the head; an error beside an outcome is the kind of a refusal."""
    window = Window(max_rejected=0)
    first, second = pending(), pending()
    for each in (first, second):
        window.append(each)
    second.error = UnavailableError("HTTP 503", attempts=5, record="r")
    assert window.head_error is None
    first.error = UnavailableError("HTTP 503", attempts=5, record="r")
    first.end(Verdict(outcome=Outcome.REJECTED))
    assert window.head_error is None
    window.take_done()
    assert window.head_error is second.error


@fixed
@given(
    st.lists(st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNCERTAIN]), max_size=15),
    st.integers(0, 4),
    st.randoms(),
)
def test_a_run_is_cut_at_the_first_record_too_many(
    outcomes: list[Outcome], allowed: int, dice: Random
) -> None:
    """In input order, whichever outcome comes first, and as soon as it is certain."""
    window, records = Window(max_rejected=allowed), [pending() for _ in outcomes]
    for each in records:
        window.append(each)
    order = list(range(len(records)))
    dice.shuffle(order)
    aside = [n for n, outcome in enumerate(outcomes) if outcome.is_set_aside]
    for number in order:
        records[number].end(Verdict(outcome=outcomes[number]))
        window.ended(records[number])
        known = [n for n in aside if records[n].settled]
        assert window.cut == min(known[allowed:], default=math.inf)
    assert [window.count_aside() for _ in aside[:allowed]] == [True] * len(aside[:allowed])
    if len(aside) > allowed:
        assert not window.count_aside()


def test_the_first_end_of_a_run_holds() -> None:
    """A later one does not move it back."""
    window = Window(max_rejected=0)
    ends = []
    for sequence in (7, 3, 5, -1, 2):
        window.end_at(sequence)
        ends.append(window.cut)
    assert ends == [7, 3, 3, -1, -1]
