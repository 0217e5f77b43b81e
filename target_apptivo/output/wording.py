"""What Apptivo says, as it may be told: masked first, then cut. Pure.

Apptivo's texts may repeat anything that it was sent. Where a user asked for the answers (responses,
rejected records) the keys are masked; in the log also the record's own values and whatever looks
like an e-mail address or a long number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import Record
    from target_apptivo.redact import Redactor

_LONGEST_REASON = 500
_LONGEST_TEXT = 2_000
# Characters: what is shorter may stand in a reason by chance.
_LEAST_SHOWN = 4
# Characters by which a longer value is known: it may be cut off, or followed by more of itself.
_TELLING = 40
# From the beginning of a word, so that a long one is not tried at each of its characters.
_WORD = r"[^\s<>@,;:'\"()]"
_EMAIL = re.compile(rf"(?<!{_WORD}){_WORD}+@{_WORD}+\.{_WORD}+")
_LONG_NUMBER = re.compile(r"\+?\d(?:[\d\s().-]{4,}\d)")
_LEAST_DIGITS = 6


class Wording:
    """Masks and cuts by the secrets of a run."""

    def __init__(self, redactor: Redactor) -> None:
        """Mask by what the redactor knows."""
        self._redactor = redactor

    def reason(self, text: str | None) -> str | None:
        """Give a reason for the user's own files."""
        return None if text is None else cut(self._redactor.text(text), _LONGEST_REASON)

    def text(self, text: str | None) -> str | None:
        """Give an answer that is no JSON object, for the user's own files."""
        return None if text is None else self._redactor.text(text)[:_LONGEST_TEXT]

    def shown(self, record: Record, verdict: Verdict) -> str:
        """Give a reason for the log.

        One of Apptivo's loses the record's values and what looks like a person's; ours hold none.
        """
        reason = self._redactor.text(verdict.reason or "no reason given")
        if verdict.http_status is not None:
            reason = without_values(record, reason)
        return cut(reason, _LONGEST_REASON)


def cut(text: str, longest: int) -> str:
    """Cut a text that is too long to be read."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def without_values(record: Record, reason: str) -> str:
    """Put attributes' names in place of the values that a reason repeats, in any case.

    The log holds no content of records, but for their keys.
    """
    keys = {str(key) for key in record.key.values()}
    lowered = reason.casefold()
    names, patterns = {}, []
    raw = record.message.get("record", {})
    for name, text in _values({**raw, **record.attributes}):
        telling = text.casefold()[:_TELLING]
        if text not in keys and telling in lowered:
            names[telling] = name
            # Letters that fold to several stand in the reason as they are, or folded.
            patterns += [_pattern(text[:_TELLING]), _pattern(telling)]
    if patterns:
        reason = re.sub(
            "|".join(sorted(dict.fromkeys(patterns), key=len, reverse=True)),
            lambda match: f"<{names.get(match[0].casefold()[:_TELLING], '...')}>",
            reason,
            flags=re.IGNORECASE,
        )
    reason = _EMAIL.sub("<e-mail>", reason)
    return _LONG_NUMBER.sub(lambda match: _masked_number(match[0], keys), reason)


def _pattern(text: str) -> str:
    """Match a value as a word of its own."""
    more = ".*" if len(text) == _TELLING else r"(?!\w)"
    return rf"(?<!\w){re.escape(text)}{more}"


def _masked_number(text: str, keys: set[str]) -> str:
    """Mask a number that is as long as an id or a phone number, unless it is the record's key."""
    digits = sum(character.isdigit() for character in text)
    return text if digits < _LEAST_DIGITS or text.strip() in keys else "<number>"


def _values(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Give the names and the texts of a record's values that are long enough to be known."""
    match value:
        case dict():
            for each, item in value.items():
                yield from _values(item, each)
        case list():
            for item in value:
                yield from _values(item, name)
        case bool() | None:
            return
        case str() | int() | float() | Decimal():
            text = " ".join(str(value).split())  # a reason is told in one line
            if len(text) >= _LEAST_SHOWN:
                yield name, text


def told(response: Mapping[str, Any], wording: Wording, redactor: Redactor) -> dict[str, Any]:
    """Give a response record as it is written."""
    said = {
        "reason": wording.reason(response["reason"]),
        "response": redactor.answer(response["response"]),
        "response_text": wording.text(response["response_text"]),
    }
    return {**redactor.data(response), **said}
