"""What is remembered of one record, and what each step makes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from target_apptivo.journal.steps import (
    InDoubt,
    Intend,
    Known,
    Remember,
    Same,
    SetAside,
    Unknown,
    Withdraw,
)

Content = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """What was about to be sent.

    Attributes:
        action: `create`, `update`, `delete` or `send`.
        apptivo_id: What was to be updated or deleted.
        matches: Digests of the record's match values.
        content: What was to be sent.
        at: When it was intended, in seconds since 1970.
        earlier: The one whose place it took, which may have come to something. One is enough: of
            two in doubt the newer stands for both.
    """

    action: str
    apptivo_id: str | None
    matches: tuple[str, ...]
    content: Content
    at: float
    earlier: Intention | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one record.

    Attributes:
        known: What it became, if anything.
        matches: Digests of the match values that it became that with.
        intention: What stands without an outcome.
    """

    known: Known | None = None
    matches: tuple[str, ...] = ()
    intention: Intention | None = None

    @property
    def apptivo_id(self) -> str | None:
        """The id of what it became."""
        return self.known.apptivo_id if self.known else None

    @property
    def object_id(self) -> str | None:
        """The id of what it became, or of what it is about to become where nothing is known."""
        if self.known or self.intention is None:
            return self.apptivo_id
        return self.intention.apptivo_id

    @property
    def is_being_created(self) -> bool:
        """Whether a create of it is in doubt."""
        newest = self.intention
        earlier = newest.earlier if newest else None
        return any(each is not None and each.action == "create" for each in (newest, earlier))


NOTHING = Memory()


def recalled(
    memory: Memory, now: float, whole: str | None = None
) -> Same | Known | InDoubt | Unknown:
    """Answer a `Recall`: an intention hides what was known, for it may have changed it."""
    known = memory.known
    if memory.intention is None:
        if known and known.whole is not None and known.whole == whole:
            return Same(known.apptivo_id, known.taken_at)
        return known or Unknown()
    return InDoubt(
        action=memory.intention.action,
        apptivo_id=memory.intention.apptivo_id,
        matches=memory.intention.matches,
        intended=memory.intention.content,
        age=max(0.0, now - memory.intention.at),
        before=memory.known,
    )


def changed(memory: Memory, step: Intend | Remember | Withdraw | SetAside, now: float) -> Memory:
    """Give what is remembered after a step."""
    match step:
        case Intend():
            return _intended(memory, step, now)
        case Remember():
            return _remembered(memory, step, now)
        case Withdraw():
            earlier = memory.intention.earlier if memory.intention else None
            return Memory(memory.known, memory.matches, earlier)
        case SetAside():
            known = memory.known
            return replace(memory, known=replace(known, whole=None)) if known else memory


def forgotten(memory: Memory) -> Memory:
    """Give what is remembered of a record whose object is gone.

    Nothing but that it is being created anew: that may have been sent already.
    """
    newest = memory.intention
    earlier = newest.earlier if newest else None
    creates = [each for each in (newest, earlier) if each is not None and each.action == "create"]
    if not creates:
        return NOTHING
    older = replace(creates[1], earlier=None) if creates[1:] else None
    return Memory(intention=replace(creates[0], earlier=older))


def _intended(memory: Memory, step: Intend, now: float) -> Memory:
    """Carry out an `Intend`."""
    older = memory.intention
    intention = Intention(
        action=step.action,
        apptivo_id=step.apptivo_id,
        matches=step.matches,
        content=step.content,
        at=now if step.at is None else step.at,
        earlier=replace(older, earlier=None) if older else None,
    )
    return Memory(memory.known, memory.matches, intention)


def _remembered(memory: Memory, step: Remember, now: float) -> Memory:
    """Carry out a `Remember`."""
    # Who knows nothing of a record's making did not make it: such a one is never deleted.
    before = memory.known or Known(apptivo_id=None, is_created=False)
    taken, shown = step.taken, step.shown
    if step.is_created is None:
        taken, shown = {**before.taken, **taken}, {**before.shown, **shown}
    known = Known(
        apptivo_id=step.apptivo_id if step.apptivo_id is not None else before.apptivo_id,
        taken=taken,
        shown=shown,
        is_created=before.is_created if step.is_created is None else step.is_created,
        taken_at=now if step.at is None else step.at,
        whole=step.whole,
    )
    return Memory(known, step.matches or memory.matches)
