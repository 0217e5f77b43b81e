"""The settings as plain values: read once, everything below is handed what it needs. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from target_apptivo.errors import SettingsError
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.responses import check_responses
from target_apptivo.settings.routing import build_routes
from target_apptivo.settings.setting import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.settings.routes import Routes

_KEYS: Final = ("api_key", "access_key")
# What is shorter is masked as a word, which spoils texts for people (redact.py).
_SHORTEST_KEY: Final = 8
# The last `@` before the path ends the password, which may hold others.
_PASSWORD: Final = re.compile(r"[^:/?#]+://[^:/?#@]*:(?P<password>[^/?#]*)@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(DeclaredSettings):
    """The settings of a run: the declared ones, and what they come to.

    Attributes:
        routes: Where each stream goes.
        is_sandbox: Whether `api_url` and the keys are a sandbox's, in place of those that are set.
    """

    routes: Routes
    is_sandbox: bool = False

    @property
    def reads_fields(self) -> bool:
        """Whether the account's configuration is read, whatever else is sent."""
        return any(route.rules.fields for route in self.routes.all())

    @property
    def credentials(self) -> Pairs:
        """The parameters that say who calls; empty ones where nothing is sent."""
        keys = (("apiKey", self.api_key), ("accessKey", self.access_key))
        return (*keys, ("userName", self.user_name)) if self.user_name else keys


def read_settings(
    config: Mapping[str, Any],
    *,
    needs_keys: bool | None = None,
    stdout_is_state: bool = False,
    sandbox_url: str | None = None,
) -> Settings:
    """Make plain values of checked settings.

    Args:
        config: The settings; an absent or null one has its default.
        needs_keys: Whether Apptivo will be called; by default unless `dry_run` is set.
        stdout_is_state: Whether whoever runs the target stores its stdout as state.
        sandbox_url: Base URL of a sandbox to send to, with made-up keys, in place of Apptivo.

    Returns:
        The settings.

    Raises:
        SettingsError: If settings are wrong or do not fit together.
    """
    given = read(DeclaredSettings, config)
    if not sandbox_url:
        check_keys(given, required=not given.dry_run if needs_keys is None else needs_keys)
    check_responses(given.responses, stdout_is_state=stdout_is_state)
    if given.max_rejected and not given.rejected_path:
        problem = "is required with max_rejected: it is where rejected records are kept"
        raise SettingsError("rejected_path", problem)
    declared = {each.name: getattr(given, each.name) for each in fields(given)}
    settings = Settings(**declared, routes=build_routes(given))
    if needs_keys is None and settings.reads_fields and not sandbox_url:
        check_keys(settings, required=True)
    return _in_sandbox(settings, sandbox_url) if sandbox_url else settings


def check_keys(given: DeclaredSettings, *, required: bool) -> None:
    """Refuse keys that cannot be right, and none where Apptivo is called."""
    for name in _KEYS:
        key: str = getattr(given, name)
        if required and not key.strip():
            problem = (
                f"is required, in a --config file or as TARGET_APPTIVO_{name.upper()} with "
                "--config=ENV (Apptivo: Business Settings > API Access); --sandbox needs none"
            )
            raise SettingsError(name, problem)
        if key.strip() not in {"", key}:
            problem = "begins or ends with white space"
            raise SettingsError(name, problem)


def _in_sandbox(settings: Settings, url: str) -> Settings:
    """Send to a sandbox, which never gets the real keys."""
    return replace(
        settings,
        api_url=url,
        api_key="sandbox-api-key",
        access_key="sandbox-access-key",
        user_name=None,
        is_sandbox=True,
    )


def short_keys(config: Mapping[str, Any]) -> list[str]:
    """Name the keys that are too short to be right: placeholders, or cut off."""
    keys = {name: config.get(name) for name in _KEYS}
    return [name for name, key in keys.items() if key and len(str(key)) < _SHORTEST_KEY]


def secrets_in(config: Mapping[str, Any]) -> list[Any]:
    """Give what must never be shown of settings as read: the keys, and the journal's password."""
    found = [config.get(name) for name in _KEYS]
    url = config.get("journal_url")
    if isinstance(url, str) and (match := _PASSWORD.match(url)):
        found += [match["password"], unquote(match["password"])]
    return found
