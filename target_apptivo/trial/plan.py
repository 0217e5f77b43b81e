"""Say what a run would do to the whole input, and change nothing: `--plan`."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.table import counts_table, cut, table
from target_apptivo.output.wording import Wording
from target_apptivo.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_apptivo.delivery.delivery import Delivery
    from target_apptivo.delivery.pending import SettledRecord
    from target_apptivo.output.report import Report
    from target_apptivo.redact import Redactor

# What a record that would not be sent is called.
_ACTIONS = {Outcome.REJECTED: "reject", Outcome.UNCERTAIN: "uncertain"}

_HEADINGS: Final = ("STREAM", "KEY", "ACTION", "APPTIVO ID", "WHAT")
_WIDEST: Final = 100
# Rows of a table are held until all are there; who wants more pipes the plan.
_MOST_ROWS: Final = 500
# What a plan counts, in the order of a table's columns.
_COUNTED: Final = (
    "create", "update", "delete", "send", "unchanged", "duplicate", "skipped", "reject",
    "uncertain",
)  # fmt: skip


class PlanRun(Run):
    """Judges each record by the journal and by Apptivo as they are now."""

    def _log_account(self) -> None:
        """Say nothing: what was printed is all there is."""

    def _build(self) -> Delivery:
        """Read in place of sending; nothing is written anywhere."""
        self.parts.shelf.open(read_only=True)
        printer = (_Table if sys.stdout.isatty() else _Lines)(self.parts.write_stdout)
        planner = _Planner(self.redactor, self.report, printer)
        return self.parts.delivery(planner, plans=True, max_rejected=float("inf"))


class _Lines:
    """A plan for programs."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Print by what writes a line."""
        self._write = write

    def add(self, line: dict[str, Any]) -> None:
        """Print what would be done with a record."""
        self._write(dumps_line(line))

    def close(self, totals: dict[str, dict[str, int]]) -> None:
        """Print the totals."""
        self._write(dumps_line({"totals": totals}))


class _Table:
    """A plan for people: what would be done first, all of it in numbers."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Start without rows."""
        self._write = write
        self._rows: list[Sequence[str]] = [_HEADINGS]
        self._left_out = 0

    def add(self, line: dict[str, Any]) -> None:
        """Hold a row until all are there."""
        if len(self._rows) <= _MOST_ROWS:
            self._rows.append(_row(line))
        else:
            self._left_out += 1

    def close(self, totals: dict[str, dict[str, int]]) -> None:
        """Print the rows and the totals."""
        if not totals:
            self._write("no record came: nothing would be done")
            return
        more = f"… and {self._left_out} more: pipe the plan to have them all as JSON lines"
        rows = [*table(self._rows), *([more] if self._left_out else []), ""]
        for line in (*(rows if len(self._rows) > 1 else []), *counts_table(totals, _COUNTED)):
            self._write(line)


class _Planner:
    """The ledger of a plan: prints what would be done, and counts it."""

    def __init__(self, redactor: Redactor, report: Report, printer: _Lines | _Table) -> None:
        """Print with secrets masked."""
        self._redactor = redactor
        self._report = report
        self._printer = printer
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
        self._printer.add(self._redactor.data(line))

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Write no state: nothing is loaded."""

    def tick(self) -> float | None:
        """Log how far it has come."""
        return self._report.tick()

    def close(self) -> None:
        """Print the totals."""
        self._printer.close({stream: dict(counts) for stream, counts in self._totals.items()})


def _row(line: dict[str, Any]) -> Sequence[str]:
    """Write what would be done with a record as cells."""
    changes = [
        f"{name}: {_value(each['from'])} -> {_value(each['to'])}"
        for name, each in line["changes"].items()
    ]
    if line["conflicts"]:
        changes.append(f"changed in Apptivo meanwhile: {', '.join(line['conflicts'])}")
    if line["reason"]:
        changes.append(line["reason"])
    cells = (
        line["stream"],
        ", ".join(map(_value, line["key"].values())),
        line["action"],
        line["apptivo_id"] or "",
    )
    return (*map(cut, cells), cut("; ".join(changes), _WIDEST))


def _value(value: object) -> str:
    """Write a value as a person would, cut to what a cell holds."""
    return cut(value if isinstance(value, str) else dumps_line(value))
