"""The command `target-apptivo-sandbox`."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import click

from target_apptivo.sandbox.exact_json import decode
from target_apptivo.sandbox.faults import KINDS, parse_faults
from target_apptivo.sandbox.sandbox import Sandbox

_STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


class _BadUsageError(click.ClickException):
    """The command line makes no sense: one line, no page of usage."""

    exit_code = 2


def _read_faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    try:
        return parse_faults(texts)
    except ValueError as error:
        raise _BadUsageError(str(error)) from None


def _read_config_data(
    _: click.Context, __: click.Parameter, path: Path | None
) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        apps = decode(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read: {os.strerror(error.errno or 0)}"
        raise _BadUsageError(msg) from None
    except ValueError:
        msg = f"{path} is not JSON"
        raise _BadUsageError(msg) from None
    if not isinstance(apps, dict) or not all(isinstance(app, dict) for app in apps.values()):
        msg = f"{path} is not a JSON object of what getConfigData answers, by app"
        raise _BadUsageError(msg)
    return apps


_SECONDS: dict[str, Any] = {
    "type": click.FloatRange(min=0),
    "default": 0,
    "show_default": True,
    "metavar": "SECONDS",
}


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8700,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--latency-ms",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    help="Hold every answer back this long.",
)
@click.option(
    "--fault",
    "faults",
    metavar="KIND=RATE",
    multiple=True,
    callback=_read_faults,
    help=f"Fail on purpose, at a rate from 0 to 1. Kinds: {', '.join(KINDS)}.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed gives the same faults."
)
@click.option("--accept-all", is_flag=True, help="Accept creates without their name field.")
@click.option("--api-key", help="The one API Key to accept, instead of any.")
@click.option("--access-key", help="The one Access Key to accept, instead of any.")
@click.option(
    "--index-delay", **_SECONDS, help="Searches show a change only so long after it was made."
)
@click.option(
    "--criteria",
    type=click.Choice(["ignored", "refused"]),
    default="ignored",
    show_default=True,
    help="What becomes of search criteria that Apptivo is not known to know; ignored, they "
    "leave a search that finds everything.",
)
@click.option(
    "--near-matches",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How many records only like the criteria a search finds at most; they come first.",
)
@click.option(
    "--read-envelope",
    type=click.Choice(["flat", "data", "responseObject"]),
    default="flat",
    show_default=True,
    help="Where getById has the record.",
)
@click.option(
    "--answers",
    type=click.Choice(["bare", "whole"]),
    default="bare",
    show_default=True,
    help="Whether creates and updates are answered with a few fields or the whole record.",
)
@click.option("--drop-unknown", is_flag=True, help="Drop fields that the app does not know.")
@click.option(
    "--late-commit", **_SECONDS, help="A request cut by drop_after takes effect only so much later."
)
@click.option(
    "--key",
    metavar="NAME",
    multiple=True,
    help="Know a record by this attribute, to count how often it was created; the first that it "
    "has, where several are named.",
)
@click.option(
    "--config-data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=_read_config_data,
    help="A JSON object: what getConfigData answers, by app.",
)
def main(*, port: int, **options: Any) -> None:  # noqa: ANN401 (those above)
    """Serve a local stand-in for Apptivo until stopped; its page shows what arrives."""
    sandbox = Sandbox(port=port, **options)
    # Blocked before the server's thread starts, so that they wait for `sigwait`.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        sandbox.start()
    except OSError as error:
        msg = f"cannot listen on 127.0.0.1:{port}: {os.strerror(error.errno or 0)}"
        raise click.ClickException(msg) from None
    click.echo(f"listening on {sandbox.url}")
    click.echo(f"what arrives is shown at {sandbox.origin}", err=True)
    signal.sigwait(_STOP_SIGNALS)
    sandbox.stop()


if __name__ == "__main__":
    main()
