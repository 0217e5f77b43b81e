"""One exchange of HTTP/1.1 over an open connection: a request, and the answer that is its own.

An answer is whole only if its headers are whole and the end of its body is known and reached. The
deadline is for all of it: sending, waiting, and reading, in however small pieces. A connection is
used again only if nothing at all is left over on it.

`http.client` promises none of this: it takes an interim answer for the answer and an end within the
headers for the end of the headers, and its timeouts start again with every byte.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.response import Answer, NoAnswer
from target_apptivo.jsontext import loads_strictly

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_MOST_IN_BODY: Final = 8 * 2**20  # as it comes, and as it is decoded
_MOST_RECEIVED: Final = 2 * _MOST_IN_BODY  # interim answers, headers and the frames of chunks too
_MOST_IN_HEAD: Final = 256 * 2**10
_MOST_IN_LINE: Final = 8 * 2**10
_PIECE: Final = 64 * 2**10
# Every coding and every member costs a decoding of up to the whole size.
_MOST_CODINGS: Final = 4
_MOST_MEMBERS: Final = 100

_SWITCHING_PROTOCOLS: Final = 101
_WITHOUT_BODY: Final = {_SWITCHING_PROTOCOLS, 204, 304}
_FIRST_REFUSAL: Final = 400

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
_GZIP: Final = 31  # zlib's numbers for the wrapping of what it reads
_ZLIB: Final = 15
_BARE: Final = -15
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class BrokenOffError(Exception):
    """The other side has ended the connection."""


class GarbledError(Exception):
    """What came is not HTTP, or more than is read."""


_UNFINISHED: Final = (BrokenOffError, GarbledError, OSError)


class Connection:
    """An open connection, for one exchange at a time.

    Attributes:
        is_reusable: Whether it can have another exchange, so far as is known.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take an open socket, its TLS included."""
        self._sock = sock
        self._deadline = 0.0
        self.is_reusable = True

    def close(self) -> None:
        """Close it."""
        self.is_reusable = False
        self._sock.close()

    def is_quiet(self) -> bool:
        """Whether nothing has come that was not asked for, the end of the connection included."""
        self._sock.settimeout(0)
        try:
            self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def exchange(self, request: bytes, deadline: float) -> Answer | NoAnswer:
        """Send a request and read its answer.

        Args:
            request: All of its bytes.
            deadline: When all has to be over, on the monotonic clock.

        Returns:
            The answer, or what became of the request without one.
        """
        self._deadline = deadline
        self.is_reusable = False
        failure = self._send(request)
        if failure is None:
            return self._read_answer()
        if failure.timed_out:
            return failure
        # A server may refuse a request of which it has read enough, and hang up.
        answer = self._read_answer()
        self.is_reusable = False
        is_refusal = isinstance(answer, Answer) and answer.status_code >= _FIRST_REFUSAL
        return answer if is_refusal else failure

    def _send(self, request: bytes) -> NoAnswer | None:
        """Send all bytes; give what hindered it. Some may have arrived in any case."""
        unsent = memoryview(request)
        try:
            while unsent:
                self._sock.settimeout(self._time_left())
                unsent = unsent[self._sock.send(unsent) :]
        except TimeoutError:
            reason = "the request could not be sent within the read timeout"
            return NoAnswer(reason, processed=True, timed_out=True)
        except OSError as error:
            return _lost("connection lost while sending", error)
        return None

    def _read_answer(self) -> Answer | NoAnswer:
        """Read the answer that follows the interim ones."""
        incoming = Incoming(self._receive)
        try:
            head = read_head(incoming)
        except TimeoutError:
            reason = "no answer within the read timeout"
            return NoAnswer(reason, processed=True, timed_out=True)
        except GarbledError:
            return NoAnswer("the answer's headers are garbled", processed=True)
        except (BrokenOffError, OSError) as error:
            what = "connection lost after sending"
            return _lost("the answer breaks off in its headers" if incoming.size else what, error)
        answer, is_ended = read_answer(head, incoming)
        self.is_reusable = is_ended and head.keeps_connection and not incoming.has_more
        return answer

    def _receive(self) -> bytes:
        """Receive the next bytes."""
        self._sock.settimeout(self._time_left())
        return self._sock.recv(_PIECE)

    def _time_left(self) -> float:
        """Give the seconds until the deadline."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _lost(what: str, error: Exception) -> NoAnswer:
    """Tell of a connection that was lost when the request may have arrived."""
    detail = getattr(error, "strerror", None)
    return NoAnswer(f"{what} ({detail})" if detail else what, processed=True)


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
        if len(body) + size > _MOST_IN_BODY:
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


def read_answer(head: Head, incoming: Incoming) -> tuple[Answer, bool]:
    """Read the body after a head; tell besides whether it has an end that the head announces."""
    raw = bytearray()
    is_ended = is_closed = False
    try:
        is_ended = _read_body(head, incoming, raw)
        is_closed = not is_ended
    except _UNFINISHED:  # what the status says holds all the same
        pass
    body, is_decoded = _decode(bytes(raw), head.get("content-encoding") or "")
    is_whole = is_decoded and (is_ended or (is_closed and _shows_its_end(body)))
    return Answer(head.status_code, body, head.get("retry-after"), is_whole), is_ended


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


def _decode(body: bytes, names: str) -> tuple[bytes, bool]:
    """Undo the codings of a body; tell whether that came to an end. Unknown ones stay."""
    codings = [name.strip().lower() for name in names.split(",")]
    is_whole = len(codings) <= _MOST_CODINGS
    for coding in reversed(codings):
        if body and is_whole and coding in {"gzip", "x-gzip", "deflate"}:
            body, is_whole = _inflate(body, _wrapping(body, coding))
    return body, is_whole


def _wrapping(body: bytes, coding: str) -> int:
    """Tell what zlib shall expect: some servers send `deflate` without its two bytes of head."""
    if coding != "deflate":
        return _GZIP
    has_head = body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _ZLIB if has_head else _BARE


def _inflate(packed: bytes, wrapping: int) -> tuple[bytes, bool]:
    """Unpack no more than is read of a body; several members of gzip are one body."""
    body = bytearray()
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(wrapping)
        try:
            body += member.decompress(packed, _MOST_IN_BODY - len(body) + 1)
        except zlib.error:
            break
        packed = member.unused_data
        if not member.eof or len(body) > _MOST_IN_BODY or not packed:
            return bytes(body[:_MOST_IN_BODY]), member.eof and len(body) <= _MOST_IN_BODY
    return bytes(body), False


def _shows_its_end(body: bytes) -> bool:
    """Whether a body is JSON of which nothing can be missing: a number might have gone on."""
    text = body.strip().removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        loads_strictly(text)
    except (ValueError, RecursionError):
        return False
    return not text[-1:].isdigit()
