"""What a way asks of the journal, and what it is told. Pure: values, no database.

The journal knows no Apptivo: attributes are names, values are digests, ids are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from target_apptivo.steps import Step

# Names of attributes and digests of their values.
Content = Mapping[str, str]


class Place(NamedTuple):
    """Where a record is remembered.

    Attributes:
        endpoint: Name of its endpoint.
        stream: Name of its stream after stream maps, or the option `journal_stream`.
        key: Its key properties' values as texts, in the order of their sorted names: JSON, ASCII.
    """

    endpoint: str
    stream: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a record became.

    Attributes:
        apptivo_id: Apptivo's id, where one is known.
        taken: What Apptivo took of it, as it was sent.
        shown: The same attributes as Apptivo showed them afterwards, where it did.
        is_created: Whether it was created from this record; else it was found.
        taken_at: When Apptivo took it last, in seconds since 1970.
        whole: Fingerprint of the record as it was taken last, where it was taken whole.
    """

    apptivo_id: str | None
    taken: Content = field(default_factory=dict)
    shown: Content = field(default_factory=dict)
    is_created: bool = True
    taken_at: float = 0.0
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """A record is the very one that was taken last.

    Attributes:
        apptivo_id: Apptivo's id, where one is known.
        taken_at: When Apptivo took it last, in seconds since 1970.
    """

    apptivo_id: str | None
    taken_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """An intention without an outcome: a run ended in the middle, or the answer was lost.

    Attributes:
        action: `create`, `update`, `delete` or `send`.
        apptivo_id: What was to be updated or deleted.
        matches: Digests of the record's match values at that time.
        intended: What was to be sent.
        age: Seconds since it was intended.
        before: What was known until then, if anything.
    """

    action: str
    apptivo_id: str | None = None
    matches: tuple[str, ...] = ()
    intended: Content = field(default_factory=dict)
    age: float = 0.0
    before: Known | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is remembered of a record."""


@dataclass(frozen=True, slots=True)
class Match:
    """A record of the journal with an equal match value."""

    place: Place
    apptivo_id: str


@dataclass(frozen=True, slots=True)
class Recall(Step[Same | Known | InDoubt | Unknown]):
    """What became of a record?

    Attributes:
        place: The record.
        whole: Its fingerprint: if it is the one taken last, nothing else is asked for.
    """

    place: Place
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class RecallMatches(Step[tuple[Match, ...]]):
    """Which records of an endpoint have one of some match values, and an id?"""

    endpoint: str
    matches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecallOwners(Step[tuple[Place, ...]]):
    """Which records of an endpoint became this object of Apptivo's, or were about to?"""

    endpoint: str
    apptivo_id: str


@dataclass(frozen=True, slots=True)
class RecallParent(Step[str | None]):
    """Which id has what the record of a stream with a key became? None where there is none.

    The newest where several endpoints have one. One whose create is in doubt does not count: its
    id may be an older one.
    """

    stream: str
    key: str


@dataclass(frozen=True, slots=True)
class RecallWitnesses(Step[tuple[str, ...]]):
    """Some ids that an endpoint's records became, the newest first: they are known to be there."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intend(Step[None]):
    """Hold durably what is about to be sent; what was known of it counts no more.

    Of a place that has an intention already (a record in doubt), the new one takes its place. A
    way that knows that nothing came of the older one withdraws it first.

    Attributes:
        place: The record.
        action: `create`, `update`, `delete` or `send`.
        apptivo_id: What is updated or deleted.
        matches: Digests of the record's match values.
        content: What is sent.
        changes: For `--plan`: by attribute, what it is and what it becomes.
        conflicts: For `--plan`: attributes in which Apptivo holds something of others.
        reason: For `--plan`: why, where that is not plain.
        at: When it was intended, in seconds since 1970, if not now.
    """

    place: Place
    action: str
    apptivo_id: str | None = None
    matches: tuple[str, ...] = ()
    content: Content = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    reason: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Step[None]):
    """Hold durably what a record became; its intention is fulfilled.

    Attributes:
        place: The record.
        apptivo_id: What it became, where that is known.
        taken: What Apptivo took of it: added to what it took before.
        shown: The same as Apptivo showed it: added likewise.
        matches: Digests of its match values: in place of the ones before, if there are any.
        is_created: Whether it was created from this record: then, and if it was just found, taken
            and shown are all that counts. None leaves what is remembered, and adds to it.
        at: When Apptivo took it, in seconds since 1970, if not now. What was set aside counts as
            taken then: what was set aside later is newer.
    """

    place: Place
    apptivo_id: str | None = None
    taken: Content = field(default_factory=dict)
    shown: Content = field(default_factory=dict)
    matches: tuple[str, ...] = ()
    is_created: bool | None = None
    whole: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Withdraw(Step[None]):
    """Take back an intention that surely came to nothing: what was there before counts again.

    That is what was known, or the older intention whose place it took: that one stays in doubt.
    """

    place: Place


@dataclass(frozen=True, slots=True)
class SetAside(Step[float]):
    """Note that a record was not taken. The reply is when, by the clock of what is taken later.

    What is known of it stays, but for its fingerprint: when it is found unchanged next, that is
    remembered, so that what was set aside is known to be older.
    """

    place: Place


@dataclass(frozen=True, slots=True)
class Forget(Step[None]):
    """Forget what records of an endpoint became, by the id of an object that is gone.

    That one of them is being created anew stays.
    """

    endpoint: str
    apptivo_id: str


JournalStep = (
    Recall
    | RecallMatches
    | RecallOwners
    | RecallParent
    | RecallWitnesses
    | Intend
    | Remember
    | Withdraw
    | SetAside
    | Forget
)
