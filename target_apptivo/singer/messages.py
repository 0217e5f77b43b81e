"""Handle the messages of a tap: the places where the SDK's target calls ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Target

from target_apptivo.errors import InputError, RecordRejectedError
from target_apptivo.settings.deletes import refuse_wild_rename
from target_apptivo.singer.mapping import Streams, check_schema, mapped, usable_schema, wanted_maps
from target_apptivo.singer.reader import LineReader
from target_apptivo.singer.sink import ApptivoSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.run import Run
    from target_apptivo.settings.read import Settings


class MessageTarget(Target):
    """What is done with each message; settings and command line are for `TargetApptivo`."""

    message_reader_class = LineReader
    run: Run
    settings: Settings

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own
        """Know no stream yet."""
        super().__init__(**options)
        self._streams = Streams()

    @property
    def _reader(self) -> LineReader:
        """The reader of the messages."""
        assert isinstance(self.message_reader, LineReader)  # noqa: S101 - `message_reader_class`
        return self.message_reader

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Have the SDK make stream maps and sinks of a schema, and note what it made."""
        check_schema(self._reader, message_dict)
        self._streams.tell(message_dict)
        name = message_dict["stream"]
        before = self.mapper.stream_maps.get(name)
        with usable_schema(self._reader):
            super()._process_schema_message(message_dict)
        if (stream_maps := self.mapper.stream_maps[name]) is before:
            return  # the same schema again
        aliases = [each.stream_alias for each in stream_maps]
        refuse_wild_rename(name, aliases, self._stream_maps, self.settings.routes)
        self._streams.take(name, {alias: self._sink_of(alias) for alias in aliases})
        self._streams.let_go(self._sinks_to_clear)

    def _sink_of(self, alias: str) -> ApptivoSink:
        """Give the sink that the SDK has for an alias now."""
        sink = self._sinks_active[alias]
        assert isinstance(sink, ApptivoSink)  # noqa: S101 - `get_sink_class` gives no other
        return sink

    @property
    def _stream_maps(self) -> Mapping[str, Any]:
        """The setting of the SDK's."""
        return self._config.get("stream_maps") or {}

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Map a record to its streams and hand it to their sinks, with the message it came in."""
        self._reader.require(message_dict, stream=str, record=dict)
        if message_dict.get("rejected") is not None:
            self._reader.require(message_dict, rejected=dict)
        schema_line = self._streams.schema_line(message_dict["stream"])
        stream_maps = self.mapper.stream_maps[message_dict["stream"]]
        for stream_map in wanted_maps(stream_maps, message_dict):
            self._take(stream_map, message_dict, schema_line)

    def _take(self, stream_map: Any, message: dict[str, Any], schema_line: str) -> None:  # noqa: ANN401
        """Hand a mapped record to its sink."""
        record, error = mapped(stream_map, message)
        if record is None:
            return
        if self._reader.flaw:
            error = RecordRejectedError(f"the record {self._reader.flaw}")
        sink = self._streams.sink(message["stream"], stream_map.stream_alias)
        size = self._reader.line_length
        sink.take(record, message, schema_line=schema_line, size=size, map_error=error)
        sink.record_counter_metric.increment()

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Note a state: it is written when everything before it is settled, not by the SDK."""
        self._reader.assert_line_requires(message_dict, {"value"})
        if message_dict["value"]:  # an empty one would take the place of one that is to be written
            self.run.delivery.mark(message_dict["value"], self._reader.line_length)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Ignore a version: Apptivo has none."""
        self.run.notices.ignore_version(str(message_dict.get("stream")))

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Refuse files of records: they would pass by checks, stream maps and outcomes."""
        msg = (
            f"stream '{message_dict.get('stream')}' comes as BATCH messages, which this target "
            "does not read: turn them off in the tap (for a tap of the Singer SDK, remove its "
            "setting batch_config)"
        )
        raise InputError(msg)
