"""Measure the house: rooms, floors and circles, and the sizes of modules, classes and functions.

    .venv/bin/python docs/measure.py

It reads the code with `ast` and imports none of it, prints one line a measure, and ends with exit
code 1 if one is missed. How it counts:

- A room is a module or a folder directly in the package; `__init__` and `__main__` are none.
- An arrow leads from a room to one that it imports, anywhere in it, also for types only.
- Floors are the rooms of the longest chain of arrows; the rooms of a circle share a floor.
- A module's lines are those of its file. A class's methods are those in its own body.
- A function's lines run from `def` to its end, signature included, docstring not. A function in
  another counts within that one and for itself.
"""

from __future__ import annotations

import ast
import math
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    # From one to another, and whether that holds at run time, not for types only.
    Arrows = Mapping[tuple[str, str], bool]

PACKAGE: Final = Path(__file__).parents[1] / "target_apptivo"

_NO_ROOMS: Final = {"", "__main__"}
_FOR_TYPES: Final = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
_WORTH_A_LOOK: Final = 200


class Sized(NamedTuple):
    """Something that has a size, and where it stands."""

    size: int
    place: str


@dataclass(frozen=True)
class Module:
    """One file of the package.

    Attributes:
        name: Its dotted name below the package; that of its folder for an `__init__`.
        place: Its path below the package.
        source: Its text.
    """

    name: str
    place: str
    source: str

    @property
    def room(self) -> str:
        """The folder or module directly in the package that it belongs to."""
        return room_of(self.name)

    @property
    def folder(self) -> str:
        """The dotted name of the folder that it stands in; empty for the package itself."""
        return ".".join(Path(self.place).parent.parts)

    @cached_property
    def tree(self) -> ast.Module:
        """What it says."""
        return ast.parse(self.source, filename=self.place)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about the house.

    Attributes:
        name: What is measured.
        value: What was found.
        target: What it may be at most; None where it is only told.
        note: What is behind the number.
    """

    name: str
    value: float
    target: int | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the value is above its target."""
        return self.target is not None and self.value > self.target

    def __str__(self) -> str:
        """Give its line."""
        target = "" if self.target is None else f"at most {self.target}"
        mark = "" if self.target is None else "MISSED" if self.is_missed else "ok"
        return f"{self.name:<40}{self.value:>5g}  {target:<10}  {mark:<6}  {self.note}".rstrip()


def read_modules(package: Path) -> list[Module]:
    """Read all modules of a package."""
    return [_read(package, path) for path in sorted(package.rglob("*.py"))]


def _read(package: Path, path: Path) -> Module:
    """Read one module."""
    place = path.relative_to(package)
    parts = [part for part in place.with_suffix("").parts if part != "__init__"]
    return Module(".".join(parts), place.as_posix(), path.read_text(encoding="utf-8"))


def room_of(name: str) -> str:
    """Give the room of a module's name."""
    return name.partition(".")[0]


# -- Who imports whom --------------------------------------------------------------------------


def imports(module: Module) -> Iterator[tuple[str, bool]]:
    """Give the full names that a module imports, and whether at run time."""
    for_types = {id(node) for node in _nodes_for_types(module.tree)}
    for node in ast.walk(module.tree):
        for name in _imported(module, node):
            yield name, id(node) not in for_types


def _nodes_for_types(tree: ast.Module) -> Iterator[ast.AST]:
    """Give everything that stands under `if TYPE_CHECKING`, which is nothing of its `else`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in _FOR_TYPES:
            for statement in node.body:
                yield from ast.walk(statement)


def _imported(module: Module, node: ast.AST) -> list[str]:
    """Give the names that one statement imports; a relative one begins with a dot."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            origin = _origin(module, node)
            return [f"{origin}.{alias.name}" for alias in node.names]
    return []


def _origin(module: Module, node: ast.ImportFrom) -> str:
    """Tell from where a `from` imports; for a relative one, below the package after a dot."""
    if not node.level:
        return node.module or ""
    parents = module.folder.split(".") if module.folder else []
    base = parents[: len(parents) - node.level + 1]
    return ".".join(["", *base, *([node.module] if node.module else [])])


def module_arrows(package: str, modules: Sequence[Module]) -> Arrows:
    """Draw who imports whom, module by module."""
    names = {module.name for module in modules}
    arrows: dict[tuple[str, str], bool] = {}
    for module in modules:
        for name, at_run_time in imports(module):
            target = _module_named(name, package, names)
            if target is not None and target != module.name:
                arrow = module.name, target
                arrows[arrow] = arrows.get(arrow, False) or at_run_time
    return arrows


def _module_named(name: str, package: str, names: set[str]) -> str | None:
    """Find the module of ours that an imported name is, or is in."""
    top, _, below = name.partition(".")
    if top not in {"", package}:
        return None
    while below and below not in names:
        below = below.rpartition(".")[0]
    return below


def room_arrows(arrows: Arrows) -> Arrows:
    """Draw who imports whom, room by room."""
    drawn: dict[tuple[str, str], bool] = {}
    for (source, target), at_run_time in arrows.items():
        arrow = room_of(source), room_of(target)
        if arrow[0] != arrow[1] and not _NO_ROOMS & set(arrow):
            drawn[arrow] = drawn.get(arrow, False) or at_run_time
    return drawn


def arrows_within(room: str, arrows: Arrows) -> Arrows:
    """Keep the arrows between the modules of one room."""
    return {arrow: now for arrow, now in arrows.items() if {*map(room_of, arrow)} == {room}}


def reachable(arrows: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    """Tell what can be reached from each by one arrow or more."""
    nearest: defaultdict[str, set[str]] = defaultdict(set)
    for source, target in arrows:
        nearest[source].add(target)
    return {source: _all_behind(source, nearest) for source in tuple(nearest)}


def _all_behind(source: str, nearest: Mapping[str, set[str]]) -> set[str]:
    """Follow all arrows from one on."""
    seen: set[str] = set()
    ahead = set(nearest[source])
    while ahead:
        seen |= ahead
        ahead = {far for near in ahead for far in nearest.get(near, ())} - seen
    return seen


def circles(arrows: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Find those that import each other, directly or not: one list a circle."""
    below = reachable(arrows)
    on_one = [name for name in below if name in below[name]]
    groups = {frozenset(each for each in on_one if _share(name, each, below)) for name in on_one}
    return sorted(sorted(group) for group in groups)


def _share(one: str, other: str, below: Mapping[str, set[str]]) -> bool:
    """Whether two are on one circle."""
    return other in below[one] and one in below[other]


def count_floors(rooms: Iterable[str], arrows: Iterable[tuple[str, str]]) -> int:
    """Count the rooms of the longest chain of arrows; those of a circle share a floor."""
    below = reachable(arrows)

    @cache
    def floor(room: str) -> int:
        """Count from the ground floor, which imports nothing."""
        lower = [each for each in below.get(room, ()) if room not in below.get(each, ())]
        return 1 + max(map(floor, lower), default=0)

    return max(map(floor, rooms), default=0)


# -- Sizes -------------------------------------------------------------------------------------


def module_sizes(modules: Iterable[Module]) -> list[Sized]:
    """Count the lines of each module."""
    return [Sized(len(module.source.splitlines()), module.place) for module in modules]


def class_sizes(modules: Iterable[Module]) -> list[Sized]:
    """Count the methods of each class."""
    return [
        Sized(sum(map(_is_function, node.body)), f"{module.place} {node.name}")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    ]


def function_sizes(modules: Iterable[Module]) -> list[Sized]:
    """Count the lines of each function, without its docstring."""
    return [
        Sized(_lines(node) - _docstring_lines(node), f"{module.place} {node.name}")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _is_function(node: ast.AST) -> bool:
    """Whether a statement defines a function."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _lines(node: ast.stmt) -> int:
    """Count the lines of a statement; decorators stand before it."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a docstring."""
    return 0 if ast.get_docstring(node) is None else _lines(node.body[0])


def percentile(sizes: Sequence[int], percent: int) -> int:
    """Give the size that so many of a hundred do not exceed."""
    return sorted(sizes)[max(math.ceil(len(sizes) * percent / 100) - 1, 0)] if sizes else 0


# -- The measures ------------------------------------------------------------------------------


def measure(package: Path) -> list[Measure]:
    """Take all measures of a package."""
    modules = read_modules(package)
    if not modules:
        sys.exit(f"no modules in {package}")
    arrows = module_arrows(package.name, modules)
    return [
        *measure_rooms({module.room for module in modules} - _NO_ROOMS, room_arrows(arrows)),
        measure_folders({module.room for module in modules if module.folder}, arrows),
        *measure_modules(module_sizes(modules)),
        measure_largest("methods in a class", class_sizes(modules), 15),
        *measure_functions(function_sizes(modules)),
    ]


def measure_rooms(rooms: set[str], arrows: Arrows) -> list[Measure]:
    """Measure the drawing of rooms and arrows."""
    at_run_time = sum(arrows.values())
    kinds = f"{at_run_time} at run time, {len(arrows) - at_run_time} for types only"
    return [
        Measure("rooms at the top level", len(rooms), 22),
        Measure("floors", count_floors(rooms, arrows), 10),
        Measure("arrows between rooms", len(arrows), note=kinds),
        _measure_circles("circles between rooms", circles(arrows)),
    ]


def measure_folders(folders: Iterable[str], arrows: Arrows) -> Measure:
    """Look for circles between the modules of each folder."""
    found = [circle for each in sorted(folders) for circle in circles(arrows_within(each, arrows))]
    return _measure_circles("circles between modules of a folder", found)


def _measure_circles(name: str, found: Sequence[Sequence[str]]) -> Measure:
    """Tell circles, of which there must be none."""
    return Measure(name, len(found), 0, "; ".join(" <-> ".join(circle) for circle in found))


def measure_modules(sizes: Sequence[Sized]) -> list[Measure]:
    """Measure the modules."""
    long = [each for each in sizes if each.size > _WORTH_A_LOOK]
    return [
        Measure(f"modules over {_WORTH_A_LOOK} lines", len(long), note=_listed(long)),
        measure_largest("lines of a module", sizes, 250),
    ]


def measure_functions(sizes: Sequence[Sized]) -> list[Measure]:
    """Measure the functions."""
    lines = [each.size for each in sizes]
    return [
        Measure("lines of a function, median", median(lines or [0]), 6),
        Measure("lines of a function, 90th percentile", percentile(lines, 90), 18),
        measure_largest("lines of a function", sizes, 35),
    ]


def measure_largest(name: str, sizes: Sequence[Sized], target: int) -> Measure:
    """Measure the largest, and list all that miss the target, or else just that one."""
    largest = max(sizes, default=Sized(0, ""))
    too_large = [each for each in sizes if each.size > target]
    note = _listed(too_large) if too_large else largest.place
    return Measure(f"{name}, most", largest.size, target, note)


def _listed(sizes: Iterable[Sized]) -> str:
    """List what has a size, the largest first."""
    return ", ".join(f"{each.place} {each.size}" for each in sorted(sizes, key=_downwards))


def _downwards(sized: Sized) -> tuple[int, str]:
    """Order by size, the largest first."""
    return -sized.size, sized.place


def main(package: Path = PACKAGE) -> int:
    """Print the measures of a package, and give the exit code."""
    measures = measure(package)
    sys.stdout.writelines(f"{each}\n" for each in measures)
    return int(any(each.is_missed for each in measures))


if __name__ == "__main__":
    sys.exit(main())
