"""Who may import whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import target_apptivo

PACKAGE = Path(target_apptivo.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What does I/O, keeps time, draws random numbers, logs, or starts threads and processes.
IMPURE = {
    "asyncio", "backoff", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
    "random", "requests", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib3", "uuid", "concurrent",
}  # fmt: skip
# Built-in functions that do I/O.
IMPURE_FUNCTIONS = {"open", "print", "input", "exec", "eval", "__import__"}
# Classes that do nothing of themselves.
PURE_OF_OURS = {"errors"}


@cache
def tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Give everything in a module."""
    return tuple(ast.walk(tree(path)))


@cache
def is_pure(path: Path) -> bool:
    """Whether a module promises purity: `Pure` or `Data` in the first line of its docstring."""
    with path.open(encoding="utf-8") as module:
        return bool(re.search(r"\b(Pure|Data)\b", module.readline(), re.IGNORECASE))


def name_of(path: Path) -> str:
    """Give a module's name within the package."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


PURE = [path for path in MODULES if is_pure(path)]


@cache
def imports(path: Path, *, for_types_too: bool = True) -> set[str]:
    """Give the full names of all modules that a module imports, anywhere in it."""
    found = set()
    skipped: set[ast.AST] = set()
    for node in nodes(path):
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if is_for_types and not for_types_too:
            skipped.update(ast.walk(node))
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def roots(names: set[str]) -> set[str]:
    """Give the packages of modules."""
    return {name.partition(".")[0] for name in names}


# Rooms in which everything is pure, and what is not in the sandbox's.
PURE_ROOMS = {"apptivo", "settings"}
IMPURE_IN_SANDBOX = {"__main__.py", "sandbox.py", "server.py", "__init__.py"}


def test_whole_rooms_promise_purity() -> None:
    """Knowledge of Apptivo needs no clock and no socket to be tested: none of it, anywhere."""
    for room in PURE_ROOMS:
        for path in PACKAGE.glob(f"{room}/*.py"):
            assert is_pure(path) or path.name == "__init__.py", path
    for path in PACKAGE.glob("sandbox/*.py"):
        assert is_pure(path) != (path.name in IMPURE_IN_SANDBOX), path


def test_a_pure_module_imports_nothing_impure() -> None:
    """No I/O, no clock, no dice, no log, no thread: not even inside a function."""
    for path in PURE:
        assert not roots(imports(path)) & IMPURE, name_of(path)
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        called = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
        assert not called & IMPURE_FUNCTIONS, name_of(path)


def test_a_pure_module_stands_on_pure_ones() -> None:
    """A promise is worth no more than those of the modules it calls."""
    pure = {name_of(each) for each in PURE} | PURE_OF_OURS
    modules = {name_of(each) for each in MODULES}
    for path in PURE:
        named = imports(path, for_types_too=False)
        ours = {name.removeprefix("target_apptivo.") for name in named} & modules
        assert ours <= pure, name_of(path)


def test_the_sandbox_shares_nothing_with_what_it_stands_in_for() -> None:
    """A checker that shared the code it checks would share its faults."""
    for path in PACKAGE.glob("sandbox/*.py"):
        ours = {name for name in imports(path) if name.startswith("target_apptivo.")}
        assert all(name.startswith("target_apptivo.sandbox") for name in ours), path.name


def test_a_pure_module_asks_no_clock() -> None:
    """`datetime` is for values; the present is handed in."""
    for path in PURE:
        names = {node.attr for node in nodes(path) if isinstance(node, ast.Attribute)}
        asked = names & {"now", "utcnow", "today", "monotonic", "perf_counter"}
        assert not asked, name_of(path)


def test_only_the_client_knows_the_http_library() -> None:
    """Another library would change one module."""
    for path in MODULES:
        knows = bool(roots(imports(path)) & {"requests", "urllib3"})
        assert knows == (path.name == "connecting.py"), path.name


def test_every_module_opens_with_its_job() -> None:
    """The first line says what the module is for."""
    for path in MODULES:
        docstring = ast.get_docstring(tree(path)) or ""
        assert docstring.partition("\n")[0].endswith((".", "?")), name_of(path)


def test_the_imports_are_of_known_packages() -> None:
    """A package that is not a dependency is not imported, and `cli` needs no extra."""
    known = {
        "backoff",
        "click",
        "jsonschema",
        "jsonschema_rs",
        "referencing",
        "requests",
        "simpleeval",
        "simplejson",
        "singer_sdk",
        "sqlalchemy",
        "target_apptivo",
        "urllib3",
    }
    for path in MODULES:
        extra = {"aiohttp"} if "sandbox" in path.parts else set()
        assert roots(imports(path)) <= known | extra | sys.stdlib_module_names, path.name


def test_the_maintained_backoff_is_installed_alone() -> None:
    """The distribution `backoff` would overwrite the files of `python-backoff`."""
    assert version("python-backoff")
    with pytest.raises(PackageNotFoundError):
        version("backoff")


def test_only_the_journal_knows_databases() -> None:
    """The journal could be kept elsewhere by changing one room."""
    for path in MODULES:
        if "journal" not in path.relative_to(PACKAGE).parts:
            assert not roots(imports(path)) & {"sqlalchemy", "psycopg", "sqlite3"}, path.name


def test_the_journal_is_loaded_by_who_has_one() -> None:
    """SQLAlchemy costs a quarter of a second: without `journal_url` nobody pays for it."""
    command = "import sys, target_apptivo.target; sys.exit('sqlalchemy.engine' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)  # noqa: S603 - our own


def test_a_way_catches_nothing_around_a_step() -> None:
    """What leaves a way ends the run at its record; a way that caught it would hide it."""
    for path in PACKAGE.glob("apptivo/**/*.py"):
        for node in nodes(path):
            if isinstance(node, ast.Try):
                awaited = [each for step in node.body for each in ast.walk(step)]
                assert not any(isinstance(each, ast.Await) for each in awaited), name_of(path)
