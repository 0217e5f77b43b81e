"""Who is next, who waits for whom, and what travels together: for any mix of what may happen."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.batch import Batch
from target_apptivo.apptivo.request import Address
from target_apptivo.apptivo.steps import Join, Send, Together
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery.batches import Batches
from target_apptivo.delivery.books import Books
from target_apptivo.delivery.lines import Lines
from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record
from target_apptivo.delivery.schedule import Queue, Waiting
from target_apptivo.delivery.turns import Turns
from target_apptivo.journal.steps import Forget, Intend, Place, Recall, Remember, Withdraw
from tests.flight import POST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.steps import Step

fixed = settings(derandomize=True, deadline=None, max_examples=80)


async def nothing() -> Verdict:
    """Do nothing."""
    return Verdict(outcome=Outcome.SKIPPED)


def way(
    sequence: int,
    *,
    stream: str = "s",
    step: Step[Any] | None = None,
    **options: Any,  # noqa: ANN401
) -> PendingWay:
    """Make the way of a record at a place in the input."""
    record = Record(stream=stream, endpoint="generic", key={"id": sequence}, message={})
    return PendingWay(nothing, [PendingRecord(record, sequence=sequence, **options)], step=step)


def sequences(ways: Iterable[PendingWay]) -> list[int]:
    """Give where in the input ways begin."""
    return [each.sequence for each in ways]


# -- the queue, and what waits for a time ---------------------------------------------------------


@fixed
@given(st.lists(st.integers(0, 20) | st.none(), max_size=60), st.integers(-1, 20))
def test_the_earliest_in_the_input_is_first(events: list[int | None], cut: int) -> None:
    """Of those of one place the one that came first; none is lost, and none behind the cut is."""
    queue, model = Queue(), list[PendingWay]()
    for sequence in events:
        if sequence is not None:
            model.append(way(sequence))
            queue.put(model[-1])
        elif model:
            first = min(model, key=lambda each: each.sequence)
            model.remove(first)
            assert queue.pop() is first
        assert len(queue) == len(model)
        assert queue.has() == bool(model)
        assert queue.has(cut) == any(each.sequence <= cut for each in model)
        assert Counter(queue) == Counter(model)


@fixed
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=60))
def test_what_waits_for_a_time_is_given_then(events: list[tuple[bool, float]]) -> None:
    """Not before, and the one that is due first at first; of equal ones the one that came first."""
    waiting, model, now = Waiting(), list[tuple[float, PendingWay]](), 0.0
    for number, (is_put, seconds) in enumerate(events):
        if is_put:
            model.append((now + seconds, way(number)))
            waiting.put(model[-1][1], model[-1][0])
        else:
            now += seconds
            due = sorted((each for each in model if each[0] <= now), key=lambda each: each[0])
            assert list(waiting.take_due(now)) == [each for _, each in due]
            model = [each for each in model if each not in due]
        assert waiting.due == min((until for until, _ in model), default=math.inf)
        assert Counter(waiting) == Counter(each for _, each in model)


# -- lines ----------------------------------------------------------------------------------------


@dataclass
class Queues:
    """A model of the lines: a list of what was read and has no outcome, looked through."""

    unsettled: list[PendingWay] = field(default_factory=list)
    parents: dict[PendingWay, list[PendingWay]] = field(default_factory=dict)

    def read(self, one: PendingWay) -> list[PendingRecord]:
        """Take a record; give those that it waits for."""
        (pending,) = one.records
        self.parents[one] = [
            named[-1]
            for name in pending.parents
            if (named := [each for each in self.unsettled if each.records[0].is_parent == name])
        ]
        before = [
            same[-1]
            for line in pending.lines
            if (same := [each for each in self.unsettled if line in each.records[0].lines])
        ]
        awaited = [*self.parents[one], *before]
        self.unsettled.append(one)
        return [each.records[0] for each in awaited]

    def is_free(self, one: PendingWay) -> bool:
        """Whether no earlier record of its lines, and no parent of it, is without outcome."""
        earlier = self.unsettled[: self.unsettled.index(one)]
        lines = set(one.records[0].lines)
        in_line = [each for each in earlier if lines & set(each.records[0].lines)]
        return not in_line and not set(self.parents[one]) & set(self.unsettled)

    def is_awaited(self, one: PendingWay) -> bool:
        """Whether a later one shares a line with it, or is its child."""
        lines = set(one.records[0].lines)
        return any(
            lines & set(each.records[0].lines) or one in self.parents[each]
            for each in self.unsettled
            if each is not one
        )


NAMES = st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple)
READS = st.tuples(NAMES, st.sampled_from([None, None, "p", "q"]), st.sets(st.sampled_from("pq")))


@fixed
@given(st.lists(READS | st.integers(0, 5), max_size=40))
def test_everybody_waits_for_earlier_ones_and_is_freed_once(events: list[Any]) -> None:
    """Those of one line go in input order, one at a time; children after their parents."""
    lines, model, started = Lines(), Queues(), list[PendingWay]()

    def leave(one: PendingWay) -> None:
        was_free = {each for each in model.unsettled if model.is_free(each)}
        model.unsettled.remove(one)
        now_free = [each for each in model.unsettled if model.is_free(each)]
        freed = list(lines.leave(one.records[0]))
        assert len(freed) == len(set(freed))
        assert set(freed) == set(now_free) - was_free
        started.remove(one)
        started.extend(freed)

    for number, event in enumerate(events):
        if isinstance(event, int):
            if started:
                leave(started[event % len(started)])
            continue
        names, name, parents = event
        keyed = (*names, ("key", name)) if name else names
        one = way(number, lines=keyed, is_parent=name, parents=tuple(parents - {name}))
        assert Counter(lines.line_up(one)) == Counter(model.read(one))
        assert (not one.blocked_by) == model.is_free(one)
        if not one.blocked_by:
            started.append(one)
        for each in started:
            assert lines.is_awaited(each.records[0]) == model.is_awaited(each)
    while started:
        leave(started[0])
    assert not model.unsettled, "some wait for ever"


# -- batches --------------------------------------------------------------------------------------

SIZE = 3
ADDRESSES = {name: Address(f"v6/{name}", ()) for name in "xy"}
BATCH = Batch(size=SIZE, property_name="r")


def join_to(address: str) -> Join:
    """Ask to travel with others that go to an address."""
    return Join(POST, BATCH, ADDRESSES[address], {})


class Travellers:
    """Batches beside a model of them: by stream, until when it is open, and its members."""

    def __init__(self) -> None:
        """Start with none open."""
        self.batches = Batches(on_uncertain="hold")
        self.now = 0.0
        self.model: dict[str, tuple[float, list[PendingWay]]] = {}
        self.joined: list[PendingWay] = []
        self.sent: list[PendingWay] = []

    def join(self, number: int, stream: str, address: str) -> None:
        """A record comes; one with another address starts the next batch."""
        one = way(number, stream=stream, step=join_to(address))
        until, members = self.model.get(stream, (self.now + 5.0, []))
        gone = list(self.batches.join(one, join_to(address), self.now))
        self.joined.append(one)
        if members and members[0].step != one.step:
            self.go(gone.pop(0), stream)
            until, members = self.now + 5.0, []
        self.model[stream] = until, [*members, one]
        assert len(gone) == (len(members) + 1 == SIZE)
        if gone:
            self.go(gone[0], stream)

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds
        due = [stream for stream, (until, _) in self.model.items() if until <= self.now]
        for batch, stream in zip(list(self.batches.release_due(self.now)), due, strict=True):
            self.go(batch, stream)

    def is_awaited(self, index: int) -> None:
        """Another record waits for one that joined."""
        for one in self.joined[index : index + 1]:
            stream = one.records[0].record.stream
            is_open = one in self.model.get(stream, (0, []))[1]
            gone = list(self.batches.release_with(one.records[0]))
            assert len(gone) == is_open
            for batch in gone:
                self.go(batch, stream)

    def go(self, batch: PendingWay, stream: str) -> None:
        """Check a batch that is sent."""
        _, members = self.model.pop(stream)
        assert set(batch.members) == set(members)
        assert sequences(batch.members) == sorted(sequences(members))
        assert batch.records == [each.records[0] for each in batch.members]
        assert all(each.step == members[0].step for each in members)
        self.sent.extend(members)


EVENTS = st.one_of(
    *[st.tuples(st.just("join"), st.sampled_from("st"), st.sampled_from("xxxy"))] * 3,
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 4.9])),
    st.tuples(st.just("is_awaited"), st.integers(0, 9)),
)


@fixed
@given(st.lists(EVENTS, max_size=40), st.randoms())
def test_batches_fill_go_in_time_and_lose_nobody(events: list[Any], dice: Any) -> None:  # noqa: ANN401
    """Of one stream and address, in input order, no larger than they may be, none too old."""
    travellers = Travellers()
    numbers = list(range(len(events)))
    dice.shuffle(numbers)  # a child may join after records that were read behind it
    for number, (event, *details) in zip(numbers, events, strict=True):
        place = [number] if event == "join" else []
        getattr(travellers, event)(*place, *details)
        open_until = (until for until, _ in travellers.model.values())
        assert travellers.batches.due == min(open_until, default=math.inf)
    rest = zip(list(travellers.batches.release_due()), list(travellers.model), strict=True)
    for batch, stream in rest:
        travellers.go(batch, stream)
    assert Counter(travellers.sent) == Counter(travellers.joined)
    assert travellers.batches.due == math.inf


def test_a_batch_is_sent_by_its_records_own_payloads() -> None:
    """In input order, to their address."""
    batches = Batches(on_uncertain="resend")
    for number in (2, 0, 1):
        one = way(number, step=Join(POST, BATCH, ADDRESSES["x"], {"id": number}))
        gone = list(batches.join(one, one.step, 0.0))  # type: ignore[arg-type]
    step = gone[0].start().send(None)
    assert isinstance(step, Send)
    request = step.shape()
    assert request.url == "v6/x"
    assert request.body == b'{"r":[{"id":0},{"id":1},{"id":2}]}'


# -- turns ----------------------------------------------------------------------------------------


class Topics:
    """Turns beside a model of them: by topic, what is known, whose turn it is, and who waits."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.turns = Turns()
        self.answers: dict[str, int] = {}
        self.owners: dict[str, PendingWay] = {}
        self.waiting: dict[str, list[PendingWay]] = {"t": [], "u": []}

    def ask(self, one: PendingWay, topic: str) -> None:
        """A way asks; it has a reply, or waits."""
        reply = self.turns.ask(one, topic)
        if topic in self.answers:
            assert reply == (True, self.answers[topic])
        elif self.owners.setdefault(topic, one) is one:
            assert reply == (True, None)
        else:
            assert not reply[0]
            self.waiting[topic].append(one)

    def tell(self, one: PendingWay, topic: str) -> None:
        """A way tells what it found out; all who wait go on."""
        if self.owners.get(topic) is one:
            assert list(self.turns.tell(topic, one.sequence)) == self.waiting[topic]
            self.answers[topic] = one.sequence
            del self.owners[topic]
            self.waiting[topic] = []

    def end(self, one: PendingWay, topic: str = "") -> None:  # noqa: ARG002 - of no topic
        """A way ends; of those who wait the earliest in the input has its turn."""
        passed_on = []
        for each in [each for each, owner in self.owners.items() if owner is one]:
            del self.owners[each]
            if self.waiting[each]:
                passed_on.append(self.pass_on(each))
        assert Counter(self.turns.leave(one)) == Counter(passed_on)

    def cut(self, sequence: int, stuck: set[PendingWay]) -> None:
        """The run is cut: those before it take the turns of those who go no further behind it."""
        passed_on = []
        for topic, owner in list(self.owners.items()):
            is_before = any(each.sequence <= sequence for each in self.waiting[topic])
            is_lost = owner in stuck or any(owner in each for each in self.waiting.values())
            if is_before and owner.sequence > sequence and is_lost:
                passed_on.append(self.pass_on(topic))
        given = self.turns.pass_on(sequence, stuck.__contains__)
        assert Counter(given) == Counter(passed_on)

    def pass_on(self, topic: str) -> PendingWay:
        """Make a topic the turn of the earliest who waits for it."""
        first = min(self.waiting[topic], key=lambda each: each.sequence)
        self.waiting[topic].remove(first)
        self.owners[topic] = first
        return first


@fixed
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ask", "ask", "ask", "tell", "end"]),
            st.sampled_from("tu"),
            st.integers(0, 3),
        ),
        max_size=40,
    ),
    st.integers(-1, 6),
    st.sets(st.integers(0, 3)),
)
def test_one_finds_out_and_the_others_go_on(
    events: list[tuple[str, str, int]], cut: int, stuck: set[int]
) -> None:
    """Whoever ends without telling passes the turn on, to the earliest; nobody is left waiting."""
    topics, ways = Topics(), [way(number) for number in range(4)]
    for number, (event, topic, index) in enumerate(events):
        one = ways[index]
        if any(one in waiting for waiting in topics.waiting.values()):
            continue  # a way that waits does nothing else
        getattr(topics, event)(one, topic)
        if event == "end":
            ways[index] = way(4 + number)
        assert topics.turns.answer(topic) == topics.answers.get(topic)
    topics.cut(cut, {ways[index] for index in stuck})
    while topics.owners:
        topics.end(next(iter(topics.owners.values())))
    assert not any(topics.waiting.values()), "some wait for ever"


# -- the journal's steps --------------------------------------------------------------------------

PLACE = Place("e", "s", "1")
INTEND = Intend(place=PLACE, action="create")
OUTCOMES: list[Step[Any]] = [Remember(place=PLACE), Withdraw(PLACE), Forget("e", "1")]
INTENTIONS: list[Step[Any]] = [INTEND, Together((INTEND,))]
QUESTIONS: list[Step[Any]] = [Recall(PLACE)]


@fixed
@given(
    st.lists(st.sampled_from([*OUTCOMES, *INTENTIONS, *QUESTIONS]), max_size=40),
    st.sampled_from([-1, 10, math.inf]),
    st.integers(1, 4),
    st.sets(st.integers(0, 20), max_size=8),
)
def test_outcomes_always_questions_before_the_cut_and_few_intentions(
    steps: list[Step[Any]], cut: float, limit: int, ahead: set[int]
) -> None:
    """What a group holds, whatever waits; the earliest in the input are first."""
    books = Books()
    books.ahead = {way(number) for number in ahead}
    before = sum(number <= cut for number in ahead)
    ways = [way(number, step=step) for number, step in enumerate(steps)]
    for one in ways:
        books.ask(one)
    assert len(books) == len(ways)
    outcomes, intentions, questions = (
        [one for one in ways if one.step in kind] for kind in (OUTCOMES, INTENTIONS, QUESTIONS)
    )
    allowed = [one for one in intentions if one.sequence <= cut][: max(2 * limit - before, 0)]
    wanted = [*outcomes, *allowed, *(one for one in questions if one.sequence <= cut)]
    assert books.has_outcomes == bool(outcomes)
    assert books.has_work(cut=cut, limit=limit) == bool(wanted)
    taken = books.take(cut=cut, limit=limit)
    assert Counter(taken) == Counter(wanted)
    for kind in (outcomes, intentions, questions):
        assert [one for one in taken if one in kind] == [one for one in kind if one in taken]
    assert [one for one in ways if one in books.ahead] == allowed
    assert all(one.places == (PLACE,) for one in allowed)
    assert len(books.ahead) == len(ahead) + len(allowed)
    assert books.under_way == len(taken)
    assert books.has_outcomes == bool(taken)
    assert len(books) == len(ways) - len(taken)
    assert not books.has_work(cut=cut, limit=limit)


def test_a_group_is_not_without_bounds() -> None:
    """Those who wait for it are not to wait long; the earliest are in it."""
    books = Books()
    for number in reversed(range(2_200)):
        books.ask(way(number, step=Recall(PLACE)))
    groups = [books.take(cut=math.inf, limit=1) for _ in range(3)]
    assert [len(group) for group in groups] == [1_000, 1_000, 200]
    order = [number for group in groups for number in sequences(group)]
    assert all(first < second for first, second in pairwise(order))


def test_a_journal_that_failed_is_asked_for_nothing() -> None:
    """Whoever waits for it, or comes to ask, gets no reply; nothing is waited for."""
    books = Books()
    for step in (*OUTCOMES, *INTENTIONS, *QUESTIONS):
        books.ask(way(1, step=step))
    books.take(cut=math.inf, limit=1)
    books.close()
    for step in (*OUTCOMES, *INTENTIONS, *QUESTIONS):
        books.ask(way(1, step=step))
    assert len(books) == books.under_way == 0
    assert not books.has_outcomes
    assert not books.has_work(cut=math.inf, limit=4)
