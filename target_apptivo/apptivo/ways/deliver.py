"""The way of every record: which way it goes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.references import as_id, shown_key
from target_apptivo.apptivo.rules import LoadMethod
from target_apptivo.apptivo.steps import Ask
from target_apptivo.apptivo.verdict import Verdict, refused
from target_apptivo.apptivo.ways.append import append
from target_apptivo.apptivo.ways.delete import delete, delete_created
from target_apptivo.apptivo.ways.fields import fill
from target_apptivo.apptivo.ways.generic import send_if_new
from target_apptivo.apptivo.ways.notes import set_aside
from target_apptivo.apptivo.ways.upsert import keep_in_step
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import RecallParent

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Mapped, Rules, Shaped


async def deliver(record: Shaped, rules: Rules) -> Verdict:
    """Deliver a record by its endpoint and load method."""
    verdict = await _deliver(record, rules)
    return await set_aside(record.place, rules, verdict, record.set_aside_at)


async def _deliver(record: Shaped, rules: Rules) -> Verdict:
    """Choose the way of a record."""
    if record.is_deleted:
        return await delete_created(record, rules)
    if rules.operation.deletes:
        return await delete(record, rules)
    if record.place is None or rules.load_method is LoadMethod.APPEND_ONLY:
        return await append(record, rules)
    if rules.row is None:
        return await send_if_new(record, rules)
    return await keep_in_step(record, rules)


async def deliver_in_turn(record: Shaped, rules: Rules) -> Verdict:
    """Deliver a record when those of its app with equal match values have their outcomes.

    Where a way shapes the match values, no line is known at the reading; so it takes turns, in one
    order for all, so that nobody waits in a circle.
    """
    for line in sorted({*record.matches}):
        await Ask(("match", rules.app.path, line))
    return await deliver(record, rules)


async def deliver_mapped(mapped: Mapped, rules: Rules, *, takes_turns: bool = False) -> Verdict:
    """Deliver a record whose payload is made of more than itself.

    Attributes may hold the ids of other records, which have their outcomes, and the account may
    have a say in what fills its fields.
    """
    shaped = await _shape(mapped, rules)
    if isinstance(shaped, Verdict):
        return await set_aside(mapped.place, rules, shaped, mapped.set_aside_at)
    return await (deliver_in_turn if takes_turns else deliver)(shaped, rules)


async def _shape(mapped: Mapped, rules: Rules) -> Shaped | Verdict:
    """Shape a record with what others have to tell; or give the verdict of one that cannot be."""
    attributes = await _with_references(mapped, rules)
    if isinstance(attributes, Verdict):
        return attributes
    filled = await fill(attributes, rules) if rules.fields else None
    if isinstance(filled, Verdict):
        return filled
    try:
        return mapped.shape(rules, attributes, filled)
    except RecordRejectedError as error:
        return refused(str(error))


async def _with_references(mapped: Mapped, rules: Rules) -> dict[str, Any] | Verdict:
    """Set the attributes that are ids of other records.

    The source's own number is never sent in place of an id.
    """
    attributes = dict(mapped.attributes)
    for reference in rules.references:
        attributes.pop(reference.attribute, None)
        key = reference.parent_key(mapped.attributes)
        if key is None:
            continue
        apptivo_id = await RecallParent(reference.stream, key)
        if apptivo_id is not None:
            attributes[reference.attribute] = as_id(apptivo_id)
        elif not reference.is_omitted:
            return refused(f"{reference.stream} {shown_key(key)} is not in Apptivo")
    return attributes
