"""What may be carried out next, and what waits for its time. Pure.

No clock, no lock and no thread: times are handed in, and the owner sees to it that one thread at a
time is here.
"""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.delivery.pending import PendingWay


class Queue:
    """Ways in the order of their records in the input."""

    def __init__(self) -> None:
        """Start empty."""
        self._ways: list[tuple[int, int, PendingWay]] = []
        self._ties = count()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ways)

    def __iter__(self) -> Iterator[PendingWay]:
        """Give them, in no order."""
        return (way for _, _, way in self._ways)

    def put(self, way: PendingWay) -> None:
        """Put a way in its place."""
        heapq.heappush(self._ways, (way.sequence, next(self._ties), way))

    def has(self, cut: float = math.inf) -> bool:
        """Whether there is one at or before a place in the input."""
        return self._ways[0][0] <= cut if self._ways else False

    def pop(self) -> PendingWay:
        """Take the earliest."""
        return heapq.heappop(self._ways)[2]


class Waiting:
    """Ways that wait for a time.

    Attributes:
        due: When the next one's time comes; infinite where none waits.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.due = math.inf
        self._ways: list[tuple[float, int, PendingWay]] = []
        self._ties = count()

    def put(self, way: PendingWay, until: float) -> None:
        """Keep a way back until a time."""
        heapq.heappush(self._ways, (until, next(self._ties), way))
        self.due = self._ways[0][0]

    def take_due(self, now: float) -> Iterator[PendingWay]:
        """Take those whose time has come."""
        while self.due <= now:
            way = heapq.heappop(self._ways)[2]
            self.due = self._ways[0][0] if self._ways else math.inf
            yield way

    def __iter__(self) -> Iterator[PendingWay]:
        """Give them, in no order."""
        return (way for _, _, way in self._ways)
