"""Whatever befalls whole runs, what they claim is true: a short form of `python -m tests.fuzz`."""

from __future__ import annotations

from tests.fuzz.seeds import run_seeds

# Short ones, of each kind: succeeding, failing, stopped by either signal, killed.
SEEDS = (4, 5, 6, 8, 9, 10, 14, 18, 20, 24, 28, 30, 32, 37, 42)


def test_no_run_claims_what_is_not_so() -> None:
    """Spoiled, stopped, killed, dry or in step: see the laws of the oracle."""
    results = [*run_seeds(SEEDS)]
    assert not {result.seed: result.broken for result in results if result.broken}
    assert len({code for result in results for code in result.codes}) > 2
