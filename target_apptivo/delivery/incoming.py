"""Read the response that comes over a connection: past interim ones, to the end that it tells.

A response is whole only if its headers are whole, and the end of its body is known and reached.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.response import Response
from target_apptivo.delivery.decoding import MOST_IN_BODY, decode
from target_apptivo.jsontext import loads_strictly

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_RECEIVED: Final = 2 * MOST_IN_BODY  # interim answers, headers and the frames of chunks too
_MOST_IN_HEAD: Final = 256 * 2**10
_MOST_IN_LINE: Final = 8 * 2**10

_SWITCHING_PROTOCOLS: Final = 101
_WITHOUT_BODY: Final = {_SWITCHING_PROTOCOLS, 204, 304}

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.(\d) ([1-9]\d\d)(?: [^\r\n]*)?\r?\n")
# A value goes on in lines that begin with white space (RFC 9112, 5.2).
_FIELD: Final = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*(?:\r?\n[ \t][^\r\n\0]*)*)\r?\n"
)
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_LINE_END: Final = re.compile(rb"\n")
_EMPTY_LINES: Final = {b"\r\n", b"\n"}
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class BrokenOffError(Exception):
    """The other side has ended the connection."""


class GarbledError(Exception):
    """What came is not HTTP, or more than is read."""


_UNFINISHED: Final = (BrokenOffError, GarbledError, OSError)


class Incoming:
    """The bytes of one answer, as they come.

    Attributes:
        size: How many have come.
    """

    def __init__(self, receive: Callable[[], bytes]) -> None:
        """Take what gives the next bytes, and none at the end."""
        self._receive = receive
        self._waiting = bytearray()
        self.size = 0

    @property
    def has_more(self) -> bool:
        """Whether bytes have come that nobody has taken."""
        return bool(self._waiting)

    def take_until(self, end: re.Pattern[bytes], most: int) -> bytes:
        """Take the bytes up to the end of a pattern of up to three bytes."""
        searched = 0
        while not (found := end.search(self._waiting, searched)):
            searched = max(0, len(self._waiting) - 2)
            if len(self._waiting) > most:
                raise GarbledError
            self._wait()
        taken = bytes(self._waiting[: found.end()])
        del self._waiting[: found.end()]
        return taken

    def take(self, size: int, body: bytearray) -> None:
        """Move bytes to a body; what came before they broke off is moved too."""
        if len(body) + size > MOST_IN_BODY:
            raise GarbledError
        while size > len(self._waiting):
            size -= len(self._waiting)
            body += self._waiting
            self._waiting.clear()
            self._wait()
        body += self._waiting[:size]
        del self._waiting[:size]

    def take_rest(self, body: bytearray) -> None:
        """Move all bytes to a body until the connection ends."""
        with suppress(BrokenOffError):
            while True:
                self.take(len(self._waiting), body)
                self._wait()

    def _wait(self) -> None:
        """Wait for more."""
        piece = self._receive()
        if not piece:
            raise BrokenOffError
        self.size += len(piece)
        if self.size > _MOST_RECEIVED:
            raise GarbledError
        self._waiting += piece


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and the headers of an answer."""

    status_code: int
    minor_version: int
    fields: dict[str, list[str]]

    def get(self, name: str) -> str | None:
        """Give the values of a header, as one."""
        values = self.fields.get(name)
        return None if values is None else ", ".join(values)

    @property
    def keeps_connection(self) -> bool:
        """Whether the server goes on with the connection, and no doubt is left where it goes on."""
        tokens = {token.strip() for token in (self.get("connection") or "").lower().split(",")}
        if "close" in tokens or self.status_code == _SWITCHING_PROTOCOLS:
            return False
        length, coding = self.get("content-length"), self.get("transfer-encoding")
        if coding and (length or self.status_code in _WITHOUT_BODY):
            return False
        if self.status_code in _WITHOUT_BODY and length not in {None, "0"}:
            return False
        return self.minor_version > 0 or "keep-alive" in tokens


def read_head(incoming: Incoming) -> Head:
    """Read the head of the answer, and past those of interim answers (RFC 9110, 15.2)."""
    while True:
        head = _parse_head(incoming.take_until(_HEAD_END, _MOST_IN_HEAD))
        if head.status_code // 100 != 1 or head.status_code == _SWITCHING_PROTOCOLS:
            return head


def _parse_head(lines: bytes) -> Head:
    """Read a head of which every line has to be well-formed."""
    status = _STATUS_LINE.match(lines)
    if not status:
        raise GarbledError
    at = status.end()
    fields: dict[str, list[str]] = {}
    while field := _FIELD.match(lines, at):
        name, value = field[1].decode().lower(), field[2].decode("latin-1").strip()
        fields.setdefault(name, []).append(value)
        at = field.end()
    if lines[at:] not in _EMPTY_LINES:
        raise GarbledError
    return Head(int(status[2]), int(status[1]), fields)


def read_answer(head: Head, incoming: Incoming) -> tuple[Response, bool]:
    """Read the body after a head; tell besides whether it has an end that the head announces."""
    raw = bytearray()
    is_ended = is_closed = False
    try:
        is_ended = _read_body(head, incoming, raw)
        is_closed = not is_ended
    except _UNFINISHED:  # what the status says holds all the same
        pass
    body, is_decoded = decode(bytes(raw), head.get("content-encoding") or "")
    is_whole = is_decoded and (is_ended or (is_closed and _shows_its_end(body)))
    return Response(head.status_code, body, head.get("retry-after"), is_whole), is_ended


def _read_body(head: Head, incoming: Incoming, body: bytearray) -> bool:
    """Read a body; tell whether its end is known otherwise than by the end of the connection."""
    if head.status_code in _WITHOUT_BODY:
        return True
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise GarbledError
        _read_chunks(incoming, body)
    elif length is not None:
        incoming.take(_one_length(length), body)
    else:
        incoming.take_rest(body)
        return False
    return True


def _one_length(text: str) -> int:
    """Read a length that may be told several times, but not differently."""
    lengths = {length.strip() for length in text.split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise GarbledError
    return int(length)


def _read_chunks(incoming: Incoming, body: bytearray) -> None:
    """Read a chunked body and its trailer."""
    while size := _read_chunk_size(incoming):
        incoming.take(size, body)
        if incoming.take_until(_LINE_END, _MOST_IN_LINE) not in _EMPTY_LINES:
            raise GarbledError
    while (line := incoming.take_until(_LINE_END, _MOST_IN_LINE)) not in _EMPTY_LINES:
        if not _FIELD.fullmatch(line):
            raise GarbledError


def _read_chunk_size(incoming: Incoming) -> int:
    """Read the line before a chunk; 0 is for the last."""
    line = _CHUNK_SIZE.fullmatch(incoming.take_until(_LINE_END, _MOST_IN_LINE))
    if not line:
        raise GarbledError
    return int(line[1], 16)


def _shows_its_end(body: bytes) -> bool:
    """Whether a body is JSON of which nothing can be missing: a number might have gone on."""
    text = body.strip().removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        loads_strictly(text)
    except (ValueError, RecursionError):
        return False
    return not text[-1:].isdigit()
