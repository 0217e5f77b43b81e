"""The threads of a delivery: between a server and a ledger of the test's own, without sockets."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.apptivo.response import Response
from target_apptivo.apptivo.steps import Send, Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.delivery.delivery import Delivery
from target_apptivo.delivery.pace import Pace
from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record, SettledRecord
from target_apptivo.delivery.policy import Policy
from target_apptivo.errors import (
    JournalError,
    OutputError,
    RecordRejectedError,
    RunEndedError,
    StoppedError,
    TargetApptivoError,
    UnexpectedError,
)
from target_apptivo.journal.steps import Place, Recall
from tests.flight import CREATE, Notebook, as_it_is, shaped, way_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.steps import Way
    from target_apptivo.delivery.scribe import Book

# Seconds after which a run is taken to hang: no test waits for it that does not fail.
PATIENCE = 30.0


class Ledger:
    """Notes what it is told; may fail, and may be held up."""

    def __init__(self) -> None:
        """Be told without delay."""
        self.told: list[Any] = []
        self.is_closed = False
        self.gate = threading.Event()
        self.gate.set()
        self.failing: dict[str, Exception] = {}

    def settle(self, settled: SettledRecord) -> None:
        """Account for a record."""
        self._note("settle", settled.key["id"])

    def reach(self, state: object) -> None:
        """Take note of a state."""
        self._note("reach", state)

    def tick(self) -> float | None:
        """Nothing falls due."""
        if error := self.failing.pop("tick", None):
            raise error
        return None

    def close(self) -> None:
        """Write what is left."""
        self.is_closed = True

    def _note(self, kind: str, what: object) -> None:
        """Note something, when that may be."""
        self.gate.wait(PATIENCE)
        if error := self.failing.get(kind):
            raise error
        self.told.append(what)


def at_once(attempt: int) -> float:  # noqa: ARG001 - however many there were
    """Wait for no retry."""
    return 0.0


class Rig:
    """A delivery with a server that answers as a function says."""

    def __init__(
        self,
        respond: Callable[[Request], Any] = lambda _: Response(200, b"{}"),
        *,
        grace: float = PATIENCE,
        book: Book | None = None,
        **policy: Any,  # noqa: ANN401
    ) -> None:
        """Start nothing yet."""
        self.ledger = Ledger()
        self.sent: list[int] = []
        self.ends: list[bool] = []
        self.stopped: StoppedError | None = None
        self._respond = respond
        self._count = 0
        given = {"backoff": at_once, "shown": as_it_is, "max_in_flight": 8, **policy}
        self.delivery = Delivery(
            self.send,
            self.ledger,
            Pace(given["max_in_flight"]),
            policy=Policy(has_journal=book is not None, **given),
            interruption=lambda: self.stopped,
            on_end=lambda: self.ends.append(True),
            grace=grace,
            book=book,
        )

    def send(self, request: Request) -> Any:  # noqa: ANN401 - a response, or none
        """Send a request once."""
        self.sent.append(int("".join(filter(str.isdigit, (request.body or b"0").decode()))))
        return self._respond(request)

    def pending(self) -> PendingRecord:
        """Make a record."""
        self._count += 1
        key = {"id": self._count}
        return PendingRecord(Record(stream="s", endpoint="e", key=key, message={}))

    def submit(
        self, start: Callable[[], Way] | None = None, *, is_kept: bool = False
    ) -> PendingRecord:
        """Take a record; by default it is created."""
        pending = self.pending()
        number = pending.record.key["id"]
        place = Place("e", "s", str(number)) if is_kept else None
        start = start or way_of(CREATE, record=shaped(number, place=place))
        self.delivery.submit(PendingWay(start, [pending]))
        return pending

    def submit_until_the_end(self, *, is_kept: bool = False) -> None:
        """Take records until none is taken any more."""
        with suppress(RunEndedError):
            while self._count < 100_000:
                self.submit(is_kept=is_kept)
        assert self._count < 100_000

    def finish(self) -> TargetApptivoError | None:
        """Bring the run to its end; give what ended it early."""
        raised: list[TargetApptivoError | None] = [RunEndedError("it hangs")]
        thread = threading.Thread(target=self._finish, args=(raised,), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the run hangs"
        return raised[0]

    def _finish(self, raised: list[TargetApptivoError | None]) -> None:
        """Bring the run to its end in a thread."""
        try:
            self.delivery.finish()
        except TargetApptivoError as error:
            raised[0] = error
        else:
            raised[0] = None


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# -- all goes well --------------------------------------------------------------------------------


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_everything_is_told_once_in_input_order(max_in_flight: int) -> None:
    """Whatever order the answers come in; each request is sent once."""
    dice = Random(1)  # noqa: S311

    def respond(_: Request) -> Response:
        time.sleep(dice.random() / 500)
        return Response(200, b"{}")

    rig = Rig(respond, max_in_flight=max_in_flight)
    wanted: list[Any] = []
    for number in range(1, 201):
        rig.submit()
        wanted.append(number)
        if number % 7 == 0:
            rig.delivery.mark(f"state {number}")
            wanted.append(f"state {number}")
    rig.delivery.refuse(rig.pending(), refused("no"))
    assert rig.finish() is None or wanted
    assert rig.ledger.told == wanted
    assert Counter(rig.sent) == Counter(range(1, 201))
    assert rig.ledger.is_closed


def test_a_run_that_ends_well_wakes_no_reader() -> None:
    """It ends when the input does."""
    rig = Rig()
    rig.submit()
    assert rig.finish() is None
    assert rig.ends == []
    assert rig.delivery.unsettled() == []
    assert rig.delivery.unsent() == []


def test_nothing_read_is_nothing_to_wait_for() -> None:
    """An empty input ends at once, and the ledger is told of the end."""
    rig = Rig()
    assert rig.finish() is None
    assert rig.ledger.is_closed


def test_a_ledger_that_is_held_up_does_not_hold_up_the_sending() -> None:
    """A blocked stdout, or a slow webhook, delays what is told and nothing else."""
    rig = Rig()
    rig.ledger.gate.clear()
    for _ in range(100):
        rig.submit()
    wait_until(lambda: len(rig.sent) == 100)
    assert rig.ledger.told == []
    rig.ledger.gate.set()
    assert rig.finish() is None
    assert rig.ledger.told == list(range(1, 101))


def test_the_journal_is_asked_in_groups() -> None:
    """Every record is intended, sent and remembered; fewer groups than steps."""
    notebook = Notebook()
    rig = Rig(book=notebook)
    for _ in range(200):
        rig.submit(is_kept=True)
    assert rig.finish() is None
    assert rig.ledger.told == list(range(1, 201))
    assert len(notebook.known) == 200
    assert notebook.intended == {}
    assert notebook.groups < 400


def test_draining_waits_until_all_is_settled() -> None:
    """Also what stands in an open batch; then more may be taken."""
    rig = Rig()
    for _ in range(10):
        rig.submit()
    rig.delivery.drain()
    assert rig.delivery.unsettled() == []
    rig.submit()
    assert rig.finish() is None
    assert rig.ledger.told == list(range(1, 12))


# -- room -----------------------------------------------------------------------------------------


def feed(rig: Rig, count: list[int], size: int) -> None:
    """Read records, each with a large state, as long as there is room."""
    for number in range(20):
        rig.submit()
        rig.delivery.mark(number, size)
        count.append(number)


def test_states_take_room_in_the_window() -> None:
    """One large state a record does not fill the memory: no more is read while none is told."""
    rig = Rig()
    rig.ledger.gate.clear()
    count: list[int] = []
    reader = threading.Thread(target=feed, args=(rig, count, 8_000_000), daemon=True)
    reader.start()
    wait_until(lambda: len(rig.sent) >= 4)
    time.sleep(0.1)
    assert len(count) <= 10  # what was taken to be told, and what fills the window
    rig.ledger.gate.set()
    reader.join(PATIENCE)
    assert rig.finish() is None
    assert len(count) == 20


# -- a run that ends early ------------------------------------------------------------------------


def test_a_refusal_ends_the_run_with_everything_before_it_told() -> None:
    """The reader is woken; what comes then is not taken; the record is left, and those behind."""
    rig = Rig(lambda request: Response(400 if b":5}" in (request.body or b"") else 200, b"{}"))
    rig.submit_until_the_end()
    assert rig.ends
    error = rig.finish()
    assert isinstance(error, RecordRejectedError)
    assert 'key {"id":5}' in str(error)
    assert rig.ledger.told == [1, 2, 3, 4]
    assert rig.ledger.is_closed
    left = rig.delivery.unsettled()
    assert left[0].record.key == {"id": 5}
    assert {each.record.key["id"] for each in left if each.apptivo_may_have} == set(rig.sent) - {
        *range(1, 6)
    }


def failing(*_: object) -> Any:  # noqa: ANN401
    """Fail as only a fault of ours does."""
    raise ZeroDivisionError


async def broken() -> Verdict:
    """Fail in the way of a record."""
    raise ZeroDivisionError


async def repeated_after_a_wait() -> Verdict:
    """Send something as after a lost answer, and wait before."""
    await Wait(0.01)
    return (await Send(CREATE, failing, is_repeated=True)).verdict


FAULTS: dict[str, Callable[[], Rig]] = {
    "sending": lambda: Rig(failing),
    "judging": lambda: Rig(lambda _: object()),
    "concluding": lambda: Rig(lambda _: Response(503, b""), backoff=failing),
    "showing": lambda: Rig(lambda _: Response(401, b""), shown=failing),
    "refusing": lambda: Rig(lambda _: Response(400, b""), shown=failing),
}


@pytest.mark.parametrize("rig", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_ours_ends_the_run_and_hangs_nothing(rig: Callable[[], Rig]) -> None:
    """Wherever it happens, nobody waits for the request any more; the record has no outcome."""
    run = rig()
    run.submit()
    with suppress(RunEndedError):
        run.delivery.mark("never")
    error = run.finish()
    assert isinstance(error, UnexpectedError)
    assert run.ledger.told == []
    assert run.ledger.is_closed
    assert [each.record.key for each in run.delivery.unsettled()] == [{"id": 1}]


def test_a_fault_in_a_way_ends_the_run_at_its_record() -> None:
    """What is before it is told."""
    rig = Rig()
    rig.submit()
    rig.submit(broken)
    assert isinstance(rig.finish(), UnexpectedError)
    assert rig.ledger.told == [1]


def test_a_fault_when_a_way_goes_on_after_a_wait_hangs_nothing() -> None:
    """As anywhere else: whoever lets it go on is a worker that looks for something to send."""
    rig = Rig(backoff=failing)
    rig.submit(repeated_after_a_wait)
    assert isinstance(rig.finish(), UnexpectedError)


@pytest.mark.parametrize("where", ["settle", "reach", "tick"])
@pytest.mark.parametrize("error", [OutputError("full"), ZeroDivisionError()])
def test_an_output_that_fails_ends_the_run(where: str, error: Exception) -> None:
    """What it did not take is left unsettled, and is known to be in Apptivo."""
    rig = Rig()
    rig.ledger.failing[where] = error
    with suppress(RunEndedError):
        rig.submit()
        rig.delivery.mark("state")
    ended = rig.finish()
    assert ended is error or isinstance(ended, UnexpectedError)
    assert rig.ledger.is_closed
    left = rig.delivery.unsettled()
    if where == "settle":
        assert [each.record.key for each in left] == [{"id": 1}]
        assert all(each.settled and each.apptivo_may_have for each in left)
    assert "state" not in rig.ledger.told


class BadBook(Notebook):
    """A journal whose disk is full after some groups."""

    def carry_out(self, steps: Sequence[Any]) -> list[Any]:
        """Fail in the third group."""
        if self.groups == 2:
            raise JournalError("the disk is full")
        return super().carry_out(steps)


def test_a_journal_that_fails_ends_the_run() -> None:
    """Nothing is sent that it does not hold, and nobody waits for it for ever."""
    book = BadBook()
    rig = Rig(book=book)
    rig.submit_until_the_end(is_kept=True)
    error = rig.finish()
    assert isinstance(error, JournalError)
    held = {int(place.key) for place in (*book.intended, *book.known)}
    assert set(rig.sent) <= held
    assert rig.delivery.unsettled()


def test_an_interrupted_run_finishes_what_is_under_way() -> None:
    """And sends nothing more; what was answered is told, as far as it is before all else."""
    gate = threading.Event()

    def respond(_: Request) -> Response:
        gate.wait(PATIENCE)
        return Response(200, b"{}")

    rig = Rig(respond)
    for _ in range(20):
        rig.submit()
    wait_until(lambda: len(rig.sent) == 2)
    rig.stopped = StoppedError(15)
    with pytest.raises(RunEndedError):
        rig.submit()
    finishing = threading.Thread(target=gate.set)
    finishing.start()
    assert rig.finish() is rig.stopped
    assert rig.ledger.told[:2] == [1, 2]
    assert rig.ledger.told == sorted(rig.sent)
    assert not any(each.apptivo_may_have for each in rig.delivery.unsettled())


def test_an_interrupted_run_waits_for_its_grace_and_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A request without an answer is left; Apptivo may have it."""
    gate = threading.Event()
    rig = Rig(lambda _: gate.wait(2 * PATIENCE), grace=0.2)
    pending = rig.submit()
    wait_until(lambda: len(rig.sent) == 1)
    rig.stopped = StoppedError(2)
    caplog.set_level(logging.WARNING)
    assert rig.finish() is rig.stopped
    assert rig.delivery.unsettled() == [pending]
    assert pending.apptivo_may_have
    gate.set()


def test_how_it_goes_is_told_in_words() -> None:
    """For the line of progress."""
    assert Rig().delivery.describe() == "0 requests under way, at most 2 at once"


def test_outcomes_of_records_that_are_set_aside_are_told_too() -> None:
    """In their place, as everything else."""
    rig = Rig(
        lambda request: Response(400 if b":2}" in (request.body or b"") else 200, b"{}"),
        max_rejected=math.inf,
    )
    records = [rig.submit() for _ in range(3)]
    assert rig.finish() is None
    assert rig.ledger.told == [1, 2, 3]
    outcomes = [each.settled.verdict.outcome for each in records if each.settled]
    assert outcomes == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]


@pytest.mark.parametrize("is_kept", [False, True])
def test_records_wait_for_their_time_without_a_thread(*, is_kept: bool) -> None:
    """A hundred ways that wait are under way together; whoever is asked next carries on."""

    async def patient(number: int) -> Verdict:
        await Wait(0.3)
        if is_kept:
            await Recall(Place("e", "s", str(number)))
        return Verdict(outcome=Outcome.ACCEPTED, apptivo_id=str(number))

    rig = Rig(max_in_flight=1, book=Notebook() if is_kept else None)
    for number in range(100):
        rig.submit(partial(patient, number))
    assert rig.finish() is None
    assert rig.ledger.told == list(range(1, 101))
