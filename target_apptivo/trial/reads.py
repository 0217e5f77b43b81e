"""Carry out what a way reads where there is no delivery: one request after another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.response import interpret_response
from target_apptivo.apptivo.steps import Ask, Read, Tell
from target_apptivo.apptivo.verdict import Meaning
from target_apptivo.delivery.retries import wait_after
from target_apptivo.errors import CredentialsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import NoResponse, Response
    from target_apptivo.apptivo.verdict import Verdict

_AGAIN = {Meaning.NOT_PROCESSED, Meaning.POSSIBLY_PROCESSED}


class Reads:
    """Reads, and remembers what was found out by it."""

    def __init__(
        self,
        send: Callable[[Request], Response | NoResponse],
        *,
        attempts: int,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Read by what sends a request once.

        Args:
            send: Sends a request once.
            attempts: The most attempts per request.
            sleep: Waits for some seconds.
        """
        self._send = send
        self._attempts = attempts
        self._sleep = sleep
        self._answers: dict[Hashable, Any] = {}

    def reply(self, step: object) -> Any:  # noqa: ANN401 - what the step asks for
        """Give the reply to a step that reads, or to one about what is found out once a run."""
        match step:
            case Ask(topic):
                return self._answers.get(topic)
            case Tell(topic, answer):
                self._answers[topic] = answer
            case Read():
                return self.read(step)
        return None

    def read(self, step: Read) -> Verdict:
        """Read something; what fails is tried again.

        Raises:
            CredentialsError: If Apptivo refuses the credentials.
            UnavailableError: If it gives no usable answer within the attempts.
        """
        for attempt in range(1, self._attempts + 1):
            verdict = interpret_response(step.operation, self._send(step.request))
            if verdict.meaning is Meaning.CREDENTIALS_REFUSED:
                raise CredentialsError(verdict.reason)
            if verdict.meaning not in _AGAIN:
                return verdict
            if attempt < self._attempts:
                self._sleep(wait_after(attempt))
        what = f"a read of {step.request.url.partition('?')[0]}"
        raise UnavailableError(verdict.reason, attempts=self._attempts, record=what)
