"""Fields in runs against the sandbox: in both styles, rehearsed, kept in step, and refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from target_apptivo.apptivo.fields.configuration import APPS
from target_apptivo.sandbox import Received, Reply, Sandbox
from tests.conftest import Finished, RunTarget, schema, state
from tests.in_step import customer, outcomes, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.in_step import InStep

pytest_plugins = ["tests.in_step_runs"]

FIELDS = {
    "Last Name": "name",
    "Email": "email",
    "Mobile Phone": "mobile",
    "Lead Source": "source",
    "Tax No": "vat_id",
    "Assigned To": "owner",
}
EVERY_KIND = {
    **FIELDS,
    "Service Level": "level",
    "Machines": "machines",
    "Next Visit": "visit",
    "Interests": "likes",
    "Budget": "budget",
    "Invoice By": "by",
    "Roasts": "roasts",
    "Directions": "way",
    "Street": "street",
    "Firm": "firm",
}
ROW = {
    "name": "Doe",
    "email": "jane@example.com",
    "mobile": "555 0199",
    "source": "website",
    "vat_id": "12-3",
    "owner": "sam.agent@example.com",
    "level": "Gold",
    "machines": 3,
    "visit": "2026-02-03",
    "likes": ["Red", "Blue"],
    "budget": 99.5,
    "by": "Post",
    "roasts": "Light",
    "way": "Left, then right",
    "street": "Main St 1",
    "firm": "Doe & Sons",
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that drops what it does not know, and shows what it keeps."""
    with Sandbox(keep_requests=True, drop_unknown=True, answers="whole") as box:
        yield box


def row(number: int, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A RECORD of a flat table."""
    flat = {"id": number, **{key: ROW[key] for key in FIELDS.values()}, **attributes}
    return {"type": "RECORD", "stream": "people", "record": flat}


def messages(*records: dict[str, Any]) -> list[Any]:
    """The input of one stream."""
    return [schema("people"), *records, state(1)]


def stream(fields: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """The setting `streams`, with the key of the source kept back."""
    entry = {"endpoint": "create_lead", "fields": fields or FIELDS, "exclude_attributes": ["id"]}
    return {"people": {**entry, **options}}


def actions(sandbox: Sandbox) -> list[str]:
    """What was asked of the sandbox, in order."""
    return [request.params["a"] for request in sandbox.requests]


def customs(lead: dict[str, Any]) -> dict[str, Any]:
    """What a lead says in its custom attributes: values, or the labels of options."""
    return {
        entry["customAttributeId"]: entry["customAttributeValue"]
        or [option["attributeValue"] for option in entry["attributeValues"]]
        for entry in lead["customAttributes"]
    }


def warnings(finished: Finished) -> list[str]:
    """The texts of the warnings in a log."""
    lines = (line.split(" | ") for line in finished.log.splitlines())
    return [parts[-1] for parts in lines if len(parts) > 2 and parts[1].strip() == "WARNING"]


# -- what arrives ---------------------------------------------------------------------------------


def test_an_attribute_that_no_record_can_have_is_told(run: RunTarget) -> None:
    """Once a stream, by the schema after stream maps; the run goes on, as the others are right."""
    texts = {name: {"type": "string"} for name in ("name", "mail")}
    lines = [schema("people", **texts), row(1), row(2)]
    lines[0]["schema"]["additionalProperties"] = False
    lines[1:] = [{**each, "record": {"id": 1, "name": "a", "mail": "b@c.de"}} for each in lines[1:]]
    config: dict[str, Any] = {"streams": stream({"Last Name": "name", "Email": "email"})}
    finished = run(lines, config=config)
    assert finished.code == 0
    (told,) = [each for each in warnings(finished) if ".fields." in each]
    assert told.startswith(
        "streams.people.fields.Email: stream people has no 'email' in its SCHEMA"
    )
    assert told.endswith("nearest: 'mail'")
    config["stream_maps"] = {"people": {"email": "mail"}}
    assert not any(".fields." in each for each in warnings(run(lines, config=config)))


@pytest.mark.parametrize("style", ["rest", "action"])
def test_a_flat_table_becomes_full_leads(run: RunTarget, sandbox: Sandbox, style: str) -> None:
    """Every kind arrives in its shape, the configuration is read once, and nothing is swallowed."""
    config = {"streams": stream(EVERY_KIND), "api_style": style}
    rows = [row(number, **ROW) for number in range(1, 31)]
    finished = run(messages(*rows), config=config)
    assert finished.code == 0, finished.log
    leads = sandbox.records["leads"]
    assert len(leads) == 30
    lead = leads[0]
    assert (lead["lastName"], lead["companyName"]) == ("Doe", "Doe & Sons")
    assert (lead["leadSource"], lead["leadSourceMeaning"]) == (3, "Website")
    assert lead["emailAddresses"][0]["emailTypeCode"] == "BUSINESS"
    assert lead["phoneNumbers"][0]["phoneTypeCode"] == "PHONE_MOBILE"
    assert lead["addresses"][0]["addressLine1"] == "Main St 1"
    assert [lead[f"assigneeObject{end}"] for end in ("RefName", "RefId", "Id")] == [
        "Sam Agent",
        101,
        8,
    ]
    assert customs(lead) == {
        "input_4_32": "12-3",
        "select_4_9": "Gold",
        "number_4_12": "3",
        "date_4_13": "02/03/2026",
        "check_4_14": ["Red", "Blue"],
        "currency_4_15": "99.5",
        "radio_4_18": "Post",
        "multiSelect_4_17": ["Light"],
        "textarea_4_16": "Left, then right",
    }
    assert not {"name", "email", "mobile", "source", "owner"} & lead.keys()
    asked = actions(sandbox)
    assert asked.count("getConfigData") == 1
    assert asked.count("getEmployeeByAdvancedSearch") == 1
    first = sandbox.requests[0]
    assert first.method == ("GET" if style == "rest" else "POST")
    assert "never came back" not in finished.log


def test_without_fields_nothing_is_read(run: RunTarget, sandbox: Sandbox) -> None:
    """A stream beside one with fields costs nothing either."""
    lines = [schema("leads"), {"type": "RECORD", "stream": "leads", "record": {"lastName": "x"}}]
    lines[0]["key_properties"] = []
    assert run(lines, config={"streams": stream()}).code == 0
    assert set(actions(sandbox)) == {"save"}


def test_people_by_name_and_each_looked_up_once(run: RunTarget, sandbox: Sandbox) -> None:
    """By the whole name, without regard to case and accents."""
    owners = ["emile laurent", "Ruth Keller", "Émile Laurent", "ruth.keller@example.com"] * 5
    rows = [row(number, owner=owner) for number, owner in enumerate(owners)]
    assert run(messages(*rows), config={"streams": stream()}).code == 0
    found = [lead["assigneeObjectRefId"] for lead in sandbox.records["leads"]]
    assert sorted(found) == [102] * 10 + [103] * 10
    asked = actions(sandbox)
    assert asked.count("getAllBySearchText") == 2
    assert asked.count("getEmployeeByAdvancedSearch") == 1


def test_stream_maps_go_first(run: RunTarget, sandbox: Sandbox) -> None:
    """Fields take what stream maps have made, and a template may use what fills a field."""
    config = {
        "stream_maps": {
            "people": {"id": "id", "name": "name.upper()", "email": "email", "__else__": None}
        },
        "streams": stream({"Last Name": "name", "Email": "email"}, params={"note": "{email}"}),
    }
    assert run(messages(row(1)), config=config).code == 0
    (lead,) = sandbox.records["leads"]
    assert lead["lastName"] == "DOE"
    assert sandbox.requests[-1].params["note"] == "jane@example.com"


# -- rehearsals -----------------------------------------------------------------------------------


def test_a_preview_shows_the_shaped_request(run: RunTarget, sandbox: Sandbox) -> None:
    """It reads the configuration and the people of the records that it shows, and sends nothing."""
    rows = [row(number, owner=f"nobody{number}@example.com") for number in range(5, 50)]
    records = messages(row(1), row(2, source="?"), row(3), *rows)
    finished = run(records, "--preview", "2", config={"streams": stream()})
    assert finished.code == 0
    body = json.loads(finished.lines[0]["body"])
    assert len(finished.lines) == 1  # the other is refused, which is logged
    assert body["leadSourceMeaning"] == "Website"
    assert body["assigneeObjectRefId"] == 101
    assert sorted(actions(sandbox)) == ["getConfigData", "getEmployeeByAdvancedSearch"]
    assert "field 'Lead Source' (attribute 'source') has no such value" in finished.log


def test_a_dry_run_checks_all_records_against_the_account(run: RunTarget, sandbox: Sandbox) -> None:
    """And reads the configuration once for it, however many wait."""
    rows = [row(number, source="Webzite" if number % 2 else "Website") for number in range(40)]
    finished = run(messages(*rows), config={"streams": stream(), "dry_run": True})
    assert finished.code == 1
    assert "20 records would be refused" in finished.last_log
    assert finished.stdout == ""
    assert sandbox.records == {}
    assert actions(sandbox).count("getConfigData") == 1


@pytest.mark.parametrize("options", [("--preview",), ()])
def test_rehearsals_with_fields_need_keys(run: RunTarget, options: tuple[str, ...]) -> None:
    """Since they read; those without fields do not."""
    keyless: dict[str, Any] = {"api_key": ..., "access_key": ..., "dry_run": not options}
    finished = run(messages(row(1)), *options, config={**keyless, "streams": stream()})
    assert finished.code == 1
    assert finished.last_log.startswith("api_key: is required")
    without = {"people": {"endpoint": "create_lead"}}
    assert run(messages(row(1)), *options, config={**keyless, "streams": without}).code == 0


# -- kept in step ---------------------------------------------------------------------------------


@pytest.fixture
def journal(run: RunTarget, tmp_path: Path) -> dict[str, Any]:
    """Settings with a journal that is made."""
    config = {"journal_url": f"sqlite:///{tmp_path}/journal.db", "settle_seconds": 0.1}
    assert run((), "--journal", config=config).code == 0
    return config


def plan(finished: Finished) -> list[tuple[str, list[str]]]:
    """Action and changed attributes of each line of a plan but the last."""
    return [(line["action"], sorted(line["changes"])) for line in finished.lines[:-1]]


@pytest.mark.parametrize("style", ["rest", "action"])
def test_a_changed_dropdown_is_one_update(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any], style: str
) -> None:
    """The second run names that attribute alone; one that brings nothing new sends nothing."""
    config = {**journal, "streams": stream(EVERY_KIND), "api_style": style}
    assert run(messages(row(1, **ROW), row(2, **ROW)), config=config).code == 0
    again = run(messages(row(1, **ROW), row(2, **ROW)), config=config)
    assert "2 unchanged" in again.log
    sandbox.requests.clear()
    changed = messages(row(1, **{**ROW, "level": "Silver"}), row(2, **ROW))
    planned = run(changed, "--plan", config=config)
    assert plan(planned) == [("update", ["customAttributes.select_4_9"])]
    assert planned.lines[0]["changes"]["customAttributes.select_4_9"] == {
        "from": "Gold",
        "to": "Silver",
    }
    assert "update" not in actions(sandbox)
    sandbox.requests.clear()
    assert run(changed, config=config).code == 0
    (update,) = [request for request in sandbox.requests if request.params["a"] == "update"]
    assert json.loads(update.params["attributeNames"]) == ["customAttributes"]
    assert json.loads(update.params["attributeIds"]) == ["select_4_9"]
    levels = [customs(lead)["select_4_9"] for lead in sandbox.records["leads"]]
    assert sorted(levels) == ["Gold", "Silver"]


def test_a_changed_picklist_names_label_and_id(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """A standard dropdown is two attributes, and both go together."""
    config = {**journal, "streams": stream()}
    assert run(messages(row(1)), config=config).code == 0
    planned = run(messages(row(1, source="Referral")), "--plan", config=config)
    assert plan(planned) == [("update", ["leadSource", "leadSourceMeaning"])]
    assert run(messages(row(1, source="Referral")), config=config).code == 0
    (lead,) = sandbox.records["leads"]
    assert (lead["leadSource"], lead["leadSourceMeaning"]) == (4, "Referral")
    assert lead["emailAddresses"][0]["emailAddress"] == "jane@example.com"


def test_a_plan_of_new_records_reads_once(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """All wait for the one who reads, and all are shaped."""
    config = {**journal, "streams": stream()}
    rows = [row(number, source="?" if number == 5 else "Website") for number in range(20)]
    finished = run(messages(*rows), "--plan", config=config)
    assert sorted(line["action"] for line in finished.lines[:-1]) == ["create"] * 19 + ["reject"]
    assert actions(sandbox).count("getConfigData") == 1


@pytest.mark.parametrize("name", ["emailAddress", "customAttributes.input_4_32", "lastName"])
def test_match_values_are_those_of_the_payload(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any], name: str
) -> None:
    """What is there is found and updated; equal ones of one input go one after another."""
    seed = {"Last Name": "name", "Email": "email", "Tax No": "vat_id"}
    assert run(messages(row(1)), config={"streams": stream(seed)}).code == 0
    config = {**journal, "streams": stream(match_on=name), "max_rejected": -1}
    config["rejected_path"] = f"{journal['journal_url'].removeprefix('sqlite:///')}.rejected"
    own = {"name": "Roe", "email": "roe@example.com", "vat_id": "9"}
    twins = [row(number, **own) for number in range(10, 20)]
    finished = run(messages(row(1, email="JANE@example.com"), *twins), config=config)
    assert finished.code == 0, finished.log
    leads = sandbox.records["leads"]
    assert [lead["lastName"] for lead in leads] == ["Doe", "Roe"]
    assert leads[0]["assigneeObjectRefId"] == 101
    assert "1 accepted, 1 updated, 9 rejected" in finished.log
    assert "9 x match_on finds what another key of this stream became" in finished.log


def test_match_values_make_the_key_where_there_is_none(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """Also where `fields` shapes them: the journal knows the record again."""
    config = {**journal, "streams": stream(match_on="emailAddress")}
    lines = messages(row(1), row(2, email="Jane@Example.com", source="Referral"))
    lines[0]["key_properties"] = []
    finished = run(lines, config=config)
    assert finished.code == 0, finished.log
    assert "1 accepted, 1 updated" in finished.log
    (lead,) = sandbox.records["leads"]
    assert lead["leadSourceMeaning"] == "Referral"
    lines = messages(row(2, email="Jane@Example.com", source="Referral"))
    lines[0]["key_properties"] = []
    again = run(lines, config=config)
    assert "1 unchanged" in again.log, again.log


def test_two_streams_of_an_app_take_turns(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """One with fields and one without: equal match values make one lead."""
    plain = {"endpoint": "create_lead", "match_on": "lastName", "exclude_attributes": ["id"]}
    streams = {**stream(match_on="lastName"), "plain": plain}
    lines: list[Any] = [schema("people"), schema("plain")]
    for number in range(10):
        lines.append(row(number, name=f"N{number}"))
        other = {"id": number, "lastName": f"N{number}"}
        lines.append({"type": "RECORD", "stream": "plain", "record": other})
    finished = run(lines, config={**journal, "streams": streams})
    assert finished.code == 0, finished.log
    assert len(sandbox.records["leads"]) == 10


def test_references_and_fields_go_together(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """The id of the parent is an attribute beside the fields."""
    contacts = {
        "endpoint": "create_contact",
        "references": {"accountId": {"stream": "customers", "key": "{firm}"}},
        "fields": {"Last Name": "name", "Role": "job", "Email": "email"},
        "exclude_attributes": ["id", "firm"],
    }
    customers = {"endpoint": "create_customer", "fields": {"Client": "name"}}
    config = {**journal, "streams": {"contacts": contacts, "customers": customers}}
    firm = {"id": 7, "name": "Acme"}
    person = {"id": 1, "firm": 7, "name": "Doe", "job": "Buyer", "email": "a@b.c"}
    lines = [
        schema("customers"),
        schema("contacts"),
        {"type": "RECORD", "stream": "customers", "record": firm},
        {"type": "RECORD", "stream": "contacts", "record": person},
    ]
    finished = run(lines, config=config)
    assert finished.code == 0, finished.log
    (contact,) = sandbox.records["contacts"]
    assert contact["accountId"] == sandbox.records["customers"][0]["customerId"]
    assert contact["jobTitle"] == "Buyer"


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Lead Sauce", "is no field of leads in this account; nearest: 'Lead Source'"),
        ("Best Way To Contact", "is a field of leads that is switched off in Apptivo"),
        ("emailAddress:WORK", "names a type that Email (emailaddresses_attr) does not have"),
    ],
)
@pytest.mark.parametrize("options", [("--preview",), ("--plan",), (), ("--send-test",)])
def test_an_unknown_field_ends_the_run_before_anything_is_sent(
    run: RunTarget, sandbox: Sandbox, name: str, said: str, options: Sequence[str]
) -> None:
    """The last line names the setting and the nearest; a rehearsal says so too."""
    rows = [row(number) for number in range(30)]
    finished = run(messages(*rows), *options, config={"streams": stream({name: "x"})})
    assert finished.code == 1
    assert finished.last_log.startswith(f"streams.people.fields.{name}: {said}")
    assert finished.lines in ([], [{"totals": {}}])
    assert sandbox.records == {}


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("Last Name", "'lastName', so say that"),
        ("email", "'emailAddress', so say that"),
        ("Tax No", "'customAttributes.input_4_32', so say that"),
        ("input_4_32", "'customAttributes.input_4_32', so say that"),
        ("Mobile Phone", "in a list that is not searched"),
    ],
)
def test_a_label_in_match_on_ends_the_run_before_anything_is_sent(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any], name: str, right: str
) -> None:
    """No record would ever be found by it; the name that it is sent by is told."""
    fields = {"Tax No" if name == "Tax No" else "input_4_32": "vat_id", "Email": "email"}
    fields |= {"Last Name": "name", "Mobile Phone": "mobile"}
    config = {**journal, "streams": stream(fields, match_on=["customerNumber", name])}
    for options in ((), ("--plan",), ("--preview",)):
        finished = run(messages(row(1)), *options, config=config)
        assert finished.code == 1
        assert finished.last_log.startswith(f"streams.people.match_on: names '{name}', ")
        assert right in finished.last_log
    assert sandbox.records == {}


def test_one_run_names_all_fields_that_are_wrong(run: RunTarget, sandbox: Sandbox) -> None:
    """Who mistypes one label mistypes others, and should not have to start once for each."""
    fields = {"Lead Sauce": "a", "Last Name": "name", "Assinged To": "b", "Surname": "c"}
    finished = run(messages(row(1)), config={"streams": stream({**fields, "last name": "d"})})
    assert finished.code == 1
    first, *others = finished.last_log.split("; also ")
    assert first.startswith("streams.people.fields.Lead Sauce: is no field of leads")
    assert [each.partition(": ")[0].rpartition(".")[2] for each in others] == [
        "Assinged To", "Surname", "last name",
    ]  # fmt: skip
    assert "names the same field as 'Last Name'" in others[-1]
    assert sandbox.records == {}


NOTHING_KNOWN = "refused records without any attribute that is known of"


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("leads", "lastName"),
        ("customers", "customerName"),
        ("contacts", "lastName"),
        ("cases", "caseSummary"),
        ("opportunities", "opportunityName"),
    ],
)
@pytest.mark.parametrize("most", [0, -1, None])
def test_refused_records_that_nobody_mapped_lead_to_fields(
    run: RunTarget, tmp_path: Path, app: str, name: str, most: int | None
) -> None:
    """Told once a stream, also where the first of them ends the run, or is only a test."""
    alien = {"type": "RECORD", "stream": app, "record": {"id": 1, "surname": "x"}}
    config = {"max_rejected": most or 0, "rejected_path": str(tmp_path / "rejected.singer")}
    options = ["--send-test"] if most is None else []
    finished = run([schema(app), alien, alien], *options, config=config)
    (told,) = [each for each in warnings(finished) if NOTHING_KNOWN in each]
    assert told.startswith(f"{app}: Apptivo {NOTHING_KNOWN} {app}, as {name} is: map the tap's by")
    assert told.endswith(f" the option fields (--fields {app} lists what there is)")


@pytest.mark.parametrize(
    ("attributes", "options"),
    [
        ({"surname": "x", "companyName": "y"}, {}),
        ({"mail": "a@b.de"}, {"fields": {"Email": "mail"}}),
        ({"surname": "x"}, {"params": {"firm": "{firm}"}}),
        ({"surname": "x"}, {"endpoint": "generic", "url": "v6/leads?a=save"}),
    ],
)
def test_other_refusals_do_not_lead_to_fields(
    run: RunTarget, sandbox: Sandbox, attributes: dict[str, str], options: dict[str, Any]
) -> None:
    """A known attribute, a mapping, a refusal of ours, no app: there `fields` is no help."""
    refusal = Reply.json({"status": "FAILURE", "reason": "no"})
    sandbox.respond = lambda it: refusal if it.params.get("a") == "save" else None
    lines = messages({"type": "RECORD", "stream": "people", "record": {"id": 1, **attributes}})
    finished = run(lines, config={"streams": {"people": {"endpoint": "create_lead", **options}}})
    assert NOTHING_KNOWN not in finished.log
    assert finished.last_log.startswith("record rejected: ")


def test_what_was_read_before_is_still_delivered(run: RunTarget, sandbox: Sandbox) -> None:
    """Records of other streams have their outcomes; nothing of the stream itself is sent."""
    before = [{"type": "RECORD", "stream": "cases", "record": {"id": n, "caseSummary": "x"}}
              for n in range(5)]  # fmt: skip
    lines = [schema("cases"), *before, state(5), *messages(*(row(n) for n in range(9)))]
    finished = run(lines, config={"streams": stream({"Nope": "x"})})
    assert finished.code == 1
    assert "streams.people.fields.Nope" in finished.last_log
    assert len(sandbox.records["cases"]) == 5
    assert finished.lines == [{"bookmark": 5}]


def test_a_child_read_first_does_not_wait_for_ever(
    run: RunTarget, sandbox: Sandbox, journal: dict[str, Any]
) -> None:
    """The record that waits for its parent fails as well, when another found the fault first."""
    contacts = {
        "endpoint": "create_contact",
        "references": {"accountId": {"stream": "customers", "key": "{firm}"}},
        "fields": {"Nope": "name"},
    }
    streams = {"contacts": contacts, "customers": {"endpoint": "create_customer"}}
    lines = [
        schema("customers"),
        schema("contacts"),
        {"type": "RECORD", "stream": "customers", "record": {"id": 7, "customerName": "Acme"}},
        {"type": "RECORD", "stream": "contacts", "record": {"id": 1, "firm": 7, "name": "x"}},
        {"type": "RECORD", "stream": "contacts", "record": {"id": 2, "name": "x"}},
    ]
    finished = run(lines, config={**journal, "streams": streams})
    assert finished.code == 1
    assert "streams.contacts.fields.Nope" in finished.last_log
    assert "contacts" not in sandbox.records


def test_a_value_that_is_not_there_sets_the_record_aside(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With field, attribute and the nearest, and without the record's values in the log."""
    path = tmp_path / "rejected.singer"
    config = {"streams": stream(), "max_rejected": -1, "rejected_path": str(path)}
    rows = [
        row(1),
        row(2, source="Webseite"),
        row(3, owner="sam.agnt@example.com"),
        row(4, owner="Samuel Agent"),
    ]
    finished = run(messages(*rows), config=config)
    assert finished.code == 0
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    reasons = [line["rejected"]["reason"] for line in lines]
    nobody = "field 'Assigned To' (attribute 'owner') names nobody who is an employee; nearest: "
    assert reasons[0] == (
        "field 'Lead Source' (attribute 'source') has no such value; nearest: 'Website'"
    )
    assert reasons[1].startswith(f"{nobody}'sam.agent@example.com'")
    assert reasons[2].startswith(f"{nobody}'Sam Agent'")
    assert len(sandbox.records["leads"]) == 1
    for value in ("Webseite", "sam.agnt", "Samuel"):
        assert value not in finished.log


def test_a_firm_without_employees(run: RunTarget, sandbox: Sandbox) -> None:
    """Nobody is found, which rejects who names somebody, and nobody else."""

    def nobody(received: Received) -> Reply | None:
        if received.path.endswith("/employee"):
            return Reply.json({"aaData": [], "iTotalRecords": 0})
        return Reply.json({"countOfRecords": 0}) if "employees" in received.path else None

    sandbox.respond = nobody
    rows = messages(row(1, owner=None), row(2))
    finished = run(rows, config={"streams": stream(), "dry_run": True})
    assert finished.code == 1
    assert "names nobody who is an employee; there is none" in finished.log
    assert "1 skipped, 1 rejected" in finished.log or "1 rejected, 1 skipped" in finished.log


def test_people_who_cannot_be_looked_up(run: RunTarget, sandbox: Sandbox) -> None:
    """A FAILURE is not an answer that there is nobody."""

    def fail(received: Received) -> Reply | None:
        is_search = "employee" in received.path
        return Reply.json({"status": "FAILURE", "reason": "No."}) if is_search else None

    sandbox.respond = fail
    finished = run(messages(row(1)), config={"streams": stream()})
    assert finished.code == 1
    assert "names a person who cannot be looked up: No." in finished.last_log
    assert sandbox.records == {}


@pytest.mark.parametrize(
    "reply",
    [
        Reply.json({"displayName": "Leads"}),
        Reply.json({"webLayout": "{"}),
        Reply.json({"status": "FAILURE", "reason": "No."}),
        Reply.json([1]),
        Reply(status=404),
    ],
    ids=["none", "broken", "failure", "list", "404"],
)
def test_a_configuration_that_cannot_be_read_ends_the_run(
    run: RunTarget, sandbox: Sandbox, reply: Reply
) -> None:
    """Before anything is sent that needs it; `--fields` and `--preview` say the same."""
    sandbox.respond = lambda received: reply if "getConfigData" in _action(received) else None
    for options, lines in (((), messages(row(1))), (("--preview",), messages(row(1)))):
        finished = run(lines, *options, config={"streams": stream()})
        assert finished.code == 1
        assert finished.last_log.startswith("the configuration of leads (getConfigData) cannot")
    told = run((), "--fields", "leads")
    assert told.code == 1
    assert told.last_log.startswith("the configuration of leads (getConfigData) cannot")
    assert sandbox.records == {}


def _action(received: Received) -> str:
    """What a request asks for."""
    return received.params.get("a", "")


def test_a_large_firm_with_thai_labels(run: RunTarget) -> None:
    """5,000 custom attributes: read once, and each row shaped without going through them."""
    attributes = [
        {
            "attributeId": f"input_4_{number}",
            "type": "Custom",
            "label": {"modifiedLabel": f"ช่องที่ {number}"},
            "right": [{"tag": "input", "tagName": f"tag_{number}"}],
        }
        for number in range(5_000)
    ]
    names = {"attributeId": "n", "tagName": "lastName", "label": "นามสกุล"}
    layout = json.dumps({"sections": [{"attributes": [names, *attributes]}]})
    fields = {"นามสกุล": "name", "ช่องที่ 4999": "x"}
    with Sandbox(config_data={"leads": {"webLayout": layout}}, drop_unknown=True) as box:
        config = {"streams": stream(fields), "api_url": box.url}
        finished = run(messages(*(row(n, x=f"v{n}") for n in range(300))), config=config)
        assert finished.code == 0, finished.log
        assert customs(box.records["leads"][7])["input_4_4999"].startswith("v")
        told = run((), "--fields", "leads", config={"api_url": box.url})
        assert len(told.lines) == 5_001
        assert told.lines[0]["label"] == "นามสกุล"


# -- --fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["rest", "action"])
def test_the_fields_are_told_to_programs(run: RunTarget, sandbox: Sandbox, style: str) -> None:
    """One JSON object a line, of all five apps; no stdin is read and nothing is changed."""
    finished = run((), "--fields", config={"api_style": style})
    assert finished.code == 0
    assert list(dict.fromkeys(line["app"] for line in finished.lines)) == list(APPS)
    names = {"app", "name", "label", "id", "kind", "type", "mandatory", "options"}
    assert {frozenset(line) for line in finished.lines} == {frozenset(names)}
    by_label = {line["label"]: line for line in finished.lines if line["app"] == "leads"}
    assert by_label["Service Level"] == {
        "app": "leads",
        "name": "select_1501_tag",
        "label": "Service Level",
        "id": "select_4_9",
        "kind": "custom",
        "type": "select",
        "mandatory": False,
        "options": [
            {"id": f"VALUE_1501_{place}", "label": label}
            for place, label in enumerate(("Bronze", "Silver", "Gold"), start=1)
        ],
    }
    assert by_label["Last Name"]["mandatory"] is True
    assert by_label["Lead Source"]["options"][1] == {"id": 2, "label": "Trade Fair"}
    assert "Best Way To Contact" not in by_label
    assert set(actions(sandbox)) == {"getConfigData"}
    assert {request.method for request in sandbox.requests} == {
        "GET" if style == "rest" else "POST"
    }


def test_the_fields_of_one_app(run: RunTarget, sandbox: Sandbox) -> None:
    """In any case; of one that is none it is wrong usage."""
    finished = run((), "--fields", "Cases")
    assert {line["app"] for line in finished.lines} == {"cases"}
    assert len(sandbox.requests) == 1
    wrong = run((), "--fields", "leeds")
    assert wrong.code == 2
    assert "leads, customers, contacts, cases, opportunities" in wrong.log
    assert run((), "--fields", "leads", "--check").code == 2
    keyless = run((), "--fields", config={"api_key": ..., "access_key": ..., "dry_run": True})
    assert keyless.code == 1
    assert keyless.last_log.startswith("api_key: is required")


def test_people_get_a_table(
    run: RunTarget, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the columns are aligned, and what is mandatory is marked."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    finished = run((), "--fields", "leads")
    lines = finished.stdout.splitlines()
    assert lines[0].split() == ["APP", "LABEL", "NAME", "ID", "TYPE", "VALUES"]
    place = lines[0].index("TYPE")
    assert all(line[place - 2 : place] == "  " for line in lines)
    assert any("Last Name *" in line for line in lines)
    assert any(line.endswith("Bronze, Silver, Gold") for line in lines)
    assert sandbox.request_count == 1


def test_fields_of_the_sandbox_need_no_keys(run: RunTarget) -> None:
    """To try it before there is an account."""
    keyless: dict[str, Any] = {"api_key": ..., "access_key": ..., "api_url": ...}
    finished = run((), "--sandbox", "--fields", "contacts", config=keyless)
    assert finished.code == 0
    assert {line["app"] for line in finished.lines} == {"contacts"}


@pytest.mark.parametrize("reply", [Reply(status=503), Reply.dropped()], ids=["503", "dropped"])
def test_fields_are_asked_for_again(run: RunTarget, sandbox: Sandbox, reply: Reply) -> None:
    """What fails is tried again, and is unavailable in the end."""
    sandbox.respond = lambda _: reply if sandbox.request_count < 2 else None
    assert run((), "--fields", "leads").code == 0
    sandbox.respond = lambda _: reply
    finished = run((), "--fields", "leads", config={"max_attempts": 2})
    assert finished.code == 1
    assert finished.last_log.startswith("Apptivo is unavailable")
    sandbox.respond = lambda _: Reply(status=401)
    assert "Apptivo refused the credentials" in run((), "--fields").last_log


def test_the_credentials_go_as_with_check(run: RunTarget, sandbox: Sandbox) -> None:
    """In the query of a GET, or in the form; never in a log or on stdout."""
    finished = run((), "--fields", "leads", config={"api_style": "action"})
    (request,) = sandbox.requests
    assert request.query == ""
    form = parse_qs(request.body.decode())
    assert form["a"] == ["getConfigData"]
    assert form["apiKey"][0] not in finished.stdout + finished.log


@pytest.mark.parametrize("api_style", ["rest", "action"])
def test_a_deleted_row_is_known_by_what_fields_make_of_it(step: InStep, api_style: str) -> None:
    """Without key properties its match value is its key, which only the account's fields tell."""
    rules = {"endpoint": "create_customer", "match_on": "emailAddress", "fields": {"Email": "mail"}}
    settings: dict[str, Any] = {
        "api_style": api_style,
        "streams": {"customers": {**rules, "hard_delete": True}},
    }
    rows = [customer(nr, mail=f"c{nr}@example.com") for nr in (1, 2)]
    step(table("customers", *rows, key=()), **settings)
    gone = {**rows[0], "_sdc_deleted_at": "2026-01-01"}
    assert outcomes(step(table("customers", gone, key=()), **settings)) == ["accepted"]
    assert [each["customerName"] for each in step.sandbox.records["customers"]] == ["Firm 2"]
    assert outcomes(step(table("customers", gone, key=()), **settings)) == ["skipped"]
    aside: dict[str, Any] = {"rejected_path": str(step.folder / "rejected"), "max_rejected": -1}
    nameless = {**gone, "mail": None}
    assert outcomes(step(table("customers", nameless, key=()), **settings, **aside)) == ["rejected"]
