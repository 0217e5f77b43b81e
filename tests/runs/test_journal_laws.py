"""The journal, whatever it is kept in, against a model that is a dictionary."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import (
    Forget,
    InDoubt,
    Intend,
    JournalStep,
    Known,
    Match,
    Place,
    Recall,
    RecallMatches,
    RecallOwners,
    RecallParent,
    RecallWitnesses,
    Remember,
    Same,
    SetAside,
    Unknown,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.postgres"]

# Texts that a database might not take, or take for each other.
ENDPOINTS = ("create_lead", "create_customer")
STREAMS = ("a", "A\\u0062\x00\ud800é😀")
KEYS = ('["A"]', '["a"]')
IDS = ("7", "\\é\x00\ud800")

endpoints, streams, ids = (st.sampled_from(each) for each in (ENDPOINTS, STREAMS, IDS))
places = st.builds(Place, endpoints, streams, st.sampled_from(KEYS))
contents = st.dictionaries(st.sampled_from(["a", "b\ud800", "c\x00"]), st.sampled_from("12"))
matches = st.lists(st.sampled_from("xy"), unique=True).map(tuple)
wholes = st.sampled_from([None, "1", "2"])
remembers = st.builds(
    Remember,
    place=places,
    apptivo_id=st.none() | ids,
    taken=contents,
    shown=contents,
    matches=matches,
    is_created=st.none() | st.booleans(),
    whole=wholes,
)
steps = st.one_of(
    st.builds(Recall, places, wholes),
    st.builds(RecallMatches, endpoints, matches),
    st.builds(RecallOwners, endpoints, ids),
    st.builds(RecallParent, streams, st.sampled_from(KEYS)),
    st.builds(RecallWitnesses, endpoints),
    st.builds(
        Intend,
        place=places,
        action=st.sampled_from(["create", "update", "delete"]),
        apptivo_id=st.none() | ids,
        matches=matches,
        content=contents,
    ),
    *[remembers] * 3,  # without these there is not much to recall
    st.builds(Withdraw, places),
    st.builds(SetAside, places),
    st.builds(Forget, endpoints, ids),
)


@dataclass
class Entry:
    """What the model remembers of a record."""

    known: Known | None = None
    matches: tuple[str, ...] = ()
    intentions: list[Intend] = field(default_factory=list)

    @property
    def apptivo_id(self) -> str | None:
        """The id that it became."""
        return self.known.apptivo_id if self.known else None

    @property
    def object_id(self) -> str | None:
        """The id that it became, or was about to become where nothing is known."""
        newest = self.intentions[-1].apptivo_id if self.intentions else None
        return self.apptivo_id if self.known else newest


class Model:
    """A journal without a database: no grouping, no order of reading and writing."""

    def __init__(self) -> None:
        """Remember nothing."""
        self.entries: defaultdict[Place, Entry] = defaultdict(Entry)

    def reply(self, step: JournalStep, now: float) -> Any:  # noqa: ANN401, C901, PLR0911
        """Carry out one step."""
        match step:
            case Recall():
                return self.recall(self.entries[step.place], step.whole, now)
            case RecallMatches():
                return {
                    Match(place, entry.apptivo_id)
                    for place, entry in self.of(step.endpoint)
                    if entry.apptivo_id is not None and {*entry.matches} & {*step.matches}
                }
            case RecallOwners():
                return {
                    place
                    for place, entry in self.of(step.endpoint)
                    if entry.object_id == step.apptivo_id
                }
            case RecallParent():
                return self.parent(step)
            case RecallWitnesses():
                return self.witnesses(step.endpoint)
            case Intend():
                older = self.entries[step.place].intentions
                older[:] = [*older[-1:], step]
            case Withdraw():
                del self.entries[step.place].intentions[-1:]
            case SetAside():
                entry = self.entries[step.place]
                entry.known = entry.known and replace(entry.known, whole=None)
                return now
            case Remember():
                self.remember(self.entries[step.place], step)
            case Forget():
                for place in self.reply(RecallOwners(step.endpoint, step.apptivo_id), now):
                    creates = [
                        each for each in self.entries[place].intentions if each.action == "create"
                    ]
                    self.entries[place] = Entry(intentions=creates)
        return None

    def of(self, endpoint: str) -> list[tuple[Place, Entry]]:
        """Give the records of an endpoint."""
        return [each for each in self.entries.items() if each[0].endpoint == endpoint]

    def recall(
        self, entry: Entry, whole: str | None, now: float
    ) -> Same | Known | InDoubt | Unknown:
        """Say what became of a record."""
        if not entry.intentions:
            if entry.known and whole is not None and entry.known.whole == whole:
                return Same(entry.known.apptivo_id, entry.known.taken_at)
            return entry.known or Unknown()
        newest = entry.intentions[-1]
        return InDoubt(
            action=newest.action,
            apptivo_id=newest.apptivo_id,
            matches=newest.matches,
            intended=newest.content,
            age=now - (newest.at or 0),
            before=entry.known,
        )

    def parent(self, step: RecallParent) -> str | None:
        """Find the newest that no create is in doubt of."""
        candidates = [
            entry.known
            for place, entry in self.entries.items()
            if (place.stream, place.key) == (step.stream, step.key)
            and entry.known
            and entry.apptivo_id is not None
            and all(each.action != "create" for each in entry.intentions)
        ]
        return max(candidates, key=lambda each: each.taken_at).apptivo_id if candidates else None

    def witnesses(self, endpoint: str) -> tuple[str, ...]:
        """Find the newest five without an intention."""
        known = [
            entry.known
            for _, entry in self.of(endpoint)
            if entry.known and entry.apptivo_id is not None and not entry.intentions
        ]
        newest = sorted(known, key=lambda each: -each.taken_at)[:5]
        return tuple(dict.fromkeys(str(each.apptivo_id) for each in newest))

    def remember(self, entry: Entry, step: Remember) -> None:
        """Hold what a record became."""
        before = entry.known or Known(apptivo_id=None, is_created=False)
        is_new = step.is_created is not None
        entry.known = Known(
            apptivo_id=before.apptivo_id if step.apptivo_id is None else step.apptivo_id,
            taken={**({} if is_new else before.taken), **step.taken},
            shown={**({} if is_new else before.shown), **step.shown},
            is_created=before.is_created if step.is_created is None else step.is_created,
            taken_at=step.at or 0,
            whole=step.whole,
        )
        entry.matches = step.matches or entry.matches
        entry.intentions.clear()


def named(step: Any, name: str, at: float) -> Any:  # noqa: ANN401
    """Let a step be of this example alone, and of its own moment."""
    if isinstance(step, Recall | Intend | Remember | Withdraw | SetAside):
        place = Place(step.place.endpoint + name, step.place.stream + name, step.place.key)
        step = replace(step, place=place)
    elif isinstance(step, RecallParent):
        step = replace(step, stream=step.stream + name)
    else:
        step = replace(step, endpoint=step.endpoint + name)
    return replace(step, at=at) if isinstance(step, Intend | Remember) else step


def unordered(step: JournalStep, reply: Any) -> Any:  # noqa: ANN401
    """Let the order be no matter where it is none."""
    return set(reply) if isinstance(step, RecallMatches | RecallOwners) else reply


class Time:
    """A clock that stands still until it is moved, at a quarter to the end of time."""

    now = 1e9


@pytest.fixture
def journal(database_url: str) -> Iterator[Journal]:
    """An open journal."""
    Journal.make(database_url, "account")
    with Journal.open(database_url, account="account", now=lambda: Time.now) as journal:
        yield journal


examples = itertools.count()


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(groups=st.lists(st.lists(steps, min_size=5, max_size=20), max_size=6))
def test_it_is_a_dictionary(
    journal: Journal, database_url: str, groups: list[list[JournalStep]]
) -> None:
    """However the steps are grouped, they are answered as one by one, from a dictionary."""
    model, moments, name = Model(), itertools.count(1), f" {next(examples)}"
    for group in groups:
        asked = [named(step, name, next(moments)) for step in group]
        Time.now += 1
        replies = journal.carry_out(asked)
        assert len(replies) == len(asked)
        for step, reply in zip(asked, replies, strict=True):
            assert unordered(step, reply) == model.reply(step, Time.now)
    everything = [
        Recall(Place(endpoint + name, stream + name, key))
        for endpoint, stream, key in itertools.product(ENDPOINTS, STREAMS, KEYS)
    ]
    time = Time.now
    with Journal.open(database_url, account="account", read_only=True, now=lambda: time) as reader:
        replies = reader.carry_out(everything)
    assert replies == [model.reply(step, time) for step in everything]


def test_what_comes_later_is_later_by_the_clock(journal: Journal) -> None:
    """Also where that stands still, or is set back: else older data would count as newer."""
    places = [Place("create_lead", "leads", f'["{n}"]') for n in range(3)]
    times = []
    for place, back in zip(places, (0.0, 0.0, 3_600.0), strict=True):
        Time.now -= back
        times += journal.carry_out([SetAside(place)])
        journal.carry_out([Remember(place=place, apptivo_id="1")])
        times.append(journal.carry_out([Recall(place)])[0].taken_at)
    assert times == sorted({*times})
