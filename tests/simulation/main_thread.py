"""Stands in for the main thread: reads the tap, waits for room, and brings a run to its end.

It does what `Delivery` and `Run` do, whose waits and glances at the clock are gone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from target_apptivo.delivery.progress import unsent
from target_apptivo.delivery.window import StateMark
from target_apptivo.errors import StoppedError
from target_apptivo.journal.steps import Withdraw
from tests.simulation.messages import Message

if TYPE_CHECKING:
    from random import Random

    from target_apptivo.delivery.pending import PendingRecord
    from tests.simulation.messages import State
    from tests.simulation.run import Run

_GRACE = 20.0


class MainThread:
    """Reads and finishes.

    Attributes:
        input: What is still to be read.
        signal: What stopped the run, if anybody did.
        deadline: When a stopped run waits no longer.
        pendings: The records that were read, as the delivery has them.
    """

    def __init__(self, run: Run, input_: list[Message | State], rng: Random) -> None:
        """Begin to read."""
        self.input = input_
        self.signal: StoppedError | None = None
        self.deadline = math.inf
        self.pendings: list[PendingRecord] = []
        self._run = run
        self._rng = rng
        self._next_at = run.world.now
        self._is_crowded = self._is_finishing = False

    @property
    def due(self) -> float:
        """When it goes on, if nothing happens before."""
        return self.deadline if self._is_finishing else self._next_at

    def is_due(self, now: float) -> bool:
        """Whether it would go on."""
        if self._is_finishing:
            is_told = self.signal is not None and self.deadline == math.inf
            return is_told or self._run.settler.is_done or now >= self.deadline
        if now >= self._next_at and (not self.input or self._has_room()):
            return True
        return self._has_ended

    def step(self) -> None:
        """Go on."""
        if self._is_finishing:
            self._finish()
        elif self._has_ended or not self.input:
            self._is_finishing = True
            self._run.in_flight.finish(self._run.world.now)
        else:
            self._read(self.input.pop(0))

    def stop(self) -> None:
        """Have a signal come."""
        self.signal = StoppedError(15)

    @property
    def _has_ended(self) -> bool:
        """Whether no more may be taken."""
        return self._run.in_flight.window.is_cut or self.signal is not None

    def _has_room(self) -> bool:
        """Whether there is room; once it was full, when half of it is free."""
        in_flight = self._run.in_flight
        self._is_crowded = self._is_crowded or in_flight.is_full()
        if not self._is_crowded:
            return True
        if not in_flight.is_full(0.5):
            self._is_crowded = False
        if self._is_crowded and in_flight.is_idle:
            if not in_flight.is_full():
                self._is_crowded = False
            elif in_flight.progress.batches.due < math.inf:
                in_flight.progress.release_batches(self._run.world.now)
        return not self._is_crowded

    def _read(self, item: Message | State) -> None:
        """Take a message of the tap."""
        run, now = self._run, self._run.world.now
        if isinstance(item, Message):
            item.position, item.read_at = len(run.messages), now
            run.messages.append(item)
            run.world.truth.reading(item)
            self.pendings.append(run.reading.take(item, now))
        else:
            run.in_flight.window.mark(StateMark({"version": item.version}))
            run.world.truth.marking(item)
        if run.plan.tap_pause and self._rng.random() < 0.3:
            self._next_at = now + self._rng.random() * run.plan.tap_pause

    def _finish(self) -> None:
        """Bring the run to its end."""
        run = self._run
        if self.signal and self.deadline == math.inf:
            self.deadline = run.world.now + _GRACE
            run.monitor.stop(self.signal)
        if not (run.settler.is_done or run.world.now >= self.deadline):
            return
        run.close()
        self._withdraw()
        run.end(self.signal or run.in_flight.failure)

    def _withdraw(self) -> None:
        """Take back what was intended and never sent."""
        progress, disk = self._run.in_flight.progress, self._run.world.disk
        places = [place for way in unsent(progress) for place in way.places]
        if places and not disk.fails:
            disk.carry_out([Withdraw(place) for place in places])
