"""From the tap's streams to the sinks that take their records, through the SDK's stream maps."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import (
    InvalidJSONSchema,
    MapExpressionError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)

from target_apptivo.errors import InputError, RecordRejectedError, TargetApptivoError
from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from singer_sdk.sinks import Sink

    from target_apptivo.singer.reader import LineReader
    from target_apptivo.singer.sink import ApptivoSink

# Errors that say what is wrong themselves.
_TELLING = (InvalidJSONSchema, MapExpressionError, StreamMapConfigError, TargetApptivoError)


class Streams:
    """What the tap has told of its streams, by their names there.

    Streams that are renamed to one and the same have a sink each, with the schema of their own: the
    SDK has one for all of them, with the last schema that came.
    """

    def __init__(self) -> None:
        """Know none yet."""
        self._schema_lines: dict[str, str] = {}
        self._sinks: dict[tuple[str, str], ApptivoSink] = {}

    def tell(self, message: Mapping[str, Any]) -> None:
        """Keep a SCHEMA message as the tap sent it: the SDK takes metadata out of its schema."""
        self._schema_lines[message["stream"]] = dumps_line(message)

    def take(self, stream: str, sinks: Mapping[str, ApptivoSink]) -> None:
        """Note which sinks take a stream's records, by what its stream maps make of it."""
        self._sinks |= {(stream, alias): sink for alias, sink in sinks.items()}

    def let_go(self, replaced: list[Sink]) -> None:
        """Clean up the sinks, of those that the SDK has replaced, that take no records any more.

        The SDK would keep them until it drains, which is at the end here.
        """
        in_use = {id(sink) for sink in self._sinks.values()}
        for sink in [each for each in replaced if id(each) not in in_use]:
            sink.clean_up()
            replaced.remove(sink)

    def sink(self, stream: str, alias: str) -> ApptivoSink:
        """Give the sink of a stream's records."""
        return self._sinks[stream, alias]

    def schema_line(self, stream: str) -> str:
        """Give the SCHEMA message of a stream.

        Raises:
            RecordsWithoutSchemaException: If there was none under this very name.
        """
        if stream not in self._schema_lines:
            msg = f"a record of stream '{stream}' comes before its SCHEMA: mend the tap"
            raise RecordsWithoutSchemaException(msg)
        return self._schema_lines[stream]


def check_schema(reader: LineReader, message: dict[str, Any]) -> None:
    """Check of a SCHEMA message what the SDK takes for granted.

    Raises:
        InputError: If something is not there, or of another kind.
    """
    reader.require(message, stream=str, schema=dict)
    reader.require({"properties": {}, **message["schema"]}, properties=dict)
    key_properties = message.get("key_properties") or []
    reader.require({"key_properties": key_properties}, key_properties=list)
    if not all(isinstance(name, str) for name in key_properties):
        raise reader.error("has 'key_properties' that are no names")


@contextmanager
def usable_schema(reader: LineReader) -> Iterator[None]:
    """Take what the SDK fails by while it makes use of a schema for a fault of the schema.

    Raises:
        InputError: If it does; the line is named.
    """
    try:
        yield
    except _TELLING:
        raise
    except Exception as error:
        problem = f"holds a schema that cannot be used ({type(error).__name__})"
        raise reader.error(problem) from error


def wanted_maps(stream_maps: Collection[Any], message: Mapping[str, Any]) -> Collection[Any]:
    """Give the stream maps that a record goes through: just one, if it was set aside there.

    Raises:
        InputError: If the stream that it was set aside for is no more.
    """
    name, rejected = message["stream"], message.get("rejected")
    if rejected is None:
        return stream_maps
    only = rejected.get("stream", name)
    wanted = [each for each in stream_maps if each.stream_alias == only]
    if not wanted:
        msg = (
            f"a record of stream '{name}' was set aside for stream '{only}', which the stream "
            "maps do not make of it any more: mend stream_maps, or `rejected` in its line"
        )
        raise InputError(msg)
    return wanted


def mapped(
    stream_map: Any,  # noqa: ANN401
    message: Mapping[str, Any],
) -> tuple[dict[str, Any] | None, RecordRejectedError | None]:
    """Give a record as a stream map makes it, none where it drops it, or why it does not."""
    try:
        return stream_map.transform(copy.copy(message["record"])), None
    except Exception as error:  # noqa: BLE001 - an expression may fail in any way on a record
        cause = type(error.__cause__ or error).__name__
        msg = f"its stream map fails ({cause}): see stream_maps.{message['stream']}"
        return copy.copy(message["record"]), RecordRejectedError(msg)
