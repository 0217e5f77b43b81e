"""Planted faults: what the simulation must find. Switches of the simulation, not of the product.

Each takes the place of something in the target, or stands in its way, as long as it is planted.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from tests.simulation import faults_in_delivery, faults_in_ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.faults_in_ways import Patches


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a fault for a while."""
    with ExitStack() as stack:
        for target, value in FAULTS[name]().items():
            stack.enter_context(patch(target, value))
        yield


FAULTS: Final[dict[str, Callable[[], Patches]]] = {
    "told before it is held": faults_in_delivery.told_before_it_is_held,
    "intended after the send": faults_in_delivery.intended_after_the_send,
    "a commit is not durable": faults_in_delivery.commit_is_not_durable,
    "the first of several is adopted": faults_in_ways.first_of_several,
    "not found is believed unproven": faults_in_ways.unproven,
    "a lost create is resent at once": faults_in_ways.resent_at_once,
    "a doubt is judged too soon": faults_in_ways.doubt_judged_too_soon,
    "an update names everything": faults_in_ways.names_everything,
    "a stop forgets outcomes": faults_in_delivery.stop_forgets_outcomes,
    "settled out of order": faults_in_delivery.settles_out_of_order,
    "children do not wait": faults_in_delivery.children_do_not_wait,
    "keys do not line up": faults_in_delivery.keys_do_not_line_up,
    "what was sent is withdrawn": faults_in_delivery.withdraws_what_was_sent,
    "what was refused stays in doubt": faults_in_delivery.leaves_refused_in_doubt,
    "a doubt is forgotten": faults_in_ways.doubt_is_forgotten,
    "one page is enough": faults_in_ways.one_page_is_enough,
    "keep overwrites": faults_in_ways.planned_with(on_conflict="overwrite"),
    "nulls blank": faults_in_ways.planned_with(update_nulls=True),
    "found counts as created": faults_in_ways.found_counts_as_created,
    "the last state is lost": faults_in_delivery.last_state_is_lost,
    "hold is ignored": faults_in_ways.hold_is_ignored,
    "doubles are not flagged": faults_in_ways.doubles_are_not_flagged,
    "outdated lines are sent": faults_in_ways.outdated_is_sent,
    "what is set aside is not noted": faults_in_ways.aside_is_not_noted,
    "a late update is not waited for": faults_in_ways.late_update_is_not_waited_for,
    "a witness is not awaited": faults_in_ways.witness_is_not_awaited,
    "the limit is ignored": faults_in_delivery.limit_is_ignored,
    "another key's object is taken": faults_in_ways.another_keys_object,
    "a known record counts as unknown": faults_in_delivery.known_counts_as_unknown,
}
