"""Build the routes from the settings: every row is checked before a record is read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import GENERIC, TEMPLATES
from target_apptivo.errors import SettingsError
from target_apptivo.settings.deletes import refuse_wild_delete
from target_apptivo.settings.routes import Route, Routes, is_glob
from target_apptivo.settings.rules import build_rules

if TYPE_CHECKING:
    from target_apptivo.settings.declared import DeclaredSettings


def build_routes(settings: DeclaredSettings) -> Routes:
    """Read the routes from the settings.

    Raises:
        SettingsError: If a row does not fit.
    """
    named = {stream: _named(stream, settings) for stream in settings.streams}
    defaults = {
        name: Route(build_rules({"endpoint": name}, settings, name), "default name")
        for name in TEMPLATES
    }
    return Routes(named, defaults, _fallback(settings))


def _named(stream: str, settings: DeclaredSettings) -> Route:
    """Read an entry of `streams`; `"leads": "generic"` has the options of `generic`."""
    entry = settings.streams[stream]
    options = {"endpoint": entry} if isinstance(entry, str) else entry
    path = f"streams.{stream}"
    if entry == GENERIC and settings.generic is not None:
        options, path = {**settings.generic, "endpoint": GENERIC}, "generic"
    why = f"matches '{stream}' in streams" if is_glob(stream) else "named in streams"
    route = Route(build_rules(options, settings, path), why, is_exact=not is_glob(stream))
    refuse_wild_delete(stream, route)
    return route


def _fallback(settings: DeclaredSettings) -> Route | None:
    """Read where every other stream goes; one that deletes is for named streams alone."""
    if settings.generic is None:
        return None
    options = {**settings.generic, "endpoint": GENERIC}
    why = "generic, nothing else matches"
    route = Route(build_rules(options, settings, "generic"), why, is_exact=False)
    if not route.deletes:
        return route
    if GENERIC not in settings.streams.values():
        problem = (
            "deletes, and so is only for streams that are named, as in "
            '{"streams": {"deleted_leads": "generic"}}'
        )
        raise SettingsError("generic", problem)
    return None
