"""How many requests at once, and how many a second. Pure: it is handed the time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_START = 2.0
# Seconds: a year. Who asks for more made a mistake, and clocks and locks cannot count that far.
_LONGEST_WAIT = 31_536_000.0
# The standard has whole seconds; some servers send fractions.
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def seconds_to_wait(retry_after: str | None, now: datetime) -> float:
    """Read a `Retry-After` header.

    Args:
        retry_after: Its value, a number of seconds or an HTTP date.
        now: The present, aware of its zone.

    Returns:
        Seconds, 0 where there is no header or none that can be read.
    """
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (zoned - now).total_seconds()), _LONGEST_WAIT)


class Pace:
    """The limit in force: it starts low, climbs while answers are healthy, is cut on push-back.

    As in TCP: it doubles with every round of answers until the first cut, then gains one a round;
    a cut halves it, once for all the requests that were under way at that time.
    Its owner holds a lock; times are seconds of a monotonic clock.

    Attributes:
        limit: The most requests at once, now.
    """

    def __init__(self, ceiling: int, requests_per_second: float | None = None) -> None:
        """Start low.

        Args:
            ceiling: The most requests at once.
            requests_per_second: The most requests a second; none for no ceiling.
        """
        self._ceiling = float(ceiling)
        self._set_limit(min(_START, self._ceiling))
        self._doubling = True
        self._cut_at = float("-inf")
        self._not_before = float("-inf")
        self._interval = min(1 / requests_per_second, _LONGEST_WAIT) if requests_per_second else 0.0
        self._next_send = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        return max(self._not_before - now, self._next_send - now, 0.0)

    def sent(self, now: float) -> None:
        """Count a request that is sent now."""
        if self._interval:
            self._next_send = max(self._next_send, now) + self._interval

    def healthy(self, under_way: int) -> None:
        """Climb after an answer, if the limit was what held the requests back.

        Args:
            under_way: Requests that were under way with it, itself included.
        """
        if under_way >= self.limit:
            gain = 1.0 if self._doubling else 1.0 / self._limit
            self._set_limit(min(self._limit + gain, self._ceiling))

    def pushed_back(self, *, sent_at: float, now: float, wait: float) -> bool:
        """Cut the limit and hold everyone back.

        Args:
            sent_at: When the request was sent that was pushed back.
            now: The present.
            wait: Least seconds until the next request of anyone.

        Returns:
            Whether the limit was cut: a request sent before the last cut does not cut again.
        """
        self._not_before = max(self._not_before, now + wait)
        if sent_at < self._cut_at:
            return False
        self._cut_at = now
        self._doubling = False
        self._set_limit(max(1.0, self._limit / 2))
        return True

    def _set_limit(self, limit: float) -> None:
        """Set the limit, which climbs by parts of a request, and is asked for all the time."""
        self._limit = limit
        self.limit = int(limit)
