"""Prove, once a run, that a search finds what is there (docs/operations.md). Pure.

A criterion that Apptivo does not know may find nothing, or everything; so that nothing was found is
believed only after the same search found a record that is known to be there.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from target_apptivo.apptivo.criteria import Criteria, criteria_shown
from target_apptivo.apptivo.objects import Gone, Unbelievable, app_operation, id_in
from target_apptivo.apptivo.search import newest_request, read_page
from target_apptivo.apptivo.steps import Ask, Read, Tell, Wait
from target_apptivo.apptivo.ways.look import Unclear, read, search
from target_apptivo.errors import SearchError
from target_apptivo.journal.steps import RecallWitnesses

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from target_apptivo.apptivo.rules import Rules
    from target_apptivo.apptivo.search import Page

# Seconds before the second look of a proof and the first for a lost create, and the longest wait
# between two.
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 30.0
# How often the newest objects are listed where none of them proves anything: one that cannot be
# read may be gone since, or it was only the read that failed.
_LISTINGS = 2
UNPROVEN = "nothing proves the search by match_on"


class Proof(Enum):
    """What is known of a stream's search."""

    PROVEN = auto()
    # No record could prove it.
    NOTHING = auto()
    # The app holds no record at all, so none that could be overlooked.
    EMPTY = auto()


async def prove(rules: Rules) -> Proof | Unclear:
    """Have the stream's search proven.

    Where there is no record to prove it by, the record that asked is created alone, as the witness:
    who asks after it waits until it is found (`witness`), or until it turned out to be none. Where
    nobody can tell, it is refused.
    """
    if await Ask(_topic(rules)):
        return Proof.PROVEN
    for apptivo_id in await RecallWitnesses(rules.app.name):
        found = await read(apptivo_id, rules)
        criteria = _criteria_in(found, rules)
        if criteria and await witness(criteria, apptivo_id, rules):
            return Proof.PROVEN
    return await _prove_by_newest(rules)


async def _prove_by_newest(rules: Rules) -> Proof | Unclear:
    """Have the search proven by one of the app's newest objects."""
    for _ in range(_LISTINGS):
        page = await _newest_page(rules)
        if isinstance(page, Unbelievable):
            return Unclear(f"{UNPROVEN}: {page.reason}")
        newest = _findable(page, rules)
        if not newest:
            return Proof.NOTHING if page.rows or page.count else Proof.EMPTY
        for criteria, apptivo_id in newest:
            if await witness(criteria, apptivo_id, rules):
                return Proof.PROVEN
    return Unclear(f"{UNPROVEN}: those listed as newest cannot be read, or change")


async def witness(criteria: Criteria, apptivo_id: str, rules: Rules) -> bool:
    """See that the search finds a record that is known to be there, and tell those who wait.

    Returns:
        False if it is not there any more, or has other match values: then it proves nothing.

    Raises:
        SearchError: If it does not within `settle_seconds`.
    """
    elapsed = 0.0
    for pause in (0.0, *pauses(rules.settle_seconds)):
        if pause:
            await Wait(pause)
            elapsed += pause
        ids = await search(criteria, rules)
        if isinstance(ids, set) and apptivo_id in ids:
            await Tell(_topic(rules), True)  # noqa: FBT003 - what was asked
            return True
    found = await read(apptivo_id, rules)
    is_known = isinstance(found, dict | Gone)
    if is_known and _criteria_in(found, rules) != criteria:
        return False
    reason = "" if isinstance(ids, set) else f" ({ids.reason})"
    raise SearchError(rules.app.name, apptivo_id, rules.match_on, elapsed, reason)


def pauses(settle_seconds: float, *, elapsed: float = 0.0) -> Iterator[float]:
    """Give growing waits, in seconds, that are over when everything has settled."""
    pause = _FIRST_PAUSE
    while elapsed < settle_seconds:
        wait = max(min(pause, settle_seconds - elapsed), 0.01)
        yield wait
        elapsed += wait
        pause = min(2 * pause, _LONGEST_PAUSE)


def _criteria_in(found: object, rules: Rules) -> Criteria | None:
    """Give by what an object that was read would be looked for, if it is there."""
    return criteria_shown(rules.app, rules.match_on, found) if isinstance(found, dict) else None


async def _newest_page(rules: Rules) -> Page | Unbelievable:
    """Give the app's newest objects."""
    row, headers = rules.app, rules.operation.headers
    return read_page(await Read(app_operation(row, headers), newest_request(row, headers)))


def _findable(page: Page, rules: Rules) -> list[tuple[Criteria, str]]:
    """Give those objects that could be searched for."""
    row = rules.app
    shown = ((criteria_shown(row, rules.match_on, each), id_in(row, each)) for each in page.rows)
    return [(criteria, apptivo_id) for criteria, apptivo_id in shown if criteria and apptivo_id]


def _topic(rules: Rules) -> Hashable:
    """Name the search that is proven: each app's and each choice of match values."""
    return "search", rules.app.path, rules.match_on
