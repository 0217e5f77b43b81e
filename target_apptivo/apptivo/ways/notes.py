"""What the journal is told before a record is sent, and after. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.change import shown_after_create
from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.journal.steps import Intend, Place, Remember, Withdraw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.apptivo.verdict import Verdict


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
        await Remember(
            place=place,
            apptivo_id=verdict.apptivo_id,
            taken=record.content,
            shown=shown,
            matches=record.matches,
            is_created=True,
            whole=record.fingerprint,
        )
    elif verdict.outcome is not Outcome.UNCERTAIN:
        await Withdraw(place)


def answered(verdict: Verdict, rules: Rules) -> Mapping[str, Any] | None:
    """Find the object in the answer to a create, in its envelope or flat, if it shows one."""
    body = verdict.response or {}
    for name in (rules.app.envelope, "data", "responseObject"):
        if isinstance(holder := body.get(name or ""), dict):
            return holder
    return body or None
