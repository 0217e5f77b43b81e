"""The far side: the least HTTP server that there can be, so that it is faster than its clients.

It runs in a process of its own, on loopback, and answers every request with the id of a lead. It
is told by lines of JSON on stdin how to answer, and tells on stdout what it has seen since.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb'"number": ?(\d+)')


@dataclass(slots=True, kw_only=True)
class Tally:
    """How to answer, and what was seen.

    Attributes:
        latency: Seconds until an answer.
        slow_every: Every how many answers one is slow; 0 for none.
        slow_latency: Seconds until a slow answer.
        notes_answers: Whether to note when the answer to each record left.
        requests: Requests received.
        first: When the first request was complete.
        last: When the last answer left.
        answered: When the answer to a record left, by the record's number.
    """

    latency: float = 0.0
    slow_every: int = 0
    slow_latency: float = 1.0
    notes_answers: bool = False
    requests: int = 0
    first: float = 0.0
    last: float = 0.0
    answered: dict[int, float] = field(default_factory=dict)

    def seen(self) -> dict[str, Any]:
        """Give what was seen."""
        return {
            "requests": self.requests,
            "seconds": self.last - self.first,
            "answered": self.answered,
        }


class Control:
    """Takes the orders of the benchmark."""

    def __init__(self) -> None:
        """Answer at once until told otherwise."""
        self.tally = Tally()

    async def obey(self) -> None:
        """Tell what was seen and start again with another order, until stdin ends."""
        orders = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            tell(self.tally.seen())
            self.tally = Tally(**json.loads(line))


class Connection(asyncio.Protocol):
    """One connection, kept alive; requests may be pipelined."""

    def __init__(self, control: Control) -> None:
        """Start with nothing received."""
        self._control = control
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take every request that is complete."""
        received = self._received + data
        while (head := received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(received, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(received) < end:
                break
            self._take(received[head + 4 : end])
            received = received[end:]
        self._received = received

    def _take(self, body: bytes) -> None:
        """Answer a request now or later."""
        tally = self._control.tally
        if not tally.requests:
            tally.first = time.monotonic()
        tally.requests += 1
        is_slow = tally.slow_every and tally.requests % tally.slow_every == 0
        if delay := tally.slow_latency if is_slow else tally.latency:
            self._loop.call_later(delay, self._answer, tally, tally.requests, body)
        else:
            self._answer(tally, tally.requests, body)

    def _answer(self, tally: Tally, number: int, body: bytes) -> None:
        """Answer a request, and note when."""
        answer = b'{"lead":{"leadId":%d}}' % number
        tally.last = time.monotonic()
        if tally.notes_answers and (record := _NUMBER.search(body)):
            tally.answered[int(record[1])] = tally.last
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(answer), answer)
        )


def tell(told: dict[str, Any]) -> None:
    """Write a line to who started us."""
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


async def serve() -> None:
    """Serve until stdin ends."""
    control = Control()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(control), "127.0.0.1", 0, backlog=1_000)
    tell({"port": server.sockets[0].getsockname()[1]})
    await control.obey()


if __name__ == "__main__":
    asyncio.run(serve())
