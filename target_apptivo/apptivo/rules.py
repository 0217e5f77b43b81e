"""What the settings say of a stream's records, and a record shaped by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.request import shape_address, shape_request, without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.request import Address, Operation, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the records of one stream are treated; the fields are named like the settings.

    Attributes:
        operation: How a record is sent.
        batch: How its records travel together, if they do.
        on_uncertain: `resend` or `hold`: a create whose answer was lost.
    """

    operation: Operation
    batch: Batch | None = None
    on_uncertain: str = "resend"


@dataclass(frozen=True, slots=True)
class Shaped:
    """A record ready to be sent.

    Attributes:
        address: Where it goes.
        payload: What is sent of it.
    """

    address: Address
    payload: Mapping[str, Any]

    def request(self, operation: Operation) -> Request:
        """Make the request that sends it alone.

        Raises:
            RecordRejectedError: If it cannot be written.
        """
        return shape_request(operation, self.address, self.payload)


def shape(
    operation: Operation, record: Mapping[str, Any], *, keeps_metadata: bool = False
) -> Shaped:
    """Fill in a record's templates, and take out what is not sent.

    Args:
        operation: How it is sent.
        record: The record after stream maps.
        keeps_metadata: Whether its `_sdc_…` properties are sent.

    Raises:
        RecordRejectedError: If a template finds no fit value.
    """
    payload = without(record, operation.exclude)
    if not keeps_metadata:
        for name in [name for name in payload if name.startswith("_sdc_")]:
            del payload[name]
    return Shaped(shape_address(operation, record), payload)
