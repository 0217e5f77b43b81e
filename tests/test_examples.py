"""The examples do what they say: the commands of each README are run as they stand there.

Only `meltano install` is left out: the plugins are kept in `.venv-example-*` from run to run. The
warehouse is a real PostgreSQL, started here where its server is installed.
"""

from __future__ import annotations

import csv
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests import environments, test_meltano
from tests.test_meltano import MELTANO_SETTINGS, REPO, read_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

meltano_venv = test_meltano.meltano_venv  # the fixture

INSTALL = "meltano install"
PASSWORD = "made-up-password"


@dataclass(frozen=True, slots=True)
class Example:
    """A copy of an example, and the environment of its commands."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str, **environ: str) -> CompletedProcess[str]:
        """Run a command as a shell does."""
        return subprocess.run(  # noqa: S603 - our own README
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def run_block(self, number: int) -> list[CompletedProcess[str]]:
        """Run the commands in one of the README's blocks; all have to succeed."""
        text = (self.folder / "README.md").read_text("utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        commands = [command for command in blocks[number].splitlines() if command != INSTALL]
        runs = [self.run(command) for command in commands]
        for command, run in zip(commands, runs, strict=True):
            assert run.returncode == 0, f"{command}\n{run.stderr}"
        return runs


def copy_example(name: str, directory: Path, programs: Path, **environ: str) -> Example:
    """Copy an example; its commands find programs of this folder first."""
    ours = shutil.ignore_patterns(".meltano", ".env", "output", "rejected.singer")
    folder = Path(shutil.copytree(REPO / "examples" / name, directory / name, ignore=ours))
    inherited = {
        variable: value
        for variable, value in os.environ.items()
        if not variable.startswith(("MELTANO_", "TARGET_APPTIVO_", "PG"))
    }
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Example(folder, {**inherited, **MELTANO_SETTINGS, **environ, "PATH": path})


def install_plugins(example: Example) -> None:
    """Give a Meltano project its plugins: installed once, and again when a requirement changes."""
    project = example.folder / "meltano.yml"
    text = project.read_text("utf-8").replace("-e ../..[", f"-e {REPO}[")
    project.write_text(text, "utf-8")
    ours = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = "\n".join([*re.findall("pip_url: .*", text), json.dumps(ours)])
    with environments.making(f"example-{example.folder.name}") as cache:
        made_for = cache / "made-for"
        if not made_for.exists() or made_for.read_text("utf-8") != wanted:
            shutil.rmtree(cache, ignore_errors=True)
            cache.mkdir()
            installed = example.run(INSTALL, MELTANO_SYS_DIR_ROOT=str(cache))
            assert installed.returncode == 0, installed.stderr
            made_for.write_text(wanted, "utf-8")
    (example.folder / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (example.folder / ".meltano" / kind).symlink_to(cache / kind)


def meltano_example(name: str, directory: Path, meltano_venv: Path, sandbox: Sandbox) -> Example:
    """Copy an example that is a Meltano project, with its plugins."""
    environ = {"TARGET_APPTIVO_API_URL": sandbox.url}
    example = copy_example(name, directory, meltano_venv / "bin", **environ)
    install_plugins(example)
    return example


# -- a file into leads ----------------------------------------------------------------------------


def test_people_become_leads(tmp_path: Path, meltano_venv: Path, sandbox: Sandbox) -> None:
    """Flat rows arrive as Apptivo takes them, none of the file's own columns, and none twice."""
    example = meltano_example("jsonl-to-leads", tmp_path, meltano_venv, sandbox)

    _read, previewed, _run = example.run_block(0)
    first = sandbox.records["leads"]
    again = example.run("meltano run tap-jsonl target-apptivo")

    assert previewed.stdout.count("\n") == 3
    leads = {lead["lastName"]: lead for lead in first}
    assert len(first) == 4
    assert leads.keys() == {
        person["last_name"] for person in read_jsonl(example.folder / "people.jsonl")
    }
    assert leads["O'Brien"] == {
        "id": leads["O'Brien"]["id"],
        "leadId": leads["O'Brien"]["leadId"],
        "firstName": "Ruth",
        "lastName": "O'Brien",
        "companyName": "Granary Deli",
        "description": "Call after ten",
        "leadSource": "4",
        "leadSourceMeaning": "Referral",
        "emailAddresses": [],
        "phoneNumbers": [
            {
                "phoneNumber": "+353 1 555 0134",
                "phoneTypeCode": "PHONE_BUSINESS",
                "phoneType": "Business",
                "id": "lead_phone_input",
            },
            {
                "phoneNumber": "+353 85 555 0134",
                "phoneTypeCode": "PHONE_MOBILE",
                "phoneType": "Mobile",
                "id": "lead_phone_input",
            },
        ],
    }
    assert again.returncode == 0
    assert "4 read, 4 duplicate" in again.stderr
    assert sandbox.records["leads"] == first


# -- deletes --------------------------------------------------------------------------------------


def test_deletes(tmp_path: Path, sandbox: Sandbox) -> None:
    """A preview deletes nothing, a test one, a run the rest; what is no id is never sent."""
    keys = {"TARGET_APPTIVO_API_KEY": "made-up-api", "TARGET_APPTIVO_ACCESS_KEY": "made-up-access"}
    programs = Path(sys.executable).parent
    environ = {**keys, "TARGET_APPTIVO_API_URL": sandbox.url}
    example = copy_example("deletes", tmp_path, programs, **environ)

    _made, previewed, tested, _run = example.run_block(0)

    assert previewed.stdout.count('"method":"DELETE"') == previewed.stdout.count("\n") == 3
    assert '"customerId":"90O4"}: rejected: the id of the customer to delete' in previewed.stderr
    assert '"outcome":"accepted"' in tested.stdout
    assert deleted(sandbox) == ["9002", "9002", "9003", "9005"]
    assert {customer["id"] for customer in sandbox.records["customers"]} == {"9001", "9004"}
    aside = read_jsonl(example.folder / "rejected.singer")[1:]
    assert [(line["record"]["customerId"], line["rejected"]["http_status"]) for line in aside] == [
        ("9002", 200),
        ("90O4", None),
    ]


def deleted(sandbox: Sandbox) -> list[str]:
    """The ids that the sandbox was told to delete, in order."""
    paths = [request.path for request in sandbox.requests if request.method == "DELETE"]
    return sorted(path.rpartition("/")[2] for path in paths)


# -- a warehouse ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Server:
    """A private PostgreSQL server: its programs, and how psql finds it."""

    programs: Path
    environ: dict[str, str]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The example in a database of its own, and the sandbox that it loads."""

    example: Example
    sandbox: Sandbox

    def query(self, statement: str) -> list[tuple[str, ...]]:
        """Ask the database."""
        asked = self.example.run(f'psql --no-psqlrc --csv --tuples-only -c "{statement}"')
        assert asked.returncode == 0, asked.stderr
        return [tuple(row) for row in csv.reader(asked.stdout.splitlines())]

    def ids(self, table: str, name: str) -> list[tuple[str, ...]]:
        """Names and Apptivo's ids of the rows whose id is in the database."""
        stream = f"to_apptivo-{table}"
        return self.query(
            f"select {name}, apptivo_id from shop.{table} "  # noqa: S608 - our own names
            f"join from_apptivo.ids on id = source_id and stream = '{stream}' order by id"
        )

    def arrived(self, app: str, name: str, id_name: str) -> list[tuple[str, ...]]:
        """Names and ids of the records that the sandbox holds, in the order of the warehouse."""
        pairs = [(record[name], str(record[id_name])) for record in self.sandbox.records[app]]
        return sorted(pairs, key=lambda pair: int(pair[0].rpartition(" ")[2]))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server of these tests' own, in a time zone other than UTC."""
    programs = server_programs()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "password").write_text(PASSWORD, "utf-8")
        account = unprivileged(directory)

        def run(program: str, *arguments: str | Path) -> None:
            command = [programs / program, "--pgdata", directory / "data", *arguments]
            quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command, check=True, cwd=directory, **quiet, **account)  # noqa: S603

        port = free_port()
        password = f"--pwfile={directory / 'password'}"
        run("initdb", "--username=shop", password, "--auth=scram-sha-256", "--encoding=UTF8")
        options = f"-F -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        options += " -c timezone=Asia/Kolkata"
        run("pg_ctl", "start", "--wait", "-o", options, "--log", directory / "log")
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGDATABASE": "postgres"}
        yield Server(programs, {**place, "PGUSER": "shop", "PGPASSWORD": PASSWORD})
        run("pg_ctl", "stop", "--mode=immediate")


def server_programs() -> Path:
    """Find PostgreSQL's server, which Debian keeps off the PATH."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if on_path:
        return Path(on_path).resolve().parent
    if not found:
        pytest.skip("no PostgreSQL server: install one (Debian: postgresql) to run this test")
    return found[-1].parent


def unprivileged(directory: Path) -> dict[str, Any]:
    """How to run a program that refuses to be run by root, with a folder of its own."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    for path in (directory, *directory.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def warehouse(
    server: Server,
    tmp_path: Path,
    meltano_venv: Path,
    sandbox: Sandbox,
    request: pytest.FixtureRequest,
) -> Warehouse:
    """The example in an empty database."""
    example = meltano_example("warehouse", tmp_path, meltano_venv, sandbox)
    path = f"{example.environ['PATH']}{os.pathsep}{server.programs}"
    example = replace(example, environ={**example.environ, **server.environ, "PATH": path})
    database = request.node.name
    Warehouse(example, sandbox).query(f"create database {database}")
    return Warehouse(replace(example, environ={**example.environ, "PGDATABASE": database}), sandbox)


def test_ids_come_back_and_only_new_rows_go(warehouse: Warehouse, sandbox: Sandbox) -> None:
    """A thousand customers arrive, their ids come back, and a second round sends just the new."""
    *_, joined = warehouse.example.run_block(0)
    first = warehouse.arrived("customers", "customerName", "customerId")
    known = warehouse.ids("customers", "name")

    warehouse.example.run_block(1)
    second = warehouse.arrived("customers", "customerName", "customerId")

    assert [name for name, _id in first] == [f"Customer {n}" for n in range(1, 1001)]
    assert known == first
    assert "(1000 rows)" in joined.stdout
    assert [pair for pair in second if pair not in first] == second[1000:]
    assert [name for name, _id in second[1000:]] == [f"Customer {n}" for n in range(1001, 1051)]
    assert warehouse.ids("customers", "id") == [
        (name.removeprefix("Customer "), apptivo_id) for name, apptivo_id in second
    ]
    customer_ids = {name: int(apptivo_id) for name, apptivo_id in second}
    assert links(sandbox.records["contacts"], "lastName", "accountId") == {
        f"Contact {n}": customer_ids[f"Customer {n * 10 if n <= 100 else 1001}"]
        for n in range(1, 102)
    }
    opportunities = links(
        sandbox.records["opportunities"], "opportunityName", "opportunityCustomerId"
    )
    assert opportunities == {
        f"Opportunity {n}": customer_ids[f"Customer {n * 20}"] for n in range(1, 51)
    }
    assert warehouse.ids("opportunities", "title") == warehouse.arrived(
        "opportunities", "opportunityName", "opportunityId"
    )


def test_broken_off_round_is_taken_up(warehouse: Warehouse, sandbox: Sandbox) -> None:
    """After a round that broke off the next sends the rest, and again only what the log names.

    A refused row is set aside, and its view still has it.
    """

    def refuse_keys_after_300(_received: Received) -> Reply | None:
        return Reply.json({}, 401) if sandbox.request_count > 300 else None

    def refuse_one(received: Received) -> Reply | None:
        is_it = b'"Customer 500"' in received.body and b"customerNumber" in received.body
        return Reply.json({"status": "FAILURE", "reason": "No."}) if is_it else None

    warehouse.example.run("psql -f shop.sql -f setup.sql")
    sandbox.respond = refuse_keys_after_300
    broken_off = warehouse.example.run("./sync.sh")
    sandbox.respond = refuse_one
    next_round = warehouse.example.run("./sync.sh")

    assert (broken_off.returncode, next_round.returncode) == (1, 0), next_round.stderr
    wanted = [f"Customer {n}" for n in range(1, 1001) if n != 500]
    assert [name for name, _id in warehouse.ids("customers", "name")] == wanted
    arrived = [name for name, _id in warehouse.arrived("customers", "customerName", "customerId")]
    assert sorted(set(arrived)) == sorted(wanted)
    named = broken_off.stderr.count("accepted, and sent again by the next run")
    assert len(arrived) == len(wanted) + named
    aside = read_jsonl(warehouse.example.folder / "output" / "rejected.singer")[1:]
    assert [line["record"]["source_id"] for line in aside] == [500]
    assert warehouse.query("select source_id from to_apptivo.customers") == [("500",)]


def links(records: list[dict[str, Any]], name: str, link: str) -> dict[str, Any]:
    """The linked customer of each record; each record is there once."""
    found = {record[name]: record[link] for record in records}
    assert len(found) == len(records)
    return found
