"""Find a seed for each planted fault: `python -m tests.simulation.hunt [--limit 2000] [NAME]`."""

from __future__ import annotations

import argparse
import logging
import sys

from tests.simulation.course import run_course
from tests.simulation.drawing import draw
from tests.simulation.planted import FAULTS, planted


def hunt(name: str, limit: int) -> tuple[int, str] | None:
    """Give the first seed that a planted fault breaks, and by what."""
    with planted(name):
        for seed in range(limit):
            if broken := run_course(draw(seed)).broken:
                return seed, broken[0]
    return None


def main() -> int:
    """Hunt for all, or for one; 1 if one is not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--limit", type=int, default=2_000)
    options = parser.parse_args()
    if not any(options.name in name for name in FAULTS):
        parser.error(f"no fault is called {options.name}")
    escaped = 0
    for name in FAULTS:
        if options.name in name:
            found = hunt(name, options.limit)
            escaped += found is None
            seed, broken = found or ("none", "not found")
            print(f'    "{name}": {seed},  # {broken}', flush=True)  # noqa: T201
    return 1 if escaped else 0


if __name__ == "__main__":
    # Here and not in `main`, which tests call: what others log is theirs.
    logging.disable(logging.CRITICAL)
    sys.exit(main())
