"""Settle records in input order, in a thread of its own: the one place that writes outputs.

It takes from the head of the window whatever has its outcome, so that outputs and state come in
input order without locks in the code that writes them, and it wakes at once when the head is done,
also while the tap is quiet. A thread, since a blocked stdout or webhook must hold up neither the
sending nor the seconds that a stop may take.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from target_apptivo.delivery.window import StateMark
from target_apptivo.errors import OutputError

if TYPE_CHECKING:
    from collections import deque

    from target_apptivo.delivery.monitor import Monitor
    from target_apptivo.delivery.pending import PendingRecord, SettledRecord

# Seconds for the last writes, after time is up.
_LAST_WRITES = 1.0
# Seconds between two looks, while requests are under way in a run that has ended.
_GLANCE = 0.1
# Seconds in which more comes to the head: threads that wake each other for every single record are
# busy with nothing else.
_GATHERING = 0.005


class Ledger(Protocol):
    """What settled records and reached marks are told to, from one thread, in input order."""

    def settle(self, settled: SettledRecord) -> None:
        """Account for a record."""

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take note of a state whose records are all settled."""

    def tick(self) -> float | None:
        """Write what is due; give the seconds until the next look."""

    def close(self) -> None:
        """Write everything that is left."""


class Settler:
    """The thread that settles."""

    def __init__(self, monitor: Monitor, ledger: Ledger) -> None:
        """Start nothing yet."""
        self._monitor = monitor
        self._ledger = ledger
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start with the first record or mark, and with none at the end."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="settler", daemon=True)
            self._thread.start()

    def has_finished(self, *, within: float = _LAST_WRITES) -> bool:
        """Whether everything is written; wait some seconds for it."""
        assert self._thread is not None  # noqa: S101 - it was started
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Settle from the head until everything is, or the run ends."""
        error = self._monitor.guarded(self._settle_until_end)
        # What becomes of the requests under way is to be known before the run ends.
        while self._awaits_answers():
            if not isinstance(error, OutputError):
                error = self._monitor.guarded(self._ledger.tick)
        self._monitor.guarded(self._ledger.close)

    def _settle_until_end(self) -> None:
        """Settle whatever comes to the head; what falls due is written in between."""
        while (items := self._take(self._ledger.tick())) is not None:
            is_group = len(items) > 1
            while items:
                self._settle_first(items)
            if not is_group:
                time.sleep(_GATHERING)

    def _settle_first(self, items: deque[PendingRecord | StateMark]) -> None:
        """Account for the first of what was taken; if the run ends at it, all of it is put back."""
        item = items[0]
        try:
            if isinstance(item, StateMark):
                self._ledger.reach(item.state)
            elif item.settled:
                with self._monitor.lock:
                    self._monitor.in_flight.count_aside(item.settled)
                self._ledger.settle(item.settled)
        except Exception:
            with self._monitor.lock:
                self._monitor.in_flight.window.put_back(items)
            raise
        items.popleft()

    def _take(self, wait: float | None) -> deque[PendingRecord | StateMark] | None:
        """Take from the head what is done, waiting some seconds for the first of it.

        Returns:
            What is done, perhaps nothing yet; none when nothing more will be.

        Raises:
            TargetApptivoError: If the head is the record that ends the run.
        """
        with self._monitor.lock:
            window = self._monitor.in_flight.window
            if not window.head_is_done and not self._is_over():
                self._monitor.head.wait(wait)
            if window.head_error:
                raise window.head_error
            if not window.head_is_done and self._is_over():
                return None
            items = window.take_done()
            self._monitor.wake()
            return items

    def _is_over(self) -> bool:
        """Whether no more records will get their outcome and come to the head."""
        in_flight = self._monitor.in_flight
        window = in_flight.window
        if self._monitor.is_closed or in_flight.has_delivered_all or window.head_error is not None:
            return True
        return window.cut < 0 and in_flight.is_quiet

    def _awaits_answers(self) -> bool:
        """Wait a moment for the requests under way; false when there are none any more."""
        with self._monitor.lock:
            in_flight = self._monitor.in_flight
            if not in_flight.is_quiet and not self._monitor.is_closed:
                self._monitor.head.wait(_GLANCE)
            return not in_flight.is_quiet and not self._monitor.is_closed
