"""Copies of the examples, whose READMEs' commands are run as they stand; Meltano's plugins."""

from __future__ import annotations

import importlib
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
from tests.install import uv_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

yaml = importlib.import_module("yaml")  # the SDK's; it comes without types

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

    def run_block(self, number: int, **environ: str) -> list[CompletedProcess[str]]:
        """Run the commands in one of the README's blocks; all have to succeed."""
        text = (self.folder / "README.md").read_text("utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        commands = [command for command in blocks[number].splitlines() if command != INSTALL]
        runs = [self.run(command, **environ) for command in commands]
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


def of_this_repository(project: str) -> str:
    """Have a `meltano.yml` install the target from here, with all extras: all share one then."""
    return re.sub(r"-e \S+\[[\w,]+\]", f"-e {REPO}[sandbox,postgres]", project)


def keep_plugins(folder: Path, install: Callable[..., CompletedProcess[str]]) -> None:
    """Give a Meltano project its plugins: installed once for all projects that want the same.

    Args:
        folder: The project's.
        install: Runs `meltano install` for a plugin, with the variables that it is given.
    """
    plugins = yaml.safe_load((folder / "meltano.yml").read_text("utf-8"))["plugins"]
    for kind in ("extractors", "loaders"):
        (folder / ".meltano" / kind).mkdir(parents=True)
        for plugin in plugins[kind]:
            if "pip_url" in plugin:
                kept = _kept(plugin, install) / kind / plugin["name"]
                (folder / ".meltano" / kind / plugin["name"]).symlink_to(kept)


def _kept(plugin: dict[str, str], install: Callable[..., CompletedProcess[str]]) -> Path:
    """Give the folder where a plugin is installed, again when a requirement changes."""
    ours = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = f"{plugin['pip_url']}\n{json.dumps(ours) if str(REPO) in plugin['pip_url'] else ''}"
    with environments.making(f"plugin-{plugin['name']}") as cache:
        made_for = cache / "made-for"
        if not made_for.exists() or made_for.read_text("utf-8") != wanted:
            shutil.rmtree(cache, ignore_errors=True)
            cache.mkdir()
            # As in `tests/install.py`: uv first, then pip, which need not compile.
            root = {"MELTANO_SYS_DIR_ROOT": str(cache)}
            with_uv = {"MELTANO_VENV_BACKEND": "uv", **uv_settings()}
            installed = install(plugin["name"], **root, **with_uv)
            if installed.returncode != 0:
                with_pip = {"MELTANO_VENV_BACKEND": "virtualenv", "PIP_COMPILE": "0"}
                installed = install(plugin["name"], **root, **with_pip)
            assert installed.returncode == 0, installed.stderr
            made_for.write_text(wanted, "utf-8")
    return cache
