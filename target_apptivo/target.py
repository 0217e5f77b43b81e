"""The target: its command line, and the places where it meets the SDK."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.helpers._classproperty import classproperty

from target_apptivo import command
from target_apptivo.errors import InputError, RecordRejectedError, SettingsError, StoppedError
from target_apptivo.redact import Redactor, guard_logging, tells_a_user
from target_apptivo.run import Run
from target_apptivo.settings.check import check_settings
from target_apptivo.settings.declared import MEANINGLESS, SECRETS, SETTINGS
from target_apptivo.settings.deletes import refuse_wild_rename, refuse_wild_renames
from target_apptivo.settings.read import read_settings
from target_apptivo.singer.mapping import Streams, check_schema, mapped, usable_schema, wanted_maps
from target_apptivo.singer.reader import LineReader
from target_apptivo.singer.sinks import SINKS, ApptivoSink, UnmappedSink
from target_apptivo.sources import read_environment, read_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from target_apptivo.settings.read import Settings


class TargetApptivo(Target):
    """Singer target for the Apptivo CRM: every record ends in one outcome, with a reason."""

    name = "target-apptivo"
    # A copy: the SDK adds its own settings in place.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS)
    default_sink_class = ApptivoSink
    message_reader_class = LineReader
    redactor: ClassVar[Redactor] = Redactor()

    def __init__(
        self,
        *,
        make_run: Callable[[Settings, Redactor], Run] = Run,
        needs_keys: bool | None = None,
        sandbox_url: str | None = None,
        **options: Any,  # noqa: ANN401 - the SDK's own
    ) -> None:
        """Read the settings and prepare a run.

        Args:
            make_run: Makes the run: a delivery, or a rehearsal of one.
            needs_keys: Whether Apptivo will be called; by default unless `dry_run` is set.
            sandbox_url: Base URL of a sandbox to send to in place of Apptivo.
            options: Options of the SDK's `Target`.

        Raises:
            SettingsError: If settings are wrong.
        """
        self._needs_keys = needs_keys
        self._sandbox_url = sandbox_url
        super().__init__(**options)
        self.max_parallelism = 1
        self.run = make_run(self.settings, self.redactor)
        self._reader.run = self.run
        self._streams = Streams()

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, but for those that mean nothing here."""
        super().append_builtin_config(config_jsonschema)
        for name in MEANINGLESS:
            config_jsonschema["properties"].pop(name, None)

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        """Read settings from the environment."""
        schema = cls.config_jsonschema
        cls.append_builtin_config(schema)
        return read_environment(cls._env_var_prefix, schema["properties"])

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings, and make plain values of them."""
        self.redactor.add(*(self._config.get(name) for name in SECRETS))
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        try:
            check_settings(self._config, schema)
            self.settings = read_settings(
                self._config,
                needs_keys=self._needs_keys,
                stdout_is_state="MELTANO_LOADER_NAME" in os.environ,
                sandbox_url=self._sandbox_url,
            )
            refuse_wild_renames(self._stream_maps, self.settings.routes)
        except SettingsError as error:
            if raise_errors:
                raise
            return [str(error)]
        return []

    @property
    def _reader(self) -> LineReader:
        """The reader of the messages."""
        assert isinstance(self.message_reader, LineReader)  # noqa: S101 - `message_reader_class`
        return self.message_reader

    def get_sink_class(self, stream_name: str) -> type[ApptivoSink]:
        """Find the sink of a stream's endpoint."""
        route = self.settings.routes.find(stream_name)
        return SINKS[route.operation.endpoint] if route else UnmappedSink

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

    def process_endofpipe(self) -> None:
        """Deliver what was read, after the SDK has told its metrics."""
        super().process_endofpipe()
        self.run.finish()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note the first signal; a second one ends the program at once."""
        run = getattr(self, "run", None)
        if run is not None and run.stop.signal_number is not None:
            os._exit(128 + signum)
        if run is None or not run.stop.has_begun:  # --check, or before the first line
            raise StoppedError(signum)
        run.stop.note(signum)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add our options to the SDK's, and put the guard behind every log handler."""
        guard_logging(cls.redactor)
        cls.logger.addFilter(tells_a_user)
        cls.redactor.add(
            *(os.environ.get(f"{cls._env_var_prefix}{key.upper()}") for key in SECRETS)
        )
        singer_command = super().get_singer_command()
        singer_command.params.extend(command.options())
        return singer_command

    @classmethod
    def cb_config(  # type: ignore[override] # files are read where errors can be told
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Take the names of the configuration files; they are read when errors can be told."""
        for path in value:
            if path != "ENV" and (not Path(path).exists() or Path(path).is_dir()):
                msg = f"the file '{path}' does not exist"
                raise click.BadParameter(msg, ctx=ctx, param=param)
        return value

    @classmethod
    def invoke(  # type: ignore[override] # click calls it by keyword, with our options too
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: tuple[str, ...] = (),
        file_input: IO[str] | None = None,
        sandbox: bool = False,
        **trial: Any,  # noqa: ANN401 - the options of `command.Trial`
    ) -> None:
        """Run the command line."""
        if about:
            cls.print_about(about_format)
            return
        wanted = command.Trial(**trial)
        with command.exit_code(cls.logger, wanted), command.sandbox(cls.logger, sandbox) as url:
            cls.print_version(print_fn=cls.logger.info)
            target = cls(
                config=read_files(config),
                parse_env_config="ENV" in config,
                make_run=wanted.make_run,
                needs_keys=wanted.needs_keys,
                sandbox_url=url,
            )
            if not wanted.carry_out(target.run, cls.logger):
                target.listen(file_input)
