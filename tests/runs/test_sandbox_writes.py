"""The sandbox's reads, updates, answers, dropped fields, late commits and books."""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from target_apptivo.sandbox import Received, Sandbox
from target_apptivo.sandbox.apps import CASES, CUSTOMERS, LEADS, unknown_app
from target_apptivo.sandbox.apptivo import Apptivo
from target_apptivo.sandbox.books import KEPT_HISTORIES, Books, Feed, key_of
from target_apptivo.sandbox.exchange import FORM
from target_apptivo.sandbox.memory import Entry
from target_apptivo.sandbox.switches import Switches
from target_apptivo.sandbox.update import Named, named_in, updated
from tests.runs.test_sandbox import DOE, KEYS, call, form, save_lead

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOME = {"emailAddress": "jane@home.example", "emailTypeCode": "HOME"}
WORK = {"emailAddress": "jane@work.example", "emailTypeCode": "BUSINESS"}


def read_lead(sandbox: Sandbox, lead_id: str = "8001") -> dict[str, Any]:
    """Read a lead by its id."""
    return form(sandbox, "leads", a="getById", leadId=lead_id)


def update_lead(
    sandbox: Sandbox, data: object, *names: str, lead_id: str = "8001", **fields: str
) -> dict[str, Any]:
    """Update a lead in Apptivo's own form."""
    named = {"attributeNames": json.dumps(names)} if names else {}
    fields |= {"a": "update", "leadId": lead_id, "leadData": json.dumps(data), **named}
    return form(sandbox, "leads", **fields)


def custom(attribute_id: str, value: str) -> dict[str, str]:
    """An entry of a record's custom attributes."""
    return {"customAttributeId": attribute_id, "customAttributeValue": value}


def held(sandbox: Sandbox, app: str = "leads") -> dict[str, Any]:
    """What `/state.json` says of an app."""
    state = requests.get(f"{sandbox.origin}state.json", timeout=20).json()
    apps: dict[str, dict[str, Any]] = state["apps"]
    return apps[app]


# Read by id


def test_a_record_is_read_back_with_what_apptivo_adds(sandbox: Sandbox) -> None:
    """Both ids, date, version, the marks of a live record, and ids of e-mails and addresses."""
    record = {"firstName": "Jane", "lastName": "Doe", "emailAddresses": [HOME, WORK]}
    save_lead(sandbox, record | {"phoneNumbers": [{"phoneNumber": "5"}], "addresses": [{}]})
    read = read_lead(sandbox)
    expected = {"id": "8001", "leadId": 8001, "version": 1, "objectStatus": "0", "isActive": "Y"}
    assert read.items() >= (expected | {"fullName": "Jane Doe"}).items()
    parts = [*read["emailAddresses"], *read["phoneNumbers"]]
    assert len({part["communicationId"] for part in parts}) == 3
    assert read["addresses"][0]["addressId"]
    assert datetime.strptime(read["creationDate"], "%b %d, %Y %I:%M:%S %p")  # noqa: DTZ007
    assert sandbox.records["leads"][0]["emailAddresses"] == [HOME, WORK]


@pytest.mark.parametrize("envelope", ["flat", "data", "responseObject"])
def test_a_read_has_one_of_three_envelopes(sandbox: Sandbox, envelope: Any) -> None:  # noqa: ANN401
    """A GET with the id reads as a form does, in the envelope in force; a failure has none."""
    save_lead(sandbox, DOE)
    sandbox.read_envelope = envelope
    read = read_lead(sandbox)
    query = KEYS | {"a": "getById", "leadId": "8001", "isSla": "Y"}
    assert call(sandbox, "GET", "v6/leads", params=query).json() == read
    assert (read if envelope == "flat" else read[envelope])["leadId"] == 8001
    assert read_lead(sandbox, "1")["status"] == "FAILURE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("read_envelope", "named"),
        ("criteria", "none"),
        ("answers", ""),
        ("index_delay", -1),
        ("late_commit", float("nan")),
        ("near_matches", None),
    ],
)
def test_a_switch_without_sense_is_refused(name: str, value: Any) -> None:  # noqa: ANN401
    """A switch takes only what it knows, at the start and later."""
    with pytest.raises(ValueError, match=name):
        Sandbox(**{name: value})
    sandbox = Sandbox()
    with pytest.raises(ValueError, match=name):
        setattr(sandbox, name, value)


# Updates


def test_only_named_attributes_are_taken(sandbox: Sandbox) -> None:
    """What is not named stays as it was, though the data has it; what is named is counted."""
    save_lead(sandbox, DOE | {"firstName": "Jane", "jobTitle": "CFO"})
    answer = update_lead(sandbox, {"firstName": "Jo", "lastName": "Roe"}, "firstName", "jobTitle")
    assert answer["lead"].items() >= {"leadId": 8001, "version": 2, "fullName": "Jo Doe"}.items()
    assert sandbox.records["leads"] == [
        {"lastName": "Doe", "firstName": "Jo", "jobTitle": "CFO", "id": "8001", "leadId": 8001}
    ]


@pytest.mark.parametrize("blank", [None, "", []])
def test_a_named_blank_clears(sandbox: Sandbox, blank: object) -> None:
    """A null or blank value that is named is stored."""
    save_lead(sandbox, DOE | {"description": "met"})
    update_lead(sandbox, {"description": blank}, "description")
    assert sandbox.records["leads"][0]["description"] == blank


def test_without_names_nothing_changes(sandbox: Sandbox) -> None:
    """An update that names nothing is answered, and changes nothing, not even the version."""
    save_lead(sandbox, DOE)
    assert update_lead(sandbox, {"lastName": "Roe"})["lead"]["version"] == 1
    assert [read_lead(sandbox)["lastName"], held(sandbox)["updates"]] == ["Doe", 0]


@pytest.mark.parametrize("name", ["attributeName", "attributeNames"])
def test_both_spellings_name(sandbox: Sandbox, name: str) -> None:
    """Every app understands attributeName and attributeNames; a list that is none is refused."""
    fields = {"a": "update", "caseId": "6001", "caseData": '{"caseSummary": "Smoke"}'}
    form(sandbox, "cases", a="save", caseData='{"caseSummary": "Fire"}')
    for wrong in ("caseSummary", '"caseSummary"'):
        assert form(sandbox, "cases", **fields, **{name: wrong})["status"] == "FAILURE"
    answer = form(sandbox, "cases", **fields, **{name: '["caseSummary"]'})
    assert answer["csCase"].items() >= {"version": 2, "caseSummary": "Smoke"}.items()


def test_an_update_of_what_is_not_there_is_refused(sandbox: Sandbox) -> None:
    """An unknown or trashed id is refused, and nothing is stored under it."""
    save_lead(sandbox, DOE)
    form(sandbox, "leads", a="delete", leadId="8001")
    answers = [update_lead(sandbox, DOE, "lastName", lead_id=i) for i in ("8001", "8002")]
    assert [answer["status"] for answer in answers] == ["FAILURE", "FAILURE"]
    assert [held(sandbox)["active"], held(sandbox)["trash"]] == [0, 1]


def test_entries_with_their_id_are_changed_in_place(sandbox: Sandbox) -> None:
    """An e-mail with its id is changed; without it, it is added; what is left out stays."""
    save_lead(sandbox, DOE | {"emailAddresses": [HOME, WORK]})
    home, work = read_lead(sandbox)["emailAddresses"]
    change = work | {"emailAddress": "jane@new.example"}
    update_lead(sandbox, {"emailAddresses": [change]}, "emailAddresses")
    assert read_lead(sandbox)["emailAddresses"] == [home, change]
    forgetful = [HOME, WORK | {"communicationId": 1}]
    update_lead(sandbox, {"emailAddresses": forgetful}, isEmailAddressUpdate="true")
    *old, third, fourth = read_lead(sandbox)["emailAddresses"]
    assert old == [home, change]
    assert [third["emailAddress"], fourth["emailAddress"]] == [
        HOME["emailAddress"],
        WORK["emailAddress"],
    ]
    new_ids = {third["communicationId"], fourth["communicationId"]}
    assert len(new_ids - {1, home["communicationId"], work["communicationId"]}) == 2


def test_custom_attributes_are_merged_by_their_id(sandbox: Sandbox) -> None:
    """They change only if they are named, all together or by their ids, and none is lost."""
    save_lead(sandbox, DOE | {"customAttributes": [custom("input_4_1", "a"), custom("x", "b")]})
    new = {"customAttributes": [custom("x", "B"), custom("y", "c")]}
    kept = [custom("input_4_1", "a"), custom("x", "b")]

    update_lead(sandbox, new, "lastName")
    update_lead(sandbox, new, isCustomAttributesUpdate="true")
    update_lead(sandbox, new, attributeIds='["y"]')
    assert read_lead(sandbox)["customAttributes"] == kept
    update_lead(sandbox, new, attributeIds='["y"]', isCustomAttributesUpdate="true")
    assert read_lead(sandbox)["customAttributes"] == [*kept, custom("y", "c")]
    update_lead(sandbox, new, "customAttributes")
    assert read_lead(sandbox)["customAttributes"] == [
        custom("input_4_1", "a"),
        custom("x", "B"),
        custom("y", "c"),
    ]


def test_an_update_leaves_the_record_before_it_alone() -> None:
    """The record that was read, and the index's copy, do not change under their holders."""
    old = {"emailAddresses": [HOME | {"communicationId": 1}], "lastName": "Doe"}
    before = json.dumps(old)
    data = {"emailAddresses": [{"communicationId": "1", "emailAddress": "x"}], "lastName": None}
    new = updated(old, data, Named(frozenset({"emailAddresses", "lastName"})))
    assert json.dumps(old) == before
    assert new == {
        "emailAddresses": [HOME | {"communicationId": "1", "emailAddress": "x"}],
        "lastName": None,
    }


def test_flags_name_lists() -> None:
    """The flags for e-mails and addresses name them; those for nothing name nothing."""
    params = {"isEmailAddressUpdate": "true", "isAddressUpdate": "false", "attributeIds": '["a"]'}
    assert named_in(params) == Named(frozenset({"emailAddresses"}))
    assert named_in({"isAddressUpdate": "true"}) == Named(frozenset({"addresses"}))


def test_put_gives_new_entries_ids(sandbox: Sandbox) -> None:
    """A PUT replaces a list; entries keep the ids that they bring."""
    save_lead(sandbox, DOE | {"emailAddresses": [HOME]})
    (home,) = read_lead(sandbox)["emailAddresses"]
    call(sandbox, "PUT", "v6/leads/8001", params=KEYS, json={"emailAddresses": [home, WORK, "x"]})
    first, second, third = read_lead(sandbox)["emailAddresses"]
    assert [first, third] == [home, "x"]
    assert second["communicationId"] not in {None, home["communicationId"]}


def test_duplicates_are_told_without_the_ids_of_entries(sandbox: Sandbox) -> None:
    """The ids that e-mails are given make no two leads differ."""
    lead = DOE | {"emailAddresses": [HOME]}
    save_lead(sandbox, lead)
    assert save_lead(sandbox, lead, isDuplicateCheck="Y") == {"result": "Already exists"}


# Answers, unknown fields


def test_answers_can_be_whole(sandbox: Sandbox) -> None:
    """A create and an update are answered with the whole record if so switched."""
    save_lead(sandbox, DOE | {"companyName": "Acme"})
    sandbox.answers = "whole"
    created = save_lead(sandbox, DOE | {"companyName": "Acme", "emailAddresses": [HOME]})["lead"]
    assert created == read_lead(sandbox, "8002")
    changed = update_lead(sandbox, {"companyName": "Nil"}, "companyName")["lead"]
    assert [changed, changed["companyName"]] == [read_lead(sandbox), "Nil"]


def test_unknown_fields_are_dropped_silently() -> None:
    """Only standard fields and custom attributes of the configuration are kept, if so switched."""
    attributes = [custom("input_4_30", "blue"), custom("input_4_999", "x")]
    record = DOE | {"emailAddress": "x", "customAttributes": attributes, "source_id": "17"}
    with Sandbox(drop_unknown=True, key=["source_id"]) as sandbox:
        assert save_lead(sandbox, record)["lead"]["leadId"] == 8001
        kept = DOE | {"id": "8001", "leadId": 8001, "customAttributes": [attributes[0]]}
        assert sandbox.records["leads"] == [kept]
        update_lead(sandbox, {"companyName": "Acme", "shoe": 9}, "companyName", "shoe")
        assert sandbox.records["leads"] == [kept | {"companyName": "Acme"}]
        assert held(sandbox)["created"] == {"17": 1}
        form(sandbox, "widgets", a="save", widgetData='{"anything": 1}')
        assert sandbox.records["widgets"][0]["anything"] == 1
        sandbox.drop_unknown = False
        save_lead(sandbox, record)
        assert sandbox.records["leads"][1].keys() > record.keys()


# Late commits


def received(**fields: str) -> Received:
    """A form as it arrived."""
    body = urlencode(KEYS | fields)
    return Received("POST", "/app/dao/v6/leads", "", {"content-type": FORM}, body.encode())


def test_a_cut_request_takes_effect_late() -> None:
    """A create and an update that were cut are seen only so long after, in the order due."""
    apptivo = Apptivo(Switches())
    save = received(a="save", leadData=json.dumps(DOE))
    change = received(
        a="update", leadId="8001", attributeNames='["lastName"]', leadData='{"lastName": "Roe"}'
    )
    read = received(a="getById", leadId="8001")
    apptivo.postpone(change, NOW + timedelta(seconds=4))
    apptivo.postpone(save, NOW + timedelta(seconds=2))
    replies = [apptivo.answer(read, NOW + timedelta(seconds=n)).reply.body for n in (1, 2, 3, 4)]
    names = [json.loads(reply).get("lastName") for reply in replies]
    assert names == [None, "Doe", "Doe", "Roe"]


def test_late_commits_over_the_wire() -> None:
    """With drop_after the record is there only after the delay; without a delay at once."""
    with Sandbox(faults={"drop_after": 1}, late_commit=0.4) as sandbox:
        with pytest.raises(requests.ConnectionError):
            save_lead(sandbox, DOE)
        sandbox.faults = {}
        assert sandbox.records["leads"] == []
        assert read_lead(sandbox)["status"] == "FAILURE"
        while not sandbox.records["leads"]:
            time.sleep(0.01)
        assert read_lead(sandbox)["lastName"] == "Doe"
        assert held(sandbox)["created"] == {"Doe": 1}


def test_only_cut_requests_are_late() -> None:
    """Other faults that store do so at once."""
    with Sandbox(faults={"truncated_200": 1}, late_commit=3600) as sandbox:
        call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert len(sandbox.records["leads"]) == 1


# The books


def test_doubles_are_told(sandbox: Sandbox) -> None:
    """How often each key was created is counted, and all that was done with it is told."""
    jane = DOE | {"externalRefId": "E1"}
    save_lead(sandbox, jane)
    save_lead(sandbox, DOE | {"externalRefId": "E2"})
    save_lead(sandbox, jane)
    update_lead(sandbox, {"externalRefId": "E9"}, "externalRefId")
    form(sandbox, "leads", a="delete", leadId="8001")
    read_lead(sandbox)
    form(sandbox, "leads", a="getAllBySearchText", searchText="")
    app = held(sandbox)
    names = ("creates", "updates", "deletes", "searches", "reads", "keys", "doubled_count")
    assert [app[name] for name in names] == [3, 1, 1, 1, 1, 2, 1]
    assert [app["created"], app["doubled"]] == [{"E2": 1, "E1": 2}, ["E1"]]
    assert app["doubled_ids"] == {"E1": ["8001", "8003"]}
    events = [(event["action"], event["id"], event["version"]) for event in app["history"]["E1"]]
    assert events == [
        ("create", "8001", 1),
        ("create", "8003", 1),
        ("update", "8001", 2),
        ("delete", "8001", 2),
    ]
    assert datetime.fromisoformat(app["history"]["E2"][0]["at"]).tzinfo is not None
    *_, created, changed, _deleted = sandbox.state()["events"]
    expected = {"app": "leads", "action": "create", "key": "E1", "id": "8003", "created": 2}
    assert created.items() > expected.items()
    assert changed.items() > (expected | {"action": "update", "id": "8001"}).items()


def test_a_put_is_a_create_only_once(sandbox: Sandbox) -> None:
    """A PUT that stores counts as a create under its id; one that brings back does not."""
    for _ in range(2):
        call(sandbox, "PUT", "v6/leads/8001", params=KEYS, json=DOE)
        call(sandbox, "DELETE", "v6/leads/8001", params=KEYS)
    app = held(sandbox)
    assert [app["created"], app["updates"], app["deletes"]] == [{"8001": 1}, 1, 2]


def test_a_batch_is_in_the_books(sandbox: Sandbox) -> None:
    """Every record of a batch is a create."""
    call(sandbox, "POST", "v6/leads/batch", params=KEYS, json=[DOE, DOE, {}])
    assert held(sandbox)["created"] == {"Doe": 2}


AUTO = "Auto generated number"


@pytest.mark.parametrize(
    ("app", "record", "names", "key"),
    [
        (LEADS, {"id": 17, "externalRefId": "E", "lastName": "Doe"}, [], "17"),
        (LEADS, {"externalRefId": "E", **DOE}, [], "E"),
        (LEADS, {"emailAddresses": [HOME, WORK], **DOE}, [], HOME["emailAddress"]),
        (LEADS, {"firstName": "Jane", **DOE}, [], "Jane Doe"),
        (LEADS, {"firstName": "Jane", **DOE}, ["source", "firstName"], "Jane"),
        (LEADS, {"id": 1, **DOE}, "lastName", "Doe"),
        (LEADS, {"id": 1}, ["lastName"], "1"),
        (LEADS, {"emailAddresses": [WORK], "id": 1}, ["emailAddress"], WORK["emailAddress"]),
        (LEADS, {"customAttributes": [custom("x", "7")]}, ["customAttributes.x"], "7"),
        (LEADS, {"customAttributes": []}, ["customAttributes.x"], '{"customAttributes":[]}'),
        (CUSTOMERS, {"customerName": "Acme", "customerNumber": "9"}, [], "9"),
        (CUSTOMERS, {"customerName": "Acme", "customerNumber": AUTO}, [], "Acme"),
        (CASES, {"caseSummary": "Fire", "caseEmail": "a@b.c"}, [], "a@b.c"),
        (unknown_app("widgets"), {"size": 1}, [], '{"size":1}'),
    ],
)
def test_a_records_key(app: Any, record: dict[str, Any], names: Any, key: str) -> None:  # noqa: ANN401
    """The key is the first of the named attributes, then of the usual ones, then everything."""
    assert key_of(app, record, names) == key


def test_a_long_key_is_shortened_and_still_its_own() -> None:
    """Long contents are told apart by a digest."""
    one, two = (key_of(unknown_app("x"), {"a": "x" * 1000 + end}, ()) for end in "12")
    assert one != two
    assert len(one) < 150


def test_counts_are_of_all_and_histories_of_the_newest() -> None:
    """Every key is counted; of very many keys only the newest histories are kept."""
    feed: Feed = deque()
    books = Books("leads", feed)
    for number in range(KEPT_HISTORIES + 10):
        entry = Entry(str(number), {}, "")
        books.created(NOW, entry, str(number))
    books.created(NOW, Entry("x", {}, ""), "0")
    for _ in range(500):
        books.note(NOW, "update", Entry("x", {}, ""))
    report = books.report(None)
    assert len(report["created"]) == report["keys"] == KEPT_HISTORIES + 10
    assert len(report["history"]) == KEPT_HISTORIES
    assert [report["doubled"], report["created"]["0"], report["updates"]] == [["0"], 2, 500]
    latest = books.report(2)
    assert [list(latest["created"]), list(latest["history"])] == [["10009", "0"], ["10009", "0"]]
    assert len(latest["history"]["0"]) <= 100


# The employees


def test_employees_are_found_by_mail_and_by_name(sandbox: Sandbox) -> None:
    """The firm's employees are found in both ways, and not shown as if they had arrived."""
    searched = {"emailId": "Sam.Agent@example.com", "personStatus": "0"}
    data = KEYS | {"a": "getEmployeeByAdvancedSearch", "searchData": json.dumps(searched)}
    found = call(sandbox, "POST", "employee", data=data).json()["aaData"]
    assert [person["employeeId"] for person in found] == [101]
    data["searchData"] = json.dumps({"emailId": "agent@example.com"})
    assert call(sandbox, "POST", "employee", data=data).json() == {"aaData": []}
    named = form(sandbox, "employees", a="getAllBySearchText", searchText="Ruth Keller")
    assert [person["fullName"] for person in named["data"]] == ["Ruth Keller"]
    assert form(sandbox, "leads", a="getEmployeeByAdvancedSearch")["status"] == "FAILURE"
    assert "employees" not in sandbox.state()["apps"]
    form(sandbox, "employees", a="save", employeeData='{"firstName": "Al", "lastName": "Po"}')
    form(sandbox, "employees", a="delete", employeeId="101")
    assert [person["id"] for person in sandbox.records["employees"]] == ["102", "103", "104"]
