"""The sandbox over real sockets: what it answers, keeps, spoils and shows."""

from __future__ import annotations

import json
import runpy
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
import pytest
import requests
from click.testing import CliRunner

from target_apptivo.sandbox import Received, Reply, Sandbox
from target_apptivo.sandbox.__main__ import main
from target_apptivo.sandbox.exact_json import decode
from target_apptivo.sandbox.faults import KINDS, STORES, choose_faults, parse_faults
from target_apptivo.sandbox.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = {"apiKey": "KEY-ONE", "accessKey": "KEY-TWO"}
JSON = "application/json"
DOE = {"lastName": "Doe"}
FIRST_IDS = {
    "cases": ("caseId", 6001),
    "leads": ("leadId", 8001),
    "customers": ("customerId", 9001),
    "contacts": ("contactId", 7001),
    "opportunities": ("opportunityId", 5001),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that keeps what it receives."""
    with Sandbox(keep_requests=True) as running:
        yield running


def call(
    sandbox: Sandbox,
    method: str,
    path: str,
    **options: Any,  # noqa: ANN401 (whatever requests takes)
) -> requests.Response:
    """Send one request below /app/dao/."""
    return requests.request(method, f"{sandbox.url}{path}", timeout=20, **options)


def form(sandbox: Sandbox, app: str, /, **fields: str) -> dict[str, Any]:
    """Send a form with the keys in it, and return the answer's JSON."""
    answer: dict[str, Any] = call(sandbox, "POST", f"v6/{app}", data=KEYS | fields).json()
    return answer


def save_lead(sandbox: Sandbox, record: object, **fields: str) -> dict[str, Any]:
    """Save a lead in `action` style."""
    return form(sandbox, "leads", a="save", leadData=json.dumps(record), **fields)


def raw(sandbox: Sandbox, text: str) -> socket.socket:
    """Open a connection and send text on it."""
    port = int(sandbox.url.split(":")[2].split("/")[0])
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(text.encode())
    return connection


def wait_for_in_flight(sandbox: Sandbox, count: int) -> None:
    """Wait until so many requests are under way."""
    while sandbox.in_flight != count:
        time.sleep(0.001)


# The five templates, both styles


@pytest.mark.parametrize(
    ("app", "data", "record", "envelope"),
    [
        ("cases", "caseData", {"caseSummary": "Fire"}, "csCase"),
        ("leads", "leadData", DOE, "lead"),
        ("customers", "customerData", {"customerName": "Acme"}, "customer"),
        ("contacts", "contactData", DOE, "contact"),
        (
            "opportunities",
            "opportunityData",
            {"opportunityName": "Deal"},
            "opportunity",
        ),
    ],
)
def test_both_styles_create(
    sandbox: Sandbox, app: str, data: str, record: dict[str, str], envelope: str
) -> None:
    """A form and a raw JSON body both create, in the app's envelope, with the next id."""
    id_name, first_id = FIRST_IDS[app]
    action = form(sandbox, app, a="save", **{data: json.dumps(record)})
    rest = call(sandbox, "POST", f"v6/{app}?a=save", params=KEYS, json=record).json()
    assert [action[envelope][id_name], rest[envelope][id_name]] == [first_id, first_id + 1]
    assert action[envelope]["id"] == str(first_id)
    assert sandbox.records[app] == [
        record | {"id": str(number), id_name: number} for number in (first_id, first_id + 1)
    ]


def test_everything_in_the_query_creates(sandbox: Sandbox) -> None:
    """A GET with the record in the query creates too, as Apptivo's samples do."""
    query = KEYS | {"a": "save", "leadData": '{"firstName": "Jane", "lastName": "Doe"}'}
    answer = call(sandbox, "GET", "v6/leads", params=query).json()
    assert answer["lead"]["fullName"] == "Jane Doe"


def test_creation_date_has_apptivos_form(sandbox: Sandbox) -> None:
    """The creation date reads like "Oct 07, 2017 05:44:26 PM"."""
    created = save_lead(sandbox, DOE)["lead"]["creationDate"]
    assert time.strptime(created, "%b %d, %Y %I:%M:%S %p")


def test_automatic_numbers_are_filled_in(sandbox: Sandbox) -> None:
    """The text "Auto generated number" becomes the next number, in the record and the answer."""
    record = json.dumps({"caseSummary": "Fire", "caseNumber": "Auto generated number"})
    numbers = [
        form(sandbox, "cases", a="save", caseData=record)["csCase"]["caseNumber"] for _ in range(2)
    ]
    assert numbers == ["CS-17", "CS-18"]
    assert [case["caseNumber"] for case in sandbox.records["cases"]] == numbers


@pytest.mark.parametrize(
    ("path", "fields", "envelope", "id_name"),
    [
        ("v6/projects", {"a": "save", "projectInformation": "{}"}, None, "projectId"),
        ("v6/targets", {"a": "createTarget", "idxTarget": "{}"}, "responseObject", "id"),
        ("v6/candidates", {"a": "save", "candidateData": "{}"}, "data", "candidateId"),
        ("note", {"a": "createNote", "noteDetails": "{}"}, None, "noteId"),
        ("v6/widgets", {"a": "save", "widgetData": "{}"}, None, "widgetId"),
    ],
)
def test_other_apps_have_their_own_names(
    sandbox: Sandbox, path: str, fields: dict[str, str], envelope: str | None, id_name: str
) -> None:
    """Apps beyond the five answer with their own envelope and id; unknown apps are accepted."""
    answer = call(sandbox, "POST", path, data=KEYS | fields).json()
    assert (answer[envelope] if envelope else answer)[id_name] == 1001


def test_every_digit_is_kept(sandbox: Sandbox) -> None:
    """Decimals and long integers come back digit by digit."""
    body = (
        b'{"lastName":"D","a":1.10,"b":0.1000000000000000055,"c":12345678901234567890123,"d":1E400}'
    )
    query = KEYS | {"a": "save"}
    call(sandbox, "POST", "v6/leads", params=query, data=body, headers={"Content-Type": JSON})
    state = requests.get(f"{sandbox.origin}state.json", timeout=20).text
    for text in ('"a":1.10,', '"b":0.1000000000000000055,', '"c":12345678901234567890123,'):
        assert text in state
    assert sandbox.records["leads"][0]["d"] == Decimal("1E400")


# Refusals


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"apiKey": "K"},
        {"apiKey": "K", "accessKey": ""},
        # The misspelling of Apptivo's own samples.
        {"apiKey": "K", "accesKey": "A"},
    ],
)
def test_keys_must_be_there(sandbox: Sandbox, keys: dict[str, str]) -> None:
    """A missing, empty or misspelt key is refused with HTTP 200, and nothing is stored."""
    answer = call(sandbox, "POST", "v6/leads?a=save", params=keys, json=DOE)
    assert answer.status_code == 200
    assert answer.json() == {"status": "FAILURE", "reason": "Invalid API Key or Access Key"}
    assert not sandbox.records["leads"]


def test_named_keys_must_be_right() -> None:
    """Where a pair of keys is named, no other pair will do."""
    with Sandbox(api_key="right", access_key="pair") as sandbox:
        assert "reason" in save_lead(sandbox, DOE)
        query = {"a": "save", "apiKey": "right", "accessKey": "pair"}
        assert "lead" in call(sandbox, "POST", "v6/leads", params=query, json=DOE).json()


@pytest.mark.parametrize("record", [{}, {"lastName": None}, {"lastName": "  "}])
def test_a_create_needs_its_name(sandbox: Sandbox, record: dict[str, Any]) -> None:
    """A create without its name field is refused, until everything is accepted."""
    assert save_lead(sandbox, record) == {"status": "FAILURE", "reason": "Please enter last name"}
    sandbox.accept_all = True
    assert save_lead(sandbox, record)["lead"]["leadId"] == 8001


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"a": "save"}, "Missing parameter: leadData"),
        ({"a": "save", "leadData": "{"}, "leadData is not JSON"),
        ({"a": "save", "leadData": "NaN"}, "leadData is not JSON"),
        ({"a": "save", "leadData": "[" * 100_000}, "leadData is not JSON"),
        ({"a": "save", "leadData": "[]"}, "leadData is not a JSON object"),
        ({"a": "update", "leadData": "{}"}, "Missing parameter: leadId"),
        ({"a": "Save"}, "Unknown action (parameter a): Save"),
        ({}, "Unknown action (parameter a): none"),
    ],
)
def test_nonsense_is_refused_with_a_reason(
    sandbox: Sandbox, fields: dict[str, str], reason: str
) -> None:
    """A call that cannot be carried out is refused, and the reason says why."""
    assert form(sandbox, "leads", **fields) == {"status": "FAILURE", "reason": reason}


def test_a_path_without_an_app_is_not_found(sandbox: Sandbox) -> None:
    """A path that leads to no app is answered 404."""
    statuses = [call(sandbox, "POST", path).status_code for path in ("v7/leads", "v6", "../x")]
    assert statuses == [404, 404, 404]


def test_duplicate_leads_are_told_apart_on_request(sandbox: Sandbox) -> None:
    """With isDuplicateCheck=Y an equal active lead "Already exists"; without, it is stored."""
    exists = {"result": "Already exists"}
    assert "lead" in save_lead(sandbox, DOE, isDuplicateCheck="Y")
    assert save_lead(sandbox, DOE | {"companyName": "Acme"}, isDuplicateCheck="Y") == exists
    assert "lead" in save_lead(sandbox, DOE | {"firstName": "Jane"}, isDuplicateCheck="Y")
    assert "lead" in save_lead(sandbox, DOE)
    for lead in sandbox.records["leads"]:
        form(sandbox, "leads", a="delete", leadId=lead["id"])
    assert "lead" in save_lead(sandbox, DOE, isDuplicateCheck="Y")


def test_only_leads_have_duplicates(sandbox: Sandbox) -> None:
    """The duplicate check is seen for leads only: other apps store equal records."""
    fields = {"a": "save", "contactData": json.dumps(DOE), "isDuplicateCheck": "Y"}
    assert ["contact" in form(sandbox, "contacts", **fields) for _ in range(2)] == [True, True]


# Update, delete, read


def test_update_merges_in_both_styles(sandbox: Sandbox) -> None:
    """a=update changes the fields it names, PUT those it carries; both answer like a create."""
    save_lead(sandbox, DOE)
    fields = {"a": "update", "leadId": "8001", "attributeNames": '["firstName"]'}
    action = form(sandbox, "leads", leadData='{"firstName": "Jane"}', **fields)
    rest = call(sandbox, "PUT", "v6/leads/8001", params=KEYS, json={"city": "Oslo"}).json()
    query = KEYS | {"a": "update", "attributeName": '["zip"]'}
    mixed = call(sandbox, "POST", "v6/leads/8001", params=query, json={"zip": "0150"}).json()
    assert [answer["lead"]["version"] for answer in (action, rest, mixed)] == [2, 3, 4]
    names = {"lastName": "Doe", "firstName": "Jane", "city": "Oslo", "zip": "0150"}
    assert sandbox.records["leads"] == [names | {"id": "8001", "leadId": 8001}]


def test_put_stores_what_is_not_there(sandbox: Sandbox) -> None:
    """A PUT under an unknown id stores a record under it, and creates keep clear of it."""
    call(sandbox, "PUT", "v6/leads/8001", params=KEYS, json=DOE)
    call(sandbox, "PUT", "v6/leads/a%2Fb", params=KEYS, json=DOE)
    save_lead(sandbox, DOE)
    assert [lead["leadId"] for lead in sandbox.records["leads"]] == [8001, "a/b", 8002]
    assert sandbox.requests[1].path == "/app/dao/v6/leads/a%2Fb"


def test_delete_moves_to_the_trash_once(sandbox: Sandbox) -> None:
    """Both styles of delete move a record to the trash; a second delete is refused."""
    for _ in range(2):
        form(sandbox, "customers", a="save", customerData='{"customerName": "Acme"}')
    first = call(sandbox, "DELETE", "v6/customers/9001", params=KEYS).json()
    second = form(sandbox, "customers", a="delete", customerId="9002")
    again = form(sandbox, "customers", a="delete", customerId="9002")
    assert [first, second] == [{"status": "SUCCESS"}] * 2
    assert again["status"] == "FAILURE"
    app = sandbox.state()["apps"]["customers"]
    assert [app["active"], app["trash"], app["trash_records"][1]["id"]] == [0, 2, "9002"]


def test_put_brings_a_record_back_from_the_trash(sandbox: Sandbox) -> None:
    """A record is never active and in the trash at once."""
    save_lead(sandbox, DOE)
    call(sandbox, "DELETE", "v6/leads/8001", params=KEYS)
    call(sandbox, "PUT", "v6/leads/8001", params=KEYS, json=DOE)
    app = sandbox.state()["apps"]["leads"]
    assert [app["active"], app["trash"]] == [1, 0]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_credential_probe_answers(sandbox: Sandbox, method: str) -> None:
    """The action getConfigData answers a configuration with a display name, by GET and by POST."""
    place = "params" if method == "GET" else "data"
    fields = {place: KEYS | {"a": "getConfigData"}}
    config = call(sandbox, method, "v6/leads", **fields).json()
    assert config["displayName"] == "Leads"
    assert "sections" in json.loads(config["webLayout"])


def test_records_can_be_read_back(sandbox: Sandbox) -> None:
    """The actions getById and getAll read active records, a field called status and all."""
    for number in range(3):
        save_lead(sandbox, DOE | {"status": "FAILURE", "number": number})
    one = form(sandbox, "leads", a="getById", leadId="8002")
    some = form(sandbox, "leads", a="getAll", startIndex="1", numRecords="1")
    assert one == some["data"][0]
    assert one["number"] == 1
    assert form(sandbox, "leads", a="getById", leadId="1")["status"] == "FAILURE"
    assert len(form(sandbox, "leads", a="getAll")["data"]) == 3


# Batch


@pytest.mark.parametrize(
    "options",
    [
        {"json": [DOE, {}]},
        {"json": {"count": 2, "rows": [DOE, {}]}},
        {"data": KEYS | {"batch": json.dumps([DOE, {}])}},
        {"data": {"batch": json.dumps({"rows": [DOE, {}]})}},
    ],
)
def test_a_batch_answers_each_record(sandbox: Sandbox, options: dict[str, Any]) -> None:
    """A list, or the first list in an object, is stored one by one and answered one by one."""
    answer = call(sandbox, "POST", "v6/leads/batch", params=KEYS, **options).json()
    assert answer["results"][0]["lead"]["leadId"] == 8001
    assert answer["results"][1] == {"status": "FAILURE", "reason": "Please enter last name"}
    assert [lead["id"] for lead in sandbox.records["leads"]] == ["8001"]


def test_an_atomic_batch_is_refused_as_a_whole(sandbox: Sandbox) -> None:
    """With atomic=Y one refused record refuses the batch, and nothing is stored."""
    query = KEYS | {"atomic": "Y"}
    answer = call(sandbox, "POST", "v6/leads/batch", params=query, json=[DOE, "x", {}]).json()
    assert answer == {"status": "FAILURE", "reason": "The record is not a JSON object"}
    assert not sandbox.records["leads"]
    call(sandbox, "POST", "v6/leads/batch", params=query, json=[DOE, DOE])
    assert len(sandbox.records["leads"]) == 2


@pytest.mark.parametrize("options", [{"json": {"rows": {}}}, {"json": 1}, {"data": {"rows": "x"}}])
def test_a_batch_without_a_list_is_refused(sandbox: Sandbox, options: dict[str, Any]) -> None:
    """A batch call that carries no list is refused."""
    answer = call(sandbox, "POST", "v6/leads/batch", params=KEYS, **options).json()
    assert answer["status"] == "FAILURE"


# Faults


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("failure_200", 200, b'{"status":"FAILURE"'),
        ("http_400", 400, b'{"message"'),
        ("http_429", 429, b""),
        ("http_500", 500, b"<!DOCTYPE html>"),
        ("http_503", 503, b"<!DOCTYPE html>"),
        ("html_200", 200, b"<!DOCTYPE html>"),
        ("empty_200", 200, b""),
    ],
)
def test_a_fault_stores_nothing(kind: str, status: int, start: bytes) -> None:
    """A fault instead of an answer is what the table says, and nothing is stored."""
    with Sandbox(faults={kind: 1}) as sandbox:
        answer = call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert answer.status_code == status
        assert answer.content[: len(start) or None] == start
        assert answer.headers.get("Retry-After") == ("1" if status == 429 else None)
        assert not sandbox.records["leads"]
        assert sandbox.state()["failures"][0] | {"at": ""} == {
            "at": "",
            "app": "leads",
            "reason": f"fault {kind}",
            "http_status": status,
        }


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 0), ("drop_after", 1)])
def test_a_drop_closes_the_connection(kind: str, stored: int) -> None:
    """A dropped call sees no byte of an answer; only drop_after stores."""
    with Sandbox(faults={kind: 1}) as sandbox:
        with pytest.raises(requests.ConnectionError):
            save_lead(sandbox, DOE)
        assert len(sandbox.records["leads"]) == stored
        assert sandbox.state()["failures"][0]["http_status"] is None


def test_a_truncated_answer_is_stored_and_not_json() -> None:
    """truncated_200 stores the record and cuts its answer."""
    with Sandbox(faults={"truncated_200": 1}) as sandbox:
        answer = call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert answer.content.startswith(b'{"lead":{"id":"8001"')
        with pytest.raises(ValueError, match="line 1"):
            answer.json()
        assert len(sandbox.records["leads"]) == 1


def test_slow_answers_truly_and_late() -> None:
    """The fault slow delays the true answer, and is no failure."""
    with Sandbox(faults={"slow": 1}, slow_ms=30, latency_ms=20) as sandbox:
        answer = call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert answer.json()["lead"]["leadId"] == 8001
        assert answer.elapsed.total_seconds() >= 0.05
        assert sandbox.state()["failure_count"] == 0
        sandbox.latency_ms = sandbox.slow_ms = 100
        again = call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert again.elapsed.total_seconds() >= 0.2


def test_every_fault_is_described() -> None:
    """The kinds are exactly those of the contract; the storing ones are among them."""
    assert set(KINDS) == {
        *("failure_200", "http_400", "http_429", "http_500", "http_503", "html_200"),
        *("empty_200", "truncated_200", "drop_before", "drop_after", "slow"),
    }
    assert set(KINDS) > STORES


def test_a_seed_repeats_its_faults() -> None:
    """With one seed the k-th call gets the k-th decision; another seed decides otherwise."""
    assert _statuses(seed=1) == _statuses(seed=1) != _statuses(seed=2)
    assert set(_statuses(seed=1)) == {200, 400, 503}


def _statuses(seed: int) -> list[int]:
    with Sandbox(faults={"http_400": 0.3, "http_503": 0.3}, seed=seed) as sandbox:
        save = {"params": KEYS, "json": DOE}
        return [call(sandbox, "POST", "v6/leads?a=save", **save).status_code for _ in range(20)]


@pytest.mark.parametrize(
    ("draws", "faults"),
    [
        ([0.24, 0.99, 0.99], ("http_400",)),
        ([0.25, 0.99, 0.1], ("drop_after",)),
        ([0.1, 0.99, 0.1], ("http_400",)),
        ([0.9, 0.49, 0.9], ("slow",)),
        ([0.1, 0.1, 0.1], ("http_400", "slow")),
        ([0.9, 0.9, 0.9], ()),
    ],
)
def test_each_fault_has_its_own_draw(draws: list[float], faults: tuple[str, ...]) -> None:
    """The first that is hit counts, in the order given; slow comes on top of any other."""
    rates = {"http_400": 0.25, "slow": 0.5, "drop_after": 0.25}
    assert choose_faults(rates, iter(draws).__next__) == faults


def test_a_late_refusal_is_both() -> None:
    """Slow delays what another fault answers."""
    with Sandbox(faults={"http_400": 1, "slow": 1}, slow_ms=50) as sandbox:
        answer = call(sandbox, "POST", "v6/leads?a=save", params=KEYS, json=DOE)
        assert answer.status_code == 400
        assert answer.elapsed.total_seconds() >= 0.05
        assert sandbox.records["leads"] == []


@pytest.mark.parametrize(
    "texts",
    [
        ["nonsense=1"],
        ["slow"],
        ["slow=often"],
        ["slow=1.1"],
        ["slow=-0.1"],
        ["slow=nan"],
        ["slow=0.1", "slow=0.1"],
    ],
)
def test_faults_without_sense_are_refused(texts: list[str]) -> None:
    """An unknown kind, a rate outside 0 to 1, and a kind given twice are errors."""
    with pytest.raises(ValueError, match="fault"):
        parse_faults(texts)


def test_faults_can_be_mended_while_it_runs() -> None:
    """Faults may be changed between two calls; faults without sense are not taken."""
    with Sandbox(faults=parse_faults(["failure_200=1"])) as sandbox:
        assert save_lead(sandbox, DOE)["status"] == "FAILURE"
        with pytest.raises(ValueError, match="unknown fault 'x'"):
            sandbox.faults = {"x": 1}
        sandbox.faults = {}
        assert save_lead(sandbox, DOE)["lead"]["leadId"] == 8001


# Scripted answers


def test_respond_is_asked_first(sandbox: Sandbox) -> None:
    """A scripted reply is the answer and stores nothing; None leaves the call to the sandbox."""
    script = iter([Reply.json({"busy": True}, 503), None, Reply.dropped()])
    sandbox.respond = lambda _: next(script)
    query = KEYS | {"a": "save"}
    first = call(sandbox, "POST", "v6/leads", params=query, json=DOE)
    assert [first.status_code, first.json()] == [503, {"busy": True}]
    assert call(sandbox, "POST", "v6/leads", params=query, json=DOE).json()["lead"]["id"] == "8001"
    with pytest.raises(requests.ConnectionError):
        call(sandbox, "POST", "v6/leads", params=query, json=DOE)
    assert len(sandbox.records["leads"]) == 1


def test_respond_serves_any_path(sandbox: Sandbox) -> None:
    """A script may play another server too, and set status, headers and body."""
    sandbox.respond = lambda _: Reply(302, b"gone", {"Location": "http://127.0.0.1:9/"})
    answer = requests.post(f"{sandbox.origin}hook", allow_redirects=False, timeout=20)
    assert [answer.status_code, answer.content] == [302, b"gone"]
    assert answer.headers["Location"] == "http://127.0.0.1:9/"


def test_requests_are_kept_as_they_arrived(sandbox: Sandbox) -> None:
    """What is kept are the bytes of path, query and body; names of headers are lower-case."""
    body = '{"lastName": "Dœ",  "n": 1.10}'.encode()
    headers = {"Content-Type": JSON, "X-Own": "1"}
    call(sandbox, "PUT", "v6/x/12%2F3?b=%3B&c=+", data=body, headers=headers)
    (received,) = sandbox.requests
    assert [received.method, received.path] == ["PUT", "/app/dao/v6/x/12%2F3"]
    assert [received.query, received.params] == ["b=%3B&c=+", {"b": ";", "c": " "}]
    assert [received.headers["x-own"], received.body] == ["1", body]
    assert received.json == {"lastName": "Dœ", "n": Decimal("1.10")}
    assert not received.is_form


def test_form_fields_join_the_query() -> None:
    """Form fields are read beside the query and win over it; a body of no JSON has none."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    received = Received("POST", "/", "a=1&b=2", headers, b"b=%C3%A6&c=")
    assert received.params == {"a": "1", "b": "æ", "c": ""}
    assert received.json is None


# Life and books


def test_requests_under_way_are_counted(sandbox: Sandbox) -> None:
    """max_in_flight is the most requests seen under way at once."""
    head = "POST /app/dao/v6/leads HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    connections = [raw(sandbox, head) for _ in range(3)]
    wait_for_in_flight(sandbox, 3)
    for connection in connections:
        connection.sendall(b"{}")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.close()
    wait_for_in_flight(sandbox, 0)
    assert [sandbox.max_in_flight, sandbox.request_count] == [3, 3]


def test_stop_waits_for_nobody() -> None:
    """A stop ends idle connections and slow calls alike; a second stop does nothing."""
    sandbox = Sandbox(latency_ms=3_600_000).start()
    idle = raw(sandbox, "")
    slow = raw(sandbox, "GET /app/dao/v6/leads HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_for_in_flight(sandbox, 1)
    sandbox.stop()
    sandbox.stop()
    for connection in (idle, slow):
        assert connection.recv(1000) == b""
        connection.close()


def test_a_restart_keeps_port_and_records() -> None:
    """A sandbox that was stopped and started again is at the same place and has forgotten none."""
    with Sandbox() as sandbox:
        url = sandbox.url
        save_lead(sandbox, DOE)
    with pytest.raises(requests.ConnectionError):
        save_lead(sandbox, DOE)
    with sandbox.start():
        assert sandbox.url == url
        save_lead(sandbox, DOE)
    assert len(sandbox.records["leads"]) == 2


def test_a_taken_port_is_the_callers_error(sandbox: Sandbox) -> None:
    """Binding to a port in use raises the real error where it was asked for."""
    port = int(sandbox.url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=port).start()


def test_large_bodies_are_taken(sandbox: Sandbox) -> None:
    """A batch of many megabytes is taken whole."""
    rows = [DOE | {"text": "x" * 1_000_000}] * 20
    answer = call(sandbox, "POST", "v6/leads/batch", params=KEYS, json=rows).json()
    assert len(answer["results"]) == 20


# Page and state


def test_state_tells_everything(sandbox: Sandbox) -> None:
    """`/state.json` is `state()`: totals, apps, failures, switches and what is made up."""
    save_lead(sandbox, DOE)
    save_lead(sandbox, {})
    text = requests.get(f"{sandbox.origin}state.json", timeout=20).text
    state = decode(text)
    assert state == decode(json.dumps(sandbox.state()))
    assert state["apps"]["leads"]["records"] == [DOE | {"id": "8001", "leadId": 8001}]
    assert [state["requests"], state["failure_count"], state["in_flight"]] == [2, 1, 0]
    assert state["failures"][0]["reason"] == "Please enter last name"
    assert {entry["mark"] for entry in state["invented"]} == {
        *("SEEN", "INFERRED", "INVENTED", "UNKNOWN")
    }


def test_every_switch_is_disclosed() -> None:
    """Each switch of how Apptivo is played stands on the page, with a mark."""
    told = " ".join(entry["switch"] for entry in Sandbox().state()["invented"])
    names = [field.name.replace("_", "-") for field in fields(Switches)]
    assert [name for name in names if f"--{name}" not in told] == []


def test_state_can_be_limited_to_the_latest(sandbox: Sandbox) -> None:
    """`?latest=N` gives the last N records of each app; the counts stay whole."""
    for number in range(5):
        save_lead(sandbox, DOE | {"number": number})
    state = requests.get(f"{sandbox.origin}state.json?latest=2", timeout=20).json()
    app = state["apps"]["leads"]
    assert [app["active"], [lead["number"] for lead in app["records"]]] == [5, [3, 4]]


def test_failures_shown_are_the_last_hundred(sandbox: Sandbox) -> None:
    """All failures are counted, and the last hundred of them kept."""
    call(sandbox, "POST", "v6/leads/batch", params=KEYS, json=[{}] * 130)
    state = sandbox.state()
    assert [state["failure_count"], len(state["failures"])] == [130, 100]


def test_keys_are_never_shown() -> None:
    """Neither key is in the state, even where a record carries it."""
    with Sandbox(api_key=KEYS["apiKey"], access_key=KEYS["accessKey"]) as sandbox:
        save_lead(sandbox, DOE | KEYS)
        form(sandbox, "widgets", a="save", widgetData=json.dumps(KEYS))
        form(sandbox, "leads", a="nonsense")
        text = requests.get(f"{sandbox.origin}state.json", timeout=20).text
    assert "Doe" in text
    assert "KEY-ONE" not in text
    assert "KEY-TWO" not in text


def test_the_page_needs_nothing_else(sandbox: Sandbox) -> None:
    """The page is served at `/`, loads nothing from elsewhere and writes text only as text."""
    answer = requests.get(sandbox.origin, timeout=20)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<title>Apptivo sandbox</title>" in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "innerHTML" not in answer.text
    assert sandbox.request_count == 0


# The command


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "target_apptivo.sandbox", *arguments]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_stopped(stop: signal.Signals) -> None:
    """The command says where it listens, serves there, and ends with 0 on a signal."""
    process = subprocess.Popen(  # noqa: S603 (our own command)
        _command("--port", "0", "--accept-all"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    url = line.removeprefix("listening on ").strip()
    query = KEYS | {"a": "save"}
    assert requests.post(f"{url}v6/leads", params=query, json={}, timeout=20).json()["lead"]
    process.send_signal(stop)
    rest, errors = process.communicate(timeout=20)
    assert [process.returncode, rest] == [0, ""]
    assert line == f"listening on {url}\n"
    assert errors == f"what arrives is shown at {url.removesuffix('app/dao/')}\n"


def test_the_command_passes_its_options_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every option reaches the sandbox."""
    made: dict[str, Any] = {}
    monkeypatch.setattr(signal, "sigwait", lambda _: None)
    monkeypatch.setattr(
        "target_apptivo.sandbox.__main__.Sandbox",
        lambda **options: made.update(options) or Sandbox(**options | {"port": 0}),
    )
    options = "--port 1 --latency-ms 2 --fault slow=0.5 --seed 3 --accept-all --api-key K"
    options += " --access-key A --index-delay 1.5 --criteria refused --near-matches 7"
    options += " --read-envelope data --answers whole --drop-unknown --late-commit 2"
    options += " --key source_id --key id --config-data"
    (tmp_path / "config.json").write_text('{"leads": {"displayName": "Enquiries"}}')
    _run_in_process([*options.split(), str(tmp_path / "config.json")], exit_code=0)
    assert made == {
        "port": 1,
        "latency_ms": 2.0,
        "faults": {"slow": 0.5},
        "seed": 3,
        "accept_all": True,
        "api_key": "K",
        "access_key": "A",
        "index_delay": 1.5,
        "criteria": "refused",
        "near_matches": 7,
        "read_envelope": "data",
        "answers": "whole",
        "drop_unknown": True,
        "late_commit": 2.0,
        "key": ("source_id", "id"),
        "config_data": {"leads": {"displayName": "Enquiries"}},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object of what getConfigData answers, by app"),
        ('{"leads": 1}', "is not a JSON object of what getConfigData answers, by app"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_bad_configuration_is_one_line_and_exit_2(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    """A configuration without sense is told in one line, as wrong usage."""
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    assert (
        _run_in_process(["--config-data", str(path)], exit_code=2) == f"Error: {path} {problem}\n"
    )


def test_the_command_tells_its_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help of `python -m target_apptivo.sandbox` names every fault."""
    monkeypatch.setattr(sys, "argv", ["sandbox", "--help"])
    monkeypatch.delitem(sys.modules, "target_apptivo.sandbox.__main__")
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("target_apptivo.sandbox", run_name="__main__")
    output = capsys.readouterr().out
    assert [kind for kind in KINDS if kind not in output] == []


def test_a_bad_fault_is_one_line_and_exit_2() -> None:
    """A fault without sense is told in one line, as wrong usage."""
    output = _run_in_process(["--fault", "slow=2"], exit_code=2)
    assert output == "Error: the rate of a fault is from 0 to 1\n"


def test_a_taken_port_is_one_line_and_exit_1(sandbox: Sandbox) -> None:
    """A port in use is told in one line."""
    port = sandbox.url.split(":")[2].split("/")[0]
    output = _run_in_process(["--port", port], exit_code=1)
    assert output == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def _run_in_process(arguments: list[str], *, exit_code: int) -> str:
    # The command blocks its stop signals for good: it is meant to own its process.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        result = CliRunner().invoke(main, arguments)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert result.exit_code == exit_code
    return click.unstyle(result.output)
