"""The settings as plain values: read once, everything below is handed what it needs. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from target_apptivo.apptivo.endpoints import ApiStyle
from target_apptivo.errors import SettingsError
from target_apptivo.settings.declared import RESPONSES_SCHEMA, SETTINGS, with_defaults
from target_apptivo.settings.routes import Routes, build_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.request import Pairs

# Real keys are never sent to a sandbox.
_SANDBOX_KEYS = (("apiKey", "sandbox-api-key"), ("accessKey", "sandbox-access-key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What becomes of Apptivo's answers; see the setting `responses`."""

    emit: str
    path: str | None
    webhook_url: str | None
    state_limit: int

    @property
    def are_told(self) -> bool:
        """Whether anybody asked for them."""
        return self.emit != "none" or self.webhook_url is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run; see `settings.py` for each."""

    api_url: str
    api_style: ApiStyle
    credentials: Pairs
    routes: Routes
    responses: Responses
    max_rejected: int
    rejected_path: str | None
    on_uncertain: str
    max_in_flight: int
    requests_per_second: float | None
    max_attempts: int
    connect_timeout: float
    read_timeout: float
    dry_run: bool
    journal_url: str | None
    journal_account: str | None
    settle_seconds: float
    is_sandbox: bool


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
    given = with_defaults(config, SETTINGS)
    api_url = base_url(given["api_url"])
    style = ApiStyle(given["api_style"])
    dry_run = given["dry_run"]
    required = not dry_run if needs_keys is None else needs_keys
    settings = Settings(
        api_url=sandbox_url or api_url,
        api_style=style,
        credentials=_SANDBOX_KEYS if sandbox_url else _credentials(given, required=required),
        routes=build_routes(given, style=style, base_url=api_url),
        responses=_responses(given.get("responses") or {}, stdout_is_state=stdout_is_state),
        max_rejected=given["max_rejected"],
        rejected_path=given.get("rejected_path"),
        on_uncertain=given["on_uncertain"],
        max_in_flight=int(given["max_in_flight"]),
        requests_per_second=given.get("requests_per_second"),
        max_attempts=int(given["max_attempts"]),
        connect_timeout=float(given["connect_timeout"]),
        read_timeout=float(given["read_timeout"]),
        dry_run=dry_run,
        journal_url=given.get("journal_url"),
        journal_account=given.get("journal_account"),
        settle_seconds=float(given["settle_seconds"]),
        is_sandbox=sandbox_url is not None,
    )
    if settings.max_rejected and not settings.rejected_path:
        problem = "is required with max_rejected: it is where rejected records are kept"
        raise SettingsError("rejected_path", problem)
    return settings


def base_url(url: str) -> str:
    """Check the API's base URL.

    Returns:
        The URL with its final `/`.

    Raises:
        SettingsError: If it is no URL that the keys may be sent to.
    """
    parts = _url(url, "api_url")
    if "?" in url or "#" in url:
        problem = "must have no query and no fragment"
        raise SettingsError("api_url", problem)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        problem = "must be https; plain http is for a loopback host (127.0.0.1, localhost) alone"
        raise SettingsError("api_url", problem)
    return url if url.endswith("/") else f"{url}/"


def _credentials(given: Mapping[str, Any], *, required: bool) -> Pairs:
    """Read the keys; masks stand for keys that will not be sent."""
    for name in ("api_key", "access_key"):
        key = str(given.get(name, ""))
        if required and not key.strip():
            problem = (
                f"is required, in a --config file or as TARGET_APPTIVO_{name.upper()} with "
                "--config=ENV (Apptivo: Business Settings > API Access)"
            )
            raise SettingsError(name, problem)
        if key.strip() not in {"", key}:
            problem = "begins or ends with white space"
            raise SettingsError(name, problem)
    keys = (("apiKey", given.get("api_key", "")), ("accessKey", given.get("access_key", "")))
    user_name = given.get("user_name")
    return (*keys, ("userName", user_name)) if user_name else keys


def _responses(given: Mapping[str, Any], *, stdout_is_state: bool) -> Responses:
    """Read where the answers go."""
    options = with_defaults(given, RESPONSES_SCHEMA)
    responses = Responses(
        emit=options["emit"],
        path=options.get("path"),
        webhook_url=options.get("webhook_url"),
        state_limit=int(options["state_limit"]),
    )
    if responses.path and responses.emit != "records":
        problem = "needs responses.emit `records`"
        raise SettingsError("responses.path", problem)
    if responses.emit == "records" and not responses.path and stdout_is_state:
        problem = (
            "is required under Meltano, which stores a loader's stdout as state; response records "
            "have to go to a file"
        )
        raise SettingsError("responses.path", problem)
    if responses.webhook_url:
        _url(responses.webhook_url, "responses.webhook_url")
    return responses


def _url(url: str, path: str) -> Any:  # noqa: ANN401 - urllib names the type privately
    """Split an http URL that holds no user."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " or character == "\\" for character in url):
        problem = "must be an http or https URL"
        raise SettingsError(path, problem)
    if "@" in parts.netloc:
        problem = "must hold no user name or password"
        raise SettingsError(path, problem)
    return parts


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
