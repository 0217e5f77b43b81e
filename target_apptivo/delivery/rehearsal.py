"""Answer the steps of a run that changes nothing: `dry_run` and `--plan`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.references import stand_in
from target_apptivo.apptivo.steps import Ask, Join, Send, Sent, Together, Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import Forget, Intend, Place, RecallParent, Remember, Withdraw

if TYPE_CHECKING:
    from collections.abc import Hashable

    from target_apptivo.delivery.pending import PendingRecord
    from target_apptivo.delivery.policy import Policy
    from target_apptivo.delivery.turns import Turns

_NOT_SENT = Verdict(outcome=Outcome.SKIPPED, reason="not sent: dry_run")
_WITHOUT_ID = {Outcome.REJECTED, Outcome.SKIPPED, Outcome.UNCERTAIN}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a way is told in place of what a step asked for."""

    value: Any


class Rehearsal:
    """What would change something is answered here; the rest is carried out as in a run."""

    def __init__(self, policy: Policy, turns: Turns) -> None:
        """Start with nothing read."""
        self._policy = policy
        self._turns = turns
        self._parents: dict[Hashable, int] = {}

    def read(self, pending: PendingRecord) -> None:
        """Note a record that others may refer to: it has no id yet."""
        if pending.is_parent is not None:
            self._parents[pending.is_parent] = pending.sequence

    def ended(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Note that a record would not be sent: of one that is refused or skipped no id will come.

        Of several with one key the one that was read last counts.
        """
        would_be_sent = verdict.intended is not None or verdict.reason == _NOT_SENT.reason
        is_last = self._parents.get(pending.is_parent) == pending.sequence
        if is_last and not would_be_sent and verdict.outcome in _WITHOUT_ID:
            del self._parents[pending.is_parent]

    def answer(self, step: object) -> Reply | Verdict | None:
        """Answer a step, or end its way; none where it is carried out as in a run."""
        match step:
            case _ if self._policy.plans and (planned := _planned(step)):
                return planned
            case Send():
                return Reply(Sent(_shaped(step)))
            case Intend() | Together() | Wait() | Remember() | Withdraw() | Forget():
                return Reply(None)
            case RecallParent() if not self._policy.has_journal:
                return Reply(self._stand_in(step))
            case Ask(topic, is_read=False):
                # Nobody waits for what will not be found out before something is sent.
                return Reply(self._turns.answer(topic))
        return None

    def replied(self, step: object, reply: object) -> object:
        """Give the journal's reply, or what stands in for a parent that has no id yet."""
        is_missing = reply is None and isinstance(step, RecallParent)
        return self._stand_in(step) if is_missing else reply  # type: ignore[arg-type]

    def _stand_in(self, step: RecallParent) -> str | None:
        """Give what is shown for the id of a parent that is to be sent, and has none yet."""
        is_read = (step.stream, step.key) in self._parents
        return stand_in(step.stream, step.key) if is_read else None


def _planned(step: object) -> Verdict | None:
    """Give the verdict of a record of which it is only said what would be done."""
    match step:
        case Intend() | Join(intend=Intend()):
            intended = step if isinstance(step, Intend) else step.intend
        case Send():
            if (shaped := _shaped(step)) is not _NOT_SENT:
                return shaped
            intended = Intend(place=Place("", "", ""), action=step.operation.action)
        case _:
            return None
    return Verdict(outcome=Outcome.SKIPPED, reason="only planned", intended=intended)


def _shaped(step: Send) -> Verdict:
    """Shape a request that is not sent."""
    try:
        step.shape()
    except RecordRejectedError as error:
        return refused(str(error))
    return _NOT_SENT
