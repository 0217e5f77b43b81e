"""The target: its command line, and the places where it meets the SDK."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk.helpers._classproperty import classproperty

from target_apptivo import command
from target_apptivo.errors import SettingsError, StoppedError
from target_apptivo.options import helpful
from target_apptivo.redact import Redactor, guard_logging, tells_a_user
from target_apptivo.run import Run
from target_apptivo.settings.check import check_settings
from target_apptivo.settings.declared import MEANINGLESS, SECRETS, SETTINGS
from target_apptivo.settings.deletes import refuse_wild_renames
from target_apptivo.settings.read import read_settings, secrets_in, short_keys
from target_apptivo.singer.messages import MessageTarget
from target_apptivo.singer.sink import ApptivoSink
from target_apptivo.singer.sinks import SINKS, UnmappedSink
from target_apptivo.sources import read_environment, read_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from target_apptivo.settings.read import Settings


class TargetApptivo(MessageTarget):
    """Singer target for the Apptivo CRM: every record ends in one outcome, with a reason."""

    name = "target-apptivo"
    # A copy: the SDK adds its own settings in place.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS)
    default_sink_class = ApptivoSink
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
        for name in short_keys(self._config):
            self.logger.warning(
                "%s: is so short that it looks wrong: copy it once more (Business Settings > API "
                "Access); the log shows *** for every word that is like it",
                name,
            )
        self.run = make_run(self.settings, self.redactor)
        self._reader.run = self.run

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
        self.redactor.add(*secrets_in(self._config))
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
            refuse_wild_renames(self._config.get("stream_maps") or {}, self.settings.routes)
        except SettingsError as error:
            if raise_errors:
                raise
            return [str(error)]
        return []

    def get_sink_class(self, stream_name: str) -> type[ApptivoSink]:
        """Find the sink of a stream's endpoint."""
        route = self.settings.routes.find(stream_name)
        return SINKS[route.operation.endpoint] if route else UnmappedSink

    def process_endofpipe(self) -> None:
        """Deliver what was read, after the SDK has told its metrics."""
        super().process_endofpipe()
        self.run.finish()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note the first signal; a second one ends the program at once."""
        run = getattr(self, "run", None)
        if run is not None and run.stop.signal_number is not None:
            run.parts.terminal.leave()
            os._exit(128 + signum)
        if run is None or not run.stop.has_begun:  # --check, or before the first line
            raise StoppedError(signum)
        run.stop.note(signum)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add our options to the SDK's, and put the guard behind every log handler."""
        guard_logging(cls.redactor)
        cls.logger.addFilter(tells_a_user)
        prefix = cls._env_var_prefix
        found = {name: os.environ.get(f"{prefix}{name.upper()}") for name in SECRETS}
        cls.redactor.add(*secrets_in(found))
        return helpful(super().get_singer_command(), cls.logger)

    @classmethod
    def cb_config(  # type: ignore[override] # files are read where errors can be told
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Take the names of the configuration files; they are read when errors can be told."""
        for path in value:
            if path != "ENV" and (not Path(path).exists() or Path(path).is_dir()):
                is_folder = Path(path).is_dir()
                msg = f"'{path}' is a folder" if is_folder else f"the file '{path}' does not exist"
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
