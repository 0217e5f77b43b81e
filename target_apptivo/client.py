"""Send one request and bring back its answer. The only module that knows `requests`.

It knows HTTP and not Apptivo: what an answer means is decided elsewhere. Redirects are not
followed, cookies are not kept, TLS is verified, `.netrc` is not read, and what goes wrong is told
in words that hold no URL, because URLs hold the credentials.

A request is sent through the adapter of `requests`, not through `Session.request`: what the session
adds (cookies, redirects, authentication) is what must not happen, and costs half of the time.
"""

from __future__ import annotations

import threading
from http.client import HTTPException
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

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


class _Progress(threading.local):
    """How far this thread's request has come: the place of a failure decides what it means."""

    is_sent = False


_PROGRESS = _Progress()


class _WatchedConnection(HTTPConnection):
    """Notes when the whole request has been handed to the network."""

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Send a request."""
        super().request(*args, **kwargs)
        _PROGRESS.is_sent = True


class _WatchedTLSConnection(HTTPSConnection):
    """The same over TLS."""

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Send a request."""
        super().request(*args, **kwargs)
        _PROGRESS.is_sent = True


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

    @staticmethod
    def _watch(manager: PoolManager) -> None:
        """Use our connections, which urllib3 offers this attribute for."""
        manager.pool_classes_by_scheme = {"http": _WatchedPool, "https": _WatchedTLSPool}


class Client:
    """Sends requests with the credentials of one firm. Safe to share between threads."""

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
        self._timeout = (connect_timeout, read_timeout)
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
        self._adapter.close()

    def _send(self, wire: WireRequest) -> Answer | NoAnswer:
        """Send the bytes; the exceptions of the libraries become values here."""
        _PROGRESS.is_sent = False
        try:
            response = self._adapter.send(
                _prepare(wire), timeout=self._timeout, verify=self._verify, proxies=self._proxies
            )
            body = response.raw.read(decode_content=True)
        except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
            return _no_answer(error, is_sent=_PROGRESS.is_sent)
        return Answer(response.status_code, body, response.headers.get("Retry-After"))


def _environment(base_url: str) -> tuple[dict[str, str], bool | str]:
    """Read proxies and a private CA from the environment, once.

    Plain http is allowed to a loopback host alone, and a proxy is another host.
    """
    with requests.Session() as session:
        settings = session.merge_environment_settings(base_url, {}, None, None, None)
    proxies = settings["proxies"] if urlsplit(base_url).scheme == "https" else {}
    verify = settings["verify"] if isinstance(settings["verify"], str) else True
    return cast("dict[str, str]", dict(proxies)), verify


def _prepare(wire: WireRequest) -> requests.PreparedRequest:
    """Fill in a prepared request by hand: our URL and body are encoded already."""
    prepared = requests.PreparedRequest()
    prepared.method = wire.method
    prepared.url = wire.url
    prepared.headers = CaseInsensitiveDict(_DEFAULT_HEADERS)
    prepared.headers.update(wire.headers)
    prepared.body = wire.body
    if wire.body is not None:
        prepared.headers["Content-Length"] = str(len(wire.body))
    return prepared


def _no_answer(error: Exception, *, is_sent: bool) -> NoAnswer:
    """Tell what a failure means from where it happened."""
    timed_out = isinstance(error, requests.Timeout | TimeoutError) or any(
        isinstance(cause, TimeoutError) for cause in _causes(error)
    )
    if is_sent:
        what = "no answer within the read timeout" if timed_out else "connection lost after sending"
    elif isinstance(error, requests.exceptions.SSLError):
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
