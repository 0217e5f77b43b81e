"""Align what people read on a terminal. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WIDEST = 40
# Columns of a number: its heading is no wider than the longest outcome.
_NUMBER = 9


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Align rows of cells, the headings first."""
    cells = [*rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def counts_table(counts: Mapping[str, Mapping[str, int]], columns: Iterable[str]) -> Iterator[str]:
    """Align counts by stream, with their sums; a column that is empty is left out.

    Args:
        counts: By stream and column.
        columns: The columns, in order.
    """
    sums = {name: sum(each.get(name, 0) for each in counts.values()) for name in columns}
    used = [name for name, number in sums.items() if number]
    lines = {**counts, "all": sums} if len(counts) > 1 else counts
    yield from table(
        [
            ("STREAM", *(name.upper().rjust(_NUMBER) for name in used)),
            *(
                (cut(stream), *(str(line.get(name, 0)).rjust(_NUMBER) for name in used))
                for stream, line in lines.items()
            ),
        ]
    )


def cut(text: str, widest: int = _WIDEST) -> str:
    """Cut a cell that is too wide, and let no line break break the table."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= widest else f"{line[: widest - 1]}…"


def width(text: str) -> int:
    """Count the columns that a terminal takes for a text: none for marks, two for wide ones."""
    return sum(
        0
        if unicodedata.category(each) in {"Mn", "Me", "Cf"}
        else 1 + (unicodedata.east_asian_width(each) in {"W", "F"})
        for each in text
    )
