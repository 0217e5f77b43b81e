"""Dice: the same for the same seed, one for each matter, so that less of one leaves the others."""

from __future__ import annotations

from random import Random
from zlib import crc32


def dice(seed: int, *matter: object) -> Random:
    """Give the dice of a matter."""
    name = "/".join(map(str, matter))
    return Random(seed << 32 | crc32(name.encode()))  # noqa: S311 - to be the same again
