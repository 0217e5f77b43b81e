"""What was set aside is sent again only if nothing newer of its key came since (12.8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import customer, is_write, lead, outcomes, responses, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.sandbox.exchange import Received
    from tests.conftest import Finished
    from tests.in_step import InStep, Row

pytest_plugins = ["tests.in_step_runs"]

NO = Reply.json({"status": "FAILURE", "reason": "no"})
HOOKS = {"endpoint": "generic", "url": "v6/hooks", "method": "POST"}
CHILDREN = {
    "endpoint": "create_lead",
    "references": {"accountId": {"stream": "firms", "key": "{firm}"}},
}


def refusing(text: str) -> Callable[[Received], Reply | None]:
    """Refuse what holds a text; take what comes to the hook."""

    def respond(request: Received) -> Reply | None:
        if is_write(request) and text in request.body.decode():
            return NO
        return Reply.json({}) if request.path.endswith("hooks") else None

    return respond


def set_aside(step: InStep, *rows: Row, stream: str = "leads", **more: Any) -> Finished:  # noqa: ANN401
    """Run with rows of which some are set aside."""
    return send(step, table(stream, *rows), **more)


def send(step: InStep, lines: list[Any], **more: Any) -> Finished:  # noqa: ANN401
    """Send lines, of the file too; what is refused is set aside."""
    return step(lines, rejected_path=str(step.folder / "rejected"), max_rejected=-1, **more)


def mended(step: InStep, **attributes: object) -> list[Any]:
    """Take the file of what was set aside, and mend its records."""
    path = step.folder / "rejected"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.unlink()
    for line in lines:
        if line["type"] == "RECORD":
            line["record"].update(attributes)
    return lines


@pytest.mark.parametrize(
    ("stream", "rules", "wrong"),
    [
        ("leads", {"endpoint": "create_lead"}, {"description": "refused"}),
        # Refused before anything is asked of the journal: by its schema, and where it is shaped.
        ("leads", {"endpoint": "create_lead"}, {"nr": 1, "description": float("inf")}),
        ("leads", CHILDREN, {"firm": 7}),
        ("hooks", HOOKS, {"description": "refused"}),
    ],
    ids=["by Apptivo", "before", "by a missing parent", "generic"],
)
def test_what_was_found_unchanged_since_is_newer(
    step: InStep, stream: str, rules: Row, wrong: Row
) -> None:
    """The source went back to what Apptivo has: its older version does not come over that."""
    streams = {stream: rules}
    now = lead(1, description="now")
    step.sandbox.respond = refusing("refused")
    step(table(stream, now), streams=streams)
    aside = set_aside(step, {**now, **wrong}, stream=stream, streams=streams)
    again = step(table(stream, now), streams=streams)
    lines = mended(step, description="older", firm=None)
    planned = step(lines, "--plan", streams=streams)
    sent_again = step(lines, streams=streams)

    assert outcomes(aside) == ["rejected"]
    assert outcomes(again) == []
    assert planned.lines == [{"totals": {stream: {"skipped": 1}}}]
    assert outcomes(sent_again, "outcome", "reason") == [
        ("skipped", "newer data of this record was taken since it was set aside")
    ]
    assert not step.sent
    assert not outcomes(step(table(stream, now), streams=streams))


def test_what_was_taken_in_the_same_run_is_newer(step: InStep) -> None:
    """Though the older one came to be set aside only when the newer one was taken.

    The first record holds up what is settled; the newer one is in the journal long before.
    """
    step(table("leads", lead(2)))
    step.sandbox.respond = lambda request: (
        Reply(status=400, delay_ms=1_000)
        if b"slow" in request.body
        else refusing("refused")(request)
    )
    rows = [lead(2, description=text) for text in ("refused", "newer")]
    run = set_aside(step, lead(1, description="slow"), *rows)
    step.sandbox.respond = None
    again = step(mended(step, description="older"))

    assert outcomes(run) == ["rejected", "rejected", "updated"]
    assert outcomes(again) == ["accepted", "skipped"]
    assert step.held("leads")[2]["description"] == "newer"


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_delete_that_was_set_aside_spares_what_came_back(
    step: InStep, *, is_changed: bool
) -> None:
    """The row was deleted, Apptivo refused, and the row is there again: it is not deleted later."""
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    step(table("customers", customer(1)), streams=streams)
    step.sandbox.respond = lambda request: NO if is_write(request) else None
    gone = customer(1, _sdc_deleted_at="2026-01-01")
    aside = set_aside(step, gone, stream="customers", streams=streams)
    step.sandbox.respond = None
    back = customer(1, description="back") if is_changed else customer(1)
    step(table("customers", back), streams=streams)
    again = step(mended(step), streams=streams)

    assert outcomes(aside) == ["rejected"]
    assert outcomes(again) == ["skipped"]
    assert set(step.held("customers")) == {1}


def test_a_delete_that_was_set_aside_is_sent_again(step: InStep) -> None:
    """Nothing of its key came since."""
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    step(table("customers", customer(1)), streams=streams)
    step.sandbox.respond = lambda request: NO if is_write(request) else None
    set_aside(step, customer(1, _sdc_deleted_at="2026-01-01"), stream="customers", streams=streams)
    step.sandbox.respond = None

    assert outcomes(step(mended(step), streams=streams)) == ["accepted"]
    assert not step.held("customers")


def test_what_was_taken_just_before_is_not_newer(step: InStep) -> None:
    """Both in one run, a moment apart: what was set aside is the newest, and is sent."""
    rows = [lead(nr, description=text) for nr in range(20) for text in ("old", float("inf"))]
    run = set_aside(step, *rows)
    again = step(mended(step, description="mended"))

    assert outcomes(run) == ["accepted", "rejected"] * 20
    assert outcomes(again) == ["updated"] * 20
    assert {each["description"] for each in step.held("leads").values()} == {"mended"}


def test_a_refusal_waits_for_its_turn(step: InStep) -> None:
    """Told in input order, also where earlier records of its key are still under way."""
    answers = iter([Reply(status=429, headers={"Retry-After": "0"})])
    step.sandbox.respond = lambda _: next(answers, None)
    run = set_aside(step, lead(1), lead(1, description=float("inf")), lead(1, description="x"))

    assert outcomes(run) == ["accepted", "rejected", "updated"]
    assert [each["key"] for each in responses(run)] == [{"nr": 1}] * 3


def test_a_line_that_is_refused_once_more_is_skipped_if_newer_data_came(step: InStep) -> None:
    """Its parent is missing still: yet it would come over what was taken, once the parent is there.

    So it is where the record's schema refuses it.
    """
    streams = {"leads": CHILDREN, "firms": {"endpoint": "create_customer"}}
    set_aside(step, lead(1, description="old", firm=7), streams=streams)
    set_aside(step, lead(2, description="old", firm=float("inf")), streams=streams)
    lines = mended(step)
    newer = table("leads", *(lead(n, description="new") for n in (1, 2)))
    assert outcomes(step(newer, streams=streams)) == ["accepted", "accepted"]
    again = send(step, lines, streams=streams)
    assert outcomes(again) == ["skipped", "skipped"]
    assert not mended(step)


def test_a_line_that_is_refused_once_more_is_as_old_as_it_was(step: InStep) -> None:
    """It is refused, another one of its key taken that is newer; then it may not be sent."""
    step.sandbox.respond = refusing("refused")
    set_aside(step, lead(1, description="v1 refused"))
    set_aside(step, lead(1, description="v2 refused"))
    lines = mended(step)
    lines[-1]["record"]["description"] = "v2"
    assert outcomes(send(step, lines)) == ["rejected", "accepted"]
    assert outcomes(send(step, mended(step, description="v1"))) == ["skipped"]
    assert step.held("leads")[1]["description"] == "v2"


@pytest.mark.parametrize("times", [1, 2])
def test_of_several_lines_of_a_key_the_newest_wins(step: InStep, times: int) -> None:
    """Each is newer than the one before, whenever they are sent; sent again, all are skipped."""
    step.sandbox.respond = refusing("refused")
    rows = [lead(1, description=f"v{n} refused") for n in (1, 2, 3)]
    for row in rows:
        set_aside(step, row)
    head, *lines = mended(step)
    versions = [line for line in lines if line["type"] == "RECORD"]
    for each in versions:
        each["record"]["description"] = each["record"]["description"].split()[0]
    if times == 1:
        assert outcomes(send(step, [head, *versions])) == ["accepted", "updated", "updated"]
    else:
        assert outcomes(send(step, [head, *versions[:2]])) == ["accepted", "updated"]
        assert outcomes(send(step, [head, versions[2]])) == ["updated"]
    assert step.held("leads")[1]["description"] == "v3"
    assert outcomes(send(step, [head, *versions])) == ["skipped"] * 3


def test_a_delete_behind_another_line_of_its_key_is_sent(step: InStep) -> None:
    """What is set aside last is the last word, a delete too."""
    streams = {"customers": {"endpoint": "create_customer", "hard_delete": True}}
    step(table("customers", customer(1)), streams=streams)
    step.sandbox.respond = lambda request: NO if is_write(request) else None
    changed = customer(1, description="v1")
    set_aside(step, changed, stream="customers", streams=streams)
    gone = customer(1, _sdc_deleted_at="2026-01-01")
    set_aside(step, gone, stream="customers", streams=streams)
    step.sandbox.respond = None
    assert outcomes(send(step, mended(step), streams=streams)) == ["updated", "accepted"]
    assert not step.held("customers")
