"""Attributes that are the Apptivo ids of what other records became. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.template import MissingValueError
from target_apptivo.journal.digest import key_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.template import Template


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

    def key_values(self, record: Mapping[str, Any]) -> dict[str, str] | None:
        """Fill in the key of the other record; none where a value is missing, null or empty.

        Raises:
            RecordRejectedError: If a value is not a single one.
        """
        try:
            return {name: template.render(record) for name, template in self.key.items()}
        except MissingValueError:
            return None


def parent_key(values: Mapping[str, str]) -> str:
    """Write the key of another record as the journal has it."""
    return key_text(values)


def shown_key(values: Mapping[str, str]) -> str:
    """Write a key for people."""
    return ", ".join(values.values())


def stand_in(stream: str, key: str) -> str:
    """Give what is shown for the id of a record that has none yet, by its key in the journal."""
    return f"<{stream} {', '.join(map(str, json.loads(key)))}>"


def as_id(apptivo_id: str) -> int | str:
    """Write an id as it is sent: an integer where it is one."""
    is_number = apptivo_id.isascii() and apptivo_id.isdigit()
    return int(apptivo_id) if is_number and str(int(apptivo_id)) == apptivo_id else apptivo_id
