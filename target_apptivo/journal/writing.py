"""Write what has changed: at most one statement of each kind, whatever the number of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.journal.memory import NOTHING, Memory
from target_apptivo.journal.tables import (
    DELETE_MATCH,
    DELETE_RECORD,
    INSERT_MATCH,
    INSERT_RECORD,
    UPDATE_INTENTION,
    UPDATE_RECORD,
    content_of,
    intention_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Executable

    from target_apptivo.journal.steps import Place

    Changes = Mapping[Place, tuple[Memory, Memory]]


def write_changes(connection: Connection, changes: Changes) -> None:
    """Write what is remembered of some records.

    Args:
        connection: In a transaction.
        changes: What was remembered, and what is, by place.
    """
    _execute(connection, DELETE_RECORD, _deleted(changes))
    _execute(connection, UPDATE_INTENTION, _intended(changes))
    _execute(connection, UPDATE_RECORD, _updated(changes))
    _execute(connection, INSERT_RECORD, _inserted(changes))
    _execute(connection, DELETE_MATCH, _matches(changes, "its_", old=0, new=1))
    _execute(connection, INSERT_MATCH, _matches(changes, "", old=1, new=0))


def _execute(connection: Connection, statement: Executable, rows: Iterable[dict[str, Any]]) -> None:
    """Execute a statement for all its rows at once, if there are any."""
    parameters = list(rows)
    if parameters:
        connection.execute(statement, parameters)


def _place(place: Place, prefix: str = "its_") -> dict[str, Any]:
    """Name the parts of a place as the statements do."""
    parts = {"stream": place.stream, "key": place.key, "endpoint": place.endpoint}
    return {f"{prefix}{name}": value for name, value in parts.items()}


def _deleted(changes: Changes) -> Iterable[dict[str, Any]]:
    """Give the rows of which nothing is remembered any more."""
    return [_place(place) for place, (_, new) in changes.items() if new == NOTHING]


def _intended(changes: Changes) -> Iterable[dict[str, Any]]:
    """Give the rows of which only something else is intended: that is written faster."""
    for place, (old, new) in changes.items():
        if NOTHING not in (old, new) and _is_known_alike(old, new):
            yield {**_place(place), "new_intention": intention_of(new)}


def _is_known_alike(old: Memory, new: Memory) -> bool:
    """Whether the same is known, whatever is intended with the same object."""
    is_its = old.object_id == new.object_id
    return is_its and old.known == new.known and old.matches == new.matches


def _updated(changes: Changes) -> Iterable[dict[str, Any]]:
    """Give the rows of which something else is known."""
    for place, (old, new) in changes.items():
        if NOTHING not in (old, new) and not _is_known_alike(old, new):
            content = {f"new_{name}": value for name, value in content_of(new).items()}
            yield {**_place(place), **content}


def _inserted(changes: Changes) -> Iterable[dict[str, Any]]:
    """Give the rows of which nothing was remembered."""
    for place, (old, new) in changes.items():
        if old == NOTHING:
            yield {**_place(place, ""), **content_of(new)}


def _matches(changes: Changes, prefix: str, *, old: int, new: int) -> Iterable[dict[str, Any]]:
    """Give the match values that a record has on one side of a change and lacks on the other."""
    for place, sides in changes.items():
        for digest in sorted(set(sides[old].matches) - set(sides[new].matches)):
            parts = {**_place(place, prefix), f"{prefix}digest": digest}
            yield parts
