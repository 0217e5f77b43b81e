"""An update in Apptivo's own form: which attributes it names, and what becomes of them. Pure.

That only named attributes are taken is INFERRED (docs/apptivo.md); both spellings of
the list's name are accepted for every app, which is UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.call import RefusedError, parsed
from target_apptivo.sandbox.fields import ENTRY_IDS, entries_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.sandbox.memory import Record

_CUSTOM = "customAttributes"
_FLAGS = {"isEmailAddressUpdate": "emailAddresses", "isAddressUpdate": "addresses"}


@dataclass(frozen=True, slots=True)
class Named:
    """What an update names.

    Attributes:
        attributes: Attributes that are taken out of its data.
        custom_ids: The only custom attributes that are; None for all.
    """

    attributes: frozenset[str]
    custom_ids: frozenset[str] | None = None


def named_in(params: Mapping[str, str]) -> Named:
    """Read the names in an update's parameters.

    Raises:
        RefusedError: A list of names is no JSON list.
    """
    names = _list(params, "attributeName") | _list(params, "attributeNames")
    names |= {name for flag, name in _FLAGS.items() if _is_true(params, flag)}
    custom_ids = _list(params, "attributeIds")
    if _CUSTOM not in names and custom_ids and _is_true(params, "isCustomAttributesUpdate"):
        return Named(names | {_CUSTOM}, custom_ids)
    return Named(names)


def updated(old: Record, data: Record, named: Named) -> Record:
    """The record with the named attributes of the data in it; the others are as they were."""
    record = dict(old)
    for name in sorted(named.attributes & data.keys()):
        record[name] = _updated(name, old.get(name), data[name], named)
    return record


def _updated(name: str, old: Any, new: Any, named: Named) -> Any:  # noqa: ANN401 (JSON values)
    if name == _CUSTOM and isinstance(new, list):
        wanted = named.custom_ids
        entries = [each for each in entries_of(new) if wanted is None or _custom_id(each) in wanted]
        kept = {_custom_id(entry): entry for entry in entries_of(old)}
        return [*(kept | {_custom_id(entry): entry for entry in entries}).values()]
    if name in ENTRY_IDS and isinstance(new, list):
        return _merged(ENTRY_IDS[name], entries_of(old), entries_of(new))
    return new


def _merged(
    id_name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    entries = {text_of(entry.get(id_name)): entry for entry in old}
    added = []
    for entry in new:
        entry_id = text_of(entry.get(id_name))
        if entry_id and entry_id in entries:
            entries[entry_id] = {**entries[entry_id], **entry}
        else:
            # An id that this record does not hold is as good as none.
            added.append({name: entry[name] for name in entry if name != id_name})
    return [*entries.values(), *added]


def _custom_id(entry: dict[str, Any]) -> str:
    return text_of(entry.get("customAttributeId"))


def _list(params: Mapping[str, str], name: str) -> frozenset[str]:
    text = params.get(name, "").strip()
    names = parsed(name, text) if text else []
    if not isinstance(names, list):
        msg = f"{name} is not a JSON list"
        raise RefusedError(msg)
    return frozenset(map(text_of, names))


def _is_true(params: Mapping[str, str], name: str) -> bool:
    return params.get(name) == "true"
