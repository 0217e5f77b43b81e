"""The example `flat-leads` does what it says: its README's commands, as they stand there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from target_apptivo.sandbox import Sandbox
from tests.examples import copy_example

KEYS = {"TARGET_APPTIVO_API_KEY": "any-api-key", "TARGET_APPTIVO_ACCESS_KEY": "any-access-key"}


def test_a_flat_table_becomes_full_leads(tmp_path: Path) -> None:
    """Nothing is swallowed where every column goes by a field, and what is forgotten is named."""
    with Sandbox(drop_unknown=True, answers="whole") as sandbox:
        programs = Path(sys.executable).parent
        urls = {**KEYS, "TARGET_APPTIVO_API_URL": sandbox.url}
        example = copy_example("flat-leads", tmp_path, programs, **urls)
        fields, previewed, run = example.run_block(0)
        leads = sorted(sandbox.records["leads"], key=lambda lead: str(lead["lastName"]))
        (mistyped,) = example.run_block(1)

    labels = {json.loads(line)["label"] for line in fields.stdout.splitlines()}
    config = json.loads((example.folder / "config.json").read_text("utf-8"))
    assert config["streams"]["people"]["fields"].keys() - labels == {"Mobile Phone"}
    (line,) = previewed.stdout.splitlines()
    assert json.loads(line)["stream"] == "people"
    assert "people: 3 read, 3 accepted" in run.stderr
    assert "never came back" not in run.stderr
    assert [lead["lastName"] for lead in leads] == ["Jane Doe", "Somchai Jaidee", "Émile Zola"]
    assert [lead["leadSource"] for lead in leads] == [3, 2, 4]
    assert [lead["assigneeObjectRefId"] for lead in leads] == [102, 101, 103]
    assert leads[1]["customAttributes"][0]["customAttributeValue"] == "TH-0105"
    assert leads[0]["phoneNumbers"][0]["phoneTypeCode"] == "PHONE_MOBILE"
    assert "phoneNumbers" not in leads[2]
    told = "people: 'owner_email' was sent 3 times and never came back: Apptivo drops names that"
    assert told in mistyped.stderr
    assert told in " ".join((example.folder / "README.md").read_text("utf-8").split())
