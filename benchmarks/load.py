"""How fast the server is: raw sockets with pipelined requests, written beforehand.

python -m benchmarks.load PORT REQUESTS PIPELINED
"""

from __future__ import annotations

import asyncio
import sys

_CONNECTIONS = 32
_BODY = b'{"number":1,"text":"%b"}' % (b"x" * 300)
_REQUEST = (
    b"POST /app/dao/v6/leads?a=save&apiKey=key&accessKey=key HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"User-Agent: load\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


async def send(port: int, requests: int, pipelined: int) -> None:
    """Send requests over one connection, some at once, and read every answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(requests // pipelined):
        writer.write(_REQUEST * pipelined)
        answers = 0
        while answers < pipelined:
            answers += (await reader.read(1 << 16)).count(b"HTTP/1.1 200 OK")
    writer.close()


async def main(port: int, requests: int, pipelined: int) -> None:
    """Send over all connections at once."""
    each = requests // _CONNECTIONS
    await asyncio.gather(*(send(port, each, pipelined) for _ in range(_CONNECTIONS)))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
