"""The journal's tables, and how a memory is a row of them.

Texts are ASCII in the database, whatever they are: a database of another encoding holds them too,
and so does one that takes no NUL and no lone surrogate (PostgreSQL, SQLite's driver).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    delete,
    insert,
    text,
    update,
)

from target_apptivo.journal.memory import Intention, Memory
from target_apptivo.journal.steps import Known, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Dialect

VERSION = "1"

# Compared byte by byte: faster, and an index outlives a change of the system's collation.
_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")


class _Name(TypeDecorator[str]):
    """A text of any characters, as ASCII; one without odd characters is itself."""

    impl = _PLAIN
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write a text; a backslash becomes two."""
        return None if value is None else value.encode("unicode_escape").decode("ascii")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Read a text."""
        if value is None or "\\" not in value:
            return value
        return value.encode("ascii").decode("unicode_escape")


TABLES = MetaData()

META = Table(
    "target_apptivo_meta",
    TABLES,
    Column("name", _PLAIN, primary_key=True),
    Column("value", _Name, nullable=False),
)

STREAMS = Table(
    "target_apptivo_streams",
    TABLES,
    Column("endpoint", _Name, primary_key=True),
    Column("stream", _Name, primary_key=True),
    Column("key_names", _PLAIN, nullable=False),
)

# The stream comes first, then the key: a parent is found by these two.
RECORDS = Table(
    "target_apptivo_records",
    TABLES,
    Column("stream", _Name, primary_key=True),
    Column("key", _PLAIN, primary_key=True),
    Column("endpoint", _Name, primary_key=True),
    Column("apptivo_id", _Name),  # where nothing is known, of what is about to be written
    Column("taken", _PLAIN),
    Column("shown", _PLAIN),  # null where it is what was taken: mostly
    Column("is_created", Boolean),
    Column("taken_at", Double),  # null where only an intention is there
    Column("whole", _PLAIN),
    Column("matches", _PLAIN),
    Column("intention", _PLAIN),
)

MATCHES = Table(
    "target_apptivo_matches",
    TABLES,
    Column("endpoint", _Name, primary_key=True),
    Column("digest", _PLAIN, primary_key=True),
    Column("stream", _Name, primary_key=True),
    Column("key", _PLAIN, primary_key=True),
)

Index("target_apptivo_by_id", RECORDS.c.endpoint, RECORDS.c.apptivo_id)
_HAS_AN_ID = text("intention IS NULL AND apptivo_id IS NOT NULL")
Index(
    "target_apptivo_witnesses",
    RECORDS.c.endpoint,
    RECORDS.c.taken_at,
    sqlite_where=_HAS_AN_ID,
    postgresql_where=_HAS_AN_ID,
)
_IS_IN_DOUBT = text("intention IS NOT NULL")
Index(
    "target_apptivo_in_doubt",
    RECORDS.c.stream,
    sqlite_where=_IS_IN_DOUBT,
    postgresql_where=_IS_IN_DOUBT,
)

# Compact and ASCII; one encoder for all.
_dumps = json.JSONEncoder(separators=(",", ":")).encode

_CONTENT = [column.name for column in RECORDS.c if not column.primary_key]


def _row_of(table: Table) -> list[Any]:
    """Find a row by its place, whose values have other names than the columns."""
    return [column == bindparam(f"its_{column.name}") for column in table.primary_key]


INSERT_RECORD = insert(RECORDS)
UPDATE_RECORD = (
    update(RECORDS)
    .where(*_row_of(RECORDS))
    .values({name: bindparam(f"new_{name}") for name in _CONTENT})
)
UPDATE_INTENTION = (
    update(RECORDS).where(*_row_of(RECORDS)).values(intention=bindparam("new_intention"))
)
DELETE_RECORD = delete(RECORDS).where(*_row_of(RECORDS))
INSERT_MATCH = insert(MATCHES)
DELETE_MATCH = delete(MATCHES).where(*_row_of(MATCHES))


def place_of(row: Sequence[Any]) -> Place:
    """Read the place of a row of records."""
    stream, key, endpoint = row[:3]
    return Place(endpoint, stream, key)


def memory_of(row: Sequence[Any]) -> Memory:
    """Read what a row of records remembers."""
    _, _, _, apptivo_id, taken, shown, is_created, taken_at, whole, matches, intention = row
    known = None
    if taken_at is not None:
        took = json.loads(taken)
        known = Known(
            apptivo_id=apptivo_id,
            taken=took,
            shown=took if shown is None else json.loads(shown),
            is_created=is_created,
            taken_at=taken_at,
            whole=whole,
        )
    return Memory(
        known,
        tuple(json.loads(matches)) if matches else (),
        _intention_from(json.loads(intention)) if intention else None,
    )


def content_of(memory: Memory) -> dict[str, Any]:
    """Write what is remembered as the columns of a row, but for its place."""
    known = memory.known
    return {
        "apptivo_id": memory.object_id,
        "taken": _dumps(dict(known.taken)) if known else None,
        "shown": _dumps(dict(known.shown)) if known and known.shown != known.taken else None,
        "is_created": known.is_created if known else None,
        "taken_at": known.taken_at if known else None,
        "whole": known.whole if known else None,
        "matches": _dumps(memory.matches) if memory.matches else None,
        "intention": intention_of(memory),
    }


def intention_of(memory: Memory) -> str | None:
    """Write what is intended as the column of a row."""
    return _dumps(_parts(memory.intention)) if memory.intention else None


def _parts(intention: Intention) -> list[Any]:
    """Take an intention apart."""
    return [
        intention.action,
        intention.apptivo_id,
        intention.matches,
        dict(intention.content),
        intention.at,
        _parts(intention.earlier) if intention.earlier else None,
    ]


def _intention_from(parts: Sequence[Any]) -> Intention:
    """Put an intention together."""
    action, apptivo_id, matches, content, at, earlier = parts
    return Intention(
        action=action,
        apptivo_id=apptivo_id,
        matches=tuple(matches),
        content=content,
        at=at,
        earlier=_intention_from(earlier) if earlier else None,
    )
