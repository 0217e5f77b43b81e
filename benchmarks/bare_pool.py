"""What threads and `requests` are without Singer: each thread sends the next record of stdin.

python -m benchmarks.bare_pool URL THREADS < messages
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator


def send_all(url: str, lines: Iterator[str], lock: threading.Lock) -> None:
    """Send records until there are no more."""
    with requests.Session() as session:
        while line := take(lines, lock):
            message = json.loads(line)
            if message["type"] == "RECORD":
                response = session.post(
                    url,
                    params={"a": "save", "apiKey": "key", "accessKey": "key"},
                    json=message["record"],
                    timeout=(10, 120),
                )
                response.raise_for_status()
                response.json()


def take(lines: Iterator[str], lock: threading.Lock) -> str | None:
    """Take the next line."""
    with lock:
        return next(lines, None)


def main(url: str, threads: int) -> None:
    """Send all of stdin."""
    lock = threading.Lock()
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(send_all, url, sys.stdin, lock) for _ in range(threads)]
    for future in futures:
        future.result()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
