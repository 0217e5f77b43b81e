"""What one app was given to keep: active records, trash, numbering. Pure: no clock, no threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.exact_json import encode
from target_apptivo.sandbox.fields import ENTRY_IDS

if TYPE_CHECKING:
    from target_apptivo.sandbox.apps import App

Record = dict[str, Any]

AUTO_NUMBER = "Auto generated number"
SECRETS = ("apiKey", "accessKey")
# Longer digits are no id of Apptivo's, and would overflow a reader that expects 64 bits.
_ID_DIGITS = 18
_FIRST_ENTRY_ID = 300_001


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept record and what Apptivo knows about it besides its fields. Never changed."""

    id: str
    record: Record
    creation_date: str
    version: int = 1


class Memory:
    """The records of one app, by id in order of arrival."""

    def __init__(self, app: App) -> None:
        """Begin empty."""
        self.app = app
        self.active: dict[str, Entry] = {}
        self.trash: dict[str, Entry] = {}
        self._last_id = app.first_id - 1
        self._last_number = app.first_number - 1
        self._last_entry_id = _FIRST_ENTRY_ID - 1
        self._alike: dict[bytes, set[str]] = {}

    def add(self, record: Record, creation_date: str) -> Entry:
        """Keep a new record under the next free id."""
        self._last_id += 1
        while str(self._last_id) in self.active or str(self._last_id) in self.trash:
            self._last_id += 1
        return self._keep(Entry(str(self._last_id), as_sent(record), creation_date))

    def put(self, record_id: str, record: Record, creation_date: str) -> Entry:
        """Merge fields into a record, or keep them as a new one under that id."""
        self.trash.pop(record_id, None)
        old = self.active.get(record_id)
        if old is None:
            return self._keep(Entry(record_id, as_sent(record), creation_date))
        return self.replace(old, {**old.record, **record})

    def replace(self, old: Entry, record: Record) -> Entry:
        """Keep the next version of an active record."""
        return self._keep(Entry(old.id, record, old.creation_date, old.version + 1))

    def discard(self, record_id: str) -> Entry | None:
        """Move a record to the trash; None where none is active under that id."""
        entry = self.active.pop(record_id, None)
        if entry is not None:
            self.trash[record_id] = entry
        return entry

    def has_like(self, record: Record) -> bool:
        """Whether an active record equals this one in the fields that make a duplicate."""
        if not self.app.duplicate_fields:
            return False
        likeness = self._likeness(record)
        ids = self._alike.get(likeness, ())
        entries = [self.active[i] for i in ids if i in self.active]
        # A record may have been changed since it was filed under this likeness.
        return any(self._likeness(entry.record) == likeness for entry in entries)

    def _keep(self, entry: Entry) -> Entry:
        record = {name: entry.record[name] for name in entry.record if name not in SECRETS}
        self._number(record)
        self._number_entries(record)
        record["id"] = entry.id
        record[self.app.id_name] = _as_number(entry.id)
        kept = Entry(entry.id, record, entry.creation_date, entry.version)
        self.active[entry.id] = kept
        if self.app.duplicate_fields:
            self._alike.setdefault(self._likeness(record), set()).add(entry.id)
        return kept

    def _number(self, record: Record) -> None:
        for name, value in record.items():
            if value == AUTO_NUMBER:
                self._last_number += 1
                record[name] = f"{self.app.number_prefix}{self._last_number}"

    def _number_entries(self, record: Record) -> None:
        for name, id_name in ENTRY_IDS.items():
            if isinstance(record.get(name), list):
                record[name] = [self._numbered(each, id_name) for each in record[name]]

    def _numbered(self, entry: object, id_name: str) -> object:
        if not isinstance(entry, dict) or entry.get(id_name):
            return entry
        self._last_entry_id += 1
        return {**entry, id_name: self._last_entry_id}

    def _likeness(self, record: Record) -> bytes:
        values = {name: record.get(name) for name in self.app.duplicate_fields}
        return encode(list(as_sent(values).values()))


def as_sent(record: Record) -> Record:
    """A record without the ids that the entries of its lists were given here."""
    lists = {name: record[name] for name in ENTRY_IDS if isinstance(record.get(name), list)}
    bare = {name: [_bare(each, ENTRY_IDS[name]) for each in lists[name]] for name in lists}
    return {**record, **bare}


def _bare(entry: object, id_name: str) -> object:
    if not isinstance(entry, dict) or id_name not in entry:
        return entry
    return {name: entry[name] for name in entry if name != id_name}


def _as_number(record_id: str) -> int | str:
    is_number = record_id.isascii() and record_id.isdigit() and len(record_id) <= _ID_DIGITS
    return int(record_id) if is_number else record_id
