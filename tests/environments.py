"""Environments of other programs' own, made once and kept beside this project's."""

from __future__ import annotations

import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from tests.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parents[1]


def make(folder: Path, *requirements: str) -> Path:
    """Make an environment with some requirements; give its programs' folder."""
    venv.create(folder, clear=True)
    add(folder / "bin", *requirements)
    return folder / "bin"


def add(programs: Path, *requirements: str) -> None:
    """Install requirements into an environment.

    This environment's uv or pip does it, so that a Python without ensurepip will do.
    """
    install(str(programs / "python"), *requirements)


@contextmanager
def making(name: str) -> Iterator[Path]:
    """Give a folder in the repository's, which git ignores, to one process at a time.

    The tests run in several processes, and whichever comes first makes what all of them use.
    """
    folder = REPO / f".venv-{name}"
    with FileLock(f"{folder}.lock"):
        yield folder


def cached(name: str, *requirements: str) -> Path:
    """Make an environment in the repository's folder, or find it there."""
    with making(name) as folder:
        if not (folder / ".ready").exists():
            make(folder, *requirements)
            (folder / ".ready").touch()
    return folder / "bin"
