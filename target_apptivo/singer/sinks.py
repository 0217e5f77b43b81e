"""One sink per endpoint; the machine of all of them is in `sink.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import GENERIC, TEMPLATES
from target_apptivo.settings.routes import unmapped
from target_apptivo.singer.sink import ApptivoSink

if TYPE_CHECKING:
    from target_apptivo.apptivo.endpoints import Endpoint


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


def _sink_for(row: Endpoint) -> type[ApptivoSink]:
    """Make the sink of an endpoint, named like it: the SDK shows the name, as `CreateLeadSink`."""
    name = "".join(part.capitalize() for part in row.name.split("_"))
    about = f"Sends records to `{row.name}`."
    return type(f"{name}Sink", (ApptivoSink,), {"endpoint": row, "__doc__": about})


SINKS: dict[str, type[ApptivoSink]] = {
    **{name: _sink_for(row) for name, row in TEMPLATES.items()},
    GENERIC: GenericSink,
}
