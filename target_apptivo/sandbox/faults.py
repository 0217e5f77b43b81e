"""Faults on purpose: which one a request gets, and what it does to the answer. Pure.

| fault           | the client sees                             | the record is stored |
|-----------------|---------------------------------------------|----------------------|
| `failure_200`   | 200, `status: FAILURE`                      | no                   |
| `http_400`      | 400, `{"message": ...}`                     | no                   |
| `http_429`      | 429, `Retry-After: 1`                       | no                   |
| `http_500`      | 500, an HTML page                           | no                   |
| `http_503`      | 503, an HTML page                           | no                   |
| `html_200`      | 200, an HTML page                           | no                   |
| `empty_200`     | 200, no body                                | no                   |
| `truncated_200` | 200, the first half of the true answer      | yes                  |
| `drop_before`   | the connection closed without an answer     | no                   |
| `drop_after`    | the connection closed without an answer     | yes                  |
| `slow`          | the true answer, late                       | yes                  |

To a client, everything from `http_500` on (but 503) may have been processed. All are INVENTED: what
Apptivo does when it fails is not known (docs/apptivo.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_apptivo.sandbox.exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

STORES = frozenset({"truncated_200", "drop_after", "slow"})
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_REPLIES = {
    "failure_200": Reply.json({"status": "FAILURE", "reason": "Fault on purpose: refused"}),
    "http_400": Reply.json({"message": "Bad request"}, 400),
    "http_429": Reply(429, headers={"Retry-After": "1"}),
    "http_500": Reply.html(_PAGE.format("Internal Server Error"), 500),
    "http_503": Reply.html(_PAGE.format("Service Unavailable"), 503),
    "html_200": Reply.html(_PAGE.format("Please try again later")),
    "empty_200": Reply(),
    "drop_before": Reply.dropped(),
}
KINDS = (*_REPLIES, *sorted(STORES))


def parse_faults(texts: Iterable[str]) -> dict[str, float]:
    """Read `KIND=RATE` texts.

    Raises:
        ValueError: A text has another form, a kind is unknown or given twice, or a rate is not
            from 0 to 1.
    """
    rates: dict[str, float] = {}
    for text in texts:
        kind, _, rate = text.partition("=")
        if kind in rates:
            msg = f"fault {kind} is given twice"
            raise ValueError(msg)
        rates[kind] = _parse_rate(text, rate)
    return check_faults(rates)


def _parse_rate(text: str, rate: str) -> float:
    try:
        return float(rate)
    except ValueError:
        msg = f"fault {text!r} is not KIND=RATE with a rate from 0 to 1"
        raise ValueError(msg) from None


def check_faults(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rates, or raise ValueError where they make no sense."""
    unknown = [kind for kind in rates if kind not in KINDS]
    if unknown:
        msg = f"unknown fault {unknown[0]!r}; the faults are {', '.join(KINDS)}"
        raise ValueError(msg)
    # Written so that a rate that is not a number (NaN) is refused too.
    if not all(0 <= rate <= 1 for rate in rates.values()):
        msg = "the rate of a fault is from 0 to 1"
        raise ValueError(msg)
    return dict(rates)


def choose_faults(rates: Mapping[str, float], draw: Callable[[], float]) -> tuple[str, ...]:
    """The faults of one request: the first that its draw from [0, 1) hits, and perhaps `slow`."""
    hit = [kind for kind, rate in rates.items() if draw() < rate]
    one = [kind for kind in hit if kind != "slow"][:1]
    return (*one, "slow") if "slow" in hit else tuple(one)


def spoil(kind: str, reply: Reply, *, slow_ms: float) -> Reply:
    """What becomes of the true answer; for a fault that stores nothing it is not looked at."""
    match kind:
        case "truncated_200":
            return replace(reply, body=reply.body[: len(reply.body) // 2])
        case "drop_after":
            return Reply.dropped()
        case "slow":
            return replace(reply, delay_ms=slow_ms)
        case _:
            return _REPLIES[kind]
