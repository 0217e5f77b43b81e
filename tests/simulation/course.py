"""The course of one seed: the source moves on, people act, runs run, and all is checked."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_apptivo.apptivo import search
from tests.simulation.account import Account
from tests.simulation.dice import dice
from tests.simulation.people import People
from tests.simulation.run import Run
from tests.simulation.tap import Tap
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.plan import Plan, RunPlan

_PAGE_SIZE = 3
_MOST_TURNS = 30_000


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a course: what is wrong, if anything, and how it went."""

    broken: tuple[str, ...]
    world: World


def run_course(plan: Plan) -> Result:
    """Run the course of a plan, as far as nothing is wrong."""
    course = Course(plan)
    with _small_pages():
        for number, each in enumerate(plan.runs):
            course.run(number, each)
            if course.world.truth.broken:
                break
    return Result(tuple(course.world.truth.broken), course.world)


class Course:
    """The runs of one world."""

    def __init__(self, plan: Plan) -> None:
        """Begin."""
        self.world = World(plan)
        self._tap = Tap(self.world)
        self._account = Account(self.world)
        self._order = dice(plan.seed, "scheduler")

    def run(self, number: int, plan: RunPlan) -> None:
        """Let time go by, then run the target to its end."""
        world = self.world
        world.pass_by(plan.pause)
        world.disk.fails = False
        self._tap.moves_on(plan.changes)
        People(world).act(plan.acts)
        run = Run(world, number, plan, self._tap.reads(number, plan))
        world.runs.append(run)
        world.truth.beginning()
        self._to_the_end(run)
        if not world.truth.broken:
            self._account.after(run)

    def _to_the_end(self, run: Run) -> None:
        """Do one thing after another, in an order of the dice; time goes by when nothing can be."""
        world = self.world
        turns = 0
        broken, chance = world.truth.broken, self._order.random
        while not (run.is_over or broken):
            turns += 1
            if turns > _MOST_TURNS:
                world.truth.break_("the run never ends: time goes by, and nothing is done")
            if world.due <= world.now and chance() < 0.5:
                world.happen()
            elif run.step():
                continue
            elif (due := min(world.due, run.due)) < math.inf:
                world.now = max(world.now, due)
                if world.due <= due:
                    world.happen()
            else:
                world.truth.break_("the run hangs: nothing can be done any more")


@contextmanager
def _small_pages() -> Iterator[None]:
    """Have searches come in pages of a few rows, as there are only a few objects."""
    before = search.PAGE_SIZE
    search.PAGE_SIZE = _PAGE_SIZE  # type: ignore[misc]
    try:
        yield
    finally:
        search.PAGE_SIZE = before  # type: ignore[misc]
