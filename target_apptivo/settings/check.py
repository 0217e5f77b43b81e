"""Check the settings against their declaration, in words that name the path and no value. Pure."""

from __future__ import annotations

import ast
import json
import math
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES
from target_apptivo.errors import SettingsError
from target_apptivo.settings.declared import MEANINGLESS, REFUSED
from target_apptivo.settings.options import STREAM_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError

_GENERIC_SCHEMA = {
    **STREAM_SCHEMA,
    "required": [],
    "properties": {
        name: option for name, option in STREAM_SCHEMA["properties"].items() if name != "endpoint"
    },
}
# Properties of a stream map whose values are names.
_NO_EXPRESSIONS = {"__alias__", "__source__", "__else__"}
_PROBLEMS = {
    "minimum": "must be at least {rule}",
    "maximum": "must be at most {rule}",
    "exclusiveMinimum": "must be greater than {rule}",
    "minLength": "must not be empty",
}


def check_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Refuse unknown settings and wrong values, at every level.

    Args:
        config: The settings as read.
        schema: Their declaration, the SDK's own settings included.

    Raises:
        SettingsError: For the first mistake in the order of the settings.
    """
    for name in config:
        if name not in schema["properties"]:
            raise _unknown((str(name),), schema["properties"])
    # Streams have a check of their own: JSON Schema cannot say which of two forms was meant. So
    # has `generic`: an option of another endpoint is not unknown, it does not apply.
    any_object = {"type": ["object", "null"]}
    properties = schema["properties"] | {"streams": any_object, "generic": any_object}
    _check(config, {**schema, "properties": properties}, ())
    for stream, options in (config.get("streams") or {}).items():
        _check_stream(stream, options)
    _check(config.get("generic") or {}, _GENERIC_SCHEMA, ("generic",))
    _check_numbers(config, ())
    _check_expressions(config.get("stream_maps") or {})
    if config.get("flattening_enabled") and config.get("flattening_max_depth") is None:
        problem = "is required with flattening_enabled"
        raise SettingsError("flattening_max_depth", problem)


def parse_text(name: str, text: str, schema: Mapping[str, Any]) -> object:
    """Read a setting from an environment variable.

    Args:
        name: The setting.
        text: The variable's value.
        schema: The setting's declaration.

    Returns:
        The value: texts as they are, everything else as JSON.

    Raises:
        SettingsError: If the text is no JSON where it has to be.
    """
    types = schema.get("type", ["object"])
    if not text and "boolean" not in types:
        return None  # as compose files write what is not set
    if "string" in types:
        return text
    if "boolean" in types and text.strip().lower() in {"true", "1", "yes", "on"}:
        return True
    if "boolean" in types and text.strip().lower() in {"false", "0", "no", "off", ""}:
        return False
    try:
        return json.loads(text)
    except ValueError:
        is_number = {"integer", "number"} & {*types}
        problem = (
            f"must be {_article(types)}" if is_number else "the environment variable is not JSON"
        )
        raise SettingsError(name, problem) from None


def _check_stream(stream: str, options: object) -> None:
    """Check one entry of `streams`."""
    match options:
        case str():
            if options not in ENDPOINT_NAMES:
                meant = _meant(options, ENDPOINT_NAMES)
                raise SettingsError(f"streams.{stream}", f"{_one_of(ENDPOINT_NAMES)}{meant}")
        case dict():
            _check(options, STREAM_SCHEMA, ("streams", stream))
            if options["endpoint"] is None:
                problem = "is required"
                raise SettingsError(f"streams.{stream}.endpoint", problem)
        case _:
            problem = "must be the name of an endpoint, or an object with `endpoint`"
            raise SettingsError(f"streams.{stream}", problem)


def _check_numbers(value: object, path: tuple[str, ...]) -> None:
    """Refuse numbers that JSON cannot hold, though Python reads them from it."""
    match value:
        case float() if not math.isfinite(value):
            problem = "is a number that JSON cannot hold"
            raise SettingsError(".".join(path), problem)
        case dict():
            for name, item in value.items():
                _check_numbers(item, (*path, str(name)))
        case list():
            for number, item in enumerate(value):
                _check_numbers(item, (*path, str(number)))


def _check_expressions(stream_maps: Mapping[str, Any]) -> None:
    """Refuse an expression of the stream maps that cannot be parsed; the SDK would show it."""
    for stream, stream_map in stream_maps.items():
        for name, expression in stream_map.items() if isinstance(stream_map, dict) else ():
            is_one = isinstance(expression, str) and name not in _NO_EXPRESSIONS
            if is_one and not _is_expression(expression):
                problem = "is not an expression that can be parsed"
                raise SettingsError(f"stream_maps.{stream}.{name}", problem)


def _is_expression(text: str) -> bool:
    """Whether the SDK can parse a text, blanks at its ends included."""
    try:
        return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _check(value: object, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Raise the first mistake, unknown names before wrong values."""
    errors = sorted(
        filterfalse(_is_unset, Draft202012Validator(_mended(schema)).iter_errors(value)),
        key=lambda error: error.validator != "additionalProperties",
    )
    if errors:
        raise _told(errors[0], path)


def _is_unset(error: ValidationError) -> bool:
    """Whether a mistake is only that a setting is null, which means 'not set'."""
    context = error.context or ()
    for form in {each.schema_path[0] for each in context}:
        if all(_is_unset(each) for each in context if each.schema_path[0] == form):
            return True
    path = error.absolute_path
    return error.instance is None and bool(path) and isinstance(path[-1], str)


def _mended(schema: Any) -> Any:  # noqa: ANN401
    """Drop the bare 'null' that the SDK (0.54.9) puts among the forms of an optional `anyOf`."""
    if not isinstance(schema, dict):
        return schema
    mended = {name: _mended(part) for name, part in schema.items()}
    if isinstance(forms := schema.get("anyOf"), list):
        mended["anyOf"] = [_mended(form) for form in forms if form != "null"]
    return mended


def _told(error: ValidationError, path: tuple[str, ...]) -> SettingsError:
    """Say what is wrong, with the path and without the value."""
    if deeper := [each for each in error.context or () if each.path and not _is_unset(each)]:
        return _told(deeper[0], path)
    here = (*path, *map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(name for name in error.instance if name not in known)
        return _unknown((*here, str(unknown)), known)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return SettingsError(".".join((*here, missing)), "is required")
    problem = REFUSED.get((here[-1], str(error.instance))) if here else None
    problem = problem or _problem(str(error.validator), error.validator_value)
    return SettingsError(".".join(here), problem)


def _problem(keyword: str, rule: Any) -> str:  # noqa: ANN401
    """Say which rule of JSON Schema a value breaks."""
    match keyword:
        case "type":
            return f"must be {_article(rule)}"
        case "enum":
            return _one_of(name for name in rule if name is not None)
        case "anyOf" | "oneOf":
            kinds = [kind for each in rule for kind in _kinds(each.get("type", "object"))]
            return f"must be {_article(kinds)}"
    return _PROBLEMS.get(keyword, "does not satisfy `{keyword}`").format(keyword=keyword, rule=rule)


def _unknown(path: tuple[str, ...], known: Iterable[str]) -> SettingsError:
    """Name an unknown setting, and what may be meant."""
    hint = MEANINGLESS.get(path[-1]) if len(path) == 1 else None
    return SettingsError(
        ".".join(path),
        f"is not a setting of this target: {hint}"
        if hint
        else f"is unknown{_meant(path[-1], known) or '; see --about for the settings there are'}",
    )


def _meant(name: str, known: Iterable[str]) -> str:
    """Suggest the name that may be meant."""
    import difflib  # noqa: PLC0415 - of use for a mistake alone

    close = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _kinds(types: str | list[str]) -> list[str]:
    """Give JSON types but for null, which stands for 'not set'."""
    return [kind for kind in ([types] if isinstance(types, str) else types) if kind != "null"]


def _article(types: str | list[str]) -> str:
    """Write types as words."""
    kinds = dict.fromkeys(_kinds(types))
    return " or ".join(f"an {kind}" if kind[0] in "aio" else f"a {kind}" for kind in kinds)


def _one_of(names: Iterable[str]) -> str:
    """List what is allowed."""
    return f"must be one of {', '.join(f'`{name}`' for name in names)}"
