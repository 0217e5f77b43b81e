"""What an update without an outcome left of attributes of which the record says nothing. Pure.

Nothing is written there, and the doubt ends with this record: what is remembered has to be what is
there, or a later record that says again what was taken before would count as unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.change import Left, value_in
from target_apptivo.apptivo.content import part_held
from target_apptivo.apptivo.judging import Attribute, Past
from target_apptivo.apptivo.lists import (
    KINDS,
    entries_in,
    replaced_in,
    unseen,
    written_content,
    written_in,
)
from target_apptivo.apptivo.values import loose_digest, objects_in

if TYPE_CHECKING:
    from collections.abc import Mapping


def left_in_doubt(name: str, found: Mapping[str, Any], past: Past) -> Left | None:
    """Tell what stands of an attribute that was intended.

    Args:
        name: Its name, as content has it.
        found: The object as Apptivo shows it now.
        past: What is remembered, the intention too.

    Returns:
        What is to be remembered; None where that is what is remembered already.
    """
    if name in KINDS:
        return _list_left(name, found, past)
    value = value_in(found, name)
    if not Attribute(name, None, value, past).is_intended:
        return None
    return Left(part_held(past.intended[name], value), loose_digest(value))


def _list_left(name: str, found: Mapping[str, Any], past: Past) -> Left:
    """Tell what stands of a list: an entry that was to be replaced is new if it is said again."""
    replaced = {*replaced_in(past.intended, name)}
    lefts = [KINDS[name].left(entry) for entry in objects_in(found.get(name)) or []]
    there = {*lefts, *map(unseen, lefts)}
    taken, intended = entries_in(past.taken or {}, name), entries_in(past.intended, name)
    kept = (f"{exact}/{left}" for exact, left in taken.items() if exact not in replaced)
    ours = {
        exact: left
        for exact, left in written_in(past.shown, name).items()
        if exact not in replaced or left in there
    }
    ours |= {exact: left for exact, left in intended.items() if left in there}
    # What came counts as new, too, if it is said again: it is there, and nothing is written.
    return Left(" ".join(kept), written_content(ours))
