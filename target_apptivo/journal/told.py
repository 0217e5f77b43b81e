"""What a response record tells of a record, and what that makes of a journal. Pure."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from target_apptivo.journal.digest import key_text
from target_apptivo.journal.steps import (
    Forget,
    InDoubt,
    Intend,
    JournalStep,
    Known,
    Place,
    Remember,
    Unknown,
)
from target_apptivo.jsontext import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# The others took nothing: they tell nothing that would last.
_TOLD = {"accepted", "updated", "unchanged", "duplicate", "uncertain"}
# What older versions did not tell, by the beginning of the endpoint's name.
_ACTIONS = {"create": "create", "delete": "delete"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a response record tells.

    Attributes:
        place: The record.
        names: Its key properties.
        outcome: What became of it.
        action: `create`, `update`, `delete` or `send`; older versions do not tell.
        apptivo_id: Its id, if one was told.
        at: When it was answered, or else sent, in seconds since 1970; none if never.
    """

    place: Place
    names: frozenset[str]
    outcome: str
    action: str
    apptivo_id: str | None
    at: float | None

    @property
    def is_deleted(self) -> bool:
        """Whether it was deleted."""
        return self.action == "delete" and self.outcome == "accepted"

    @property
    def is_created(self) -> bool:
        """Whether it was created from this record."""
        return self.action == "create" and self.outcome == "accepted"


def steps_of(told: Told, present: Known | InDoubt | Unknown, now: float) -> Iterator[JournalStep]:
    """Say what a response record makes of what the journal knows already."""
    known, since = None, -math.inf
    match present:
        case Known():
            known, since = present, present.taken_at
        case InDoubt():
            # `now` is a little later than what the age was counted to: doubt stays, if in doubt.
            known, since = present.before, now - present.age
    if told.at is not None and told.at < since:
        return
    if told.is_deleted:
        yield from _forgotten(told, known)
    elif told.outcome == "uncertain":
        yield Intend(place=told.place, action=told.action, apptivo_id=told.apptivo_id, at=told.at)
    else:
        yield _remembered(told, known)


def _forgotten(told: Told, known: Known | None) -> Iterator[JournalStep]:
    """Forget a deleted object: what was created is not where what deletes it is."""
    apptivo_id = told.apptivo_id or (known.apptivo_id if known else None)
    if apptivo_id is not None:
        yield Forget(told.place.endpoint.replace("delete_", "create_", 1), apptivo_id)


def _remembered(told: Told, known: Known | None) -> Remember:
    """Remember an id; of an object that is known already, what was taken of it stays."""
    remember = Remember(place=told.place, apptivo_id=told.apptivo_id, at=told.at)
    if known is None or known.apptivo_id not in {None, told.apptivo_id}:
        return replace(remember, is_created=told.is_created)
    if known.is_created or not told.is_created:
        return remember
    return replace(remember, is_created=True, taken=known.taken, shown=known.shown)


def read_line(line: str | bytes, name_of: Callable[[str], str]) -> Told | None:
    """Read a line; none if it tells nothing of what became of a record.

    Raises:
        ValueError: If it is no line of such a file.
    """
    if not line.strip():
        return None
    try:
        message = loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON, or cut off") from None
    record = _response_record(message)
    return _told(record, name_of) if record is not None else None


def _response_record(message: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
    """Find the response record in a line, alone or in a Singer message."""
    if _is_response_record(message):
        return cast("Mapping[str, Any]", message)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError("no Singer message and no response record")  # noqa: TRY004 - as others
    of_responses = message["type"] == "RECORD" and str(message.get("stream")).endswith("_responses")
    record = message.get("record")
    return record if of_responses and _is_response_record(record) else None


def _is_response_record(record: object) -> bool:
    """Whether it is a response record: a tap may have a stream `survey_responses`."""
    return (
        isinstance(record, dict)
        and all(isinstance(record.get(name), str) for name in ("stream", "endpoint", "outcome"))
        and isinstance(record.get("key"), dict)
    )


def _told(record: Mapping[str, Any], name_of: Callable[[str], str]) -> Told | None:
    """Read a response record; none if nothing is to be taken over."""
    key, endpoint, apptivo_id = record["key"], record["endpoint"], record.get("apptivo_id")
    told = Told(
        place=Place(endpoint, name_of(record["stream"]), key_text(key)),
        names=frozenset(key),
        outcome=record["outcome"],
        action=record.get("action") or _ACTIONS.get(endpoint.partition("_")[0], "send"),
        apptivo_id=None if apptivo_id in (None, "") else str(apptivo_id),
        at=_moment(record.get("received_at") or record.get("sent_at")),
    )
    tells = told.apptivo_id is not None or told.is_deleted or told.outcome == "uncertain"
    return told if key and tells and told.outcome in _TOLD else None


def _moment(text: object) -> float | None:
    """Read a date-time."""
    try:
        return dt.datetime.fromisoformat(str(text)).timestamp() if text else None
    except ValueError:
        raise ValueError("a response record whose time is none") from None
