"""Copies of the examples, whose READMEs' commands are run as they stand; Meltano's plugins."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import environments
from tests.environments import REPO

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

# Left out: what it brings is kept from run to run.
INSTALL = "meltano install"


@dataclass(frozen=True, slots=True)
class Example:
    """A copy of an example, and the environment of its commands."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str, **environ: str) -> CompletedProcess[str]:
        """Run a command as a shell does."""
        return subprocess.run(  # noqa: S603 - our own README
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def run_block(self, number: int) -> list[CompletedProcess[str]]:
        """Run the commands in one of the README's blocks; all have to succeed."""
        text = (self.folder / "README.md").read_text("utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        commands = [command for command in blocks[number].splitlines() if command != INSTALL]
        runs = [self.run(command) for command in commands]
        for command, run in zip(commands, runs, strict=True):
            assert run.returncode == 0, f"{command}\n{run.stderr}"
        return runs


def copy_example(name: str, directory: Path, programs: Path, **environ: str) -> Example:
    """Copy an example; its commands find programs of this folder first."""
    ours = shutil.ignore_patterns(".meltano", ".env", "output", "re*.singer")
    folder = Path(shutil.copytree(REPO / "examples" / name, directory / name, ignore=ours))
    inherited = {
        variable: value
        for variable, value in os.environ.items()
        if not variable.startswith(("MELTANO_", "TARGET_APPTIVO_", "PG"))
    }
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Example(folder, {**inherited, **environ, "PATH": path})


def keep_plugins(name: str, folder: Path, install: Callable[..., CompletedProcess[str]]) -> None:
    """Give a Meltano project its plugins: installed once, and again when a requirement changes.

    Args:
        name: Under which they are kept from run to run.
        folder: The project's.
        install: Runs `meltano install`, with the variables that it is given.
    """
    text = (folder / "meltano.yml").read_text("utf-8")
    ours = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = "\n".join([*re.findall("pip_url: .*", text), json.dumps(ours)])
    with environments.making(f"plugins-{name}") as cache:
        made_for = cache / "made-for"
        if not made_for.exists() or made_for.read_text("utf-8") != wanted:
            shutil.rmtree(cache, ignore_errors=True)
            cache.mkdir()
            installed = install(MELTANO_SYS_DIR_ROOT=str(cache))
            assert installed.returncode == 0, installed.stderr
            made_for.write_text(wanted, "utf-8")
    (folder / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (folder / ".meltano" / kind).symlink_to(cache / kind)
