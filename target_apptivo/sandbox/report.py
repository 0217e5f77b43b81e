"""What the sandbox holds, as plain values for the page and for programs. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.memory import as_sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.sandbox.firm import Firm, Shelf
    from target_apptivo.sandbox.memory import Entry, Record


def records_by_app(firm: Firm) -> defaultdict[str, list[Record]]:
    """Every active record, in order of arrival; an empty list for an app that got none."""
    shelves = firm.shelves.items()
    return defaultdict(list, {name: _records(each.memory.active, None) for name, each in shelves})


def apps_report(firm: Firm, latest: int | None) -> dict[str, Any]:
    """Counts, records and books by app; only the latest so many where a number is given."""
    return {name: _app_report(firm, shelf, latest) for name, shelf in firm.shelves.items()}


def _app_report(firm: Firm, shelf: Shelf, latest: int | None) -> dict[str, Any]:
    memory = shelf.memory
    return {
        "active": len(memory.active),
        "trash": len(memory.trash),
        "records": _records(memory.active, latest),
        "trash_records": _records(memory.trash, latest),
        "labels": firm.layout(memory.app).labels,
        **shelf.books.report(latest),
    }


def _records(entries: dict[str, Entry], latest: int | None) -> list[Record]:
    chosen: Iterable[Entry] = entries.values()
    if latest is not None:
        # From the end, so that a page over a million records costs no more than over ten.
        chosen = reversed(list(islice(reversed(entries.values()), latest)))
    return [as_sent(entry.record) for entry in chosen]
