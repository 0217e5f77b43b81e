"""What a target of the Singer SDK is without us: a `RecordSink` and one `requests.Session`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import requests
from singer_sdk import RecordSink, Target
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Sequence


class BareSink(RecordSink):
    """Sends one record after the other."""

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Open a session."""
        super().__init__(target, stream_name, schema, key_properties)
        self._session = requests.Session()

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Send a record and read the answer."""
        # The SDK has made objects of the dates and decimals of the numbers.
        writable = {
            name: value if isinstance(value, (str, int)) else str(value)
            for name, value in record.items()
        }
        response = self._session.post(
            self.config["url"],
            params={"a": "save", "apiKey": "key", "accessKey": "key"},
            json=writable,
            timeout=(10, 120),
        )
        response.raise_for_status()
        response.json()


class BareTarget(Target):
    """The SDK's target, as its template makes it."""

    name = "target-bare"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("url", th.StringType, required=True),
    ).to_dict()
    default_sink_class = BareSink


if __name__ == "__main__":
    BareTarget.cli()
