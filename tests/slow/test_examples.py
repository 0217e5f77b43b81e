"""The examples do what they say: the commands of each README are run as they stand there.

Only `meltano install` is left out: the plugins are kept in `.venv-plugin-*` from run to run. The
warehouse is a real PostgreSQL; psql is the one that comes with it.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.examples import INSTALL, Example, copy_example, keep_plugins, of_this_repository
from tests.meltano import MELTANO_SETTINGS, read_jsonl

if TYPE_CHECKING:
    from subprocess import CompletedProcess

pytest_plugins = ["tests.meltano", "tests.postgres"]


def meltano_example(
    name: str, directory: Path, meltano_programs: Path, sandbox: Sandbox
) -> Example:
    """Copy an example that is a Meltano project, with its plugins."""
    environ = {**MELTANO_SETTINGS, "TARGET_APPTIVO_API_URL": sandbox.url}
    example = copy_example(name, directory, meltano_programs, **environ)
    project = example.folder / "meltano.yml"
    project.write_text(of_this_repository(project.read_text("utf-8")), "utf-8")

    def install(plugin: str, **environ: str) -> CompletedProcess[str]:
        return example.run(f"{INSTALL} {plugin}", **environ)

    keep_plugins(example.folder, install)
    return example


# -- a file into leads ----------------------------------------------------------------------------


def test_people_become_leads(tmp_path: Path, meltano_programs: Path, sandbox: Sandbox) -> None:
    """Flat rows arrive as Apptivo takes them, none of the file's own columns, and none twice."""
    example = meltano_example("jsonl-to-leads", tmp_path, meltano_programs, sandbox)

    fields, previewed, _run = example.run_block(0)
    first = sandbox.records["leads"]
    again = example.run("meltano run tap-jsonl target-apptivo")

    assert '"label":"Lead Source"' in fields.stdout
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
        "leadSource": 4,
        "leadSourceMeaning": "Referral",
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
class Warehouse:
    """The example in a database of its own, and the sandbox that it loads."""

    example: Example
    sandbox: Sandbox

    def query(self, statement: str) -> list[list[str]]:
        """Ask the database."""
        asked = self.example.run(f'psql --no-psqlrc --csv --tuples-only -c "{statement}"')
        assert asked.returncode == 0, asked.stderr
        return list(csv.reader(asked.stdout.splitlines()))

    def arrived(self, app: str, name: str, value: str) -> dict[str, Any]:
        """One attribute of each record that the sandbox holds, by its name; each is there once."""
        records = self.sandbox.records[app]
        found = {record[name]: record[value] for record in records}
        assert len(found) == len(records)
        return found

    def calls(self) -> dict[str, dict[str, int]]:
        """What the sandbox has done for each app, but for telling its fields."""
        wanted = ("creates", "updates", "deletes", "searches", "reads")
        apps = self.sandbox.state()["apps"]
        return {app: {name: apps[app][name] for name in wanted} for app in apps}


@pytest.fixture
def warehouse(
    postgres_url: str, tmp_path: Path, meltano_programs: Path, sandbox: Sandbox
) -> Warehouse:
    """The example in an empty database, in a time zone other than UTC."""
    example = meltano_example("warehouse", tmp_path, meltano_programs, sandbox)
    place = psycopg.conninfo.conninfo_to_dict(postgres_url)
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    names["dbname"] = "DATABASE"
    variables = {f"PG{names[name]}": str(value) for name, value in place.items()}
    # Imported late: as a plugin it must not be imported before pytest does.
    programs = importlib.import_module("tests.postgres").programs()
    path = f"{programs}{os.pathsep}{example.environ['PATH']}"
    environ = {**example.environ, **variables, "PGTZ": "Asia/Kolkata", "PATH": path}
    return Warehouse(replace(example, environ=environ), sandbox)


SYNC = "meltano run tap-postgres target-apptivo"


def test_a_warehouse_is_kept_in_step(warehouse: Warehouse) -> None:
    """What is new is created, what has changed is updated, and nothing else is asked or sent.

    Where every row is read again, nothing at all.
    """
    warehouse.example.run_block(0)
    first = warehouse.calls()
    _changed, planned, _run = warehouse.example.run_block(1)
    second = warehouse.calls()
    # The option --full-refresh by its variable: all rows again, companies by both taps.
    (parents_first,) = warehouse.example.run_block(2, MELTANO_RUN_FULL_REFRESH="true")

    assert writes(first) == {
        "customers": (1000, 0),
        "contacts": (100, 0),
        "opportunities": (50, 0),
    }
    assert json.loads(planned.stdout.splitlines()[-1])["totals"] == {
        "shop-companies": {"create": 50, "update": 1, "unchanged": 999},
        "shop-contacts": {"create": 1, "unchanged": 100},
        "shop-opportunities": {"unchanged": 50},
    }
    assert writes(second) == {
        "customers": (1050, 1),
        "contacts": (101, 0),
        "opportunities": (50, 0),
    }
    assert warehouse.calls() == second
    assert parents_first.stderr.count("shop-companies: 1050 read, 1050 unchanged") == 2
    assert "1201 unchanged" in parents_first.stderr
    check_what_arrived(warehouse)
    check_ids_in_the_warehouse(warehouse)


def check_what_arrived(warehouse: Warehouse) -> None:
    """Rows are shaped as Apptivo takes them, and linked by its ids."""
    ids = warehouse.arrived("customers", "customerNumber", "customerId")
    names = warehouse.arrived("customers", "customerNumber", "customerName")
    assert names == {
        str(n): f"Company {n}" + (" (renamed)" if n == 7 else "") for n in range(1, 1051)
    }
    emails = [
        entry["emailAddress"]
        for record in warehouse.sandbox.records["customers"]
        for entry in record.get("emailAddresses", [])
    ]
    assert sorted(emails) == sorted(
        f"info@company-{n}.example" for n in range(1, 1051) if n % 10 > 0 or n > 1000
    )
    assert warehouse.arrived("contacts", "lastName", "accountId") == {
        f"Contact {n}": ids[str(n * 10 if n <= 100 else 1001)] for n in range(1, 102)
    }
    assert warehouse.arrived("opportunities", "opportunityName", "opportunityCustomerId") == {
        f"Opportunity {n}": ids[str(n * 20)] for n in range(1, 51)
    }
    (one,) = (
        record
        for record in warehouse.sandbox.records["opportunities"]
        if record["opportunityName"] == "Opportunity 7"
    )
    shaped = {"amount": Decimal("699.65"), "closeDate": "01/08/2027", "salesStageId": 42}
    assert {name: one[name] for name in shaped} == shaped
    assert not one.keys() & {"company_id", "stage", "close_date", "title"}


def check_ids_in_the_warehouse(warehouse: Warehouse) -> None:
    """Apptivo's answers can be loaded, and every company then has its id."""
    _loaded, joined = warehouse.example.run_block(3)
    assert "(1050 rows)" in joined.stdout
    ids = warehouse.arrived("customers", "customerNumber", "customerId")
    known = warehouse.query(
        "select distinct key ->> 'id', apptivo_id from from_apptivo.responses "
        "where stream = 'shop-companies'"
    )
    assert sorted(known) == sorted([number, str(its_id)] for number, its_id in ids.items())


def test_a_run_that_broke_off_is_taken_up(warehouse: Warehouse, sandbox: Sandbox) -> None:
    """After a run that broke off the next sends the rest, and nothing twice.

    A refused row is set aside, and so is what refers to it; that file can be sent.
    """

    def refuse_keys_after_300(_received: Received) -> Reply | None:
        return Reply.json({}, 401) if sandbox.request_count > 300 else None

    def refuse_one(received: Received) -> Reply | None:
        is_it = b'"Company 500"' in received.body and b"customerNumber" in received.body
        return Reply.json({"status": "FAILURE", "reason": "No."}) if is_it else None

    with_journal = "psql -f shop.sql -c 'create schema apptivo_sandbox'"
    # Half of them will do, up to the one that is refused.
    halved = (
        'psql -c "delete from shop.opportunities where company_id > 500"'
        ' -c "delete from shop.contacts where company_id > 500"'
        ' -c "delete from shop.companies where id > 500"'
    )
    for command in (with_journal, halved, "meltano invoke target-apptivo --journal"):
        assert warehouse.example.run(command).returncode == 0
    sandbox.respond = refuse_keys_after_300
    broken_off = warehouse.example.run(SYNC)
    sandbox.respond = refuse_one
    taken_up = warehouse.example.run(SYNC)
    aside = read_jsonl(warehouse.example.folder / "rejected.singer")
    sandbox.respond = None
    mend = "mv rejected.singer mended.singer && meltano invoke target-apptivo --input mended.singer"
    mended = warehouse.example.run(mend)

    assert (broken_off.returncode, taken_up.returncode, mended.returncode) == (1, 0, 0), (
        taken_up.stderr + mended.stderr
    )
    assert [
        (line["rejected"]["stream"], line["record"]["id"], line["rejected"]["reason"])
        for line in aside
        if line["type"] == "RECORD"
    ] == [
        ("shop-companies", 500, "No."),
        ("shop-contacts", 50, "shop-companies 500 is not in Apptivo"),
        ("shop-opportunities", 25, "shop-companies 500 is not in Apptivo"),
    ]
    assert len(warehouse.arrived("customers", "customerNumber", "customerId")) == 500
    assert writes(warehouse.calls()) == {
        "customers": (500, 0),
        "contacts": (50, 0),
        "opportunities": (25, 0),
    }


def writes(calls: dict[str, dict[str, int]]) -> dict[str, tuple[int, int]]:
    """How many creates and updates there were, by app."""
    return {app: (each["creates"], each["updates"]) for app, each in calls.items()}
