"""Read Singer messages line by line, never blocked against a stop, never showing a line."""

from __future__ import annotations

import logging
import os
import select
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.io_base import GenericSingerReader

from target_apptivo.errors import InputError, RunEndedError
from target_apptivo.verbatim import loads_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_apptivo.run import Run

logger = logging.getLogger("target-apptivo")

_CHUNK = 1 << 16
# Bytes: a line is held whole, and one that never ends would fill the memory.
_LONGEST_LINE = 1 << 27


class LineReader(GenericSingerReader[bytes]):
    """Reads messages and hands them on; the run it reads for is set by the target.

    An error in the input ends the reading, not the run: everything that was read before is still
    delivered, and the run then ends by the error.

    Attributes:
        line_number: The line that is handled.
        line_length: Its length in bytes.
        flaw: What the record in it holds that cannot be sent, if it does.
    """

    run: Run

    def __init__(self) -> None:
        """Start at the first line."""
        super().__init__()
        self.line_number = 0
        self.line_length = 0
        self.flaw: str | None = None

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
        if _is_terminal(source):
            logger.warning(
                "waiting for Singer messages from the keyboard: pipe a tap, or name a file by "
                "--input; Ctrl-D ends the input, Ctrl-C the run"
            )
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
        else:
            _tell_of_nothing(counts)
        return counts

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Read one message.

        Raises:
            InputError: If the line is no JSON object with a type, or holds what cannot be held and
                is no record, which would be refused alone; the line is not shown.
        """
        try:
            message, self.flaw = loads_line(line)
        except ValueError as error:
            raise self.error("is not JSON") from error
        except RecursionError as error:
            raise self.error("is nested too deep to be read") from error
        if not isinstance(message, dict):
            raise self.error("is not a JSON object")
        if "type" not in message:
            raise self.error("lacks type")
        if self.flaw and message["type"] != "RECORD":
            raise self.error(self.flaw)
        return message

    def assert_line_requires(  # type: ignore[override] # the SDK's own would show the line
        self, line_dict: dict[str, Any], requires: set[str]
    ) -> None:
        """Check that a message has the properties it needs.

        Raises:
            InputError: If it lacks one.
        """
        if missing := sorted(requires - line_dict.keys()):
            raise self.error(f"lacks {', '.join(missing)}")

    def require(self, message: dict[str, Any], **kinds: type) -> None:
        """Check that a message has properties of some types.

        Raises:
            InputError: If it lacks one, or one is of another type.
        """
        if not kinds.keys() <= message.keys():
            self.assert_line_requires(message, set(kinds))
        for name, kind in kinds.items():
            if not isinstance(message[name], kind):
                raise self.error(f"has a '{name}' of the wrong type")

    def error(self, problem: str) -> InputError:
        """Say what is wrong with the line; name it, not its content."""
        remedy = "mend the tap; everything before the line was delivered"
        if self.line_number == 1:
            remedy = (
                "mend the tap, or have one read the data: the input has to be Singer messages (a "
                "CSV file is read by a tap such as tap-csv)"
            )
        return InputError(f"line {self.line_number} of the input {problem}: {remedy}")

    def _callback(
        self, message: dict[str, Any], callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Callable[[dict[str, Any]], None]:
        """Find what handles a message."""
        kind = message["type"]
        if not isinstance(kind, str) or kind not in callbacks:
            raise self.error("has a type that is no Singer message's")
        return callbacks[kind]

    def _lines(self, source: IO[Any]) -> Iterator[bytes]:
        """Give the lines of a file, a pipe or a text in memory."""
        try:
            descriptor = source.fileno()
        except (OSError, AttributeError):
            for text in source:
                yield text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
            return
        pieces: list[bytes] = []
        length = 0
        for chunk in self._chunks(descriptor):
            first, *rest = chunk.split(b"\n")
            pieces.append(first)
            length += len(first)
            if length > _LONGEST_LINE:
                self.line_number += 1
                raise self.error(f"is longer than {_LONGEST_LINE >> 20} MiB")
            if rest:
                yield b"".join(pieces)
                yield from rest[:-1]
                pieces = rest[-1:]
                length = len(rest[-1])
        if last := b"".join(pieces):
            yield last

    def _chunks(self, descriptor: int) -> Iterator[bytes]:
        """Read what there is, waiting for the tap or for the end of the run.

        By `poll`: `select` knows no descriptor above 1,023, and who starts us may leave us many.
        """
        stop = self.run.stop
        waiting = select.poll()
        for each in (descriptor, stop.descriptor):
            waiting.register(each, select.POLLIN)
        while True:
            readable = {each for each, _ in waiting.poll()}
            if stop.has_ended:
                raise RunEndedError
            if descriptor not in readable:
                os.read(stop.descriptor, _CHUNK)
            elif chunk := os.read(descriptor, _CHUNK):
                yield chunk
            else:
                return


def _is_terminal(source: IO[Any]) -> bool:
    """Whether nothing comes unless somebody types."""
    try:
        return source.isatty()
    except (ValueError, AttributeError):
        return False


def _tell_of_nothing(counts: Counter[str]) -> None:
    """Say that an input brought nothing, which ends well: a tap that selects nothing looks so."""
    if not counts["SCHEMA"]:
        logger.warning(
            "the input holds no SCHEMA and no RECORD: look at the tap, and at which of its streams "
            "are selected"
        )
    elif not counts["RECORD"]:
        logger.info("no record came: nothing is new, or look at which of the streams are selected")
