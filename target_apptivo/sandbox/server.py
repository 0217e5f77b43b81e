"""An aiohttp server in a thread of its own. Knows HTTP, not Apptivo."""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from target_apptivo.sandbox.exchange import Received, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.Response]]

_HOST = "127.0.0.1"
_LARGEST_BODY = 64 * 1024 * 1024
# A client may think for long between two calls; only a stop ends its connection.
_KEEPALIVE_S = 3600.0
# Calls under way at a stop are cut off: a rehearsal's end waits for nobody.
_STOP_S = 0.05
_BACKLOG = 1024
_MS = 1000


class Server:
    """Serves one handler on loopback between `start` and `stop`."""

    def __init__(self, handler: Handler) -> None:
        """Serve nothing yet."""
        self._handler = handler
        self._thread: threading.Thread | None = None
        self._end: Callable[[], object] = lambda: None

    def start(self, port: int) -> int:
        """Listen unless it does, and return the port: a free one where 0 is asked for.

        Raises:
            OSError: The port cannot be had.
        """
        if self._thread is not None:
            return port
        # Bound here rather than in the thread, so that the error is the caller's.
        listener = socket.create_server((_HOST, port), backlog=_BACKLOG)
        port = int(listener.getsockname()[1])
        loop, ended = asyncio.new_event_loop(), asyncio.Event()
        self._end = partial(loop.call_soon_threadsafe, ended.set)
        self._thread = threading.Thread(
            target=self._run, args=(loop, listener, ended), name="apptivo-sandbox", daemon=True
        )
        self._thread.start()
        return port

    def stop(self) -> None:
        """Close every connection; does nothing where nothing is served."""
        if self._thread is not None:
            self._end()
            self._thread.join()
            self._thread = None

    def _run(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, ended: asyncio.Event
    ) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve(listener, ended))

    async def _serve(self, listener: socket.socket, ended: asyncio.Event) -> None:
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handler)
        runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=_KEEPALIVE_S,
            shutdown_timeout=_STOP_S,
        )
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        await ended.wait()
        await runner.cleanup()


async def read_request(request: web.Request) -> Received:
    """Read a request to its end."""
    path, _, query = request.raw_path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Received(request.method, path, query, headers, await request.read())


async def write_reply(request: web.Request, reply: Reply, *, latency_ms: float) -> web.Response:
    """Answer, in time or late, or close the connection."""
    delay = latency_ms + reply.delay_ms
    if delay > 0:
        await asyncio.sleep(delay / _MS)
    if reply.is_dropped and request.transport is not None:
        # aiohttp finds the connection closed and sends nothing of the response below.
        request.transport.abort()
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
