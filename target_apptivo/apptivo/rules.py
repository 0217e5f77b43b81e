"""What the settings say of a stream's records, and a record shaped by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.content import content_of
from target_apptivo.apptivo.criteria import criteria_of, match_key
from target_apptivo.apptivo.request import Address, shape_address, shape_request, without
from target_apptivo.apptivo.value import value
from target_apptivo.errors import RecordRejectedError
from target_apptivo.journal.digest import digest, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.criteria import Criteria
    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.fields.binding import Filled
    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.references import Reference
    from target_apptivo.apptivo.request import Request
    from target_apptivo.journal.steps import Content, Place


class LoadMethod(StrEnum):
    """What is done with a record that is known or found, and with one that is not."""

    APPEND_ONLY = "append-only"
    UPSERT = "upsert"
    CREATE_ONLY = "create-only"
    UPDATE_ONLY = "update-only"


@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def fixed_address(self) -> Address | None:
        """Where every record goes, if it is the same for all: no template asks for an attribute."""
        operation = self.operation
        templates = (operation.url, *(param.value for param in operation.params))
        is_fixed = all(isinstance(part, str) for each in templates for part in each.parts)
        if operation.customer_id is not None or not is_fixed:
            return None
        return shape_address(operation, {})

    @property
    def app(self) -> Endpoint:
        """The app of a create."""
        assert self.row is not None  # noqa: S101 - only creates are kept in step
        return self.row


# The name in a record's content of a generic endpoint's URL and parameters.
_ADDRESS: Final = "(address)"


@value(frozen=True)
class Shaped:
    """A record ready to be sent.

    Attributes:
        address: Where it goes.
        payload: What is sent of it.
        place: Where the journal remembers it; none where it does not.
        fingerprint: Of all that is sent: if it is the one taken last, nothing is new.
        criteria: By what it is looked for, if it is.
        is_deleted: Whether the source deleted it.
        set_aside_at: When it was set aside, if it comes from there: seconds since 1970.
        update_nulls: Whether its null and empty values say something.
        is_generic: Whether its URL and parameters say something.
    """

    address: Address
    payload: Mapping[str, Any]
    place: Place | None = None
    fingerprint: str = ""
    criteria: Criteria | None = None
    is_deleted: bool = False
    set_aside_at: float | None = None
    update_nulls: bool = False
    is_generic: bool = False

    @cached_property
    def content(self) -> Content:
        """What it says, as a digest for each attribute.

        Raises:
            RecordRejectedError: If a value cannot be written.
        """
        content = content_of(self.payload, update_nulls=self.update_nulls)
        if self.is_generic:
            content[_ADDRESS] = digest([self.address.url, *map(list, self.address.params)])
        return content

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


@value(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A record after stream maps, before it is shaped.

    Attributes:
        attributes: The record.
        keeps_metadata: Whether its `_sdc_…` properties are sent.
        place: Where the journal remembers it; none where it does not. Its key is empty where match
            values make it that `fields` shapes.
        is_deleted: Whether the source deleted it.
        set_aside_at: When it was set aside, if it comes from there: seconds since 1970.
    """

    attributes: Mapping[str, Any]
    keeps_metadata: bool = False
    place: Place | None = None
    is_deleted: bool = False
    set_aside_at: float | None = None

    def shape(
        self,
        rules: Rules,
        attributes: Mapping[str, Any] | None = None,
        filled: Filled | None = None,
        criteria: Criteria | None = None,
    ) -> Shaped:
        """Fill in the templates, take out what is not sent, and tell what it says.

        Args:
            rules: How the stream's records are treated.
            attributes: The record with its references, where it has some.
            filled: What the account's fields make of it, where the settings name some.
            criteria: By what it is looked for, where that is known.

        Raises:
            RecordRejectedError: If a template finds no fit value, or a match value is empty.
        """
        record = self.attributes if attributes is None else attributes
        payload = without(record, rules.operation.exclude)
        if filled:
            payload = filled.over(payload)
        if not self.keeps_metadata:
            for name in [name for name in payload if name.startswith("_sdc_")]:
                del payload[name]
        address = rules.fixed_address or shape_address(rules.operation, record)
        place = self.place
        if rules.match_on and place:
            criteria = criteria or criteria_of(rules.app, rules.match_on, payload)
            place = place if place.key else place._replace(key=match_key(rules.app, criteria))
        return Shaped(
            address,
            payload,
            place,
            _fingerprint(address, payload, rules) if self.place else "",
            criteria,
            self.is_deleted,
            self.set_aside_at,
            rules.update_nulls,
            rules.row is None,
        )

    def gone(self) -> Shaped:
        """Give what is asked for where its source deleted it: nothing of it is sent."""
        address = Address("", ())
        return Shaped(address, {}, self.place, is_deleted=True, set_aside_at=self.set_aside_at)


def _fingerprint(address: Address, payload: Mapping[str, Any], rules: Rules) -> str:
    """Give what only records share that say the same."""
    where = [address.url, address.params] if rules.row is None else None
    try:
        return fingerprint([rules.update_nulls, where, payload])
    except ValueError:
        msg = "the record holds a value that JSON cannot hold"
        raise RecordRejectedError(msg) from None
