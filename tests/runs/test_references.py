"""References (13): an attribute that is the Apptivo id of what another record became."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import customer, is_write, lead, outcomes, payload, responses, states, table

if TYPE_CHECKING:
    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep, Person, Row

pytest_plugins = ["tests.in_step_runs"]


def child(endpoint: str = "create_lead", attribute: str = "accountId", **more: object) -> Row:
    """Give options under which a record refers to a customer by `firm`."""
    omit = {"on_missing": more.pop("on_missing")} if "on_missing" in more else {}
    reference = {"stream": "customers", "key": "{firm}", **omit}
    return {
        "endpoint": endpoint,
        "references": {attribute: reference},
        "exclude_attributes": ["firm"],
        **more,
    }


def set_aside(step: InStep) -> dict[str, Any]:
    """Give settings with which rejected records do not end a run."""
    return {"rejected_path": str(step.folder / "rejected.singer"), "max_rejected": -1}


def ids(step: InStep) -> dict[Any, int]:
    """Give the customers' ids by the row that they came from."""
    return {nr: each["customerId"] for nr, each in step.held("customers").items()}


def test_an_attribute_is_set_to_the_parents_id(step: InStep) -> None:
    """An integer, in a run with the parent and in one without."""
    streams = {"leads": child()}
    both = table("customers", customer(42)) + table("leads", lead(1, firm=42))
    assert step(both, streams=streams).code == 0
    assert step.held("leads")[1]["accountId"] == ids(step)[42]
    assert isinstance(step.held("leads")[1]["accountId"], int)
    step(table("leads", lead(2, firm="42")), streams=streams)
    assert step.held("leads")[2]["accountId"] == ids(step)[42]
    assert "firm" not in step.held("leads")[1]


def test_an_id_that_is_no_integer_stays_text(step: InStep) -> None:
    """A generic parent whose ids are text."""
    step.sandbox.respond = lambda request: (
        Reply.json({"key": "A-17"}) if "things" in request.path else None
    )
    options = {
        "things": {"endpoint": "generic", "url": "v6/things", "id_path": "key"},
        "leads": {
            "endpoint": "create_lead",
            "references": {"thing": {"stream": "things", "key": "{of}"}},
        },
    }
    rows = table("things", {"nr": 1}) + table("leads", lead(1, of=1))
    assert step(rows, streams=options).code == 0
    assert step.held("leads")[1]["thing"] == "A-17"


def test_a_parent_that_is_not_settled_yet_makes_its_child_wait(step: InStep) -> None:
    """However slow the parent is, and with room for all."""
    step.sandbox.latency_ms = 30
    messages = table("customers") + table("leads")
    for nr in range(20):
        parent = {"type": "RECORD", "stream": "customers", "record": customer(nr)}
        follower = {"type": "RECORD", "stream": "leads", "record": lead(nr, firm=nr)}
        messages += [parent, follower]
    run = step(messages, streams={"leads": child()}, max_in_flight=16)
    assert run.code == 0
    known = ids(step)
    assert {nr: each["accountId"] for nr, each in step.held("leads").items()} == known


def test_children_of_one_parent_go_side_by_side(step: InStep) -> None:
    """They wait for the parent, and not for each other."""
    step.sandbox.latency_ms = 40
    rows = table("customers", customer(1))
    rows += table("leads", *(lead(nr, firm=1) for nr in range(60)))
    assert step(rows, streams={"leads": child()}, max_in_flight=16).code == 0
    assert step.sandbox.max_in_flight > 2
    assert len(step.sandbox.records["leads"]) == 60


@pytest.mark.parametrize("kind", ["unknown", "rejected", "later", "uncertain"])
def test_a_parent_that_is_not_in_apptivo_rejects_its_child(step: InStep, kind: str) -> None:
    """The reason names it; the source's own number is never sent in its place."""
    parents = {
        "unknown": [],
        "rejected": table("customers", customer(42, customerName="")),
        "later": [],
        "uncertain": table("customers", customer(42)),
    }[kind]
    if kind == "uncertain":
        step.sandbox.respond = lambda request: (
            Reply.dropped() if "customers" in request.path else None
        )
    rows = parents + table("leads", lead(1, firm=42))
    if kind == "later":
        rows += table("customers", customer(42))
    run = step(rows, streams={"leads": child()}, on_uncertain="hold", **set_aside(step))
    assert run.code == 0
    told = next(each for each in responses(run) if each["stream"] == "leads")
    assert told["outcome"] == "rejected"
    assert "customers 42 is not in Apptivo" in told["reason"]
    assert not [each for each in step.sent if "leads" in each.path]


def test_the_rejected_file_is_the_second_pass(step: InStep) -> None:
    """Children came before their parents: sent again, they find them."""
    streams = {"leads": child()}
    rows = table("leads", *(lead(nr, firm=nr) for nr in range(5)))
    rows += table("customers", *(customer(nr) for nr in range(5)))
    run = step(rows, streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected"] * 5 + ["accepted"] * 5
    path = step.folder / "rejected.singer"
    lines = path.read_text().splitlines()
    path.unlink()
    assert outcomes(step(lines, streams=streams)) == ["accepted"] * 5
    assert {nr: each["accountId"] for nr, each in step.held("leads").items()} == ids(step)


def test_a_deleted_parent_is_not_in_apptivo(step: InStep) -> None:
    """Deleted by us with `hard_delete`: forgotten."""
    streams = {
        "customers": {"endpoint": "create_customer", "hard_delete": True},
        "leads": child(),
    }
    step(table("customers", customer(42)), streams=streams)
    gone = table("customers", customer(42, _sdc_deleted_at="2026-01-01T00:00:00Z"))
    run = step(gone + table("leads", lead(1, firm=42)), streams=streams, **set_aside(step))
    assert outcomes(run) == ["accepted", "rejected"]
    assert "customers 42 is not in Apptivo" in responses(run)[1]["reason"]


def test_a_record_that_is_its_own_parent_is_rejected(step: InStep) -> None:
    """It does not wait for itself; another's child finds it later."""
    reference = {"parentId": {"stream": "customers", "key": "{parent}"}}
    streams = {"customers": {"endpoint": "create_customer", "references": reference}}
    rows = [customer(1, parent=1), customer(2, parent=None), customer(3, parent=2)]
    run = step(table("customers", *rows), streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected", "accepted", "accepted"]
    assert "customers 1 is not in Apptivo" in responses(run)[0]["reason"]
    held = step.held("customers")
    assert held[3]["parentId"] == held[2]["customerId"]
    assert "parentId" not in held[2]


def test_a_record_that_is_there_may_be_its_own_parent(step: InStep) -> None:
    """Known from an earlier run: it has an id, which the contract calls not in Apptivo yet."""
    reference = {"parentId": {"stream": "customers", "key": "{parent}"}}
    streams = {"customers": {"endpoint": "create_customer", "references": reference}}
    step(table("customers", customer(1)), streams=streams)
    run = step(table("customers", customer(1, parent=1)), streams=streams, **set_aside(step))
    assert outcomes(run) in (["updated"], ["rejected"])


def test_two_that_are_each_others_parents_end_the_run_in_order(step: InStep) -> None:
    """Nobody waits in a circle: the first is rejected, and so is its child."""
    reference = {"parentId": {"stream": "customers", "key": "{parent}"}}
    streams = {"customers": {"endpoint": "create_customer", "references": reference}}
    rows = [customer(1, parent=2), customer(2, parent=1)]
    run = step(table("customers", *rows), streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected", "rejected"]


@pytest.mark.parametrize("value", [None, "", ...])
def test_a_missing_key_leaves_the_attribute_out(step: InStep, value: object) -> None:
    """It has no parent, and says nothing of one."""
    row = lead(1) if value is ... else lead(1, firm=value)
    assert step(table("leads", row), streams={"leads": child()}).code == 0
    assert "accountId" not in step.held("leads")[1]


def test_omit_leaves_the_attribute_out(step: InStep) -> None:
    """A child whose parent is not there goes without it, and gets it when the parent is there."""
    streams = {"leads": child(on_missing="omit")}
    rows = table("leads", lead(1, firm=42))
    assert step(rows, streams=streams).code == 0
    assert "accountId" not in step.held("leads")[1]
    assert not outcomes(step(rows, streams=streams))
    step(table("customers", customer(42)), streams=streams)
    assert outcomes(step(rows, streams=streams)) == ["updated"]
    assert step.held("leads")[1]["accountId"] == ids(step)[42]


def test_the_sources_own_number_is_never_sent_in_its_place(step: InStep) -> None:
    """The attribute has a value in the source, and the parent is unknown."""
    reference = {"accountId": {"stream": "customers", "key": "{accountId}"}}
    for more in ({}, {"on_missing": "omit"}):
        options = {"accountId": {**reference["accountId"], **more}}
        streams = {"leads": {"endpoint": "create_lead", "references": options}}
        step(table("leads", lead(1, accountId=42)), streams=streams, **set_aside(step))
        assert all("accountId" not in payload(each) for each in step.sent)
    step(table("leads", lead(2, accountId=None)), streams=streams)
    assert "accountId" not in step.held("leads")[2] or step.held("leads")[2]["accountId"] is None
    step(table("customers", customer(42)), streams=streams)
    step(table("leads", lead(3, accountId=42)), streams=streams)
    assert step.held("leads")[3]["accountId"] == ids(step)[42]


def test_a_composite_key(step: InStep) -> None:
    """An object of templates, by key property, in any order."""
    key = {"country": "{land}", "number": "{firm}"}
    reference = {"accountId": {"stream": "customers", "key": key}}
    streams = {"leads": {"endpoint": "create_lead", "references": reference}}
    parents = [
        {"number": n, "country": c, "customerName": f"{c}{n}"} for n in (1, 2) for c in ("no", "se")
    ]
    rows = table("customers", *parents, key=("number", "country"))
    rows += table("leads", lead(1, firm=2, land="se"), lead(2, firm="1", land="no"))
    assert step(rows, streams=streams).code == 0
    by_name = {
        each["customerName"]: each["customerId"] for each in step.sandbox.records["customers"]
    }
    assert step.held("leads")[1]["accountId"] == by_name["se2"]
    assert step.held("leads")[2]["accountId"] == by_name["no1"]


@pytest.mark.parametrize("key", [{"country": "{land}"}, {"nr": "{firm}", "x": "{land}"}, "{firm}"])
def test_a_key_that_is_not_the_parents_is_no_parent(step: InStep, key: object) -> None:
    """Other properties than the stream's: nobody has such a key."""
    reference = {"accountId": {"stream": "customers", "key": key}}
    streams = {"leads": {"endpoint": "create_lead", "references": reference}}
    parent = {"nr": 1, "country": "no", "customerName": "x"}
    rows = table("customers", parent, key=("nr", "country"))
    rows += table("leads", lead(1, firm=1, land="no"))
    run = step(rows, streams=streams, **set_aside(step))
    assert run.code == 1 or outcomes(run) == ["accepted", "rejected"]
    assert not step.sandbox.records["leads"]


@pytest.mark.parametrize("style", ["rest", "action"])
def test_templates_may_use_the_attribute(step: InStep, style: str) -> None:
    """`account_id` of an opportunity, `customer_id` of a delete."""
    streams = {
        "deals": child(
            "create_opportunity", "opportunityCustomerId", account_id="{opportunityCustomerId}"
        ),
        "gone": child("delete_customer", "id_in_apptivo", customer_id="{id_in_apptivo}"),
    }
    rows = table("customers", customer(1), customer(2))
    rows += table("deals", {"nr": 1, "opportunityName": "Deal", "firm": 1})
    rows += table("gone", {"nr": 7, "firm": 2})
    run = step(rows, streams=streams, api_style=style)
    assert run.code == 0, run.last_log
    known = {each["key"]["nr"]: each["apptivo_id"] for each in responses(run)[:2]}
    (deal,) = (each for each in step.sent if "opportunities" in each.path)
    assert deal.params["accountId"] == known[1]
    assert payload(deal)["opportunityCustomerId"] == int(known[1])
    assert set(step.held("customers")) == {1}


def test_a_reference_needs_a_journal(step: InStep) -> None:
    """A settings error that names it."""
    run = step(table("leads", lead(1, firm=1)), streams={"leads": child()}, journal_url=...)
    assert run.code == 1
    assert "streams.leads.references" in run.last_log
    assert not step.sandbox.requests


def test_references_in_a_batch(step: InStep) -> None:
    """A batch waits for nobody that it would hold up itself, and carries the ids."""
    batch = {"size": 10, "grouping": "property", "property_name": "records"}
    streams = {
        "things": {
            "endpoint": "generic",
            "url": "v6/things/batch",
            "batch": batch,
            "references": {"owner": {"stream": "customers", "key": "{firm}"}},
        }
    }
    messages = table("customers") + table("things")
    for nr in range(12):
        messages.append(
            {"type": "RECORD", "stream": "things", "record": {"nr": nr, "firm": nr // 4}}
        )
        messages.append({"type": "RECORD", "stream": "customers", "record": customer(nr)})
    rows = [m for m in messages if m.get("stream") == "customers"]
    rows += [m for m in messages if m.get("stream") == "things"]
    run = step(rows, streams=streams)
    assert run.code == 0, run.last_log
    sent = [each for call in step.sent if "batch" in call.path for each in payload(call)["records"]]
    assert {each["nr"]: each["owner"] for each in sent} == {
        nr: ids(step)[nr // 4] for nr in range(12)
    }
    assert not outcomes(step(rows, streams=streams))


def test_children_in_a_batch_of_parents_in_a_batch(step: InStep) -> None:
    """A child in the very batch stream of its parent: the parent's batch goes first."""
    batch = {
        "size": 100,
        "grouping": "property",
        "property_name": "records",
        "results_path": "results",
    }
    streams = {
        "things": {
            "endpoint": "generic",
            "url": "v6/things/batch",
            "batch": batch,
            "id_path": "thingId",
            "references": {"parent": {"stream": "things", "key": "{of}"}},
        }
    }
    rows = table("things", *({"nr": nr, "of": nr - 1 if nr else None} for nr in range(4)))
    run = step(rows, streams=streams)
    assert run.code == 0, run.last_log
    held = {each["nr"]: each for each in step.sandbox.records["things"]}
    assert [held[nr].get("parent") for nr in range(1, 4)] == [
        held[nr]["thingId"] for nr in range(3)
    ]


def test_three_generations_out_of_order_are_settled_in_three_passes(step: InStep) -> None:
    """Each pass through the rejected file brings one generation more."""
    reference = {"parentId": {"stream": "customers", "key": "{parent}"}}
    streams = {"customers": {"endpoint": "create_customer", "references": reference}}
    rows: Any = table("customers", *(customer(nr, parent=nr - 1 or None) for nr in (3, 2, 1)))
    path = step.folder / "rejected.singer"
    left = []
    for _ in range(3):
        step(rows, streams=streams, **set_aside(step))
        left.append(len(step.sandbox.records["customers"]))
        if path.exists():
            rows = path.read_text().splitlines()
            path.unlink()
    assert left == [1, 2, 3]


@pytest.mark.parametrize("number", [1_000])
def test_many_children_wait_for_one_parent(step: InStep, number: int) -> None:
    """The parent is slow; they are read, wait, and all find it."""

    def respond(request: Received) -> Reply | None:
        return None if "leads" in request.path else Reply(503, headers={"Retry-After": "1"})

    answers = iter([1, 2])
    step.sandbox.respond = lambda request: respond(request) if next(answers, None) else None
    rows = table("customers", customer(1))
    rows += table("leads", *(lead(nr, firm=1) for nr in range(number)))
    run = step(rows, streams={"leads": child()}, max_in_flight=32, responses={"emit": "none"})
    assert run.code == 0
    assert len(step.sandbox.records["leads"]) == number


# --- shown, and not sent ---


def test_a_preview_shows_a_parent_that_was_read(step: InStep) -> None:
    """`<customers 42>`; nothing is sent."""
    rows = table("customers", customer(42)) + table("leads", lead(1, firm=42))
    run = step(rows, "--preview", streams={"leads": child()})
    assert run.code == 0
    shown = next(each for each in run.lines if each["stream"] == "leads")
    assert json.loads(shown["body"])["accountId"] == "<customers 42>"
    assert not step.sandbox.requests


def test_a_dry_run_takes_a_parent_that_was_read_for_one(step: InStep) -> None:
    """And refuses a child whose parent was not."""
    rows = table("customers", customer(42))
    rows += table("leads", lead(1, firm=42), lead(2, firm=43))
    run = step(rows, streams={"leads": child()}, dry_run=True, **set_aside(step))
    assert "1 rejected" in run.log
    assert not step.sandbox.requests
    text = (step.folder / "rejected.singer").read_text()
    assert "customers 43 is not in Apptivo" in text
    assert "customers 42" not in text


def test_a_plan_shows_a_parent_that_has_no_id_yet(step: InStep, person: Person) -> None:
    """And the id of one that has."""
    del person
    streams = {"leads": child()}
    step(table("customers", customer(1)) + table("leads", lead(1)), streams=streams)
    rows = table("customers", customer(42))
    rows += table("leads", lead(1, firm=42), lead(2, firm=1), lead(3, firm=99))
    run = step(rows, "--plan", streams=streams)
    told = {each["key"]["nr"]: each for each in run.lines[:-1] if each["stream"] == "leads"}
    assert told[1]["action"] == "update"
    assert told[1]["changes"]["accountId"]["to"] == "<customers 42>"
    assert told[2]["action"] == "create"
    assert told[3]["action"] == "reject"
    assert "customers 99 is not in Apptivo" in told[3]["reason"]
    assert run.code == 1
    assert not [each for each in step.sandbox.requests if is_write(each)]
    assert states(run) == []


@pytest.mark.parametrize(
    ("load_method", "row"),
    [
        ("upsert", {"nr": 42, "customerNumber": ""}),
        ("update-only", {"nr": 42, "customerNumber": "9"}),
    ],
)
def test_a_plan_knows_that_a_parent_would_not_be_there(
    step: InStep, load_method: str, row: Row
) -> None:
    """It is refused or skipped: its child is refused in the plan, as it is in the run."""
    parents = {"endpoint": "create_customer", "load_method": load_method}
    streams = {"customers": parents | {"match_on": ["customerNumber"]}, "leads": child()}
    both = table("customers", customer(1) | row) + table("leads", lead(1, firm=42))
    planned = step(both, "--plan", streams=streams, **set_aside(step))
    leads = planned.lines[-1]["totals"]["leads"]
    run = step(both, streams=streams, **set_aside(step))
    assert leads == {"reject": 1}
    assert planned.lines[-2]["reason"] == "customers 42 is not in Apptivo"
    assert [each["reason"] for each in responses(run)][-1] == planned.lines[-2]["reason"]


def test_a_plan_knows_that_a_parent_comes_too_late(step: InStep) -> None:
    """After its child, or as the record itself: refused in the plan, as it is in the run."""
    streams = {"leads": child(), "customers": child("create_customer")}
    both = table("leads", lead(1, firm=42)) + table("customers", customer(42, firm=42))
    planned = step(both, "--plan", streams=streams, **set_aside(step))
    run = step(both, streams=streams, **set_aside(step))
    assert [each["action"] for each in planned.lines[:-1]] == ["reject", "reject"]
    assert [each["reason"] for each in planned.lines[:-1]] == outcomes(run, "reason")
    assert not any(step.held_all.values())


def test_a_plan_knows_a_parent_that_comes_twice(step: InStep) -> None:
    """Once refused and once not: the child comes after both, and is created."""
    streams = {"leads": child(), "customers": {"endpoint": "create_customer"}}
    bad = customer(42, annualRevenue="\ud800")
    both = table("customers", bad, customer(42)) + table("leads", lead(1, firm=42))
    planned = step(both, "--plan", streams=streams, **set_aside(step))
    assert [each["action"] for each in planned.lines[:-1]] == ["reject", "create", "create"]
    run = step(both, streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected", "accepted", "accepted"]
