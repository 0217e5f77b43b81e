"""The end of a run that comes from outside or early: signals, and waking who reads."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress

from target_apptivo.errors import StoppedError

_GLANCE = 0.1


class Stop:
    """Knows whether a run has ended, and wakes the reader when it has.

    Attributes:
        signal_number: The signal that stopped the run, if one did.
        descriptor: Becomes readable when the run has ended.
    """

    def __init__(self) -> None:
        """Nothing has ended, and nothing is opened yet."""
        self.signal_number: int | None = None
        self.descriptor, self._wake_up = -1, -1
        self._ended = threading.Event()

    def begin(self) -> None:
        """Be ready to wake the reader, also in the instant before it begins to wait."""
        self.descriptor, self._wake_up = os.pipe()
        os.set_blocking(self._wake_up, False)
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._wake_up, warn_on_full_buffer=False)

    @property
    def has_begun(self) -> bool:
        """Whether a signal is told to the run, which then ends in order."""
        return self.descriptor >= 0

    def note(self, signal_number: int) -> None:
        """Note a signal; called in a signal handler, so nothing else may happen here."""
        self.signal_number = signal_number

    def end(self) -> None:
        """Wake the reader: the run has ended while it may wait for the tap."""
        self._ended.set()
        with suppress(OSError):
            os.write(self._wake_up, b"\0")

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be read."""
        return self._ended.is_set() or self.signal_number is not None

    def interruption(self) -> StoppedError | None:
        """Give why the run has to stop, if it has."""
        return None if self.signal_number is None else StoppedError(self.signal_number)

    def gives_up(self, seconds: float) -> bool:
        """Wait, unless the run is stopped meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.signal_number is not None:
                return True
            time.sleep(min(left, _GLANCE))
        return False

    def close(self) -> None:
        """Give back what was opened."""
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(-1)
        for descriptor in (self.descriptor, self._wake_up):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self._wake_up = -1
