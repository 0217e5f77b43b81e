"""Draw a plan from a seed: settings, habits and weather, and the course of its runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.simulation.dice import dice
from tests.simulation.drawing_lanes import draw_lanes
from tests.simulation.drawing_rows import Source
from tests.simulation.plan import Act, Change, Habits, Lane, Plan, RunPlan, Setup, Weather

if TYPE_CHECKING:
    from random import Random

FAULTS: Final = (
    *("refused", "lost_before", "lost_after", "timeout", "cut", "garbled", "empty", "slow"),
    *("throttled", "unavailable", "server_error", "failure", "http_400", "redirect", "bare"),
    *("exists", "stranger"),
)
LOST: Final = ("lost_before", "lost_after", "timeout", "cut", "server_error", "slow")
REFUSED: Final = ("throttled", "throttled", "failure", "http_400")
# How many courses have one: changes that are refused and taken back are rare else.
_DETOURS: Final = 0.03
EDITED: Final = ("description", "potentialAmount", "emailAddresses", "customAttributes.input_4_1")


def draw(seed: int) -> Plan:
    """Draw the plan of a seed."""
    has_journal = dice(seed, "journal").random() < 0.85
    lanes = draw_lanes(dice(seed, "lanes"), has_journal=has_journal)
    setup = _setup(dice(seed, "setup"), lanes, has_journal=has_journal)
    habits = _habits(dice(seed, "habits"), setup.settle_seconds)
    return Plan(seed=seed, setup=setup, habits=habits, runs=_runs(seed, setup))


def _setup(rng: Random, lanes: tuple[Lane, ...], *, has_journal: bool) -> Setup:
    """Draw the settings of the first level."""
    return Setup(
        lanes=lanes,
        style=rng.choice(("rest", "action")),
        has_journal=has_journal,
        on_uncertain=rng.choice(("resend", "resend", "hold")),
        max_attempts=rng.choice((1, 2, 3, 5, 5)),
        max_in_flight=rng.choice((1, 2, 4, 8)),
        max_rejected=rng.choice((0, 1, 3, -1, -1, -1)),
        settle_seconds=rng.choice((5.0, 20.0, 60.0)),
        read_timeout=rng.choice((10.0, 120.0)),
        requests_per_second=rng.choice((None, None, None, 2.0)),
        most_records=rng.choice((2, 5, 50_000, 50_000)),
    )


def _habits(rng: Random, settle_seconds: float) -> Habits:
    """Draw how Apptivo behaves; what it does late is done, and found, within `settle_seconds`."""
    share = rng.choice((0.0, 0.3, 0.9)) * rng.random()
    return Habits(
        index_delay=rng.choice((0.0, 0.5, 0.9)) * settle_seconds * (1 - share),
        criteria=rng.choice(("heeded",) * 14 + ("ignored", "ignored", "refused", "blind")),
        finds_near=rng.random() < 0.3,
        shows_whole=rng.random() < 0.7,
        numbers_as_text=rng.random() < 0.3,
        missing=rng.choice(("failure", "404", "empty")),
        envelope=rng.choice(("own", "own", "data", "flat")),
        commit_delay=share * settle_seconds * 0.95,
    )


def _runs(seed: int, setup: Setup) -> tuple[RunPlan, ...]:
    """Draw the runs: some under weather, and two calm ones that read everything."""
    rng, source = dice(seed, "runs"), Source(dice(seed, "rows"), setup.lanes)
    number = rng.choice((1, 2, 2, 3, 3))
    runs = [_run(rng, source, setup, is_first=index == 0) for index in range(number)]
    for index in range(number):
        if dice(seed, "storm", index).random() < 0.1:
            _strike(dice(seed, "strike", index), runs, index)
    if setup.max_rejected and dice(seed, "detour").random() < _DETOURS:
        runs += _detour(source)
    return (*runs, _calm(setup, ()), _calm(setup, ()))


def _strike(rng: Random, runs: list[RunPlan], index: int) -> None:
    """Have a run throttled for long and killed then, and the next one follow at once."""
    weather = Weather(rate=0.5, kinds=("throttled",), latency=0.5)
    runs[index] = replace(
        runs[index],
        weather=weather,
        reads="log",
        ending="crash",
        ends_at=-rng.randint(1, 8),
        tap_pause=0.0,
    )
    if index + 1 < len(runs):
        calm = replace(weather, rate=0.0)
        runs[index + 1] = replace(
            runs[index + 1], weather=calm, reads="log", resumes=0, pause=0.5, ending="end"
        )


def _detour(source: Source) -> list[RunPlan]:
    """Give a run whose changes are refused, one in which they are taken back, and their replay."""
    there, back = source.goes_and_comes_back()
    refusing = Weather(rate=0.7, kinds=("failure", "http_400"), latency=0.2)
    calm = replace(refusing, rate=0.0)
    return [
        RunPlan(changes=there, weather=refusing),
        RunPlan(changes=back, weather=calm),
        RunPlan(reads="rejected", weather=calm),
    ]


def _calm(setup: Setup, changes: tuple[Change, ...]) -> RunPlan:
    """Give a run against which nothing is set."""
    weather = Weather(rate=0.0, kinds=FAULTS, latency=0.2)
    pause = 4 * setup.settle_seconds
    return RunPlan(changes=changes, reads="table", pause=pause, weather=weather, is_calm=True)


def _run(rng: Random, source: Source, setup: Setup, *, is_first: bool) -> RunPlan:
    """Draw a run that something may be set against."""
    reads = rng.choice(("log", "log", "table"))
    if not is_first and setup.max_rejected and rng.random() < 0.25:
        reads = "rejected"
    ending = rng.choice(("end",) * 6 + ("crash",) * 5 + ("term", "term", "journal"))
    return RunPlan(
        changes=source.moves_on(rng.randint(2, 6) if is_first else rng.randint(0, 4)),
        acts=_acts(rng, source, is_first=is_first),
        reads=reads,
        resumes=rng.choice((0, 0, 0, 1, 3)),
        state_every=rng.choice((1, 2, 4)),
        tap_pause=rng.choice((0.0, 0.0, 0.5, 20.0)),
        ending=ending,
        ends_at=rng.choice((rng.randint(1, rng.choice((15, 40, 120))), -rng.randint(1, 5))),
        pause=rng.choice((0.5, 3.0, 30.0, 300.0)),
        weather=_weather(rng, setup),
    )


def _acts(rng: Random, source: Source, *, is_first: bool) -> tuple[Act, ...]:
    """Draw what people do before and during a run."""
    acts = [source.rival(rng) for _ in range(rng.choice((0, 0, 1, 2)))] if is_first else []
    number = rng.choice((0, 1, 1, 3))
    return (*acts, *(_act(rng, is_first=is_first) for _ in range(number)))


def _act(rng: Random, *, is_first: bool) -> Act:
    """Draw one act of theirs; mostly while nothing runs."""
    at = -1.0 if rng.random() < 0.7 and not is_first else rng.choice((0.3, 2.0, 10.0))
    kind = rng.choice(("edit",) * 8 + ("clear", "add", "add", "delete", "double"))
    name = "emailAddresses" if kind == "add" else rng.choice(EDITED)
    return Act(at, kind, rng.randrange(1_000), name)


def _weather(rng: Random, setup: Setup) -> Weather:
    """Draw what may befall requests."""
    rate = rng.choice((0.0, 0.0, 0.05, 0.2, 0.5))
    kinds = rng.choice((FAULTS, FAULTS, LOST, ("lost_after", "timeout"), REFUSED))
    if rng.random() < 0.05:
        kinds = (*kinds, "credentials")
    start = rng.choice((0.0, 1.0, 10.0))
    outage = (start, start + rng.choice((5.0, 1_000.0))) if rng.random() < 0.1 else None
    latency = rng.choice((0.05, 0.5, setup.read_timeout / 3))
    return Weather(rate=rate, kinds=kinds, latency=latency, outage=outage)
