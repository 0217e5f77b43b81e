"""Meltano itself, in a project made from the repository's, and what its taps load.

Meltano lives in `.venv-meltano` and its plugins in `.venv-plugin-*`: the first run makes them by
uv or pip, and later runs find them there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Sandbox
from tests import environments, resident
from tests.environments import REPO
from tests.examples import keep_plugins, of_this_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

MELTANO_SETTINGS = {
    "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
    "MELTANO_CLI_LOG_FORMAT": "uncolored",
    "MELTANO_ENVIRONMENT": "sandbox",
    # Nobody listens there: a look-up in the Hub would fail.
    "MELTANO_HUB_URL": "http://127.0.0.1:9",
}
KEYS = {"TARGET_APPTIVO_API_KEY": "made-up-1", "TARGET_APPTIVO_ACCESS_KEY": "made-up-2"}

# tap-jsonl cannot resume; a tap that can, and tells its state after every row.
TAP_ROWS = '''#!/usr/bin/env python3
"""Read rows.jsonl from where the state says."""
import argparse, json, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--config")
parser.add_argument("--state", type=pathlib.Path)
state = parser.parse_args().state
done = json.loads(state.read_text())["bookmarks"]["leads"]["rows"] if state else 0
schema = {"properties": {"source_id": {"type": "integer"}}}
tell = {"type": "SCHEMA", "stream": "leads", "schema": schema, "key_properties": ["source_id"]}
print(json.dumps(tell), flush=True)
for line in pathlib.Path("rows.jsonl").read_text().splitlines()[done:]:
    done += 1
    tell = {"type": "RECORD", "stream": "leads", "record": json.loads(line)}
    print(json.dumps(tell), flush=True)
    tell = {"type": "STATE", "value": {"bookmarks": {"leads": {"rows": done}}}}
    print(json.dumps(tell), flush=True)
'''
TAP_ROWS_PLUGIN = """
  - name: tap-rows
    namespace: tap_rows
    executable: ./tap_rows.py
    capabilities: [state]
"""
# A tap of others' for files of comma-separated values: it guesses the types, and its state is the
# time of the file. Its name on the registry is its own.
TAP_CSV_PLUGIN = """
  - name: tap-spreadsheets
    namespace: tap_spreadsheets
    pip_url: tap-spreadsheets==1.1.2
    executable: tap-spreadsheets
    capabilities: [catalog, discover, state]
    settings:
    - name: files
      kind: array
"""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Meltano:
    """Meltano's command in a project."""

    command: Path
    directory: Path

    def __call__(self, *arguments: str, **environ: str) -> CompletedProcess[str]:
        """Run it, without what this process has set for Meltano or the loader."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MELTANO_", "TARGET_APPTIVO_"))
        }
        return subprocess.run(  # noqa: S603
            [self.command, *arguments],
            cwd=self.directory,
            env={**inherited, **MELTANO_SETTINGS, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@dataclass(frozen=True, slots=True)
class Project:
    """A Meltano project made from the repository's, and the sandbox it loads."""

    command: Meltano
    sandbox: Sandbox
    state_suffix: str

    def meltano(self, *arguments: str, **environ: str) -> CompletedProcess[str]:
        """Run Meltano's command for this sandbox; whatever it prints, no key is in it."""
        url = self.sandbox.url
        done = self.command(*arguments, TARGET_APPTIVO_API_URL=url, **KEYS, **environ)
        assert "made-up" not in done.stdout + done.stderr
        return done

    def run(self, tap: str, **environ: str) -> CompletedProcess[str]:
        """Run a tap into the loader, with a state of this test's own."""
        suffix = f"--state-id-suffix={self.state_suffix}"
        return self.meltano("run", suffix, tap, "target-apptivo", **environ)

    def state(self, tap: str) -> Record:
        """The state that Meltano has stored."""
        state_id = f"sandbox:{tap}-to-target-apptivo:{self.state_suffix}"
        answer = self.meltano("--log-level=error", "state", "get", state_id)
        state: Record = json.loads(answer.stdout)["singer_state"]
        return state

    def write_rows(self, *rows: Record) -> None:
        """Set what tap-rows will find."""
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (self.command.directory / "rows.jsonl").write_text(text, "utf-8")

    def delivered(self) -> list[Any]:
        """The last names of the leads that arrived, in the order of the alphabet."""
        return sorted(record["lastName"] for record in self.sandbox.records["leads"])


def read_jsonl(path: Path) -> list[Record]:
    """Read the rows of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def meltano_programs() -> Iterator[Path]:
    """The folder of a program `meltano`: Meltano in an environment of its own, loaded once."""
    programs = environments.cached("meltano", "meltano>=4.3,<5")
    # Without -P the folder of the tests would come first, and `meltano` be a module of theirs.
    command = [str(programs / "python"), "-P", resident.__file__]
    # Not pytest's own folder: the path of a socket has to be short.
    with (
        tempfile.TemporaryDirectory(prefix="meltano-") as folder,
        subprocess.Popen(  # noqa: S603
            [*command, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"loaded\n"
        yield Path(folder)
        process.stdin.close()


@pytest.fixture(scope="module")
def meltano(meltano_programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Meltano:
    """Meltano in a copy of the project, with its plugins installed."""
    directory = tmp_path_factory.mktemp("project")
    project = of_this_repository((REPO / "meltano.yml").read_text("utf-8"))
    project = project.replace("\n  loaders:\n", f"{TAP_ROWS_PLUGIN}{TAP_CSV_PLUGIN}\n  loaders:\n")
    (directory / "meltano.yml").write_text(project, "utf-8")
    shutil.copytree(REPO / "demo" / "jsonl", directory / "demo" / "jsonl")
    (directory / "tap_rows.py").write_text(TAP_ROWS, "utf-8")
    (directory / "tap_rows.py").chmod(0o755)
    meltano = Meltano(meltano_programs / "meltano", directory)
    keep_plugins(directory, partial(meltano, "install"))
    return meltano


@pytest.fixture
def project(meltano: Meltano, request: pytest.FixtureRequest) -> Iterator[Project]:
    """The project, with an empty sandbox and no state."""
    with Sandbox() as sandbox:
        yield Project(meltano, sandbox, request.node.name)
