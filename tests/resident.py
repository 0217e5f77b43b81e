"""Meltano in a process that stays: a command is a fork of it, and needs a second of CPU less.

    MELTANO'S-PYTHON tests/resident.py FOLDER

makes a program `meltano` in the folder, which works as Meltano's own: it hands over its arguments,
directory, variables and streams, waits, and ends with the same exit code. The process that has
loaded Meltano says so by a line, and ends with its stdin. Nothing but the standard library and
Meltano is needed here.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import socket
import sys
from importlib import import_module
from pathlib import Path

# Its commands, and what most of them load in addition.
LOADED = (
    "meltano.cli",
    "alembic.command",
    "sqlalchemy.dialects.mssql",
    "sqlalchemy.dialects.sqlite",
)
# Three file descriptors go with the first byte; all the rest follows.
PROGRAM = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    socket.send_fds(connection, [b" "], [0, 1, 2])
    connection.sendall(json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode())
    connection.shutdown(socket.SHUT_WR)
    sys.exit(int(connection.recv(9) or 70))
"""


def become(connection: socket.socket) -> None:
    """Take the place of the process that has called."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as told:
        sys.argv[:], folder, variables = json.load(told)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)


def answer(connection: socket.socket) -> None:
    """Run one command to its end, however it ends, and tell its exit code."""
    command = os.fork()
    if command:
        _, status = os.waitpid(command, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())
        os._exit(0)
    become(connection)
    sys.exit(import_module("meltano.cli").main())


def stay(folder: Path) -> None:
    """Answer until stdin ends. The processes that have ended go when this one does."""
    address, program = folder / "socket", folder / "meltano"
    for module in LOADED:
        import_module(module)
    gc.freeze()
    program.write_text(PROGRAM.format(python=sys.executable, address=str(address)), "utf-8")
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as either:
        listening.bind(str(address))
        listening.listen()
        either.register(listening, selectors.EVENT_READ)
        either.register(sys.stdin, selectors.EVENT_READ)
        sys.stdout.write("loaded\n")
        sys.stdout.flush()
        while sys.stdin not in [key.fileobj for key, _ in either.select()]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                answer(connection)
            connection.close()


if __name__ == "__main__":
    stay(Path(sys.argv[1]))
