"""Killed at any moment, and run again until done: nothing doubled, nothing missing (12.1, 12.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_apptivo.sandbox import Sandbox
from tests.kills import Course, counts, run_course

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["tests.postgres"]


@pytest.mark.parametrize("max_in_flight", [8, 32])
def test_with_match_on_nothing_is_doubled_or_missing(
    tmp_path: Path, database_url: str, max_in_flight: int
) -> None:
    """What was under way is looked for: found, or sent again."""
    course = Course(tmp_path, database_url, max_in_flight, match_on=True, kills=5, seed=1)
    found = run_course(course)
    assert found == dict.fromkeys(range(course.records), 1)
    assert course.codes[-2:] == [0, 0]


@pytest.mark.parametrize("max_in_flight", [8, 32])
def test_without_it_and_held_nothing_is_doubled_and_the_missing_are_named(
    tmp_path: Path, database_url: str, max_in_flight: int
) -> None:
    """What is in doubt is not sent: each of it is set aside as uncertain, so people can look."""
    course = Course(
        tmp_path, database_url, max_in_flight, match_on=False, on_uncertain="hold", kills=5, seed=2
    )
    found = run_course(course)
    assert set(found.values()) == {1}
    missing = set(range(course.records)) - set(found)
    assert missing <= course.set_aside()
    assert course.codes[-2:] == [0, 0]


def test_without_it_and_resent_nothing_is_missing(tmp_path: Path) -> None:
    """What is in doubt is sent again, which may double it; what had its outcome is not."""
    url = f"sqlite:///{tmp_path}/journal.db"
    course = Course(tmp_path, url, 8, match_on=False, kills=3, seed=3)
    found = run_course(course)
    assert set(found) == set(range(course.records))
    assert sum(found.values()) - course.records <= course.killed * (3 * course.max_in_flight)


def test_killed_updates_are_brought_to_their_end(tmp_path: Path, database_url: str) -> None:
    """Every record has what the source says at the end, and is there once."""
    course = Course(tmp_path, database_url, 8, match_on=False, kills=5, seed=4)
    with Sandbox(latency_ms=2) as sandbox:
        course.configure(sandbox)
        course.finish("--journal")
        course.finish()
        course.write("day two")
        course.kill_and_finish(sandbox)
        assert counts(sandbox) == dict.fromkeys(range(course.records), 1)
        held = {record["description"] for record in sandbox.records["leads"]}
        assert held == {"day two"}
        before = sandbox.request_count
        course.finish()
        assert sandbox.request_count == before
    assert set(course.codes) == {0}
