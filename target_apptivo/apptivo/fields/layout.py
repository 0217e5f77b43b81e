"""Read a `webLayout`: the fields of an app as a firm has set them up. Pure.

Every form in which one was seen is read (docs/apptivo.md 7.2), and whatever has another form is
passed over, attribute by attribute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.field import CUSTOM, STANDARD, Field, Group, Option
from target_apptivo.apptivo.fields.json_values import (
    is_off,
    is_on,
    object_of,
    objects_of,
    text_of,
)
from target_apptivo.apptivo.fields.names import folded
from target_apptivo.apptivo.fields.options import options_in, picklist
from target_apptivo.apptivo.fields.pairs import has_choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO_FIELDS: Final = frozenset({"placeholder", "spacer"})
# Types by the beginning of an id, where nothing else tells (docs/apptivo.md 7.3).
_ID_OF_CUSTOM: Final = re.compile(r"(?:(?:attribute_)?([A-Za-z]+)_\d+_\d+|cust_attr_.*)", re.ASCII)
_ADDRESS: Final = "address"


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a layout, and what it names that is switched off."""

    fields: tuple[Field, ...]
    disabled: frozenset[str]


def read_layout(app: str, config: Mapping[str, Any]) -> Layout | None:
    """Read the layout of an app's configuration; None where there is none that can be read."""
    layout = object_of(config.get("webLayout"))
    if layout is None or not isinstance(layout.get("sections"), list):
        return None
    reader = _Reader(app, config)
    fields, disabled = dict[Field, None](), set[str]()
    for attribute, is_enabled in _attributes(layout):
        for each in reader.fields_of(attribute, is_enabled=is_enabled):
            if each[1]:
                fields[each[0]] = None
            else:
                disabled |= {folded(each[0].id), folded(each[0].name), folded(each[0].label)}
    return Layout(tuple(fields), frozenset(disabled))


def _attributes(layout: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Give the attributes of all sections, and whether their section is switched on."""
    for section in objects_of(layout.get("sections")):
        is_enabled = not is_off(section.get("isEnabled"))
        for attribute in objects_of(section.get("attributes")):
            yield attribute, is_enabled


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads attributes of one app."""

    app: str
    config: Mapping[str, Any]

    def fields_of(
        self, attribute: dict[str, Any], *, is_enabled: bool
    ) -> Iterator[tuple[Field, bool]]:
        """Read the field of an attribute, or those of an address, and whether each is on."""
        is_enabled = is_enabled and not is_off(attribute.get("isEnabled"))
        parts = objects_of(attribute.get("addressList"))
        group = None
        if parts:
            group = Group(
                text_of(attribute.get("addressAttributeId") or attribute.get("attributeId")),
                text_of(attribute.get("addressGroupName")),
            )
        for each in parts or [attribute]:
            if found := self._field(each, group):
                yield found, is_enabled and not is_off(each.get("isEnabled"))

    def _field(self, attribute: Mapping[str, Any], group: Group | None) -> Field | None:
        """Read one field; None where there is none."""
        right = next(iter(objects_of(attribute.get("right"))), {})
        name = text_of(attribute.get("tagName")) or text_of(right.get("tagName"))
        field_id = text_of(attribute.get("attributeId")) or name
        kind = STANDARD if group else _kind(attribute, field_id)
        tag = text_of(attribute.get("attributeTag")) or text_of(right.get("tag"))
        described = {text_of(attribute.get("type")).casefold(), tag.casefold()}
        if not field_id or _NO_FIELDS & described:
            return None
        tag_id = text_of(right.get("tagId")) or text_of(attribute.get("tagId"))
        return Field(
            app=self.app,
            name=name or field_id,
            label=_label(attribute) or name or field_id,
            id=field_id,
            kind=kind,
            type=_ADDRESS if group else tag or _type_of_id(field_id, kind),
            mandatory=is_on(attribute.get("mandatory")) or is_on(attribute.get("isMandatory")),
            options=_options(attribute, right, tag_id) or self._listed(name, kind, tag),
            group=group,
            tag_id=tag_id,
        )

    def _listed(self, name: str, kind: str, tag: str) -> tuple[Option, ...]:
        """Give the choices of a standard field that stand in a list of their own."""
        is_listed = kind == STANDARD and has_choices(self.app, name, tag)
        return picklist(self.app, name, self.config) if is_listed else ()


def _kind(attribute: Mapping[str, Any], field_id: str) -> str:
    """Tell standard from custom: by what is said, else by the id."""
    said = text_of(attribute.get("type")).casefold()
    if said in {STANDARD, CUSTOM}:
        return said
    return CUSTOM if _ID_OF_CUSTOM.fullmatch(field_id) else STANDARD


def _type_of_id(field_id: str, kind: str) -> str:
    """Guess a type that is not told."""
    match = _ID_OF_CUSTOM.fullmatch(field_id)
    return (match[1] if match else "") or ("" if kind == CUSTOM else "input")


def _label(attribute: Mapping[str, Any]) -> str:
    """Read a label: an object, JSON text of one, or plain text; what the firm says goes first."""
    told = attribute.get("label")
    label = object_of(told)
    if label is None:
        return text_of(told) or text_of(attribute.get("modifiedLabel"))
    return text_of(label.get("modifiedLabel")) or text_of(label.get("originalLabel"))


def _options(
    attribute: Mapping[str, Any], right: Mapping[str, Any], tag_id: str
) -> tuple[Option, ...]:
    """Read the choices of an attribute, beside it or to its right."""
    for holder in (right, attribute):
        for name in ("optionValueList", "options"):
            if found := options_in(holder.get(name), tag_id):
                return found
    return ()
