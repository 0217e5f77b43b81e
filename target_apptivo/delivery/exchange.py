"""One exchange of HTTP/1.1 over an open connection: a request, and the answer that is its own.

An answer is whole only if its headers are whole and the end of its body is known and reached. The
deadline is for all of it: sending, waiting, and reading, in however small pieces. A connection is
used again only if nothing at all is left over on it.

`http.client` promises none of this: it takes an interim answer for the answer and an end within the
headers for the end of the headers, and its timeouts start again with every byte.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.response import NoResponse, Response
from target_apptivo.delivery.incoming import (
    BrokenOffError,
    GarbledError,
    Incoming,
    read_answer,
    read_head,
)

if TYPE_CHECKING:
    import socket

_PIECE: Final = 64 * 2**10
_FIRST_REFUSAL: Final = 400


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

    def exchange(self, request: bytes, deadline: float) -> Response | NoResponse:
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
        is_refusal = isinstance(answer, Response) and answer.status_code >= _FIRST_REFUSAL
        return answer if is_refusal else failure

    def _send(self, request: bytes) -> NoResponse | None:
        """Send all bytes; give what hindered it. Some may have arrived in any case."""
        unsent = memoryview(request)
        try:
            while unsent:
                self._sock.settimeout(self._time_left())
                unsent = unsent[self._sock.send(unsent) :]
        except TimeoutError:
            reason = "the request could not be sent within the read timeout"
            return NoResponse(reason, processed=True, timed_out=True)
        except OSError as error:
            return _lost("connection lost while sending", error)
        return None

    def _read_answer(self) -> Response | NoResponse:
        """Read the answer that follows the interim ones."""
        incoming = Incoming(self._receive)
        try:
            head = read_head(incoming)
        except TimeoutError:
            reason = "no answer within the read timeout"
            return NoResponse(reason, processed=True, timed_out=True)
        except GarbledError:
            return NoResponse("the answer's headers are garbled", processed=True)
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


def _lost(what: str, error: Exception) -> NoResponse:
    """Tell of a connection that was lost when the request may have arrived."""
    detail = getattr(error, "strerror", None)
    return NoResponse(f"{what} ({detail})" if detail else what, processed=True)
