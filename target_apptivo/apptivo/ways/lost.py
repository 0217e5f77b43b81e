"""Clear up a create whose answer was lost, by looking for it (docs/operations.md). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.change import shown_where_ours
from target_apptivo.apptivo.content import is_new
from target_apptivo.apptivo.steps import Wait
from target_apptivo.apptivo.ways.look import Found, NotFound, Unclear, look_in_apptivo, read
from target_apptivo.apptivo.ways.notes import place_of
from target_apptivo.apptivo.ways.prove import pauses
from target_apptivo.journal.steps import Remember

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.journal.steps import Content

# Looks in a row that must not find it, and the seconds between them where all has settled.
_LOOKS = 2
_LAST_PAUSE = 2.0


async def clear_up(
    record: Shaped, rules: Rules, *, is_settled: bool = False
) -> Found | NotFound | Unclear:
    """Find out whether a create whose answer was lost came to be.

    Args:
        record: The record.
        rules: How it is treated.
        is_settled: Whether it was sent `settle_seconds` ago or longer; else it was sent just now,
            and is looked for after 2 seconds, then ever later.

    Returns:
        What was found; nothing only after two looks in a row, the last when all has settled. A look
        that cannot be believed is not one of them.
    """
    waits = [] if is_settled else [*pauses(rules.settle_seconds)]
    in_a_row = 0
    for looks, wait in enumerate((*waits, *[_LAST_PAUSE] * _LOOKS), start=1):
        await Wait(wait)
        found = await look_in_apptivo(record, rules)
        in_a_row = in_a_row + 1 if isinstance(found, NotFound) else 0
        is_over = looks >= len(waits) and in_a_row >= _LOOKS
        if isinstance(found, Found) or is_over:
            return found
    return found if isinstance(found, Unclear) else Unclear("not found, but in one look only")


async def adopt(record: Shaped, rules: Rules, apptivo_id: str, sent: Content) -> Content | Unclear:
    """Take what was found for what was sent, and remember of it as ours what shows as ours.

    Args:
        record: The record.
        rules: How it is treated.
        apptivo_id: What was found.
        sent: The content of what was sent, perhaps by an earlier run.

    Returns:
        What of it this journal wrote, as far as can be told; unclear where it cannot be read.
    """
    found = await read(apptivo_id, rules)
    if not isinstance(found, dict):
        return Unclear(f"{apptivo_id} is found, and cannot be read")
    shown = shown_where_ours(sent, found)
    await Remember(
        place=place_of(record),
        apptivo_id=apptivo_id,
        taken=sent,
        shown=shown,
        matches=record.matches,
        is_created=True,
        whole=None if is_new(record.content, sent) else record.fingerprint,
        at=record.set_aside_at,
    )
    return shown
