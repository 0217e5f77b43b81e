"""Look for a record: in the journal, then in Apptivo (docs/operations.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.criteria import matches
from target_apptivo.apptivo.objects import (
    Gone,
    Stranger,
    Unbelievable,
    app_operation,
    id_in,
    read_object,
    read_request,
)
from target_apptivo.apptivo.rules import LoadMethod
from target_apptivo.apptivo.search import Reading, search_operation, search_request
from target_apptivo.apptivo.steps import Read
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.apptivo.ways.notes import place_of
from target_apptivo.journal.steps import RecallMatches, RecallOwners

if TYPE_CHECKING:
    from target_apptivo.apptivo.criteria import Criteria
    from target_apptivo.apptivo.rules import Rules, Shaped


@dataclass(frozen=True, slots=True)
class Found:
    """The one object that a record is looked for by."""

    apptivo_id: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is none, if the search is to be believed."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell, or there are several.

    Attributes:
        reason: Why.
        apptivo_ids: What was found, if several.
    """

    reason: str
    apptivo_ids: tuple[str, ...] = ()

    def verdict(self, rules: Rules) -> Verdict:
        """Give the verdict of a record that is not created yet."""
        if self.apptivo_ids and rules.load_method is LoadMethod.CREATE_ONLY:
            return Verdict(outcome=Outcome.DUPLICATE, reason=self.reason, matched_by="match_on")
        return refused(self.reason)


async def look(record: Shaped, rules: Rules) -> Found | NotFound | Unclear:
    """Look for a record; that it is not found has still to be proven (`prove.py`).

    The journal knows new ones before search does.
    """
    criteria = _criteria(record)
    if criteria.own_id is not None:
        return await look_in_apptivo(record, rules)
    place = place_of(record)
    known = [
        match
        for match in await RecallMatches(place.endpoint, criteria.lines)
        if match.place != place
    ]
    if siblings := [match for match in known if match.place.stream == place.stream]:
        return _another_key({match.apptivo_id for match in siblings})
    if known:
        return await _unless_another_key(record, {match.apptivo_id for match in known})
    return await look_in_apptivo(record, rules)


async def look_in_apptivo(record: Shaped, rules: Rules) -> Found | NotFound | Unclear:
    """Look for a record in Apptivo alone, and see that it is not what another key became."""
    criteria = _criteria(record)
    if criteria.own_id is not None:
        return await _read_own(record, rules, criteria.own_id)
    ids = await search(criteria, rules)
    if isinstance(ids, Unbelievable):
        return Unclear(f"the search by match_on cannot be believed: {ids.reason}")
    return await _unless_another_key(record, ids)


async def _unless_another_key(record: Shaped, ids: set[str]) -> Found | NotFound | Unclear:
    """Tell one from none and from several, and see that it is not what another key became."""
    found = _the_one(ids)
    return await unless_taken(record, found) if isinstance(found, Found) else found


async def search(criteria: Criteria, rules: Rules) -> set[str] | Unbelievable:
    """Give the ids of all objects that a record is looked for by: equality is ours."""
    row, headers = rules.app, rules.operation.headers
    ids = set()
    for alternative in criteria.alternatives:
        reading: Reading | Unbelievable = Reading(row)
        while isinstance(reading, Reading) and not reading.is_done:
            request = search_request(row, alternative, reading.next_start, headers)
            reading = reading.add(await Read(search_operation(row, headers), request))
        if isinstance(reading, Unbelievable):
            return reading
        ids |= {str(id_in(row, each)) for each in reading.rows if matches(criteria, each)}
    return ids


async def read(apptivo_id: str, rules: Rules) -> dict[str, Any] | Gone | Stranger | Unbelievable:
    """Read an object by its id."""
    row, headers = rules.app, rules.operation.headers
    request = read_request(row, apptivo_id, headers)
    verdict = await Read(app_operation(row, headers), request)
    return read_object(row, verdict, apptivo_id)


async def _read_own(record: Shaped, rules: Rules, apptivo_id: str) -> Found | Unclear:
    """Find the object whose id the record names: it is read, not searched."""
    found = await read(apptivo_id, rules)
    if not isinstance(found, dict):
        reason = found.reason if isinstance(found, Gone | Unbelievable) else "another id"
        return Unclear(f"{rules.app.id_name} {apptivo_id} is not in Apptivo ({reason})")
    criteria = _criteria(record)
    if criteria.alternatives and any(criteria.alternatives) and not matches(criteria, found):
        return Unclear(f"{rules.app.id_name} {apptivo_id} has other match values")
    return await unless_taken(record, Found(apptivo_id))


async def unless_taken(record: Shaped, found: Found) -> Found | Unclear:
    """See that an object is not what another key of this stream became."""
    place = place_of(record)
    owners = await RecallOwners(place.endpoint, found.apptivo_id)
    if any(owner.stream == place.stream and owner != place for owner in owners):
        return _another_key({found.apptivo_id})
    return found


def _the_one(ids: set[str]) -> Found | NotFound | Unclear:
    """Tell one from none and from several."""
    if not ids:
        return NotFound()
    if len(ids) == 1:
        return Found(*ids)
    return Unclear(f"match_on finds several: {_listed(ids)}", tuple(sorted(ids)))


def _another_key(ids: set[str]) -> Unclear:
    """Say that another record of the stream became what was found."""
    reason = f"match_on finds what another key of this stream became: {_listed(ids)}"
    return Unclear(reason, tuple(sorted(ids)))


def _listed(ids: set[str]) -> str:
    """Name ids, not too many of them."""
    most = 10
    shown = ", ".join(sorted(ids)[:most])
    return f"{shown}, …" if len(ids) > most else shown


def _criteria(record: Shaped) -> Criteria:
    """Give by what a record is looked for that is looked for."""
    assert record.criteria is not None  # noqa: S101 - only those come here
    return record.criteria
