"""The machine of all sinks: checks a record, shapes it, and sends it on its way."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks import Sink

from target_apptivo.apptivo.endpoints import CREATE_CUSTOMER
from target_apptivo.apptivo.request import without
from target_apptivo.apptivo.rules import Mapped
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.apptivo.ways.deliver import deliver, deliver_in_turn, deliver_mapped
from target_apptivo.apptivo.ways.notes import is_noted, set_aside
from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record
from target_apptivo.errors import MissingKeyPropertyError, RecordRejectedError
from target_apptivo.singer.marks import identity, says_deleted, set_aside_at
from target_apptivo.singer.remembered import Remembered
from target_apptivo.singer.validation import QuickValidator, schema_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sdk import Target

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.steps import Way
    from target_apptivo.journal.steps import Place
    from target_apptivo.run import Run
    from target_apptivo.settings.routes import Route


class ApptivoSink(Sink):
    """The machine of all sinks; a named sink only says which endpoint it is for."""

    endpoint: ClassVar[Endpoint | None] = None
    _route: Route

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Look up how the stream's records are sent."""
        super().__init__(target, stream_name, schema, key_properties)
        self._run = cast("Run", target.run)  # type: ignore[attr-defined] # it is ours
        if route := self._run.settings.routes.find(stream_name):
            self._route = route

    @cached_property
    def _remembered(self) -> Remembered | None:
        """How the stream's records are remembered, where there is a journal; claimed at once."""
        if self._run.settings.journal_url is None:
            return None
        routes, rules = self._run.settings.routes, self._route.rules
        stream = rules.journal_stream or self.stream_name
        remembered = Remembered(
            self.stream_name,
            rules,
            self.key_properties,
            is_referenced=stream in routes.referenced,
        )
        if remembered.key_names and not rules.operation.deletes:
            self._run.parts.shelf.claim(rules.operation.endpoint, stream, remembered.key_names)
        return remembered

    def take(
        self,
        record: dict[str, Any],
        message: Mapping[str, Any],
        *,
        schema_line: str,
        size: int,
        map_error: RecordRejectedError | None = None,
    ) -> None:
        """Take a record: check it and have it delivered, or refuse it.

        Args:
            record: The record after stream maps.
            message: The RECORD message as the tap sent it.
            schema_line: The SCHEMA message of its stream.
            size: Length of the message.
            map_error: What the stream map failed by, if it did.
        """
        self._run.report.read(self.stream_name)
        self._run.notices.announce(
            self.stream_name, self._route, has_keys=bool(self.key_properties), schema=self.schema
        )
        pending = self._pending(record, message, schema_line, size)
        try:
            way = self._way(record, message, pending, map_error)
        except RecordRejectedError as error:
            self._refuse(pending, record, error)
        else:
            self._submit(pending, way)

    def _refuse(
        self, pending: PendingRecord, record: dict[str, Any], error: RecordRejectedError
    ) -> None:
        """Refuse a record; in the turn of its key, where the journal may know it."""
        place, rules, verdict = None, self._route.rules, refused(str(error))
        if pending.record.key.keys() == {*self.key_properties}:
            with suppress(RecordRejectedError):
                place = self._place(pending, record)
        if is_noted(place, rules):
            pending.lines = (place,)
            at = set_aside_at(pending.record.message)
            way = partial(set_aside, place, rules, verdict, at)
            self._run.delivery.submit(PendingWay(way, [pending]))
        else:
            pending.error = error
            self._run.delivery.refuse(pending, verdict)

    def _submit(self, pending: PendingRecord, way: Callable[[], Way] | None) -> None:
        """Send a record on its way; a deleted one that deletes nothing is skipped."""
        if way is None:
            reason = "a deleted record (_sdc_deleted_at) is never created"
            rules = self._route.rules
            is_customer = rules.operation.endpoint == CREATE_CUSTOMER.name
            may_delete = is_customer and bool(self._remembered) and not rules.hard_delete
            self._run.notices.skip_deletion(self.stream_name, may_delete=may_delete)
            self._run.delivery.refuse(pending, Verdict(outcome=Outcome.SKIPPED, reason=reason))
        else:
            self._run.delivery.submit(PendingWay(way, [pending]))

    def _way(
        self,
        record: dict[str, Any],
        message: Mapping[str, Any],
        pending: PendingRecord,
        map_error: RecordRejectedError | None,
    ) -> Callable[[], Way] | None:
        """Check and shape a record, and tell what is done with it.

        Raises:
            RecordRejectedError: If it is refused before anything is sent.
        """
        rules, remembered = self._route.rules, self._remembered
        is_deleted = rules.operation.creates and says_deleted(record, message)
        if is_deleted and not (rules.hard_delete and remembered and self._run.parts.shelf.journal):
            return None
        self._set_metadata(record, message)
        self._check(record, map_error)
        mapped = Mapped(
            attributes=record,
            keeps_metadata=self.include_sdc_metadata_properties,
            place=self._place(pending, record),
            is_deleted=is_deleted,
            set_aside_at=set_aside_at(message),
        )
        criteria = remembered.line_up(pending, mapped) if remembered else None
        # Where `fields` makes the key, a deleted record is shaped too: nothing else tells it.
        if is_deleted and (mapped.place is None or mapped.place.key):
            return partial(deliver, mapped.gone(), rules)
        if rules.references or rules.fields:
            rest = without(record, (*rules.operation.exclude, *rules.fields.values()))
            self._warn_of_traps(rest)
            return partial(deliver_mapped, mapped, rules, takes_turns=self._takes_turns)
        shaped = mapped.shape(rules, criteria=criteria)
        self._warn_of_traps(shaped.payload)
        return partial(deliver_in_turn if self._takes_turns else deliver, shaped, rules)

    def _place(self, pending: PendingRecord, record: Mapping[str, Any]) -> Place | None:
        """Give where the journal remembers a record, if it does.

        Raises:
            RecordRejectedError: If its key cannot be one.
        """
        if not (self._remembered and self._run.parts.shelf.journal):
            return None
        return self._remembered.place(pending.record.key, record)

    @cached_property
    def _takes_turns(self) -> bool:
        """Whether match values of its app are known only when a way has shaped them."""
        rules = self._route.rules
        others = [route.rules for route in self._run.settings.routes.all() if route.rules.fields]
        apps = {other.app.path for other in others if other.match_on}
        return bool(rules.match_on) and rules.app.path in apps

    def _warn_of_traps(self, payload: Mapping[str, Any]) -> None:
        """Warn of what Apptivo probably drops."""
        if self.endpoint:
            self._run.notices.warn_of_traps(self.stream_name, self.endpoint, payload)

    def get_validator(self) -> QuickValidator | None:
        """Check records faster than the SDK does, which calls this."""
        return QuickValidator(self.schema) if self.validate_schema else None

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Not used: records come through `take`, with their message, and are kept in no sink.

        So the SDK calls none of its hooks of a sink (`preprocess_record`, `is_full`, draining).
        """
        raise NotImplementedError

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing is kept here that could be drained."""

    def _pending(
        self, record: dict[str, Any], message: Mapping[str, Any], schema_line: str, size: int
    ) -> PendingRecord:
        """Note what is to be known of a record until it is settled."""
        key = {name: record[name] for name in self.key_properties if name in record}
        noted = Record(
            stream=self.stream_name,
            endpoint=self._route.operation.endpoint,
            key=key,
            message=message,
            schema_line=schema_line,
            attributes=record,
            is_remembered=bool(self._run.parts.shelf.journal) and self._route.rules.is_recalled,
            size=size,
        )
        return PendingRecord(noted, lines=(identity(self.stream_name, key),) if key else ())

    def _set_metadata(self, record: dict[str, Any], message: Mapping[str, Any]) -> None:
        """Add the SDK's metadata to a record or take it out, as the SDK did with its schema."""
        if self.include_sdc_metadata_properties:
            self._add_sdc_metadata_to_record(record, dict(message), {})
        else:
            self._remove_sdc_metadata_from_record(record)

    def _check(self, record: dict[str, Any], map_error: RecordRejectedError | None) -> None:
        """Check a record against its schema and key properties, without changing it.

        The SDK's own check would log the record's values, and turn date strings into objects.
        """
        if map_error:
            raise map_error
        for name in self.key_properties:
            if name not in record:
                msg = f"key property '{name}' is missing"
                raise MissingKeyPropertyError(msg)
        if self._validator is not None:
            try:
                self._validator.validate(record)
            except InvalidRecord as error:
                raise RecordRejectedError(schema_reason(error)) from None
            except Exception as error:  # a schema may refer to what is not there
                msg = f"the record cannot be checked against its schema ({type(error).__name__})"
                raise RecordRejectedError(msg) from error
