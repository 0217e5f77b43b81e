"""The sandbox: Apptivo's part played on loopback, with books kept of everything that arrives."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self, Unpack

from target_apptivo.sandbox.disclosure import DISCLOSURES
from target_apptivo.sandbox.exchange import Received, Reply
from target_apptivo.sandbox.faults import check_faults, choose_faults
from target_apptivo.sandbox.report import apps_report, records_by_app
from target_apptivo.sandbox.server import Server, read_request, write_reply
from target_apptivo.sandbox.stage import Stage
from target_apptivo.sandbox.switches import Switches, SwitchValues, switch_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from target_apptivo.sandbox.memory import Record

_PAGES = {"/", "/state.json"}


class Sandbox(Switches):
    """A stand-in for Apptivo on a loopback port, between `start` and `stop`.

    Its switches are keyword arguments and attributes, and may be changed while it runs.

    Attributes:
        latency_ms: How long every answer is held back. May be changed while it runs.
        slow_ms: How much longer the fault `slow` holds one back. May be changed while it runs.
        respond: Asked first; what it returns is the answer, and None leaves the answer to the
            sandbox. Called in the server's thread. May be changed while it runs.
        requests: Every request in order of arrival, if `keep_requests`: keys and all.
        request_count: How many requests have arrived, the page's own left out.
        in_flight: How many are under way.
        max_in_flight: The most that were under way at once.
        connections: Port of every connection that brought a call.
    """

    def __init__(  # noqa: PLR0913 (every setting of the command, by name only)
        self,
        *,
        port: int = 0,
        latency_ms: float = 0.0,
        slow_ms: float = 1500.0,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        api_key: str | None = None,
        access_key: str | None = None,
        respond: Callable[[Received], Reply | None] | None = None,
        keep_requests: bool = False,
        **switches: Unpack[SwitchValues],
    ) -> None:
        """Set it up; nothing listens yet.

        Raises:
            ValueError: A fault or a switch makes no sense.
        """
        super().__init__(**switches)
        self.latency_ms = latency_ms
        self.slow_ms = slow_ms
        self.faults = faults or {}
        self.respond = respond
        self.requests: list[Received] = []
        self.request_count = self.in_flight = self.max_in_flight = 0
        self.connections: set[int] = set()
        self._keeps_requests = keep_requests
        self._stage = Stage(self, api_key=api_key, access_key=access_key)
        self._names_keys = api_key is not None or access_key is not None
        self._dice = random.Random(seed)  # noqa: S311 (repeatable is the point)
        self._port = port
        self._server = Server(self._serve)
        # Records are kept in the server's thread and read from others.
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def url(self) -> str:
        """What to use as `api_url`."""
        return f"{self.origin}app/dao/"

    @property
    def faults(self) -> Mapping[str, float]:
        """The rate of each fault in force. May be changed while it runs."""
        return self._faults

    @faults.setter
    def faults(self, rates: Mapping[str, float]) -> None:
        self._faults = check_faults(rates)

    @property
    def records(self) -> dict[str, list[Record]]:
        """A copy of every active record by app, in order of arrival."""
        with self._lock:
            return records_by_app(self._stage.firm(datetime.now(UTC)))

    def start(self) -> Self:
        """Listen, on the same port as before if it was stopped.

        Raises:
            OSError: The port cannot be had.
        """
        self._port = self._server.start(self._port)
        return self

    def stop(self) -> None:
        """Stop listening at once; what arrived stays readable."""
        self._server.stop()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def state(self, *, latest: int | None = None) -> dict[str, Any]:
        """What `/state.json` serves; only the latest so many records of each app if given."""
        with self._lock:
            firm = self._stage.firm(datetime.now(UTC))
            apps, events = apps_report(firm, latest), list(firm.feed)
            failures, failure_count = self._stage.failures.latest(), self._stage.failures.count
        return {
            "url": self.url,
            "requests": self.request_count,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "apps": apps,
            "events": events,
            "failures": failures,
            "failure_count": failure_count,
            "latency_ms": self.latency_ms,
            "faults": dict(self.faults),
            "accept_all": self.accept_all,
            "switches": switch_report(self),
            "names_keys": self._names_keys,
            "invented": [asdict(disclosure) for disclosure in DISCLOSURES],
        }

    async def _serve(self, request: web.Request) -> web.Response:
        if request.method == "GET" and request.path in _PAGES:
            return await write_reply(request, self._page(request), latency_ms=0)
        self.request_count += 1
        if request.transport is not None:
            self.connections.add(request.transport.get_extra_info("peername")[1])
        faults = self._draw_faults(request.path)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            reply = self._reply(await read_request(request), faults)
            return await write_reply(request, reply, latency_ms=self.latency_ms)
        finally:
            self.in_flight -= 1

    def _page(self, request: web.Request) -> Reply:
        if request.path == "/":
            return Reply.html(files(__package__).joinpath("page.html").read_text("utf-8"))
        latest = request.query.get("latest", "")
        return Reply.json(self.state(latest=int(latest) if latest.isdecimal() else None))

    def _draw_faults(self, path: str) -> tuple[str, ...]:
        # Drawn on arrival: with one seed the k-th call gets the k-th decision.
        is_call = path.startswith("/app/dao/")
        return choose_faults(self._faults, self._dice.random) if is_call else ()

    def _reply(self, received: Received, faults: tuple[str, ...]) -> Reply:
        if self._keeps_requests:
            self.requests.append(received)
        scripted = self.respond(received) if self.respond is not None else None
        if scripted is not None:
            return scripted
        with self._lock:
            return self._stage.reply(received, faults, now=datetime.now(UTC), slow_ms=self.slow_ms)
