"""The network before the sandbox: it spoils requests and answers, and knows what was taken.

What befalls a request is drawn from what it carries and how often that came before, so that a seed
spoils the same ones however threads run.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_plus

from target_apptivo.sandbox.exchange import Received
from tests.conftest import ACCESS_KEY, API_KEY
from tests.in_step import is_write
from tests.simulation.dice import dice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

_MARK = re.compile(r"(?<!\d)7\d{5}(?!\d)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STALL = 3.0  # longer than `read_timeout`


def _answer(status: str, body: bytes = b"", header: bytes = b"X: y") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b" % (status.encode(), len(body), header)
    return head + b"\r\n\r\n" + body


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


_PAGE = f"<html>{API_KEY} {ACCESS_KEY}</html>".encode()
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n"
# Final: nothing was processed, and nothing is sent again.
REFUSALS = {
    "400": _answer("400 Bad Request", _PAGE),
    "401": _answer("401 Unauthorized"),
    "302": _answer("302 Found", b"", b"Location: /elsewhere"),
    "failure": _answer("200 OK", json.dumps({"status": "FAILURE", "reason": ACCESS_KEY}).encode()),
}
# In place of the sandbox's answer, which was not asked.
_IN_PLACE = REFUSALS | {
    "429": _answer("429 Too Many Requests", b"", b"Retry-After: 0"),
    "503": _answer("503 Service Unavailable", _PAGE),
    "500": _answer("500 Internal Server Error", _PAGE),
    "408": _answer("408 Request Timeout"),
    "html": _answer("200 OK", _PAGE),
    "dropped": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
}
# What becomes of the sandbox's answer: lost, or odd and whole.
_CHANGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "lost": lambda _told, _: b"",
    "cut": lambda answer, chance: answer[: chance.randrange(len(answer))],
    "lost, 500": lambda _told, _: _IN_PLACE["500"],
    "lost, 408": lambda _told, _: _IN_PLACE["408"],
    "lost, html": lambda _told, _: _IN_PLACE["html"],
    "lost, empty": lambda _told, _: _answer("200 OK"),
    "no last chunk": lambda answer, _: _CHUNKED % (len(_body(answer)), _body(answer)),
    "hints": lambda answer, _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer,
    "surplus": lambda answer, _: answer + _answer("200 OK", b'{"id":666,"leadId":666}'),
    "packed": lambda answer, _: _answer(
        "200 OK", gzip.compress(_body(answer)), b"Content-Encoding: gzip"
    ),
    "no length": lambda answer, _: b"HTTP/1.1 200 OK\r\n\r\n" + _body(answer),
}
_KEPT = {"hints", "packed", "surplus"}  # answers after which the connection stays open
SPOILS = (*_IN_PLACE, *_CHANGES, "refused", "late", "stalled", "dripping")


@dataclass(slots=True)
class Flight:
    """A request that writes: the marks it carries, and those taken, with their ids."""

    action: str
    marks: list[int]
    taken: dict[int, str | None] = field(default_factory=dict)


class Network:
    """Serves on a port of its own, until it is left.

    Attributes:
        flights: The requests that write, in order of arrival.
        hooked: The response records that the webhook took.
        befallen: How often each thing befell a request.
        requests: How many arrived.
        spoils: How often what befalls requests.
    """

    def __init__(self, seed: int, spoils: Mapping[str, float], port: int) -> None:
        """Stand before a port."""
        self.flights: list[Flight] = []
        self.hooked: list[dict[str, Any]] = []
        self.befallen: Counter[str] = Counter()
        self.requests = self._under_way = 0
        self.spoils = spoils
        self._seed, self._port = seed, port
        self._seen: Counter[str] = Counter()
        self._tasks: set[object] = set()
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        serving = asyncio.start_server(self._serve, sock=self._listener, limit=2**22)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and cut what is under way."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self) -> None:
        """Wait until nothing is under way: what left before a kill may arrive after it."""
        while self._under_way:
            time.sleep(0.005)

    async def _end(self) -> None:
        self._server.close()
        # Again where a connection was accepted meanwhile.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio lets go of a task whose connection is lost, and it may have to go on.
        self._tasks.add(asyncio.current_task())
        # Whatever breaks here is the program's to bear.
        with suppress(OSError, EOFError, asyncio.CancelledError), closing(writer):
            while not writer.is_closing():
                request = await _read(reader)
                self.requests += 1
                self._under_way += 1
                try:
                    await self._exchange(request, writer)
                finally:
                    self._under_way -= 1

    async def _exchange(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        received = _received(request)
        flight, spoil, chance = self._draw(received)
        if spoil == "refused":
            writer.transport.abort()
        elif spoil in _IN_PLACE:
            is_whole = b"Content-Length" in _IN_PLACE[spoil]
            await _write(writer, _IN_PLACE[spoil], closes=not is_whole or chance.random() < 0.5)
        elif received.path == "/hook":
            self.hooked += json.loads(received.body)
            await _write(writer, _answer("200 OK"))
        else:
            if spoil == "late":
                writer.transport.abort()
                await asyncio.sleep(0.05)
            answer = await self._forward(request)
            if flight:
                _note_taken(flight, answer)
            await _tell(writer, answer, spoil, chance)

    def _draw(self, received: Received) -> tuple[Flight | None, str, Random]:
        """Draw what befalls a request; note one that writes."""
        carried = json.dumps(received.params) + unquote_plus(received.body.decode())
        marks = [int(mark) for mark in _MARK.findall(f"{received.path} {carried}")]
        marks = list(dict.fromkeys(marks))
        name = f"{received.method} {received.path} {marks or carried}"
        self._seen[name] += 1
        chance = dice(self._seed, "network", name, self._seen[name])
        weights = [*self.spoils.values()]
        spoil = chance.choices([*self.spoils, ""], [*weights, 1 - sum(weights)])[0]
        self.befallen[spoil] += 1
        if received.path == "/hook" or not is_write(received):
            return None, spoil, chance
        action = received.params.get("a") or received.method.lower()
        self.flights.append(Flight(action, marks))
        return self.flights[-1], spoil, chance

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        with closing(writer):
            writer.write(request)
            return await _read(reader)


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Read a request or an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


async def _tell(writer: asyncio.StreamWriter, answer: bytes, spoil: str, chance: Random) -> None:
    """Tell the sandbox's answer, or what becomes of it."""
    if spoil == "stalled":
        await asyncio.sleep(_STALL)
    elif spoil == "dripping":
        for place in range(0, len(answer), 50):
            await _write(writer, answer[place : place + 50])
            await asyncio.sleep(0.005)
    elif change := _CHANGES.get(spoil):
        await _write(writer, change(answer, chance), closes=spoil not in _KEPT)
    elif spoil != "late":
        await _write(writer, answer)


async def _write(writer: asyncio.StreamWriter, data: bytes, *, closes: bool = False) -> None:
    writer.write(data)
    await writer.drain()
    if closes:
        writer.close()


def _received(request: bytes) -> Received:
    """Take a request apart."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Received(method, path, query, headers, body)


def _note_taken(flight: Flight, answer: bytes) -> None:
    """Note which records of a request the sandbox took."""
    if not answer.startswith(b"HTTP/1.1 200"):
        return
    value = json.loads(_body(answer))
    results = value.get("results", [value] * len(flight.marks))
    for mark, result in zip(flight.marks, results, strict=True):
        if result.get("status") != "FAILURE":
            found = re.search(r'"id": "?(\d+)', json.dumps(result))
            flight.taken[mark] = found[1] if found else None
