"""What a seed draws: records, settings, what befalls requests, and who stops a run when."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.conftest import ACCESS_KEY, API_KEY, KEYS
from tests.fuzz.network import REFUSALS, SPOILS
from tests.simulation.dice import dice

if TYPE_CHECKING:
    from random import Random

_FIRST_MARK = 700_000
_NAMES = {
    "leads": "lastName",
    "customers": "customerName",
    "cases": "caseSummary",
    "bulk": "lastName",
}
_FORM = {"content_format": "application/x-www-form-urlencoded", "data_param": "formData"}
_STREAMS: dict[str, dict[str, Any]] = {
    "leads": {"endpoint": "create_lead"},
    "customers": {"endpoint": "create_customer"},
    "cases": {"endpoint": "create_case"},
    "things": {"url": "v6/things?a=save", "params": {"slot": "{slot}"}},
    "forms": {"url": "v6/forms?a=save", **_FORM},
    "puts": {"url": "v6/puts/{mark}", "method": "PUT"},
    "gone": {"url": "v6/gone/{mark}", "method": "DELETE"},
    "bulk": {"url": "v6/leads/batch"},
}
# What the reading ends at: nothing, a line that was cut, one that is no message, one not taken.
_ENDS = ("", "", "", "", "", '{"type": "RECO', '{"no": "type"}\n', '{"type": "BATCH"}\n')
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Row:
    """A record; its mark is in every request that is made of it, and in no other.

    `wrong` says what is: `ours` is refused before it is sent, `theirs` by the sandbox.
    """

    mark: int
    stream: str
    record: dict[str, Any]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Blow:
    """A signal, perhaps twice, some seconds after so many requests."""

    number: signal.Signals
    after: int
    pause: float
    is_doubled: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed draws: items are records, and states by their place; blows are by run."""

    seed: int
    has_journal: bool
    settings: dict[str, Any]
    items: list[Row | int]
    end: str
    blows: list[Blow]
    spoils: dict[str, float]
    latency_ms: float

    @property
    def rows(self) -> list[Row]:
        """The records."""
        return [item for item in self.items if isinstance(item, Row)]

    @classmethod
    def draw(cls, seed: int) -> Self:
        """Draw one."""
        chance = dice(seed, "plan")
        has_journal = chance.random() < 0.4
        settings = {**KEYS, **_settings(chance), "streams": _streams(chance, has_journal)}
        return cls(
            seed,
            has_journal,
            settings,
            _items(chance, [*settings["streams"]]),
            chance.choice(_ENDS),
            [_blow(chance) for _ in range(chance.choice((0, 0, 1, 1, 1, 2)))],
            _spoils(chance),
            chance.choice((0, 2, 10)),
        )


def _settings(chance: Random) -> dict[str, Any]:
    """Draw the settings; paths are relative to the folder of the seed."""
    emit = chance.choice(("none", "state", "records", "records"))
    path = {"path": "responses"} if emit == "records" and chance.random() < 0.7 else {}
    hook = {"webhook_url": "hook"} if chance.random() < 0.2 else {}
    return {
        "api_style": chance.choice(("rest", "action")),
        "max_in_flight": chance.choice((1, 2, 8, 32)),
        "max_attempts": chance.choice((1, 3, 5)),
        "max_rejected": chance.choice((0, 3, -1, -1, -1)),
        "on_uncertain": chance.choice(("resend", "hold")),
        "read_timeout": 2,
        "settle_seconds": 1,
        "dry_run": chance.random() < 0.03,
        "responses": {"emit": emit, **path, **hook, "state_limit": 10_000},
    }


def _streams(chance: Random, has_journal: bool) -> dict[str, Any]:  # noqa: FBT001
    """Draw streams and their options."""
    streams: dict[str, Any] = {}
    for name in chance.sample([*_STREAMS], chance.randint(1, 4)):
        streams[name] = {"endpoint": "generic", **_STREAMS[name]}
        if has_journal and name in {"leads", "customers"} and chance.random() < 0.5:
            streams[name]["match_on"] = _NAMES[name]
    if "bulk" in streams:
        batch = {"size": chance.choice((2, 7, 30)), "property_name": "records"}
        batch |= {"results_path": "results", "split_rejected": chance.random() < 0.5}
        streams["bulk"]["batch"] = batch
    return streams


def _spoils(chance: Random) -> dict[str, float]:
    """Draw what befalls requests, and how often; refusals are rare, or all runs end by one."""
    kinds, rate = chance.sample(SPOILS, chance.randint(1, 6)), chance.choice((0.0, 0.03, 0.1, 0.3))
    return {kind: rate / len(kinds) / (4 if kind in REFUSALS else 1) for kind in kinds}


def _blow(chance: Random) -> Blow:
    """Draw a signal."""
    after, pause = chance.randint(0, 40), chance.random() * 0.02
    return Blow(chance.choice(_SIGNALS), after, pause, chance.random() < 0.1)


def _items(chance: Random, streams: list[str]) -> list[Row | int]:
    """Draw records, with states among them and at the end."""
    items: list[Row | int] = []
    keys, wrong = chance.choice((5, 40, 1_000)), chance.choice((0.0, 0.0, 0.03))
    state, most = chance.choice((0.02, 0.2, 1.0)), chance.choice((1, 20, 60, 120))
    for number in range(most):
        row = _row(chance, _FIRST_MARK + number, chance.choice(streams), chance.randrange(keys))
        items.append(_spoiled(chance, row) if chance.random() < wrong else row)
        if chance.random() < state:
            items.append(len(items))
    return [*items, len(items)]


def _row(chance: Random, mark: int, stream: str, key: int) -> Row:
    """Draw a record."""
    record = {"id": key, "mark": mark, "slot": "a/b ü", "note": f"private-{mark}", "size": 1.5}
    named = {_NAMES[stream]: f"Name {key}"} if stream in _NAMES else {}
    keys = {"told": f"{API_KEY} {ACCESS_KEY}"} if chance.random() < 0.05 else {}
    return Row(mark, stream, {**record, **named, **keys})


def _spoiled(chance: Random, row: Row) -> Row:
    """Draw what is wrong with a record."""
    name = _NAMES.get(row.stream, "slot" if row.stream == "things" else "id")
    part, value = chance.choice((("size", "wide"), ("id", None), (name, None)))
    wrong = "theirs" if part in _NAMES.values() else "ours"
    record = {**row.record, part: value}
    if part == "id":
        del record["id"]
    return Row(row.mark, row.stream, record, wrong)
