"""Send one request and bring back its response.

It knows HTTP and not Apptivo: what a response means is decided elsewhere. Redirects are not
followed, cookies are not kept, TLS is verified, `.netrc` is not read, and what goes wrong is told
in words that hold no URL, because URLs hold the credentials.

The libraries open the connections (see `connecting`). What goes over them is written here and read
in `exchange`: the libraries' own way has no deadline over all, takes what breaks off for whole, and
logs URLs.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit
from weakref import finalize

from target_apptivo.apptivo.response import NoResponse
from target_apptivo.apptivo.signing import sign
from target_apptivo.delivery.connecting import (
    FAILURES,
    connect,
    host_header,
    not_connected,
    prepare_for,
)
from target_apptivo.delivery.exchange import Connection

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import Response
    from target_apptivo.apptivo.signing import SignedRequest

_DEFAULT_HEADERS: Final = (
    ("User-Agent", f"target-apptivo/{version('target-apptivo')}"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
)
_HAVE_NO_BODY: Final = {"GET", "DELETE"}
_SAFE_IN_TARGET: Final = "%/?:@!$&'()*+,;="


class Client:
    """Sends requests to one host, with its credentials if it has any. Safe to share."""

    def __init__(
        self,
        base_url: str,
        credentials: Pairs,
        *,
        connections: int,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        """Prepare the connections; none is opened before the first request.

        Args:
            base_url: The API's base URL with its final `/`; http only for a loopback host.
            credentials: Parameters that every request carries.
            connections: The most connections that are kept open.
            connect_timeout: Seconds until there is a connection.
            read_timeout: Seconds from then until the whole answer is there.

        Raises:
            SettingsError: If the environment names a proxy or a CA that cannot be used.
        """
        self._base_url = base_url
        self._credentials = credentials
        self._origin = len("://".join(urlsplit(base_url)[:2]))
        self._host = host_header(base_url)
        self._prepare = prepare_for(base_url)
        self._timeouts = connect_timeout, read_timeout
        self._connections = connections
        self._idle: list[Connection] = []
        finalize(self, _close_all, self._idle)

    def send(self, request: Request, *, within: float = math.inf) -> Response | NoResponse:
        """Send a request once.

        Args:
            request: The request, without credentials.
            within: Seconds after which it has to be over, if that is before the timeouts.

        Returns:
            The answer, or what became of the request without one.
        """
        wire = sign(request, self._base_url, self._credentials)
        end = time.monotonic() + within
        connection = self._idle_connection() or self._open(min(self._timeouts[0], within))
        if isinstance(connection, NoResponse):
            return connection
        deadline = min(time.monotonic() + self._timeouts[1], end)
        try:
            return connection.exchange(self._message(wire), deadline)
        finally:
            self._keep(connection)

    def close(self) -> None:
        """Close the idle connections; no others are kept from now on."""
        self._connections = 0
        _close_all(self._idle)

    def _idle_connection(self) -> Connection | None:
        """Take a connection on which nothing has happened since its last answer."""
        with suppress(IndexError):
            while not (connection := self._idle.pop()).is_quiet():
                connection.close()
            return connection
        return None

    def _open(self, seconds: float) -> Connection | NoResponse:
        """Open a connection; the exceptions of the libraries become values here."""
        try:
            connection = Connection(connect(self._prepare(timeout=seconds), seconds))
        except FAILURES as error:
            return not_connected(error)
        if connection.is_quiet():
            return connection
        connection.close()
        return NoResponse("connection lost before sending", processed=False)

    def _keep(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it."""
        if connection.is_reusable and len(self._idle) < self._connections:
            self._idle.append(connection)
        else:
            connection.close()

    def _message(self, wire: SignedRequest) -> bytes:
        """Write a request in one piece: two would be two packets, and a change of threads."""
        target = _target(wire.url[self._origin :])
        body = wire.body or b""
        length = f"Content-Length: {len(body)}\r\n"
        if wire.body is None and wire.method in _HAVE_NO_BODY:
            length = ""
        fixed = _fixed_headers(self._host, wire.headers)
        head = f"{wire.method} {target} HTTP/1.1\r\n{fixed}{length}\r\n"
        return head.encode("latin-1") + body


def _close_all(connections: list[Connection]) -> None:
    """Close what is left of connections, also of those of a client that nobody closed."""
    while connections:
        connections.pop().close()


def _target(rest: str) -> str:
    """Give what follows a URL's host, which may be a query at once."""
    path = rest.partition("#")[0]
    return quote(path if path.startswith("/") else f"/{path}", safe=_SAFE_IN_TARGET)


@lru_cache(maxsize=256)  # every request of a stream has the same ones
def _fixed_headers(host: str, own: Pairs) -> str:
    """Put a call's headers over the default ones, whatever their case."""
    headers = {
        name.lower(): f"{name}: {value}\r\n"
        for name, value in (("Host", host), *_DEFAULT_HEADERS, *own)
    }
    return "".join(headers.values())
