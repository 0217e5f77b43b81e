"""The command line: what it was asked for, and how it ends."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import (
    InvalidJSONSchema,
    MapExpressionError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)

from target_apptivo.apptivo.fields.configuration import APPS
from target_apptivo.errors import (
    SettingsError,
    StoppedError,
    TargetApptivoError,
    UnexpectedError,
    counted,
)
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.run import Run
from target_apptivo.signals import end_at_signals
from target_apptivo.trial.check import check
from target_apptivo.trial.fields import app_named, print_fields
from target_apptivo.trial.journal import make_journal
from target_apptivo.trial.plan import PlanRun
from target_apptivo.trial.preview import PreviewRun
from target_apptivo.trial.send_test import SendTestRun

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from target_apptivo.redact import Redactor
    from target_apptivo.settings.read import Settings


_NEEDS_EXTRA = (
    "needs its extra: pip install 'target-apptivo[sandbox]' (pipx, uv tool: install it anew so)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The options that try something in place of a run; one at a time."""

    check: bool = False
    preview: int | None = None
    send_test: str | None = None
    plan: bool = False
    journal: str | None = None
    fields: str | None = None

    def __post_init__(self) -> None:
        """Refuse two at once, and the fields of an app that is none.

        Raises:
            click.UsageError: If they are asked for.
        """
        if self.fields and app_named(self.fields) is None:
            msg = f"--fields: there is no app '{self.fields}', but {', '.join(APPS)}"
            raise click.UsageError(msg)
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        if sum(value is not None and value is not False for value in given.values()) > 1:
            *most, last = [f"--{name.replace('_', '-')}" for name in given]
            msg = f"{', '.join(most)} and {last} exclude each other"
            raise click.UsageError(msg)

    @property
    def needs_keys(self) -> bool | None:
        """Whether Apptivo is called; none where the settings say."""
        # A journal is of an account, which is named after the key.
        if self.check or self.plan or self.fields is not None or self.journal is not None:
            return True
        return None if self.preview is None else False

    def make_run(self, settings: Settings, redactor: Redactor) -> Run:
        """Make the run that is asked for."""
        if self.preview is not None:
            return PreviewRun(settings, redactor, records=self.preview)
        if self.send_test is not None:
            return SendTestRun(settings, redactor, stream=self.send_test or None)
        return PlanRun(settings, redactor) if self.plan else Run(settings, redactor)

    def carry_out(self, run: Run, logger: logging.Logger) -> bool:
        """Do what needs no input, if that is asked for; give whether it was."""
        if self.check:
            print_check(run, logger)
        elif self.journal is not None:
            make_journal(run, self.journal)
        elif self.fields is not None:
            print_fields(run, app_named(self.fields) or "")
        return self.check or self.journal is not None or self.fields is not None


def print_check(run: Run, logger: logging.Logger) -> None:
    """Verify the credentials, print what came of it, and log what is wrong."""
    is_ok, detail = check(run)
    _print_check(is_ok, run.redactor.text(detail))
    if not is_ok:
        logger.error("--check: %s", detail)
        sys.exit(1)


@contextmanager
def exit_code(logger: logging.Logger, trial: Trial) -> Iterator[None]:
    """Turn an error into one last log line and an exit code; the traceback is for debugging."""
    try:
        try:
            yield
        finally:
            end_at_signals("when all was done")
    except click.ClickException:
        raise
    except Exception as error:
        logger.debug("the run ended by an error", exc_info=error)
        reason = _reason(error)
        if trial.check:
            _print_check(is_ok=False, detail=reason)
        logger.error("%s", reason)  # noqa: TRY400 - see above
        sys.exit(error.exit_code if isinstance(error, StoppedError) else 1)


@contextmanager
def sandbox(logger: logging.Logger, wanted: bool) -> Iterator[str | None]:  # noqa: FBT001
    """Run the embedded sandbox, if it is wanted; give its base URL.

    Raises:
        SettingsError: If the extra is not installed.
    """
    if not wanted:
        yield None
        return
    try:
        from target_apptivo.sandbox import Sandbox  # noqa: PLC0415 - of the extra `sandbox`
    except ModuleNotFoundError:
        raise SettingsError("--sandbox", _NEEDS_EXTRA) from None
    with Sandbox() as box:
        logger.warning(
            "sandbox at %s: nothing reaches Apptivo, and STATE is of no real run", box.url
        )
        try:
            yield box.url
        finally:
            apps = sorted(box.state(latest=0)["apps"].items())
            for app, held in apps:
                active = counted(held["active"], "record")
                logger.info("sandbox holds %s: %s, %d deleted", app, active, held["trash"])
            if not apps:
                logger.info("sandbox holds nothing")


def serve_sandbox() -> None:
    """Run the command `target-apptivo-sandbox`, or say what it needs."""
    try:
        from target_apptivo.sandbox.__main__ import main  # noqa: PLC0415 - of the extra `sandbox`
    except ModuleNotFoundError:
        sys.exit(f"target-apptivo-sandbox {_NEEDS_EXTRA}")
    main()


def _print_check(is_ok: bool, detail: str) -> None:  # noqa: FBT001
    """Print what came of a check."""
    write_stdout(dumps_line({"ok": is_ok, "detail": detail}))


def _reason(error: Exception) -> str:
    """Say in one line what ended the run; the SDK's texts may hold records, so few are shown."""
    match error:
        case TargetApptivoError() | RecordsWithoutSchemaException():
            return str(error)
        case MapExpressionError():
            return "stream_maps: an expression cannot be used with this stream's schema"
        case StreamMapConfigError():
            return f"stream_maps: {' '.join(str(error).split())}"
        case InvalidJSONSchema():
            return "a SCHEMA message of the tap holds no valid JSON Schema: mend the tap"
    return str(UnexpectedError(error))
