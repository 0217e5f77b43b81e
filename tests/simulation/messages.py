"""What the tap sends: records and states; and what becomes of each record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.things import flat

if TYPE_CHECKING:
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.journal.steps import Place
    from tests.simulation.plan import Key, Lane, Row
    from tests.simulation.things import Thing


@dataclass(slots=True, eq=False)
class Message:
    """One record that was sent to the target, and everything that is known of it.

    Attributes:
        run: The number of the run.
        position: Its place in that run's input.
        lane: Its stream.
        key: Its stream and key.
        row: What it says; nothing of a deleted one.
        said: The same, with custom attributes one by one.
        is_deleted: Whether the source deleted it.
        set_aside_at: When it was set aside, if it comes from the rejected file.
        again: What was set aside then.
        version: The place of its change in the source.
        place: Where the journal remembers it.
        read_at: When it was read.
        started_at: When anything was asked for it first.
        seen_at: When its object was read last.
        verdict: What became of it, as the target says.
        ended_at: When it had that.
        is_settled: Whether it went through the outputs.
        is_aside: Whether it stands in the rejected file.
        held_at: Since when the journal holds for good what became of it.
        is_doubted: Whether it was sent while an earlier sending of its key was in doubt.
        made: What was created from it.
        sendings: How often something was sent for it that changes something.
        losses: How many of its requests had no good answer.
        taken_before: What may have been taken of its object before it.
    """

    run: int
    position: int
    lane: Lane
    key: Key
    row: Row
    is_deleted: bool = False
    set_aside_at: float | None = None
    again: Message | None = None
    version: int = 0
    place: Place | None = None
    read_at: float = 0.0
    started_at: float | None = None
    seen_at: float = 0.0
    verdict: Verdict | None = None
    ended_at: float | None = None
    is_settled: bool = False
    is_aside: bool = False
    held_at: float | None = None
    is_doubted: bool = False
    made: list[Thing] = field(default_factory=list)
    sendings: int = 0
    losses: int = 0
    taken_before: dict[str, list[object]] = field(default_factory=dict)
    said: Row = field(init=False)

    def __post_init__(self) -> None:
        """Write what it says."""
        self.said = flat(self.row)

    @property
    def is_to_be_held(self) -> bool:
        """Whether the journal has to hold what became of it: it was written."""
        is_delete = self.is_deleted or self.lane.endpoint == "delete_customer"
        is_written = self.verdict is not None and self.verdict.outcome in {"accepted", "updated"}
        return self.place is not None and is_written and not is_delete

    @property
    def is_held(self) -> bool:
        """Whether the journal holds what became of it."""
        return self.held_at is not None

    @property
    def is_kept_create(self) -> bool:
        """Whether its object is to be kept in step with it."""
        is_create = self.lane.endpoint.startswith("create") and not self.is_deleted
        return is_create and self.lane.is_kept

    @property
    def name(self) -> str:
        """It, for people."""
        return f"run {self.run} record {self.position} ({self.key[0]} {self.key[1]})"


@dataclass(frozen=True, slots=True)
class State:
    """A state: how far the source was read."""

    version: int
