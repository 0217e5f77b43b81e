"""Day after day: three streams out of order, people at work meanwhile, answers lost."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.in_step import is_write, lead, outcomes, responses, table

if TYPE_CHECKING:
    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep, Person, Row

pytest_plugins = ["tests.in_step_runs"]

NUMBER = 1_000


def _reference(attribute: str) -> Row:
    return {attribute: {"stream": "customers", "key": "{firm}"}}


STREAMS = {
    "customers": {"endpoint": "create_customer"},
    "contacts": {
        "endpoint": "create_contact",
        "references": _reference("accountId"),
        "exclude_attributes": ["firm"],
    },
    "deals": {
        "endpoint": "create_opportunity",
        "references": _reference("opportunityCustomerId"),
        "account_id": "{opportunityCustomerId}",
        "exclude_attributes": ["firm"],
    },
}
APPS = {"customers": "customers", "contacts": "contacts", "deals": "opportunities"}


def _source() -> dict[str, list[Row]]:
    numbers = range(NUMBER)
    return {
        "customers": [{"nr": n, "customerName": f"Firm {n}", "description": "a"} for n in numbers],
        "contacts": [
            {"nr": n, "lastName": f"Person {n}", "firm": n * 7 % NUMBER, "description": "a"}
            for n in numbers
        ],
        "deals": [
            {"nr": n, "opportunityName": f"Deal {n}", "firm": n * 3 % NUMBER, "amount": n}
            for n in numbers
        ],
    }


def _messages(source: dict[str, list[Row]], seed: int) -> list[Any]:
    """Give all rows in any order."""
    rows = [
        {"type": "RECORD", "stream": stream, "record": row}
        for stream, its in source.items()
        for row in its
    ]
    random.Random(seed).shuffle(rows)  # noqa: S311 - repeatable is the point
    heads = [table(stream)[0] for stream in source]
    return [*heads, *rows, {"type": "STATE", "value": {"at": seed}}]


def test_three_streams_are_kept_in_step_day_after_day(step: InStep, person: Person) -> None:
    """Run three times, the second and third send nothing; 50 changes are 50 updates; edits live."""
    source = _source()
    path = step.folder / "rejected.singer"
    settings: dict[str, Any] = {
        "streams": STREAMS,
        "rejected_path": str(path),
        "max_rejected": -1,
        "max_in_flight": 32,
        "responses": {"emit": "none"},
    }
    first = step(_messages(source, 1), **settings)
    assert first.code == 0
    # Children that came before their parents are in the file: that is the second pass.
    left = path.read_text().splitlines()
    path.unlink()
    assert left
    assert step(left, **settings).code == 0
    for stream, app in APPS.items():
        assert step.counts(app) == dict.fromkeys(range(NUMBER), 1), stream
    ids = {nr: each["customerId"] for nr, each in step.held("customers").items()}
    for stream, attribute in (("contacts", "accountId"), ("deals", "opportunityCustomerId")):
        held = step.held(APPS[stream])
        for row in source[stream]:
            assert held[row["nr"]][attribute] == ids[row["firm"]]
    for seed in (2, 3):
        again = step(_messages(source, seed), **settings)
        assert again.code == 0
        assert not step.sandbox.requests
        assert f"{3 * NUMBER} unchanged" in again.last_log

    for n in range(20):
        source["customers"][n * 7]["description"] = "b"
        source["contacts"][n * 11]["description"] = "b"
    for n in range(10):
        source["deals"][n * 13]["amount"] += 0.5
    edited = [n * 7 for n in range(10)]
    for nr in edited:
        person.edits("customers", step.held("customers")[nr]["id"], paymentTerm="30 days")
    run = step(_messages(source, 4), **{**settings, "responses": {"emit": "records"}})
    assert run.code == 0
    assert Counter(outcomes(run)) == {"updated": 50}
    assert len(step.sent) == 50
    assert {each["changed"][0] for each in responses(run)} == {"description", "amount"}
    held = step.held("customers")
    assert all(held[nr]["paymentTerm"] == "30 days" for nr in edited)
    assert all(held[nr]["description"] == "b" for nr in edited)
    assert step(_messages(source, 5), **settings).code == 0
    assert not step.sandbox.requests


def test_lost_creates_double_nothing_though_search_is_behind(step: InStep, person: Person) -> None:
    """One answer in twenty is lost, search shows new ones 3 s later."""
    person.creates("leads", lastName="Known")
    step.sandbox.index_delay = 3

    def lose(request: Received) -> None:
        step.sandbox.faults = {"drop_after": 0.05} if is_write(request) else {}

    step.sandbox.respond = lose
    rows = [lead(nr) for nr in range(300)]
    streams = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}
    run = step(table("leads", *rows), streams=streams, settle_seconds=6, max_in_flight=32)
    assert run.code == 0
    assert step.counts("leads") == {None: 1} | dict.fromkeys(range(300), 1)
    resolutions = Counter(outcomes(run, "resolution"))
    assert resolutions["found"] > 0
    assert set(resolutions) <= {None, "found"}
