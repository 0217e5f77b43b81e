"""Whole lines to stdout and to files; what cannot be written ends the run."""

from __future__ import annotations

import io
import json
import logging
import os
import select
import stat
import sys
from pathlib import Path

from target_apptivo.errors import OutputError, SettingsError

logger = logging.getLogger("target-apptivo.output")

_PIECE = 1 << 16


def write_stdout(line: str) -> None:
    """Write one line to stdout, past the interpreter's buffers, which lose what finds no room.

    Raises:
        OutputError: If whoever read stdout is gone, or it cannot be written.
    """
    try:
        _write_stdout(f"{line}\n")
    except (OSError, ValueError, AttributeError) as error:  # also where there is no stdout at all
        _forget_stdout()
        msg = f"stdout cannot be written ({_why(error)}): no state is written any more"
        raise OutputError(msg) from None


def _write_stdout(text: str) -> None:
    """Write to the descriptor of stdout, or to a stdout in memory."""
    try:
        descriptor = sys.stdout.fileno()
    except io.UnsupportedOperation:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        _write_all(descriptor, text.encode())


def _write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, waiting for room where whoever started us asked not to wait."""
    unwritten = memoryview(data)
    while unwritten:
        try:
            unwritten = unwritten[os.write(descriptor, unwritten) :]
        except BlockingIOError:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLOUT)
            waiting.poll()


def _forget_stdout() -> None:
    """Let the interpreter flush what is stuck in stdout's buffer to nowhere when it exits."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return


class LineFile:
    """A file to which whole lines are appended, so that it can be read at any time."""

    def __init__(self, path: str, setting: str) -> None:
        """Open the file before anything is read, so that a wrong path costs nothing.

        Args:
            path: The file; made if it is not there.
            setting: Path of the setting that names it, for errors.

        Raises:
            SettingsError: If the file cannot be opened.
        """
        self._setting = setting
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            hint = ": make its folder first" if isinstance(error, FileNotFoundError) else ""
            problem = f"cannot be opened for writing ({_why(error)}){hint}"
            raise SettingsError(setting, problem) from None
        self._mend_last_line()

    def write(self, line: str) -> None:
        """Append one line, whole or not at all.

        Raises:
            OutputError: If it cannot be written.
        """
        size = os.fstat(self._descriptor).st_size
        try:
            _write_all(self._descriptor, f"{line}\n".encode())
        except OSError as error:
            self._cut_back(size)
            msg = (
                f"the file of {self._setting} cannot be written ({_why(error)}): the run ends, and "
                "no state is written for what the file does not hold"
            )
            raise OutputError(msg) from None

    def is_same_as(self, other: LineFile) -> bool:
        """Whether another one writes to the same place of a disk; a pipe may be shared."""
        mine, theirs = os.fstat(self._descriptor), os.fstat(other._descriptor)
        return stat.S_ISREG(mine.st_mode) and os.path.samestat(mine, theirs)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _mend_last_line(self) -> None:
        """End a last line that somebody left without its end, and cut off one that is torn.

        A crash tears it: no state was written that covers it.
        """
        size = os.fstat(self._descriptor).st_size
        try:
            last = self._last_line(size)
        except OSError:  # a pipe or a terminal has no last line
            return
        if not last:
            return
        if _is_json(last):
            self.write("")
        else:
            os.ftruncate(self._descriptor, size - len(last))
            logger.warning(
                "the last line of the file of %s is torn, as a crash leaves it: %d bytes are cut "
                "off",
                self._setting,
                len(last),
            )

    def _last_line(self, size: int) -> bytes:
        """Give what is behind the last end of a line."""
        last = b""
        while size > 0 and b"\n" not in last:
            start = max(0, size - _PIECE)
            last = os.pread(self._descriptor, size - start, start) + last
            size = start
        return last.rpartition(b"\n")[2]

    def _cut_back(self, size: int) -> None:
        """Take back the part of a line that found room on a full disk."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:
            return


def _is_json(line: bytes) -> bool:
    """Whether a line is whole."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, ArithmeticError, RecursionError):
        return False


def is_same_file(path: str, descriptor: int) -> bool:
    """Whether a path names the file behind a descriptor."""
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(descriptor))
    except OSError:
        return False


def _why(error: Exception) -> str:
    """Give the system's words for a failure, without the path."""
    return getattr(error, "strerror", None) or type(error).__name__
