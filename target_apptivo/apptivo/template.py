"""Templates such as `v6/customers/{customerId}`: attribute look-up and nothing else. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_apptivo.errors import RecordRejectedError
from target_apptivo.jsontext import number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PIECE = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]+)\}|(?P<stray>[{}])|(?P<text>[^{}]+)")
MISSING = object()


class MissingValueError(RecordRejectedError):
    """The attribute that a template names is missing, null or empty."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A `{name}` in a template; a dot in the name reaches into nested objects."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text with attributes to fill in from each record.

    `{{` and `}}` stand for literal braces.
    """

    parts: tuple[str | Attribute, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Args:
            text: The template as written in the settings.

        Returns:
            The template.

        Raises:
            ValueError: If a brace has no partner or encloses no name.
        """
        parts: list[str | Attribute] = []
        for match in _PIECE.finditer(text):
            if match["stray"]:
                msg = "a brace without a partner; write {name}, or {{ for a literal brace"
                raise ValueError(msg)
            if match["name"]:
                parts.append(Attribute(match["name"]))
            else:
                parts.append(match["brace"][0] if match["brace"] else match["text"])
        return cls(tuple(parts))

    def render(
        self,
        record: Mapping[str, Any],
        *,
        encode: Callable[[str], str] = str,
        booleans: tuple[str, str] = ("false", "true"),
    ) -> str:
        """Fill in a record's values.

        Args:
            record: The record, before exclusions.
            encode: Applied to each value, not to the literal parts.
            booleans: How false and true are written.

        Returns:
            The text.

        Raises:
            RecordRejectedError: If an attribute has no value, or one that is not a single value.
        """
        return "".join(
            part if isinstance(part, str) else encode(_value_text(record, part.name, booleans))
            for part in self.parts
        )

    @property
    def literal(self) -> str:
        """The text as far as it does not depend on a record; `{}` stands for the rest."""
        return "".join(part if isinstance(part, str) else "{}" for part in self.parts)

    def partition(self, separator: str) -> tuple[Template, Template]:
        """Cut it in two before the first separator that is not a record's."""
        for number, part in enumerate(self.parts):
            if isinstance(part, str) and separator in part:
                head, _, rest = part.partition(separator)
                before, after = self.parts[:number], self.parts[number + 1 :]
                return Template((*before, head)), Template((f"{separator}{rest}", *after))
        return self, Template(())


def look_up(record: Mapping[str, Any], name: str) -> object:
    """Find an attribute by its name, literally so named first, then nested at the dots.

    Returns:
        The value, or `MISSING`.
    """
    if name in record:
        return record[name]
    for head, rest in splits(name):
        nested = record.get(head)
        if isinstance(nested, dict) and (value := look_up(nested, rest)) is not MISSING:
            return value
    return MISSING


def splits(name: str) -> Iterator[tuple[str, str]]:
    """Cut a dotted name in two, at each of its dots in turn."""
    head, dot, rest = name.partition(".")
    while dot:
        yield head, rest
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"


def _value_text(record: Mapping[str, Any], name: str, booleans: tuple[str, str]) -> str:
    """Write one attribute as text; the error names the attribute, never its value."""
    match value := look_up(record, name):
        case None | "":
            pass
        case bool():
            return booleans[value]
        case str():
            return value
        case int() | float() | Decimal():
            return _number(value, name)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dict() | list():
            msg = f"attribute '{name}' of a template is an object or array, not a single value"
            raise RecordRejectedError(msg)
    msg = f"attribute '{name}' of a template is missing, null or empty"
    raise MissingValueError(msg)


def _number(value: Decimal | float, name: str) -> str:
    """Write a number as in JSON."""
    try:
        return number_text(value)
    except ValueError as error:
        msg = f"attribute '{name}' of a template is {error}"
        raise RecordRejectedError(msg) from None
