"""Answer signals where no run can end in order: before it has begun, and when it is over.

Imports next to nothing: it is the first that is loaded.
"""

from __future__ import annotations

import os
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def end_at_signals(when: str) -> None:
    """Let SIGINT and SIGTERM end the program at once, with one line and their exit codes.

    Args:
        when: What the line says of the moment.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, partial(_end, when))


def _end(when: str, number: int, _: FrameType | None) -> None:
    """Say so and end; an exception could be caught by whatever happens to run."""
    line = f"target-apptivo: stopped by {signal.Signals(number).name} {when}\n"
    try:
        os.write(2, line.encode())
    finally:
        os._exit(128 + number)
