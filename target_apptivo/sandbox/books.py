"""Books on one app: how often each record was created, and what became of it. Pure.

Apptivo keeps no such books: they are the sandbox's own, for whoever looks for doubles. A record is
known by its key: an attribute of it as it was sent.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.exact_json import encode
from target_apptivo.sandbox.fields import entries_of, text_of
from target_apptivo.sandbox.memory import AUTO_NUMBER, SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from target_apptivo.sandbox.apps import App
    from target_apptivo.sandbox.memory import Entry, Record

# What was done last, in all apps, as the page shows it.
Feed = deque[dict[str, Any]]

# Counts are of all; histories only of the keys that were heard of last.
KEPT_HISTORIES = 10_000
KEPT_IN_FEED = 100
_KEPT_EVENTS = 100
_LONGEST_KEY = 120


class Books:
    """Counts by action and by key, histories by key."""

    def __init__(self, app_name: str, feed: Feed) -> None:
        """Begin empty; the feed is that of all apps."""
        self.counts: Counter[str] = Counter()
        self._app_name = app_name
        self._feed = feed
        self._created: dict[str, list[str]] = {}
        self._doubled: dict[str, None] = {}
        self._keys: dict[str, str] = {}
        self._histories: dict[str, deque[dict[str, Any]]] = {}

    def created(self, at: datetime, entry: Entry, key: str) -> None:
        """Write down a create."""
        self._keys[entry.id] = key
        # Taken out and put in again, so that the newest keys are at the end.
        ids = self._created[key] = self._created.pop(key, [])
        ids.append(entry.id)
        if len(ids) > 1:
            self._doubled.pop(key, None)
            self._doubled[key] = None
        self.note(at, "create", entry)

    def knows(self, entry: Entry) -> bool:
        """Whether a create of this record is written down."""
        return entry.id in self._keys

    def note(self, at: datetime, action: str, entry: Entry) -> None:
        """Write down what was done with a record that was created before."""
        self.counts[action] += 1
        # The firm's own employees were created before the books were opened.
        key = self._keys.get(entry.id, entry.id)
        time = at.isoformat(timespec="milliseconds")
        event = {"at": time, "action": action, "id": entry.id, "version": entry.version}
        times = len(self._created.get(key, ()))
        self._feed.append({**event, "app": self._app_name, "key": key, "created": times})
        history = self._histories.pop(key, None) or deque(maxlen=_KEPT_EVENTS)
        history.append(event)
        self._histories[key] = history
        if len(self._histories) > KEPT_HISTORIES:
            del self._histories[next(iter(self._histories))]

    def report(self, latest: int | None) -> dict[str, Any]:
        """The books as plain values; by key only the latest so many where a number is given."""
        return {
            "creates": self.counts["create"],
            "updates": self.counts["update"],
            "deletes": self.counts["delete"],
            "searches": self.counts["search"],
            "reads": self.counts["read"],
            "keys": len(self._created),
            "doubled_count": len(self._doubled),
            "doubled": _last(self._doubled, latest),
            "doubled_ids": {key: self._ids(key) for key in _last(self._doubled, latest)},
            "created": {key: len(self._created[key]) for key in _last(self._created, latest)},
            "history": {key: list(self._histories[key]) for key in _last(self._histories, latest)},
        }

    def _ids(self, key: str) -> list[str]:
        return self._created[key][-_KEPT_EVENTS:]


def key_of(app: App, record: Record, names: Sequence[str]) -> str:
    """A record's key: the first that it has of the named attributes, and of those by default."""
    record = {name: record[name] for name in record if name not in SECRETS}
    wanted = [names] if isinstance(names, str) else names
    for candidate in (*(_value(record, name) for name in wanted), *_by_default(app, record)):
        if candidate:
            return _short(candidate)
    return _short(encode(record).decode())


def _by_default(app: App, record: Record) -> Iterator[str]:
    yield text_of(record.get("id"))
    yield text_of(record.get("externalRefId"))
    number = text_of(record.get(app.number_field))
    yield "" if number == AUTO_NUMBER else number
    yield _value(record, "emailAddress") or text_of(record.get("caseEmail"))
    yield " ".join(filter(None, (text_of(record.get(name)) for name in app.name_fields)))


def _value(record: Record, name: str) -> str:
    head, _, custom_id = name.partition(".")
    if head == "customAttributes" and custom_id:
        entries = entries_of(record.get(head))
        found = [e for e in entries if text_of(e.get("customAttributeId")) == custom_id]
        return text_of(found[0].get("customAttributeValue")) if found else ""
    if name == "emailAddress" and name not in record:
        return next((text_of(e.get(name)) for e in entries_of(record.get("emailAddresses"))), "")
    return text_of(record.get(name))


def _short(key: str) -> str:
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{key[:_LONGEST_KEY]}… {digest}"


def _last(by_key: dict[str, Any], latest: int | None) -> list[str]:
    if latest is None:
        return list(by_key)
    return list(islice(reversed(by_key), latest))[::-1]
