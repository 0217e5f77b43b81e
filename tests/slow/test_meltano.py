"""Meltano itself runs the loader that `meltano.yml` defines, into the sandbox."""

from __future__ import annotations

import importlib
import json
import shutil
from typing import TYPE_CHECKING

from target_apptivo.settings.declared import SETTINGS
from tests.environments import REPO
from tests.meltano import read_jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.meltano import Project, Record

pytest_plugins = ["tests.meltano"]

yaml = importlib.import_module("yaml")  # the SDK's; it comes without types


def lead(number: int) -> Record:
    """A row that becomes a lead."""
    return {"source_id": number, "lastName": f"Doe {number}"}


EXCLUDED = {"source_id", "updated_at"}


def without_source(row: Record) -> Record:
    """What of a row the loader is to send, by `meltano.yml`."""
    return {name: value for name, value in row.items() if name not in EXCLUDED}


def as_sent(rows: list[Record], arrived: list[Record]) -> list[Record]:
    """Of each arrived record the attributes that the rows have, in the order of the rows.

    None of them has what is excluded.
    """
    assert not any(EXCLUDED & record.keys() for record in arrived)
    names = {name for row in rows for name in row}
    sent = [{name: record[name] for name in record if name in names} for record in arrived]
    return sorted(sent, key=rows.index)


def test_stream_name_with_a_dot(project: Project) -> None:
    """A stream whose name has a dot finds the endpoint written for it with a backslash."""
    rows = [without_source(row) for row in read_jsonl(REPO / "demo/jsonl/crm.contacts.jsonl")]

    run = project.run("tap-jsonl--contacts")

    assert run.returncode == 0, run.stderr
    assert as_sent(rows, project.sandbox.records["contacts"]) == rows


def test_next_run_sends_only_what_is_new(project: Project) -> None:
    """Meltano stores the loader's state, and the next run begins there.

    So it does where response records go to a file: what is stored is the tap's state alone.
    """
    answers = json.dumps({"emit": "records", "path": "answers.singer"})
    project.write_rows(lead(1), lead(2))
    first = project.run("tap-rows", TARGET_APPTIVO_RESPONSES=answers)
    delivered_first = project.delivered()
    told = read_jsonl(project.command.directory / "answers.singer")

    project.write_rows(lead(1), lead(2), lead(3))
    second = project.run("tap-rows", TARGET_APPTIVO_RESPONSES=answers)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert delivered_first == ["Doe 1", "Doe 2"]
    assert [line["type"] for line in told] == ["SCHEMA", "RECORD", "RECORD"]
    assert project.delivered() == ["Doe 1", "Doe 2", "Doe 3"]
    assert project.state("tap-rows") == {"bookmarks": {"leads": {"rows": 3}}}


def test_failed_run_goes_on_at_the_refused_record(project: Project) -> None:
    """A refused record fails the run with its reason; Meltano has the state of those before it."""
    project.write_rows(lead(1), lead(2), {"source_id": 3}, lead(4))
    failed = project.run("tap-rows", TARGET_APPTIVO_MAX_IN_FLIGHT="1")
    state, delivered = project.state("tap-rows"), project.delivered()

    project.write_rows(lead(1), lead(2), lead(3), lead(4))
    mended = project.run("tap-rows")

    assert (failed.returncode, mended.returncode) == (1, 0), failed.stderr + mended.stderr
    assert "Please enter last name" in failed.stderr
    assert (state, delivered) == ({"bookmarks": {"leads": {"rows": 2}}}, ["Doe 1", "Doe 2"])
    assert project.delivered() == ["Doe 1", "Doe 2", "Doe 3", "Doe 4"]


def test_with_a_journal_a_whole_table_is_kept_in_step(project: Project, tmp_path: Path) -> None:
    """A tap that reads all rows each time: nothing is sent twice, and a changed row is an update.

    The rows arrive as they were written, but for what is excluded. The journal is set by its
    variable; a plan is made of what the tap tells.
    """
    rows = tmp_path / "leads.jsonl"
    shutil.copy(REPO / "demo" / "jsonl" / "leads.jsonl", rows)
    told = tmp_path / "leads.singer"
    environ = {
        "TARGET_APPTIVO_JOURNAL_URL": f"sqlite:///{tmp_path}/journal.db",
        "TAP_JSONL_PATH": str(rows),
    }
    made = project.meltano("invoke", "target-apptivo", "--journal", **environ)
    first = project.run("tap-jsonl", **environ)
    arrived = project.sandbox.records["leads"]
    requests = project.sandbox.request_count
    second = project.run("tap-jsonl", **environ)
    requests_of_second = project.sandbox.request_count - requests

    text = rows.read_text("utf-8")
    changed = text.replace('"lastName":"D\'Souza"', '"lastName":"Souza"', 1)
    rows.write_text(changed, "utf-8")
    told.write_text(project.meltano("invoke", "tap-jsonl", **environ).stdout, "utf-8")
    planning = ("invoke", "target-apptivo", "--input", str(told), "--plan")
    planned = project.meltano(*planning, **environ)
    third = project.run("tap-jsonl", **environ)

    for each in (made, first, second, planned, third):
        assert each.returncode == 0, each.stderr
    number = text.count("\n")
    assert f"leads: {number} read, {number} accepted" in first.stderr
    written = [without_source(row) for row in read_jsonl(REPO / "demo/jsonl/leads.jsonl")]
    assert as_sent(written, arrived) == written
    assert f"leads: {number} read, {number} unchanged" in second.stderr
    assert requests_of_second == 0
    update, totals = (json.loads(line) for line in planned.stdout.splitlines())
    assert update["changes"] == {"lastName": {"from": "D'Souza", "to": "Souza"}}
    assert totals == {"totals": {"leads": {"unchanged": number - 1, "update": 1}}}
    assert f"leads: {number} read, 1 updated, {number - 1} unchanged" in third.stderr
    assert len(project.sandbox.records["leads"]) == number
    assert "Souza" in project.delivered()


def test_response_records_need_a_path(project: Project) -> None:
    """Meltano stores a loader's stdout as state: response records are refused there."""
    project.write_rows(lead(1))

    run = project.run("tap-rows", TARGET_APPTIVO_RESPONSES='{"emit": "records"}')

    assert run.returncode == 1
    assert "responses.path" in run.stderr
    assert "leads" not in project.sandbox.records


def test_check_through_meltano(project: Project) -> None:
    """`meltano invoke` hands the loader its settings: credentials can be checked beforehand.

    They are those of the project's file here.
    """
    url = project.sandbox.url
    check = project.command("invoke", "target-apptivo", "--check", TARGET_APPTIVO_API_URL=url)

    assert json.loads(check.stdout)["ok"] is True


def test_keys_are_sensitive(project: Project) -> None:
    """Meltano shows neither key; what it prints of a run is looked through in every test."""
    shown = project.meltano("config", "print", "target-apptivo")

    assert json.loads(shown.stdout)["api_key"] == json.loads(shown.stdout)["access_key"] == "*****"


def test_every_setting_is_listed() -> None:
    """`meltano.yml` lists the loader's own settings, with the same defaults and secrets."""
    project = yaml.safe_load((REPO / "meltano.yml").read_text("utf-8"))
    listed = {
        setting["name"]: (setting.get("value"), setting.get("sensitive", False))
        for setting in project["plugins"]["loaders"][0]["settings"]
    }
    declared = {
        name: (setting.get("default"), setting.get("secret", False))
        for name, setting in SETTINGS["properties"].items()
    }

    assert listed == declared


def test_the_hub_definition_is_that_of_the_project() -> None:
    """Settings and capabilities are told to the Hub as `meltano.yml` has them."""
    loader = yaml.safe_load((REPO / "meltano.yml").read_text("utf-8"))["plugins"]["loaders"][0]
    hub = yaml.safe_load((REPO / "docs" / "meltano-hub.yml").read_text("utf-8"))

    for name in ("name", "namespace", "label", "executable", "capabilities", "settings"):
        assert hub[name] == loader[name], name


def test_settings_are_described_as_they_are_declared() -> None:
    """Labels, descriptions and options of `meltano.yml` are those of `--about`."""
    loader = yaml.safe_load((REPO / "meltano.yml").read_text("utf-8"))["plugins"]["loaders"][0]

    for setting in loader["settings"]:
        declared = SETTINGS["properties"][setting["name"]]
        assert setting["label"] == declared["title"]
        assert setting["description"] == declared["description"]
        options = [option["value"] for option in setting.get("options", ())]
        assert options == [each for each in declared.get("enum", ()) if each is not None]
