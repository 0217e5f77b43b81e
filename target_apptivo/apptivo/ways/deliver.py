"""The way of every record: which way it goes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.references import as_id, parent_key, shown_key
from target_apptivo.apptivo.response import Verdict, refused
from target_apptivo.apptivo.rules import LoadMethod
from target_apptivo.apptivo.ways.append import append
from target_apptivo.apptivo.ways.delete import delete, delete_created
from target_apptivo.apptivo.ways.generic import send_if_new
from target_apptivo.apptivo.ways.upsert import keep_in_step
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import RecallParent

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Mapped, Rules, Shaped


async def deliver(record: Shaped, rules: Rules) -> Verdict:
    """Deliver a record by its endpoint and load method."""
    if record.is_deleted:
        return await delete_created(record, rules)
    if rules.operation.deletes:
        return await delete(record, rules)
    if record.place is None or rules.load_method is LoadMethod.APPEND_ONLY:
        return await append(record, rules)
    if rules.row is None:
        return await send_if_new(record, rules)
    return await keep_in_step(record, rules)


async def deliver_child(mapped: Mapped, rules: Rules) -> Verdict:
    """Deliver a record whose attributes hold the ids of other records, which have their outcomes.

    The source's own number is never sent in place of an id.
    """
    attributes = dict(mapped.attributes)
    for reference in rules.references:
        attributes.pop(reference.attribute, None)
        values = reference.key_values(mapped.attributes)
        if values is None:
            continue
        apptivo_id = await RecallParent(reference.stream, parent_key(values))
        if apptivo_id is not None:
            attributes[reference.attribute] = as_id(apptivo_id)
        elif not reference.is_omitted:
            return refused(f"{reference.stream} {shown_key(values)} is not in Apptivo")
    try:
        shaped = mapped.shape(rules, attributes)
    except RecordRejectedError as error:
        return refused(str(error))
    return await deliver(shaped, rules)
