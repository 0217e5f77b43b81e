"""Say what a run would do to the whole input, and change nothing: `--plan`."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.output.wording import Wording
from target_apptivo.run import Run

if TYPE_CHECKING:
    from target_apptivo.delivery.delivery import Delivery
    from target_apptivo.delivery.pending import SettledRecord
    from target_apptivo.redact import Redactor

logger = logging.getLogger("target-apptivo")

# What a record that would not be sent is called.
_ACTIONS = {Outcome.REJECTED: "reject", Outcome.UNCERTAIN: "uncertain"}


class PlanRun(Run):
    """Judges each record by the journal and by Apptivo as they are now."""

    def _log_account(self) -> None:
        """Say nothing: what was printed is all there is."""

    def _build(self) -> Delivery:
        """Read in place of sending; nothing is written anywhere."""
        self.parts.shelf.open(read_only=True)
        planner = _Planner(self.redactor, self.report)
        return self.parts.delivery(planner, plans=True, max_rejected=float("inf"))


class _Planner:
    """The ledger of a plan: prints what would be done, and counts it."""

    def __init__(self, redactor: Redactor, report: Any) -> None:  # noqa: ANN401 - a Report
        """Print with secrets masked."""
        self._redactor = redactor
        self._report = report
        self._wording = Wording(redactor)
        self._totals: dict[str, Counter[str]] = defaultdict(Counter)

    def settle(self, settled: SettledRecord) -> None:
        """Print what would be done with a record, unless it stays as it is."""
        self._report.count(settled)
        verdict = settled.verdict
        intended = verdict.intended
        action = intended.action if intended else _ACTIONS.get(verdict.outcome)
        self._totals[settled.stream][action or verdict.outcome.value] += 1
        if action is None:
            return
        line = {
            "stream": settled.stream,
            "key": settled.key,
            "action": action,
            "apptivo_id": intended.apptivo_id if intended else verdict.apptivo_id,
            "changes": intended.changes if intended else {},
            "conflicts": list(intended.conflicts if intended else verdict.conflicts),
            "reason": self._wording.reason(intended.reason if intended else verdict.reason),
        }
        write_stdout(dumps_line(self._redactor.data(line)))

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: nothing is loaded."""

    def tick(self) -> float | None:
        """Log how far it has come."""
        return float(self._report.tick())

    def close(self) -> None:
        """Print the totals."""
        totals = {stream: dict(counts) for stream, counts in self._totals.items()}
        write_stdout(dumps_line({"totals": totals}))
