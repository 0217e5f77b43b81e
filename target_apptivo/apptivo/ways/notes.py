"""What the journal is told before a record is sent, and after. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from target_apptivo.apptivo.change import shown_after_create
from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.apptivo.ways.doubt import is_outdated, outdated, unchanged
from target_apptivo.journal.steps import Intend, Recall, Remember, SetAside, Withdraw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.journal.steps import Content, Known, Place


def place_of(record: Shaped) -> Place:
    """Give where a record is remembered that the journal asks for."""
    assert record.place is not None  # noqa: S101 - only those come here
    return record.place


def intention(record: Shaped, action: str, *, reason: str | None = None) -> Intend:
    """Tell what is about to be sent."""
    return Intend(
        place=place_of(record),
        action=action,
        matches=record.matches,
        content=record.content,
        reason=reason,
    )


def is_noted(place: Place | None, rules: Rules) -> TypeGuard[Place]:
    """Whether it is noted when a record is set aside: the journal may know it."""
    return place is not None and bool(place.key) and rules.is_recalled


async def set_aside(
    place: Place | None, rules: Rules, verdict: Verdict, at: float | None
) -> Verdict:
    """Note when a record is set aside that the journal may know; any other is left as it is.

    What was set aside before stays as old as it was, or would count as newer than what was taken
    since: that is `at`, in seconds since 1970.
    """
    if not (verdict.outcome.is_set_aside and is_noted(place, rules)):
        return verdict
    if at is None:
        return replace(verdict, noted_at=await SetAside(place))
    return outdated() if is_outdated(at, await Recall(place)) else replace(verdict, noted_at=at)


async def found_unchanged(record: Shaped, known: Known) -> Verdict:
    """Give the verdict of a record that brings nothing new.

    Where one of its key was set aside before, it is noted that this one came later.
    """
    if known.whole is None:
        at = record.set_aside_at
        await Remember(place=place_of(record), whole=record.fingerprint, at=at)
    return unchanged(known)


def created(record: Shaped, apptivo_id: str | None, shown: Content) -> Remember:
    """Tell what was made of a record, and how Apptivo shows it."""
    return Remember(
        place=place_of(record),
        apptivo_id=apptivo_id,
        taken=record.content,
        shown=shown,
        matches=record.matches,
        is_created=True,
        whole=record.fingerprint,
        at=record.set_aside_at,
    )


async def note(record: Shaped, rules: Rules, verdict: Verdict) -> None:
    """Remember what became of a record that was sent whole.

    What is uncertain stays in doubt. A create is remembered with what Apptivo showed of it, so that
    the work of others is known again.
    """
    place = place_of(record)
    if verdict.outcome is Outcome.ACCEPTED:
        shown = {}
        if rules.row:
            answer = answered(verdict, rules)
            shown = shown_after_create(record.content, record.payload, answer)
        await created(record, verdict.apptivo_id, shown)
    elif verdict.outcome is not Outcome.UNCERTAIN:
        await Withdraw(place)


def answered(verdict: Verdict, rules: Rules) -> Mapping[str, Any] | None:
    """Find the object in the answer to a create, in its envelope or flat, if it shows one."""
    body = verdict.response or {}
    for name in (rules.app.envelope, "data", "responseObject"):
        if isinstance(holder := body.get(name or ""), dict):
            return holder
    return body or None
