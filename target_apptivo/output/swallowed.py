"""What Apptivo took and never showed again: counted by stream, told at the end. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.apptivo.verdict import CameBack

# Names that a stream may have; where each record has others, the memory must not fill.
_MOST_NAMES = 10_000


class Swallowed:
    """How often each attribute was sent where the answer would show it, and which came back."""

    def __init__(self) -> None:
        """Start counting."""
        self._sent: dict[str, Counter[str]] = defaultdict(Counter)
        self._there: dict[str, set[str]] = defaultdict(set)

    def count(self, stream: str, shown: CameBack) -> None:
        """Count what was sent of a record, and what came back."""
        sent, there = self._sent[stream], self._there[stream]
        there |= shown.there
        if len(sent) + len(there) < _MOST_NAMES:
            sent.update(shown.sent)
        else:
            sent.update(shown.sent & sent.keys())

    def told(self) -> Iterator[tuple[str, str, int]]:
        """Give what never came back: by stream, with how often it was sent."""
        for stream, sent in self._sent.items():
            for name, number in sorted(sent.items()):
                if name not in self._there[stream]:
                    yield stream, name, number
