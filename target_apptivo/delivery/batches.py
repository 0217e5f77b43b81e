"""Batches that are open to further records. Pure: times are handed in."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.ways.sending import send_batch
from target_apptivo.delivery.pending import PendingWay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.apptivo.steps import Join
    from target_apptivo.delivery.pending import PendingRecord

# Seconds that the oldest record of a batch waits for others.
_LONGEST_WAIT = 5.0


class Batches:
    """At most one open batch for each stream.

    Attributes:
        due: When the next one is sent even if it is not full; infinite where none is open.
    """

    def __init__(self, *, on_uncertain: str) -> None:
        """Start empty.

        Args:
            on_uncertain: `resend` or `hold`: a batch whose answer was lost.
        """
        self._on_uncertain = on_uncertain
        self._open: dict[str, list[PendingWay]] = {}
        self._until: dict[str, float] = {}
        self.due = math.inf

    def join(self, way: PendingWay, join: Join, now: float) -> Iterator[PendingWay]:
        """Put a record into the open batch of its stream; give the batches that are to be sent."""
        stream = way.records[0].record.stream
        members = self._open.get(stream)
        if members and members[0].step.address != join.address:  # type: ignore[union-attr]
            yield self._release(stream)
            members = None
        if members is None:
            members = self._open[stream] = []
            self._until[stream] = now + _LONGEST_WAIT
            self._note_due()
        members.append(way)
        if len(members) >= join.batch.size:
            yield self._release(stream)

    def release_with(self, pending: PendingRecord) -> Iterator[PendingWay]:
        """Let the batch go that a record is in, if it is in an open one: others wait for it."""
        members = self._open.get(pending.record.stream, ())
        if any(member.records[0] is pending for member in members):
            yield self._release(pending.record.stream)

    def release_due(self, now: float = math.inf) -> Iterator[PendingWay]:
        """Let the batches go whose time has come; by default all."""
        if self.due <= now:
            for stream in [stream for stream, until in self._until.items() if until <= now]:
                yield self._release(stream)

    def clear(self) -> None:
        """Give up what is open."""
        self._open.clear()
        self._until.clear()
        self._note_due()

    def _note_due(self) -> None:
        """Note when the next one is sent: it is asked for far more often than it changes."""
        self.due = min(self._until.values(), default=math.inf)

    def _release(self, stream: str) -> PendingWay:
        """Make the way of a batch that takes no more."""
        members = self._open.pop(stream)
        del self._until[stream]
        self._note_due()
        members.sort(key=lambda member: member.sequence)
        joins = tuple(member.step for member in members)
        start = partial(send_batch, joins, on_uncertain=self._on_uncertain)  # type: ignore[arg-type]
        return PendingWay(start, [member.records[0] for member in members], members)
