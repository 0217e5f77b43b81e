"""What the sandbox holds, as plain values for the page and for programs. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_apptivo.sandbox.memory import Entry, Memory, Record


def records_by_app(memories: Mapping[str, Memory]) -> defaultdict[str, list[Record]]:
    """Every active record, in order of arrival; an empty list for an app that got none."""
    return defaultdict(
        list, {name: _records(memory.active, None) for name, memory in memories.items()}
    )


def apps_report(memories: Mapping[str, Memory], latest: int | None) -> dict[str, Any]:
    """Counts and records by app; only the latest so many of each where a number is given."""
    return {
        name: {
            "active": len(memory.active),
            "trash": len(memory.trash),
            "records": _records(memory.active, latest),
            "trash_records": _records(memory.trash, latest),
        }
        for name, memory in memories.items()
    }


def _records(entries: dict[str, Entry], latest: int | None) -> list[Record]:
    chosen: Iterable[Entry] = entries.values()
    if latest is not None:
        # From the end, so that a page over a million records costs no more than over ten.
        chosen = reversed(list(islice(reversed(entries.values()), latest)))
    return [dict(entry.record) for entry in chosen]
