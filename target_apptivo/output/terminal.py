"""A person's terminal on stderr: one line shows how it goes, below everything that is written.

Two escape sequences, and no library: `tqdm` and `rich` draw bars for a known total, which a stream
of messages has not, and both would replace the log's handlers, behind which the secrets are masked.
The cursor waits at the beginning of the line, so that what others write there, a tap on the same
terminal first of all, begins where it should.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from target_apptivo.output.table import cut

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-apptivo")

_CLEAN = "\r\x1b[K"
_COLUMNS = 80


class Terminal:
    """Shows a line, if there is a terminal, and keeps it below the lines of the log.

    Attributes:
        is_there: Whether a person sees what is shown.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """Show on a stream; on none, nothing is shown."""
        self.is_there = stream is not None
        self._stream = stream
        self._lock = threading.Lock()
        self._text = ""
        self._is_closed = False

    def open(self) -> None:
        """Have the log written above the line; what the account tells, the SDK need not."""
        for handler in logging.getLogger().handlers if self.is_there else ():
            if isinstance(handler, logging.StreamHandler) and handler.stream is self._stream:
                handler.setStream(self)
                logging.getLogger("singer_sdk.metrics").setLevel(logging.WARNING)

    def show(self, text: str) -> None:
        """Show a text in place of the last one; an empty one cleans the line."""
        with self._lock, suppress(OSError, ValueError):  # a terminal may go away
            if self.is_there and not self._is_closed and (text or self._text):
                self._text = text and cut(text, self._columns() - 1)
                self._write(f"{_CLEAN}{self._text}\r" if text else _CLEAN)

    def write(self, text: str) -> None:
        """Write whole lines above the shown one: a stream, for handlers of the log."""
        with self._lock:
            self._write(f"{_CLEAN}{text}{self._text}\r" if self._text else text)

    def flush(self) -> None:
        """Do nothing: what is written is flushed."""

    def beside(self, write: Callable[[str], None]) -> Callable[[str], None]:
        """Make what writes to stdout clean the line before, where both are one terminal."""
        if not (self.is_there and sys.stdout.isatty()):
            return write

        def write_cleanly(line: str) -> None:
            self.show("")
            write(line)

        return write_cleanly

    def close(self) -> None:
        """Clean the line, and show none any more."""
        self.show("")
        self._is_closed = True

    def leave(self) -> None:
        """Clean the line in a signal handler, where nothing can be waited for."""
        self._is_closed = True
        if self._stream and self._text:
            os.write(self._stream.fileno(), _CLEAN.encode())

    def say(self, level: int, message: str, *arguments: object) -> None:
        """Log a line of the account; a person gets it without date and level."""
        logger.log(level, message, *arguments, extra={"is_plain": self.is_there})

    def _write(self, text: str) -> None:
        """Write to the terminal."""
        if self._stream:
            self._stream.write(text)
            self._stream.flush()

    def _columns(self) -> int:
        """Ask how wide the terminal is now."""
        with suppress(OSError):
            if self._stream and (columns := os.get_terminal_size(self._stream.fileno()).columns):
                return columns
        return _COLUMNS


def terminal_of_a_person() -> Terminal:
    """Find the terminal on stderr: none where the log is a file's or a program's, or is not told.

    Who has configured the log gets what was configured.
    """
    is_asked_for = logger.isEnabledFor(logging.INFO) and "SINGER_SDK_LOG_CONFIG" not in os.environ
    can_move = os.environ.get("TERM", "dumb") != "dumb"
    is_one = sys.stderr is not None and sys.stderr.isatty()
    return Terminal(sys.stderr if is_one and can_move and is_asked_for else None)
