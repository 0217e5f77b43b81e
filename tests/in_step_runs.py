"""Fixtures of whole runs with a journal: say `pytest_plugins = ["tests.in_step_runs"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.in_step import InStep, Person

if TYPE_CHECKING:
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import RunTarget


@pytest.fixture
def step(run: RunTarget, sandbox: Sandbox, tmp_path: Path) -> InStep:
    """Runs with a new journal."""
    return InStep(run, sandbox, tmp_path)


@pytest.fixture
def person(sandbox: Sandbox) -> Person:
    """Somebody at Apptivo's screens."""
    return Person(sandbox)
