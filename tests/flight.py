"""What surrounds the decisions of a delivery: a clock, workers, a settler, a journal, a truth.

`World` drives an `InFlight` as the threads do, one step at a time, and keeps beside it what is true
by the contract, worked out in another way.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.operation import Content, Operation
from target_apptivo.apptivo.request import Address
from target_apptivo.apptivo.rules import Rules, Shaped
from target_apptivo.apptivo.steps import Send
from target_apptivo.apptivo.template import Template
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict, refused
from target_apptivo.apptivo.ways.deliver import deliver
from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record, SettledRecord
from target_apptivo.delivery.policy import Policy
from target_apptivo.delivery.scribe import carry_out
from target_apptivo.delivery.window import StateMark
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import (
    Forget,
    Intend,
    Known,
    Place,
    Recall,
    Remember,
    Unknown,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.steps import Way


def operation(endpoint: str = "create_lead", method: str = "POST") -> Operation:
    """Make an operation."""
    path = Template.parse("v6/leads")
    return Operation(endpoint=endpoint, method=method, url=path, content=Content.JSON)


CREATE = operation()
POST = operation("generic")
PUT = operation("generic", "PUT")
HERE = Address("v6/leads", ())

ACCEPTED = Verdict(outcome=Outcome.ACCEPTED)
REJECTED = refused("HTTP 400")
THROTTLED = Verdict(
    outcome=Outcome.UNCERTAIN, meaning=Meaning.NOT_PROCESSED, reason="HTTP 503", pushes_back=True
)
UNREACHED = replace(THROTTLED, reason="cannot connect", pushes_back=False)
LOST = Verdict(
    outcome=Outcome.UNCERTAIN, meaning=Meaning.POSSIBLY_PROCESSED, reason="connection lost"
)
KEYS_REFUSED = replace(REJECTED, meaning=Meaning.CREDENTIALS_REFUSED)


def whole_ceiling(attempt: int) -> float:
    """Wait as long as full jitter may: 1, 2, 4, ... seconds."""
    return float(2 ** (attempt - 1))


def as_it_is(_: Record, verdict: Verdict) -> str:
    """Show a reason as it is."""
    return str(verdict.reason)


CALM = Policy(backoff=whole_ceiling, shown=as_it_is, max_in_flight=4)


@dataclass
class Notebook:
    """A journal that holds what it is told, and knows what may not be told."""

    intended: dict[Place, Intend] = field(default_factory=dict)
    known: dict[Place, Remember] = field(default_factory=dict)
    groups: int = 0

    def carry_out(self, steps: Sequence[Any]) -> list[Any]:
        """Carry out steps in one go."""
        self.groups += 1
        return [self._reply(step) for step in steps]

    def _reply(self, step: object) -> object:
        """Carry out one step."""
        match step:
            case Recall(place):
                known = self.known.get(place)
                return Known(apptivo_id=known.apptivo_id) if known else Unknown()
            case Intend(place=place):
                self.intended[place] = step
            case Remember(place=place):
                self.known[place] = step
                assert self.intended.pop(place), "an outcome without an intention"
            case Withdraw(place):
                assert self.intended.pop(place), "an intention is withdrawn that is not there"
            case Forget():
                pass
            case _:
                raise AssertionError(step)
        return None


def shaped(number: int, *, address: Address = HERE, place: Place | None = None) -> Shaped:
    """Make a record ready to be sent."""
    return Shaped(address, {"id": number}, place)


def way_of(
    call: Operation = CREATE,
    *,
    record: Shaped | None = None,
    batch: Batch | None = None,
    on_uncertain: str = "resend",
) -> Callable[[], Way]:
    """Give the way of a record, as a sink does."""
    rules = Rules(operation=call, batch=batch, on_uncertain=on_uncertain)
    return lambda: deliver(record or shaped(0), rules)


@dataclass
class World:
    """An `InFlight` and what surrounds it."""

    policy: Policy = CALM
    requests_per_second: float | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        """Start with nothing read."""
        pace = Pace(self.policy.max_in_flight, self.requests_per_second)
        self.in_flight = InFlight(self.policy, pace)
        self.notebook = Notebook()
        self.input: list[PendingRecord | int] = []
        self.under_way: dict[PendingWay, float] = {}
        self.in_the_books: deque[list[PendingWay]] = deque()
        self.settled: list[PendingRecord | int] = []
        self.ended_by: Exception | None = None
        self.truth = Truth(self.policy)

    # -- who reads --------------------------------------------------------------------------------

    def pending(self, stream: str = "leads", **options: Any) -> PendingRecord:  # noqa: ANN401
        """Make a record."""
        number = len(self.input)
        record = Record(stream=stream, endpoint="create_lead", key={"id": number}, message={})
        return PendingRecord(record, **options)

    def submit(
        self,
        *lines: Hashable,
        start: Callable[[], Way] | None = None,
        stream: str = "leads",
        **options: Any,  # noqa: ANN401
    ) -> PendingWay:
        """Take a record; by default it is created."""
        pending = self.pending(stream, lines=lines, **options)
        way = PendingWay(start or way_of(on_uncertain=self.policy.on_uncertain), [pending])
        self.input.append(pending)
        self.in_flight.submit(way, self.now)
        return way

    def refuse(self, verdict: Verdict = REJECTED) -> PendingRecord:
        """Take a record that is refused before anything is sent."""
        pending = self.pending()
        pending.error = RecordRejectedError(str(verdict.reason))
        self.input.append(pending)
        self.in_flight.refuse(pending, verdict)
        return pending

    def mark(self, state: int, size: int = 0) -> None:
        """Take a state; one that stands at the end of what is unsettled is replaced."""
        self.in_flight.window.mark(StateMark(state, size))
        if len(self.input) > len(self.settled) and isinstance(self.input[-1], int):
            self.input.pop()
        self.input.append(state)

    # -- workers ----------------------------------------------------------------------------------

    def send(self) -> PendingWay | None:
        """Send what may be sent now, as a worker does."""
        in_flight = self.in_flight
        in_flight.release(self.now)
        if in_flight.requests.wait(self.now) > 0:
            return None
        way = in_flight.requests.dispatch(self.now)
        if isinstance(way.step, Send):
            try:
                request = way.step.shape()
            except RecordRejectedError as error:
                self._conclude(way, refused(str(error)), self.now)
                return way
            way.sent(request, datetime.now(UTC))
        self.under_way[way] = self.now
        self.truth.sent(way)
        return way

    def send_all(self) -> list[PendingWay]:
        """Send whatever may be sent now."""
        return list(iter(self.send, None))

    def answer(self, way: PendingWay, verdict: Verdict, *, least_wait: float = 0.0) -> None:
        """Let a request have its answer."""
        sent_at, step = self.under_way.pop(way), way.step
        if isinstance(step, Send):
            way.answered(datetime.now(UTC), self.now - sent_at)
        self.truth.answered(way, verdict, now=self.now, least_wait=least_wait)
        self._conclude(way, verdict, sent_at, least_wait)

    def _conclude(
        self, way: PendingWay, verdict: Verdict, sent_at: float, least_wait: float = 0.0
    ) -> None:
        """Do what an answer asks for."""
        requests = self.in_flight.requests
        requests.under_way -= 1
        requests.follow(verdict, sent_at=sent_at, now=self.now, least_wait=least_wait)
        requests.conclude(way, verdict, now=self.now, least_wait=least_wait)

    # -- the scribe -------------------------------------------------------------------------------

    def open_books(self) -> int:
        """Take what the journal is to carry out; give how much that is."""
        if not self.in_flight.has_journal_work:
            return 0
        ways = self.in_flight.take_journal_steps()
        self.in_the_books.append(ways)
        return len(ways)

    def write_books(self) -> None:
        """Let the journal carry out what was taken first."""
        ways = self.in_the_books.popleft()
        replies = carry_out(self.notebook, [way.step for way in ways])
        self.in_flight.progress.replied(ways, replies, self.now)

    # -- the settler ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Settle what is done at the head."""
        window = self.in_flight.window
        if self.ended_by is None and window.head_error:
            self._end(window.head_error)
        if self.ended_by is not None:
            return
        items = window.take_done()
        while items:
            item = items[0]
            try:
                if isinstance(item, PendingRecord):
                    assert isinstance(item.settled, SettledRecord)
                    self.in_flight.count_aside(item.settled)
            except RecordRejectedError as error:
                window.put_back(items)
                self._end(error)
                return
            self.settled.append(item.state if isinstance(item, StateMark) else item)
            items.popleft()

    def _end(self, error: Exception) -> None:
        """End the run at the head."""
        self.ended_by = error
        self.in_flight.stop(error)  # type: ignore[arg-type]
        self.truth.stopped()

    # -- everything -------------------------------------------------------------------------------

    @property
    def records(self) -> list[PendingRecord]:
        """The records that were read."""
        return [each for each in self.input if isinstance(each, PendingRecord)]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be settled."""
        in_flight = self.in_flight
        has_stopped = in_flight.window.cut < 0 and in_flight.is_quiet
        return self.ended_by is not None or has_stopped or in_flight.window.head is None

    def bring_to_its_end(self, verdict: Verdict = ACCEPTED, *, within: float = 3_600.0) -> None:
        """Read nothing more, and let every request have its answer."""
        deadline = self.now + within
        self.in_flight.finish(self.now)
        while not self.has_ended:
            self.settle()
            for way in list(self.under_way):
                self.answer(way, verdict)
            while self.in_the_books or self.open_books():
                self.write_books()
            if not self.send() and not self.in_flight.has_journal_work and not self.has_ended:
                self._let_time_go_by()
            assert self.now <= deadline, "the run does not come to its end"

    def _let_time_go_by(self) -> None:
        """Wait until something falls due, unless something can be settled at once."""
        window, requests = self.in_flight.window, self.in_flight.requests
        if window.head_is_done or window.head_error:
            return
        wait = min(requests.wait(self.now), self.in_flight.due - self.now)
        assert wait < math.inf, "nothing will ever happen, and records have no outcome"
        self.now += max(wait, 0.0)


class Truth:
    """What is so by the contract, worked out from what was sent and answered alone."""

    def __init__(self, policy: Policy) -> None:
        """Start with nothing sent."""
        self._policy = policy
        self._failed: set[float] = set()
        self._before: dict[PendingWay, list[bool]] = {}
        self._steps: dict[PendingWay, object] = {}
        self._tries: dict[PendingWay, int] = {}
        self.may_have: dict[PendingRecord, bool] = {}
        self.not_before: dict[PendingWay, float] = {}
        self.nobody_before = -math.inf

    def sent(self, way: PendingWay) -> None:
        """A request left; what follows a lost answer is the same request once more."""
        is_next = self._steps.get(way) is not way.step
        if is_next and not (isinstance(way.step, Send) and way.step.is_repeated):
            self._tries[way] = 0
        self._steps[way] = way.step
        self._tries[way] += 1
        if isinstance(way.step, Send):
            self._before[way] = [self.may_have.get(each, False) for each in way.records]
            self.may_have |= dict.fromkeys(way.records, True)

    def answered(self, way: PendingWay, verdict: Verdict, *, now: float, least_wait: float) -> None:
        """An answer came: what it proves, what it delays and what it ends."""
        is_change = isinstance(way.step, Send)
        is_not_processed = verdict.meaning is Meaning.NOT_PROCESSED
        if is_change and (is_not_processed or verdict.outcome is Outcome.REJECTED):
            self.may_have |= zip(way.records, self._before[way], strict=True)
        if verdict.pushes_back:
            self.nobody_before = max(self.nobody_before, now + least_wait)
        is_tried_again = is_not_processed or (verdict.is_lost and not is_change)
        if is_tried_again and (self._tries[way] >= self._policy.max_attempts or least_wait > 3_600):
            self._failed.add(way.sequence)
        wait = least_wait if is_tried_again else 0.0
        self.not_before[way] = now + max(whole_ceiling(self._tries[way]), wait)
        if verdict.meaning is Meaning.FINAL:
            del self.not_before[way]
        if verdict.meaning is Meaning.CREDENTIALS_REFUSED:
            self.stopped()

    def stopped(self) -> None:
        """Everything ended."""
        self._failed.add(-1)

    def cut(self, records: Sequence[PendingRecord]) -> float:
        """Give the place behind which nothing is sent any more."""
        aside = [
            each.sequence
            for each in records
            if each.settled and each.settled.verdict.outcome.is_set_aside
        ]
        allowed = self._policy.max_rejected
        surplus = {aside[int(allowed)]} if len(aside) > allowed else set()
        return min(self._failed | surplus, default=math.inf)
