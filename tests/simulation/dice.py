"""Dice: the same for the same seed, one for each matter, so that less of one leaves the others."""

from __future__ import annotations

from random import Random
from typing import Any, Final
from zlib import crc32

# Up to Python 3.11 `__new__` seeds as well: to do it twice takes a hundredth of a course's time.
_NEW: Any = Random.__new__
_IS_SEEDED_WHEN_NEW: Final = _NEW(Random, 1).random() == Random(1).random()  # noqa: S311


class Dice(Random):
    """Random numbers, seeded once."""

    def __init__(self, seed: int) -> None:
        """Seed it, unless that is done."""
        if not _IS_SEEDED_WHEN_NEW:
            super().__init__(seed)


def dice(seed: int, *matter: object) -> Random:
    """Give the dice of a matter."""
    name = "/".join(map(str, matter))
    return Dice(seed << 32 | crc32(name.encode()))
