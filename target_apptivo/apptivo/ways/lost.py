"""Clear up a create whose answer was lost, by looking for it (docs/operations.md). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.steps import Wait
from target_apptivo.apptivo.ways.look import Found, NotFound, Unclear, look_in_apptivo
from target_apptivo.apptivo.ways.prove import is_proven, pauses

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped

# Looks in a row that must not find it, and the seconds between them where all has settled.
_LOOKS = 2
_LAST_PAUSE = 2.0


async def clear_up(
    record: Shaped, rules: Rules, *, age: float | None = None
) -> Found | NotFound | Unclear:
    """Find out whether a create whose answer was lost came to be.

    Args:
        record: The record.
        rules: How it is treated.
        age: Seconds since it was sent in an earlier run, which is judged when all has settled; none
            if it was sent just now: then it is looked for after 2 seconds, then ever later.

    Returns:
        What was found; nothing only after two looks in a row, the last when all has settled. A look
        that cannot be believed is not one of them.
    """
    if age is not None:
        if age < rules.settle_seconds:
            await Wait(rules.settle_seconds - age)
        proven = await is_proven(rules)
        if isinstance(proven, Unclear):
            return proven
    waits = [] if age is not None else [*pauses(rules.settle_seconds)]
    in_a_row = 0
    for looks, wait in enumerate((*waits, *[_LAST_PAUSE] * _LOOKS), start=1):
        await Wait(wait)
        found = await look_in_apptivo(record, rules)
        in_a_row = in_a_row + 1 if isinstance(found, NotFound) else 0
        is_over = looks >= len(waits) and in_a_row >= _LOOKS
        if isinstance(found, Found) or is_over:
            return found
    return found if isinstance(found, Unclear) else Unclear("not found, but in one look only")
