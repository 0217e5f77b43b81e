"""The documentation is true: its commands run, and what it names is there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.settings import JOURNAL
from tests.settings import read as read_settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "target_apptivo"
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def read(page: Path) -> str:
    """Read a page."""
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    """The blocks that are marked `run` end with exit 0 as they stand there, after `make demo`."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    (tmp_path / "output").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in re.findall(r"```sh run\n(.*?)```", read(page), re.DOTALL):
        done = subprocess.run(  # noqa: S602 - the page's own commands
            f"set -euo pipefail\n{block}",
            shell=True,
            executable="/bin/bash",
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr.decode()[-2000:]}"
        assert done.stdout or ">" in block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    """Files and folders that a page points to exist."""
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(page)):
        assert (page.parent / link).exists(), link


def test_the_readme_is_short() -> None:
    """What a stranger reads first takes minutes; everything else is a page of its own."""
    assert len(read(README).splitlines()) <= 145


def test_every_room_is_named() -> None:
    """A newcomer finds the file to open: each room stands in the table of the architecture."""
    text = read(ARCHITECTURE)
    for folder in (each for each in PACKAGE.iterdir() if (each / "__init__.py").exists()):
        assert f"{folder.name}/" in text, folder.name


def test_what_the_architecture_names_is_there() -> None:
    """The modules that it points to exist, in the rooms that it says."""
    for name in re.findall(r"`([\w/]+\.py)`", read(ARCHITECTURE)):
        assert list(PACKAGE.rglob(f"*{name}")), name


def test_the_settings_in_the_readme_are_right() -> None:
    """Each example of settings is taken as it stands there, besides the keys."""
    examples = re.findall(r"```json\n(.*?)```", read(README), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        read_settings(**JOURNAL | json.loads(example))
