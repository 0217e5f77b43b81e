"""Show the requests of the first records of each stream, and send nothing: `--preview`."""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING, Any

from target_apptivo.apptivo.references import stand_in
from target_apptivo.apptivo.steps import Join, Read, Send
from target_apptivo.apptivo.verdict import Verdict
from target_apptivo.apptivo.ways.sending import send_batch
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.steps import RecallParent
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.output.wording import Wording
from target_apptivo.run import Run
from target_apptivo.settings.read import check_keys
from target_apptivo.signals import end_at_signals
from target_apptivo.trial.reads import Reads
from target_apptivo.trial.shown import shown

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable

    from target_apptivo.apptivo.steps import BatchWay, Way
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
    from target_apptivo.journal.steps import Place
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings

logger = logging.getLogger("target-apptivo")


class PreviewRun(Run):
    """Shows the requests of the first records of each stream and sends nothing."""

    def __init__(self, settings: Settings, redactor: Redactor, *, records: int) -> None:
        """Show the requests of this many records of each stream."""
        super().__init__(settings, redactor)
        self._records = records

    def begin(self, source: IO[Any]) -> None:
        """Begin; a signal ends it at once, also in a blocked stdout: nothing is to be kept."""
        super().begin(source)
        end_at_signals("in a preview, which changes nothing")

    def _log_account(self) -> None:
        """Say nothing: what was printed is all there is."""

    def _build(self) -> _Preview:
        """Rehearse in place of delivering."""
        if self.settings.reads_fields:
            check_keys(self.settings, required=True)
        reads = Reads(self.parts.client().send, attempts=self.settings.max_attempts)
        return _Preview(self.settings, self.redactor, self._records, reads)


class _Preview:
    """Takes each way to its first request, and prints that."""

    def __init__(self, settings: Settings, redactor: Redactor, records: int, reads: Reads) -> None:
        """Print the requests of this many records of each stream."""
        self._reads = reads
        self._wording = Wording(redactor)
        self._settings = settings
        self._redactor = redactor
        self._records = records
        self._seen: dict[str, int] = {}
        self._parents: set[Hashable] = set()
        self._batches: dict[str, list[tuple[Join, PendingRecord]]] = {}

    def submit(self, way: PendingWay) -> None:
        """Print a request, or wait until its batch is full."""
        pending = way.records[0]
        has_enough = self._seen.get(pending.record.stream, 0) >= self._records
        step = None if has_enough else first_request(way.start(), self._parents, self._reads)
        if pending.is_parent is not None:
            self._parents.add(pending.is_parent)
        if isinstance(step, Verdict):
            self.refuse(pending, step)
        elif isinstance(step, Join):
            self._join(step, pending)
        else:
            self._show(step, [pending])

    def refuse(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Say why a record has no request."""
        if self._takes(pending.record.stream, 1):
            reason = self._wording.shown(pending.record, verdict)
            logger.warning("%s: %s: %s", pending.record.name, verdict.outcome, reason)

    def mark(self, state: Any, size: int = 0) -> None:  # noqa: ANN401
        """Write no state: nothing is loaded."""

    def finish(self) -> None:
        """Print what is left."""
        for stream in list(self._batches):
            self._show_batch(stream)

    def unsent(self) -> Iterable[Place]:
        """Nothing was intended."""
        return ()

    def unsettled(self) -> list[PendingRecord]:
        """Nothing was sent."""
        return []

    def _join(self, join: Join, pending: PendingRecord) -> None:
        """Put a record into the open batch of its stream, which fills as in a run."""
        stream = pending.record.stream
        members = self._batches.setdefault(stream, [])
        is_twin = any(set(pending.lines) & set(other.lines) for _, other in members)
        if members and (members[0][0].address != join.address or is_twin):
            self._show_batch(stream)
            members = self._batches.setdefault(stream, [])
        members.append((join, pending))
        if len(members) >= join.batch.size:
            self._show_batch(stream)

    def _show_batch(self, stream: str) -> None:
        """Print the request of a batch."""
        members = self._batches.pop(stream)
        joins = tuple(join for join, _ in members)
        step = first_request(send_batch(joins, on_uncertain=self._settings.on_uncertain))
        self._show(step, [pending for _, pending in members])

    def _takes(self, stream: str, count: int) -> bool:
        """Count records of a stream, until there are enough."""
        seen = self._seen.get(stream, 0)
        self._seen[stream] = seen + count
        return seen < self._records

    def _show(self, step: object, records: list[PendingRecord]) -> None:
        """Print a request."""
        record = records[0].record
        if not isinstance(step, Send) or not self._takes(record.stream, len(records)):
            return
        try:
            request = step.shape()
        except RecordRejectedError as error:
            logger.warning("%s: %s", record.name, error)
        else:
            line = shown(record.stream, record.endpoint, request, self._settings)
            write_stdout(dumps_line(self._redactor.data(line)))


def first_request(
    way: Way | BatchWay, parents: Container[object] = (), reads: Reads | None = None
) -> object:
    """Take a way to its first request, or to where it joins a batch; the rest is not wanted.

    Without a journal nothing is known, so that every record is shaped as a create.

    Args:
        way: The way.
        parents: Records that were read, by stream and key: they have no id yet.
        reads: Reads what has to be known before; none where that is a request as well.
    """
    stops = Send | Join if reads else Send | Join | Read
    try:
        step: Any = way.send(None)
        while not isinstance(step, stops):
            reply = reads.reply(step) if reads else None
            if isinstance(step, RecallParent) and (step.stream, step.key) in parents:
                reply = stand_in(step.stream, step.key)
            step = way.send(reply)
    except StopIteration as end:
        return end.value
    way.close()
    return step
