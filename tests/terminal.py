"""A terminal for the tests: a real pty, and the screen that a person has before them."""

from __future__ import annotations

import json
import os
import pty
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

    from tests.conftest import Command

CLEAN = "\x1b[K"


class Person:
    """Somebody who starts the command on a terminal, with a tap that they hold in their hands.

    Attributes:
        seen: Everything that was written to the terminal, escape sequences included.
    """

    def __init__(self, command: Command) -> None:
        """Sit down at a terminal."""
        self._command = command
        self._end, self._terminal = pty.openpty()
        self.seen = ""
        self.process: subprocess.Popen[bytes]

    def starts(self, *options: str, on: Iterable[str] = ("stderr",), **pipes: Any) -> None:  # noqa: ANN401
        """Start it with some of its streams on the terminal."""
        ends = dict.fromkeys(on, self._terminal)
        environment = {"TERM": "xterm", **pipes.pop("env", {})}
        self.process = self._command.start(*options, env=environment, **{**pipes, **ends})
        os.close(self._terminal)

    def tells(self, *messages: Any) -> None:  # noqa: ANN401
        """Give the tap's messages."""
        assert self.process.stdin
        self.process.stdin.write("".join(f"{json.dumps(each)}\n" for each in messages).encode())
        self.process.stdin.flush()

    def presses(self, key: str) -> None:
        """Press a key."""
        os.write(self._end, key.encode())

    def waits_for(self, is_there: Callable[[str], bool]) -> None:
        """Look on until something is seen."""
        while not is_there(self.seen):
            assert self._look(), self.seen

    def sees_the_end(self) -> int:
        """Look on until nothing comes any more; give the exit code."""
        if self.process.stdin:
            self.process.stdin.close()
        while self._look():
            pass
        return self.process.wait()

    def leaves(self) -> None:
        """Close what is open."""
        os.close(self._end)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        self.process.kill()
        self.process.wait()

    @property
    def screen(self) -> list[str]:
        """The lines that are on the screen now, the one of the cursor last."""
        return screen(self.seen)

    def _look(self) -> bool:
        """Take in what there is; false at the end, which Linux tells as an error."""
        try:
            more = os.read(self._end, 1 << 16)
        except OSError:
            more = b""
        self.seen += more.decode()
        return bool(more)


def screen(seen: str) -> list[str]:
    """Do what a terminal does with what it gets, as far as it is used here."""
    lines, column = [""], 0
    rest = seen
    while rest:
        if rest.startswith(CLEAN):
            lines[-1], rest = lines[-1][:column], rest[len(CLEAN) :]
            continue
        letter, rest = rest[0], rest[1:]
        if letter == "\n":
            lines.append("")
        elif letter == "\r":
            column = 0
        else:
            lines[-1] = f"{lines[-1][:column]}{letter}{lines[-1][column + 1 :]}"
            column += 1
    return lines
