"""One record on its way, and the request that carries it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import backoff

from target_apptivo.apptivo.request import shape_request
from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterator, Mapping
    from datetime import datetime

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.request import Address, Operation, Request
    from target_apptivo.apptivo.response import Verdict
    from target_apptivo.errors import TargetApptivoError

# Seconds: the ceiling of the n-th wait is 1, 2, 4, ... and never more than this.
_LONGEST_WAIT = 60
# Characters: what is shorter may stand in a reason by chance.
_LEAST_SHOWN = 4
# Characters by which a longer value is known.
_TELLING = 40


def waits(longest: float = _LONGEST_WAIT) -> Generator[float, Any, None]:
    """Give the ceilings of exponential backoff, in seconds."""
    ceilings = backoff.expo(max_value=longest)
    next(ceilings)  # backoff's generators start with an empty value
    return ceilings


@dataclass(slots=True, eq=False)
class Entry:
    """One record between its reading and its settling.

    Attributes:
        stream: Name of the stream, after stream maps.
        endpoint: Name of the endpoint.
        key: The record's key properties and their values.
        message: The RECORD message as the tap sent it.
        schema_line: The SCHEMA message of the tap's stream, as it was at that time.
        identity: What records that must keep their order have in common.
        size: Length of the message in characters.
        verdict: How the record ended, when it has.
        error: What ends the run at this record.
        reason_shown: Why it was not accepted, without the values that Apptivo repeats.
        sequence: Its place in the input.
        may_be_processed: Whether Apptivo may have processed it, or be about to.
        under_way_since: When it was sent last, on a monotonic clock, while its answer is awaited.
        is_last_of_task: Whether its request is settled with it.
        attempts: How often it was sent.
        possible_duplicate: Whether a create was sent again after a lost answer.
        sent_at: When it was sent last.
        received_at: When its answer came.
        duration_ms: Milliseconds between the two.
    """

    stream: str
    endpoint: str
    key: Mapping[str, Any]
    message: Mapping[str, Any]
    schema_line: str = ""
    identity: Hashable = None
    size: int = 0
    verdict: Verdict | None = None
    error: TargetApptivoError | None = None
    reason_shown: str | None = None
    sequence: int = -1
    may_be_processed: bool = False
    under_way_since: float | None = None
    is_last_of_task: bool = False
    attempts: int = 0
    possible_duplicate: bool = False
    sent_at: datetime | None = None
    received_at: datetime | None = None
    duration_ms: float | None = None

    @property
    def name(self) -> str:
        """The record by its stream and key, for people."""
        return f"stream '{self.stream}', key {dumps_line(dict(self.key))}"

    @property
    def reason(self) -> str:
        """Why it was not accepted, for the log."""
        return self.reason_shown or (self.verdict and self.verdict.reason) or ""


def _values(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Give the names and texts of a record's single values, but for those too short to tell."""
    match value:
        case dict():
            for each, item in value.items():
                yield from _values(item, f"{name}.{each}" if name else each)
        case list():
            for item in value:
                yield from _values(item, name)
        case bool():
            return
        case str() | int() | Decimal() if len(text := " ".join(str(value).split())) >= _LEAST_SHOWN:
            yield name, text


@dataclass(slots=True, eq=False)
class Task:
    """One request and the records that it carries: one, or a batch.

    Attributes:
        operation: How it is sent.
        address: Where it goes.
        entries: Its records.
        payloads: What is sent of each.
        batch: How the records are batched, if they are.
        request: The request, once shaped.
        attempts: How often it was sent.
        answer_lost: Whether an answer to a create was lost.
        blocked_by: How many of its records wait for an earlier record of the same key.
        is_released: Whether it may be sent as far as time is concerned.
        waits: Ceilings of the waits between attempts, in seconds.
    """

    operation: Operation
    address: Address
    entries: list[Entry]
    payloads: list[Mapping[str, Any]]
    batch: Batch | None = None
    request: Request | None = None
    attempts: int = 0
    answer_lost: bool = False
    blocked_by: int = 0
    is_released: bool = True
    waits: Generator[float, Any, None] = field(default_factory=waits)

    @property
    def sequence(self) -> int:
        """Place of its first record in the input."""
        return self.entries[0].sequence

    def shape(self) -> Request:
        """Shape the request.

        Raises:
            RecordRejectedError: If the records cannot be written.
        """
        if self.request is None:
            payload = self.batch.body(self.payloads) if self.batch else self.payloads[0]
            self.request = shape_request(self.operation, self.address, payload)
        return self.request

    def attempt(self, sent_at: datetime, *, now: float) -> None:
        """Note that the task is sent, by the calendar and on a monotonic clock."""
        self.attempts += 1
        for entry in self.entries:
            entry.attempts = self.attempts
            entry.possible_duplicate = self.answer_lost
            entry.may_be_processed = True
            entry.under_way_since = now
            entry.sent_at = sent_at

    def answered(self, received_at: datetime, *, seconds: float) -> None:
        """Note that the answer came, or that none will."""
        for entry in self.entries:
            entry.received_at = received_at
            entry.duration_ms = round(1000 * seconds, 3)

    def put_back(self) -> None:
        """Note that the task was not processed, as far as its last attempt goes."""
        for entry in self.entries:
            entry.may_be_processed = self.answer_lost
            entry.under_way_since = None

    def without_values(self, reason: str | None) -> str:
        """Put attributes' names in place of the values that a reason of Apptivo's repeats.

        The log holds no content of records, but for their keys.
        """
        reason = reason or ""
        keys = {str(key) for entry in self.entries for key in entry.key.values()}
        names = {
            text[:_TELLING]: name
            for name, text in _values(self.payloads)
            if text not in keys and text[:_TELLING] in reason
        }
        if not names:
            return reason
        # A long value may be cut off, or followed by more of itself.
        patterns = (
            re.escape(text) + (".*" if len(text) == _TELLING else r"(?!\w)")
            for text in sorted(names, key=len, reverse=True)
        )
        pattern = rf"(?<!\w)(?:{'|'.join(patterns)})"
        return re.sub(pattern, lambda match: f"<{names[match[0][:_TELLING]]}>", reason)

    def halves(self) -> list[Task]:
        """Split a batch in two."""
        middle = len(self.entries) // 2
        return [
            Task(
                operation=self.operation,
                address=self.address,
                entries=self.entries[part],
                payloads=self.payloads[part],
                batch=self.batch,
                answer_lost=self.answer_lost,
            )
            for part in (slice(None, middle), slice(middle, None))
        ]
