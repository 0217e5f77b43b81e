"""Searches, and when their answers are believed (docs/operations.md). Pure: no I/O, no clock.

A blank criterion finds everything, an unknown one perhaps, too (docs/apptivo.md 5.3), and what is
only near is found as well (5.4). So an answer is read to its end, and each row is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.criteria import EMAIL
from target_apptivo.apptivo.custom import CUSTOM, PREFIX
from target_apptivo.apptivo.objects import Unbelievable, app_operation, id_in
from target_apptivo.apptivo.request import Address, shape_request
from target_apptivo.apptivo.value import value
from target_apptivo.apptivo.values import objects_in
from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.errors import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.criteria import Alternative
    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.operation import Operation, Pairs
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.verdict import Verdict

# The smallest of the sizes that are known to work (docs/apptivo.md 5.5): rows are whole objects,
# and an answer of more than 8 MiB would not be read.
PAGE_SIZE: Final = 100
MOST_ROWS: Final = 1_000
NEWEST: Final = 25
# What an e-mail in a search is called besides (docs/apptivo.md 5.2).
_EMAIL_INPUT: Final = "cont_email_input"


def search_operation(row: Endpoint, headers: Pairs = ()) -> Operation:
    """Give the operation that sends searches, with the stream's headers."""
    return app_operation(row, headers, data_param="searchData")


def search_request(
    row: Endpoint, alternative: Alternative, start: int = 0, headers: Pairs = ()
) -> Request:
    """Make the request for a page of a search.

    Args:
        row: The app.
        alternative: What has to be equal.
        start: How many rows have been read.
        headers: The stream's headers.

    Raises:
        RecordRejectedError: If a value cannot be written.
        ValueError: If there is nothing to look for, which would find everything.
    """
    if not alternative:
        msg = "a search for nothing"
        raise ValueError(msg)
    params = _params(row, start, PAGE_SIZE, "_score")
    address = Address(row.path, (*params, ("multiSelectData", "{}")))
    return shape_request(search_operation(row, headers), address, _form(alternative))


def newest_request(row: Endpoint, headers: Pairs = ()) -> Request:
    """Make the request for the newest objects of an app: a blank search finds all (5.3).

    That they come newest first is FACT for cases, else INFERRED (docs/apptivo.md 5.1).
    """
    params = _params(row, 0, NEWEST, "creationDate")
    address = Address(row.path, (*params, ("searchData", ""), ("multiSelectData", "{}")))
    return shape_request(app_operation(row, headers), address, {})


@value(frozen=True, slots=True)
class Page:
    """A page of an answer: its rows, and how many there are in all."""

    rows: tuple[dict[str, Any], ...]
    count: int


def read_page(verdict: Verdict) -> Page | Unbelievable:
    """Read one answer to a search.

    Args:
        verdict: What the answer means; credentials that are refused have been seen before.
    """
    if verdict.outcome is not Outcome.ACCEPTED or verdict.response is None:
        return Unbelievable(verdict.reason or "the answer is no JSON object")
    count, rows = _count(verdict.response.get("countOfRecords")), verdict.response.get("data")
    if count is None:
        return Unbelievable("the answer shows no countOfRecords")
    objects = objects_in(rows)
    if objects is None:
        return Unbelievable("the answer's data is no list of objects")
    if len(objects) > count:
        return Unbelievable(f"the answer counts {counted(count, 'row')} and shows {len(objects)}")
    return Page(tuple(objects), count)


@value(frozen=True, slots=True)
class Reading:
    """The rows of a search, page by page.

    Attributes:
        row: The app.
        rows: What has been read.
        count: How many there are in all, by the first page.
    """

    row: Endpoint
    rows: tuple[dict[str, Any], ...] = ()
    count: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether all has been read."""
        return self.count == len(self.rows)

    @property
    def next_start(self) -> int:
        """Where the next page starts."""
        return len(self.rows)

    def add(self, verdict: Verdict) -> Reading | Unbelievable:
        """Read the next page; whatever may hide a row makes the whole unbelievable."""
        page = read_page(verdict)
        if isinstance(page, Unbelievable):
            return page
        if page.count > MOST_ROWS:
            return Unbelievable(f"the search finds more than {MOST_ROWS:,} rows")
        if self.count not in {None, page.count}:
            return Unbelievable("the count of rows changed between two pages")
        due = min(PAGE_SIZE, page.count - len(self.rows))
        if len(page.rows) != due:
            return Unbelievable(
                f"the answer falls short: {len(page.rows)} of {counted(due, 'row')}"
            )
        rows = (*self.rows, *page.rows)
        ids = [id_in(self.row, row) for row in rows]
        if None in ids or len({*ids}) != len(ids):
            return Unbelievable("rows of the answer come twice, or show no id")
        return Reading(self.row, rows, page.count)


def _params(row: Endpoint, start: int, count: int, sort_column: str) -> Pairs:
    """Write the parameters of a search but for what is looked for (docs/apptivo.md 5.1)."""
    return (
        ("a", "getAllByAdvancedSearch"),
        ("objectId", str(row.object_id)),
        ("startIndex", str(start)),
        ("numRecords", str(count)),
        ("sortColumn", sort_column),
        ("sortDir", "desc"),
    )


def _form(alternative: Alternative) -> Mapping[str, Any]:
    """Write criteria as the form of a search (docs/apptivo.md 5.2)."""
    form: dict[str, Any] = {}
    for each in alternative:
        if each.name == EMAIL:
            form["emailAddresses"] = [{EMAIL: each.form, "id": _EMAIL_INPUT}]
        elif each.name.startswith(PREFIX):
            form.setdefault(CUSTOM, []).append(each.form)
        else:
            form[each.name] = each.form
    return form


def _count(value: object) -> int | None:
    """Read a count: a whole number, or its digits."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
