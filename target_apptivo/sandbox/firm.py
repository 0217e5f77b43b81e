"""One firm's Apptivo: its shelves by app, its configuration and its switches. Pure."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.apps import EMPLOYEES
from target_apptivo.sandbox.books import KEPT_IN_FEED, Books, Feed, key_of
from target_apptivo.sandbox.config_data import config_data, staff
from target_apptivo.sandbox.fields import STANDARD, entries_of, text_of
from target_apptivo.sandbox.index import SearchIndex
from target_apptivo.sandbox.layout import Layout, read_layout
from target_apptivo.sandbox.memory import Memory

if TYPE_CHECKING:
    from target_apptivo.sandbox.apps import App
    from target_apptivo.sandbox.memory import Entry, Record
    from target_apptivo.sandbox.switches import Switches

_LONG_AGO = datetime(2017, 10, 7, 17, 44, 26, tzinfo=UTC)


class Shelf:
    """All that is kept of one app: its records, what searches see of them, and the books."""

    def __init__(self, app: App, feed: Feed) -> None:
        """Begin empty."""
        self.memory = Memory(app)
        self.index = SearchIndex()
        self.books = Books(app.name, feed)

    def created(self, at: datetime, entry: Entry, key: str) -> Entry:
        """Tell index and books of a new record."""
        self.books.created(at, entry, key)
        self.index.note(at, entry.id, entry)
        return entry

    def updated(self, at: datetime, entry: Entry) -> Entry:
        """Tell index and books of a record's next version."""
        self.books.note(at, "update", entry)
        self.index.note(at, entry.id, entry)
        return entry

    def deleted(self, at: datetime, entry: Entry) -> None:
        """Tell index and books that a record went to the trash."""
        self.books.note(at, "delete", entry)
        self.index.note(at, entry.id, None)


class Firm:
    """What the actions of all apps work on."""

    def __init__(self, switches: Switches) -> None:
        """Begin with no records but the firm's own employees."""
        self.switches = switches
        self.shelves: dict[str, Shelf] = {}
        self.feed: Feed = deque(maxlen=KEPT_IN_FEED)
        self._staff = Shelf(EMPLOYEES, self.feed)
        for employee in staff(switches.config_data or {}):
            entry = self._staff.memory.add(employee, stamp(_LONG_AGO))
            self._staff.index.note(_LONG_AGO, entry.id, entry)

    def shelf(self, app: App, *, to_write: bool = False) -> Shelf:
        """What is kept of an app. The employees are shown only when one has arrived."""
        if app is EMPLOYEES:
            return self.shelves.setdefault(app.name, self._staff) if to_write else self._staff
        if app.name not in self.shelves:
            self.shelves[app.name] = Shelf(app, self.feed)
        return self.shelves[app.name]

    def config_data(self, app: App) -> dict[str, Any]:
        """What `getConfigData` answers for an app."""
        given: dict[str, Any] | None = (self.switches.config_data or {}).get(app.name)
        return config_data(app) if given is None else given

    def layout(self, app: App) -> Layout:
        """The fields of an app as the firm has set them up."""
        return read_layout(text_of(self.config_data(app).get("webLayout")))

    def known_fields(self, app: App) -> frozenset[str] | None:
        """The fields that an app knows; None where nobody knows which."""
        standard = STANDARD.get(app.name)
        return standard and standard | self.layout(app).standard

    def without_unknown(self, app: App, record: Record) -> Record:
        """What Apptivo keeps of a record; all of it unless unknown fields are to be dropped."""
        known = self.known_fields(app) if self.switches.drop_unknown else None
        if known is None:
            return record
        kept = {name: record[name] for name in record if name in known}
        if isinstance(kept.get("customAttributes"), list):
            ids = self.layout(app).custom
            entries = entries_of(kept["customAttributes"])
            kept["customAttributes"] = [
                entry for entry in entries if text_of(entry.get("customAttributeId")) in ids
            ]
        return kept

    def key_of(self, app: App, record: Record) -> str:
        """The key that a record, as it was sent, has in the books."""
        return key_of(app, record, self.switches.key)


def stamp(now: datetime) -> str:
    """A time as Apptivo writes it, without a zone."""
    return f"{now:%b %d, %Y %I:%M:%S %p}"
