"""Lost answers (12.7), and what is in doubt (12.8)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import (
    customer,
    is_write,
    lead,
    named,
    outcomes,
    payload,
    responses,
    states,
    table,
)

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox
    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep, Person

pytest_plugins = ["tests.in_step_runs"]

MATCHED = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}


def set_aside(step: InStep) -> dict[str, Any]:
    """Give settings with which rejected and uncertain records do not end a run."""
    return {"rejected_path": str(step.folder / "rejected.singer"), "max_rejected": -1}


class Losing:
    """Loses the answers to the first writes, or to all."""

    def __init__(self, sandbox: Sandbox, *, stores: bool, number: float = 1) -> None:
        """Begin at once."""
        self._sandbox = sandbox
        self._stores = stores
        self.left = number
        self.lost = 0
        sandbox.respond = self.respond

    def respond(self, request: Received) -> Reply | None:
        """Let the sandbox do the work, or not, and close the connection."""
        self._sandbox.faults = {}
        if self.left < 1 or not is_write(request):
            return None
        self.left -= 1
        self.lost += 1
        if not self._stores:
            return Reply.dropped()
        # Drawn on arrival for the request after this one: so the fault is played here.
        stage = self._sandbox._stage  # noqa: SLF001 - its fault, for this very request
        return stage.reply(
            received=request, faults=("drop_after",), now=datetime.now(UTC), slow_ms=0
        )


def lose_and_refuse_looks(step: InStep) -> None:
    """Lose the answer to the first write, and refuse to be asked about it: it stays in doubt."""
    losing = Losing(step.sandbox, stores=True)

    def respond(request: Received) -> Reply | None:
        if losing.lost and not is_write(request):
            return Reply.json({"status": "FAILURE", "reason": "busy"})
        return losing.respond(request)

    step.sandbox.respond = respond


@pytest.fixture
def known(person: Person) -> None:
    """Somebody by whom the search is proven."""
    person.creates("leads", lastName="Known")


# --- creates, with match_on ---


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("stores", "resolution"), [(True, "found"), (False, "resent")])
def test_a_lost_create_is_looked_for(step: InStep, *, stores: bool, resolution: str) -> None:
    """It is found, or sent again once it has stayed unfound: never twice there, never lost."""
    Losing(step.sandbox, stores=stores)
    rows = table("leads", lead(1), lead(2))
    run = step(rows, streams=MATCHED, max_in_flight=1)
    assert run.code == 0
    told = {each["key"]["nr"]: each for each in responses(run)}
    (lost,) = (each for each in told.values() if each["resolution"])
    assert lost["outcome"] == "accepted"
    assert lost["resolution"] == resolution
    assert lost["possible_duplicate"] == (resolution == "resent")
    assert lost["apptivo_id"] == step.held("leads")[lost["key"]["nr"]]["id"]
    assert step.counts("leads") == {None: 1, 1: 1, 2: 1}
    assert not outcomes(step(rows, streams=MATCHED))


@pytest.mark.usefixtures("known")
def test_others_go_on_meanwhile(step: InStep) -> None:
    """One lost answer keeps none of a hundred others waiting, but for the state."""
    Losing(step.sandbox, stores=False)
    rows = [lead(nr) for nr in range(100)]
    run = step(table("leads", *rows), streams=MATCHED, settle_seconds=3)
    assert run.code == 0
    assert set(step.counts("leads").values()) == {1}
    requests = step.sandbox.requests
    saves = [each for each in requests if is_write(each)]
    assert len(saves) == 101
    # The one that was sent again came last of all.
    assert payload(saves[-1])["nr"] in {payload(each)["nr"] for each in saves[:-1]}
    assert states(run) == [{"at": 1}]


@pytest.mark.usefixtures("known")
def test_a_late_commit_within_settle_seconds_is_found(step: InStep) -> None:
    """What Apptivo stores later than it seemed lost is not sent again."""
    step.sandbox.late_commit = 2.5
    Losing(step.sandbox, stores=True)
    run = step(table("leads", lead(1)), streams=MATCHED, settle_seconds=4)
    assert outcomes(run, "outcome", "resolution") == [("accepted", "found")]
    assert step.counts("leads")[1] == 1


@pytest.mark.usefixtures("known")
def test_a_look_that_cannot_be_believed_is_no_look(step: InStep) -> None:
    """Sent again only after two looks in a row that find nothing."""
    losing = Losing(step.sandbox, stores=False)
    looks: list[str] = []

    def respond(request: Received) -> Reply | None:
        if losing.lost and not is_write(request):
            looks.append("look")
            if len(looks) == 1:
                return Reply.json({"status": "FAILURE", "reason": "busy"})
        elif losing.lost:
            looks.append("write")
        return losing.respond(request)

    step.sandbox.respond = respond
    run = step(table("leads", lead(1)), streams=MATCHED)
    assert outcomes(run, "outcome", "resolution") == [("accepted", "resent")]
    assert looks == ["look"] * 3 + ["write"]


@pytest.mark.usefixtures("known")
def test_looks_that_are_refused_leave_it_uncertain(step: InStep) -> None:
    """Nobody can tell: it is not sent again, and stays in doubt."""
    lose_and_refuse_looks(step)
    rows = table("leads", lead(1))
    run = step(rows, streams=MATCHED, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    assert len(step.sent) == 1
    step.sandbox.respond = None
    run = step(rows, streams=MATCHED)
    assert outcomes(run, "outcome", "resolution") == [("accepted", "found")]
    assert step.counts("leads")[1] == 1


def test_a_lost_witness_is_uncertain(step: InStep) -> None:
    """The first record that is not found is created alone: it is not sent again in this run."""
    Losing(step.sandbox, stores=True)
    rows = table("leads", lead(1), lead(2))
    run = step(rows, streams=MATCHED, **set_aside(step))
    # Both look at once: whose look comes back first is created first.
    assert sorted(outcomes(run)) == ["accepted", "uncertain"]
    assert step.counts("leads") == {1: 1, 2: 1}
    run = step(rows, streams=MATCHED, **set_aside(step))
    assert outcomes(run, "outcome", "resolution") == [("accepted", "found")]
    assert step.counts("leads") == {1: 1, 2: 1}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("fault", ["drop_after", "truncated_200", "drop_before", "empty_200"])
def test_nothing_is_doubled_or_missing_whatever_is_lost(step: InStep, fault: str) -> None:
    """One answer in five is lost, search is 3 s behind: each record is there once."""
    step.sandbox.index_delay = 3
    rows = [lead(nr) for nr in range(25)]
    losing = {fault: 0.2}
    step.sandbox.respond = lambda request: _faults(step.sandbox, request, losing)
    run = step(table("leads", *rows), streams=MATCHED, settle_seconds=5, max_attempts=8)
    assert run.code == 0, run.last_log
    assert step.counts("leads") == {None: 1} | dict.fromkeys(range(25), 1)


def _faults(sandbox: Sandbox, request: Received, faults: dict[str, float]) -> None:
    """Spoil answers of writes only."""
    sandbox.faults = faults if is_write(request) else {}


# --- creates, without match_on ---


@pytest.mark.parametrize(
    ("setting", "stores", "outcome", "count"),
    [
        ("resend", False, "accepted", 1),
        ("resend", True, "accepted", 2),
        ("hold", False, "uncertain", 0),
        ("hold", True, "uncertain", 1),
    ],
)
def test_without_match_on_the_setting_decides(
    step: InStep, *, setting: str, stores: bool, outcome: str, count: int
) -> None:
    """As without a journal: sent again, and counted; or held."""
    Losing(step.sandbox, stores=stores)
    run = step(table("leads", lead(1)), on_uncertain=setting, **set_aside(step))
    assert outcomes(run) == [outcome]
    assert responses(run)[0]["possible_duplicate"] == (setting == "resend")
    assert step.counts("leads")[1] == count


@pytest.mark.parametrize("stores", [False, True])
def test_held_in_doubt_it_stays_so_until_it_is_sent_with_resend(
    step: InStep, *, stores: bool
) -> None:
    """Each day it is uncertain and not sent; with `resend` it goes."""
    Losing(step.sandbox, stores=stores)
    rows = table("leads", lead(1))
    for _ in range(3):
        run = step(rows, on_uncertain="hold", **set_aside(step))
        assert outcomes(run) == ["uncertain"]
    assert not step.sent
    run = step(rows, on_uncertain="resend")
    assert outcomes(run) == ["accepted"]
    assert len(step.sent) == 1
    assert not outcomes(step(rows))


# --- updates ---


@pytest.mark.parametrize("stores", [False, True])
def test_a_lost_update_is_read_again(step: InStep, *, stores: bool) -> None:
    """What still differs is sent; what arrived is not sent twice."""
    step(table("leads", lead(1, description="old")))
    Losing(step.sandbox, stores=stores)
    rows = table("leads", lead(1, description="new"))
    run = step(rows)
    assert outcomes(run) == ["updated"]
    assert step.held("leads")[1]["description"] == "new"
    assert len(step.sent) == (1 if stores else 2)
    assert not outcomes(step(rows))


def test_the_key_of_a_lost_update_waits(step: InStep) -> None:
    """A late one would undo the next: the next goes only after `settle_seconds`."""
    step(table("leads", lead(1, description="old")))
    step.sandbox.late_commit = 1.5
    Losing(step.sandbox, stores=True)
    rows = [lead(1, description="second"), lead(1, description="third")]
    run = step(table("leads", *rows), settle_seconds=3)
    assert outcomes(run) == ["updated", "updated"]
    time.sleep(0.1)
    assert step.held("leads")[1]["description"] == "third"


def test_a_lost_update_does_not_undo_a_person(step: InStep, person: Person) -> None:
    """What a person writes while it is unclear is seen when it is read again."""
    step(table("leads", lead(1, description="old", companyName="old")))
    identity = step.held("leads")[1]["id"]
    losing = Losing(step.sandbox, stores=False)

    def respond(request: Received) -> Reply | None:
        before = losing.lost
        reply = losing.respond(request)
        if losing.lost > before:
            step.sandbox.faults = {}
        return reply

    step.sandbox.respond = respond
    run = step(table("leads", lead(1, description="new", companyName="old")))
    assert outcomes(run) == ["updated"]
    person.edits("leads", identity, companyName="theirs")
    assert not outcomes(step(table("leads", lead(1, description="new", companyName="old"))))
    assert step.held("leads")[1]["companyName"] == "theirs"


def test_an_update_with_all_attempts_lost_is_tried_again_next_time(step: InStep) -> None:
    """It is uncertain, and what the source says next is compared with what is there."""
    step(table("leads", lead(1, description="A")))
    Losing(step.sandbox, stores=True, number=1e9)
    step.sandbox.late_commit = 0
    run = step(table("leads", lead(1, description="B")), max_attempts=1, **set_aside(step))
    assert outcomes(run) in (["uncertain"], ["updated"])
    step.sandbox.respond = None
    step(table("leads", lead(1, description="A")))
    assert step.held("leads")[1]["description"] == "A"


# --- in doubt ---


def in_doubt(step: InStep) -> int:
    """Ask the journal how much is in doubt."""
    count: int = step([], "--journal").lines[0]["in_doubt"]
    return count


def crash(step: InStep, *rows: dict[str, Any], **settings: Any) -> None:  # noqa: ANN401
    """Leave records in doubt: all answers are lost, and are not looked for."""
    settings = {"on_uncertain": "hold", **set_aside(step), **settings}
    run = step(table("leads", *rows), **settings)
    assert set(outcomes(run)) == {"uncertain"}


@pytest.mark.usefixtures("known")
def test_in_doubt_without_match_values_it_is_uncertain_with_them(step: InStep) -> None:
    """Values that were not known then are other ones; without them again it is sent."""
    Losing(step.sandbox, stores=False)
    crash(step, lead(1))
    step.sandbox.respond = None
    run = step(table("leads", lead(1)), streams=MATCHED, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    assert not step.sent
    assert outcomes(step(table("leads", lead(1)))) == ["accepted"]


def test_what_waits_goes_on_at_its_time(step: InStep) -> None:
    """A run in which nothing else happens wakes for what falls due, and not half a minute later."""
    Losing(step.sandbox, stores=True)
    rows = table("leads", lead(1), lead(2))
    step(rows, streams=MATCHED, **set_aside(step))
    begun = time.monotonic()
    run = step(rows, streams=MATCHED, **set_aside(step))
    assert outcomes(run, "resolution") == ["found"]
    assert time.monotonic() - begun < 20


@pytest.mark.usefixtures("known")
def test_in_doubt_under_other_match_values_it_is_uncertain(step: InStep) -> None:
    """Looking under the new value would not find what the old one made."""
    lose_and_refuse_looks(step)
    run = step(table("leads", lead(1)), streams=MATCHED, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    step.sandbox.respond = None
    run = step(table("leads", lead(1, lastName="Other")), streams=MATCHED, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    assert not step.sent
    run = step(table("leads", lead(1)), streams=MATCHED)
    assert outcomes(run, "outcome", "resolution") == [("accepted", "found")]


@pytest.mark.usefixtures("known")
def test_what_is_found_in_doubt_gets_the_changes_since(step: InStep) -> None:
    """What the earlier run created is taken for the record's own, and brought up to date."""
    lose_and_refuse_looks(step)
    step(table("leads", lead(1, description="old")), streams=MATCHED, **set_aside(step))
    step.sandbox.respond = None
    rows = table("leads", lead(1, description="new"))
    run = step(rows, streams=MATCHED)
    assert outcomes(run, "outcome", "resolution") == [("updated", "found")]
    assert step.held("leads")[1]["description"] == "new"
    assert step.counts("leads")[1] == 1
    assert not outcomes(step(rows, streams=MATCHED))


@pytest.mark.usefixtures("known")
def test_what_is_found_in_doubt_is_not_updated_under_create_only(step: InStep) -> None:
    """It was created, and that is all that is wanted; its changes since are not."""
    streams = {"leads": {**MATCHED["leads"], "load_method": "create-only"}}
    lose_and_refuse_looks(step)
    step(table("leads", lead(1, description="old")), streams=streams, **set_aside(step))
    step.sandbox.respond = None
    run = step(table("leads", lead(1, description="new")), streams=streams)
    assert outcomes(run) == ["duplicate"]
    assert not step.sent
    assert step.held("leads")[1]["description"] == "old"


@pytest.mark.parametrize(("stores", "outcome"), [(True, "rejected"), (False, "duplicate")])
def test_what_was_to_be_deleted_is_looked_at_under_create_only(
    step: InStep, *, stores: bool, outcome: str
) -> None:
    """A row that came back after a lost delete is no duplicate of what is gone."""
    streams = {
        "customers": {
            "endpoint": "create_customer",
            "load_method": "create-only",
            "hard_delete": True,
        }
    }
    step(table("customers", customer(1)), streams=streams)
    Losing(step.sandbox, stores=stores, number=9)
    gone = table("customers", customer(1, _sdc_deleted_at="2026-01-01"))
    run = step(gone, streams=streams, max_attempts=1, **set_aside(step))
    assert outcomes(run) == ["uncertain"]
    step.sandbox.respond = None
    run = step(table("customers", customer(1)), streams=streams, **set_aside(step))
    assert outcomes(run) == [outcome]
    assert not step.sent


def test_a_set_aside_line_that_is_older_than_what_was_taken_is_skipped(step: InStep) -> None:
    """Newer data is there: the old version is not written over it."""
    path = step.folder / "rejected.singer"
    step.sandbox.respond = lambda request: (
        Reply.json({"status": "FAILURE", "reason": "no"}) if is_write(request) else None
    )
    step(table("leads", lead(1, description="old"), lead(2)), **set_aside(step))
    step.sandbox.respond = None
    lines = path.read_text().splitlines()
    path.unlink()
    time.sleep(0.01)
    step(table("leads", lead(1, description="new")))
    run = step(lines)
    assert run.code == 0
    assert outcomes(run) == ["skipped", "accepted"]
    assert step.held("leads")[1]["description"] == "new"
    assert step.counts("leads") == {1: 1, 2: 1}


def test_a_set_aside_line_is_older_than_what_was_taken_before_a_doubt(step: InStep) -> None:
    """Newer data was taken, and an update since is in doubt: the old line is not sent."""
    path = step.folder / "rejected.singer"
    step.sandbox.respond = lambda request: (
        Reply.json({"status": "FAILURE", "reason": "no"}) if is_write(request) else None
    )
    step(table("leads", lead(1, description="old")), **set_aside(step))
    lines = path.read_text().splitlines()
    path.unlink()
    time.sleep(0.01)
    step.sandbox.respond = None
    step(table("leads", lead(1, description="new")))
    Losing(step.sandbox, stores=False, number=9)
    crash(step, lead(1, description="newer"), max_attempts=1)
    step.sandbox.respond = None
    assert in_doubt(step) == 1
    assert outcomes(step(lines)) == ["skipped"]
    assert not step.sent


def test_a_set_aside_line_of_a_key_that_nobody_took_is_sent(step: InStep) -> None:
    """Mended and sent again; and a third time it is nothing new."""
    path = step.folder / "rejected.singer"
    step(table("leads", lead(1, lastName="")), **set_aside(step))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.unlink()
    for line in lines:
        if line["type"] == "RECORD":
            line["record"]["lastName"] = "Ada"
    assert outcomes(step(lines)) == ["accepted"]
    again = step(lines)
    assert set(outcomes(again)) <= {"skipped"}
    assert step.counts("leads") == {1: 1}


def test_a_set_aside_update_is_sent_while_nothing_newer_was_taken(step: InStep) -> None:
    """Its `at` is later than what was taken: it is the newest that there is."""
    path = step.folder / "rejected.singer"
    step(table("leads", lead(1, description="old")))
    step.sandbox.respond = lambda request: (
        Reply.json({"status": "FAILURE", "reason": "no"}) if is_write(request) else None
    )
    step(table("leads", lead(1, description="new")), **set_aside(step))
    step.sandbox.respond = None
    lines = path.read_text().splitlines()
    path.unlink()
    run = step(lines)
    assert outcomes(run) == ["updated"]
    assert named(step.sent[0]) == {"description"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("streams", [MATCHED, {"leads": "create_lead"}])
def test_what_the_credentials_refuse_is_not_in_doubt(step: InStep, streams: Any) -> None:  # noqa: ANN401
    """Whatever was under way was refused, and the rest never left."""

    def respond(request: Received) -> Reply | None:
        return Reply(status=401) if is_write(request) and len(step.sent) > 10 else None

    step.sandbox.respond = respond
    run = step(table("leads", *(lead(number) for number in range(60))), streams=streams)
    assert run.last_log.startswith("Apptivo refused the credentials (HTTP 401)")
    assert in_doubt(step) == 0


@pytest.mark.parametrize("reply", [Reply(status=401), Reply(status=503)])
def test_an_older_doubt_outlives_a_refusal(step: InStep, reply: Reply) -> None:
    """What was sent yesterday may be there, though today's sending surely came to nothing."""
    Losing(step.sandbox, stores=True)
    crash(step, lead(1))
    step.sandbox.respond = lambda request: reply if is_write(request) else None
    assert step(table("leads", lead(1, description="B")), max_attempts=1).code == 1
    assert in_doubt(step) == 1
    step.sandbox.respond = None
    assert outcomes(step(table("leads", lead(1)), streams=MATCHED, **set_aside(step))) == [
        "uncertain"
    ]
