"""Send a record to a generic endpoint if it says anything new. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.content import is_new
from target_apptivo.apptivo.ways.append import append
from target_apptivo.apptivo.ways.doubt import held_in_doubt, is_outdated, outdated, unchanged
from target_apptivo.apptivo.ways.notes import found_unchanged, place_of
from target_apptivo.journal.steps import InDoubt, Known, Recall, Same, Unknown

if TYPE_CHECKING:
    from target_apptivo.apptivo.rules import Rules, Shaped
    from target_apptivo.apptivo.verdict import Verdict


async def send_if_new(record: Shaped, rules: Rules) -> Verdict:
    """Send a record unless its URL, parameters and body are those that were taken last."""
    recalled = await Recall(place_of(record), record.fingerprint)
    if is_outdated(record.set_aside_at, recalled):
        return outdated()
    match recalled:
        case Same() as same:
            return unchanged(same)
        case Known() as known if not is_new(record.content, known.taken):
            return await found_unchanged(record, known)
        case InDoubt() if rules.operation.creates:
            if rules.on_uncertain == "hold":
                return held_in_doubt()
            return await append(record, rules, is_repeated=True)
        case Known() | InDoubt() | Unknown():
            return await append(record, rules)
