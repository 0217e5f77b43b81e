"""Make a failing plan smaller, as long as it still fails: what is left is what it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation.course import run_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.plan import Plan, RunPlan

_MOST_TRIES = 400


def shrunk(plan: Plan) -> Plan:
    """Give a smaller plan that still fails, tried out a few hundred times at most."""
    tries, is_smaller = 0, True
    while is_smaller and tries < _MOST_TRIES:
        is_smaller = False
        for each in smaller(plan):
            tries += 1
            if run_course(each).broken:
                plan, is_smaller = each, True
                break
            if tries >= _MOST_TRIES:
                break
    return plan


def smaller(plan: Plan) -> Iterator[Plan]:
    """Give plans that are smaller in one way: runs, streams, changes, acts, faults."""
    number = len(plan.runs)
    for index in range(number - 1, -1, -1):
        if number > 1:
            yield replace(plan, runs=plan.runs[:index] + plan.runs[index + 1 :])
    for index, run in enumerate(plan.runs):
        for each in _smaller_runs(run):
            yield replace(plan, runs=(*plan.runs[:index], each, *plan.runs[index + 1 :]))
    yield from _without_faults(plan)


def _smaller_runs(run: RunPlan) -> Iterator[RunPlan]:
    """Give runs with less in them."""
    if run.weather.rate:
        yield replace(run, weather=replace(run.weather, rate=0.0))
    if run.ending != "end":
        yield replace(run, ending="end")
    if run.tap_pause:
        yield replace(run, tap_pause=0.0)
    for index in range(len(run.acts)):
        yield replace(run, acts=run.acts[:index] + run.acts[index + 1 :])
    half = len(run.changes) // 2
    if half > 1:
        yield replace(run, changes=run.changes[:half])
        yield replace(run, changes=run.changes[half:])
    for index in range(len(run.changes)):
        yield replace(run, changes=run.changes[:index] + run.changes[index + 1 :])


def _without_faults(plan: Plan) -> Iterator[Plan]:
    """Give plans in which one fault more does not befall."""
    for run in run_course(plan).world.runs:
        for sending in run.sendings:
            place = (run.number, sending.number)
            if sending.fate != "ok" and place not in plan.muted:
                yield replace(plan, muted=plan.muted | {place})
