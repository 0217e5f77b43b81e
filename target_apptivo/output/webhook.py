"""POST response records to the user's webhook, in order, before the state that covers them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.request import Request
from target_apptivo.apptivo.response import NoResponse, Response
from target_apptivo.delivery.retries import wait_after
from target_apptivo.errors import OutputError
from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_RECORDS = 100
# Seconds that a response record waits for others to travel with.
_LONGEST_WAIT = 1.0
_LONGEST_BACKOFF = 30


class Webhook:
    """Sends JSON arrays; what is not taken within the attempts ends the run.

    Apptivo's keys never come here: the records are masked, and the client has no credentials.
    """

    def __init__(
        self,
        send: Callable[[Request], Response | NoResponse],
        *,
        attempts: int,
        gives_up: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for a URL.

        Args:
            send: Sends a request to the webhook once.
            attempts: Attempts per POST.
            gives_up: Waits some seconds, and tells whether the run must not wait longer.
            clock: Seconds.
        """
        self._send = send
        self._attempts = attempts
        self._gives_up = gives_up
        self._clock = clock
        self._waiting: list[dict[str, Any]] = []
        self._refusal: str | None = None
        self._due = 0.0

    def add(self, response: dict[str, Any]) -> None:
        """Take a response record, whose secrets are masked."""
        if not self._waiting:
            self._due = self._clock() + _LONGEST_WAIT
        self._waiting.append(response)
        if len(self._waiting) >= _MOST_RECORDS:
            self.flush()

    def tick(self) -> float | None:
        """Send what has waited long enough; give the seconds until something has."""
        if not self._waiting:
            return None
        wait = self._due - self._clock()
        if wait > 0:
            return wait
        self.flush()
        return None

    def flush(self) -> None:
        """Send what waits.

        Raises:
            OutputError: If the webhook does not take it.
        """
        if not self._waiting:
            return
        body = dumps_line(self._waiting).encode()
        headers = (("Content-Type", "application/json"),)
        # Once it is given up, the run ends: the last flush does not go through all attempts again.
        self._refusal = self._refusal or self._post(Request("POST", "", headers=headers, body=body))
        if self._refusal:
            msg = (
                f"responses.webhook_url does not take the response records ({self._refusal}): the "
                "run ends, and no state is written for what was not told"
            )
            raise OutputError(msg)
        self._waiting = []

    def _post(self, request: Request) -> str | None:
        """POST until it is taken; give the reason if it is not."""
        attempts = 1
        while reason := _refusal(self._send(request)):
            if attempts == self._attempts or self._gives_up(wait_after(attempts, _LONGEST_BACKOFF)):
                break
            attempts += 1
        return reason


def _refusal(answer: Response | NoResponse) -> str | None:
    """Give the reason if an answer is not a success."""
    match answer:
        case Response(status_code) if status_code // 100 == 2:  # noqa: PLR2004
            return None
        case Response(status_code):
            return f"HTTP {status_code}"
        case NoResponse(reason):
            return reason
