"""Play Apptivo: a request in, its answer out, records remembered. Pure: no sockets, no clock.

The answers are those of docs/apptivo.md; what is made up is listed in `disclosure.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_apptivo.sandbox.answers import BAD_KEYS, Value, failure, refusals_in
from target_apptivo.sandbox.call import RefusedError, read_call, shown
from target_apptivo.sandbox.exchange import Received, Reply
from target_apptivo.sandbox.firm import Firm
from target_apptivo.sandbox.reads import READS
from target_apptivo.sandbox.writes import WRITES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from target_apptivo.sandbox.call import Call
    from target_apptivo.sandbox.switches import Switches

ACTIONS: dict[str, Callable[[Firm, Call, datetime], Value]] = {**WRITES, **READS}


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and for the page: the app it is about and what was refused in it."""

    reply: Reply
    app: str
    refusals: tuple[str, ...] = ()


class Apptivo:
    """One firm's Apptivo."""

    def __init__(
        self, switches: Switches, *, api_key: str | None = None, access_key: str | None = None
    ) -> None:
        """Begin with no records; keys that are None may be any text."""
        self.firm = Firm(switches)
        self._keys = {"apiKey": api_key, "accessKey": access_key}
        self._late: list[tuple[datetime, Received]] = []

    def answer(self, received: Received, now: datetime) -> Answer:
        """Answer one request, after what was postponed until now."""
        self.commit_due(now)
        return self._answer(received, now)

    def postpone(self, received: Received, due: datetime) -> None:
        """Let a request take effect at a later time; its answer goes nowhere."""
        self._late.append((due, received))

    def commit_due(self, now: datetime) -> None:
        """Let everything take effect that was postponed until now."""
        due = sorted((each for each in self._late if each[0] <= now), key=lambda each: each[0])
        self._late = [each for each in self._late if each[0] > now]
        for at, received in due:
            self._answer(received, at)

    def _answer(self, received: Received, now: datetime) -> Answer:
        call = read_call(received)
        if call is None:
            reason = "No such path"
            return Answer(Reply.json(failure(reason), 404), received.path, (reason,))
        value = self._value(call, now)
        return Answer(Reply.json(value), call.app.name, refusals_in(value))

    def _value(self, call: Call, now: datetime) -> Value:
        if not all(self._is_key(call.params.get(name), key) for name, key in self._keys.items()):
            return BAD_KEYS
        act = ACTIONS.get(call.action)
        if act is None:
            return failure(f"Unknown action (parameter a): {shown(call.action) or 'none'}")
        try:
            return act(self.firm, call, now)
        except RefusedError as error:
            return failure(str(error))

    @staticmethod
    def _is_key(given: str | None, wanted: str | None) -> bool:
        return given == wanted if wanted is not None else bool(given)
