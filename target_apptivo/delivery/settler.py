"""Settle records in input order, in a thread of its own: the one place that writes outputs.

It takes from the head of the window whatever has its outcome, so that outputs and state come in
input order without locks in the code that writes them, and it wakes at once when the head is done,
also while the tap is quiet.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from target_apptivo.delivery.window import Mark
from target_apptivo.errors import OutputError

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable

    from target_apptivo.delivery.record import Entry

# Seconds for the last writes, after time is up.
_LAST_WRITES = 1.0


class Ledger(Protocol):
    """What settled records and reached marks are told to, from one thread, in input order."""

    def settle(self, entry: Entry) -> None:
        """Account for a record."""

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take note of a state whose records are all settled."""

    def tick(self) -> float | None:
        """Write what is due; give the seconds until the next look."""

    def close(self) -> None:
        """Write everything that is left."""


class Source(Protocol):
    """Where the settler takes from; each operation holds the lock of the run."""

    def take_settled(self, wait: float | None) -> deque[Entry | Mark] | None:
        """Take what is done, waiting some seconds for the first of it; none when all is over."""

    def count_aside(self, entry: Entry) -> None:
        """Count a record, if it is to be set aside; an error if it is one more than may be."""

    def put_back(self, items: Iterable[Entry | Mark]) -> None:
        """Put back what stays unsettled."""

    def awaits_answers(self) -> bool:
        """Wait a moment for the requests under way; false when there are none any more."""

    def guarded(self, step: Callable[[], object]) -> Exception | None:
        """Run a step; an error ends the run, and is given."""


class Settler:
    """The thread that settles."""

    def __init__(self, source: Source, ledger: Ledger) -> None:
        """Start nothing yet."""
        self._source = source
        self._ledger = ledger
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

    def start(self) -> None:
        """Start with the first record or mark."""
        if self._thread.ident is None:
            self._thread.start()

    def has_finished(self, *, within: float = _LAST_WRITES) -> bool:
        """Whether everything is written, or was never begun; wait some seconds for it."""
        if self._thread.ident is None:
            return True
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Settle from the head until everything is, or the run ends."""
        error = self._source.guarded(self._settle_until_end)
        # What becomes of the requests under way is to be known before the run ends.
        while self._source.awaits_answers():
            if not isinstance(error, OutputError):
                error = self._source.guarded(self._ledger.tick)
        self._source.guarded(self._ledger.close)

    def _settle_until_end(self) -> None:
        """Settle whatever comes to the head; what falls due is written in between."""
        while (items := self._source.take_settled(self._ledger.tick())) is not None:
            while items:
                self._settle_first(items)

    def _settle_first(self, items: deque[Entry | Mark]) -> None:
        """Account for the first of what was taken; if the run ends at it, all of it is put back."""
        item = items[0]
        try:
            if isinstance(item, Mark):
                self._ledger.reach(item.state)
            else:
                self._source.count_aside(item)
                self._ledger.settle(item)
        except Exception:
            self._source.put_back(items)
            raise
        items.popleft()
