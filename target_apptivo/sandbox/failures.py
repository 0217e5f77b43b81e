"""The latest refusals and failures, for the page. Pure: no clock, no threads."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

_KEPT = 100


class Failures:
    """A count of all, and the last hundred in full."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def note(self, now: datetime, *, app: str, reason: str, http_status: int | None) -> None:
        """Keep one; a connection closed without an answer has no status."""
        at = now.isoformat(timespec="milliseconds")
        self.count += 1
        self._latest.append({"at": at, "app": app, "reason": reason, "http_status": http_status})

    def latest(self) -> list[dict[str, Any]]:
        """The last hundred, in order of arrival."""
        return list(self._latest)
