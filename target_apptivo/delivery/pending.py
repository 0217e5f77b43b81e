"""A record between reading and settling, its way, and what outputs see of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import datetime

    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.steps import BatchWay, Way
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.errors import TargetApptivoError
    from target_apptivo.journal.steps import Place
    from target_apptivo.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is to be known of a record until it is settled.

    Attributes:
        stream: Name of the stream, after stream maps.
        endpoint: Name of the endpoint.
        key: The record's key properties and their values.
        message: The RECORD message as the tap sent it.
        schema_line: The SCHEMA message of the tap's stream, as it was at that time.
        attributes: The record after stream maps.
        is_remembered: Whether the journal keeps the next run from sending it again.
        size: Length of the message in characters.
    """

    stream: str
    endpoint: str
    key: Mapping[str, Any]
    message: Mapping[str, Any]
    schema_line: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    is_remembered: bool = False
    size: int = 0

    @property
    def name(self) -> str:
        """The record by its stream and key, for people."""
        return name_of(self.stream, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRecord:
    """A record that has its outcome.

    Attributes:
        stream: Name of the stream, after stream maps.
        endpoint: Name of the endpoint.
        key: Its key properties and their values.
        verdict: What became of it.
        record: The record itself, where it is set aside.
        error: What ended it before anything was sent, if so.
        request: What was sent last, where that is wanted.
        attempts: How often it was sent.
        sent_at: When it was sent last.
        received_at: When the answer to that came.
        duration_ms: Milliseconds between the two.
    """

    stream: str
    endpoint: str
    key: Mapping[str, Any]
    verdict: Verdict
    record: Record | None = None
    error: TargetApptivoError | None = None
    request: Request | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    received_at: datetime | None = None
    duration_ms: float | None = None

    @property
    def name(self) -> str:
        """The record by its stream and key, for people."""
        return name_of(self.stream, self.key)


@dataclass(slots=True, eq=False)
class PendingRecord:
    """A record on its way.

    Attributes:
        record: The record; none when it has its outcome.
        lines: What it has in common with records that must go one after another.
        parents: What it waits for: records read before it, by stream and key in the journal.
        is_parent: By what its children know it, if it may have any.
        sequence: Its place in the input.
        settled: What became of it, when it has its outcome.
        error: What ends the run at this record.
        apptivo_may_have: Whether Apptivo has it or may have it, as far as anyone knows: true from
            the first byte that leaves, and taken back by proof alone.
        request: What was sent last.
        attempts: How often it was sent.
        sent_at: When it was sent last.
        received_at: When the answer to that came.
        duration_ms: Milliseconds between the two.
    """

    record: Record
    lines: tuple[Hashable, ...] = ()
    parents: tuple[Hashable, ...] = ()
    is_parent: Hashable = None
    sequence: int = -1
    settled: SettledRecord | None = None
    error: TargetApptivoError | None = None
    apptivo_may_have: bool = False
    request: Request | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    received_at: datetime | None = None
    duration_ms: float | None = None

    def end(self, verdict: Verdict) -> None:
        """Give it its outcome; what is not set aside gives up its message."""
        record = self.record
        self.settled = SettledRecord(
            stream=record.stream,
            endpoint=record.endpoint,
            key=record.key,
            verdict=verdict,
            record=record if verdict.outcome.is_set_aside else None,
            error=self.error,
            request=self.request,
            attempts=self.attempts,
            sent_at=self.sent_at,
            received_at=self.received_at,
            duration_ms=self.duration_ms,
        )


@dataclass(slots=True, eq=False)
class PendingWay:
    """A way that is under way: of one record, or of a batch.

    Attributes:
        start: Starts the way.
        records: Its records: one, or a batch's.
        members: The ways whose records travel in it, if it is a batch's.
        steps: The coroutine, once it is started.
        step: The step that it waits for.
        blocked_by: How many earlier records it waits for.
        tries: How often its present request was sent.
        attempts: How often a request of it was sent that changes something.
        had_before: Whether Apptivo may have had its records before its present sending.
        places: Where the journal holds its intentions; none once it is told their outcome.
    """

    start: Callable[[], Way] | Callable[[], BatchWay]
    records: list[PendingRecord]
    members: list[PendingWay] = field(default_factory=list)
    steps: Way | BatchWay | None = None
    step: Step[Any] | None = None
    blocked_by: int = 0
    tries: int = 0
    attempts: int = 0
    had_before: bool = False
    places: tuple[Place, ...] = ()

    @property
    def sequence(self) -> int:
        """Place of its first record in the input."""
        return self.records[0].sequence

    @property
    def name(self) -> str:
        """Its first record, for people."""
        return self.records[0].record.name

    def sent(self, request: Request, at: datetime) -> None:
        """Note that a request leaves that changes something."""
        self.attempts += 1
        self.had_before = self.records[0].apptivo_may_have
        for pending in self.records:
            pending.attempts = self.attempts
            pending.apptivo_may_have = True
            pending.request = request
            pending.sent_at = at
            pending.received_at = pending.duration_ms = None

    def answered(self, at: datetime, seconds: float) -> None:
        """Note that the answer came, or that none will."""
        for pending in self.records:
            pending.received_at = at
            pending.duration_ms = round(1000 * seconds, 3)

    def not_processed(self) -> None:
        """Note that its last sending surely came to nothing."""
        for pending in self.records:
            pending.apptivo_may_have = self.had_before


def name_of(stream: str, key: Mapping[str, Any]) -> str:
    """Name a record for people: by stream and key."""
    return f"stream '{stream}', key {dumps_line(dict(key))}"
