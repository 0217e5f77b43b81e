"""The time by which the journal knows what came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds: what is written of a time in `rejected_path`.
_LEAST = 1e-6


class Clock:
    """Gives a later time whenever it is asked, also where the computer's clock is coarse or set."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Follow a clock."""
        self._now = now
        self._last = 0.0

    def __call__(self) -> float:
        """Give the time, in seconds since 1970."""
        self._last = max(self._now(), self._last + _LEAST)
        return self._last
