"""The search index of one app: behind the records by a delay, and by words. Pure.

An index like Apptivo's keeps a copy of each record (INFERRED, docs/apptivo.md): what
a search answers is the record as it was when the index last took it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from target_apptivo.sandbox.terms import ANYWHERE, Term, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from target_apptivo.sandbox.memory import Entry

# Of a word that very many records share only so many candidates are looked at for each near match
# that is wanted: a search must not cost more because everybody's address ends in "com".
_LOOKED_AT = 8

_Places = dict[tuple[str, str], dict[str, None]]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A record as the index has it: its place in order of arrival, and where it is filed."""

    entry: Entry
    number: int
    words: frozenset[tuple[str, str]]
    wholes: frozenset[tuple[str, str]]


class SearchIndex:
    """Finds copies of records by their words, in order of arrival."""

    def __init__(self) -> None:
        """Begin empty."""
        # Filed only when a search comes: most loads never search.
        self._waiting: deque[tuple[datetime, str, Entry | None]] = deque()
        self._copies: dict[str, _Copy] = {}
        self._words: _Places = {}
        self._wholes: _Places = {}
        self._last_number = 0

    def note(self, at: datetime, record_id: str, entry: Entry | None) -> None:
        """Hear of a commit: a record as it is from now on, or None where it is gone."""
        self._waiting.append((at, record_id, entry))

    def catch_up(self, now: datetime, delay: float) -> None:
        """Take in what was committed so many seconds ago, or longer."""
        horizon = now - timedelta(seconds=delay)
        while self._waiting and self._waiting[0][0] <= horizon:
            _, record_id, entry = self._waiting.popleft()
            self._take(record_id, entry)

    def everything(self) -> list[str]:
        """All ids, in order of arrival."""
        return list(self._copies)

    def equal(self, terms: Sequence[Term]) -> list[str]:
        """The ids of records that hold, word for word, each of the terms."""
        places = sorted((self._wholes.get(_whole(term), {}) for term in terms), key=len)
        return [i for i in places[0] if all(i in place for place in places[1:])]

    def near(self, terms: Iterable[Term], limit: int, *, but: Iterable[str]) -> list[str]:
        """The ids of the records, so many at most, that share most words with the terms."""
        words = {(term.field, word) for term in terms for word in term.words}
        # Rare words first, so that a name finds more than the domain that all addresses share.
        places = sorted((self._words.get(word, {}) for word in sorted(words)), key=len)
        left_out, found = set(but), dict[str, int]()
        for place in places:
            for record_id in islice(place, (limit + len(left_out)) * _LOOKED_AT):
                if record_id not in left_out and record_id not in found:
                    found[record_id] = sum(record_id in each for each in places)
        return sorted(found, key=lambda record_id: -found[record_id])[:limit]

    def entry(self, record_id: str) -> Entry:
        """The copy of a record."""
        return self._copies[record_id].entry

    def number(self, record_id: str) -> int:
        """The place of a record in order of arrival."""
        return self._copies[record_id].number

    def _take(self, record_id: str, entry: Entry | None) -> None:
        old = self._copies.get(record_id)
        if old is not None:
            _remove(self._words, old.words, record_id)
            _remove(self._wholes, old.wholes, record_id)
        if entry is None:
            self._copies.pop(record_id, None)
            return
        copy = self._copied(entry, old)
        self._copies[record_id] = copy
        _add(self._words, copy.words, record_id)
        _add(self._wholes, copy.wholes, record_id)

    def _copied(self, entry: Entry, old: _Copy | None) -> _Copy:
        self._last_number += 1
        terms = terms_of(entry.record)
        terms += [Term(ANYWHERE, term.text) for term in terms]
        return _Copy(
            entry,
            # An updated record keeps its place.
            self._last_number if old is None else old.number,
            frozenset((term.field, word) for term in terms for word in term.words),
            frozenset(_whole(term) for term in terms),
        )


def _whole(term: Term) -> tuple[str, str]:
    return (term.field, " ".join(term.words))


def _add(places: _Places, names: Iterable[tuple[str, str]], record_id: str) -> None:
    for name in names:
        places.setdefault(name, {})[record_id] = None


def _remove(places: _Places, names: Iterable[tuple[str, str]], record_id: str) -> None:
    for name in names:
        del places[name][record_id]
        if not places[name]:
            del places[name]
