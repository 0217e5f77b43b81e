"""Attributes that are the Apptivo ids of what other records became. Pure."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.template import Attribute, MissingValueError, Template, look_up
from target_apptivo.journal.digest import key_text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reference:
    """One attribute that is the id of another record.

    Attributes:
        attribute: The attribute that is set.
        stream: The other record's stream, by its name in the journal.
        key: Templates of its key, by key property; of a single one under an empty name.
        is_omitted: Whether the attribute is left out where the other is not in Apptivo.
    """

    attribute: str
    stream: str
    key: Mapping[str, Template]
    is_omitted: bool = False

    def parent_key(self, record: Mapping[str, Any]) -> str | None:
        """Give the other record's key as the journal has it; none where a value is missing.

        Raises:
            RecordRejectedError: If a value is not a single one.
        """
        try:
            return key_text({name: _value(each, record) for name, each in self.key.items()})
        except MissingValueError:
            return None


def _value(template: Template, record: Mapping[str, Any]) -> object:
    """Fill in one value; an attribute alone keeps its type, so that 42.0 is the key 42."""
    text = template.render(record)
    match template.parts:
        case (Attribute(name),):
            value = look_up(record, name)
            return text if isinstance(value, dt.date | dt.time) else value
    return text


def shown_key(key: str) -> str:
    """Write a key for people."""
    return ", ".join(map(str, json.loads(key)))


def stand_in(stream: str, key: str) -> str:
    """Give what is shown for the id of a record that has none yet, by its key in the journal."""
    return f"<{stream} {shown_key(key)}>"


def as_id(apptivo_id: str) -> int | str:
    """Write an id as it is sent: an integer where it is one."""
    is_number = apptivo_id.isascii() and apptivo_id.isdigit()
    return int(apptivo_id) if is_number and str(int(apptivo_id)) == apptivo_id else apptivo_id
