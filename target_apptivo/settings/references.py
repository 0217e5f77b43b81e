"""Read which attributes are the ids of other records: the option `references`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from target_apptivo.apptivo.references import Reference
from target_apptivo.errors import SettingsError
from target_apptivo.settings.setting import read, setting
from target_apptivo.settings.values import parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceOptions:
    """Which record of which stream an attribute refers to."""

    stream: str = setting(
        th.StringType(min_length=1),
        required=True,
        title="Stream",
        description="Stream of the other record, by its name in the journal.",
    )
    key: str | Mapping[str, str] = setting(
        th.OneOf(th.StringType, th.ObjectType(additional_properties=th.StringType)),
        required=True,
        title="Key",
        description="Template of its key; an object of templates by key property for several.",
    )
    on_missing: str = setting(
        th.StringType,
        default="reject",
        choices={"reject": "Reject the record", "omit": "Leave the attribute out"},
        title="On missing",
        description="Where it is not in Apptivo: `reject` the record, or `omit` the attribute.",
    )


def read_references(options: Mapping[str, Any], path: str) -> tuple[Reference, ...]:
    """Read the references of a stream, by attribute.

    Args:
        options: The settings, checked for their types.
        path: Their path, for errors.

    Raises:
        SettingsError: If a key is no template.
    """
    return tuple(
        _reference(attribute, read(ReferenceOptions, given, f"{path}.{attribute}"), path)
        for attribute, given in options.items()
        if given is not None
    )


def _reference(attribute: str, options: ReferenceOptions, path: str) -> Reference:
    """Read one reference."""
    return Reference(
        attribute=attribute,
        stream=options.stream,
        key=_key(options.key, f"{path}.{attribute}.key"),
        is_omitted=options.on_missing == "omit",
    )


def _key(key: str | Mapping[str, str], path: str) -> dict[str, Template]:
    """Read the templates of a key by key property; that of a single one under an empty name."""
    if isinstance(key, str):
        return {"": _template(key, path)}
    if not key:
        problem = "must name at least one key property"
        raise SettingsError(path, problem)
    return {name: _template(text, f"{path}.{name}") for name, text in key.items()}


def _template(text: str | None, path: str) -> Template:
    """Read one template of a key, which is never empty."""
    if not text:
        problem = "must not be empty"
        raise SettingsError(path, problem)
    return parse_template(text, path)
