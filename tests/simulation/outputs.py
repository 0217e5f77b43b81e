"""Stands in for stdout and the rejected file: lines in memory; what writes them is the target's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_apptivo.output.ledger import Outputs, Rejected
from target_apptivo.output.report import Report
from target_apptivo.output.state_lines import StateLines
from target_apptivo.redact import Redactor
from tests.simulation.messages import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.delivery.pending import SettledRecord
    from tests.simulation.messages import Message

_REDACTOR = Redactor()


class RejectedFile:
    """The lines of the rejected file: which message each is, and when it was set aside."""

    def __init__(self, find: Callable[[int, int], Message]) -> None:
        """Start empty."""
        self.lines: list[tuple[Message, float]] = []
        self._find = find

    def write(self, line: str) -> None:
        """Take a line."""
        told = json.loads(line)
        if told.get("type") == "RECORD":
            message = self._find(told["record"]["run"], told["record"]["m"])
            message.is_aside = True
            at = datetime.fromisoformat(told["rejected"]["at"]).timestamp()
            self.lines.append((message, at))


class Told:
    """The outputs of one run, in the target's own order; who looks on is told of each step."""

    def __init__(
        self,
        file: Any,  # noqa: ANN401 - it stands in for a file
        clock: Callable[[], float],
        on_settled: Callable[[], None],
        on_state: Callable[[State], None],
    ) -> None:
        """Open the outputs."""
        self._on_settled = on_settled
        self._on_state = on_state
        self.outputs = Outputs(
            report=Report(clock=clock),
            redactor=_REDACTOR,
            now=lambda: datetime.fromtimestamp(clock(), UTC),
            rejected=Rejected(file, _REDACTOR),
            states=StateLines(self._write, _REDACTOR, as_message=False, clock=clock),
        )

    def settle(self, settled: SettledRecord) -> None:
        """Account for a record."""
        self.outputs.settle(settled)
        self._on_settled()

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take note of a state."""
        self.outputs.reach(state)

    def tick(self) -> float | None:
        """Write what is due."""
        return self.outputs.tick()

    def close(self) -> None:
        """Write what is left."""
        self.outputs.close()

    def _write(self, line: str) -> None:
        """Take a line of stdout."""
        self._on_state(State(json.loads(line)["version"]))
