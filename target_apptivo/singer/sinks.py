"""One sink per endpoint; the machine of all of them is in `sink.py`."""

from __future__ import annotations

from target_apptivo.apptivo import endpoints
from target_apptivo.settings.routes import unmapped
from target_apptivo.singer.sink import ApptivoSink


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
