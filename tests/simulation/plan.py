"""What a seed says: settings, habits of Apptivo, weather, and what happens in each run. Values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str]
Row = dict[str, Any]
# The first id that Apptivo gives.
FIRST_ID = 8_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One stream, and how its records are treated; the fields are named like the settings."""

    name: str
    endpoint: str
    load_method: str = "append-only"
    match_on: tuple[str, ...] = ()
    on_conflict: str = "overwrite"
    update_nulls: bool = False
    hard_delete: bool = False
    parent: str | None = None
    on_missing: str = "reject"
    has_keys: bool = True
    method: str = "POST"
    batch: int = 0
    splits: bool = False
    has_results: bool = False
    has_ids: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether a record that is known is not created again."""
        return self.load_method != "append-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The settings of a seed."""

    lanes: tuple[Lane, ...]
    style: str
    has_journal: bool
    on_uncertain: str
    max_attempts: int
    max_in_flight: int
    max_rejected: int
    settle_seconds: float
    read_timeout: float
    requests_per_second: float | None
    most_records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How this Apptivo behaves.

    Attributes:
        index_delay: The longest until search shows what is there, in seconds.
        criteria: `heeded`; `ignored`: everything is found; `refused`; `blind`: nothing is found.
        finds_near: Whether search shows near matches, first.
        shows_whole: Whether answers show the whole object, or its id alone.
        numbers_as_text: Whether numbers come back as text with two decimals.
        missing: What a read of what is not there is answered with: `failure`, `404` or `empty`.
        envelope: Where answers show an object: `own`, `data` or `flat`.
        commit_delay: The longest until a request is carried out, in seconds.
    """

    index_delay: float
    criteria: str
    finds_near: bool
    shows_whole: bool
    numbers_as_text: bool
    missing: str
    envelope: str
    commit_delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What may befall requests: how often, and what."""

    rate: float
    kinds: tuple[str, ...]
    latency: float
    outage: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The source moves on: a row is there anew, changes, or is gone (`row` is none)."""

    key: Key
    row: Row | None


@dataclass(frozen=True, slots=True)
class Act:
    """What people do in Apptivo: `edit`, `clear`, `delete`, `double`, `add` (an e-mail) or `rival`.

    Attributes:
        at: Seconds after the run's beginning; below zero: before it.
        kind: What they do.
        which: A number by which the object is chosen.
        name: The attribute.
    """

    at: float
    kind: str
    which: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One run.

    Attributes:
        changes: What the source does before it.
        acts: What people do before and during it.
        reads: `log`: every change since the STATE; `table`: every row; `rejected`: the rejected
            file of the runs before.
        resumes: How many STATEs back the tap resumes.
        state_every: After how many records a STATE comes.
        tap_pause: The longest pause of the tap before a message.
        ending: `end`, `crash`, `term` or `journal`: what ends it.
        ends_at: The step of the run at which that happens; below zero: how many requests that
            change something have left then.
        pause: Seconds since the run before.
        weather: What may befall its requests.
        is_calm: Whether nothing is set against it: no fault, no limit of `max_rejected`.
    """

    changes: tuple[Change, ...] = ()
    acts: tuple[Act, ...] = ()
    reads: str = "log"
    resumes: int = 0
    state_every: int = 3
    tap_pause: float = 0.0
    ending: str = "end"
    ends_at: int = 0
    pause: float = 1.0
    weather: Weather
    is_calm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The course of one seed; `muted` are the faults that are left out, by run and number."""

    seed: int
    setup: Setup
    habits: Habits
    runs: tuple[RunPlan, ...]
    muted: frozenset[tuple[int, int]] = field(default=frozenset())
