"""What of a record, and of search criteria, is compared, and as which words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.fields import SEARCHED_PARTS, entries_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")

# The field of a term that may stand in any field.
ANYWHERE = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A text in a field: of a record, what it holds; of criteria, what is looked for.

    Attributes:
        field: The attribute's name, with the part of an entry or the id of a custom attribute
            after a dot; `ANYWHERE` for text that any field may hold.
        text: The value as text; never blank.
    """

    field: str
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Its words without regard to case: `jane.doe@example.com` has four."""
        return tuple(_WORD.findall(self.text.casefold()))


def terms_of(attributes: dict[str, Any]) -> list[Term]:
    """Everything in a record, or in the form of an advanced search, that is not blank."""
    return [term for name, value in attributes.items() for term in _terms(name, value) if term.text]


def _terms(name: str, value: Any) -> Iterator[Term]:  # noqa: ANN401 (any JSON value)
    if name == "customAttributes":
        for entry in entries_of(value):
            yield from _custom_terms(entry)
    elif name in SEARCHED_PARTS:
        for entry in entries_of(value):
            for part in SEARCHED_PARTS[name]:
                yield Term(f"{name}.{part}", text_of(entry.get(part)))
    else:
        for each in value if isinstance(value, list) else [value]:
            yield Term(name, text_of(each))


def _custom_terms(entry: dict[str, Any]) -> Iterator[Term]:
    field = f"customAttributes.{text_of(entry.get('customAttributeId'))}"
    yield Term(field, text_of(entry.get("customAttributeValue")))
    # Of a select the label stands in both places; it is one term then.
    for value in entries_of(entry.get("attributeValues")):
        yield Term(field, text_of(value.get("attributeValue")))
