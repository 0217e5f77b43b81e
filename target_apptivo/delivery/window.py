"""The records between reading and settling, in input order, and the cut of a run that ends. Pure.

No clock, no lock and no thread: the owner sees to it that one thread at a time is here.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.delivery.record import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The window is also bounded by the length of its records: large ones must not fill the memory.
_MOST_CHARACTERS = 32_000_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the input: when everything before it is settled, this state may be written."""

    state: Any


class Window:
    """One queue of records and marks.

    Attributes:
        cut: Place in the input of the record that ends the run: nothing behind it is sent any more,
            everything before it is. Infinite while the run goes on, -1 when nothing is sent at all.
    """

    def __init__(self, size: int, *, max_rejected: float) -> None:
        """Start empty.

        Args:
            size: The most records.
            max_rejected: How many records may be set aside before the run ends.
        """
        self.cut = math.inf
        self._size = size
        self._max_rejected = max_rejected
        self._queue: deque[Entry | Mark] = deque()
        self._sequence = 0
        self._records = 0
        self._characters = 0
        self._aside = 0
        self._aside_ahead: list[int] = []

    def append(self, entry: Entry) -> None:
        """Give a record its place in the input."""
        entry.sequence = self._sequence
        self._sequence += 1
        self._records += 1
        self._characters += entry.size
        self._queue.append(entry)

    def mark(self, state: Any) -> None:  # noqa: ANN401
        """Put a mark behind the last record; it replaces one that stands there already."""
        if self._queue and isinstance(self._queue[-1], Mark):
            self._queue.pop()
        self._queue.append(Mark(state))

    def is_full(self, share: float = 1.0) -> bool:
        """Whether a share of the window is taken, by count or by length."""
        return self._records >= self._size * share or self._characters >= _MOST_CHARACTERS * share

    @property
    def head(self) -> Entry | Mark | None:
        """What is settled next."""
        return self._queue[0] if self._queue else None

    @property
    def head_is_done(self) -> bool:
        """Whether the head can be settled."""
        head = self.head
        return isinstance(head, Mark) or (head is not None and head.verdict is not None)

    def first_awaited(self) -> tuple[Entry | None, int]:
        """Find the first record without its outcome; count the requests that end before it."""
        ended = 0
        for item in self._queue:
            if isinstance(item, Entry):
                if item.verdict is None:
                    return item, ended
                ended += item.is_last_of_task
        return None, ended

    def pop(self) -> Entry | Mark:
        """Take the head off."""
        item = self._queue.popleft()
        if isinstance(item, Entry):
            self._records -= 1
            self._characters -= item.size
        return item

    def put_back(self, items: Iterable[Entry | Mark]) -> None:
        """Put back what was taken off and stays unsettled, in a run that takes nothing more."""
        self._queue.extendleft(reversed(list(items)))

    def entries(self) -> Iterator[Entry]:
        """Give the records that are not settled, in input order."""
        return (item for item in self._queue if isinstance(item, Entry))

    def expect_aside(self, entry: Entry) -> None:
        """Note an outcome; cut as soon as it is certain that too many records are set aside."""
        if entry.verdict is None or not entry.verdict.outcome.is_set_aside:
            return
        insort(self._aside_ahead, entry.sequence)
        allowed = self._max_rejected - self._aside
        if len(self._aside_ahead) > allowed:
            self.end_at(self._aside_ahead[int(allowed)])

    def end_at(self, sequence: int) -> None:
        """End the run at a place in the input, unless it ends before."""
        self.cut = min(self.cut, sequence)

    def count_aside(self, entry: Entry) -> bool:
        """Count a record that comes to be set aside; false if it is one more than may be."""
        self._aside_ahead.remove(entry.sequence)
        self._aside += 1
        return self._aside <= self._max_rejected
