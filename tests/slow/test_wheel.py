"""What is published works alone: the wheel in a new environment, at the edges of its ranges."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

from tests import environments
from tests.conftest import record, schema, state

ROOT = Path(__file__).parents[2]
TESTING = ("pytest>=9", "hypothesis")
LEADS = "".join(
    f"{json.dumps(line)}\n" for line in (schema("leads"), record("leads", 1), state(1))
).encode()


def call(*command: str | Path, text: bytes = b"", cwd: Path | None = None) -> str:
    """Run a command that has to succeed."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command], input=text, capture_output=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
    return done.stdout.decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of what is in the repository."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def lowest(dependency: str) -> str:
    """Give the lowest version that a range allows."""
    name, _, rest = dependency.partition(">=")
    if rest:
        return f"{name}=={rest.partition(',')[0]}"
    return dependency.replace("~=", "==")


def check_whole_runs(programs: Path, folder: Path) -> None:
    """Whole runs pass in an environment, with a journal and without, on a copy of the tests."""
    for name in ("tests", "demo"):
        shutil.copytree(ROOT / name, folder / "copy" / name)
    suite = ["tests/runs/test_golden.py", "tests/runs/test_plan.py"]
    told = call(programs / "python", "-m", "pytest", "-q", *suite, cwd=folder / "copy")
    assert " passed" in told


def test_the_wheel_runs_with_the_newest(wheel: Path, tmp_path: Path) -> None:
    """Without the extra the target runs and says what the sandbox needs; with it all runs pass."""
    programs = environments.make(tmp_path / "alone", str(wheel))
    assert "target-apptivo" in call(programs / "target-apptivo", "--about")
    (tmp_path / "config.json").write_text('{"dry_run": true}')
    call(programs / "target-apptivo", "--config", tmp_path / "config.json", text=LEADS)
    done = subprocess.run(  # noqa: S603 - our own command
        [str(programs / "target-apptivo"), "--sandbox"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"pip install 'target-apptivo[sandbox]'" in done.stderr.splitlines()[-1]
    distributions = {path.stem for path in programs.parent.rglob("*.dist-info")}
    assert any(name.startswith("python_backoff-") for name in distributions)
    assert not any(name.startswith("backoff-") for name in distributions)
    environments.add(programs, f"{wheel}[sandbox]", *TESTING)
    check_whole_runs(programs, tmp_path)


def test_the_wheel_runs_with_the_lowest(wheel: Path, tmp_path: Path) -> None:
    """All runs pass with the lowest version that each range allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["sandbox"]]
    pins = [lowest(each) for each in wanted]
    programs = environments.make(tmp_path / "lowest", f"{wheel}[sandbox]", *TESTING, *pins)
    check_whole_runs(programs, tmp_path)


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    """Its modules are those of the repository, and no test, example or output is among them."""
    names = {PurePosixPath(name) for name in ZipFile(wheel).namelist()}
    metadata = {name for name in names if name.parts[0].endswith(".dist-info")}
    files = {path.relative_to(ROOT) for path in (ROOT / "target_apptivo").rglob("*.*")}
    modules = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert {str(name) for name in names - metadata} == modules
    assert {name.name for name in metadata} == {
        *("METADATA", "RECORD", "WHEEL", "LICENSE", "entry_points.txt")
    }
