"""What the settings say of a delivery. Pure: the dice and the mask are handed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import Record

# How much is read ahead of what is sent, for each request at once: a head that is twenty times
# slower than the rest does not idle them.
_AHEAD_PER_REQUEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the settings of the same names say.

    Attributes:
        backoff: Gives the seconds to wait after so many attempts.
        shown: Gives a reason as it may be shown: without the record's values, and not too long.
        keeps_answers: Whether an output tells Apptivo's answers.
        keeps_all: Whether it tells the requests too.
        max_rejected: Infinite for no limit.
        has_journal: Whether the journal carries out its steps.
        plans: Whether it is only said what would be sent (`--plan`).
        most_records: The most records between reading and settling; by default the window's own.
    """

    backoff: Callable[[int], float]
    shown: Callable[[Record, Verdict], str]
    max_in_flight: int
    keeps_answers: bool = True
    keeps_all: bool = False
    max_attempts: int = 5
    on_uncertain: str = "resend"
    max_rejected: float = 0
    dry_run: bool = False
    has_journal: bool = False
    plans: bool = False
    most_records: int | None = None

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing is sent that changes anything."""
        return self.dry_run or self.plans

    @property
    def most_ahead(self) -> int:
        """How many steps may wait to be carried out before no more is read."""
        return self.max_in_flight * _AHEAD_PER_REQUEST

    @property
    def remedy(self) -> str:
        """What to do about a record that ends the run, besides mending it."""
        if self.max_rejected:
            return f"or raise max_rejected: {self.max_rejected} are set aside in rejected_path"
        return "or set max_rejected and rejected_path to set such records aside and go on"
