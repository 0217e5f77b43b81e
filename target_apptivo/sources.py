"""Where settings come from: configuration files, and the environment."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

from target_apptivo.errors import SettingsError
from target_apptivo.settings.check import parse_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_REMEDY = 'write {"api_key": "…", "access_key": "…"} and what else is set (--about tells it)'
# Variables with our prefix that are no settings: the SDK's.
_NO_SETTINGS = {"loglevel"}


def check_log_settings() -> None:
    """End with one line where the log cannot be set up as the environment wants it."""
    for variable in ("TARGET_APPTIVO_LOGLEVEL", "LOGLEVEL"):
        if level := os.environ.get(variable):
            if level.upper() not in logging.getLevelNamesMapping():
                sys.exit(f"{variable}: must be one of {', '.join(_LOG_LEVELS)}")
            return


def read_files(paths: tuple[str, ...]) -> dict[str, Any]:
    """Read the configuration files; the last one wins.

    Args:
        paths: Their names; `ENV` stands for the environment, and is no file.

    Raises:
        SettingsError: If one is no JSON object; its content is not shown.
    """
    config: dict[str, Any] = {}
    for path in paths:
        if path == "ENV":
            continue
        try:
            content = json.loads(Path(path).read_bytes())
        except json.JSONDecodeError as error:
            where = f"{error.msg} at line {error.lineno}, column {error.colno}"
            raise SettingsError(path, f"is not JSON ({where}): {_REMEDY}") from None
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise SettingsError(path, f"cannot be read ({why})") from None
        if not isinstance(content, dict):
            raise SettingsError(path, f"is not a JSON object: {_REMEDY}")
        config |= content
    return config


def read_environment(prefix: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Read settings from the environment: texts, and JSON for everything else.

    Args:
        prefix: What the names of the variables begin with.
        settings: The declaration of each setting, by its name.

    Returns:
        The settings, those that there are not included.

    Raises:
        SettingsError: If a text is not JSON where it has to be.
    """
    texts = {name: {"type": "string"} for name in settings}
    found = parse_environment_config({"properties": texts}, prefix)
    unknown = _names_in_environment(prefix) - found.keys()
    return dict.fromkeys(unknown) | {
        name: parse_text(name, text, settings[name]) for name, text in found.items()
    }


def _names_in_environment(prefix: str) -> set[str]:
    """Give the names of the settings in the environment; those of Meltano's extras begin by `_`."""
    names = {name.removeprefix(prefix) for name in os.environ if name.startswith(prefix)}
    return {name.lower() for name in names if not name.startswith("_")} - _NO_SETTINGS
