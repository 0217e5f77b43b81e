"""Two choices by figures: how a request is sent, and what checks a record.

python -m benchmarks.micro URL REQUESTS

Microseconds of CPU a request or a record, printed as JSON. Validators that are not installed are
left out.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from singer_sdk.sinks.core import JSONSchemaValidator

from benchmarks.harness import SCHEMA, record
from target_apptivo.apptivo.request import Request
from target_apptivo.delivery.client import Client
from target_apptivo.jsontext import loads
from target_apptivo.singer.validation import QuickValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ROUNDS = 5
_THREADS = 8
_CREDENTIALS = (("apiKey", "key"), ("accessKey", "key"))
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_BODY = json.dumps(record(1)).encode()


def senders(base_url: str) -> dict[str, Callable[[], object]]:
    """Give the ways to send a request."""
    url = f"{base_url}v6/leads?a=save&apiKey=key&accessKey=key"
    session, plain, pool = requests.Session(), requests.Session(), urllib3.PoolManager(maxsize=8)
    adapter = HTTPAdapter(pool_maxsize=_THREADS)
    plain.trust_env = False
    client = Client(
        base_url, _CREDENTIALS, connections=_THREADS, connect_timeout=10, read_timeout=120
    )
    request = Request(
        method="POST",
        url="v6/leads?a=save",
        query=(),
        headers=(("Content-Type", "application/json"),),
        form=None,
        body=_BODY,
    )
    prepared = requests.Request("POST", url, headers=_HEADERS, data=_BODY).prepare()
    return {
        "Session.request": lambda: session.post(url, data=_BODY, headers=_HEADERS),
        "Session.request, trust_env off": lambda: plain.post(url, data=_BODY, headers=_HEADERS),
        "adapter, prepared before": lambda: adapter.send(prepared),
        "urllib3 PoolManager": lambda: pool.request("POST", url, body=_BODY, headers=_HEADERS),
        "ours (Client.send)": lambda: client.send(request),
    }


def checkers() -> dict[str, Callable[[], object]]:
    """Give the validators that are installed."""
    told = loads(json.dumps(record(1)))
    validators: dict[str, Callable[[dict[str, Any]], object]] = {
        "SDK (jsonschema)": JSONSchemaValidator(SCHEMA).validate,
        "ours (QuickValidator)": QuickValidator(SCHEMA).validate,
    }
    if fast := _installed("fastjsonschema"):
        validators["fastjsonschema"] = fast.compile(SCHEMA, use_formats=False)
    if rust := _installed("jsonschema_rs"):
        validators["jsonschema-rs"] = rust.validator_for(SCHEMA).validate
    return {name: lambda check=check: check(told) for name, check in validators.items()}  # type: ignore[misc]


def _installed(name: str) -> Any:  # noqa: ANN401
    """Import a module, if it is there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def cost(actions: Mapping[str, Callable[[], object]], times: int, threads: int) -> dict[str, float]:
    """Give the median of microseconds of CPU of each action, taken in turns."""
    costs: dict[str, list[float]] = {name: [] for name in actions}
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_ROUNDS):
            for name, action in actions.items():
                started = time.process_time()
                jobs = [pool.submit(_repeat, action, times // threads) for _ in range(threads)]
                for job in jobs:
                    job.result()
                costs[name].append(1e6 * (time.process_time() - started) / times)
    return {name: round(statistics.median(each), 1) for name, each in costs.items()}


def _repeat(action: Callable[[], object], times: int) -> None:
    """Do it again and again."""
    for _ in range(times):
        action()


def main(base_url: str, times: int) -> None:
    """Measure all."""
    ways = senders(base_url)
    measured = {
        "1 thread": cost(ways, times, 1),
        f"{_THREADS} threads": cost(ways, times, _THREADS),
        "validator": cost(checkers(), 5 * times, 1),
    }
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
