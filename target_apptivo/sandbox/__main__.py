"""The command `target-apptivo-sandbox`."""

from __future__ import annotations

import os
import signal

import click

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
def main(  # noqa: PLR0913 (one per option)
    *,
    port: int,
    latency_ms: float,
    faults: dict[str, float],
    seed: int,
    accept_all: bool,
    api_key: str | None,
    access_key: str | None,
) -> None:
    """Serve a local stand-in for Apptivo until stopped; its page shows what arrives."""
    sandbox = Sandbox(
        port=port,
        latency_ms=latency_ms,
        faults=faults,
        seed=seed,
        accept_all=accept_all,
        api_key=api_key,
        access_key=access_key,
    )
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
