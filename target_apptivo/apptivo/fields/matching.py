"""`match_on` beside `fields`: records are looked for by names that they are sent by. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.criteria import EMAIL
from target_apptivo.apptivo.custom import PREFIX
from target_apptivo.apptivo.fields.names import folded, listed
from target_apptivo.apptivo.fields.standard_shapes import ADDRESSES, EMAILS, PHONES
from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.apptivo.fields.filling import Filling

# Lists of which no entry can be looked for.
_LISTS: Final = frozenset({PHONES, ADDRESSES})


def check_match(fillings: Iterable[Filling], match_on: Iterable[str], path: str) -> None:
    """Refuse what nothing can ever be found by: no record would be sent with it.

    Args:
        fillings: The fields of a stream, found in the account.
        match_on: The option.
        path: The option's path in the settings, for errors.

    Raises:
        SettingsError: If it names a field by a label or an id, or the attribute that fills one.
    """
    by_name = {name: filling for filling in fillings for name in _sent_by(filling)}
    for name in match_on:
        for filling in [] if name in by_name else by_name.values():
            if _is_meant(name, filling):
                raise SettingsError(path, _problem(name, filling))


def _sent_by(filling: Filling) -> tuple[str, ...]:
    """Give the names by which `match_on` knows what a field is filled with."""
    if filling.field.is_custom:
        return (f"{PREFIX}{filling.field.id}",)
    return (EMAIL,) if EMAILS in filling.names else filling.names


def _is_meant(name: str, filling: Filling) -> bool:
    """Whether a name is the field's in the settings or on the screen, or the tap's."""
    is_named = folded(name) == folded(filling.name)
    return is_named or name in {filling.field.label, filling.attribute}


def _problem(name: str, filling: Filling) -> str:
    """Say what is wrong with a name, and which is right."""
    if _LISTS.intersection(filling.names):
        return f"names '{name}', which is sent in a list that is not searched: take another one"
    sent_by = listed(_sent_by(filling))
    return f"names '{name}', under which nothing is sent: fields sends it as {sent_by}, so say that"
