"""Send one request and bring back its answer. The only module that knows `requests` and `urllib3`.

It knows HTTP and not Apptivo: what an answer means is decided elsewhere. Redirects are not
followed, cookies are not kept, TLS is verified, `.netrc` is not read, and what goes wrong is told
in words that hold no URL, because URLs hold the credentials.

The libraries open the connections (names, TLS, proxies, private CAs). What goes over them is
written and read here and in `exchange`: the libraries' own way has no deadline over all, takes
what breaks off for whole, and logs URLs.
"""

from __future__ import annotations

import math
import os
import re
import socket
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import lru_cache, partial
from http.client import HTTPException
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from ssl import SSLError
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit
from weakref import finalize

from requests.structures import CaseInsensitiveDict
from requests.utils import (
    DEFAULT_CA_BUNDLE_PATH,
    get_auth_from_url,
    get_environ_proxies,
    select_proxy,
)
from urllib3 import ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import create_urllib3_context, make_headers, parse_url

from target_apptivo.apptivo.request import sign
from target_apptivo.apptivo.response import Answer, NoAnswer
from target_apptivo.errors import SettingsError
from target_apptivo.exchange import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext

    from target_apptivo.apptivo.request import Pairs, Request, WireRequest

_DEFAULT_HEADERS = {
    "User-Agent": f"target-apptivo/{version('target-apptivo')}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
_PORTS: Final = {"http": 80, "https": 443}
_HAVE_NO_BODY: Final = {"GET", "DELETE"}
_SAFE_IN_TARGET: Final = "%/?:@!$&'()*+,;="
# What the libraries raise where there is no connection; UnicodeError is for names of hosts.
_FAILURES: Final = (HTTPError, HTTPException, OSError, UnicodeError)
_TUNNEL_REFUSED: Final = re.compile(r"Tunnel connection failed: (\d{3})\b")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


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
        self._host = _host(base_url)
        self._prepare = _route(base_url)
        self._timeouts = connect_timeout, read_timeout
        self._connections = connections
        self._idle: list[Connection] = []
        finalize(self, _close_all, self._idle)

    def send(self, request: Request, *, within: float = math.inf) -> Answer | NoAnswer:
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
        if isinstance(connection, NoAnswer):
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

    def _open(self, seconds: float) -> Connection | NoAnswer:
        """Open a connection; the exceptions of the libraries become values here."""
        try:
            connection = Connection(_connect(self._prepare(timeout=seconds), seconds))
        except _FAILURES as error:
            return _not_connected(error)
        if connection.is_quiet():
            return connection
        connection.close()
        return NoAnswer("connection lost before sending", processed=False)

    def _keep(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it."""
        if connection.is_reusable and len(self._idle) < self._connections:
            self._idle.append(connection)
        else:
            connection.close()

    def _message(self, wire: WireRequest) -> bytes:
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


def _host(base_url: str) -> str:
    """Give the name of the host, with its port where that is not the usual one."""
    url = parse_url(base_url)
    has_port = url.port and url.port != _PORTS[url.scheme or "https"]
    return f"{url.host}:{url.port}" if has_port else f"{url.host}"


def _target(rest: str) -> str:
    """Give what follows a URL's host, which may be a query at once."""
    path = rest.partition("#")[0]
    return quote(path if path.startswith("/") else f"/{path}", safe=_SAFE_IN_TARGET)


@lru_cache(maxsize=256)  # every request of a stream has the same ones
def _fixed_headers(host: str, own: Pairs) -> str:
    """Put a call's headers over the default ones, whatever their case."""
    headers = CaseInsensitiveDict({"Host": host, **_DEFAULT_HEADERS})
    headers.update(own)
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _route(base_url: str) -> Callable[..., HTTPConnection]:
    """Give what prepares a connection, with a proxy and a private CA of the environment.

    Plain http is allowed to a loopback host alone, and a proxy is another host.
    """
    url = parse_url(base_url)
    host = (url.host or "").strip("[]")
    port = url.port or _PORTS[url.scheme or "https"]
    if url.scheme == "http":
        return partial(HTTPConnection, host, port)
    tls = _tls_context()
    proxy = select_proxy(base_url, get_environ_proxies(base_url))
    if not proxy:
        return partial(HTTPSConnection, host, port, ssl_context=tls)
    variable = next((name for name in _PROXIES if os.environ.get(name) == proxy), "HTTPS_PROXY")
    try:
        through = _socks if proxy.lower().startswith("socks") else _tunnel
        return through(proxy if "://" in proxy else f"http://{proxy}", host, port, tls)
    except ImportError:
        problem = "names a SOCKS proxy: install the package PySocks, or name an http:// proxy"
    except (HTTPError, ValueError):
        problem = "names no proxy that can be used: write http://host:port"
    raise SettingsError(variable, problem)


def _tls_context() -> SSLContext:
    """Trust the CAs that `requests` trusts, or those that the environment names instead."""
    variable = next((name for name in _BUNDLES if os.environ.get(name)), None)
    bundle = os.environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH
    context = create_urllib3_context()
    try:
        context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
    except OSError:
        problem = "names no file or folder of CA certificates that can be read"
        raise SettingsError(variable or "certifi", problem) from None
    return context


def _tunnel(proxy: str, host: str, port: int, tls: SSLContext) -> Callable[..., HTTPConnection]:
    """Reach the host through a tunnel that an HTTP proxy makes."""
    user, password = get_auth_from_url(proxy)
    headers = make_headers(proxy_basic_auth=f"{user}:{password}") if user or password else None
    manager = ProxyManager(proxy, proxy_ssl_context=tls)
    address = manager.proxy
    if not (address and address.host and address.scheme):
        raise ValueError
    name, scheme = address.host.strip("[]"), address.scheme

    def prepare(**options: Any) -> HTTPConnection:  # noqa: ANN401
        """Name the host that the proxy shall connect to."""
        connection = HTTPSConnection(
            name,
            address.port,
            ssl_context=tls,
            proxy=address,
            proxy_config=manager.proxy_config,
            **options,
        )
        connection.set_tunnel(host, port, headers, scheme=scheme)
        return connection

    return prepare


def _socks(proxy: str, host: str, port: int, tls: SSLContext) -> Callable[..., HTTPConnection]:
    """Reach the host through a SOCKS proxy."""
    if not find_spec("socks"):  # urllib3 would warn besides
        raise ImportError
    from urllib3.contrib.socks import SOCKSHTTPSConnection, SOCKSProxyManager  # noqa: PLC0415

    manager = SOCKSProxyManager(proxy, *get_auth_from_url(proxy))
    options = manager.connection_pool_kw["_socks_options"]
    return partial(SOCKSHTTPSConnection, options, host, port, ssl_context=tls)


def _connect(connection: HTTPConnection, seconds: float) -> socket.socket:
    """Connect in a thread: nothing else bounds the look-up of a name, or a proxy that drips."""
    opened: Future[socket.socket] = Future()
    Thread(target=_connect_for, args=(opened, connection), daemon=True).start()
    try:
        return opened.result(seconds)
    except TimeoutError:
        if not opened.cancel():
            return opened.result()
        if connection.sock:  # wakes the thread up
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        raise


def _connect_for(opened: Future[socket.socket], connection: HTTPConnection) -> None:
    """Connect for who may have given up by now."""
    try:
        connection.connect()
        opened.set_result(connection.sock)
    except InvalidStateError:
        connection.close()
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        connection.close()
        with suppress(InvalidStateError):
            opened.set_exception(error)


def _not_connected(error: Exception) -> NoAnswer:
    """Tell why there is no connection."""
    if refusal := _TUNNEL_REFUSED.search(str(error)):
        wants = "wants credentials" if refusal[1] == "407" else "refuses"
        return NoAnswer(f"the proxy {wants} ({refusal[1]})", processed=False)
    # Not urllib3's own ConnectTimeoutError: a refused connection is one of its kinds.
    if any(isinstance(cause, TimeoutError) for cause in _causes(error)):
        return NoAnswer("cannot connect within the timeout", processed=False, timed_out=True)
    what = "no TLS connection" if isinstance(error, SSLError) else "cannot connect"
    texts = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError)]
    detail = next((text for text in texts if text), None)
    return NoAnswer(f"{what} ({detail})" if detail else what, processed=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an exception to what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
