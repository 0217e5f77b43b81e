"""What is sent next and what an answer leads to: for any mix of records, answers and waits."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.batch import Batch
from target_apptivo.apptivo.request import Address, Request
from target_apptivo.apptivo.steps import Ask, Join, Read, Send, Tell, Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.delivery.pending import PendingRecord, PendingWay
from target_apptivo.delivery.policy import Policy
from target_apptivo.delivery.progress import unsent
from target_apptivo.errors import (
    CredentialsError,
    MissingKeyPropertyError,
    RecordRejectedError,
    StoppedError,
    TargetApptivoError,
    UnavailableError,
    UnexpectedError,
)
from target_apptivo.journal.steps import Intend, Place, Recall, Remember, Withdraw
from tests.flight import (
    ACCEPTED,
    CALM,
    CREATE,
    KEYS_REFUSED,
    LOST,
    POST,
    PUT,
    REJECTED,
    THROTTLED,
    UNREACHED,
    World,
    as_it_is,
    shaped,
    way_of,
    whole_ceiling,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.steps import Way

ALL = float("inf")
SKIPPED = Verdict(outcome=Outcome.SKIPPED)
READ = Request("POST", "v6/leads")
BATCH = Batch(size=3, property_name="records", split_rejected=True)
ADDRESSES = {"x": Address("v6/x", ()), "y": Address("v6/y", ())}


async def read_first(number: int) -> Verdict:
    """Look, then create what is not there."""
    found = await Read(POST, READ)
    if found.outcome is Outcome.ACCEPTED and number % 2:
        return Verdict(outcome=Outcome.UNCHANGED)
    return (await Send(CREATE, lambda: READ)).verdict


async def after_a_proof(number: int) -> Verdict:
    """Create what needs something that is found out once a run, and may fail to be."""
    if await Ask("proof") is None:
        read = await Read(POST, READ)
        await Wait(2.0)
        if read.outcome is Outcome.ACCEPTED:
            await Tell("proof", number)
    return (await Send(CREATE, lambda: READ)).verdict


KINDS = [*["create", "put", "read first", "proven"] * 2, *["x"] * 5, "y", "unwritable"]
# Kinds of records, with what they share with others, what they are parents of, and their parents.
SPECS = st.tuples(
    st.sampled_from(KINDS),
    st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(sorted),
    st.sampled_from([None, None, None, "p", "q"]),
    st.sets(st.sampled_from("pq"), max_size=1),
)
VERDICTS = st.sampled_from([*[ACCEPTED] * 5, REJECTED, THROTTLED, UNREACHED, LOST, LOST])
ANSWER = st.tuples(
    st.just("answer"), st.integers(0, 4), VERDICTS, st.sampled_from([0.0, 0.0, 0.0, 7.0])
)
SEVERAL = st.tuples(st.just("read"), st.lists(SPECS, min_size=1, max_size=4))
SEND = st.just(("send",))
# What may happen in a run; what is more frequent stands here more often.
EVENTS = st.one_of(
    *[SEVERAL] * 4,
    *[SEND] * 5,
    *[ANSWER] * 4,
    st.tuples(st.just("refuse"), st.sampled_from([SKIPPED, SKIPPED, REJECTED])),
    *[st.just(("open_books",)), st.just(("write_books",))] * 2,
    *[st.just(("settle",))] * 2,
    st.just(("mark",)),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 6.0])),
)
POLICIES = st.builds(
    Policy,
    backoff=st.just(whole_ceiling),
    shown=st.just(as_it_is),
    max_in_flight=st.integers(1, 5),
    most_records=st.just(16),
    max_attempts=st.integers(1, 3),
    on_uncertain=st.sampled_from(["resend", "hold"]),
    max_rejected=st.sampled_from([0, 1, 3, ALL, ALL]),
    has_journal=st.booleans(),
)


class Course:
    """A run, one event at a time; what must always hold is checked after each."""

    def __init__(self, policy: Policy) -> None:
        """Start a run with some settings."""
        self.world = World(policy)
        self.places: dict[PendingRecord, Place] = {}

    def read(self, specs: list[tuple[str, list[str], str | None, set[str]]]) -> None:
        """Records, while there is room; one that has children has a key, and is not its own."""
        world = self.world
        for kind, lines, name, parents in specs:
            if world.in_flight.window.is_cut or world.in_flight.is_full():
                return
            is_kept = world.policy.has_journal and kind in {"create", "put", *ADDRESSES}
            place = Place("e", kind, str(lines[:1] or len(world.input))) if is_kept else None
            way = world.submit(
                *lines,
                *([("key", name)] if name else []),
                start=self.way(kind, place),
                stream="bulk" if kind in ADDRESSES else "leads",
                is_parent=name,
                parents=tuple(parents - {name}),
            )
            if place:
                self.places[way.records[0]] = place

    def way(self, kind: str, place: Place | None) -> Callable[[], Way]:
        """Give what starts the way of a record."""
        number, policy = len(self.world.input), self.world.policy
        address = ADDRESSES.get(kind, Address("v6/leads", ()))
        record = shaped(number, address=address, place=place)
        match kind:
            case "read first":
                return lambda: read_first(number)
            case "proven":
                return lambda: after_a_proof(number)
            case "unwritable":
                record.payload["id"] = float("nan")  # type: ignore[index]
        call = {"create": CREATE, "put": PUT}.get(kind, POST)
        batch = BATCH if kind in ADDRESSES else None
        return way_of(call, record=record, batch=batch, on_uncertain=policy.on_uncertain)

    def refuse(self, verdict: Verdict) -> None:
        """A record that has its outcome before anything is sent."""
        if not self.world.in_flight.window.is_cut and not self.world.in_flight.is_full():
            self.world.refuse(verdict)

    def mark(self) -> None:
        """A state."""
        self.world.mark(len(self.world.input))

    def send(self) -> None:
        """A worker sends what may be sent."""
        world = self.world
        cut = world.truth.cut(world.records)
        way = world.send()
        if way is None:
            return
        assert way.sequence <= cut, "sent behind the end of the run"
        assert world.now >= world.truth.nobody_before, "sent before Apptivo wants it"
        assert world.now >= world.truth.not_before.get(way, 0.0), "sent before its time"
        if isinstance(way.step, Send):
            self.check_turn(way)
        if way.members:
            self.check_batch(way)

    def answer(self, number: int, verdict: Verdict, least_wait: float) -> None:
        """One of the requests under way has its answer."""
        if ways := list(self.world.under_way):
            way = ways[number % len(ways)]
            self.world.answer(way, verdict, least_wait=least_wait)

    def open_books(self) -> None:
        """The journal takes what it is to carry out."""
        self.world.open_books()
        in_flight = self.world.in_flight
        assert len(in_flight.progress.books.ahead) <= 2 * in_flight.requests.pace.limit

    def write_books(self) -> None:
        """The journal has carried it out."""
        if self.world.in_the_books:
            self.world.write_books()

    def wait(self, seconds: float) -> None:
        """Time goes by; nothing waits for its time when that has come."""
        world = self.world
        world.now += seconds
        world.in_flight.release(world.now)
        assert world.in_flight.due > world.now

    def settle(self) -> None:
        """The settler looks at the head."""
        self.world.settle()

    def check_turn(self, way: PendingWay) -> None:
        """What goes before a record has its outcome before it is sent; the journal holds it."""
        world = self.world
        others = [each for other in world.under_way if other is not way for each in other.records]
        for pending in way.records:
            earlier = world.records[: world.records.index(pending)]
            for line in pending.lines:
                same = [each for each in earlier if line in each.lines]
                assert all(each.settled for each in same), "sent before an earlier one of its line"
                assert not any(line in each.lines for each in others), "two of a line under way"
            for name in pending.parents:
                named = [each for each in earlier if each.is_parent == name]
                assert all(each.settled for each in named), "sent before its parent"
            if pending in self.places:
                held = world.notebook.intended
                assert self.places[pending] in held, "sent before it is intended"

    def check_batch(self, way: PendingWay) -> None:
        """A batch is no larger than it may be, in input order, and goes to one place."""
        assert len(way.records) <= BATCH.size
        assert way.records == sorted(way.records, key=lambda each: each.sequence)
        assert [member.records[0] for member in way.members] == way.records
        joins = [member.step for member in way.members]
        assert len({join.address for join in joins if isinstance(join, Join)}) == 1

    def check(self) -> None:
        """What is settled is a prefix of the input, and held; what is counted is so."""
        world = self.world
        settled = world.settled
        assert settled == world.input[: len(settled)]
        records = [each for each in settled if isinstance(each, PendingRecord)]
        outcomes = [each.settled.verdict.outcome for each in records if each.settled]
        assert len(outcomes) == len(records), "settled without an outcome"
        assert sum(each.is_set_aside for each in outcomes) <= world.policy.max_rejected
        for each, outcome in zip(records, outcomes, strict=True):
            if outcome is Outcome.ACCEPTED and each in self.places:
                assert self.places[each] in world.notebook.known, "settled before it is held"
        in_flight = world.in_flight
        assert in_flight.requests.under_way == len(world.under_way)
        assert len(world.under_way) <= world.policy.max_in_flight
        assert in_flight.window.cut == world.truth.cut(world.records)
        for pending in world.records:
            assert pending.apptivo_may_have == world.truth.may_have.get(pending, False)

    def finish(self) -> None:
        """Brought to its end, a run has settled everything before the record that ends it."""
        world = self.world
        world.bring_to_its_end()
        self.check()
        in_doubt = {
            place
            for pending, place in self.places.items()
            if not pending.settled or pending.settled.verdict.outcome is Outcome.UNCERTAIN
        }
        assert world.notebook.intended.keys() <= in_doubt
        world.notebook.carry_out([Withdraw(place) for place in taken_back(world)])
        feared = {place for pending, place in self.places.items() if pending.apptivo_may_have}
        assert world.notebook.intended.keys() <= feared, "in doubt, and nothing can have arrived"
        if not world.in_flight.window.is_cut:
            assert world.settled == world.input
        else:
            assert world.ended_by
            assert isinstance(world.input[len(world.settled)], PendingRecord)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(POLICIES, st.lists(EVENTS, min_size=20, max_size=80))
def test_any_course_of_a_run(policy: Policy, events: list[tuple[Any, ...]]) -> None:
    """Order, bounds, the journal and the end of a run hold whatever comes in between."""
    course = Course(policy)
    for name, *details in events:
        getattr(course, name)(*details)
        course.check()
    course.finish()


# -- the rules, one by one ------------------------------------------------------------------------


def climb(world: World) -> None:
    """Let the pace reach its ceiling with healthy answers."""
    for _ in range(20):
        world.submit()
    while world.in_flight.requests.has_ready:
        for way in world.send_all():
            world.answer(way, ACCEPTED)
    world.settle()
    assert world.in_flight.requests.pace.limit == world.policy.max_in_flight


def outcome(way: PendingWay) -> Outcome | None:
    """Give what became of the record of a way."""
    (pending,) = way.records
    return pending.settled.verdict.outcome if pending.settled else None


@pytest.mark.parametrize("verdict", [None, THROTTLED, LOST], ids=["slow", "not processed", "lost"])
def test_a_slow_head_does_not_hold_up_the_others(verdict: Verdict | None) -> None:
    """While the first has no answer, or waits for its next attempt, the others are delivered."""
    world = World()
    climb(world)
    for _ in range(40):
        world.submit()
    slow, *others = world.send_all()
    if verdict:
        world.answer(slow, replace(verdict, pushes_back=False))
    sent = 0
    while others:
        for way in others:
            world.answer(way, ACCEPTED)
        sent += len(others)
        others = world.send_all()
    assert sent == 39
    assert outcome(slow) is None
    count = len(world.settled)
    world.settle()
    assert len(world.settled) == count


@pytest.mark.parametrize(
    ("call", "verdict"),
    [(CREATE, THROTTLED), (CREATE, UNREACHED), (CREATE, LOST), (PUT, THROTTLED), (PUT, LOST)],
)
def test_each_retry_waits_twice_as_long(call: Operation, verdict: Verdict) -> None:
    """The waits are 1, 2, 4 and 8 seconds at most, then the five attempts are used up."""
    world = World(replace(CALM, max_rejected=1))
    way = world.submit(start=way_of(call))
    for ceiling in (1, 2, 4, 8):
        assert world.send() is way
        world.answer(way, verdict)
        world.now += ceiling - 0.01
        assert world.send() is None
        world.now += 0.01
    assert world.send() is way
    world.answer(way, verdict)
    assert world.in_flight.due == math.inf
    assert world.send() is None
    assert way.records[0].attempts == 5
    if verdict is LOST:
        assert outcome(way) is Outcome.UNCERTAIN
        assert world.in_flight.window.cut == math.inf
    else:
        error = way.records[0].error
        assert outcome(way) is None
        assert isinstance(error, UnavailableError)
        assert f"{verdict.reason}, 5 attempts" in str(error)


def test_what_apptivo_asks_for_is_the_least_wait() -> None:
    """A `Retry-After` holds back the request itself, and everyone."""
    world = World()
    way, other = world.submit(), world.submit()
    assert world.send_all() == [way, other]
    world.answer(way, THROTTLED, least_wait=30)
    world.answer(other, ACCEPTED)
    world.submit()
    world.now += 29.9
    assert world.send() is None
    world.now += 0.1
    assert world.send() is way


@pytest.mark.parametrize(("call", "verdict"), [(CREATE, UNREACHED), (PUT, LOST)])
def test_a_wait_that_is_no_push_back_holds_back_its_request_alone(
    call: Operation, verdict: Verdict
) -> None:
    """An error page with a `Retry-After` is waited for; the others go on."""
    world = World()
    way = world.submit(start=way_of(call))
    world.send()
    world.answer(way, verdict, least_wait=30)
    other = world.submit()
    assert world.send_all() == [other]
    world.now += 29.9
    assert world.send() is None
    world.now += 0.1
    assert world.send() is way


@pytest.mark.parametrize("verdict", [THROTTLED, UNREACHED])
def test_who_wants_to_be_left_alone_for_an_hour_is_waited_for_and_no_longer(
    verdict: Verdict,
) -> None:
    """More than an hour of `Retry-After` is an outage, however many attempts are left."""
    world = World(replace(CALM, max_attempts=100, max_rejected=ALL))
    patient = world.submit()
    world.send()
    world.answer(patient, verdict, least_wait=3_600)
    assert patient.records[0].error is None
    world.now += 3_600
    assert world.send() is patient
    world.answer(patient, verdict, least_wait=3_601)
    assert isinstance(patient.records[0].error, UnavailableError)
    assert "left alone for 3601 s" in str(patient.records[0].error)
    assert outcome(patient) is None
    world.settle()
    assert world.ended_by is patient.records[0].error


def test_what_is_before_an_outage_is_not_waited_for_either() -> None:
    """Where Apptivo wants to be left alone for hours, the run does not wait to send the rest."""
    world = World()
    retried, failing = world.submit(), world.submit()
    assert world.send_all() == [retried, failing]
    world.answer(retried, THROTTLED)
    world.answer(failing, THROTTLED, least_wait=7_200)
    world.bring_to_its_end(within=3_600)
    assert isinstance(world.in_flight.failure, UnavailableError)


def test_no_more_are_sent_a_second_than_may_be() -> None:
    """The next request waits for its turn, though others could be under way."""
    world = World(requests_per_second=4)
    first, second = world.submit(), world.submit()
    assert world.send_all() == [first]
    assert world.in_flight.requests.wait(world.now) == 0.25
    world.now += 0.25
    assert world.send_all() == [second]


def test_the_pace_follows_the_answers() -> None:
    """It climbs with healthy ones, is cut once by those that push back, and not by other losses."""
    world = World()
    climb(world)
    for _ in range(4):
        world.submit()
    first, second, third, fourth = world.send_all()
    world.answer(first, LOST)
    assert world.in_flight.requests.pace.limit == 4
    world.now += 1
    world.answer(second, THROTTLED)
    world.answer(third, THROTTLED)
    assert world.in_flight.requests.pace.limit == 2
    world.answer(fourth, ACCEPTED)
    assert world.in_flight.requests.pace.limit == 2


def test_what_is_refused_here_says_nothing_of_apptivo() -> None:
    """Records that cannot be written do not raise the pace: nothing was sent."""
    world = World(replace(CALM, max_in_flight=64, max_rejected=ALL))
    for _ in range(100):
        world.submit(start=way_of(record=shaped(float("nan"))))  # type: ignore[arg-type]
    assert len(world.send_all()) == 100
    assert world.in_flight.requests.pace.limit == 2


# -- how a run ends -------------------------------------------------------------------------------


def test_an_outage_leaves_the_record_without_an_outcome() -> None:
    """Nothing behind it is sent any more; what is before it is brought to its end."""
    world = World(replace(CALM, max_attempts=1, max_rejected=ALL))
    climb(world)
    before, failing, behind = (world.submit(line) for line in "aba")
    assert world.send_all() == [before, failing]
    world.answer(failing, THROTTLED)
    assert world.in_flight.window.head_error is None
    world.submit()
    assert world.send_all() == []
    world.answer(before, ACCEPTED)
    world.settle()
    world.settle()
    assert world.send_all() == []
    assert isinstance(world.ended_by, UnavailableError)
    left = list(world.in_flight.window.records())
    assert left[:2] == [*failing.records, *behind.records]
    assert not any(each.apptivo_may_have for each in left)


def test_a_record_refused_before_sending_has_its_outcome() -> None:
    """Its error says of what kind the refusal is; it ends nothing by itself."""
    world = World(replace(CALM, max_rejected=1))
    pending = world.refuse()
    assert world.in_flight.window.head_is_done
    assert world.in_flight.window.head_error is None
    world.settle()
    assert world.settled == [pending]
    assert world.ended_by is None


def test_the_error_that_ends_a_run_is_of_the_kind_of_the_refusal() -> None:
    """It names the record, the endpoint and the reason as it may be shown, and the remedy."""
    world = World(
        replace(CALM, shown=lambda record, verdict: f"<{record.stream}: {verdict.reason}>")
    )
    pending = world.pending()
    pending.error = MissingKeyPropertyError("key property 'id' is missing")
    world.in_flight.refuse(pending, refused(str(pending.error)))
    world.settle()
    assert isinstance(world.ended_by, MissingKeyPropertyError)
    assert str(world.ended_by) == (
        "record rejected: stream 'leads', key {\"id\":0}, create_lead: <leads: key property 'id' "
        "is missing>. Mend the record, or set max_rejected and rejected_path to set such records "
        "aside and go on"
    )


def test_of_two_records_that_end_the_run_the_first_does() -> None:
    """Whichever fails first, nothing behind the first in input order is sent."""
    world = World(replace(CALM, max_attempts=1))
    climb(world)
    first, second, waiting, third = (world.submit(line) for line in "abac")
    assert world.send_all() == [first, second, third]
    world.answer(second, THROTTLED)
    world.answer(third, THROTTLED)
    world.answer(first, ACCEPTED)
    world.now += 1000
    assert waiting not in world.send_all()
    world.settle()
    world.settle()
    assert world.ended_by is second.records[0].error


def test_one_more_refusal_than_allowed_cuts_at_that_record() -> None:
    """The first refusals in input order are set aside, whichever is answered first."""
    world = World(replace(CALM, max_rejected=1))
    climb(world)
    ways = [world.submit() for _ in range(4)]
    world.send_all()
    for way in reversed(ways[1:]):
        world.answer(way, REJECTED)
    world.submit()
    assert world.send_all() == []
    world.answer(ways[0], ACCEPTED)
    count = len(world.settled)
    world.settle()
    assert world.settled[count:] == [ways[0].records[0], ways[1].records[0]]
    assert isinstance(world.ended_by, RecordRejectedError)
    assert next(world.in_flight.window.records()) is ways[2].records[0]


def test_refused_credentials_end_everything() -> None:
    """Not even what is before the record is sent; the run ends at it, and quietly."""
    world = World(replace(CALM, shown=lambda _, verdict: f"<{verdict.reason}>"))
    climb(world)
    first, second = world.submit(), world.submit()
    assert world.send_all() == [first, second]
    world.answer(first, THROTTLED)
    world.answer(second, KEYS_REFUSED)
    world.now += 1000
    assert world.send_all() == []
    assert world.in_flight.due == math.inf
    assert isinstance(second.records[0].error, CredentialsError)
    assert "<HTTP 400>" in str(second.records[0].error)
    assert world.in_flight.window.cut < 0
    assert world.in_flight.is_quiet


def test_an_exception_in_a_way_ends_the_run_at_its_record() -> None:
    """A fault of ours is no outcome; what is before the record is still delivered."""

    async def broken() -> Verdict:
        raise ZeroDivisionError

    world = World(replace(CALM, max_rejected=ALL))
    before = world.submit()
    failing, behind = world.submit(start=broken), world.submit()
    assert isinstance(failing.records[0].error, UnexpectedError)
    assert world.send_all() == [before]
    world.answer(before, ACCEPTED)
    world.settle()
    world.settle()
    assert world.settled == before.records
    assert world.ended_by is failing.records[0].error
    assert outcome(behind) is None


@pytest.mark.parametrize("error", [StoppedError(15), CredentialsError("HTTP 401")])
def test_a_stop_sends_nothing_more(error: TargetApptivoError) -> None:
    """Not what is ready, waits, is blocked or stands in an open batch; requests get answers."""
    world = World(replace(CALM, max_in_flight=2))
    under_way, retried = world.submit("a"), world.submit("b")
    assert world.send_all() == [under_way, retried]
    world.answer(retried, LOST)
    batch = Batch(size=10, property_name="r")
    bulk = [world.submit(start=way_of(POST, batch=batch), stream="bulk") for _ in range(3)]
    world.submit("a")
    world.submit("c")
    world.in_flight.stop(error)
    assert not world.in_flight.is_quiet
    assert world.in_flight.failure is error
    assert world.in_flight.due == math.inf
    world.answer(under_way, ACCEPTED)
    world.in_flight.finish(world.now)
    world.now += 1000
    assert world.send_all() == []
    assert world.in_flight.is_quiet
    world.settle()
    assert world.settled == under_way.records
    assert not any(way.records[0].apptivo_may_have for way in bulk)
    assert retried.records[0].apptivo_may_have


def test_the_first_stop_is_the_failure() -> None:
    """What fails because of a stop does not take its place."""
    world = World()
    first = StoppedError(15)
    world.in_flight.stop(first)
    world.in_flight.stop(UnexpectedError(ZeroDivisionError()))
    assert world.in_flight.failure is first


def test_the_end_of_the_input_sends_what_open_batches_hold() -> None:
    """Nothing can join them any more, so they do not wait for their five seconds."""
    world = World()
    batch = Batch(size=10, property_name="r")
    ways = [world.submit(start=way_of(POST, batch=batch), stream="bulk") for _ in range(3)]
    assert world.send() is None
    assert not world.in_flight.has_delivered_all
    world.in_flight.finish(world.now)
    sent = world.send()
    assert sent
    assert sent.records == [way.records[0] for way in ways]
    world.answer(sent, ACCEPTED)
    world.settle()
    assert world.in_flight.has_delivered_all


def test_at_the_end_a_batch_waits_for_those_whose_records_are_looked_up() -> None:
    """They may join it: else how full the last batches are would be a matter of the journal's."""
    world = World(KEPT)
    join = way_of(POST, batch=Batch(size=10, property_name="r"))

    async def asking_first() -> Verdict:
        await Recall(Place("e", "bulk", "1"))
        return await join()

    ways = [world.submit(start=start, stream="bulk") for start in (join, asking_first)]
    world.in_flight.finish(world.now)
    assert world.send() is None
    world.open_books()
    assert world.send() is None
    world.write_books()
    sent = world.send()
    assert sent
    assert sent.records == [way.records[0] for way in ways]


# -- what Apptivo may have ------------------------------------------------------------------------


def test_behind_a_lost_batch_every_record_is_known_that_apptivo_may_have() -> None:
    """With `hold`, a batch of fifty whose answer is lost: one ends the run, 49 are left."""
    world = World(replace(CALM, on_uncertain="hold"))
    batch = Batch(size=50, property_name="r")
    start = way_of(POST, batch=batch, on_uncertain="hold")
    ways = [world.submit(start=start, stream="bulk") for _ in range(50)]
    sent = world.send()
    assert sent
    world.answer(sent, LOST)
    world.settle()
    assert isinstance(world.ended_by, RecordRejectedError)
    assert "record uncertain" in str(world.ended_by)
    left = list(world.in_flight.window.records())
    assert left == [way.records[0] for way in ways]
    assert all(each.apptivo_may_have for each in left)


@pytest.mark.parametrize(
    ("verdicts", "may_have"),
    [
        ([], True),
        ([ACCEPTED], True),
        ([REJECTED], False),
        ([THROTTLED], False),
        ([UNREACHED], False),
        ([KEYS_REFUSED], False),
        ([LOST], True),
        ([LOST, REJECTED], True),
        ([LOST, THROTTLED], True),
        ([LOST, UNREACHED, KEYS_REFUSED], True),
        ([THROTTLED, LOST], True),
        ([THROTTLED, REJECTED], False),
        ([replace(LOST, meaning=ACCEPTED.meaning)], True),
    ],
)
def test_what_apptivo_may_have_is_taken_back_by_proof_alone(
    verdicts: list[Verdict], *, may_have: bool
) -> None:
    """A refusal, a 429 or a connection that was never there speak of their own sending only."""
    world = World(replace(CALM, max_rejected=ALL))
    way = world.submit()
    assert not way.records[0].apptivo_may_have
    for verdict in verdicts:
        assert world.send() is way
        assert way.records[0].apptivo_may_have
        world.answer(way, verdict)
        world.now += 1000
    if not verdicts:
        world.send()
    assert way.records[0].apptivo_may_have is may_have


def test_a_record_that_its_own_result_refuses_is_not_in_apptivo() -> None:
    """In a batch with `results_path` each result is the proof of its own record."""
    world = World(replace(CALM, max_rejected=ALL))
    batch = Batch(size=2, property_name="r", results_path="results")
    ways = [world.submit(start=way_of(POST, batch=batch), stream="bulk") for _ in range(2)]
    sent = world.send()
    assert sent
    results = [{"status": "FAILURE", "reason": "no"}, {"id": 1}]
    world.answer(sent, replace(ACCEPTED, http_status=200, response={"results": results}))
    assert [outcome(way) for way in ways] == [Outcome.REJECTED, Outcome.ACCEPTED]
    assert [way.records[0].apptivo_may_have for way in ways] == [False, True]


async def looked_for() -> Verdict:
    """Create, look after each lost answer, and send again what is not found."""
    sent = await Send(CREATE, lambda: READ)
    while sent.is_lost and sent.may_repeat:
        await Read(POST, READ)
        sent = await Send(CREATE, lambda: READ, is_repeated=True)
    return sent.verdict


def test_looking_for_a_create_gives_it_no_further_attempts() -> None:
    """A record whose answers are all lost is uncertain in the end, for all the looking."""
    world = World(replace(CALM, max_attempts=3, max_rejected=ALL))
    way = world.submit(start=looked_for)
    for _ in range(20):
        if world.send():
            world.answer(way, LOST if isinstance(way.step, Send) else REJECTED)
        world.now += 100
    assert outcome(way) is Outcome.UNCERTAIN
    assert way.records[0].attempts == 3


def test_a_create_is_held_after_a_lost_answer() -> None:
    """With `hold` one attempt is made, and the record is uncertain."""
    world = World(replace(CALM, on_uncertain="hold"))
    way = world.submit()
    world.send()
    world.answer(way, LOST)
    assert outcome(way) is Outcome.UNCERTAIN
    assert way.records[0].attempts == 1


def test_what_is_no_create_is_sent_again_also_with_hold() -> None:
    """A PUT does no harm twice, and is no possible duplicate."""
    world = World(replace(CALM, on_uncertain="hold"))
    way = world.submit(start=way_of(PUT, on_uncertain="hold"))
    world.send()
    world.answer(way, LOST)
    world.now += 1
    assert world.send() is way
    world.answer(way, ACCEPTED)
    settled = way.records[0].settled
    assert settled
    assert (settled.verdict.outcome, settled.attempts) == (Outcome.ACCEPTED, 2)
    assert not settled.verdict.possible_duplicate


def test_a_refusal_after_a_lost_answer_is_no_proof() -> None:
    """The refusal is of the second sending; the first may have been taken."""
    world = World(replace(CALM, max_rejected=1))
    way = world.submit()
    world.send()
    world.answer(way, LOST)
    world.now += 1
    world.send()
    world.answer(way, REJECTED)
    settled = way.records[0].settled
    assert settled
    assert settled.verdict.possible_duplicate
    assert settled.verdict.outcome is Outcome.UNCERTAIN
    assert settled.verdict.reason == "HTTP 400 (after an attempt whose answer was lost)"


# -- batches and turns ----------------------------------------------------------------------------


def test_a_refused_batch_is_sent_in_halves_beside_each_other() -> None:
    """What waits for one of its records waits for the half that has it."""
    world = World(replace(CALM, max_rejected=ALL))
    batch = Batch(size=2, property_name="r", split_rejected=True)
    start = way_of(POST, batch=batch)
    first, second = (world.submit(line, start=start, stream="bulk") for line in "ab")
    behind_first, behind_second = world.submit("a"), world.submit("b")
    whole = world.send()
    assert whole
    assert whole.records == [*first.records, *second.records]
    assert world.send() is None
    world.answer(whole, REJECTED)
    halves = world.send_all()
    assert [half.records for half in halves] == [first.records, second.records]
    world.answer(halves[1], ACCEPTED)
    assert world.send_all() == [behind_second]
    world.answer(halves[0], REJECTED)
    assert world.send_all() == [behind_first]
    assert [outcome(first), outcome(second)] == [Outcome.REJECTED, Outcome.ACCEPTED]


def test_an_open_batch_goes_at_once_where_another_waits_for_one_of_it() -> None:
    """A record of its key, or a child; whichever of them comes first."""
    world = World()
    start = way_of(POST, batch=Batch(size=10, property_name="r"))
    world.submit("a", start=start, stream="bulk")
    assert world.send() is None
    world.submit("a")
    (batch,) = world.send_all()
    world.answer(batch, ACCEPTED)
    ((then),) = world.send_all()
    world.answer(then, ACCEPTED)
    world.submit(start=start, stream="bulk", is_parent="p")
    world.submit(parents=("p",))
    (batch,) = world.send_all()
    assert batch.members


def test_children_of_one_parent_go_side_by_side() -> None:
    """They wait for their parent and not for each other."""
    world = World()
    climb(world)
    parent = world.submit(is_parent="p")
    children = [world.submit(parents=("p",)) for _ in range(3)]
    assert world.send_all() == [parent]
    world.answer(parent, REJECTED)
    assert outcome(parent) is Outcome.REJECTED
    world = World(replace(CALM, max_rejected=ALL))
    climb(world)
    parent = world.submit(is_parent="p")
    children = [world.submit(parents=("p",)) for _ in range(3)]
    world.send_all()
    world.answer(parent, REJECTED)
    assert world.send_all() == children


def test_what_is_found_out_once_is_found_out_by_one() -> None:
    """The others wait, and go on with the answer; if it fails, the next one finds it out."""
    world = World(replace(CALM, max_rejected=ALL))
    climb(world)
    first, *others = (world.submit(start=partial(after_a_proof, n)) for n in range(3))
    assert world.send_all() == [first]
    world.answer(first, REJECTED)
    world.now += 2
    assert world.send_all() == [first]
    world.answer(first, ACCEPTED)
    (second,) = world.send_all()
    assert second is others[0]
    assert isinstance(second.step, Read)
    world.answer(second, ACCEPTED)
    world.now += 2
    assert world.send_all() == others
    assert all(isinstance(way.step, Send) for way in others)


def test_a_turn_that_is_held_behind_the_end_of_a_run_passes_on() -> None:
    """What is before the end waits for nobody behind it, who is not sent any more."""
    world = World()
    blocking = world.submit("a")
    before = world.submit("a", start=partial(after_a_proof, 1))
    world.refuse()
    behind = world.submit(start=partial(after_a_proof, 3))
    assert world.send_all() == [blocking]
    assert isinstance(behind.step, Read)
    world.answer(blocking, ACCEPTED)
    world.bring_to_its_end()
    assert outcome(before) is Outcome.ACCEPTED


# -- the journal ----------------------------------------------------------------------------------

KEPT = replace(CALM, has_journal=True)


def kept(number: int = 0) -> Callable[[], Way]:
    """Give the way of a record that the journal remembers."""
    return way_of(record=shaped(number, place=Place("e", "s", str(number))))


def test_nothing_is_sent_before_the_journal_holds_that_it_is_intended() -> None:
    """And a record has its outcome when the journal holds it, not before."""
    world = World(KEPT)
    way = world.submit(start=kept())
    assert world.send() is None
    world.open_books()
    assert world.send() is None
    world.write_books()
    assert world.send() is way
    world.answer(way, ACCEPTED)
    assert outcome(way) is None
    world.open_books()
    assert outcome(way) is None
    world.write_books()
    assert outcome(way) is Outcome.ACCEPTED


def test_intentions_run_at_most_twice_the_limit_ahead() -> None:
    """A crash leaves few in doubt; as requests leave, further ones are held."""
    world = World(KEPT)
    for number in range(20):
        world.submit(start=kept(number))
    assert world.in_flight.requests.pace.limit == 2
    assert world.open_books() == 4
    assert world.open_books() == 0
    world.write_books()
    assert len(world.send_all()) == 2
    assert world.open_books() == 2


def test_what_is_intended_behind_the_end_holds_up_nothing_before_it() -> None:
    """The run came to no end: what is not sent any more left no room for what still is."""

    async def late() -> Verdict:
        await Wait(1.0)
        verdict: Verdict = await kept()()
        return verdict

    world = World(KEPT)
    first = world.submit(start=late)
    for number in range(1, 7):
        world.submit(start=kept(number))
    world.open_books()
    world.write_books()
    refused, other = world.send_all()
    assert world.open_books() == 2
    world.write_books()
    world.answer(refused, REJECTED)
    world.answer(other, ACCEPTED)
    world.bring_to_its_end()
    assert outcome(first) is Outcome.ACCEPTED
    assert world.has_ended


def test_a_stopped_run_holds_the_outcomes_that_it_still_gets() -> None:
    """New intentions are not held; what was intended and never sent is known."""
    world = World(KEPT)
    ways = [world.submit(start=kept(number)) for number in range(6)]
    world.open_books()
    world.write_books()
    sent = world.send_all()
    assert sent == ways[:2]
    world.in_flight.stop(StoppedError(15))
    assert [way.places for way in unsent(world.in_flight.progress)] == [
        (Place("e", "s", str(number)),) for number in (2, 3)
    ]
    for way in sent:
        world.answer(way, ACCEPTED)
    assert not world.in_flight.is_quiet
    assert world.open_books() == 2
    assert not world.in_flight.is_quiet
    world.write_books()
    assert world.in_flight.is_quiet
    assert [outcome(way) for way in ways] == [*[Outcome.ACCEPTED] * 2, *[None] * 4]
    assert world.open_books() == 0


def taken_back(world: World) -> list[Place]:
    """Give the places whose intentions are taken back at the end of a run."""
    return [place for way in unsent(world.in_flight.progress) for place in way.places]


@pytest.mark.parametrize("answer", [KEYS_REFUSED, THROTTLED, UNREACHED])
@pytest.mark.parametrize("lost", [0, 1])
def test_what_ends_the_run_is_taken_back_unless_it_may_have_arrived(
    answer: Verdict, lost: int
) -> None:
    """A refusal proves that its own sending came to nothing, and says nothing of an earlier one."""
    world = World(replace(KEPT, max_attempts=lost + 1))
    way = world.submit(start=kept(7))
    world.open_books()
    world.write_books()
    for verdict in (*[LOST] * lost, answer):
        world.now += 100.0
        assert world.send() is way
        world.answer(way, verdict)
    assert way.records[0].error
    assert taken_back(world) == ([] if lost else [Place("e", "s", "7")])


def test_a_way_that_fails_behind_its_outcome_takes_nothing_back() -> None:
    """Its intention is gone already: one that stands there would be an older one."""

    async def refused_and_broken() -> Verdict:
        verdict = await kept()()
        raise UnavailableError(str(verdict.reason), attempts=1, record="1")

    world = World(KEPT)
    way = world.submit(start=refused_and_broken)
    for _ in range(2):
        world.open_books()
        world.write_books()
        for each in world.send_all():
            world.answer(each, REJECTED)
    assert way.records[0].error
    assert not way.records[0].apptivo_may_have
    assert taken_back(world) == []


def test_the_halves_of_a_refused_batch_are_taken_back() -> None:
    """They were intended with the whole, and are not sent any more."""
    world = World(KEPT)
    batch = Batch(size=3, property_name="r", split_rejected=True)
    places = [Place("e", "s", str(number)) for number in range(3)]
    for number, place in enumerate(places):
        record = shaped(number, place=place)
        world.submit(start=way_of(POST, record=record, batch=batch), stream="bulk")
    world.open_books()
    world.write_books()
    (whole,) = world.send_all()
    world.answer(whole, REJECTED)
    world.in_flight.stop(StoppedError(15))
    assert sorted(taken_back(world)) == places


def test_a_batch_is_intended_in_one_go() -> None:
    """Its records' intentions are one step of the journal's."""
    world = World(KEPT)
    batch = Batch(size=3, property_name="r")
    for number in range(3):
        record = shaped(number, place=Place("e", "s", str(number)))
        world.submit(start=way_of(POST, record=record, batch=batch), stream="bulk")
    assert world.open_books() == 1
    world.write_books()
    assert len(world.notebook.intended) == 3
    (sent,) = world.send_all()
    world.answer(sent, ACCEPTED)
    assert world.open_books() == 3


# -- rehearsals -----------------------------------------------------------------------------------


def test_a_dry_run_shapes_every_request_and_sends_none() -> None:
    """What cannot be written is refused, the rest is skipped; a batch is shaped as a whole."""
    world = World(replace(CALM, dry_run=True, max_rejected=ALL))
    batch = Batch(size=2, property_name="r")
    ways = [
        world.submit(),
        world.submit(start=way_of(record=shaped(float("nan")))),  # type: ignore[arg-type]
        world.submit(start=partial(read_first_or_wait, 2)),
        *(world.submit(start=way_of(POST, batch=batch), stream="bulk") for _ in range(2)),
    ]
    assert world.send() is None
    assert [outcome(way) for way in ways] == [
        Outcome.SKIPPED,
        Outcome.REJECTED,
        *[Outcome.SKIPPED] * 3,
    ]
    assert not any(way.records[0].apptivo_may_have for way in ways)
    assert {way.records[0].attempts for way in ways} == {0}


def test_a_dry_run_comes_to_its_end_with_one_key_twice_in_a_batch() -> None:
    """The batch goes for the second one's sake and ends at once, before that waits for it."""
    world = World(replace(CALM, dry_run=True))
    batch = Batch(size=3, property_name="r")
    ways = [
        world.submit(*lines, start=way_of(POST, batch=batch), stream="bulk")
        for lines in ("a", "b", "a", "a")
    ]
    world.bring_to_its_end()
    assert [outcome(way) for way in ways] == [Outcome.SKIPPED] * 4


async def read_first_or_wait(number: int) -> Verdict:
    """Wait, intend, send, remember."""
    place = Place("e", "s", str(number))
    await Wait(60.0)
    await Intend(place=place, action="create")
    verdict = (await Send(CREATE, lambda: READ)).verdict
    await Remember(place=place)
    return verdict


def test_a_plan_ends_each_way_where_it_would_change_something() -> None:
    """It reads, and says what is intended; nothing is sent."""
    world = World(replace(KEPT, plans=True))
    recalled = world.submit(start=partial(recall_and_create, 5))
    plain = world.submit()
    world.open_books()
    world.write_books()
    settled = recalled.records[0].settled
    assert settled
    assert settled.verdict.intended == Intend(place=Place("e", "s", "5"), action="create")
    assert plain.records[0].settled
    assert plain.records[0].settled.verdict.intended
    assert plain.records[0].settled.verdict.intended.action == "create"
    assert world.send() is None


async def recall_and_create(number: int) -> Verdict:
    """Recall, then intend to create."""
    place = Place("e", "s", str(number))
    await Recall(place)
    await Intend(place=place, action="create")
    return (await Send(CREATE, lambda: READ)).verdict


# -- room -----------------------------------------------------------------------------------------


def test_no_more_is_read_than_can_be_sent_soon() -> None:
    """Thirty-two requests wait for each that may be under way; what waits for others is no load."""
    world = World(replace(CALM, max_in_flight=1))
    world.submit("a")
    for _ in range(100):
        world.submit("a")
    assert not world.in_flight.is_full()
    for _ in range(31):
        assert not world.in_flight.is_full()
        world.submit()
    assert world.in_flight.is_full()
    for _ in range(17):
        world.send()
        world.answer(next(iter(world.under_way)), replace(ACCEPTED))
    assert world.in_flight.is_full(0.5)
