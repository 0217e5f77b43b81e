"""By what a record is looked for, and what counts as equal (docs/operations.md). Pure.

Equality is ours, not the search's (docs/apptivo.md 5.4): text exactly but for blanks around it,
e-mails without regard to case, numbers by value, a number and its text alike.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.content import custom_entries
from target_apptivo.apptivo.custom import CUSTOM, PREFIX, labels_of
from target_apptivo.apptivo.value import value
from target_apptivo.apptivo.values import holds, is_empty, objects_in, plain_text
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.digest import digest, key_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_apptivo.apptivo.endpoints import Endpoint

EMAIL: Final = "emailAddress"
_EMAILS: Final = "emailAddresses"
_ARE_EMAILS: Final = frozenset({EMAIL, "caseEmail"})


@value(frozen=True, slots=True)
class Criterion:
    """One thing that has to be equal.

    Attributes:
        name: Its name in `match_on`.
        value: As it is compared; never empty.
        form: As it stands in a search.
        is_number: Whether it was a number: then it is compared by value, also with its text.
    """

    name: str
    value: str
    form: Any = field(compare=False, repr=False)
    is_number: bool = field(default=False, compare=False)

    def finds(self, shown: Criterion) -> bool:
        """Whether what Apptivo shows is equal: a number of ours also as `"42.00"` (8.7)."""
        if self.value == shown.value:
            return True
        return self.is_number and holds(shown.value, Decimal(self.value))


# All of these have to be equal.
Alternative = tuple[Criterion, ...]


@value(frozen=True)
class Criteria:
    """By what a record is looked for.

    Attributes:
        alternatives: One of these has to be equal: a record with two e-mails has two. With
            `own_id`, what else has to be equal, perhaps nothing.
        own_id: The id of the object, which is read and not searched.
    """

    alternatives: tuple[Alternative, ...]
    own_id: str | None = None

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Give a digest for each alternative: records of one app that may be equal share one."""
        return tuple(
            digest([self.own_id, *sorted([each.name, each.value] for each in alternative)])
            for alternative in self.alternatives
        )


def criteria_of(row: Endpoint, match_on: Sequence[str], payload: Mapping[str, Any]) -> Criteria:
    """Read in a record by what it is looked for.

    Args:
        row: The app.
        match_on: Names: of attributes; `emailAddress` for any of `emailAddresses`;
            `customAttributes.<id>`; the app's own id.
        payload: The record as it would be sent, or an object that Apptivo shows.

    Raises:
        RecordRejectedError: If a value is missing, null or empty, or cannot be compared.
    """
    own_id = _own_id(row, payload) if row.id_name in match_on else None
    choices = [_choices(name, payload) for name in dict.fromkeys(match_on) if name != row.id_name]
    return Criteria(tuple(dict.fromkeys(product(*choices))), own_id)


def match_key(row: Endpoint, criteria: Criteria) -> str:
    """Write match values as the key of a record that has none: the first of several e-mails."""
    values = {each.name: each.value for each in criteria.alternatives[0]}
    if criteria.own_id is not None:
        values[row.id_name] = criteria.own_id
    return key_text(values)


def criteria_shown(
    row: Endpoint, match_on: Sequence[str], found: Mapping[str, Any]
) -> Criteria | None:
    """Read in an object by what it would be looked for: the same search has to find it."""
    try:
        return criteria_of(row, match_on, found)
    except RecordRejectedError:
        return None


def matches(criteria: Criteria, found: Mapping[str, Any]) -> bool:
    """Whether an object is what a record is looked for; its id is for its reader to compare."""
    return any(
        all(any(map(each.finds, _shown(each.name, found))) for each in alternative)
        for alternative in criteria.alternatives
    )


def _shown(name: str, found: Mapping[str, Any]) -> list[Criterion]:
    """Give all values of an object under a name."""
    try:
        return _choices(name, found)
    except RecordRejectedError:
        return []


def _own_id(row: Endpoint, payload: Mapping[str, Any]) -> str:
    """Read the app's own id in a record."""
    (criterion,) = _plain(row.id_name, payload.get(row.id_name))
    if not (criterion.value.isascii() and criterion.value.isdigit() and int(criterion.value)):
        msg = f"match_on: attribute '{row.id_name}' is not a positive integer"
        raise RecordRejectedError(msg)
    return criterion.value


def _choices(name: str, shown: Mapping[str, Any]) -> list[Criterion]:
    """Give what may be equal under a name: one value, or several e-mails."""
    if name.startswith(PREFIX):
        return _custom(name, shown)
    if name == EMAIL:
        entries = objects_in(shown.get(_EMAILS)) or []
        values = [entry[EMAIL] for entry in entries if not is_empty(entry.get(EMAIL))]
        return [each for value in values or [shown.get(EMAIL)] for each in _plain(name, value)]
    return _plain(name, shown.get(name))


def _plain(name: str, value: object, form: Any = None) -> list[Criterion]:  # noqa: ANN401
    """Read a single value; in a search it stands as it is, unless it has another form there."""
    if is_empty(value):
        msg = f"match_on: attribute '{name}' is missing, null or empty"
        raise RecordRejectedError(msg)
    try:
        text = plain_text(value)
    except ValueError:
        msg = f"match_on: attribute '{name}' is not a single value that can be compared"
        raise RecordRejectedError(msg) from None
    if form is None:
        form = text if isinstance(value, str) else value
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return [Criterion(name, text.casefold() if name in _ARE_EMAILS else text, form, is_number)]


def _custom(name: str, shown: Mapping[str, Any]) -> list[Criterion]:
    """Read the value of a custom attribute: its text, or the labels of its options."""
    entry = custom_entries(shown.get(CUSTOM)).get(name, {})
    labels = labels_of(entry)
    value = entry.get("customAttributeValue")
    if is_empty(value) and labels:
        return [Criterion(name, "\n".join(labels), _custom_form(entry))]
    return _plain(name, value, form=_custom_form(entry))


def _custom_form(entry: dict[str, Any]) -> dict[str, Any]:
    """Write an entry as it stands in a search (docs/apptivo.md 5.2).

    The shape, and that a *select* is found by its options, are FACT (PORTAL); that an *input* is
    found by its value is INFERRED.
    """
    names = ("Id", "Type", "TagName", "Name", "Value")
    form = {f"customAttribute{name}": entry.get(f"customAttribute{name}", "") for name in names}
    return {**form, "attributeValues": _options_form(entry)}


def _options_form(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Write the options of an entry as they stand in a search."""
    options = objects_in(entry.get("attributeValues")) or []
    if not options and not is_empty(entry.get("customAttributeValueId")):
        value_id, value = entry["customAttributeValueId"], entry.get("customAttributeValue")
        options = [{"attributeId": value_id, "attributeValue": value}]
    return [_option_form(option) for option in options]


def _option_form(option: dict[str, Any]) -> dict[str, Any]:
    """Write one option, with the id by which PORTAL asks for it."""
    option_id, label = option.get("attributeId", ""), option.get("attributeValue", "")
    search_id = f"{option_id}||{label}|| || ||true"
    return {"id": search_id, "attributeId": option_id, "attributeValue": label}
