"""Where Apptivo is played: what arrives is answered, or spoiled, and failures are noted. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from target_apptivo.sandbox.apptivo import Apptivo
from target_apptivo.sandbox.call import read_call
from target_apptivo.sandbox.exchange import Reply
from target_apptivo.sandbox.failures import Failures
from target_apptivo.sandbox.faults import STORES, spoil

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_apptivo.sandbox.exchange import Received
    from target_apptivo.sandbox.firm import Firm
    from target_apptivo.sandbox.switches import Switches


class Stage:
    """One firm's Apptivo, and the mishaps on the way to it."""

    def __init__(self, switches: Switches, *, api_key: str | None, access_key: str | None) -> None:
        """Begin with an empty Apptivo."""
        self.failures = Failures()
        self._switches = switches
        self._apptivo = Apptivo(switches, api_key=api_key, access_key=access_key)

    def firm(self, now: datetime) -> Firm:
        """What the firm holds by now: also what took effect since the last request."""
        self._apptivo.commit_due(now)
        return self._apptivo.firm

    def reply(
        self, received: Received, faults: Sequence[str], *, now: datetime, slow_ms: float
    ) -> Reply:
        """Answer a request; with faults, what becomes of the answer."""
        reply = self._true_reply(received, faults, now)
        for fault in faults:
            reply = spoil(fault, reply, slow_ms=slow_ms)
            if fault != "slow":
                status = None if reply.is_dropped else reply.status
                self._note_fault(received, fault, status, now)
        return reply

    def _true_reply(self, received: Received, faults: Sequence[str], now: datetime) -> Reply:
        if not STORES.issuperset(faults):
            return Reply()
        if "drop_after" in faults and self._switches.late_commit:
            due = now + timedelta(seconds=self._switches.late_commit)
            self._apptivo.postpone(received, due)
            return Reply()
        answer = self._apptivo.answer(received, now)
        status = answer.reply.status
        for reason in answer.refusals:
            self.failures.note(now, app=answer.app, reason=reason, http_status=status)
        return answer.reply

    def _note_fault(
        self, received: Received, fault: str, status: int | None, now: datetime
    ) -> None:
        call = read_call(received)
        app = call.app.name if call else received.path
        self.failures.note(now, app=app, reason=f"fault {fault}", http_status=status)
