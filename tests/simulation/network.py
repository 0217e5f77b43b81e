"""What befalls requests on their way: values that say when what happens, and what comes back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, NamedTuple

from target_apptivo.apptivo.response import NoResponse, Response

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.plan import Habits, Weather

# Faults after which Apptivo surely has done nothing, and those after which it surely does it.
_NOTHING_DONE: Final = {
    *("refused", "lost_before", "throttled", "unavailable", "failure", "http_400", "redirect"),
    *("credentials", "exists", "outage"),
}
_DONE: Final = {"ok", "slow", "lost_after", "cut", "bare", "stranger"}
_WHOLE: Final = {"ok", "slow"}
# What comes back is Apptivo's own answer, or made of it.
_ANSWERED: Final = {*_WHOLE, "cut", "bare", "stranger"}


class Passage(NamedTuple):
    """What befalls one request.

    Attributes:
        fate: What it is called.
        done_after: Seconds until Apptivo has done what it asks for; infinite for never.
        back_after: Seconds until something comes back.
        detail: A number between 0 and 1 for what else is to be chosen.
    """

    fate: str
    done_after: float
    back_after: float
    detail: float

    @property
    def is_good(self) -> bool:
        """Whether a whole answer comes back."""
        return self.fate in _WHOLE

    @property
    def may_be_done(self) -> bool:
        """Whether the target has to fear that it was done, by what comes back."""
        return self.fate == "lost_before" or self.fate not in _NOTHING_DONE


def passage(
    rng: Random, weather: Weather, habits: Habits, *, read_timeout: float, elapsed: float
) -> Passage:
    """Draw what befalls a request.

    Args:
        rng: The dice of the weather.
        weather: How often what.
        habits: How late Apptivo does things.
        read_timeout: When an answer is waited for no longer.
        elapsed: Seconds since the run began.
    """
    is_bad, kind = rng.random() < weather.rate, rng.choice(weather.kinds)
    done, back, detail, coin = rng.random(), rng.random(), rng.random(), rng.random()
    fate = kind if is_bad else "ok"
    if weather.outage and weather.outage[0] <= elapsed < weather.outage[1]:
        fate = "outage"
    is_done = fate in _DONE or (fate not in _NOTHING_DONE and coin < 0.6)
    # What is answered well is done in time.
    latest = habits.commit_delay if is_bad else min(habits.commit_delay, read_timeout / 2)
    done_after = done * latest + 0.001 if is_done else math.inf
    back_after = 0.001 + back * weather.latency
    if fate in {"timeout", "slow"}:
        back_after = read_timeout * (1 if fate == "timeout" else 0.9)
    if fate in _ANSWERED:
        back_after = max(back_after, done_after)
        if back_after >= read_timeout:
            return Passage("timeout", done_after, read_timeout, detail)
    return Passage(fate, done_after, back_after, detail)


def muted(passage: Passage, fate: str = "ok") -> Passage:
    """Let a request pass well, and at once."""
    return Passage(fate, 0.001, 0.002, passage.detail)


def comes_back(passage: Passage, answer: Response | None) -> Response | NoResponse:
    """Give what comes back to the target.

    Args:
        passage: What befell the request.
        answer: What Apptivo answered, if it came to that.
    """
    own = answer or Response(200, b"{}")
    if passage.fate == "cut":
        return Response(200, own.body[: len(own.body) // 2], is_whole=False)
    if passage.fate == "stranger":
        return Response(200, json.dumps(_strange(json.loads(own.body))).encode())
    if passage.fate in {"throttled", "unavailable"}:
        wait = _WAITS[int(passage.detail * len(_WAITS))]
        return Response(429 if passage.fate == "throttled" else 503, b"", wait)
    told = _TOLD.get(passage.fate)
    return told[int(passage.detail * len(told))] if told else own


_WAITS: Final = (None, "0", "1", "30", "100", "300", None, "4000")
# What comes back whatever was done.
_TOLD: Final[dict[str, tuple[Response | NoResponse, ...]]] = {
    "refused": (NoResponse("cannot connect", processed=False),),
    "outage": (NoResponse("cannot connect", processed=False),),
    "lost_before": (NoResponse("the connection was lost", processed=True),),
    "lost_after": (NoResponse("the connection was lost", processed=True),),
    "timeout": (NoResponse("timed out", processed=True, timed_out=True),),
    "server_error": (Response(500, b""), Response(502, b""), Response(408, b"")),
    "failure": (Response(200, b'{"status": "FAILURE", "reason": "not today"}'),),
    "credentials": (Response(401, b""), Response(403, b"")),
    "exists": (Response(200, b'{"result": "Already exists"}'),),
    "http_400": (Response(400, b""),),
    "redirect": (Response(302, b""),),
    "garbled": (Response(200, b"<html>"),),
    "empty": (Response(200, b""),),
    "bare": (Response(200, b'{"status": "ok"}'),),
}


def _strange(body: object) -> object:
    """Write another id into an answer."""
    if isinstance(body, dict):
        return {
            name: 77_777 if name.endswith("Id") and name != "externalRefId" else _strange(value)
            for name, value in body.items()
            if name != "id"
        }
    return body
