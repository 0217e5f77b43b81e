"""Create a record, and look for it if the answer is lost (docs/operations.md). Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.change import shown_after_create, value_in
from target_apptivo.apptivo.fields.came_back import shown_back
from target_apptivo.apptivo.steps import Send
from target_apptivo.apptivo.values import is_empty
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict, doubted
from target_apptivo.apptivo.ways.append import append
from target_apptivo.apptivo.ways.doubt import uncertain
from target_apptivo.apptivo.ways.look import Found, Unclear, read
from target_apptivo.apptivo.ways.lost import adopt, clear_up
from target_apptivo.apptivo.ways.notes import answered, created, intention, note
from target_apptivo.apptivo.ways.prove import witness

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped

_UNPROVEN = (
    "not in Apptivo, if the search by match_on is right: nothing proves it yet (the first record "
    "is created alone to prove it)"
)


async def create(
    record: Shaped, rules: Rules, *, is_witness: bool = False, is_repeated: bool = False
) -> Verdict:
    """Create a record that is not there.

    Args:
        record: The record.
        rules: How it is treated.
        is_witness: Whether nothing else proves the search: it is created alone and looked for.
        is_repeated: Whether an answer to it was lost before.
    """
    if rules.match_on:
        verdict = await _create_or_find(
            record, rules, is_witness=is_witness, is_repeated=is_repeated
        )
    else:
        verdict = await append(record, rules, is_repeated=is_repeated)
    is_seen = verdict.resolution == "found"
    if rules.on_conflict == "keep" and verdict.outcome is Outcome.ACCEPTED and not is_seen:
        await _see(record, rules, verdict)
    return verdict


async def _create_or_find(
    record: Shaped, rules: Rules, *, is_witness: bool, is_repeated: bool
) -> Verdict:
    """Create a record that is looked for if the answer is lost."""
    await intention(record, "create", reason=_UNPROVEN if is_witness else None)
    shaping = partial(record.request, rules.operation)
    sent = await Send(rules.operation, shaping, is_repeated=is_repeated)
    is_resent = False
    while sent.is_lost:
        lost = replace(sent.verdict, action="create", possible_duplicate=is_repeated)
        if is_witness:
            return replace(lost, meaning=Meaning.FINAL)
        found = await clear_up(record, rules)
        if isinstance(found, Found):
            return await _found(record, rules, found, lost)
        if isinstance(found, Unclear) or not sent.may_repeat:
            reason = found.reason if isinstance(found, Unclear) else "not found afterwards"
            return uncertain(f"{lost.reason}; {reason}", lost)
        await intention(record, "create")
        sent = await Send(rules.operation, shaping, is_repeated=True)
        is_resent = is_repeated = True
    seen = shown_back(record.payload, sent.verdict, rules.row)
    verdict = doubted(
        replace(sent.verdict, action="create", possible_duplicate=is_repeated, came_back=seen)
    )
    if is_resent and verdict.outcome is Outcome.ACCEPTED:
        verdict = replace(verdict, resolution="resent")
    await note(record, rules, verdict)
    if is_witness and verdict.apptivo_id and record.criteria:
        await witness(record.criteria, verdict.apptivo_id, rules)
    return verdict


async def _found(record: Shaped, rules: Rules, found: Found, lost: Verdict) -> Verdict:
    """Take what was found for what was sent: before it was sent, it was not there."""
    verdict = Verdict(
        outcome=Outcome.ACCEPTED,
        apptivo_id=found.apptivo_id,
        action="create",
        matched_by="match_on",
        resolution="found",
        possible_duplicate=lost.possible_duplicate,
    )
    adopted = await adopt(record, rules, found.apptivo_id, record.content)
    if isinstance(adopted, Unclear):
        return uncertain(f"{lost.reason}; {adopted.reason}", lost)
    return verdict


async def _see(record: Shaped, rules: Rules, verdict: Verdict) -> None:
    """Read what was created where its answer does not show it: what differs then is our work."""
    answer = answered(verdict, rules) or {}
    is_shown = all(not is_empty(value_in(answer, name)) for name in record.content)
    if is_shown or verdict.apptivo_id is None:
        return
    found = await read(verdict.apptivo_id, rules)
    if isinstance(found, dict):
        shown = shown_after_create(record.content, record.payload, found)
        await created(record, verdict.apptivo_id, shown)
