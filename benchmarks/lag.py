"""How far STATE is behind the answers that it waits for, and whether it ever is ahead of them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STATE_EVERY = 10


@dataclass(frozen=True, slots=True)
class Lags:
    """What was measured.

    Attributes:
        all: For each state of the tap, seconds from the last answer before it until it, or a later
            one, was written.
        written: Lines written.
        early: Lines written before the last answer before them had left.
    """

    all: Sequence[float]
    written: int
    early: int

    def quantile(self, share: float) -> float:
        """Give the lag that a share of the states do not exceed."""
        return sorted(self.all)[math.ceil(share * len(self.all)) - 1]


def measure(lines: Sequence[tuple[float, str]], answered: Mapping[str, float]) -> Lags:
    """Compare the times of the lines with those of the answers.

    Args:
        lines: The lines on stdout with their times.
        answered: When the answer to each record left.

    Returns:
        The lags.
    """
    times = [answered.get(str(number), math.inf) for number in range(len(answered))]
    settled = [-math.inf, *accumulate(times, max)]
    states = [(came, json.loads(line)["read"]) for came, line in lines]
    lags: list[float] = []
    covered = 0
    for came, read in states:
        states_covered = range(covered + _STATE_EVERY, read + 1, _STATE_EVERY)
        lags.extend(came - settled[state] for state in states_covered)
        covered = read - read % _STATE_EVERY
    return Lags(lags, len(states), sum(came < settled[read] for came, read in states))
