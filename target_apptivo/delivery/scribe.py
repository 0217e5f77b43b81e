"""The thread that carries out what the journal is asked: in groups, one commit each.

One thread with one connection: a connection for each worker would be several times slower, and a
commit for each record too.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from target_apptivo.apptivo.steps import Together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_apptivo.delivery.monitor import Monitor
    from target_apptivo.delivery.pending import PendingWay
    from target_apptivo.journal.steps import JournalStep

# A group of fewer steps waits so many seconds for more: a commit costs more than that on most
# disks, and threads that wake each other for every single record are busy with nothing else.
_FEW = 32
_GATHERING = 0.002


class Book(Protocol):
    """What carries out steps: a journal."""

    def carry_out(self, steps: Sequence[JournalStep]) -> list[Any]:
        """Carry out steps in one transaction; give their replies once it is durable."""


class Scribe:
    """The thread of the journal."""

    def __init__(self, monitor: Monitor, book: Book) -> None:
        """Start nothing yet."""
        self._monitor = monitor
        self._book = book
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start with the first record."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
            self._thread.start()

    def has_finished(self, *, within: float) -> bool:
        """Whether the thread has ended, or was never begun; wait some seconds for it."""
        if self._thread is None:
            return True
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Carry out groups of steps until the run is closed."""
        while ways := self._take():
            if len(ways) < _FEW:
                time.sleep(_GATHERING)
                ways += self._take_more()
            if self._monitor.guarded(partial(self._carry_out, ways)):
                with self._monitor.lock:
                    self._monitor.in_flight.progress.books.close()
                    self._monitor.wake_all()
                return

    def _take(self) -> list[PendingWay]:
        """Wait for steps to carry out."""
        with self._monitor.lock:
            while not self._monitor.is_closed:
                if self._monitor.in_flight.has_journal_work:
                    return self._monitor.in_flight.take_journal_steps()
                self._monitor.books.wait()
            return []

    def _take_more(self) -> list[PendingWay]:
        """Take what has come meanwhile."""
        with self._monitor.lock:
            return self._monitor.in_flight.take_journal_steps()

    def _carry_out(self, ways: list[PendingWay]) -> None:
        """Carry out the steps of some ways, and take the ways on."""
        replies = carry_out(self._book, [way.step for way in ways])
        with self._monitor.lock:
            self._monitor.in_flight.progress.replied(ways, replies, self._monitor.now)
            self._monitor.wake()


def carry_out(book: Book, steps: Sequence[Any]) -> list[Any]:
    """Carry out steps in one go; intentions that go together have one reply."""
    groups = [list(step.steps) if isinstance(step, Together) else [step] for step in steps]
    replies = iter(book.carry_out([step for group in groups for step in group]))
    return [[next(replies) for _ in group][-1] for group in groups]
