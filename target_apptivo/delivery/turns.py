"""What is found out once a run: whoever asks first finds it out, the others wait. Pure.

Who asks, and never tells, has its turn at the topic until it ends: the others go one by one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.steps import Tell

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from target_apptivo.apptivo.steps import Ask
    from target_apptivo.delivery.pending import PendingWay


class Turns:
    """Topics, who is finding each out, and who waits for it."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._answers: dict[Hashable, Any] = {}
        self._owners: dict[Hashable, PendingWay] = {}
        self._owned: dict[PendingWay, list[Hashable]] = {}
        self._waiting: dict[Hashable, deque[PendingWay]] = {}

    def answer(self, topic: Hashable) -> object:
        """Give what is known of a topic, for who waits for nobody."""
        return self._answers.get(topic)

    def take(self, way: PendingWay, step: Ask | Tell) -> list[tuple[PendingWay, Any]]:
        """Carry out a step; give the ways that go on, with their replies."""
        if isinstance(step, Tell):
            waiting = [(each, step.answer) for each in self.tell(step.topic, step.answer)]
            return [(way, None), *waiting]
        is_answered, answer = self.ask(way, step.topic)
        return [(way, answer)] if is_answered else []

    def ask(self, way: PendingWay, topic: Hashable) -> tuple[bool, Any]:
        """Give whether there is a reply, and the reply: none where it is this way's turn."""
        if topic in self._answers:
            return True, self._answers[topic]
        owner = self._owners.get(topic)
        if owner is None:
            self._give(topic, way)
        elif owner is not way:
            self._waiting.setdefault(topic, deque()).append(way)
            return False, None
        return True, None

    def tell(self, topic: Hashable, answer: object) -> Iterator[PendingWay]:
        """Keep what was found out; give those who wait for it."""
        self._answers[topic] = answer
        if owner := self._owners.pop(topic, None):
            self._owned[owner].remove(topic)
        yield from self._waiting.pop(topic, ())

    def leave(self, way: PendingWay) -> Iterator[PendingWay]:
        """Take the turns of a way that ended without telling; give those whose turn it is now."""
        for topic in self._owned.pop(way, ()):
            del self._owners[topic]
            if waiting := self._waiting.get(topic):
                yield self._pass_to(min(waiting, key=_sequence), topic)

    def pass_on(self, cut: float, is_stuck: Callable[[PendingWay], bool]) -> Iterator[PendingWay]:
        """Take the turns of ways behind a cut that go no further; give those whose turn it is now.

        Args:
            cut: The place in the input behind which nothing is sent any more.
            is_stuck: Whether a way behind it has nothing under way.
        """
        for topic, owner in [*self._owners.items()]:
            before = [way for way in self._waiting.get(topic, ()) if way.sequence <= cut]
            is_free = owner.sequence > cut and before
            if is_free and (is_stuck(owner) or self._is_waiting(owner)):
                self._owned[owner].remove(topic)
                yield self._pass_to(min(before, key=_sequence), topic)

    def _is_waiting(self, way: PendingWay) -> bool:
        """Whether a way waits for a turn."""
        return any(way in waiting for waiting in self._waiting.values())

    def _pass_to(self, follower: PendingWay, topic: Hashable) -> PendingWay:
        """Make a topic the turn of a way that waits for it."""
        waiting = self._waiting[topic]
        waiting.remove(follower)
        if not waiting:
            del self._waiting[topic]
        self._give(topic, follower)
        return follower

    def _give(self, topic: Hashable, way: PendingWay) -> None:
        """Make a topic a way's turn."""
        self._owners[topic] = way
        self._owned.setdefault(way, []).append(topic)


def _sequence(way: PendingWay) -> int:
    """Give a way's place in the input: the earliest goes first, since others wait for it."""
    return way.sequence
