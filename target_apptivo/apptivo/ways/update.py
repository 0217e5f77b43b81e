"""Bring changes to an object that is there: read, send back whole (docs/operations.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.change import Change, shown_after_update, still_differs
from target_apptivo.apptivo.fields.came_back import updated_back
from target_apptivo.apptivo.objects import Gone, Stranger, Unbelievable, read_object
from target_apptivo.apptivo.steps import Send, Sent, Wait
from target_apptivo.apptivo.update import plan_change, update_operation, update_request
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict, refused
from target_apptivo.apptivo.ways.doubt import uncertain
from target_apptivo.apptivo.ways.look import Found, look_in_apptivo, read
from target_apptivo.apptivo.ways.notes import place_of
from target_apptivo.errors import RecordRejectedError, StrangerError
from target_apptivo.journal.steps import Intend, Remember, Withdraw

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.journal.steps import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The object that a record's changes go to, and what is remembered of both.

    Attributes:
        apptivo_id: Its id.
        taken: What Apptivo took of the record last; none of an object just found.
        shown: What of it the journal wrote, as Apptivo showed it.
        intended: What an update or create without an outcome was to write.
        matched_by: `journal` or `match_on`.
    """

    apptivo_id: str
    taken: Content | None = None
    shown: Content = field(default_factory=dict)
    intended: Content = field(default_factory=dict)
    matched_by: str


async def update(record: Shaped, rules: Rules, target: Target) -> Verdict:
    """Bring a record's changes to an object."""
    found = await read(target.apptivo_id, rules)
    if isinstance(found, Gone) and target.taken is not None:
        return await _look_once(record, rules, target)
    if not isinstance(found, dict):
        return unreadable(found, target)
    change = _planned(record, rules, target, found)
    if isinstance(change, Verdict):
        return change
    shown: dict[str, Any] | None = found
    before = target.taken or {}
    seen = updated_back(record.payload, row=rules.row, before=before, found=found)
    verdict = Verdict(
        outcome=Outcome.UNCHANGED,
        apptivo_id=target.apptivo_id,
        matched_by=target.matched_by,
        conflicts=change.conflicts,
        came_back=seen,
    )
    if not change.is_nothing:
        written = await _write(record, rules, target, change)
        if isinstance(written, Verdict):
            return replace(written, matched_by=target.matched_by, conflicts=change.conflicts)
        change, shown, sent = written
        seen = updated_back(
            record.payload,
            row=rules.row,
            before=before,
            found=found,
            written=change.names,
            shown=shown,
        )
        verdict = replace(_updated(sent, target, change), came_back=seen)
    await _remember(record, target, change, shown)
    return verdict


def _updated(sent: Verdict, target: Target, change: Change) -> Verdict:
    """Give the verdict of a record whose changes Apptivo took."""
    return replace(
        sent,
        outcome=Outcome.UPDATED,
        reason=None,
        apptivo_id=target.apptivo_id,
        matched_by=target.matched_by,
        action="update",
        changed=change.names,
        conflicts=change.conflicts,
    )


async def _write(
    record: Shaped, rules: Rules, target: Target, change: Change
) -> tuple[Change, dict[str, Any] | None, Verdict] | Verdict:
    """Write a change; after a lost answer, write again what still differs.

    Returns:
        The change, the object as it was shown afterwards, and the answer; else what became of the
        record.
    """
    sent = await _send(record, rules, target, change)
    while sent.is_lost:
        # A late one could undo the next.
        await Wait(rules.settle_seconds)
        found = await read(target.apptivo_id, rules)
        if not isinstance(found, dict):
            return uncertain(f"{sent.verdict.reason}; it cannot be read afterwards", sent.verdict)
        if not still_differs(change, found):
            return change, found, replace(sent.verdict, meaning=Meaning.FINAL)
        if not sent.may_repeat:
            return uncertain(f"{sent.verdict.reason}; not written afterwards", sent.verdict)
        again = _planned(record, rules, replace(target, intended=change.intended), found)
        if isinstance(again, Verdict):
            return uncertain(f"{sent.verdict.reason}; {again.reason}", sent.verdict)
        change = again
        sent = await _send(record, rules, target, change, is_repeated=True)
    return await _judged(record, rules, target, change, sent.verdict)


async def _send(
    record: Shaped, rules: Rules, target: Target, change: Change, *, is_repeated: bool = False
) -> Sent:
    """Send an update, once the journal holds what it is to write."""
    await Intend(
        place=place_of(record),
        action="update",
        apptivo_id=target.apptivo_id,
        matches=record.matches,
        content=change.intended,
        changes=change.changes,
        conflicts=change.conflicts,
    )
    headers = rules.operation.headers
    shaping = partial(update_request, rules.app, target.apptivo_id, change, headers)
    return await Send(update_operation(rules.app, headers), shaping, is_repeated=is_repeated)


async def _judged(
    record: Shaped, rules: Rules, target: Target, change: Change, sent: Verdict
) -> tuple[Change, dict[str, Any] | None, Verdict] | Verdict:
    """Judge the answer to an update, and read where it does not show what was written."""
    if sent.outcome is not Outcome.ACCEPTED:
        await Withdraw(place_of(record))
        return replace(sent, action="update")
    answer = read_object(rules.app, sent, target.apptivo_id)
    if isinstance(answer, Stranger):
        raise StrangerError(rules.app.name, target.apptivo_id, answer.apptivo_id)
    shown = answer if isinstance(answer, dict) else None
    is_unsure = shown is None or (rules.on_conflict == "keep" and still_differs(change, shown))
    if not is_unsure:
        return change, shown, sent
    found = await read(target.apptivo_id, rules)
    if not isinstance(found, dict):
        return uncertain("the update was answered, and the object cannot be read", sent)
    if shown is None and still_differs(change, found) == change.names:
        return uncertain("the update was answered, and Apptivo shows nothing of it", sent)
    return change, found, sent


async def _look_once(record: Shaped, rules: Rules, target: Target) -> Verdict:
    """Look for a record whose object is gone: it may have been created anew."""
    if rules.match_on:
        found = await look_in_apptivo(record, rules)
        if isinstance(found, Found) and found.apptivo_id != target.apptivo_id:
            again = Target(apptivo_id=found.apptivo_id, matched_by="match_on")
            return await update(record, rules, again)
    return refused(f"no longer in Apptivo: {target.apptivo_id}")


def unreadable(found: Gone | Stranger | Unbelievable, target: Target) -> Verdict:
    """Give the verdict of a record whose object cannot be read."""
    if isinstance(found, Stranger):
        return refused(f"a read of {target.apptivo_id} shows another object")
    if isinstance(found, Gone):
        return refused(f"no longer in Apptivo: {target.apptivo_id}")
    return refused(f"{target.apptivo_id} cannot be read: {found.reason}")


def _planned(
    record: Shaped, rules: Rules, target: Target, found: dict[str, Any]
) -> Change | Verdict:
    """Plan what is written; a record that cannot be is refused."""
    try:
        return plan_change(
            rules.app,
            record.payload,
            taken=target.taken,
            shown=target.shown,
            intended=target.intended,
            found=found,
            on_conflict=rules.on_conflict,
            update_nulls=rules.update_nulls,
        )
    except RecordRejectedError as error:
        return refused(str(error))


async def _remember(
    record: Shaped, target: Target, change: Change, found: dict[str, Any] | None
) -> None:
    """Remember that Apptivo took the record, and how it shows what was written.

    Of what the record does not say, it took what an update without an outcome left there.
    """
    left = {name: each.taken for name, each in change.left.items()}
    await Remember(
        place=place_of(record),
        apptivo_id=target.apptivo_id,
        taken={**left, **record.content},
        shown=shown_after_update(change, found),
        matches=record.matches,
        is_created=False if target.taken is None else None,
        whole=record.fingerprint,
        at=record.set_aside_at,
    )
