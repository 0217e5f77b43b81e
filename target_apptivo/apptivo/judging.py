"""May an attribute be written? By what is remembered of it, and what Apptivo holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.content import changed_names, looses_in
from target_apptivo.apptivo.values import (
    asks_for_number,
    is_empty,
    is_equal,
    is_there,
    loose_digest,
    restricted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_apptivo.journal.steps import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of a record before it is updated.

    Attributes:
        taken: What Apptivo took of it; none of one just found.
        shown: What of it this journal wrote, as Apptivo showed it.
        intended: What an update or create without an outcome was to write.
    """

    taken: Content | None
    shown: Content
    intended: Content

    def open_names(self, content: Content) -> dict[str, bool]:
        """Name what has to be judged, and whether because it is new at the source.

        Else it is judged because something without an outcome was to make something else of it.
        """
        new = changed_names(content, self.taken or {})
        undone = set(changed_names(content, self.intended)) & self.intended.keys()
        return {name: name in new for name in content if name in {*new, *undone}}


class Judgement(Enum):
    """What is done with an attribute."""

    HELD = auto()
    WRITE = auto()
    CONFLICT = auto()
    LEAVE = auto()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, plain or custom: what the source wants and what Apptivo holds."""

    name: str
    wanted: Any
    found: Any
    past: Past

    def judged(self, *, is_new: bool) -> Judgement:
        """Judge an attribute.

        Args:
            is_new: Whether the source changed it; else what was intended is to be taken back.
        """
        past = self.past
        if self._is_held():
            return Judgement.HELD
        if not is_new:
            return Judgement.WRITE if self.is_intended else Judgement.LEAVE
        if is_empty(self.wanted) and self.name not in {*past.shown, *past.intended}:
            # Only what this journal wrote is cleared.
            return Judgement.LEAVE
        is_ours = is_empty(self.found) or self._is_left_by_us()
        return Judgement.WRITE if is_ours else Judgement.CONFLICT

    @property
    def is_intended(self) -> bool:
        """Whether Apptivo holds what was intended and has no outcome."""
        return self._is_left(self.past.intended)

    def _is_held(self) -> bool:
        """Whether Apptivo holds what is wanted; of what we left there, that and nothing more."""
        if not is_there(self.found, self.wanted):
            return False
        is_all = is_equal(self.found, self.wanted) or asks_for_number(self.wanted)
        return is_all or not self._is_left_by_us()

    def _is_left_by_us(self) -> bool:
        """Whether Apptivo holds what it showed of us, what it took, or what was intended."""
        past = self.past
        return self._is_left(past.shown, past.taken or {}, past.intended)

    def _is_left(self, *contents: Content) -> bool:
        """Whether Apptivo holds what one of these contents says.

        What Apptivo has added to an object of ours is left out of the comparison only if nothing
        was seen of it after it was written: else the addition is somebody's.
        """
        is_seen = bool(self.past.shown.get(self.name))
        unseen = [each for each in contents if not is_seen or each is self.past.intended]
        return self._is_in(self.found, contents) or self._is_in(
            restricted(self.found, self.wanted), unseen
        )

    def _is_in(self, value: object, contents: Iterable[Content]) -> bool:
        """Whether one of these contents holds a value under the attribute's name."""
        texts = (looses_in(content.get(self.name, "")) for content in contents)
        return loose_digest(value) in set().union(*texts)
