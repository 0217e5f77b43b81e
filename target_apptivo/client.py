"""Send one request and bring back its answer. The only module that knows `requests`.

It knows HTTP and not Apptivo: what an answer means is decided elsewhere. Redirects are not
followed, cookies are not kept, TLS is verified, `.netrc` is not read, and what goes wrong is told
in words that hold no URL, because URLs hold the credentials.

A request is sent through the pool of connections that the adapter of `requests` makes (TLS,
proxies, private CAs), not through `Session.request`: what the session adds (cookies, redirects,
authentication) is what must not happen, and costs more than half of the time (`make bench`).
"""

from __future__ import annotations

import threading
from functools import cached_property, lru_cache
from http.client import HTTPException
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError
from urllib3.util import Retry, Timeout

from target_apptivo.request import sign
from target_apptivo.response import Answer, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager

    from target_apptivo.request import Pairs, Request, WireRequest

_DEFAULT_HEADERS = {
    "User-Agent": f"target-apptivo/{version('target-apptivo')}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
_NO_RETRIES = Retry(total=False)
_FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError)


class _Progress(threading.local):
    """How far this thread's request has come: the place of a failure decides what it means."""

    is_sent = False


_PROGRESS = _Progress()


class _Watched:
    """A connection that sends a request in one piece, and notes when the network has all of it.

    `http.client` sends headers and body apart: two packets, and another change of threads.
    """

    _pieces: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Send a request."""
        self._pieces = []
        try:
            super().request(*args, **kwargs)  # type: ignore[misc] # a mixin
            request = b"".join(self._pieces)
        finally:
            self._pieces = None
        self.send(request)
        _PROGRESS.is_sent = True

    def send(self, data: Any) -> None:  # noqa: ANN401
        """Send bytes, or keep them until the request is complete."""
        if self._pieces is None:
            super().send(data)  # type: ignore[misc] # a mixin
        else:
            self._pieces.append(data)


class _WatchedConnection(_Watched, HTTPConnection):
    """A connection without TLS."""


class _WatchedTLSConnection(_Watched, HTTPSConnection):
    """A connection with TLS."""


class _WatchedPool(HTTPConnectionPool):
    """Reused connections to one host."""

    ConnectionCls = _WatchedConnection


class _WatchedTLSPool(HTTPSConnectionPool):
    """Reused TLS connections to one host."""

    ConnectionCls = _WatchedTLSConnection


class _WatchedAdapter(HTTPAdapter):
    """The adapter of `requests` with connections that note their progress."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make the pool of connections."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401
        """Make the pool of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._watch(manager)
        return manager

    def pool(self, url: str, *, verify: bool | str, proxies: dict[str, str]) -> HTTPConnectionPool:
        """Give the pool of connections to the host of a URL."""
        request = requests.PreparedRequest()
        request.method, request.url, request.headers = "GET", url, CaseInsensitiveDict()
        pool = self.get_connection_with_tls_context(request, verify, proxies=proxies)
        self.cert_verify(pool, url, verify, cert=None)  # type: ignore[no-untyped-call]
        return cast("HTTPConnectionPool", pool)

    @staticmethod
    def _watch(manager: PoolManager) -> None:
        """Use our connections, which urllib3 offers this attribute for."""
        manager.pool_classes_by_scheme = {"http": _WatchedPool, "https": _WatchedTLSPool}


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
            connections: The most requests at once.
            connect_timeout: Seconds to wait for a connection.
            read_timeout: Seconds to wait for an answer.
        """
        self._base_url = base_url
        self._credentials = credentials
        self._origin = len("://".join(urlsplit(base_url)[:2]))
        self._timeout = Timeout(connect=connect_timeout, read=read_timeout)
        self._adapter = _WatchedAdapter(pool_maxsize=connections)
        self._proxies, self._verify = _environment(base_url)

    def send(self, request: Request) -> Answer | NoAnswer:
        """Send a request once.

        Args:
            request: The request, without credentials.

        Returns:
            The answer, or what became of the request without one.
        """
        return self._send(sign(request, self._base_url, self._credentials))

    def close(self) -> None:
        """Close the idle connections."""
        if "_pool" in vars(self):
            self._pool.close()
        self._adapter.close()

    def _send(self, wire: WireRequest) -> Answer | NoAnswer:
        """Send the bytes; the exceptions of the libraries become values here."""
        _PROGRESS.is_sent = False
        try:
            response = self._pool.urlopen(
                wire.method,
                _target(wire.url[self._origin :]),
                body=wire.body,
                headers=_headers(wire),
                retries=_NO_RETRIES,
                redirect=False,
                timeout=self._timeout,
                preload_content=False,
            )
        except _FAILURES as error:
            return _no_answer(error, is_sent=_PROGRESS.is_sent)
        retry_after = response.headers.get("Retry-After")
        try:
            return Answer(response.status, response.data, retry_after)
        except _FAILURES:  # what the status says holds all the same
            return Answer(response.status, b"", retry_after, is_whole=False)

    @cached_property
    def _pool(self) -> HTTPConnectionPool:
        """The connections to the one host there is; made where its failure becomes a value."""
        return self._adapter.pool(self._base_url, verify=self._verify, proxies=self._proxies)


def _environment(base_url: str) -> tuple[dict[str, str], bool | str]:
    """Read proxies and a private CA from the environment, once.

    Plain http is allowed to a loopback host alone, and a proxy is another host.
    """
    with requests.Session() as session:
        settings = session.merge_environment_settings(base_url, {}, None, None, None)
    proxies = settings["proxies"] if urlsplit(base_url).scheme == "https" else {}
    verify = settings["verify"] if isinstance(settings["verify"], str) else True
    return cast("dict[str, str]", dict(proxies)), verify


def _target(rest: str) -> str:
    """Give what follows a URL's host, which may be a query at once."""
    return rest if rest.startswith("/") else f"/{rest}"


def _headers(wire: WireRequest) -> dict[str, str]:
    """Give the headers of a request, the length of its body last."""
    headers = _fixed_headers(wire.headers)
    return headers if wire.body is None else {**headers, "Content-Length": str(len(wire.body))}


@lru_cache(maxsize=256)  # every request of a stream has the same ones
def _fixed_headers(own: Pairs) -> dict[str, str]:
    """Put a call's headers over the default ones, whatever their case."""
    headers = CaseInsensitiveDict(_DEFAULT_HEADERS)
    headers.update(own)
    return dict(headers)


def _no_answer(error: Exception, *, is_sent: bool) -> NoAnswer:
    """Tell what a failure means from where it happened."""
    # Not urllib3's own TimeoutError: a refused connection is one of its kinds.
    timed_out = any(isinstance(cause, ReadTimeoutError | TimeoutError) for cause in _causes(error))
    if is_sent:
        what = "no answer within the read timeout" if timed_out else "connection lost after sending"
    elif isinstance(error, SSLError):
        what = "no TLS connection"
    else:
        what = "cannot connect within the timeout" if timed_out else "cannot connect or send"
    texts = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError)]
    detail = next((text for text in texts if text), None)
    return NoAnswer(
        f"{what} ({detail})" if detail else what, processed=is_sent, timed_out=timed_out
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an exception to what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
