"""The actions that only look: configuration, one record, all of them, searches. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.sandbox.answers import Value, whole
from target_apptivo.sandbox.apps import EMPLOYEES
from target_apptivo.sandbox.call import RefusedError, no_such, number_of
from target_apptivo.sandbox.search import advanced_terms, known_terms, search, text_terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_apptivo.sandbox.call import Call
    from target_apptivo.sandbox.firm import Firm
    from target_apptivo.sandbox.search import Found
    from target_apptivo.sandbox.terms import Term

_PAGE_SIZE = 100


def get_config_data(firm: Firm, call: Call, _now: datetime) -> Value:
    """An app's configuration."""
    return firm.config_data(call.app)


def get_by_id(firm: Firm, call: Call, _now: datetime) -> Value:
    """One record as it is now, whatever searches know of it yet."""
    shelf = firm.shelf(call.app)
    shelf.books.counts["read"] += 1
    entry = shelf.memory.active.get(call.record_id)
    if entry is None:
        raise no_such(call, call.record_id)
    value, envelope = whole(call.app, entry), firm.switches.read_envelope
    return value if envelope == "flat" else {envelope: value}


def get_all(firm: Firm, call: Call, _now: datetime) -> Value:
    """A page of all active records."""
    entries = list(firm.shelf(call.app).memory.active.values())
    start = number_of(call.params, "startIndex", 0)
    count = number_of(call.params, "numRecords", _PAGE_SIZE)
    return {"data": [whole(call.app, entry) for entry in entries[start : start + count]]}


def get_all_by_advanced_search(firm: Firm, call: Call, now: datetime) -> Value:
    """The records that are like a form."""
    return _answer(call, _found(firm, call, advanced_terms(call), now))


def get_all_by_search_text(firm: Firm, call: Call, now: datetime) -> Value:
    """The records that are like a text."""
    return _answer(call, _found(firm, call, text_terms(call), now))


def get_employee_by_advanced_search(firm: Firm, call: Call, now: datetime) -> Value:
    """The employees that are as a form says: only those, since clients take the first unseen."""
    if call.app is not EMPLOYEES:
        msg = "getEmployeeByAdvancedSearch is an action of /app/dao/employee"
        raise RefusedError(msg)
    found = _found(firm, call, advanced_terms(call), now, near=0)
    return {"aaData": [whole(call.app, entry) for entry in found.entries]}


def _found(
    firm: Firm, call: Call, terms: Sequence[Term], now: datetime, near: int | None = None
) -> Found:
    shelf, switches = firm.shelf(call.app), firm.switches
    shelf.books.counts["search"] += 1
    known = firm.known_fields(call.app)
    terms = known_terms(terms, known, refuse=switches.criteria == "refused")
    shelf.index.catch_up(now, switches.index_delay)
    near = switches.near_matches if near is None else near
    return search(shelf.index, terms, call.params, near=near)


def _answer(call: Call, found: Found) -> Value:
    data = [whole(call.app, entry) for entry in found.entries]
    return {"data": data, "countOfRecords": found.count}


# By the value of `a` that asks for them.
READS = {
    "getConfigData": get_config_data,
    "getById": get_by_id,
    "getAll": get_all,
    "getAllByAdvancedSearch": get_all_by_advanced_search,
    "getAllBySearchText": get_all_by_search_text,
    "getEmployeeByAdvancedSearch": get_employee_by_advanced_search,
}
