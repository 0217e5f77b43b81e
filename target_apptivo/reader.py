"""Read Singer messages line by line, never blocked against a stop, never showing a line."""

from __future__ import annotations

import os
import select
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.io_base import GenericSingerReader

from target_apptivo.errors import InputError, RunEndedError
from target_apptivo.jsontext import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_apptivo.run import Run

_CHUNK = 1 << 16


class LineReader(GenericSingerReader[bytes]):
    """Reads messages and hands them on; the run it reads for is set by the target.

    An error in the input ends the reading, not the run: everything that was read before is still
    delivered, and the run then ends by the error.
    """

    run: Run

    def __init__(self) -> None:
        """Start at the first line."""
        super().__init__()
        self.line_number = 0
        self.line_length = 0

    @property
    def default_input(self) -> IO[bytes]:
        """Stdin, looked up when it is needed."""
        return sys.stdin.buffer

    def process_lines(
        self,
        file_input: IO[bytes] | None,
        callbacks: dict[Any, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Read all messages and hand each to the callback of its type.

        Args:
            file_input: Where to read; stdin by default.
            callbacks: By message type.

        Returns:
            How many messages of each type were handled.
        """
        counts: Counter[str] = Counter()
        source = file_input or sys.stdin
        if source is None:
            raise InputError(
                "there is no stdin to read from: pipe a tap, or name a file by --input"
            )
        self.run.begin(source)
        try:
            for line in self._lines(source):
                self.line_number += 1
                self.line_length = len(line)
                if line.strip():
                    message = self.deserialize_json(line)
                    self._callback(message, callbacks)(message)
                    counts[message["type"]] += 1
        except RunEndedError:
            pass
        except Exception as error:  # noqa: BLE001 - what was read before it is still delivered
            self.run.input_failed(error)
        return counts

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Read one message.

        Raises:
            InputError: If the line is no JSON object with a type; the line is not shown.
        """
        try:
            message = loads(line)
        except (ValueError, RecursionError) as error:
            raise self._error("is not JSON") from error
        if not isinstance(message, dict):
            raise self._error("is not a JSON object")
        self.assert_line_requires(message, {"type"})
        return message

    def assert_line_requires(  # type: ignore[override] # the SDK's own would show the line
        self, line_dict: dict[str, Any], requires: set[str]
    ) -> None:
        """Check that a message has the properties it needs.

        Raises:
            InputError: If it lacks one.
        """
        if missing := sorted(requires - line_dict.keys()):
            raise self._error(f"lacks {', '.join(missing)}")

    def require(self, message: dict[str, Any], **kinds: type) -> None:
        """Check that a message has properties of some types.

        Raises:
            InputError: If it lacks one, or one is of another type.
        """
        self.assert_line_requires(message, set(kinds))
        for name, kind in kinds.items():
            if not isinstance(message[name], kind):
                raise self._error(f"has a '{name}' of the wrong type")

    def _callback(
        self, message: dict[str, Any], callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Callable[[dict[str, Any]], None]:
        """Find what handles a message."""
        kind = message["type"]
        if not isinstance(kind, str) or kind not in callbacks:
            raise self._error("has a type that is no Singer message's")
        return callbacks[kind]

    def _error(self, problem: str) -> InputError:
        """Name the line, not its content."""
        return InputError(
            f"line {self.line_number} of the input {problem}: mend the tap; everything before the "
            "line was delivered"
        )

    def _lines(self, source: IO[Any]) -> Iterator[bytes]:
        """Give the lines of a file, a pipe or a text in memory."""
        try:
            descriptor = source.fileno()
        except (OSError, AttributeError):
            for text in source:
                yield text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
            return
        pieces: list[bytes] = []
        while chunk := self._read(descriptor):
            first, *rest = chunk.split(b"\n")
            pieces.append(first)
            if rest:
                yield b"".join(pieces)
                yield from rest[:-1]
                pieces = rest[-1:]
        if last := b"".join(pieces):
            yield last

    def _read(self, descriptor: int) -> bytes:
        """Read what there is, waiting for the tap or for the end of the run."""
        while True:
            readable, _, _ = select.select([descriptor, self.run.stop.descriptor], [], [])
            if self.run.stop.has_ended:
                raise RunEndedError
            if descriptor in readable:
                return os.read(descriptor, _CHUNK)
            os.read(self.run.stop.descriptor, _CHUNK)
