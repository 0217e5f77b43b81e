"""The lists in a configuration: choices of dropdowns, types of e-mails and phones. Pure.

Choices of custom attributes stand in the layout, those of standard fields in lists of their own
(docs/apptivo.md 7.1, 7.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.field import Option
from target_apptivo.apptivo.fields.json_values import is_off, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IDS: Final = ("optionId", "id", "code")
_LABELS: Final = ("optionObject", "name", "label", "meaning")
_CODES: Final = ("code",)
# Where a list goes by another name than its field's: INFERRED, the names of the lists of lead
# status, lead rank and sales stages are UNKNOWN (docs/apptivo.md 7.1).
_OTHER_NAMES: Final = {
    ("opportunities", "leadSourceTypeName"): ("leadSources",),
    ("opportunities", "salesStageName"): ("stages",),
}
_SUFFIXES: Final = ("Meaning", "Name", "Id")
_SINGULARS: Final = {
    "leads": "lead",
    "customers": "customer",
    "contacts": "contact",
    "cases": "case",
    "opportunities": "opportunity",
}


def options_in(value: object, tag_id: str = "") -> tuple[Option, ...]:
    """Read a list of choices: objects or plain texts; what is switched off is left out.

    Args:
        value: The list.
        tag_id: The id to send where an option has none of its own (docs/apptivo.md 7.4).
    """
    entries = value if isinstance(value, list) else []
    found = (_option(entry, tag_id) for entry in entries)
    return tuple(dict.fromkeys(option for option in found if option))


def picklist(app: str, name: str, config: Mapping[str, Any]) -> tuple[Option, ...]:
    """Find the choices of a standard field in the list that is named like it.

    `leadStatus` in `leadStatuses`, `statuses` or `leadStatusList`; `statusName` of customers in
    `customerStatusList`, which is FACT, as are the lists of cases; the rule is INFERRED.
    """
    lists = {key.casefold(): value for key, value in config.items() if isinstance(value, list)}
    for key in (*_list_names(app, name), *_OTHER_NAMES.get((app, name), ())):
        if found := options_in(lists.get(key.casefold())):
            return found
    return ()


def _list_names(app: str, name: str) -> Iterator[str]:
    """Give the names that the list of a field may have, the likeliest first."""
    stem = next((name.removesuffix(end) for end in _SUFFIXES if name.endswith(end)), name)
    singular = _SINGULARS.get(app, app)
    rest = stem.removeprefix(singular)
    for each in dict.fromkeys((f"{singular}{rest}", stem, rest)):
        yield from (f"{each}List", f"{each}s", f"{each}es")
        if each.endswith("y"):
            yield f"{each[:-1]}ies"


def _option(entry: object, tag_id: str) -> Option | None:
    """Read one choice; the id of a plain text, or of one equal to its label, is the tag's."""
    if not isinstance(entry, dict):
        label = text_of(entry)
        return Option(tag_id or label, label) if label else None
    if is_off(entry.get("isEnabled")):
        return None
    label = _first(entry, _LABELS, "Name")
    option_id = _first(entry, _IDS, "Id")
    label = label or option_id
    if not label:
        return None
    if not option_id or option_id == label:
        option_id = tag_id or option_id or label
    return Option(_as_told(entry, option_id), label, _first(entry, _CODES, "Code"))


def _first(entry: Mapping[str, Any], names: tuple[str, ...], suffix: str) -> str:
    """Give the first text under one of some names, or under one that ends like this."""
    others = (name for name in entry if isinstance(name, str) and name.endswith(suffix))
    return next((text for name in (*names, *others) if (text := text_of(entry.get(name)))), "")


def _as_told(entry: Mapping[str, Any], option_id: str) -> int | str:
    """Give an id as the number that it is in the list, if it is one: types are true JSON types."""
    numbers = (value for value in entry.values() if type(value) is int)
    return next((number for number in numbers if text_of(number) == option_id), option_id)
