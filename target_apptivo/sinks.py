"""One sink per endpoint: checks a record, gives it its place, and hands it to the delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks import Sink

from target_apptivo.apptivo import endpoints
from target_apptivo.apptivo.request import Address, shape_address, without
from target_apptivo.apptivo.response import Outcome, Verdict, refused
from target_apptivo.delivery.record import Entry, Task
from target_apptivo.errors import MissingKeyPropertyError, RecordRejectedError
from target_apptivo.settings.routes import unmapped
from target_apptivo.validation import QuickValidator, schema_reason

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.settings.routes import Route
    from target_apptivo.target import TargetApptivo

# Seconds that the oldest record of a batch waits for others.
_BATCH_WAIT = 5.0


class ApptivoSink(Sink):
    """The machine of all sinks; a named sink only says which endpoint it is for."""

    endpoint: ClassVar[Endpoint | None] = None
    _route: Route

    def __init__(
        self,
        target: TargetApptivo,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Look up how the stream's records are sent."""
        super().__init__(target, stream_name, schema, key_properties)
        self._run = target.run
        if route := target.settings.routes.find(stream_name):
            self._route = route
        self._batch_task: Task | None = None
        self._batch_identities: set[Hashable] = set()

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
            self.stream_name, self._route, has_keys=bool(self.key_properties)
        )
        entry = self._entry(record, message, schema_line, size)
        if self._route.operation.creates and _is_deleted(record, message):
            reason = "a deleted record (_sdc_deleted_at) is never created"
            entry.verdict = Verdict(outcome=Outcome.SKIPPED, reason=reason)
            self._run.notices.skip_deletion(self.stream_name)
            self._run.delivery.refuse(entry)
            return
        self._set_metadata(record, message)
        try:
            self._check(record, map_error)
            address = shape_address(self._route.operation, record)
        except RecordRejectedError as error:
            self.refuse(entry, error)
        else:
            payload = self._payload(record)
            if self.endpoint:
                self._run.notices.warn_of_traps(self.stream_name, self.endpoint, payload)
            self._deliver(entry, address, payload)

    def get_validator(self) -> QuickValidator | None:
        """Check records faster than the SDK does, which calls this."""
        return QuickValidator(self.schema) if self.validate_schema else None

    def refuse(self, entry: Entry, error: RecordRejectedError) -> None:
        """Give a record its outcome before anything is sent."""
        entry.error = error
        entry.verdict = refused(str(error))
        self._run.delivery.refuse(entry)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Not used: records come through `take`, with their message."""
        raise NotImplementedError

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing is kept here that could be drained."""

    def _entry(
        self, record: Mapping[str, Any], message: Mapping[str, Any], schema_line: str, size: int
    ) -> Entry:
        """Note what is to be known of a record until it is settled."""
        key = {name: record[name] for name in self.key_properties if name in record}
        return Entry(
            stream=self.stream_name,
            endpoint=self._route.operation.endpoint,
            key=key,
            message=message,
            schema_line=schema_line,
            identity=_identity(self.stream_name, key) if key else None,
            size=size,
        )

    def _payload(self, record: dict[str, Any]) -> dict[str, Any]:
        """Give what is sent of a record."""
        payload = without(record, self._route.operation.exclude)
        if not self.include_sdc_metadata_properties:
            for name in [name for name in payload if name.startswith("_sdc_")]:
                del payload[name]
        return payload

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

    def _deliver(self, entry: Entry, address: Address, payload: dict[str, Any]) -> None:
        """Send a record, or put it into a batch."""
        delivery, batch = self._run.delivery, self._route.batch
        if batch and self._join_batch(entry, address, payload):
            return
        task = Task(
            operation=self._route.operation,
            address=address,
            entries=[entry],
            payloads=[payload],
            batch=batch,
        )
        delivery.submit(task, after=_BATCH_WAIT if batch else 0.0)
        if batch:
            self._batch_task, self._batch_identities = task, {entry.identity}
            self._release_if_full(batch.size)

    def _join_batch(self, entry: Entry, address: Address, payload: dict[str, Any]) -> bool:
        """Put a record into the open batch; false if it has to start another."""
        task = self._batch_task
        if task is None:
            return False
        is_twin = entry.identity is not None and entry.identity in self._batch_identities
        if task.address != address or is_twin:
            self._run.delivery.release(task)
            return False
        if not self._run.delivery.add(task, entry, payload):
            return False
        self._batch_identities.add(entry.identity)
        self._release_if_full(self._route.batch.size if self._route.batch else 1)
        return True

    def _release_if_full(self, size: int) -> None:
        """Let the open batch go when it has its size."""
        if self._batch_task and len(self._batch_task.entries) >= size:
            self._run.delivery.release(self._batch_task)
            self._batch_task = None


class CreateCaseSink(ApptivoSink):
    """Creates cases."""

    endpoint = endpoints.CREATE_CASE


class CreateLeadSink(ApptivoSink):
    """Creates leads."""

    endpoint = endpoints.CREATE_LEAD


class CreateCustomerSink(ApptivoSink):
    """Creates customers."""

    endpoint = endpoints.CREATE_CUSTOMER


class DeleteCustomerSink(ApptivoSink):
    """Deletes customers."""

    endpoint = endpoints.DELETE_CUSTOMER


class CreateContactSink(ApptivoSink):
    """Creates contacts."""

    endpoint = endpoints.CREATE_CONTACT


class CreateOpportunitySink(ApptivoSink):
    """Creates opportunities."""

    endpoint = endpoints.CREATE_OPPORTUNITY


class GenericSink(ApptivoSink):
    """Calls the endpoint that the settings describe."""


class UnmappedSink(ApptivoSink):
    """Takes the place of a sink where no endpoint is mapped: stream maps may drop all records."""

    def take(self, *_: object, **__: object) -> None:
        """End the run at the first record.

        Raises:
            InputError: Says how the stream is mapped.
        """
        raise unmapped(self.stream_name)


SINKS: dict[str, type[ApptivoSink]] = {
    sink.endpoint.name: sink
    for sink in (
        CreateCaseSink,
        CreateLeadSink,
        CreateCustomerSink,
        DeleteCustomerSink,
        CreateContactSink,
        CreateOpportunitySink,
    )
    if sink.endpoint
} | {endpoints.GENERIC: GenericSink}


def _is_deleted(record: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Whether the tap marks a record as deleted; stream maps may have dropped the mark."""
    raw = message["record"]
    return bool(record.get("_sdc_deleted_at") or raw.get("_sdc_deleted_at"))


def _identity(stream: str, key: Mapping[str, Any]) -> Hashable:
    """Give what records have in common that must keep their order."""
    values = tuple(key.values())
    try:
        hash(values)
    except TypeError:
        return stream, repr(values)
    return stream, values
