"""How long to wait before another attempt: exponential backoff with full jitter."""

from __future__ import annotations

from itertools import islice

import backoff

# Seconds: the ceiling of the n-th wait is 1, 2, 4, ... and never more than this.
LONGEST_WAIT = 60


def ceiling(attempt: int, longest: float = LONGEST_WAIT) -> float:
    """Give the longest wait after some attempts, in seconds."""
    # The first value of backoff's generators is empty.
    ceilings = islice(backoff.expo(max_value=longest), attempt, None)
    return float(next(ceilings))


def wait_after(attempt: int, longest: float = LONGEST_WAIT) -> float:
    """Give the seconds to wait after some attempts: anything up to the ceiling."""
    return backoff.full_jitter(ceiling(attempt, longest))
