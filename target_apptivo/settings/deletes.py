"""Deletes are for streams that are named, and never reached through a wildcard. Pure."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.settings.routes import Route, Routes

_PROBLEM = "a wildcard never leads to a delete; name the stream"
# As the SDK's stream maps have them.
_WILD = frozenset("*?[")


def refuse_wild_delete(stream: str, route: Route) -> None:
    """Refuse an entry of `streams` that leads to a delete without naming the stream.

    Raises:
        SettingsError: If it does.
    """
    if route.is_exact:
        return
    if route.operation.deletes:
        raise SettingsError(f"streams.{stream}", _PROBLEM)
    if route.rules.hard_delete:
        problem = "is for streams that are named exactly, not for a wildcard"
        raise SettingsError(f"streams.{stream}.hard_delete", problem)


def refuse_wild_renames(stream_maps: Mapping[str, Any], routes: Routes) -> None:
    """Refuse stream maps that rename whatever matches to a stream that deletes.

    An alias may be an expression: what it comes to is seen by `refuse_wild_rename`.

    Raises:
        SettingsError: If one does.
    """
    for name, entry in stream_maps.items():
        if not isinstance(entry, dict):
            continue
        if "__source__" in entry:
            option, source, alias = "__source__", str(entry["__source__"]), name
        else:
            option, source, alias = "__alias__", name, str(entry.get("__alias__"))
        if _is_wild(source) and _deletes(routes, alias):
            raise SettingsError(f"stream_maps.{name}.{option}", _PROBLEM)


def refuse_wild_rename(
    source: str, aliases: list[str], stream_maps: Mapping[str, Any], routes: Routes
) -> None:
    """Refuse to rename a stream to one that deletes, unless its own name stands in the maps.

    Args:
        source: The stream as the tap names it.
        aliases: What the stream maps make of it: in its own place first, then beside it.
        stream_maps: The setting.
        routes: Where streams go.

    Raises:
        SettingsError: If a wildcard does.
    """
    for number, alias in enumerate(aliases):
        if alias == source or not _deletes(routes, alias):
            continue
        named = _source_of(alias, stream_maps) if number else _decisive_map(source, stream_maps)
        if named != source or _is_wild(source):
            problem = f"stream '{source}' becomes '{alias}', which deletes: {_PROBLEM}"
            raise SettingsError("stream_maps", problem)


def _deletes(routes: Routes, stream: str) -> bool:
    """Whether records of a stream may delete."""
    route = routes.find(stream)
    return route is not None and route.deletes


def _is_wild(name: str) -> bool:
    """Whether a name in the stream maps stands for several streams."""
    return not _WILD.isdisjoint(name)


def _source_of(alias: str, stream_maps: Mapping[str, Any]) -> object:
    """Give the stream, or the wildcard, that an entry makes another stream of."""
    entry = stream_maps.get(alias)
    return entry.get("__source__") if isinstance(entry, dict) else None


def _decisive_map(source: str, stream_maps: Mapping[str, Any]) -> str | None:
    """Give the name of the entry that decides on a stream: the last one that fits."""
    fitting = [
        name
        for name, entry in stream_maps.items()
        if not (isinstance(entry, dict) and "__source__" in entry)
        and (name == source or fnmatch(source, name))
    ]
    return fitting[-1] if fitting else None
