"""Keep Apptivo in step with a source: recall, look, create or update (docs/operations.md). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_apptivo.apptivo.content import is_new
from target_apptivo.apptivo.rules import LoadMethod
from target_apptivo.apptivo.steps import Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.apptivo.ways.create import create
from target_apptivo.apptivo.ways.doubt import (
    held_in_doubt,
    is_outdated,
    least_age,
    outdated,
    uncertain,
    unchanged,
)
from target_apptivo.apptivo.ways.look import Found, NotFound, Unclear, look, read, unless_taken
from target_apptivo.apptivo.ways.lost import adopt, clear_up
from target_apptivo.apptivo.ways.notes import found_unchanged, place_of
from target_apptivo.apptivo.ways.prove import UNPROVEN, Proof, prove
from target_apptivo.apptivo.ways.update import Target, unreadable, update
from target_apptivo.journal.steps import InDoubt, Known, Recall, Remember, Same, Unknown

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped


async def keep_in_step(record: Shaped, rules: Rules) -> Verdict:
    """Bring Apptivo in step with a record, by what is known of it."""
    recalled = await Recall(place_of(record), record.fingerprint)
    if is_outdated(record.set_aside_at, recalled):
        return outdated()
    match recalled:
        case Same() as same:
            return unchanged(same)
        case Known() as known if not is_new(record.content, known.taken):
            return await found_unchanged(record, known)
        case Known() as known:
            return await _change(record, rules, known)
        case InDoubt() as doubt:
            return await _settle_doubt(record, rules, doubt)
        case Unknown():
            return await find_or_create(record, rules)


async def find_or_create(record: Shaped, rules: Rules) -> Verdict:
    """Look for a record that is not known; create it if it is not there."""
    if not rules.match_on:
        return await _create(record, rules)
    match await look(record, rules):
        case Unclear() as unclear:
            return unclear.verdict(rules)
        case Found(apptivo_id) if rules.load_method is LoadMethod.CREATE_ONLY:
            place = place_of(record)
            await Remember(
                place=place,
                apptivo_id=apptivo_id,
                matches=record.matches,
                is_created=False,
                at=record.set_aside_at,
            )
            reason = f"found in Apptivo by match_on: {apptivo_id}"
            return _duplicate(apptivo_id, reason, matched_by="match_on")
        case Found(apptivo_id):
            target = Target(apptivo_id=apptivo_id, matched_by="match_on")
            return await update(record, rules, target)
        case NotFound():
            return await _create(record, rules)


async def _create(record: Shaped, rules: Rules) -> Verdict:
    """Create a record that is not there; as a witness where nothing else proves the search."""
    proof = await prove(rules) if rules.match_on else Proof.PROVEN
    if isinstance(proof, Unclear):
        return proof.verdict(rules)
    if rules.load_method is LoadMethod.UPDATE_ONLY:
        return Verdict(outcome=Outcome.SKIPPED, reason="not in Apptivo, and update-only")
    return await create(record, rules, is_witness=proof is not Proof.PROVEN)


async def _change(record: Shaped, rules: Rules, known: Known) -> Verdict:
    """Bring a known record's changes to Apptivo."""
    apptivo_id = known.apptivo_id
    if apptivo_id is None:
        return await find_or_create(record, rules)
    if rules.load_method is LoadMethod.CREATE_ONLY:
        return _in_apptivo_already(apptivo_id, matched_by="journal")
    target = Target(
        apptivo_id=apptivo_id, taken=known.taken, shown=known.shown, matched_by="journal"
    )
    return await update(record, rules, target)


async def _settle_doubt(record: Shaped, rules: Rules, doubt: InDoubt) -> Verdict:
    """Clear up what an earlier run left without an outcome."""
    settling = max(rules.settle_seconds - least_age(doubt), 0.0)
    target = _target_in_doubt(doubt)
    if target and rules.load_method is LoadMethod.CREATE_ONLY:
        return await _see_it_is_there(rules, target)
    if target:
        await Wait(settling)
        return await _update_in_doubt(record, rules, target)
    if not rules.match_on:
        return await _send_in_doubt(record, rules)
    if {*doubt.matches} != {*record.matches}:
        return uncertain("in doubt since an earlier run, under other match values")
    await Wait(settling)
    return await _look_for_doubt(record, rules, doubt)


async def _look_for_doubt(record: Shaped, rules: Rules, doubt: InDoubt) -> Verdict:
    """Look for what an earlier run may have created: it is there by now, or never will be."""
    proof = await prove(rules)
    if proof is Proof.NOTHING and rules.on_uncertain == "hold":
        proof = Unclear(UNPROVEN)
    found = proof if isinstance(proof, Unclear) else await clear_up(record, rules, is_settled=True)
    match found:
        case Unclear(reason):
            return uncertain(f"in doubt since an earlier run: {reason}")
        case Found(apptivo_id):
            return await _adopt(record, rules, apptivo_id, doubt)
        case NotFound():
            is_witness = proof is not Proof.PROVEN
            verdict = await create(record, rules, is_witness=is_witness, is_repeated=True)
            is_resent = verdict.outcome is Outcome.ACCEPTED and verdict.resolution is None
            return replace(verdict, resolution="resent") if is_resent else verdict


async def _send_in_doubt(record: Shaped, rules: Rules) -> Verdict:
    """Send a create in doubt again, or hold it, where nothing is looked for."""
    if rules.on_uncertain == "hold":
        return held_in_doubt()
    return await create(record, rules, is_repeated=True)


async def _update_in_doubt(record: Shaped, rules: Rules, target: Target) -> Verdict:
    """Update what was to be updated, unless another key took it meanwhile."""
    owned = await unless_taken(record, Found(target.apptivo_id))
    if isinstance(owned, Unclear):
        return uncertain(f"in doubt since an earlier run: {owned.reason}")
    return await update(record, rules, target)


async def _see_it_is_there(rules: Rules, target: Target) -> Verdict:
    """Leave what was to be updated or deleted as it is, if it is there."""
    found = await read(target.apptivo_id, rules)
    if not isinstance(found, dict):
        return unreadable(found, target)
    return _in_apptivo_already(target.apptivo_id, matched_by="journal")


def _target_in_doubt(doubt: InDoubt) -> Target | None:
    """Give what was to be updated or deleted; none where it was to be created."""
    known = doubt.before
    apptivo_id = (known and known.apptivo_id) or doubt.apptivo_id
    if doubt.action == "create" or apptivo_id is None:
        return None
    return Target(
        apptivo_id=apptivo_id,
        taken=known.taken if known else None,
        shown=known.shown if known else {},
        intended=doubt.intended,
        matched_by="journal" if known else "match_on",
    )


async def _adopt(record: Shaped, rules: Rules, apptivo_id: str, doubt: InDoubt) -> Verdict:
    """Take what an earlier run created for the record's own, and bring its changes since."""
    shown = await adopt(record, rules, apptivo_id, doubt.intended)
    if isinstance(shown, Unclear):
        return uncertain(f"in doubt since an earlier run: {shown.reason}")
    if not is_new(record.content, doubt.intended):
        return Verdict(
            outcome=Outcome.ACCEPTED,
            apptivo_id=apptivo_id,
            matched_by="match_on",
            resolution="found",
        )
    if rules.load_method is LoadMethod.CREATE_ONLY:
        return _in_apptivo_already(apptivo_id, matched_by="match_on")
    target = Target(apptivo_id=apptivo_id, taken=doubt.intended, shown=shown, matched_by="match_on")
    verdict = await update(record, rules, target)
    return replace(verdict, resolution="found")


def _in_apptivo_already(apptivo_id: str, *, matched_by: str) -> Verdict:
    """Give the verdict of a record that was created before, and is only to be created."""
    return _duplicate(apptivo_id, f"in Apptivo already: {apptivo_id}", matched_by=matched_by)


def _duplicate(apptivo_id: str, reason: str, *, matched_by: str) -> Verdict:
    """Give the verdict of a record that is there and is only to be created."""
    return Verdict(
        outcome=Outcome.DUPLICATE, apptivo_id=apptivo_id, reason=reason, matched_by=matched_by
    )
