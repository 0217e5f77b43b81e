"""Read how the records of a generic endpoint are batched: the option `batch`. Pure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from singer_sdk import typing as th

from target_apptivo.apptivo.batch import Batch
from target_apptivo.errors import SettingsError
from target_apptivo.jsontext import loads
from target_apptivo.settings.setting import namesakes, read, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How records travel together."""

    size: int = setting(
        th.IntegerType(minimum=1),
        default=100,
        title="Batch size",
        description="Most records in one call.",
    )
    grouping: str = setting(
        th.StringType,
        default="property",
        choices={"property": "A list under a name", "code": "The value of an expression"},
        title="Grouping",
        description=(
            "`property` sends an object with the list of records under `property_name`; `code` "
            "sends the value of an expression."
        ),
    )
    property_name: str | None = setting(
        th.StringType(min_length=1),
        title="Property name",
        description="Name of the list of records in the body (grouping `property`).",
    )
    # `OneOf`, since the SDK's `AnyOf` makes an invalid schema of an optional property (0.54.9).
    other_props: Mapping[str, Any] | str | None = setting(
        th.OneOf(th.ObjectType(), th.StringType),
        title="Other properties",
        description="Further properties of the body, as an object or as a JSON string.",
    )
    code: str | None = setting(
        th.StringType(min_length=1),
        title="Code",
        description=(
            "Expression over `records` (a list of objects), in the language of the SDK's stream "
            "maps, whose value is the body (grouping `code`)."
        ),
    )
    results_path: str | None = setting(
        th.StringType(min_length=1),
        title="Results path",
        description=(
            "Dotted path of a list in the answer with one result per record; each is judged as an "
            "answer of its own."
        ),
    )
    split_rejected: bool = setting(
        th.BooleanType,
        default=False,
        title="Split refused batches",
        description="Halve a refused batch until the refused records stand alone.",
    )


# What each grouping needs, and what would do nothing with it.
_NEEDED: Final = {"property": "property_name", "code": "code"}
_UNUSED: Final = {"property": ("code",), "code": ("property_name", "other_props")}


def read_batch(options: Mapping[str, Any], path: str) -> Batch:
    """Read the settings of a batch.

    Args:
        options: The settings, checked for their types.
        path: Their path, for errors.

    Raises:
        SettingsError: If they do not fit together.
    """
    given = read(BatchOptions, options, path)
    _check_grouping(given, path)
    other_props = _other_props(given.other_props, f"{path}.other_props")
    if given.property_name in other_props:
        problem = "holds the property of the records"
        raise SettingsError(f"{path}.other_props", problem)
    parsed = _parse(given.code, f"{path}.code")
    return Batch(**namesakes(Batch, given) | {"other_props": other_props, "parsed": parsed})


def _check_grouping(given: BatchOptions, path: str) -> None:
    """Refuse what does not go with the grouping."""
    needed = _NEEDED[given.grouping]
    if getattr(given, needed) is None:
        problem = f"is required with grouping `{given.grouping}`"
        raise SettingsError(f"{path}.{needed}", problem)
    for name in _UNUSED[given.grouping]:
        if getattr(given, name) is not None:
            problem = f"does not apply to grouping `{given.grouping}`"
            raise SettingsError(f"{path}.{name}", problem)


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
