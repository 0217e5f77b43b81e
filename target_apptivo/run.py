"""The course of one run, from before the input is read to its account."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING, Any, Protocol

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.errors import RecordsRefusedError, counted
from target_apptivo.output.advice import next_steps
from target_apptivo.output.notices import Notices
from target_apptivo.parts import Parts
from target_apptivo.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import PendingRecord, PendingWay
    from target_apptivo.journal.steps import Place
    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings

logger = logging.getLogger("target-apptivo")

# How many of the records that an ended run leaves behind are named; the rest is counted.
_MOST_NAMED = 100


class Deliverer(Protocol):
    """Where the sinks put their records: the delivery, or one of its rehearsals."""

    def submit(self, way: PendingWay) -> None:
        """Take the way of a record."""

    def refuse(self, pending: PendingRecord, verdict: Verdict) -> None:
        """Take a record that has its outcome already."""

    def mark(self, state: Any, size: int = 0) -> None:  # noqa: ANN401
        """Take a state."""

    def finish(self) -> None:
        """Bring the run to its end."""

    def unsent(self) -> Iterable[Place]:
        """Give where the journal holds intentions of which Apptivo surely has nothing."""

    def unsettled(self) -> Sequence[PendingRecord]:
        """Give the records that a run which has ended leaves unsettled."""


class Run:
    """What a run needs besides the SDK: the delivery, its outputs, and its end.

    A subclass replaces `_build`, to rehearse in place of delivering.

    Attributes:
        stop: Whether and why it has ended.
        parts: What it is made of.
        delivery: Where records go, once it has begun.
    """

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        """Prepare; nothing is opened or started before the input is."""
        self.settings = settings
        self.redactor = redactor
        self.stop = Stop()
        self.parts = Parts(settings, redactor, self.stop)
        self.report = self.parts.report
        self.notices = Notices(tells_responses=settings.responses.are_told)
        self.delivery: Deliverer
        self._input_error: Exception | None = None

    def begin(self, source: IO[Any]) -> None:
        """Open the outputs before anything is read.

        Raises:
            SettingsError: If an output cannot be opened, or is the input.
        """
        self.parts.refuse_own_output(source)
        self.stop.begin()
        self.parts.terminal.open()
        self.delivery = self._build()

    def input_failed(self, error: Exception) -> None:
        """Take the error that ended the reading; what was read before it is still delivered."""
        self._input_error = error

    def finish(self) -> None:
        """Deliver everything that was read, write its state, and tell how it went.

        Raises:
            TargetApptivoError: What ended the run early, or that more was refused than allowed.
        """
        try:
            self._finish()
        finally:
            self.stop.close()
            self.parts.close()

    def _build(self) -> Deliverer:
        """Join the parts of a delivery."""
        if not self.settings.dry_run:
            self.parts.shelf.open()
            self.parts.shelf.begin_telling()
        return self.parts.delivery(self.parts.outputs())

    def _finish(self) -> None:
        """Bring the delivery to its end, then tell how it went."""
        try:
            self._deliver_all()
        except Exception:
            self._log_account()
            if self.settings.journal_url is None:
                self.report.log_unsaved()
            raise
        self.parts.shelf.all_is_told()
        self._log_account()
        self._tell_unused()
        self._check_refused()

    def _deliver_all(self) -> None:
        """Bring the delivery to its end, and raise what ended the reading.

        A signal wins over what fails because of it.
        """
        try:
            self.delivery.finish()
        finally:
            self.parts.shelf.withdraw(self.delivery.unsent())
            if stopped := self.stop.interruption():
                raise stopped
        if self._input_error:
            raise self._input_error

    def _log_account(self) -> None:
        """Tell how the run went."""
        self.parts.terminal.show("")
        self.report.log_summary()
        self._log_unmapped()
        self._log_set_aside()
        self._log_unsettled()
        self._tell_next()

    def _tell_unused(self) -> None:
        """Say which entries of the settings no stream went by."""
        self.notices.tell_unused(self.settings.routes.unused(self.report.streams))

    def _check_refused(self) -> None:
        """End with an error where a dry run found more refusals than a run would allow."""
        refused = self.report.total(Outcome.REJECTED, Outcome.UNCERTAIN)
        if 0 <= self.settings.max_rejected < refused:
            msg = (
                f"{counted(refused, 'record')} would be refused, more than max_rejected "
                f"({self.settings.max_rejected}) allows"
            )
            raise RecordsRefusedError(msg)

    def _log_unmapped(self) -> None:
        """Point to `fields` where nobody mapped a stream; also if its first record ends the run."""
        for pending in self.delivery.unsettled():
            if pending.settled:
                self.parts.unmapped.note(pending.settled)
        for told in self.parts.unmapped.told():
            self.parts.terminal.say(logging.WARNING, "%s", told)

    def _log_set_aside(self) -> None:
        """Say where the records are that were set aside, and what can be done with them."""
        aside = self.report.total(Outcome.REJECTED, Outcome.UNCERTAIN)
        if aside and self.settings.rejected_path:
            self.parts.terminal.say(
                logging.WARNING,
                "%s set aside in %s: move the file away, mend it, and send it again with --input",
                counted(aside, "record is", "records are"),
                self.settings.rejected_path,
            )

    def _tell_next(self) -> None:
        """Tell a person what may come next; of a run that ended early, its last line tells it."""
        terminal = self.parts.terminal
        if terminal.is_there and not self.delivery.unsettled():
            shows_state = sys.stdout.isatty()
            for step in next_steps(self.report, self.settings, shows_state=shows_state):
                terminal.say(logging.INFO, "next: %s", step)

    def _log_unsettled(self) -> None:
        """Name what an ended run leaves behind in Apptivo, where the next run may send it again."""
        left = [told for told in map(_left_behind, self.delivery.unsettled()) if told]
        for told in left[:_MOST_NAMED]:
            logger.warning("%s", told)
        if len(left) > _MOST_NAMED:
            logger.warning(
                "and %d more that Apptivo has or may have without an outcome that is told",
                len(left) - _MOST_NAMED,
            )


def _left_behind(pending: PendingRecord) -> str | None:
    """Say of a record without settlement what Apptivo may have of it, and what becomes of that."""
    if not pending.apptivo_may_have:
        return None
    verdict = pending.settled.verdict if pending.settled else None
    is_sure = verdict is not None and verdict.outcome is not Outcome.UNCERTAIN
    name = pending.record.name
    if verdict and verdict.apptivo_id:
        name = f"{name}, id {verdict.apptivo_id}"
    if pending.record.is_remembered:
        return None if is_sure else f"in doubt, and cleared up by the next run: {name}"
    return f"{'' if is_sure else 'perhaps '}accepted, and sent again by the next run: {name}"
