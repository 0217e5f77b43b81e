"""The world of one seed: its time, Apptivo, the journal's disk, and the truth."""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import TYPE_CHECKING

from tests.simulation.dice import dice
from tests.simulation.disk import Disk
from tests.simulation.firm import Firm
from tests.simulation.front import Front
from tests.simulation.outputs import RejectedFile
from tests.simulation.reading import remembered_of, rules_of
from tests.simulation.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.messages import Message
    from tests.simulation.plan import Plan
    from tests.simulation.run import Run
    from tests.simulation.sending import Sending

# Seconds since 1970 at the beginning: small, so that floats keep their digits.
_BEGINNING = 1_000_000.0


class World:
    """What outlives a run.

    Attributes:
        plan: What the seed says.
        rules: How the records of each stream are treated.
        remembered: How they are remembered, with a journal.
        now: The time.
        due: When the next thing happens; infinite if nothing will.
        disk: What the journal holds.
        states: The states that were written, as whoever stores them has them.
        runs: The runs so far.
    """

    def __init__(self, plan: Plan) -> None:
        """Begin."""
        self.plan = plan
        self.rules = rules_of(plan.setup)
        self.remembered = remembered_of(plan.setup, self.rules)
        self.now = _BEGINNING
        self.disk = Disk(self.clock)
        self.firm = Firm(plan.habits, dice(plan.seed, "firm"), self.clock)
        self.front = Front(self.firm, plan.habits)
        self.rejected = RejectedFile(self._message)
        self.states: list[int] = []
        self.runs: list[Run] = []
        self.truth = Truth(self)
        self.firm.watch = self.truth
        self.due = math.inf
        self._timed: list[tuple[float, int, Callable[[], None]]] = []
        self._ties = count()

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        """Have something happen after some seconds."""
        heapq.heappush(self._timed, (self.now + seconds, next(self._ties), event))
        self.due = self._timed[0][0]

    def happen(self) -> None:
        """Let the next thing happen."""
        at, _, event = heapq.heappop(self._timed)
        self.due = self._timed[0][0] if self._timed else math.inf
        self.now = max(self.now, at)
        event()

    def carry_out(self, sending: Sending) -> None:
        """Have Apptivo do what a request asks for."""
        sending.answer = self.front.carry_out(sending.request, sending)

    def pass_by(self, seconds: float) -> None:
        """Let time go by in which nothing runs."""
        until = self.now + seconds
        while self.due <= until:
            self.happen()
        self.now = until

    def _message(self, run: int, position: int) -> Message:
        """Find a record that was read."""
        return self.runs[run].messages[position]
