"""What is found out once a run: whoever asks first finds it out, the others wait. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from target_apptivo.delivery.pending import PendingWay


class Turns:
    """Topics, who is finding each out, and who waits for it."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._answers: dict[Hashable, Any] = {}
        self._owners: dict[Hashable, PendingWay] = {}
        self._waiting: dict[Hashable, deque[PendingWay]] = defaultdict(deque)

    def ask(self, way: PendingWay, topic: Hashable) -> tuple[bool, Any]:
        """Give whether there is a reply, and the reply: none where it is this way's turn."""
        if topic in self._answers:
            return True, self._answers[topic]
        if self._owners.setdefault(topic, way) is way:
            return True, None
        self._waiting[topic].append(way)
        return False, None

    def tell(self, topic: Hashable, answer: object) -> Iterator[PendingWay]:
        """Keep what was found out; give those who wait for it."""
        self._answers[topic] = answer
        self._owners.pop(topic, None)
        yield from self._waiting.pop(topic, ())

    def leave(self, way: PendingWay) -> Iterator[PendingWay]:
        """Take the turns of a way that ended without telling; give those whose turn it is now."""
        for topic in [topic for topic, owner in self._owners.items() if owner is way]:
            del self._owners[topic]
            if self._waiting[topic]:
                self._owners[topic] = self._waiting[topic].popleft()
                yield self._owners[topic]
