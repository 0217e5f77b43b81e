"""Run seeds, some at once: in processes, since one cannot start processes in many threads."""

from __future__ import annotations

import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.course import Course
from tests.fuzz.oracle import judge
from tests.fuzz.plan import Plan

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

_AT_ONCE = 4


class Result(NamedTuple):
    """What came of a seed: exit codes, what befell requests, and what is not as it must be."""

    seed: int
    codes: list[int | None]
    befallen: Counter[str]
    broken: list[str]


def run_seed(seed: int) -> Result:
    """Run a seed."""
    with tempfile.TemporaryDirectory() as name:
        course = Course(Plan.draw(seed), Path(name))
        course.run()
        codes = [run.code for run in course.runs]
        return Result(seed, codes, course.network.befallen, [*judge(course, Path(name))])


def run_seeds(seeds: Iterable[int]) -> Iterator[Result]:
    """Run some seeds."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(_AT_ONCE, mp_context=context) as pool:
        yield from pool.map(run_seed, seeds)
