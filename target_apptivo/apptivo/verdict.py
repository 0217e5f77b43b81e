"""What became of a record, and what has to follow an answer. Pure: values."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.value import value

if TYPE_CHECKING:
    from target_apptivo.journal.steps import Intend


class Outcome(StrEnum):
    """How a record ends."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"

    @property
    def is_set_aside(self) -> bool:
        """Whether the record counts towards `max_rejected`."""
        return self is Outcome.REJECTED or self is Outcome.UNCERTAIN


class Meaning(Enum):
    """What has to follow an answer."""

    FINAL = auto()
    NOT_PROCESSED = auto()
    POSSIBLY_PROCESSED = auto()
    CREDENTIALS_REFUSED = auto()


@value(frozen=True, slots=True)
class CameBack:
    """What was sent, and what of the record an answer or a read shows.

    Attributes:
        sent: Names of what was sent.
        there: Names of what is shown.
    """

    sent: frozenset[str]
    there: frozenset[str]


@value(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The meaning of an answer.

    Attributes:
        meaning: What has to follow.
        outcome: The record's outcome; of a meaning that is not final, the outcome that it has when
            nothing more may be tried.
        reason: Why it is not accepted, in words.
        apptivo_id: The id that Apptivo gave.
        http_status: The status code.
        response: The body, where it is a JSON object.
        response_text: Any other body as text.
        pushes_back: Whether Apptivo asks for less.
        retry_after: The header of that name.
        action: What was asked of Apptivo: `create`, `update`, `delete` or `send`.
        matched_by: `journal` or `match_on`, where the record was known or found.
        resolution: `found` or `resent`, where an answer was lost and that was cleared up.
        changed: Attributes that an update wrote.
        conflicts: Attributes in which Apptivo held something that we did not leave there.
        possible_duplicate: Whether a create was sent again after a lost answer.
        intended: Where nothing was sent because it is only planned: what would have been.
        came_back: What Apptivo showed of what was sent, where it showed enough to tell.
        noted_at: When the journal noted it, in seconds since 1970: that it was taken, if it is
            unchanged; that it was not, if it is set aside.
    """

    outcome: Outcome
    meaning: Meaning = Meaning.FINAL
    reason: str | None = None
    apptivo_id: str | None = None
    http_status: int | None = None
    response: dict[str, Any] | None = None
    response_text: str | None = None
    pushes_back: bool = False
    retry_after: str | None = None
    action: str | None = None
    matched_by: str | None = None
    resolution: str | None = None
    changed: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    possible_duplicate: bool = False
    intended: Intend | None = None
    came_back: CameBack | None = None
    noted_at: float | None = None

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows if the request was processed."""
        return self.meaning is Meaning.POSSIBLY_PROCESSED

    @property
    def is_of_this_sending(self) -> bool:
        """Whether the request that was answered surely changed nothing."""
        is_refused = self.outcome is Outcome.REJECTED and self.meaning is Meaning.FINAL
        return is_refused or self.meaning in _NOT_TAKEN

    @property
    def cause(self) -> str | None:
        """Why it is not accepted, without what the answer's body says."""
        return self.reason if self.http_status is None else f"HTTP {self.http_status}"


_NOT_TAKEN: Final = {Meaning.NOT_PROCESSED, Meaning.CREDENTIALS_REFUSED}


def refused(reason: str) -> Verdict:
    """Give the verdict of a record that is refused before it is sent."""
    return Verdict(outcome=Outcome.REJECTED, reason=reason)


def doubted(verdict: Verdict) -> Verdict:
    """Judge a refusal after a lost answer: it is of the second sending, the first may be taken."""
    if verdict.outcome is not Outcome.REJECTED or not verdict.possible_duplicate:
        return verdict
    reason = f"{verdict.reason} (after an attempt whose answer was lost)"
    return replace(verdict, outcome=Outcome.UNCERTAIN, reason=reason)
