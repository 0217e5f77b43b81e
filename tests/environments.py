"""Environments of other programs' own, made once and kept beside this project's."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).parents[1]


def make(folder: Path, *requirements: str) -> Path:
    """Make an environment with some requirements; give its programs' folder.

    This environment's pip installs into it, so that a Python without ensurepip will do.
    """
    venv.create(folder, clear=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", *requirements], check=True)  # noqa: S603
    return folder / "bin"


def cached(name: str, *requirements: str) -> Path:
    """Make an environment in the repository's folder, or find it there; git ignores it."""
    folder = REPO / f".venv-{name}"
    if not (folder / ".ready").exists():
        make(folder, *requirements)
        (folder / ".ready").touch()
    return folder / "bin"
