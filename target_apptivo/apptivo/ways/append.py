"""Send every record: the way without memory, and `append-only` with it. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.fields.came_back import shown_back
from target_apptivo.apptivo.steps import Join
from target_apptivo.apptivo.verdict import Verdict, doubted
from target_apptivo.apptivo.ways.notes import intention, note
from target_apptivo.apptivo.ways.sending import send

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped


async def append(record: Shaped, rules: Rules, *, is_repeated: bool = False) -> Verdict:
    """Send a record, alone or in a batch, and note what it became where there is a journal.

    Args:
        record: The record.
        rules: How it is treated.
        is_repeated: Whether an answer to it was lost before.
    """
    intend = intention(record, rules.operation.action) if record.place else None
    if rules.batch:
        join = Join(rules.operation, rules.batch, record.address, record.payload, intend)
        sent = await join
        # Of the whole batch an answer may be lost; of this record one was before.
        sent = replace(sent, possible_duplicate=sent.possible_duplicate or is_repeated)
    else:
        if intend:
            await intend
        shaping = partial(record.request, rules.operation)
        sent = await send(
            rules.operation, shaping, on_uncertain=rules.on_uncertain, is_repeated=is_repeated
        )
    verdict = doubted(sent)
    if intend:
        await note(record, rules, verdict)
    seen = shown_back(record.payload, verdict, rules.row)
    return replace(verdict, came_back=seen) if seen else verdict
