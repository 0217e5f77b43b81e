"""Tell the account's fields: `--fields [APP]`; JSON lines for programs, a table for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.fields.configuration import (
    APPS,
    Unreadable,
    config_operation,
    read_answer,
)
from target_apptivo.apptivo.request import shape_address, shape_request
from target_apptivo.apptivo.steps import Read
from target_apptivo.errors import ConfigurationError
from target_apptivo.jsontext import dumps_line
from target_apptivo.output.files import write_stdout
from target_apptivo.output.table import cut, table
from target_apptivo.trial.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_apptivo.apptivo.fields.field import Field, Fields
    from target_apptivo.run import Run

_HEADINGS: Final = ("APP", "LABEL", "NAME", "ID", "TYPE", "VALUES")
_MOST_VALUES: Final = 8


def app_named(name: str) -> str | None:
    """Find an app by its name, in any case; None where there is none."""
    wanted = name.strip().casefold()
    return next((app for app in APPS if app == wanted), None)


def print_fields(run: Run, app: str) -> None:
    """Print the fields of an app, or of all five.

    Args:
        run: A run that has not begun.
        app: The app's name; empty for all.

    Raises:
        ConfigurationError: If a configuration cannot be read; what was read before is printed.
    """
    reads = Reads(run.parts.client().send, attempts=run.settings.max_attempts)
    try:
        apps = (_read(run, reads, each) for each in ([app] if app else APPS))
        if sys.stdout.isatty():
            fields = [field for each in apps for field in each.fields]
            for line in fields_table(fields):
                write_stdout(line)
            return
        for each in apps:
            for field in each.fields:
                write_stdout(dumps_line(run.redactor.data(field.told())))
    finally:
        run.parts.close()


def fields_table(fields: Iterable[Field]) -> Iterator[str]:
    """Align fields for people; what has to be filled in on the screen is marked by `*`."""
    return table([_HEADINGS, *map(_row, fields)])


def _read(run: Run, reads: Reads, app: str) -> Fields:
    """Read the configuration of one app."""
    operation = config_operation(APPS[app].path, run.settings.api_style)
    request = shape_request(operation, shape_address(operation, {}), {})
    fields = read_answer(app, reads.read(Read(operation, request)))
    if isinstance(fields, Unreadable):
        raise ConfigurationError(app, fields.reason)
    return fields


def _row(field: Field) -> Sequence[str]:
    """Write a field as cells."""
    values = [option.label for option in field.options[:_MOST_VALUES]]
    more = ["…"] if len(field.options) > _MOST_VALUES else []
    label = f"{field.label} *" if field.mandatory else field.label
    kind = "custom " if field.is_custom else ""
    cells = (field.app, label, field.name, field.id, f"{kind}{field.type}")
    return (*map(cut, cells), ", ".join((*values, *more)))
