"""The examples do what they say: the commands of each README are run as they stand there.

Only `meltano install` is left out: its plugins are kept in `.venv-meltano` from run to run. The
warehouse is a real PostgreSQL server, started here where one is installed.
"""

from __future__ import annotations

import csv
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests import test_meltano
from tests.test_meltano import MELTANO_SETTINGS, REPO, read_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

meltano_venv = test_meltano.meltano_venv  # the fixture

KEYS = {"TARGET_APPTIVO_API_KEY": "made-up-api-key", "TARGET_APPTIVO_ACCESS_KEY": "made-up-access"}
INSTALL = "meltano install"
IDS = "select {0}, apptivo_id from shop.{1} join from_apptivo.ids on {1}.id = source_id and stream = 'to_apptivo-{1}'"


@dataclass(frozen=True, slots=True)
class Example:
    """A copy of an example, and the environment that its commands are run in."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str, **environ: str) -> CompletedProcess[str]:
        """Run a command as a shell does."""
        return subprocess.run(
            ["/bin/sh", "-c", command],  # noqa: S603 - the commands of our README
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def run_block(self, number: int) -> list[CompletedProcess[str]]:
        """Run the commands of one of the README's blocks; each has to succeed."""
        text = (self.folder / "README.md").read_text("utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        commands = [line for line in blocks[number].splitlines() if line != INSTALL]
        runs = [self.run(command) for command in commands]
        for command, run in zip(commands, runs, strict=True):
            assert run.returncode == 0, f"{command}\n{run.stderr}"
        return runs


def copy_example(name: str, directory: Path, *programs: Path, **environ: str) -> Example:
    """Copy an example, and put programs before those of this machine."""
    ignored = shutil.ignore_patterns(".meltano", "output", ".env", "rejected.singer")
    folder = Path(shutil.copytree(REPO / "examples" / name, directory / name, ignore=ignored))
    inherited = {
        variable: value
        for variable, value in os.environ.items()
        if not variable.startswith(("MELTANO_", "TARGET_APPTIVO_", "PG"))
    }
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    return Example(folder, {**inherited, **MELTANO_SETTINGS, **environ, "PATH": path})


def install_plugins(example: Example, venv: Path) -> None:
    """Give a copied Meltano project its plugins, made once for all runs with these versions."""
    project = example.folder / "meltano.yml"
    text = project.read_text("utf-8").replace("-e ../..[", f"-e {REPO}[")
    project.write_text(text, "utf-8")
    kept = venv / "examples" / example.folder.name
    made_from = kept / "made-from"
    wanted = "\n".join(re.findall("pip_url: .*", text)) + (REPO / "pyproject.toml").read_text()
    if not made_from.exists() or made_from.read_text("utf-8") != wanted:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        installed = example.run(INSTALL, MELTANO_SYS_DIR_ROOT=str(kept))
        assert installed.returncode == 0, installed.stderr
        made_from.write_text(wanted, "utf-8")
    (example.folder / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (example.folder / ".meltano" / kind).symlink_to(kept / kind)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty sandbox that keeps every request."""
    with Sandbox(keep_requests=True) as box:
        yield box


def programs(directory: Path) -> Path:
    """Where an environment has its programs."""
    return directory / "bin"


# -- a file into leads --------------------------------------------------------------------------


@pytest.fixture
def leads(meltano_venv: Path, tmp_path: Path, sandbox: Sandbox) -> Example:
    """The file of people, with its plugins."""
    example = copy_example(
        "jsonl-to-leads",
        tmp_path,
        programs(meltano_venv),
        TARGET_APPTIVO_API_URL=sandbox.url,
    )
    install_plugins(example, meltano_venv)
    return example
