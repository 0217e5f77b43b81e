"""`--plan` (12.11): what a run would do, and nothing done."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import customer, is_write, lead, outcomes, responses, table

if TYPE_CHECKING:
    from tests.conftest import Finished
    from tests.in_step import InStep, Person

pytest_plugins = ["tests.in_step_runs"]

MATCHED = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
_FIELDS = {"stream", "key", "action", "apptivo_id", "changes", "conflicts", "reason"}
_ACTIONS = {"create", "update", "delete", "send", "reject", "uncertain"}


def digest(step: InStep) -> dict[str, str]:
    """Give the digests of the run's files, but for what the tests write themselves.

    Beside its journal SQLite leaves empty files of its own where it only reads.
    """
    files = [path for path in step.folder.iterdir() if path.is_file()]
    own = {"config.json", "input.singer", "journal.db-shm"}
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name not in own and path.stat().st_size
    }


def plan(step: InStep, messages: list[Any], **settings: Any) -> Finished:  # noqa: ANN401
    """Plan, and see that nothing was written anywhere."""
    before, held = digest(step), step.held_all
    run = step(messages, "--plan", **settings)
    assert digest(step) == before
    assert step.held_all == held
    assert not [each for each in step.sandbox.requests if is_write(each)]
    for line in run.lines[:-1]:
        assert set(line) == _FIELDS
        assert line["action"] in _ACTIONS
    return run


def test_a_plan_tells_each_action(step: InStep, person: Person) -> None:
    """Created, updated, deleted, sent, rejected; what stays as it is only in the totals."""
    streams = {
        **MATCHED,
        "customers": {"endpoint": "create_customer", "hard_delete": True},
        "things": {"endpoint": "generic", "url": "v6/things?a=save"},
    }
    first = table("leads", lead(1), lead(2, description="old"))
    first += table("customers", customer(1)) + table("things", {"nr": 1, "x": 1})
    step(first, streams=streams)
    found = person.creates("leads", lastName="Found", description="theirs")
    ids = {nr: each["id"] for nr, each in step.held("leads").items()}
    firm = step.held("customers")[1]["id"]
    second = table(
        "leads",
        lead(1),
        lead(2, description="new"),
        lead(3, lastName="Found", description="mine"),
        lead(4),
        {"nr": 5},
    )
    second += table("customers", customer(1, _sdc_deleted_at="2026-01-01"), customer(2))
    second += table("things", {"nr": 1, "x": 2}, {"nr": 2, "x": 1})
    run = plan(step, second, streams=streams, max_rejected=1, rejected_path=str(step.folder / "r"))
    assert run.code == 0
    told = {(each["stream"], each["key"]["nr"]): each for each in run.lines[:-1]}
    assert {key: each["action"] for key, each in told.items()} == {
        ("leads", 2): "update",
        ("leads", 3): "update",
        ("leads", 4): "create",
        ("leads", 5): "reject",
        ("customers", 1): "delete",
        ("customers", 2): "create",
        ("things", 1): "send",
        ("things", 2): "send",
    }
    assert told["leads", 2]["changes"] == {"description": {"from": "old", "to": "new"}}
    assert told["leads", 2]["apptivo_id"] == ids[2]
    assert told["leads", 3]["apptivo_id"] == found
    assert told["leads", 3]["changes"]["description"] == {"from": "theirs", "to": "mine"}
    assert told["leads", 4]["apptivo_id"] is None
    assert "lastName" in told["leads", 5]["reason"]
    assert told["customers", 1]["apptivo_id"] == firm
    assert run.lines[-1] == {
        "totals": {
            "leads": {"unchanged": 1, "update": 2, "create": 1, "reject": 1},
            "customers": {"delete": 1, "create": 1},
            "things": {"send": 2},
        }
    }


@pytest.mark.parametrize("policy", ["overwrite", "keep"])
def test_a_plan_tells_conflicts(step: InStep, person: Person, policy: str) -> None:
    """With `keep` they are not among the changes."""
    streams = {"leads": {"endpoint": "create_lead", "on_conflict": policy}}
    step(table("leads", lead(1, description="old", companyName="old")), streams=streams)
    person.edits("leads", step.held("leads")[1]["id"], description="theirs")
    rows = table("leads", lead(1, description="new", companyName="new"))
    (line, _) = plan(step, rows, streams=streams).lines
    assert line["conflicts"] == ["description"]
    expected = {"companyName"} if policy == "keep" else {"companyName", "description"}
    assert set(line["changes"]) == expected
    if policy == "overwrite":
        assert line["changes"]["description"] == {"from": "theirs", "to": "new"}


def test_a_plan_tells_duplicates_and_skipped_in_its_totals(step: InStep) -> None:
    """They are left as they are."""
    streams = {
        "leads": {"endpoint": "create_lead", "load_method": "create-only"},
        "customers": {"endpoint": "create_customer", "load_method": "update-only"},
    }
    step(table("leads", lead(1)), streams=streams)
    rows = table("leads", lead(1, description="new")) + table("customers", customer(1))
    run = plan(step, rows, streams=streams)
    assert run.lines == [{"totals": {"leads": {"duplicate": 1}, "customers": {"skipped": 1}}}]
    assert run.code == 0


def test_without_a_witness_the_reason_says_so(step: InStep) -> None:
    """An empty app: `create`."""
    run = plan(step, table("leads", lead(1), lead(2)), streams=MATCHED)
    assert [each["action"] for each in run.lines[:-1]] == ["create", "create"]
    assert all("nothing proves it yet" in each["reason"] for each in run.lines[:-1])


def test_what_is_in_doubt_is_uncertain_in_a_plan_as_in_a_run(step: InStep) -> None:
    """Held in doubt it stays so."""
    step.sandbox.respond = lambda request: Reply.dropped() if is_write(request) else None
    aside: dict[str, Any] = {
        "rejected_path": str(step.folder / "r"),
        "max_rejected": -1,
        "on_uncertain": "hold",
    }
    step(table("leads", lead(1)), **aside)
    step.sandbox.respond = None
    run = plan(step, table("leads", lead(1)), **aside)
    assert [each["action"] for each in run.lines[:-1]] == ["uncertain"]
    assert run.code == 0
    assert plan(step, table("leads", lead(1)), on_uncertain="hold").code == 1


@pytest.mark.parametrize(("most", "code"), [(0, 1), (1, 1), (2, 0), (-1, 0)])
def test_more_refused_than_may_be_is_exit_1(step: InStep, most: int, code: int) -> None:
    """And the whole input is told of all the same."""
    rows = table("leads", {"nr": 1}, {"nr": 2}, lead(3))
    more = {"rejected_path": str(step.folder / "r")} if most else {}
    # A record without its name is refused by the schema, before anything is sent.
    rows[0]["schema"]["required"] = ["lastName"]
    run = plan(step, rows, max_rejected=most, **more)
    assert run.code == code
    assert run.lines[-1]["totals"] == {"leads": {"reject": 2, "create": 1}}


def test_day_two_is_what_the_plan_said(step: InStep, person: Person) -> None:
    """Counts by action, and the changes of each record, as its response record has them."""
    day_one = [lead(nr, description=f"text {nr}", companyName="Acme") for nr in range(40)]
    step(table("leads", *day_one), streams=MATCHED)
    for nr in (3, 4, 30):
        person.edits("leads", step.held("leads")[nr]["id"], companyName="theirs")
    day_two = [
        {**row, "description": "changed"} if row["nr"] % 5 == 3 else row for row in day_one[:38]
    ]
    day_two += [lead(nr) for nr in range(100, 107)]
    planned = plan(step, table("leads", *day_two), streams=MATCHED)
    run = step(table("leads", *day_two), streams=MATCHED)
    assert run.code == 0
    told = Counter(each["action"] for each in responses(run))
    totals = planned.lines[-1]["totals"]["leads"]
    assert totals.pop("unchanged") == len(day_two) - sum(told.values())
    assert dict(told) == totals
    for line in planned.lines[:-1]:
        done = next(each for each in responses(run) if each["key"] == line["key"])
        assert set(done["changed"]) == set(line["changes"] if line["action"] == "update" else [])
        assert done["conflicts"] == line["conflicts"]


def test_a_plan_of_what_was_just_done_is_empty(step: InStep) -> None:
    """Nothing but the totals; no request."""
    rows = table("leads", *(lead(nr) for nr in range(5)))
    step(rows)
    run = plan(step, rows)
    assert run.lines == [{"totals": {"leads": {"unchanged": 5}}}]
    assert not step.sandbox.requests


def test_a_plan_of_a_batched_stream(step: InStep) -> None:
    """Record by record: `send`, or left alone."""
    batch = {"size": 3, "grouping": "property", "property_name": "records"}
    streams = {"things": {"endpoint": "generic", "url": "v6/things/batch", "batch": batch}}
    step(table("things", *({"nr": nr, "x": 1} for nr in range(4))), streams=streams)
    rows = [{"nr": nr, "x": 1 + (nr == 2)} for nr in range(6)]
    run = plan(step, table("things", *rows), streams=streams)
    assert [each["key"]["nr"] for each in run.lines[:-1]] == [2, 4, 5]
    assert run.lines[-1] == {"totals": {"things": {"unchanged": 3, "send": 3}}}
    assert outcomes(step(table("things", *rows), streams=streams)) == ["accepted"] * 3


def test_a_plan_does_not_need_a_journal_that_can_be_written(step: InStep) -> None:
    """It only reads it."""
    step(table("leads", lead(1)))
    step.journal.chmod(0o400)
    run = plan(step, table("leads", lead(1, description="new")))
    step.journal.chmod(0o600)
    assert [each["action"] for each in run.lines[:-1]] == ["update"]


def test_a_plan_names_no_secret(step: InStep) -> None:
    """Keys are masked, should a record hold them."""
    rows = table("leads", lead(1, description="planted-Api/Key+1234567890=="))
    step(table("leads", lead(1)))
    run = plan(step, rows)
    assert "planted-Api/Key" not in run.stdout


def test_what_cannot_be_written_is_refused_in_a_plan_as_in_a_run(step: InStep) -> None:
    """New, known, or in a batch: the reason is the run's."""
    streams = {
        "leads": {"endpoint": "create_lead"},
        "bulk": {
            "endpoint": "generic",
            "url": "v6/leads/batch",
            "batch": {"size": 2, "grouping": "property", "property_name": "records"},
        },
    }
    step(table("leads", lead(1)), streams=streams)
    bad = lead(1, description="\ud800"), lead(2, description="\ud800")
    rows = [*table("leads", *bad), *table("bulk", {"nr": 3, "lastName": "\ud800"})]
    more = {"max_rejected": -1, "rejected_path": str(step.folder / "r")}
    planned = plan(step, rows, streams=streams, **more)
    run = step(rows, streams=streams, **more)
    assert [each["action"] for each in planned.lines[:-1]] == ["reject"] * 3
    assert [each["reason"] for each in planned.lines[:-1]] == outcomes(run, "reason")
