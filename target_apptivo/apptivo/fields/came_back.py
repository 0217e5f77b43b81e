"""Which attributes that were sent an answer shows: what never comes back was swallowed. Pure.

Apptivo drops names that it does not know without a word (docs/apptivo.md 2.3). An answer may show
little of what it took, so it counts only where it shows at least half, and nothing tells that it is
not the whole object. A read is. Of that half the object's own id is no part: every answer has one,
whatever was sent by its name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.content import custom_entries
from target_apptivo.apptivo.custom import CUSTOM
from target_apptivo.apptivo.lists import KINDS
from target_apptivo.apptivo.values import is_empty, objects_in
from target_apptivo.apptivo.verdict import CameBack, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.verdict import Verdict

_TAKEN = {Outcome.ACCEPTED, Outcome.UPDATED}
_ID: Final = "id"


def shown_back(
    payload: Mapping[str, Any], verdict: Verdict, row: Endpoint | None = None
) -> CameBack | None:
    """Compare what was sent with the answer to it; None where that tells nothing.

    Args:
        payload: The record as it was sent.
        verdict: What became of it.
        row: The app of a create; none of other endpoints.
    """
    if verdict.outcome not in _TAKEN or not verdict.response:
        return None
    holders = (verdict.response, *verdict.response.values())
    objects = [holder for holder in holders if isinstance(holder, dict)]
    telling = _telling(payload, row)
    shown = max(objects, key=lambda each: len(telling & each.keys()))
    # These names Apptivo knows: an answer without them shows a part of the object alone.
    lists = (name for name in KINDS if objects_in(payload.get(name)))
    is_part = any(is_empty(shown.get(name)) for name in lists)
    return None if is_part else came_back(payload, shown, row=row)


def updated_back(  # noqa: PLR0913 - all but the payload by keyword
    payload: Mapping[str, Any],
    *,
    row: Endpoint | None = None,
    before: Collection[str],
    found: Mapping[str, Any],
    written: Collection[str] = (),
    shown: Mapping[str, Any] | None = None,
) -> CameBack | None:
    """Compare what was sent in an update, and before it, with what is there.

    Args:
        payload: The record as it would be sent whole.
        row: The app.
        before: What of it was sent earlier, as content names it.
        found: The object as it was read before the update.
        written: What was sent now. The read cannot show it, so it counts only where the answer
            shows everything that the read did.
        shown: The object as it is after the update, where it is shown.
    """
    after = shown or {}
    is_whole = shown is not None and _names(found) <= _names(after) | {*written}
    if is_whole:
        back = came_back(payload, after, {*before, *written}, row=row)
    else:
        back = came_back(payload, found, before, row=row)
    seen = _names(payload) & (_names(found) | _names(after))
    return _one(back.sent, seen) if back else None


def came_back(
    payload: Mapping[str, Any],
    shown: Mapping[str, Any] | None,
    names: Collection[str] | None = None,
    *,
    row: Endpoint | None = None,
) -> CameBack | None:
    """Compare a payload with the object that an answer or a read shows.

    Args:
        payload: The record as it would be sent whole.
        shown: The object.
        names: What of it was sent, if not all: names as an update has them.
        row: The app.

    Returns:
        What was sent and what is there; None where less than half of the payload is shown.
    """
    telling = _telling(payload, row)
    if not shown or 2 * len(telling & shown.keys()) < len(telling):
        return None
    sent, there = _names(payload), _names(shown)
    return _one(sent if names is None else sent & frozenset(names), sent & there)


def _telling(payload: Mapping[str, Any], row: Endpoint | None) -> frozenset[str]:
    """Name what an answer shows only where it shows what was sent."""
    return frozenset(payload.keys() - {_ID, row.id_name if row else _ID})


def _names(shown: Mapping[str, Any]) -> frozenset[str]:
    """Name what an object says; custom attributes one by one."""
    names = {name for name, value in shown.items() if name != CUSTOM and not is_empty(value)}
    return frozenset(names | custom_entries(shown.get(CUSTOM)).keys())


@lru_cache(maxsize=1024)
def _one(sent: frozenset[str], there: frozenset[str]) -> CameBack:
    """Give one value for equal ones: records wait by the thousand for their outputs."""
    return CameBack(sent, there)
