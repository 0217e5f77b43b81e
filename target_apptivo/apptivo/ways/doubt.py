"""What is known of a record that cannot simply be sent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.journal.steps import InDoubt, Unknown

if TYPE_CHECKING:
    from target_apptivo.journal.steps import Known, Same

# Seconds that a request may be put back between its intention and its leaving, all attempts and
# their `Retry-After` together.
_LONGEST_BEFORE = 86_400.0


def least_age(doubt: InDoubt) -> float:
    """Give the seconds that have passed, at the least, since what is in doubt was sent.

    The journal knows when it was intended: the request may have waited long before it left.
    """
    return max(doubt.age - _LONGEST_BEFORE, 0.0)


def unchanged(known: Same | Known) -> Verdict:
    """Give the verdict of a record that brings nothing new."""
    return Verdict(
        outcome=Outcome.UNCHANGED,
        apptivo_id=known.apptivo_id,
        matched_by="journal",
        noted_at=known.taken_at,
    )


def is_outdated(at: float | None, recalled: Same | Known | InDoubt | Unknown) -> bool:
    """Whether a record that was set aside at a time was taken since, or newer data of its key."""
    known = recalled.before if isinstance(recalled, InDoubt) else recalled
    if at is None or known is None or isinstance(known, Unknown):
        return False
    return known.taken_at >= at


def outdated() -> Verdict:
    """Give the verdict of a line of the rejected file that is older than what was taken."""
    reason = "newer data of this record was taken since it was set aside"
    return Verdict(outcome=Outcome.SKIPPED, reason=reason)


def uncertain(reason: str, of: Verdict | None = None) -> Verdict:
    """Give the verdict of a record of which nobody knows whether it was processed."""
    status = of.http_status if of else None
    return Verdict(outcome=Outcome.UNCERTAIN, reason=reason, http_status=status)


def held_in_doubt() -> Verdict:
    """Give the verdict of a record in doubt that is not sent again."""
    return uncertain(
        "in doubt since an earlier run: look in Apptivo, then send it with on_uncertain resend"
    )
