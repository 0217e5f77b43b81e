"""Answer the steps of a run that changes nothing: `dry_run` and `--plan`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.references import stand_in
from target_apptivo.apptivo.request import shape_request
from target_apptivo.apptivo.steps import Ask, Join, Send, Sent, Together, Wait
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import (
    Forget,
    Intend,
    Place,
    RecallParent,
    Remember,
    SetAside,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
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
        # By key, the places in the input of those that would be sent.
        self._parents: dict[Hashable, tuple[int, ...]] = {}
        self._intended: dict[PendingWay, Intend] = {}

    def read(self, pending: PendingRecord) -> None:
        """Note a record that others may refer to: it has no id yet."""
        if (key := pending.is_parent) is not None:
            self._parents[key] = (*self._parents.get(key, ()), pending.sequence)

    def ended(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Note that of a record which would not be sent no id will come."""
        is_planned = verdict.intended is not None or verdict.reason == _NOT_SENT.reason
        if is_planned or verdict.outcome not in _WITHOUT_ID:
            return
        if places := self._parents.get(pending.is_parent):
            left = tuple(place for place in places if place != pending.sequence)
            self._parents[pending.is_parent] = left

    def answer(self, way: PendingWay, step: object) -> Reply | Verdict | None:
        """Answer a step, or end its way; none where it is carried out as in a run."""
        match step:
            case _ if self._policy.plans and (planned := self._planned(way, step)):
                return planned
            case Send():
                return Reply(Sent(_shaped(step.shape)))
            case Intend() | Together() | Wait() | Remember() | Withdraw() | SetAside() | Forget():
                return Reply(None)
            case RecallParent() if not self._policy.has_journal:
                return Reply(self._stand_in(way, step))
            case Ask(topic, is_read=False):
                # Nobody waits for what will not be found out before something is sent.
                return Reply(self._turns.answer(topic))
        return None

    def replied(self, way: PendingWay, reply: object) -> object:
        """Give the journal's reply, or what stands in for a parent that has no id yet."""
        step = way.step
        if reply is None and isinstance(step, RecallParent):
            return self._stand_in(way, step)
        return reply

    def _stand_in(self, way: PendingWay, step: RecallParent) -> str | None:
        """Give what is shown for the id of a parent that comes before, and has none yet."""
        places = self._parents.get((step.stream, step.key), ())
        is_before = any(place < way.sequence for place in places)
        return stand_in(step.stream, step.key) if is_before else None

    def _planned(self, way: PendingWay, step: object) -> Reply | Verdict | None:
        """Give the verdict of a record of which it is only said what would be done."""
        match step:
            case Intend():
                # What is to be sent may still be refused.
                self._intended[way] = step
                return Reply(None)
            case Join():
                verdict, intended = _shaped(partial(_shape_alone, step)), step.intend
            case Send():
                verdict, intended = _shaped(step.shape), self._intended.pop(way, None)
            case _:
                return None
        if verdict is not _NOT_SENT:
            return verdict
        intended = intended or Intend(place=Place("", "", ""), action=step.operation.action)
        return Verdict(outcome=Outcome.SKIPPED, reason="only planned", intended=intended)


def _shape_alone(join: Join) -> Request:
    """Make the request of a record that would travel with others."""
    return shape_request(join.operation, join.address, join.batch.body([join.payload]))


def _shaped(shape: Callable[[], Request]) -> Verdict:
    """Shape a request that is not sent."""
    try:
        shape()
    except RecordRejectedError as error:
        return refused(str(error))
    return _NOT_SENT
