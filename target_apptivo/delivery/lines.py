"""Who waits for whom: records that go one after another, and children for their parents. Pure.

A record lines up, at its reading, for everything that must go one after another: its key and its
match values. A child waits for its parents and is not in their lines, so that the children of one
parent go side by side. Everybody waits for earlier records only: nobody waits in a circle.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from target_apptivo.delivery.pending import PendingRecord, PendingWay


class Lines:
    """The lines of one run."""

    def __init__(self) -> None:
        """Start empty."""
        self._lines: dict[Hashable, deque[PendingWay]] = defaultdict(deque)
        self._parents: dict[Hashable, PendingRecord] = {}
        self._children: dict[PendingRecord, list[PendingWay]] = {}

    def line_up(self, way: PendingWay) -> Iterator[PendingRecord]:
        """Put a record that was read behind the earlier ones; give those that it waits for."""
        pending = way.records[0]
        for parent in filter(None, map(self._parents.get, pending.parents)):
            self._children.setdefault(parent, []).append(way)
            way.blocked_by += 1
            yield parent
        for name in pending.lines:
            line = self._lines[name]
            if line:
                way.blocked_by += 1
                yield line[-1].records[0]
            line.append(way)
        if pending.is_parent is not None:
            self._parents[pending.is_parent] = pending

    def leave(self, pending: PendingRecord) -> Iterator[PendingWay]:
        """Take out a record that has its outcome; give the ways that wait for nobody any more."""
        for name in pending.lines:
            line = self._lines[name]
            line.popleft()
            if line:
                yield from _freed(line[0])
            else:
                del self._lines[name]
        if pending.is_parent is not None:
            if self._parents.get(pending.is_parent) is pending:
                del self._parents[pending.is_parent]
            for child in self._children.pop(pending, ()):
                yield from _freed(child)

    def is_awaited(self, pending: PendingRecord) -> bool:
        """Whether another record waits for this one."""
        return pending in self._children or any(
            len(self._lines[each]) > 1 for each in pending.lines
        )


def _freed(way: PendingWay) -> Iterator[PendingWay]:
    """Count that a way waits for one less."""
    way.blocked_by -= 1
    if not way.blocked_by:
        yield way
