"""Delete: by id, and what was created from a record that its source deleted. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import CREATE_CUSTOMER
from target_apptivo.apptivo.request import shape_address, shape_request
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.apptivo.ways.doubt import is_outdated, outdated
from target_apptivo.apptivo.ways.sending import send
from target_apptivo.journal.steps import Forget, InDoubt, Intend, Known, Place, Recall, Withdraw

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.journal.steps import Same, Unknown


async def delete(record: Shaped, rules: Rules) -> Verdict:
    """Delete by id. Always sent; a customer that is gone is forgotten."""
    operation, apptivo_id = rules.operation, _customer_id(record, rules)
    if record.place:
        await Intend(place=record.place, action=operation.action, apptivo_id=apptivo_id)
    shaping = partial(record.request, operation)
    verdict = await send(operation, shaping, on_uncertain=rules.on_uncertain)
    if record.place:
        await _note_deletion(record.place, verdict, apptivo_id)
    return verdict


async def delete_created(record: Shaped, rules: Rules) -> Verdict:
    """Delete the customer that was created from a record which its source deleted."""
    place, operation = record.place, rules.hard_delete
    if operation is None:
        return _skipped("a deleted record (_sdc_deleted_at) is never created")
    if place is None:
        return _skipped("the deleted record has no key by which it could be known")
    recalled = await Recall(place)
    apptivo_id = (
        outdated() if is_outdated(record.set_aside_at, recalled) else _created_from(recalled)
    )
    if isinstance(apptivo_id, Verdict):
        return apptivo_id
    await Intend(place=place, action="delete", apptivo_id=apptivo_id)
    shaping = partial(_request, operation, apptivo_id)
    verdict = await send(operation, shaping, on_uncertain=rules.on_uncertain)
    verdict = replace(verdict, apptivo_id=apptivo_id, matched_by="journal")
    await _note_deletion(place, verdict, apptivo_id)
    return verdict


def _created_from(recalled: Same | Known | InDoubt | Unknown) -> str | Verdict:
    """Give the id of what was created from a record, or the verdict where nothing was."""
    if isinstance(recalled, InDoubt):
        if recalled.action == "create":
            reason = "its create is in doubt: look in Apptivo whether it is there"
            return Verdict(outcome=Outcome.UNCERTAIN, reason=reason)
        # What was only to be updated, and is not known, was found.
        recalled = recalled.before or Known(apptivo_id=recalled.apptivo_id, is_created=False)
    if not isinstance(recalled, Known) or recalled.apptivo_id is None:
        return _skipped("the deleted record is not known: nothing was created from it")
    if not recalled.is_created:
        return _skipped("the deleted record was found in Apptivo, not created: it is left there")
    return recalled.apptivo_id


def _skipped(reason: str) -> Verdict:
    """Give the verdict of a deleted record of which there is nothing to delete."""
    return Verdict(outcome=Outcome.SKIPPED, reason=reason)


def _request(operation: Operation, apptivo_id: str) -> Request:
    """Make the request that deletes a customer."""
    record = {CREATE_CUSTOMER.id_name: apptivo_id}
    return shape_request(operation, shape_address(operation, record), record)


def _customer_id(record: Shaped, rules: Rules) -> str | None:
    """Give the id of the customer that is deleted, where it is one."""
    if rules.operation.customer_id is None:
        return None
    params = dict(record.address.params)
    last = record.address.url.rpartition("/")[2]
    return params.get(CREATE_CUSTOMER.id_name, last)


async def _note_deletion(place: Place, verdict: Verdict, apptivo_id: str | None) -> None:
    """Forget a customer that is gone; what is uncertain stays in doubt."""
    if verdict.outcome is Outcome.UNCERTAIN:
        return
    await Withdraw(place)
    if verdict.outcome is Outcome.ACCEPTED and apptivo_id:
        await Forget(CREATE_CUSTOMER.name, str(int(apptivo_id)))
