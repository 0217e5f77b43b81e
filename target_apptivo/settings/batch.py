"""Read how the records of a generic endpoint are batched. Pure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from target_apptivo.apptivo.batch import Batch
from target_apptivo.errors import SettingsError
from target_apptivo.jsontext import loads
from target_apptivo.settings.declared import BATCH_SCHEMA, with_defaults


def read_batch(options: Mapping[str, Any], path: str) -> Batch:
    """Read the settings of a batch.

    Args:
        options: The settings, checked for their types.
        path: Their path, for errors.

    Raises:
        SettingsError: If they do not fit together.
    """
    given = with_defaults(options, BATCH_SCHEMA)
    grouping = given["grouping"]
    needed = {"property": "property_name", "code": "code"}[grouping]
    if needed not in given:
        problem = f"is required with grouping `{grouping}`"
        raise SettingsError(f"{path}.{needed}", problem)
    unused = {"property": ("code",), "code": ("property_name", "other_props")}[grouping]
    for name in unused:
        if name in given:
            problem = f"does not apply to grouping `{grouping}`"
            raise SettingsError(f"{path}.{name}", problem)
    other_props = _other_props(given.get("other_props"), f"{path}.other_props")
    if given.get("property_name") in other_props:
        problem = "holds the property of the records"
        raise SettingsError(f"{path}.other_props", problem)
    return Batch(
        size=int(given["size"]),
        property_name=given.get("property_name"),
        other_props=other_props,
        code=given.get("code"),
        parsed=_parse(given.get("code"), f"{path}.code"),
        results_path=given.get("results_path"),
        split_rejected=given["split_rejected"],
    )


def _other_props(value: object, path: str) -> Mapping[str, Any]:
    """Read further properties, given as an object or as a JSON string."""
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError:
            problem = "is a string that is not JSON"
            raise SettingsError(path, problem) from None
    if value is not None and not isinstance(value, Mapping):
        problem = "must be a JSON object"
        raise SettingsError(path, problem)
    return value or {}


def _parse(code: str | None, path: str) -> ast.AST | None:
    """Parse an expression, so that a mistake is found before a record is read."""
    if code is None:
        return None
    try:
        parsed = ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        problem = "is not one expression that can be parsed"
        raise SettingsError(path, problem) from None
    for node in ast.walk(parsed):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            problem = "uses a private attribute"
            raise SettingsError(path, problem)
    return parsed
