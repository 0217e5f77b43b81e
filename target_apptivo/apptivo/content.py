"""What a record says, attribute by attribute, as digests that the journal keeps. Pure.

A digest text is `<exact>`, or `<exact>/<loose>` where the second differs: by the first a change at
the source is seen, by the second our value is known again in what Apptivo shows (`loosened` in
`values.py`). Of the lists of `lists.py` it tells entry by entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.custom import CUSTOM, PREFIX, custom_id, value_of
from target_apptivo.apptivo.lists import KINDS, list_content
from target_apptivo.apptivo.values import is_empty, loose_digest, loosened, objects_in, said
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.digest import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.journal.steps import Content

# The digest text of an attribute that the source empties, with `update_nulls`.
NOTHING: Final = digest(None)
_UNSENT: Final = "_sdc_"


def content_of(payload: Mapping[str, Any], *, update_nulls: bool = False) -> dict[str, str]:
    """Tell what a record says: a digest text for each attribute, by name.

    Custom attributes count one by one, as `customAttributes.<customAttributeId>`; entries without
    an id as one value, `customAttributes`. Null, empty and `_sdc_…` attributes say nothing.

    Args:
        payload: The record as it would be sent.
        update_nulls: Whether null and empty attributes say that nothing is to be there. Lists of
            e-mails, phones and addresses never do: nothing is removed from them.

    Raises:
        RecordRejectedError: If a value cannot be written as JSON.
    """
    content: dict[str, str] = {}
    for name, value in payload.items():
        if name.startswith(_UNSENT):
            continue
        try:
            if name == CUSTOM or name in KINDS:
                content |= _texts(name, value)
            else:
                content[name] = _text(value, value)
        except ValueError:
            msg = f"attribute '{name}' holds a value that JSON cannot hold"
            raise RecordRejectedError(msg) from None
    return {name: text for name, text in content.items() if update_nulls or text != NOTHING}


def is_new(content: Content, taken: Content) -> bool:
    """Whether a record says anything that was not taken of it last."""
    return bool(changed_names(content, taken))


def changed_names(content: Content, taken: Content) -> tuple[str, ...]:
    """Name the attributes whose value is not the one last taken, as content names them.

    The order of e-mails, phones and addresses is no value; nothing says nothing new where there
    never was anything.
    """
    return tuple(
        name for name, text in content.items() if _exacts(text) != _exacts(taken.get(name, NOTHING))
    )


def looses_in(text: str) -> set[str]:
    """Give the parts of a digest text by which a value is known again.

    A text of what is intended may stand for several values, if one intention followed another.
    """
    return {part.rpartition("/")[2] for part in text.split()}


def part_held(text: str, value: object) -> str:
    """Give of a text of what was intended the part that an object's value is; all if none is."""
    loose = loose_digest(value)
    parts = (part for part in text.split() if part.rpartition("/")[2] == loose)
    return next(parts, text)


def joined(content: Content, more: Content) -> dict[str, str]:
    """Join what was intended first and what is intended now: either may be there."""
    texts = dict(content)
    for name, text in more.items():
        parts = [*texts.get(name, "").split(), *text.split()]
        texts[name] = " ".join(dict.fromkeys(parts))
    return texts


def custom_entries(value: object) -> dict[str, dict[str, Any]]:
    """Give the entries of `customAttributes` by their names in content; of doubled ones the last.

    Entries without an id are left out.
    """
    entries = objects_in(value) or []
    return {f"{PREFIX}{name}": entry for entry in entries if (name := custom_id(entry))}


def _texts(name: str, value: Any) -> dict[str, str]:  # noqa: ANN401
    """Write the digest texts of one attribute of a payload."""
    entries = objects_in(value)
    if entries is not None and name == CUSTOM:
        return _custom_texts(entries)
    if entries is not None and name in KINDS:
        text = list_content(KINDS[name], entries)
        return {name: text} if text else {}
    return {name: _text(value, value)}


def _custom_texts(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Write the digest texts of custom attributes."""
    texts = {name: _text(entry, value_of(entry)) for name, entry in custom_entries(entries).items()}
    nameless = [entry for entry in entries if not custom_id(entry) and value_of(entry)]
    return {**texts, CUSTOM: _text(nameless, nameless)} if nameless else texts


def _text(value: Any, meaning: Any) -> str:  # noqa: ANN401
    """Write a digest text of a value, and of what is meant by it."""
    if is_empty(meaning):
        return NOTHING
    exact = digest(said(value) if isinstance(value, dict) else value)
    loose = loosened(meaning)
    if loose is value:
        return exact
    loose_text = digest(loose)
    return exact if loose_text == exact else f"{exact}/{loose_text}"


def _exacts(text: str) -> list[str]:
    """Give the exact digests in a digest text, in an order of their own."""
    return sorted(part.partition("/")[0] for part in text.split())
