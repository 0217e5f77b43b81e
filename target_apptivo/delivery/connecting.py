"""Open connections: names, TLS, proxies, private CAs. Alone knows `requests` and `urllib3`.

What goes wrong is told in words that hold no URL, because URLs hold the credentials.
"""

from __future__ import annotations

import os
import re
import socket
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from ssl import SSLError
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

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

from target_apptivo.apptivo.response import NoResponse
from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext

_PORTS: Final = {"http": 80, "https": 443}
# What the libraries raise where there is no connection; UnicodeError is for names of hosts.
FAILURES: Final = (HTTPError, HTTPException, OSError, UnicodeError)
_TUNNEL_REFUSED: Final = re.compile(r"Tunnel connection failed: (\d{3})\b")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def host_header(base_url: str) -> str:
    """Give the host as a request names it, with its port where that is not the usual one."""
    url = parse_url(base_url)
    has_port = url.port and url.port != _PORTS[url.scheme or "https"]
    return f"{url.host}:{url.port}" if has_port else f"{url.host}"


def prepare_for(base_url: str) -> Callable[..., HTTPConnection]:
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


def connect(connection: HTTPConnection, seconds: float) -> socket.socket:
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


def not_connected(error: Exception) -> NoResponse:
    """Tell why there is no connection."""
    if refusal := _TUNNEL_REFUSED.search(str(error)):
        wants = "wants credentials" if refusal[1] == "407" else "refuses"
        return NoResponse(f"the proxy {wants} ({refusal[1]})", processed=False)
    # Not urllib3's own ConnectTimeoutError: a refused connection is one of its kinds.
    if any(isinstance(cause, TimeoutError) for cause in _causes(error)):
        return NoResponse("cannot connect within the timeout", processed=False, timed_out=True)
    what = "no TLS connection" if isinstance(error, SSLError) else "cannot connect"
    texts = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError)]
    detail = next((text for text in texts if text), None)
    return NoResponse(f"{what} ({detail})" if detail else what, processed=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an exception to what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
