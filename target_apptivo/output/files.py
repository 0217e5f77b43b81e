"""Whole lines to stdout and to files; what cannot be written ends the run."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from target_apptivo.errors import OutputError, SettingsError


def write_stdout(line: str) -> None:
    """Write one line to stdout and flush it.

    Raises:
        OutputError: If whoever read stdout is gone, or it cannot be written.
    """
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:  # also where there is no stdout at all
        _forget_stdout()
        msg = f"stdout cannot be written ({_why(error)}): no state is written any more"
        raise OutputError(msg) from None


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
            raise SettingsError(setting, f"cannot be opened for writing ({_why(error)})") from None
        self._mend_last_line()

    def write(self, line: str) -> None:
        """Append one line, whole or not at all.

        Raises:
            OutputError: If it cannot be written.
        """
        data = f"{line}\n".encode()
        size = os.fstat(self._descriptor).st_size
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
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
        """End a line that a crashed machine left without its end."""
        if size := os.fstat(self._descriptor).st_size:
            try:
                torn = os.pread(self._descriptor, 1, size - 1) != b"\n"
            except OSError:  # a pipe or a terminal has no last line
                return
            if torn:
                self.write("")

    def _cut_back(self, size: int) -> None:
        """Take back the part of a line that found room on a full disk."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:
            return


def is_same_file(path: str, descriptor: int) -> bool:
    """Whether a path names the file behind a descriptor."""
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(descriptor))
    except OSError:
        return False


def _why(error: Exception) -> str:
    """Give the system's words for a failure, without the path."""
    return getattr(error, "strerror", None) or type(error).__name__
