"""The README is true: its commands run, its tables are those of the program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES
from target_apptivo.settings.declared import SETTINGS
from target_apptivo.settings.options import APPLIES_TO, STREAM_SCHEMA

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


def _default(setting: dict[str, Any]) -> str:
    if "default" not in setting:
        return ""
    default = setting["default"]
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def settings_table() -> str:
    """Make the table of settings from their declaration."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, setting in SETTINGS["properties"].items():
        rows.append(f"| `{name}` | {_default(setting)} | {setting['description']} |")
        rows += [
            f"| `{name}.{inner}` | {_default(each)} | {each['description']} |"
            for inner, each in setting.get("properties", {}).items()
            if name == "responses"
        ]
    return "\n".join(rows)


def options_table() -> str:
    """Make the table of endpoint options from their declaration."""
    rows = ["| option | applies to | default | meaning |", "|---|---|---|---|"]
    for name, option in STREAM_SCHEMA["properties"].items():
        applies = APPLIES_TO.get(name, ("all",))
        creates = tuple(each for each in ENDPOINT_NAMES if each.startswith("create_"))
        told = "creates, generic" if applies == (*creates, "generic") else ", ".join(applies)
        rows.append(f"| `{name}` | {told} | {_default(option)} | {option['description']} |")
        rows += [
            f"| `{name}.{inner}` | {told} | {_default(each)} | {each['description']} |"
            for inner, each in option.get("properties", {}).items()
        ]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("part", "table"), [("settings", settings_table()), ("options", options_table())]
)
def test_the_tables_are_those_of_the_program(part: str, table: str) -> None:
    """Settings and options are told as they are declared; `README=write` brings them in step."""
    pattern = re.compile(rf"(<!-- {part} -->\n).*?(<!-- /{part} -->)", re.DOTALL)
    if os.environ.get("README") == "write":
        text = README.read_text(encoding="utf-8")
        README.write_text(
            pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text), encoding="utf-8"
        )
    found = pattern.search(README.read_text(encoding="utf-8"))
    assert found
    assert found[0] == f"<!-- {part} -->\n{table}\n<!-- /{part} -->"


def test_the_commands_run_one_after_the_other(tmp_path: Path) -> None:
    """The blocks that are marked `run` end with exit 0 as they stand there, after `make demo`."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    (tmp_path / "output").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in re.findall(r"```sh run\n(.*?)```", TEXT, re.DOTALL):
        done = subprocess.run(  # noqa: S602 - the README's own commands
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


def test_every_module_is_named() -> None:
    """A newcomer finds the file to open: each module stands in the README's table."""
    package = ROOT / "target_apptivo"
    for module in package.glob("[!_]*.py"):
        assert f"`{module.name}`" in TEXT, module.name


def test_what_the_readme_names_is_there() -> None:
    """Files and folders that the README points to exist."""
    for path in ("docs/sandbox.png", "demo/config.json", "examples/warehouse", "meltano.yml"):
        assert path in TEXT
        assert (ROOT / path).exists(), path
    for module in re.findall(r"`(\w+\.py)`", TEXT):
        assert (ROOT / "target_apptivo" / module).exists(), module
