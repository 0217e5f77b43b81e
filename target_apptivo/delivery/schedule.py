"""Which task may be sent next: its key is free, its wait is over, it is the earliest. Pure.

No clock, no lock and no thread: times are handed in, and the owner sees to it that one thread at a
time is here.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from target_apptivo.delivery.record import Entry, Task


class Schedule:
    """The tasks that are not under way, in the order in which they may be sent.

    Records that share an identity keep their order: a task waits until it is the first in the line
    of each of its records. Tasks that wait for a time, to be sent again or because they are still
    open to records, are released when it has come.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._ready: list[tuple[int, Task]] = []
        self._later: list[tuple[float, int, Task]] = []
        self._lines: dict[Hashable, deque[Task]] = defaultdict(deque)
        self._open: set[Task] = set()
        self._last: set[Task] | None = None

    def line_up(self, task: Task, entry: Entry) -> None:
        """Put a record of a task behind the earlier ones of its identity."""
        if entry.identity is not None:
            line = self._lines[entry.identity]
            line.append(task)
            task.blocked_by += len(line) > 1

    def offer(self, task: Task) -> None:
        """Make a task ready, if nothing holds it."""
        is_wanted = self._last is None or task in self._last
        if is_wanted and task.is_released and not task.blocked_by:
            heapq.heappush(self._ready, (task.sequence, task))

    def hold_open(self, task: Task, until: float) -> None:
        """Keep a task open to further records, until it is released or the time has come."""
        self._open.add(task)
        self.postpone(task, until)

    def postpone(self, task: Task, until: float) -> None:
        """Keep a task back until a time."""
        task.is_released = False
        heapq.heappush(self._later, (until, task.sequence, task))

    def release(self, task: Task) -> None:
        """Let an open task go before its time; any other stays as it is."""
        if task in self._open:
            # Not left until its time: a batch that is full every moment would fill the memory, and
            # one that is kept back again would be released at its older time.
            self._later = [waiting for waiting in self._later if waiting[2] is not task]
            heapq.heapify(self._later)
            self._let_go(task)

    def release_all(self) -> None:
        """Let all open tasks go."""
        for task in sorted(self._open, key=lambda task: task.sequence):
            self.release(task)

    def close(self, *, but_open: bool) -> None:
        """Give out nothing any more, but perhaps the tasks that are open now.

        Not those behind a task that is given up: no state could cover what they send.
        """
        kept_back = [task for _, _, task in self._later] + [task for _, task in self._ready]
        blocked = [task for line in self._lines.values() for task in line if task.blocked_by]
        given_up = {*kept_back, *blocked} - self._open
        end = min((task.sequence for task in given_up), default=math.inf)
        before = {task for task in self._open if task.entries[-1].sequence < end}
        self._ready.clear()
        self._later.clear()
        self._last = before if but_open else set()
        self.release_all()

    def is_open(self, task: Task) -> bool:
        """Whether a task still takes records."""
        return task in self._open

    def promote(self, now: float) -> None:
        """Release the tasks whose time has come."""
        while self._later and self._later[0][0] <= now:
            self._let_go(heapq.heappop(self._later)[2])

    def pop(self) -> Task:
        """Take the earliest ready task."""
        task = heapq.heappop(self._ready)[1]
        if self._last is not None:
            self._last.remove(task)  # it is not sent a second time
        return task

    def has_ready(self, cut: float) -> bool:
        """Whether a task at or before a place in the input is ready."""
        return bool(self._ready) and self._ready[0][0] <= cut

    @property
    def due(self) -> float | None:
        """When the next waiting task is released."""
        return self._later[0][0] if self._later else None

    def free(self, entry: Entry) -> None:
        """Take a record that has its outcome out of its line: the next may go."""
        if entry.identity is None:
            return
        line = self._lines[entry.identity]
        line.popleft()
        if line:
            line[0].blocked_by -= 1
            self.offer(line[0])
        else:
            del self._lines[entry.identity]

    def _let_go(self, task: Task) -> None:
        """Release a task that was kept back."""
        self._open.discard(task)
        task.is_released = True
        self.offer(task)

    def replace(self, halves: list[Task]) -> None:
        """Put the halves of a task that was sent in its place; its records keep their turn."""
        for half in halves:
            for entry in half.entries:
                if entry.identity is not None:
                    self._lines[entry.identity][0] = half
            self.offer(half)
