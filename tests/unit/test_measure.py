"""The measures of the house, taken on little made-up ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs import measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[[dict[str, str]], Path]

NAMES = [
    "rooms at the top level",
    "floors",
    "arrows between rooms",
    "circles between rooms",
    "circles between modules of a folder",
    "modules over 200 lines",
    "lines of a module, most",
    "methods in a class, most",
    "lines of a function, median",
    "lines of a function, 90th percentile",
    "lines of a function, most",
]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build a package named `house` of files with these texts."""

    def write(files: dict[str, str]) -> Path:
        """Write the files."""
        for place, text in {"__init__.py": "", **files}.items():
            path = tmp_path / "house" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "house"

    return write


def taken(package: Path) -> dict[str, measure.Measure]:
    """Take the measures of a package, by name."""
    return {each.name: each for each in measure.measure(package)}


def arrows_of(package: Path) -> measure.Arrows:
    """Draw the arrows between the modules of a package."""
    return measure.module_arrows(package.name, measure.read_modules(package))


def function(lines: int, *, name: str = "f") -> str:
    """Write a function of so many lines."""
    return "\n".join([f"def {name}():", *["    pass"] * (lines - 1), ""])


def test_a_folder_is_one_room(build: Build) -> None:
    """A folder counts once, whatever is in it; `__init__` and `__main__` are no rooms."""
    package = build(
        {"a.py": "", "b/__init__.py": "", "b/c.py": "", "b/d.py": "", "__main__.py": ""}
    )
    assert taken(package)["rooms at the top level"].value == 2


def test_floors_are_the_longest_chain(build: Build) -> None:
    """A shortcut past a floor does not take it away, and a room without arrows has one."""
    files = {
        "roof.py": "import house.ground\nfrom house import middle",
        "middle.py": "from house.ground import f",
        "ground.py": "",
        "shed.py": "",
    }
    assert taken(build(files))["floors"].value == 3
    assert measure.count_floors(["shed"], {}) == 1


def test_the_rooms_of_a_circle_share_a_floor() -> None:
    """A circle does not make a house higher, and counting its floors comes to an end."""
    arrows = {("roof", "a"): True, ("a", "b"): True, ("b", "a"): True, ("b", "ground"): True}
    assert measure.count_floors({"roof", "a", "b", "ground"}, arrows) == 3


def test_a_circle_between_rooms_is_found(build: Build) -> None:
    """A circle is found over any number of rooms, and named; a chain is none."""
    files = {"a.py": "import house.b", "b.py": "import house.c", "c.py": "from house.a import f"}
    found = taken(build(files))["circles between rooms"]
    assert (found.value, found.note, found.is_missed) == (1, "a <-> b <-> c", True)
    assert not taken(build({**files, "c.py": ""}))["circles between rooms"].is_missed


def test_two_circles_are_two() -> None:
    """Circles that share no room are told apart, also where one leads to the other."""
    arrows = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")]
    assert measure.circles(arrows) == [["a", "b"], ["c", "d"]]


def test_an_import_for_types_closes_a_circle(build: Build) -> None:
    """Imports for types only are arrows like all others, and are told apart."""
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.a import A"
    found = taken(build({"a.py": "import house.b", "b.py": guarded}))
    assert found["circles between rooms"].note == "a <-> b"
    assert found["arrows between rooms"].note == "1 at run time, 1 for types only"


def test_one_import_at_run_time_makes_an_arrow_of_run_time(build: Build) -> None:
    """What is imported both ways counts once; the `else` of TYPE_CHECKING is run time."""
    both = "if TYPE_CHECKING:\n    import house.b\nelse:\n    import house.c\nimport house.b"
    arrows = arrows_of(build({"a.py": both, "b.py": "", "c.py": ""}))
    assert arrows == {("a", "b"): True, ("a", "c"): True}


def test_an_import_inside_a_function_is_an_arrow(build: Build) -> None:
    """Nothing is hidden by being imported late."""
    late = "def f():\n    from house import b"
    assert arrows_of(build({"a.py": late, "b.py": ""})) == {("a", "b"): True}


@pytest.mark.parametrize(
    ("statement", "target"),
    [
        ("import house.room.other", "room.other"),
        ("from house.room import other", "room.other"),
        ("from house.room.other import Thing", "room.other"),
        ("from house.room import Thing", "room"),
        ("from . import other", "room.other"),
        ("from .other import Thing", "room.other"),
        ("from ..near import Thing", "near"),
        ("from .. import near", "near"),
    ],
)
def test_an_import_is_of_the_nearest_module(build: Build, statement: str, target: str) -> None:
    """Whatever the spelling, an arrow leads to the module that has the name."""
    files = {"near.py": "", "room/__init__.py": "", "room/other.py": "", "room/one.py": statement}
    assert arrows_of(build(files)) == {("room.one", target): True}


@pytest.mark.parametrize("statement", ["import json", "from housekeeping import b", "import b"])
def test_the_imports_of_others_are_no_arrows(build: Build, statement: str) -> None:
    """A foreign name that resembles one of ours leads nowhere."""
    assert arrows_of(build({"a.py": statement, "b.py": ""})) == {}


def test_a_circle_within_a_folder_is_found(build: Build) -> None:
    """Modules of one room may not go round either; between rooms nothing is seen of it."""
    files = {"room/a.py": "import house.room.b", "room/b.py": "from house.room import a"}
    found = taken(build(files))
    assert found["circles between modules of a folder"].note == "room.a <-> room.b"
    assert found["circles between rooms"].value == 0


def test_a_long_function_is_found(build: Build) -> None:
    """One line too many is a miss, with the function's name."""
    found = taken(build({"a.py": function(35) + function(36, name="g")}))
    longest = found["lines of a function, most"]
    assert (longest.value, longest.note, longest.is_missed) == (36, "a.py g 36", True)


def test_a_docstring_is_no_line_and_a_signature_is(build: Build) -> None:
    """A function may say what it does at no cost; its decorators stand before it."""
    text = '@cache\ndef f(\n    a,\n):\n    """Do it.\n\n    Now.\n    """\n    return a\n'
    sizes = measure.function_sizes(measure.read_modules(build({"a.py": text})))
    assert sizes == [(4, "a.py f")]


def test_a_function_in_another_counts_twice(build: Build) -> None:
    """Within its parent, and for itself."""
    text = "def f():\n    async def g():\n        pass\n    return g\n"
    sizes = measure.function_sizes(measure.read_modules(build({"a.py": text})))
    assert sorted(sizes) == [(2, "a.py g"), (4, "a.py f")]


def test_the_percentile_is_one_of_the_sizes() -> None:
    """Nine in ten do not exceed the 90th percentile."""
    assert measure.percentile(range(1, 11), 90) == 9
    assert measure.percentile([7], 90) == 7
    assert measure.percentile([], 90) == 0


def test_many_methods_are_found(build: Build) -> None:
    """Methods count where they stand: not those of a class inside, nor a function's."""
    method = "    def f(self): pass\n"
    inside = "    class B:\n" + f"    {method}" * 3
    found = taken(build({"a.py": "class A:\n" + method * 16 + inside}))["methods in a class, most"]
    assert (found.value, found.note, found.is_missed) == (16, "a.py A 16", True)


def test_long_modules_are_listed(build: Build) -> None:
    """Over 200 lines is told, over 250 is a miss."""
    files = {"a.py": "\n" * 251, "b.py": "\n" * 201, "c.py": "\n" * 200}
    found = taken(build(files))
    assert found["modules over 200 lines"].note == "a.py 251, b.py 201"
    assert not found["modules over 200 lines"].is_missed
    assert found["lines of a module, most"].note == "a.py 251"
    assert found["lines of a module, most"].is_missed


def test_a_house_in_order_ends_with_0(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a measure, in columns."""
    assert measure.main(build({"a.py": function(2)})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:40].strip() for line in lines] == NAMES
    assert lines[0] == f"{NAMES[0]:<40}    1  at most 22  ok"


def test_a_measure_missed_ends_with_1(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    """One is enough, and its line says so."""
    assert measure.main(build({"a.py": function(36)})) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if "MISSED" in line]


def test_an_empty_house_is_no_house_in_order(tmp_path: Path) -> None:
    """A wrong path does not pass for a good measure."""
    with pytest.raises(SystemExit, match="no modules in"):
        measure.main(tmp_path)


def test_the_package_misses_no_measure(capsys: pytest.CaptureFixture[str]) -> None:
    """`make measure` tells every measure of `target_apptivo`, and that it is held."""
    assert measure.main() == 0
    assert [line[:40].strip() for line in capsys.readouterr().out.splitlines()] == NAMES
