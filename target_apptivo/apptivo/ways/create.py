"""Create a record, and look for it if the answer is lost (contract 12.7). Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.fields.came_back import shown_back
from target_apptivo.apptivo.response import Meaning, Outcome, Verdict, doubted
from target_apptivo.apptivo.steps import Send
from target_apptivo.apptivo.ways.append import append
from target_apptivo.apptivo.ways.doubt import uncertain
from target_apptivo.apptivo.ways.look import Found, Unclear
from target_apptivo.apptivo.ways.lost import clear_up
from target_apptivo.apptivo.ways.notes import intention, note
from target_apptivo.apptivo.ways.prove import witness

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped

_ALONE = "nothing proves the search by match_on yet: created alone, as a witness of it"


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
    if not rules.match_on:
        return await append(record, rules, is_repeated=is_repeated)
    await intention(record, "create", reason=_ALONE if is_witness else None)
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
    answered = replace(sent.verdict, action="create", possible_duplicate=is_repeated)
    verdict = doubted(answered)
    if is_resent and verdict.outcome is Outcome.ACCEPTED:
        verdict = replace(verdict, resolution="resent")
    verdict = replace(verdict, came_back=shown_back(record.payload, verdict))
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
    await note(record, rules, verdict)
    return verdict
