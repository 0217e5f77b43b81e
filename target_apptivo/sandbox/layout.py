"""Read a `webLayout`: the fields of an app as a firm has set them up. Pure.

The forms are those of docs/apptivo.md: a JSON string, in which a label may be a JSON
string again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.exact_json import decode
from target_apptivo.sandbox.fields import entries_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a layout.

    Attributes:
        custom: The ids of the custom attributes.
        standard: The names under which records carry the standard ones.
        labels: What the firm calls them, by id or name.
    """

    custom: frozenset[str]
    standard: frozenset[str]
    labels: dict[str, str]


@lru_cache(maxsize=64)
def read_layout(text: str) -> Layout:
    """Read the text of a `webLayout`; whatever has another form is passed over."""
    custom, standard, labels = set[str](), set[str](), dict[str, str]()
    for attribute in _attributes(_object(text)):
        is_custom = attribute.get("type") == "Custom"
        names = {text_of(attribute.get("attributeId"))} if is_custom else _tag_names(attribute)
        (custom if is_custom else standard).update(names)
        if label := _label(attribute):
            labels |= dict.fromkeys(names, label)
    return Layout(frozenset(custom), frozenset(standard), labels)


def _attributes(layout: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in entries_of(layout.get("sections")):
        yield from entries_of(section.get("attributes"))


def _tag_names(attribute: dict[str, Any]) -> set[str]:
    right = [entry.get("tagName") for entry in entries_of(attribute.get("right"))]
    # A name and the id beside it are two parts of one field; only the first is on the screen.
    names = {text_of(attribute.get("tagName")), *map(text_of, right[:1])}
    return names - {""}


def _label(attribute: dict[str, Any]) -> str:
    label = _object(attribute.get("label"))
    return text_of(label.get("modifiedLabel")) or text_of(label.get("originalLabel"))


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON value)
    if isinstance(value, str):
        try:
            value = decode(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
