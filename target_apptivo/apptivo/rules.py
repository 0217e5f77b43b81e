"""What the settings say of a stream's records, and a record shaped by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.content import content_of
from target_apptivo.apptivo.criteria import criteria_of
from target_apptivo.apptivo.request import shape_address, shape_request, without
from target_apptivo.journal.digest import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.criteria import Criteria
    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.references import Reference
    from target_apptivo.apptivo.request import Address, Operation, Request
    from target_apptivo.journal.steps import Content, Place


class LoadMethod(StrEnum):
    """What is done with a record that is known or found, and with one that is not."""

    APPEND_ONLY = "append-only"
    UPSERT = "upsert"
    CREATE_ONLY = "create-only"
    UPDATE_ONLY = "update-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the records of one stream are treated; the fields are named like the settings.

    Attributes:
        operation: How a record is sent.
        row: The app of a create; none of other endpoints.
        batch: How its records travel together, if they do.
        on_uncertain: `resend` or `hold`: a create whose answer was lost.
        load_method: What is done with a record that is known.
        journal_stream: The stream's name in the journal, where it has another one there.
        match_on: By what a record is looked for; empty for nothing.
        on_conflict: `overwrite` or `keep`: what others wrote in Apptivo.
        update_nulls: Whether null and empty values clear what the journal wrote.
        hard_delete: How the customer of a deleted record is deleted; none where it is not.
        references: Attributes that are the ids of other records.
        fields: Apptivo's fields by id, name or label, with the attribute that fills each.
        settle_seconds: How long a create whose answer was lost must stay unfound.
        path: Path of the stream's options in the settings, for errors.
    """

    operation: Operation
    row: Endpoint | None = None
    batch: Batch | None = None
    on_uncertain: str = "resend"
    load_method: LoadMethod = LoadMethod.APPEND_ONLY
    journal_stream: str | None = None
    match_on: tuple[str, ...] = ()
    on_conflict: str = "overwrite"
    update_nulls: bool = False
    hard_delete: Operation | None = None
    references: tuple[Reference, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    settle_seconds: float = 60.0
    path: str = ""

    @property
    def is_recalled(self) -> bool:
        """Whether the journal is asked for a record before it is sent."""
        return self.load_method is not LoadMethod.APPEND_ONLY and not self.operation.deletes

    @property
    def app(self) -> Endpoint:
        """The app of a create."""
        assert self.row is not None  # noqa: S101 - only creates are kept in step
        return self.row


@dataclass(frozen=True, slots=True)
class Shaped:
    """A record ready to be sent.

    Attributes:
        address: Where it goes.
        payload: What is sent of it.
        place: Where the journal remembers it; none where it does not.
        content: What it says, as digests; empty where the journal does not ask.
        criteria: By what it is looked for, if it is.
        is_deleted: Whether the source deleted it.
        set_aside_at: When it was set aside, if it comes from there: seconds since 1970.
    """

    address: Address
    payload: Mapping[str, Any]
    place: Place | None = None
    content: Content = field(default_factory=dict)
    criteria: Criteria | None = None
    is_deleted: bool = False
    set_aside_at: float | None = None

    def request(self, operation: Operation) -> Request:
        """Make the request that sends it alone.

        Raises:
            RecordRejectedError: If it cannot be written.
        """
        return shape_request(operation, self.address, self.payload)

    @property
    def matches(self) -> tuple[str, ...]:
        """Digests of its match values."""
        return self.criteria.lines if self.criteria else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A record after stream maps, before it is shaped.

    Attributes:
        attributes: The record.
        keeps_metadata: Whether its `_sdc_…` properties are sent.
        place: Where the journal remembers it; none where it does not.
        is_deleted: Whether the source deleted it.
        set_aside_at: When it was set aside, if it comes from there: seconds since 1970.
    """

    attributes: Mapping[str, Any]
    keeps_metadata: bool = False
    place: Place | None = None
    is_deleted: bool = False
    set_aside_at: float | None = None

    def shape(self, rules: Rules, attributes: Mapping[str, Any] | None = None) -> Shaped:
        """Fill in the templates, take out what is not sent, and tell what it says.

        Args:
            rules: How the stream's records are treated.
            attributes: The record with its references, where it has some.

        Raises:
            RecordRejectedError: If a template finds no fit value, or a match value is empty.
        """
        record = self.attributes if attributes is None else attributes
        payload = without(record, rules.operation.exclude)
        if not self.keeps_metadata:
            for name in [name for name in payload if name.startswith("_sdc_")]:
                del payload[name]
        address = shape_address(rules.operation, record)
        shaped = Shaped(
            address,
            payload,
            place=self.place,
            is_deleted=self.is_deleted,
            set_aside_at=self.set_aside_at,
        )
        return self._remembered(shaped, rules) if self.place else shaped

    def _remembered(self, shaped: Shaped, rules: Rules) -> Shaped:
        """Tell what the journal has to know of a record."""
        content = content_of(shaped.payload, update_nulls=rules.update_nulls)
        if rules.row is None:
            content["(address)"] = digest([shaped.address.url, *map(list, shaped.address.params)])
        criteria = None
        if rules.match_on and not self.is_deleted:
            criteria = criteria_of(rules.app, rules.match_on, shaped.payload)
        return Shaped(
            shaped.address,
            shaped.payload,
            shaped.place,
            content,
            criteria,
            shaped.is_deleted,
            shaped.set_aside_at,
        )
