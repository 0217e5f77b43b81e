"""Prove, once a run, that a search finds what is there (docs/operations.md). Pure.

A criterion that Apptivo does not know may find nothing, or everything; so that nothing was found is
believed only after the same search found a record that is known to be there.
"""

from __future__ import annotations

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

# Seconds before the second look of a proof and the first for a lost create, and the longest wait
# between two.
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 30.0


async def is_proven(rules: Rules) -> bool | Unclear:
    """Have the stream's search proven; false where there is no record to prove it by.

    Then the record that asked is created alone, as the witness: who asks after it waits until it is
    found (`witness`), or until it turned out to be none. Where nobody can tell, it is refused.
    """
    if await Ask(_topic(rules)):
        return True
    for apptivo_id in await RecallWitnesses(rules.app.name):
        found = await read(apptivo_id, rules)
        criteria = _criteria_in(found, rules)
        if criteria and await witness(criteria, apptivo_id, rules):
            return True
    newest = await _newest(rules)
    if isinstance(newest, Unbelievable):
        return Unclear(f"nothing proves the search by match_on: {newest.reason}")
    for criteria, apptivo_id in newest:
        if await witness(criteria, apptivo_id, rules):
            return True
    return False


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


async def _newest(rules: Rules) -> list[tuple[Criteria, str]] | Unbelievable:
    """Give the app's newest objects that could be searched for."""
    row, headers = rules.app, rules.operation.headers
    page = read_page(await Read(app_operation(row, headers), newest_request(row, headers)))
    if isinstance(page, Unbelievable):
        return page
    shown = ((criteria_shown(row, rules.match_on, each), id_in(row, each)) for each in page.rows)
    return [(criteria, apptivo_id) for criteria, apptivo_id in shown if criteria and apptivo_id]


def _topic(rules: Rules) -> Hashable:
    """Name the search that is proven: each app's and each choice of match values."""
    return "search", rules.app.path, rules.match_on
