"""What is sent next and what an answer leads to: for any mix of records, answers and waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from target_apptivo.apptivo.request import Address, Content, Operation
from target_apptivo.apptivo.response import Meaning, Outcome, Verdict, refused
from target_apptivo.apptivo.template import Template
from target_apptivo.delivery.in_flight import InFlight, Policy
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.record import Entry, Task
from target_apptivo.delivery.window import Mark
from target_apptivo.errors import (
    CredentialsError,
    RecordRejectedError,
    StoppedError,
    UnavailableError,
)

CREATE = Operation(
    endpoint="create_lead",
    method="POST",
    url=Template.parse("v6/leads"),
    content=Content.JSON,
)
REJECTED = refused("HTTP 400")
ACCEPTED = Verdict(outcome=Outcome.ACCEPTED)
THROTTLED = Verdict(
    outcome=Outcome.UNCERTAIN, meaning=Meaning.NOT_PROCESSED, reason="HTTP 503", pushes_back=True
)
LOST = Verdict(
    outcome=Outcome.UNCERTAIN, meaning=Meaning.POSSIBLY_PROCESSED, reason="connection lost"
)
KEYS_REFUSED = replace(REJECTED, meaning=Meaning.CREDENTIALS_REFUSED)

CALM = Policy(max_in_flight=4, window=1000)


@dataclass
class World:
    """An `InFlight` and what surrounds it: a clock, the requests under way, what was settled."""

    policy: Policy = CALM
    now: float = 0.0
    requests_per_second: float | None = None

    def __post_init__(self) -> None:
        """Start with nothing under way."""
        # Every wait takes its whole ceiling: 1, 2, 4, ... seconds.
        pace = Pace(self.policy.max_in_flight, self.requests_per_second)
        self.in_flight = InFlight(self.policy, pace, jitter=lambda ceiling: ceiling)
        self.input: list[Entry | int] = []
        self.under_way: list[tuple[Task, float]] = []
        self.settled: list[Entry | int] = []
        self.ended_by: Exception | None = None

    def entry(self, identity: str | None) -> Entry:
        """Make a record and note its place in the input."""
        entry = Entry("leads", "create_lead", {"id": len(self.input)}, {}, identity=identity)
        self.input.append(entry)
        return entry

    def submit(self, identity: str | None = None, *, open_for: float | None = None) -> Task:
        """Take a record of its own, or the first of a batch."""
        task = Task(CREATE, Address("v6/leads", ()), [self.entry(identity)], [{}])
        until = None if open_for is None else self.now + open_for
        self.in_flight.submit(task, open_until=until)
        return task

    def mark(self, state: int) -> None:
        """Take a state; one that stands at the end of what is unsettled is replaced."""
        self.in_flight.mark(state)
        if len(self.input) > len(self.settled) and isinstance(self.input[-1], int):
            self.input.pop()
        self.input.append(state)

    def send(self) -> Task | None:
        """Send what may be sent now."""
        if self.in_flight.wait(self.now) > 0:
            return None
        task = self.in_flight.dispatch(self.now)
        task.attempt(datetime.now(UTC), now=self.now)
        self.under_way.append((task, self.now))
        return task

    def send_all(self) -> list[Task]:
        """Send whatever may be sent now."""
        return list(iter(self.send, None))

    def answer(self, task: Task, verdict: Verdict, *, least_wait: float = 0.0) -> None:
        """Let a request have its answer."""
        (sent_at,) = [at for each, at in self.under_way if each is task]
        self.under_way.remove((task, sent_at))
        self.in_flight.follow(verdict, sent_at=sent_at, now=self.now, least_wait=least_wait)
        self.in_flight.conclude(task, verdict, now=self.now, least_wait=least_wait)

    def settle(self) -> None:
        """Settle what is done at the head, as the settler does."""
        items = self.in_flight.take_settled()
        while items and self.ended_by is None:
            item = items[0]
            if isinstance(item, Mark):
                self.settled.append(item.state)
            else:
                try:
                    self.in_flight.count_aside(item)
                except RecordRejectedError as error:
                    self.ended_by = error
                    break
                self.settled.append(item)
            items.popleft()
        self.in_flight.put_back(items)


def climb(world: World) -> None:
    """Let the pace reach its ceiling with answers that take 0.1 s."""
    for _ in range(20):
        world.submit()
    for _ in range(20):
        tasks = world.send_all()
        world.now += 0.1
        for task in tasks:
            world.answer(task, ACCEPTED)
        world.settle()
    assert world.in_flight.is_empty


class Mixed(RuleBasedStateMachine):
    """Any course of a run, one step at a time."""

    @initialize(
        policy=st.builds(
            Policy,
            max_in_flight=st.integers(1, 5),
            window=st.just(12),
            max_attempts=st.integers(1, 3),
            hold_uncertain=st.booleans(),
            max_rejected=st.sampled_from([0, 1, 3, float("inf")]),
        )
    )
    def start(self, policy: Policy) -> None:
        """Start a run with some settings."""
        self.world = World(policy)
        self.batch: Task | None = None

    def may_read(self) -> bool:
        """Whether the delivery would take a record."""
        in_flight = self.world.in_flight
        return not in_flight.is_cut and not in_flight.is_full()

    @precondition(may_read)
    @rule(identity=st.sampled_from([None, "a", "b"]))
    def submit(self, identity: str | None) -> None:
        """A record of its own."""
        self.world.submit(identity)

    @precondition(may_read)
    @rule(identity=st.sampled_from([None, "a", "b"]))
    def open_batch(self, identity: str | None) -> None:
        """The first record of a batch."""
        if self.batch:
            self.world.in_flight.release(self.batch)
        self.batch = self.world.submit(identity, open_for=5.0)

    @precondition(may_read)
    @rule(identity=st.sampled_from([None, "c", "d"]))
    def join_batch(self, identity: str | None) -> None:
        """A record that joins the open batch, where there is one without its key."""
        keys = {each.identity for each in self.batch.entries} if self.batch else set()
        if self.batch is None or (identity is not None and identity in keys):
            return
        entry = self.world.entry(identity)
        if not self.world.in_flight.add(self.batch, entry, {}):
            self.world.input.pop()

    @precondition(may_read)
    @rule()
    def refuse(self) -> None:
        """A record that is refused before sending."""
        entry = self.world.entry(None)
        entry.error = RecordRejectedError("a key property is missing")
        entry.verdict = refused(str(entry.error))
        self.world.in_flight.refuse(entry)

    @rule()
    def mark(self) -> None:
        """A state."""
        self.world.mark(len(self.world.input))

    @rule()
    def send(self) -> None:
        """A worker sends what may be sent."""
        task = self.world.send()
        if task is None:
            return
        in_flight, policy = self.world.in_flight, self.world.policy
        assert in_flight.under_way == len(self.world.under_way) <= policy.max_in_flight
        under_way = [each for one, _ in self.world.under_way for each in one.entries]
        keyed = [each.identity for each in under_way if each.identity is not None]
        assert len(keyed) == len(set(keyed)), "two records of one key are under way"
        read = [each for each in self.world.input if isinstance(each, Entry)]
        for entry in task.entries:
            earlier = [each for each in read if each.sequence < entry.sequence]
            same = [each for each in earlier if each.identity == entry.identity is not None]
            assert all(each.verdict for each in same), "sent before an earlier record of its key"
        ends = [each for each in read if each.error and each.verdict is None]
        assert all(task.sequence <= each.sequence for each in ends), "sent behind the run's end"

    @precondition(lambda self: self.world.under_way)
    @rule(data=st.data(), verdict=st.sampled_from([ACCEPTED, REJECTED, THROTTLED, LOST]))
    def answer(self, data: st.DataObject, verdict: Verdict) -> None:
        """One of the requests under way has its answer."""
        task, _ = data.draw(st.sampled_from(self.world.under_way))
        self.world.answer(task, verdict)

    @rule(seconds=st.floats(0.01, 6.0))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.world.now += seconds

    @rule()
    def settle(self) -> None:
        """The settler looks at the head."""
        self.world.settle()
        self.check_settled()

    def check_settled(self) -> None:
        """What is settled is a prefix of the input, and no more is set aside than may be."""
        settled = self.world.settled
        assert settled == self.world.input[: len(settled)]
        records = [each for each in settled if isinstance(each, Entry)]
        assert all(each.verdict for each in records)
        aside = [each for each in records if each.verdict and each.verdict.outcome.is_set_aside]
        assert len(aside) <= self.world.policy.max_rejected

    def teardown(self) -> None:
        """Brought to its end, a run has settled everything before the record that ends it."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.in_flight.release_all()
        for _ in range(10_000):
            world.settle()
            if world.ended_by or world.in_flight.head_error or world.in_flight.is_empty:
                break
            for task in [task for task, _ in world.under_way] or world.send_all():
                world.answer(task, ACCEPTED)
            wait = world.in_flight.wait(world.now)
            world.now += wait if wait < float("inf") else 0.0
        self.check_settled()
        if not world.in_flight.is_cut:
            assert world.settled == world.input
        else:
            assert world.ended_by or world.in_flight.head_error


def test_any_course_of_a_run() -> None:
    """Order, bounds and the end of a run hold whatever comes in between."""
    run_state_machine_as_test(
        Mixed,
        settings=settings(
            derandomize=True, deadline=None, max_examples=200, stateful_step_count=50
        ),
    )


# -- the rules, one by one ------------------------------------------------------------------------


def test_no_more_than_max_in_flight_are_sent_ahead_of_an_awaited_record() -> None:
    """What was accepted behind the first awaited record stays below `max_in_flight`."""
    world = World()
    climb(world)
    for _ in range(20):
        world.submit()
    sent = world.send_all()
    for task in sent[1:]:
        world.answer(task, ACCEPTED)
    assert len(sent) == 4
    assert world.send_all() == []
    world.answer(sent[0], ACCEPTED)
    assert len(world.send_all()) == 4


def test_a_late_answer_does_not_hold_up_the_others() -> None:
    """An answer that takes longer than is usual lets more be sent ahead of its record."""
    world = World()
    climb(world)
    for _ in range(20):
        world.submit()
    slow, *others = world.send_all()
    world.now += 0.1
    for task in others:
        world.answer(task, ACCEPTED)
    wait = world.in_flight.wait(world.now)
    assert 0 < wait < 0.1
    world.now += wait
    assert len(world.send_all()) == 3
    world.answer(slow, ACCEPTED)


def test_a_record_that_waits_for_its_retry_does_not_hold_up_the_others() -> None:
    """While the head is kept back, the others are sent."""
    world = World()
    climb(world)
    for _ in range(20):
        world.submit()
    head, *others = world.send_all()
    world.answer(head, LOST)
    for task in others:
        world.answer(task, ACCEPTED)
    assert len(world.send_all()) == 4


@pytest.mark.parametrize("verdict", [THROTTLED, LOST], ids=["not processed", "lost"])
def test_each_retry_waits_twice_as_long(verdict: Verdict) -> None:
    """The ceilings of the waits are 1, 2, 4 and 8 seconds, then the attempts are used up."""
    world = World()
    task = world.submit()
    for ceiling in (1, 2, 4, 8):
        assert world.send() is task
        world.answer(task, verdict)
        assert world.in_flight.wait(world.now) == ceiling
        world.now += ceiling
    assert world.send() is task
    world.answer(task, verdict)
    assert world.in_flight.wait(world.now) == float("inf")
    assert task.attempts == 5


def test_what_apptivo_asks_for_is_the_least_wait() -> None:
    """A `Retry-After` holds back the request itself, and everyone."""
    world = World()
    task, other = world.submit(), world.submit()
    assert world.send_all() == [task, other]
    world.answer(task, THROTTLED, least_wait=30)
    world.answer(other, ACCEPTED)
    world.submit()
    assert world.in_flight.wait(world.now) == 30
    world.now += 30
    assert world.send() is task


def test_no_more_are_sent_a_second_than_may_be() -> None:
    """The next request waits for its turn, though others could be under way."""
    world = World(requests_per_second=4)
    first, second = world.submit(), world.submit()
    assert world.send_all() == [first]
    assert world.in_flight.wait(world.now) == 0.25
    world.now += 0.25
    assert world.send_all() == [second]


def test_an_outage_leaves_the_record_without_an_outcome() -> None:
    """Nothing behind it is sent any more; what is before it is brought to its end."""
    world = World(replace(CALM, max_attempts=1, max_rejected=float("inf")))
    climb(world)
    before, failing, behind = (world.submit(identity) for identity in "aba")
    assert world.send_all() == [before, failing]
    world.answer(failing, THROTTLED)
    assert world.in_flight.head_error is None
    world.submit()
    assert world.send_all() == []
    world.answer(before, ACCEPTED)
    world.settle()
    assert world.send_all() == []
    assert isinstance(world.in_flight.head_error, UnavailableError)
    assert not failing.entries[0].may_be_processed
    assert world.in_flight.unsettled()[:2] == [failing.entries[0], behind.entries[0]]


def test_a_record_refused_before_sending_has_its_outcome() -> None:
    """Its error says of what kind the refusal is; it ends nothing by itself."""
    world = World(replace(CALM, max_rejected=1))
    entry = world.entry(None)
    entry.error = RecordRejectedError("a key property is missing")
    entry.verdict = refused(str(entry.error))
    world.in_flight.refuse(entry)
    assert world.in_flight.head_is_done
    assert world.in_flight.head_error is None
    world.settle()
    assert world.settled == [entry]


def test_of_two_records_that_end_the_run_the_first_does() -> None:
    """Whichever fails first, nothing behind the first in input order is sent."""
    world = World(replace(CALM, max_attempts=1))
    climb(world)
    first, second, waiting, third = (world.submit(identity) for identity in "abac")
    assert world.send_all() == [first, second, third]
    world.answer(second, THROTTLED)
    world.answer(third, THROTTLED)
    world.answer(first, ACCEPTED)
    world.now += 1000
    assert waiting not in world.send_all()
    world.settle()
    assert world.in_flight.head_error is second.entries[0].error


def test_refused_credentials_end_everything() -> None:
    """Not even what is before the record is sent, and the failure is kept."""
    world = World()
    climb(world)
    first, second = world.submit(), world.submit()
    assert world.send_all() == [first, second]
    world.answer(first, THROTTLED)
    world.answer(second, KEYS_REFUSED)
    world.now += 1000
    assert world.send_all() == []
    assert isinstance(world.in_flight.failure, CredentialsError)
    assert world.in_flight.has_stopped


def test_a_stop_sends_what_open_batches_hold_and_nothing_else() -> None:
    """Also one that waits for a record under way, and none twice."""
    world = World()
    under_way, retried = world.submit("a"), world.submit("b")
    assert world.send_all() == [under_way, retried]
    batch, blocked = world.submit("d", open_for=5), world.submit("a", open_for=5)
    world.answer(retried, ACCEPTED)
    world.in_flight.halt(StoppedError(15), stopped_at=world.now)
    assert not world.in_flight.has_stopped
    assert world.send_all() == [batch]
    world.answer(under_way, ACCEPTED)
    assert world.send_all() == [blocked]
    world.answer(batch, LOST)
    world.answer(blocked, ACCEPTED)
    world.now += 1000
    assert world.send_all() == []
    assert world.in_flight.has_stopped


@pytest.mark.parametrize("kept_back", ["ready", "retried", "blocked"])
def test_a_stop_sends_no_batch_behind_what_it_gives_up(kept_back: str) -> None:
    """No state could cover it, so the next run would send it again."""
    world = World(replace(CALM, max_in_flight=1))
    under_way = world.submit("a")
    assert world.send_all() == [under_way]
    match kept_back:
        case "ready":
            world.submit("b")
        case "retried":
            world.answer(under_way, LOST)
        case "blocked":
            world.submit("a")
    world.submit("c", open_for=5)
    world.in_flight.halt(StoppedError(15), stopped_at=world.now)
    if world.under_way:
        world.answer(under_way, ACCEPTED)
    world.now += 1000
    assert world.send_all() == []
    assert world.in_flight.has_stopped


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stop_waits_for_no_leave_to_send(when: str) -> None:
    """Where Apptivo asks to be left alone, a stopped run ends without what batches hold."""
    world = World()
    under_way = world.submit("a")
    world.send()
    world.submit("b", open_for=5)
    if when == "before":
        world.in_flight.follow(THROTTLED, sent_at=0, now=0, least_wait=60)
    world.in_flight.halt(StoppedError(15), stopped_at=world.now)
    world.answer(under_way, THROTTLED, least_wait=60)
    assert world.send_all() == []
    assert world.in_flight.has_stopped


def test_an_error_sends_no_open_batch() -> None:
    """After refused credentials, say."""
    world = World()
    world.submit(open_for=5)
    world.in_flight.halt(CredentialsError("HTTP 401"))
    world.now += 1000
    assert world.send_all() == []
    assert world.in_flight.has_stopped


def test_a_create_is_held_after_a_lost_answer() -> None:
    """With `hold` one attempt is made, and the record is uncertain."""
    world = World(replace(CALM, hold_uncertain=True))
    task = world.submit()
    world.send()
    world.answer(task, LOST)
    (entry,) = task.entries
    assert entry.verdict is not None
    assert entry.verdict.outcome is Outcome.UNCERTAIN


def test_a_refusal_after_a_lost_answer_is_no_proof() -> None:
    """The refusal is of the second sending; the first may have been taken."""
    world = World()
    task = world.submit()
    world.send()
    world.answer(task, LOST)
    world.now += 1
    world.send()
    world.answer(task, REJECTED)
    (entry,) = task.entries
    assert entry.possible_duplicate
    assert entry.verdict is not None
    assert entry.verdict.outcome is Outcome.UNCERTAIN
    assert entry.verdict.reason == "HTTP 400 (after an attempt whose answer was lost)"


LONG = "a long story " * 10


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("ID-77: ann@example.org, blue cheese, 123456 or ab", "ID-77: <email>, <tags>, <n> or ab"),
        ("bad John Secretman!", "bad <name>!"),
        ("bad Johnny", "bad Johnny"),
        (f"too long: {LONG}"[:90], "too long: <story>"),
        ("value name of the other record", "value <word> of the other record"),
        ("is True and null", "is True and null"),
        (None, ""),
    ],
)
def test_values_that_apptivo_repeats_are_shown_by_their_names(
    reason: str | None, shown: str
) -> None:
    """The log holds no content but keys, and equal refusals are counted together."""
    payloads: list[dict[str, object]] = [
        {"id": "ID-77", "email": "ann@example.org", "tags": ["blue cheese"], "zip": "ab"},
        {"n": 123456, "name": "John  Secretman", "story": LONG, "word": "name", "flag": True},
    ]
    entries = [Entry("s", "generic", {"id": "ID-77"}, {}), Entry("s", "generic", {"id": 2}, {})]
    task = Task(CREATE, Address("v6/leads", ()), entries, payloads)  # type: ignore[arg-type]
    assert task.without_values(reason) == shown


def test_our_own_reasons_are_shown_as_they_are() -> None:
    """They hold no values, and their words may be values by chance."""
    world = World(replace(CALM, max_rejected=9))
    entry = world.entry(None)
    entry.verdict = refused("property 'id' is missing")
    assert entry.reason == "property 'id' is missing"


def test_one_more_refusal_than_allowed_cuts_at_that_record() -> None:
    """The first refusals in input order are set aside, whichever is answered first."""
    world = World(replace(CALM, max_rejected=1))
    climb(world)
    tasks = [world.submit() for _ in range(4)]
    world.send_all()
    for task in reversed(tasks[1:]):
        world.answer(task, REJECTED)
    world.submit()
    assert world.send_all() == []
    world.answer(tasks[0], ACCEPTED)
    count = len(world.settled)
    world.settle()
    assert world.settled[count:] == [tasks[0].entries[0], tasks[1].entries[0]]
    assert isinstance(world.ended_by, RecordRejectedError)
    assert world.in_flight.unsettled()[0] is tasks[2].entries[0]
