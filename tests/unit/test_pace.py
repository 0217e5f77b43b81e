"""How many at once and how many a second, on a clock that the test holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.delivery.pace import Pace, seconds_to_wait

fixed = settings(derandomize=True, deadline=None, max_examples=100)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
YEAR = 365 * 24 * 3600.0

# What may happen to a pace: an answer with so many under way, or a push-back.
events = st.lists(
    st.tuples(st.just("healthy"), st.integers(0, 50))
    | st.tuples(st.just("pushed back"), st.integers(0, 50)),
    max_size=60,
)


# -- Retry-After ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("0", 0),
        ("2", 2),
        (" 120 ", 120),
        ("007", 7),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30),
        ("Monday, 23-Nov-26 12:00:30 GMT", 30),
        ("Mon Nov 23 12:00:30 2026", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("3.5", 3.5),
        ("1e3", 0),
        ("\u0665", 0),
        ("Mon, 99 Nov 2026 12:00:30 GMT", 0),
        ("Mon, 23 Nov 2026 12:00:30 +99999999999999", 0),
        ("9" * 400, YEAR),
        ("99999999999", YEAR),
        ("Fri, 31 Dec 9999 23:59:59 GMT", YEAR),
    ],
    ids=range(22),
)
def test_retry_after_is_seconds_or_a_date(retry_after: str | None, seconds: float) -> None:
    """What cannot be read is no wait, and no server stops the run for more than a year."""
    assert seconds_to_wait(retry_after, NOW) == seconds


@fixed
@given(st.text(max_size=40) | st.text("0123456789 :,+-GMTNov", max_size=40))
def test_no_retry_after_breaks_the_run(retry_after: str) -> None:
    """Whatever a server writes, the wait is a number that a lock can wait for."""
    assert 0 <= seconds_to_wait(retry_after, NOW) <= YEAR


@fixed
@given(st.integers(0, 10**6))
def test_a_date_is_as_far_as_its_seconds(seconds: int) -> None:
    """Both spellings of one wait are the same wait."""
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_to_wait(date, NOW) == seconds_to_wait(str(seconds), NOW) == seconds


# -- the limit ------------------------------------------------------------------------------------


@fixed
@given(st.integers(1, 40), events)
def test_the_limit_stays_within_its_bounds(ceiling: int, happened: list[tuple[str, int]]) -> None:
    """For any answers the limit is at least 1 and at most `max_in_flight`, moved as they ask."""
    pace = Pace(ceiling)
    for now, (event, number) in enumerate(happened):
        before = pace.limit
        if event == "healthy":
            pace.healthy(number)
            assert before <= pace.limit <= before + 1
        elif pace.pushed_back(sent_at=now - number, now=now, wait=0):
            assert pace.limit == max(1, before // 2)
        else:
            assert pace.limit == before
        assert 1 <= pace.limit <= ceiling


def test_the_limit_starts_low_and_doubles_each_round() -> None:
    """A round is as many answers as the limit; until the first cut each doubles it."""
    pace = Pace(16)
    limits = [pace.limit]
    for _ in range(4):
        for _ in range(pace.limit):
            pace.healthy(pace.limit)
        limits.append(pace.limit)
    assert limits == [2, 4, 8, 16, 16]
    assert Pace(1).limit == 1


def test_after_a_cut_the_limit_gains_one_a_round() -> None:
    """Where the end of the road is known, it is neared with care."""
    pace = Pace(100)
    for _ in range(14):
        pace.healthy(100)
    assert pace.limit == 16
    assert pace.pushed_back(sent_at=0, now=1, wait=0)
    limits = [pace.limit]
    for _ in range(3):
        for _ in range(pace.limit + 1):
            pace.healthy(100)
        limits.append(pace.limit)
    assert limits == [8, 9, 10, 11]


def test_a_limit_that_is_not_used_does_not_climb() -> None:
    """Answers to a slow tap say nothing of what Apptivo would take."""
    pace = Pace(8)
    for _ in range(50):
        pace.healthy(1)
    assert pace.limit == 2


def test_the_limit_is_cut_once_for_a_round() -> None:
    """All requests that were under way at the first push-back count as one."""
    pace = Pace(64)
    for _ in range(62):
        pace.healthy(64)
    cuts = [pace.pushed_back(sent_at=10, now=now, wait=0) for now in (11, 11.5, 12)]
    assert cuts == [True, False, False]
    assert pace.limit == 32
    assert pace.pushed_back(sent_at=11, now=13, wait=0)
    assert pace.limit == 16


# -- the wait -------------------------------------------------------------------------------------


def test_a_push_back_holds_everyone_back() -> None:
    """The longest wait asked for holds, also one that comes with no cut."""
    pace = Pace(8)
    assert pace.wait(now=100) == 0
    pace.pushed_back(sent_at=99, now=100, wait=30)
    pace.pushed_back(sent_at=99, now=101, wait=2)
    assert pace.wait(now=101) == 29
    pace.pushed_back(sent_at=99, now=101, wait=60)
    assert pace.wait(now=131) == 30
    assert pace.wait(now=161) == 0


@fixed
@given(
    st.sampled_from([0.5, 1, 3, 10, 250.0]),
    st.lists(st.floats(0, 5), min_size=2, max_size=40),
)
def test_requests_per_second_is_a_hard_ceiling(rate: float, pauses: list[float]) -> None:
    """However the work comes, two requests that follow the wait are never closer than 1/rate."""
    pace, now, sent = Pace(8, rate), 1000.0, []
    for pause in pauses:
        now += pause
        now += pace.wait(now)
        assert pace.wait(now) == pytest.approx(0, abs=1e-9)
        pace.sent(now)
        sent.append(now)
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) >= 1 / rate - 1e-9


def test_without_a_ceiling_requests_are_not_spaced() -> None:
    """Only the limit and Apptivo's own push-back hold them back."""
    pace = Pace(8)
    pace.sent(5)
    assert pace.wait(5) == 0
