"""Run the command in a process that has the package loaded: a hundred runs are cheap."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from target_apptivo.signals import end_at_signals

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
# All that a run loads, a journal's part above all: it takes three times as long as the run itself.
CONTEXT.set_forkserver_preload(
    ["target_apptivo.target", "target_apptivo.journal.journal", "psycopg", "tests.forked"]
)


def _main(options: list[str], folder: str) -> None:
    """Become the command: stdin is a file of the folder, stdout and stderr are others.

    Where `stderr` is there, signals are answered.
    """
    end_at_signals("before it began")
    names = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
    for descriptor, (name, flags) in enumerate(names):
        opened = os.open(Path(folder, name), flags | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115

    from target_apptivo.target import TargetApptivo  # noqa: PLC0415 - loaded by the fork server

    TargetApptivo.cli.main(options)


def start(folder: Path, *options: str) -> ForkServerProcess:
    """Start the command with the folder's files `stdin`, `stdout` and `stderr`."""
    process = CONTEXT.Process(target=_main, args=(list(options), str(folder)))
    process.start()
    return process
