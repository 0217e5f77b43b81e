"""Run seeds: `python -m tests.fuzz --runs 500 [--from N]`; one alone: `--runs 1 --from N`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.fuzz.seeds import run_seeds


def main() -> int:
    """Run what is asked for; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first")
    options = parser.parse_args()
    befallen, codes, failing, started = Counter[str](), Counter[str](), 0, time.monotonic()
    for result in run_seeds(range(options.first, options.first + options.runs)):
        befallen += result.befallen
        codes.update(map(str, result.codes))
        failing += bool(result.broken)
        for each in result.broken:
            print(f"seed {result.seed}: {each}", flush=True)  # noqa: T201 - a command
    ways = len(befallen) - 1
    print(  # noqa: T201
        f"{options.runs} seeds, {codes.total()} runs (exit codes {dict(codes)}), "
        f"{befallen.total()} requests, {befallen.total() - befallen['']} spoiled in {ways} ways: "
        f"{failing} failures; {time.monotonic() - started:.0f} s"
    )
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
