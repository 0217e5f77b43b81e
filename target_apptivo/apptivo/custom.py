"""Custom attributes: entries of one list that count one by one (docs/apptivo.md 8.1, 3.4). Pure."""

from __future__ import annotations

from typing import Any, Final

from target_apptivo.apptivo.values import is_empty, plain_text, said

CUSTOM: Final = "customAttributes"
PREFIX: Final = f"{CUSTOM}."

_ID: Final = "customAttributeId"
_OPTIONS: Final = "attributeValues"
# What describes the attribute, and is no value of it. The tag name is a key, too, which holds the
# value once more (docs/apptivo.md 8.1).
_DESCRIPTIONS: Final = frozenset(
    {_ID, "customAttributeType", "customAttributeName", "customAttributeTagName", "fieldType"}
)


def custom_id(entry: dict[str, Any]) -> str:
    """Give the id of an entry as text; empty where it has none."""
    value = entry.get(_ID)
    return plain_text(value) if isinstance(value, (str, int)) else ""


def value_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Give what an entry says, without what describes it; chosen options as their sorted labels."""
    tag = entry.get("customAttributeTagName")
    value = {
        name: item
        for name, item in said(entry).items()
        if name not in _DESCRIPTIONS and name != tag
    }
    if _OPTIONS in value:
        value[_OPTIONS] = labels_of(entry)
    return value


def labels_of(entry: dict[str, Any]) -> list[str]:
    """Give the labels of the options that are chosen, sorted; of one without label its id."""
    options = entry.get(_OPTIONS)
    labels = [_label(option) for option in (options if isinstance(options, list) else [])]
    return sorted(label for label in labels if label)


def told_value(entry: dict[str, Any] | None) -> object:
    """Give a value as people would tell it: its text, or the labels of the options chosen."""
    if entry is None:
        return None
    value = entry.get("customAttributeValue")
    return labels_of(entry) or None if is_empty(value) else value


def merged_entries(
    found: list[dict[str, Any]], changed: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Put entries in the places of those with their ids; the others stay as they are."""
    entries = []
    for entry in found:
        ours = changed.get(f"{PREFIX}{custom_id(entry)}")
        entries.append(_merged(entry, ours) if ours else entry)
    there = {f"{PREFIX}{custom_id(entry)}" for entry in found}
    return [*entries, *(changed[name] for name in changed if name not in there)]


def _merged(found: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Put a source's entry in the place of Apptivo's: what describes it stays, its value goes."""
    value = {*value_of(found), _OPTIONS, found.get("customAttributeTagName")}
    return {name: item for name, item in found.items() if name not in value} | entry


def _label(option: object) -> str:
    """Give the label of an option, or its id."""
    if not isinstance(option, dict):
        return ""
    shown = said(option)
    return str(shown.get("attributeValue", shown.get("attributeId", ""))).strip()
