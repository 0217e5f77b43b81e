"""Run seeds: `python -m tests.simulation --seeds 10000 [--from N]`, or one alone: `--seed N`."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.course import run_course
from tests.simulation.drawing import draw
from tests.simulation.shrink import shrunk
from tests.simulation.telling import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.simulation.world import World

# Seconds between two lines of progress.
_PROGRESS = 10.0
# Objects that come between two looks for garbage: a few worlds, each of which goes as a whole.
_LOOK_AFTER = 20_000


class Count(NamedTuple):
    """How it went: seeds, requests, records, failing seeds, and seconds of the processor."""

    seeds: int
    runs: int
    records: int
    requests: int
    failing: tuple[int, ...]
    seconds: float

    def __str__(self) -> str:
        """Tell it."""
        rate = self.seeds / max(self.seconds, 0.001)
        return (
            f"{self.seeds:,} seeds, {self.runs:,} runs, {self.records:,} records, "
            f"{self.requests:,} requests: {len(self.failing)} failures; {rate:.0f} seeds/s"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if anything is wrong."""
    options = _options(arguments)
    if options.seed is not None:
        return _alone(options.seed, shrinks=not options.whole)
    count = run_seeds(range(options.first, options.first + options.seeds), tells=True)
    print(count)  # noqa: T201 - it is a command
    return 1 if count.failing else 0


def run_seeds(seeds: range, *, tells: bool = False) -> Count:
    """Run seeds; tell of each that fails, if that is wanted."""
    with _seldom_tidied():
        return _run_seeds(seeds, tells=tells)


@contextmanager
def _seldom_tidied() -> Iterator[None]:
    """Look for garbage seldom, and not in what was there before: that took a fifth of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _run_seeds(seeds: range, *, tells: bool) -> Count:
    """Run seeds, and count."""
    count, started, due = Count(0, 0, 0, 0, (), 0.0), time.process_time(), time.monotonic()
    for seed in seeds:
        result = run_course(draw(seed))
        runs = result.world.runs
        count = Count(
            count.seeds + 1,
            count.runs + len(runs),
            count.records + sum(len(run.messages) for run in runs),
            count.requests + sum(len(run.sendings) for run in runs),
            (*count.failing, seed) if result.broken else count.failing,
            0.0,
        )
        if tells and result.broken:
            print(f"seed {seed}: {result.broken[0]}", flush=True)  # noqa: T201
        if tells and time.monotonic() - due > _PROGRESS:
            due = time.monotonic()
            so_far = count._replace(seconds=time.process_time() - started)
            print(f"at seed {seed}: {so_far}", file=sys.stderr, flush=True)  # noqa: T201
        _take_apart(result.world)
    return count._replace(seconds=time.process_time() - started)


def _take_apart(world: World) -> None:
    """Let a world go at once: its parts hold each other, which is garbage that has to be found."""
    parts: list[object] = [world.truth, world.firm, world]
    for run in world.runs:
        parts += (run.main, run.settler, run.monitor, run.in_flight, run)
    for part in parts:
        vars(part).clear()


def _alone(seed: int, *, shrinks: bool) -> int:
    """Run one seed, and tell its course; of one that fails, the least that still does."""
    plan = draw(seed)
    result = run_course(plan)
    if result.broken and shrinks:
        plan = shrunk(plan)
        result = run_course(plan)
    print(told(plan, result))  # noqa: T201
    return 1 if result.broken else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="one seed alone, with its course")
    parser.add_argument("--whole", action="store_true", help="do not shrink it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Here and not in `main`, which tests call: what others log is theirs.
    logging.disable(logging.CRITICAL)
    sys.exit(main())
