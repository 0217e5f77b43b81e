"""The records between reading and settling, in input order, and where a run is cut. Pure.

No clock, no lock and no thread: the owner sees to it that one thread at a time is here.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.delivery.pending import PendingRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_apptivo.errors import TargetApptivoError

# Outputs are in input order, so the window is as wide as a slow head may hold up: records may wait
# a minute for a lost answer to be cleared up. Large ones must not fill the memory.
_MOST_RECORDS = 50_000
_MOST_CHARACTERS = 32_000_000
# How much is settled before the settler looks again at what falls due.
_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class StateMark:
    """A place in the input: when everything before it is settled, this state may be written."""

    state: Any
    size: int = 0


class Window:
    """One queue of records and marks.

    Attributes:
        cut: Place in the input of the record that ends the run: nothing behind it is sent any more,
            everything before it is. Infinite while the run goes on, -1 when nothing is sent at all.
    """

    def __init__(self, *, max_rejected: float, most_records: int | None = None) -> None:
        """Start empty.

        Args:
            max_rejected: How many records may be set aside before the run ends.
            most_records: The most records; by default as many as are waited for.
        """
        self.cut = math.inf
        self._most_records = most_records or _MOST_RECORDS
        self._max_rejected = max_rejected
        self._queue: deque[PendingRecord | StateMark] = deque()
        self._sequence = 0
        self._records = 0
        self._characters = 0
        self._aside = 0
        self._aside_ahead: list[int] = []

    @property
    def is_cut(self) -> bool:
        """Whether the run ends by an error."""
        return self.cut < math.inf

    def append(self, pending: PendingRecord) -> None:
        """Give a record its place in the input."""
        pending.sequence = self._sequence
        self._sequence += 1
        self._records += 1
        self._characters += pending.record.size
        self._queue.append(pending)

    def mark(self, mark: StateMark) -> None:
        """Put a mark behind the last record; it replaces one that stands there already."""
        if self._queue and isinstance(self._queue[-1], StateMark):
            self._characters -= self._queue.pop().size  # type: ignore[union-attr]
        self._characters += mark.size
        self._queue.append(mark)

    def is_full(self, share: float = 1.0) -> bool:
        """Whether a share of the window is taken, by count or by length."""
        is_crowded = self._records >= self._most_records * share
        return is_crowded or self._characters >= _MOST_CHARACTERS * share

    @property
    def head(self) -> PendingRecord | StateMark | None:
        """What is settled next."""
        return self._queue[0] if self._queue else None

    @property
    def head_is_done(self) -> bool:
        """Whether the head can be settled."""
        if not self._queue:
            return False
        head = self._queue[0]
        return isinstance(head, StateMark) or head.settled is not None

    @property
    def head_error(self) -> TargetApptivoError | None:
        """What ends the run at the head, if the head got no outcome."""
        if not self._queue:
            return None
        head = self._queue[0]
        return head.error if isinstance(head, PendingRecord) and not head.settled else None

    def take_done(self) -> deque[PendingRecord | StateMark]:
        """Take from the head what can be settled, not too much of it at once."""
        items: deque[PendingRecord | StateMark] = deque()
        while self.head_is_done and len(items) < _MOST_AT_ONCE:
            items.append(self._pop())
        return items

    def _pop(self) -> PendingRecord | StateMark:
        """Take the head off."""
        item = self._queue.popleft()
        if isinstance(item, StateMark):
            self._characters -= item.size
        else:
            self._records -= 1
            self._characters -= _weight(item)
        return item

    def put_back(self, items: Iterable[PendingRecord | StateMark]) -> None:
        """Put back what was taken off and stays unsettled, in a run that takes nothing more."""
        self._queue.extendleft(reversed(list(items)))

    def records(self) -> Iterator[PendingRecord]:
        """Give the records that are not settled, in input order."""
        return (item for item in self._queue if isinstance(item, PendingRecord))

    def ended(self, pending: PendingRecord) -> None:
        """Note an outcome; cut as soon as it is certain that too many records are set aside."""
        self._characters -= pending.record.size - _weight(pending)
        if pending.settled is None or not pending.settled.verdict.outcome.is_set_aside:
            return
        insort(self._aside_ahead, pending.sequence)
        allowed = self._max_rejected - self._aside
        if len(self._aside_ahead) > allowed:
            self.end_at(self._aside_ahead[int(allowed)])

    def end_at(self, sequence: int) -> None:
        """End the run at a place in the input, unless it ends before."""
        self.cut = min(self.cut, sequence)

    def count_aside(self) -> bool:
        """Count a record that comes to be set aside; false if it is one more than may be."""
        self._aside_ahead.pop(0)  # records are settled in input order
        self._aside += 1
        return self._aside <= self._max_rejected


def _weight(pending: PendingRecord) -> int:
    """Give the length of what is kept of a record: with its outcome it gives up its message."""
    is_kept = pending.settled is None or pending.settled.record is not None
    return pending.record.size if is_kept else 0
