"""E-mails, phones and addresses: lists of entries that people add to as well. Pure.

An entry that this journal wrote is known by two digests: `exact`, of the entry as the source said
it, and `left`, of what Apptivo showed of it afterwards; where it showed nothing, `~` and the digest
of what was sent, to which Apptivo may have added. Content holds them as text, in the order of the
source:

    of what was taken     "<exact>/<left> <exact>/<left>"
    of what was shown     "<exact>=<left>", of those entries only that were written
    of what is intended   "<exact>/<left>", of those entries only, and "-<exact>" of replaced ones

An entry of the source that is new takes the place of one that was written for an entry which the
source has no more, and which Apptivo holds as it was left; else it is added. Nothing is removed,
and no entry is touched that was not written, or that somebody changed (docs/apptivo.md 3.3, 8.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.values import (
    holds,
    is_empty,
    loose_digest,
    plain_text,
    restricted,
    said,
)
from target_apptivo.journal.digest import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A list of an object whose entries have ids of their own.

    Attributes:
        id_name: What Apptivo calls an entry's id.
        fields: What is known to be of the entry, whoever wrote it.
        labels: Fields that say nothing alone.
        key: The field by which an entry is the same one, if a single one does.
        ignores_case: Whether that field is compared without regard to case.
    """

    id_name: str
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    key: str | None = None
    ignores_case: bool = False

    def entries(self, entries: Iterable[Entry]) -> dict[str, Entry]:
        """Give a source's entries that say something, by their exact digests: doubled ones once."""
        spoken = (self._without_id(entry) for entry in entries if self._says_something(entry))
        return {digest(said(entry)): entry for entry in spoken}

    def left(self, entry: Entry, like: Entry | None = None) -> str:
        """Give the digest by which an entry is known again, of all fields or those of another."""
        shown = {name: entry[name] for name in self.fields if name in entry}
        return loose_digest(shown if like is None else restricted(shown, said(like)))

    def is_same(self, one: Entry, other: Entry) -> bool:
        """Whether two entries are one e-mail, phone or address, whatever else they say."""
        if self.key is None:
            return self.is_complete(one, other)
        text = self._key_text(one)
        return bool(text) and text == self._key_text(other)

    def is_complete(self, found: Entry, wanted: Entry) -> bool:
        """Whether an entry of Apptivo's says all that one of the source's does."""
        aside = {*_PLACES, self.id_name}
        return holds(found, {name: wanted[name] for name in wanted if name not in aside})

    def resembles(self, found: Entry, wanted: Entry) -> bool:
        """Whether an entry may be another one as Apptivo writes it: a phone with dashes."""
        if self.key is None:
            names = said(wanted).keys() - {*self.labels, *_PLACES}
            return any(holds(found.get(name), wanted[name]) for name in names)
        one, other = (re.sub(r"\W", "", self._key_text(entry)) for entry in (found, wanted))
        return bool(one) and one == other

    def _key_text(self, entry: Entry) -> str:
        """Give the text by which an entry is compared; empty where it has none."""
        try:
            text = plain_text(entry.get(str(self.key)))
        except ValueError:
            return ""
        return text.casefold() if self.ignores_case else text

    def _says_something(self, entry: Entry) -> bool:
        """Whether there is more to an entry than its type."""
        if self.key:
            return not is_empty(entry.get(self.key))
        return bool(said(entry).keys() - {*self.labels, *_PLACES, self.id_name})

    def _without_id(self, entry: Entry) -> Entry:
        """Leave out Apptivo's id: which entry is meant is not for the source to say."""
        return {name: value for name, value in entry.items() if name != self.id_name}


# Where an address stands on the screen.
_PLACES: Final = frozenset({"addressAttributeId", "addressGroupName", "id"})

# docs/apptivo.md 8.2, 8.3; ids 3.3. What a phone's id is called is UNKNOWN: like an e-mail's is
# INFERRED. An entry keeps whatever it has, so that the name matters for knowing it again only.
KINDS: Final = {
    "emailAddresses": Kind(
        id_name="communicationId",
        fields=("emailAddress", "emailType", "emailTypeCode"),
        labels=("emailType", "emailTypeCode"),
        key="emailAddress",
        ignores_case=True,
    ),
    "phoneNumbers": Kind(
        id_name="communicationId",
        fields=("phoneNumber", "phoneType", "phoneTypeCode"),
        labels=("phoneType", "phoneTypeCode"),
        key="phoneNumber",
    ),
    "addresses": Kind(
        id_name="addressId",
        fields=(
            *("addressType", "addressTypeCode", "addressLine1", "addressLine2", "city", "county"),
            *("state", "stateCode", "zipCode", "countryId", "countryCode", "countryName"),
            "deliveryInstructions",
        ),
        labels=("addressType", "addressTypeCode"),
    ),
}


def list_content(kind: Kind, entries: Iterable[Entry]) -> str:
    """Write what a source says of a list; empty where it says nothing."""
    spoken = kind.entries(entries)
    return " ".join(f"{exact}/{kind.left(entry)}" for exact, entry in spoken.items())


def entries_in(content: Mapping[str, str], name: str) -> dict[str, str]:
    """Read the entries that were taken or intended: the `left` of what was sent by `exact`."""
    return {exact: left for exact, left in _pairs(content.get(name, ""), "/") if left}


def taken_in(content: Mapping[str, str], name: str) -> dict[str, str]:
    """Read which entries were taken: `left` by `exact`."""
    return {exact: unseen(left) for exact, left in entries_in(content, name).items()}


def replaced_in(content: Mapping[str, str], name: str) -> list[str]:
    """Read which entries an intention was to replace: their exact digests."""
    parts = content.get(name, "").split()
    return [part.removeprefix("-") for part in parts if part.startswith("-")]


def intended_content(kind: Kind, written: Iterable[Written]) -> str:
    """Write what is intended with a list, for `taken_in` and `replaced_in`."""
    parts = [(f"{each.exact}/{kind.left(each.entry)}", each.replaced) for each in written]
    return " ".join(" ".join((part, *(f"-{old}" for old in replaced))) for part, replaced in parts)


def unseen(left: str) -> str:
    """Mark a digest as one of what was sent, and not seen since."""
    return f"~{left}"


def written_in(content: Mapping[str, str], name: str) -> dict[str, str]:
    """Read which entries were written: `left` by `exact`."""
    return dict(_pairs(content.get(name, ""), "="))


def written_content(written: Mapping[str, str]) -> str:
    """Write which entries were written, for `written_in`."""
    return " ".join(f"{exact}={left}" for exact, left in written.items())


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that an update, or a create, writes.

    Attributes:
        exact: Its digest at the source.
        entry: What the source says.
        apptivo_id: The id of Apptivo's entry in whose place it goes, where that has one.
        replaced: The exact digest of the source's former entry in that place.
    """

    exact: str
    entry: Entry
    apptivo_id: object = None
    replaced: tuple[str, ...] = ()


def after_answer(
    kind: Kind,
    known: Mapping[str, str],
    written: Sequence[Written],
    before: Sequence[Entry],
    answer: Sequence[Entry],
) -> dict[str, str]:
    """Tell which entries of an object are ours, and as what Apptivo shows them.

    Args:
        kind: The list.
        known: What was ours and stays so: `left` by `exact`.
        written: What has been written.
        before: The list as it was before.
        answer: The list that an answer shows; empty where it shows none.

    Returns:
        `left` by `exact`. What Apptivo writes in its own way (a phone with dashes) is an entry
        that was not there before, and resembles ours.
    """
    seen = {each.exact: _seen(kind, each, answer) for each in written}
    old = (*before, *(entry for entry in seen.values() if entry is not None))
    others = [entry for entry in answer if not any(_is_one(kind, entry, each) for each in old)]
    left = dict(known)
    for each in written:
        alike = (entry for entry in others if kind.resembles(entry, each.entry))
        entry = seen[each.exact] or next(alike, None)
        left[each.exact] = kind.left(entry) if entry else unseen(kind.left(each.entry))
    return left


def _seen(kind: Kind, written: Written, answer: Sequence[Entry]) -> Entry | None:
    """Find an entry in an answer: by its id, else by what it says."""
    if not is_empty(written.apptivo_id):
        by_id = (entry for entry in answer if entry.get(kind.id_name) == written.apptivo_id)
        return next(by_id, None)
    same = [entry for entry in answer if kind.is_same(entry, written.entry)]
    complete = (entry for entry in same if kind.is_complete(entry, written.entry))
    return next(complete, next(iter(same), None))


def _is_one(kind: Kind, one: Entry, other: Entry) -> bool:
    """Whether two entries of Apptivo's are one: by their ids, else by what they say."""
    if is_empty(one.get(kind.id_name)) or is_empty(other.get(kind.id_name)):
        return kind.is_same(one, other)
    return bool(one[kind.id_name] == other[kind.id_name])


def _pairs(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Read pairs of digests."""
    for part in text.split():
        first, _, second = part.partition(mark)
        yield first, second
