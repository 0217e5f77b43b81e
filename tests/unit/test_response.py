"""What an answer means: the verdict table of the contract, row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.endpoints import TEMPLATES, ApiStyle
from target_apptivo.apptivo.response import (
    NoResponse,
    Response,
    find,
    interpret_response,
    interpret_result,
)
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict, refused
from target_apptivo.jsontext import dumps_line
from target_apptivo.settings.operations import build_operation

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Operation

fixed = settings(derandomize=True, deadline=None, max_examples=100)

ACCEPTED = (Outcome.ACCEPTED, Meaning.FINAL)
DUPLICATE = (Outcome.DUPLICATE, Meaning.FINAL)
REJECTED = (Outcome.REJECTED, Meaning.FINAL)
UNCERTAIN = (Outcome.UNCERTAIN, Meaning.FINAL)
LOST = (Outcome.UNCERTAIN, Meaning.POSSIBLY_PROCESSED)
NOT_PROCESSED = (Outcome.UNCERTAIN, Meaning.NOT_PROCESSED)
CREDENTIALS = (Outcome.REJECTED, Meaning.CREDENTIALS_REFUSED)

FAILURE = b'{"status":"FAILURE","reason":"Some explanation"}'
BAD_KEYS = b'{"status":"FAILURE","reason":"Invalid API Key or Access Key"}'
PAGE = b"<html><body>Bad gateway</body></html>"
LEAD = b'{"lead":{"leadId":8001,"fullName":"Jane Doe"}}'


def call_of(name: str, style: str = "rest", **options: Any) -> Operation:  # noqa: ANN401
    """Build a call as the settings do."""
    base_url = "https://api.apptivo.com/app/dao/"
    return build_operation(
        name, options, style=ApiStyle(style), base_url=base_url, path="streams.s"
    )[0]


def judge(call: Operation, status_code: int, body: bytes = b"") -> tuple[Outcome, Meaning]:
    """Give what matters most of a verdict."""
    verdict = interpret_response(call, Response(status_code, body))
    return verdict.outcome, verdict.meaning


CREATE = call_of("create_lead")
DELETE = call_of("delete_customer")
GENERIC = call_of("generic", url="v6/x")
GENERIC_ID = call_of("generic", url="v6/x", id_path="data.id")
GENERIC_DELETE = call_of("generic", url="v6/x/{id}", method="DELETE")
PUT = call_of("generic", url="v6/x/{id}", method="PUT")
STYLES = ("rest", "action")
CREATES = tuple(name for name in TEMPLATES if name.startswith("create_"))


# -- by status ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [CREATE, DELETE, GENERIC, PUT], ids=["create", "delete", "post", "put"]
)
@pytest.mark.parametrize("body", [b"", LEAD, FAILURE, PAGE], ids=["empty", "id", "failure", "page"])
@pytest.mark.parametrize(
    ("status_code", "wanted"),
    [
        (401, CREDENTIALS),
        (403, CREDENTIALS),
        (408, LOST),
        (429, NOT_PROCESSED),
        (503, NOT_PROCESSED),
        (500, LOST),
        (501, LOST),
        (502, LOST),
        (504, LOST),
        (599, LOST),
        (999, LOST),
    ],
)
def test_some_statuses_say_it_all(
    status_code: int, wanted: tuple[Outcome, Meaning], body: bytes, call: Operation
) -> None:
    """Credentials, throttling and trouble on Apptivo's side are told by the status alone."""
    assert judge(call, status_code, body) == wanted


@pytest.mark.parametrize(
    ("status_code", "wanted"),
    [
        (200, LOST),
        (204, LOST),
        (302, REJECTED),
        (400, REJECTED),
        (401, CREDENTIALS),
        (429, NOT_PROCESSED),
        (500, LOST),
    ],
)
def test_the_status_of_a_body_that_breaks_off_holds(
    status_code: int, wanted: tuple[Outcome, Meaning]
) -> None:
    """Only a success needs its body: what it would have shown is not known."""
    for call in (CREATE, PUT, GENERIC):
        verdict = interpret_response(call, Response(status_code, b"", is_whole=False))
        assert (verdict.outcome, verdict.meaning) == wanted
        assert verdict.http_status == status_code
    gone = interpret_response(DELETE, Response(404, b"", is_whole=False))
    assert (gone.outcome, gone.meaning) == ACCEPTED


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
def test_a_redirect_is_final_and_not_followed(status_code: int) -> None:
    """The keys never follow it, so the record is rejected at once."""
    verdict = interpret_response(CREATE, Response(status_code, PAGE))
    assert (verdict.outcome, verdict.meaning) == REJECTED
    assert verdict.reason == f"HTTP {status_code}: redirected, not followed"


@pytest.mark.parametrize("status_code", [400, 402, 404, 405, 409, 410, 413, 414, 415, 422, 499])
def test_every_other_4xx_is_final(status_code: int) -> None:
    """The record is refused by Apptivo, whatever the body looks like."""
    for body in (b"", PAGE, LEAD, b'{"message":"Bad request"}', FAILURE):
        assert judge(CREATE, status_code, body) == REJECTED
        assert judge(PUT, status_code, body) == REJECTED


@pytest.mark.parametrize("call", [DELETE, call_of("delete_customer", "action"), GENERIC_DELETE])
@pytest.mark.parametrize("body", [b"", b"gone", FAILURE, b'{"message":"not found"}'])
def test_a_delete_answered_404_is_accepted(call: Operation, body: bytes) -> None:
    """The record is gone, and that is what was asked for; no Apptivo sends a page."""
    assert judge(call, 404, body) == ACCEPTED
    for page in (PAGE, b"\xef\xbb\xbf\r\n" + PAGE):
        assert judge(call, 404, page) == REJECTED
    assert judge(call, 404, BAD_KEYS) == CREDENTIALS
    assert judge(call, 410, body) == REJECTED


@pytest.mark.parametrize(
    ("answer", "wanted", "pushes_back"),
    [
        (NoResponse("cannot connect", processed=False), NOT_PROCESSED, False),
        (NoResponse("cannot connect", processed=False, timed_out=True), NOT_PROCESSED, True),
        (NoResponse("no answer", processed=True, timed_out=True), LOST, True),
        (NoResponse("connection lost", processed=True), LOST, False),
    ],
)
def test_no_answer_at_all(
    answer: NoResponse, wanted: tuple[Outcome, Meaning], *, pushes_back: bool
) -> None:
    """Whether the request had left decides, and a timeout is a sign of load."""
    verdict = interpret_response(CREATE, answer)
    assert (verdict.outcome, verdict.meaning) == wanted
    assert verdict.pushes_back == pushes_back
    assert verdict.reason == answer.reason
    assert verdict.http_status is None


def test_a_refusal_before_sending_has_a_reason_and_no_status() -> None:
    """It looks like any other rejected record to whoever accounts for it."""
    assert refused("why") == Verdict(outcome=Outcome.REJECTED, reason="why")


def test_what_counts_towards_max_rejected() -> None:
    """Rejected and uncertain records are set aside, no others."""
    assert {outcome for outcome in Outcome if outcome.is_set_aside} == {
        Outcome.REJECTED,
        Outcome.UNCERTAIN,
    }


# -- by body --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "wanted", "reason"),
    [
        (BAD_KEYS, CREDENTIALS, "Invalid API Key or Access Key"),
        (b'{"status":"FAILURE","reason":"apiKey is wrong"}', CREDENTIALS, "apiKey is wrong"),
        (b'{"status":"FAILURE","reason":"No ACCESS_KEY"}', CREDENTIALS, "No ACCESS_KEY"),
        (b'{"status":"failure","reason":"access-key?"}', CREDENTIALS, "access-key?"),
        (FAILURE, REJECTED, "Some explanation"),
        (
            b'{"status":"FAILURE","reason":"Please enter last name"}',
            REJECTED,
            "Please enter last name",
        ),
        (b'{"status":"FAILURE"}', REJECTED, "Apptivo answered FAILURE without a reason"),
        (b'{"status":"FAILURE","reason":null}', REJECTED, "Apptivo answered FAILURE without a"),
        (b'{"status":"failure","reason":"in other case"}', REJECTED, "in other case"),
        (b'{"status":"FAILURE","reason":"x","lead":{"leadId":1}}', REJECTED, "x"),
        (b'{"status":"FAILURE","reason":"Duplicate key value"}', REJECTED, "Duplicate key value"),
        (b'{"status":"FAILURE","reason":"API limit exceeded"}', REJECTED, "API limit exceeded"),
        (b'{"result":"Already exists"}', DUPLICATE, "Already exists"),
        (b'{"result":"already exists "}', DUPLICATE, "Already exists"),
        (b"{}", UNCERTAIN, "the answer shows neither a failure nor an id"),
        (b"[]", UNCERTAIN, "the answer shows neither a failure nor an id"),
        (b"null", UNCERTAIN, "the answer shows neither a failure nor an id"),
        (b'"8001"', UNCERTAIN, "the answer shows neither a failure nor an id"),
        (b'{"lead":{"fullName":"Jane Doe"}}', UNCERTAIN, "the answer shows neither a failure nor"),
        (b'{"status":"SUCCESS"}', UNCERTAIN, "the answer shows neither a failure nor an id"),
        (b"", LOST, "the answer is empty"),
        (b" \r\n", LOST, "the answer is empty"),
        (b"\xef\xbb\xbf", LOST, "the answer is empty"),
        (PAGE, LOST, "the answer is not JSON"),
        (b'{"lead":{"leadId":80', LOST, "the answer is not JSON"),
        (b'{"lead":{"leadId":8001},"x":NaN}', LOST, "the answer is not JSON"),
        (b'{"lead":{"leadId":8001},"x":1e99999}', LOST, "the answer is not JSON"),
        (b'{"lead":{"fullName":"\xe9"}}', LOST, "the answer is not JSON"),
        (b"[" * 100_000, LOST, "the answer is not JSON"),
    ],
)
def test_a_create_answered_200_without_success(
    body: bytes, wanted: tuple[Outcome, Meaning], reason: str
) -> None:
    """The body decides: HTTP 200 alone proves nothing, and every reason is in words."""
    for style in STYLES:
        verdict = interpret_response(call_of("create_lead", style), Response(200, body))
        assert (verdict.outcome, verdict.meaning) == wanted
        assert verdict.reason is not None
        assert verdict.reason.startswith(reason)
        assert verdict.apptivo_id is None
        assert verdict.http_status == 200


@pytest.mark.parametrize(
    ("name", "body", "apptivo_id"),
    [
        (
            "create_lead",
            b'{"lead":{"leadId":8001,"fullName":"Jane Doe","id":"8001","version":1}}',
            "8001",
        ),
        ("create_lead", b'{"lead":{"id":"8001"}}', "8001"),
        (
            "create_customer",
            b'{"customer":{"customerId":9001,"customerName":"Acme","id":"9001"}}',
            "9001",
        ),
        ("create_contact", b'{"contact":{"contactId":7001,"fullName":"Jane Doe"}}', "7001"),
        ("create_case", b'{"csCase":{"caseId":6001,"caseNumber":"CS-17"}}', "6001"),
        ("create_opportunity", b'{"opportunity":{"opportunityId":5001}}', "5001"),
        (
            "create_opportunity",
            b'{"id":"5001","opportunityId":5001,"opportunityName":"Acme renewal"}',
            "5001",
        ),
        ("create_lead", b'{"data":{"leadId":3001}}', "3001"),
        ("create_lead", b'{"responseObject":{"id":2001,"firstName":"Jane"}}', "2001"),
        ("create_lead", b'\xef\xbb\xbf{"lead":{"leadId":8001}}', "8001"),
        ("create_lead", b'\n\n \xef\xbb\xbf{"lead":{"leadId":8001}}\n', "8001"),
        ("create_lead", b'{"lead":{"leadId":" 8001 "}}', "8001"),
        ("create_lead", b'{"status":"SUCCESS","lead":{"leadId":8001}}', "8001"),
    ],
)
def test_a_create_is_accepted_with_its_id(name: str, body: bytes, apptivo_id: str) -> None:
    """Each envelope of the reference is known, as number and as text, in both styles."""
    for style in STYLES:
        for status_code in (200, 201):
            verdict = interpret_response(call_of(name, style), Response(status_code, body))
            assert (verdict.outcome, verdict.meaning) == ACCEPTED
            assert verdict.apptivo_id == apptivo_id
            assert verdict.reason is None


@pytest.mark.parametrize(
    "shown", ["null", "0", "-1", '""', '" "', '"0"', "true", "{}", "[1]", "1.5"]
)
def test_what_is_no_id_is_not_taken_for_one(shown: str) -> None:
    """A create whose answer shows an empty id is not counted as created."""
    body = f'{{"lead":{{"leadId":{shown}}}}}'.encode()
    assert judge(CREATE, 200, body) == UNCERTAIN


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", CREATES)
def test_a_create_of_each_template(name: str, style: str) -> None:
    """One row a template: its envelope, and the answers that are the same for all."""
    call, endpoint = call_of(name, style), TEMPLATES[name]
    envelope = json.dumps({endpoint.envelope: {endpoint.id_name: 5}}).encode()
    assert interpret_response(call, Response(200, envelope)).apptivo_id == "5"
    assert judge(call, 200, b'{"id":"5"}') == ACCEPTED
    assert interpret_response(call, Response(200, b'{"id":"5"}')).apptivo_id == "5"
    assert judge(call, 204) == LOST
    assert judge(call, 302, PAGE) == REJECTED
    assert judge(call, 200, PAGE) == LOST
    assert judge(call, 200, b"{}") == UNCERTAIN


@pytest.mark.parametrize("style", STYLES)
def test_a_delete_in_both_styles(style: str) -> None:
    """A delete shows no id: any 2xx that can be read and tells no failure is accepted."""
    call = call_of("delete_customer", style)
    for body in (b"", b"{}", b'{"status":"SUCCESS"}', b'{"responseCode":0}', b'{"id":"5"}', b"[]"):
        assert judge(call, 200, body) == ACCEPTED
        assert judge(call, 204, body) == ACCEPTED
    assert judge(call, 302, PAGE) == REJECTED
    assert judge(call, 200, PAGE) == LOST
    assert judge(call, 200, FAILURE) == REJECTED
    assert judge(call, 200, BAD_KEYS) == CREDENTIALS


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", ACCEPTED),
        (b"{}", ACCEPTED),
        (b"[]", ACCEPTED),
        (b'{"data":{"candidateId":3001}}', ACCEPTED),
        (b'{"noteId":1001}', ACCEPTED),
        (b'{"responseCode":0,"responseObject":{"authenticationKey":"S"}}', ACCEPTED),
        (FAILURE, REJECTED),
        (BAD_KEYS, CREDENTIALS),
        (b'{"result":"Already exists"}', DUPLICATE),
        (PAGE, LOST),
        (b'{"data":', LOST),
    ],
)
def test_a_generic_endpoint_without_an_id_path(
    body: bytes, wanted: tuple[Outcome, Meaning]
) -> None:
    """A 2xx that shows no failure is accepted, an empty one too."""
    assert judge(GENERIC, 200, body) == wanted
    assert judge(PUT, 202, body) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"data":{"id":"x-1"}}', ACCEPTED),
        (b'{"id":"x-1"}', UNCERTAIN),
        (b'{"data":{"id":null}}', UNCERTAIN),
        (b'{"data":[{"id":1}]}', UNCERTAIN),
        (b"", LOST),
    ],
)
def test_a_generic_endpoint_with_an_id_path(body: bytes, wanted: tuple[Outcome, Meaning]) -> None:
    """An id that is looked for has to be there, and only there."""
    assert judge(GENERIC_ID, 200, body) == wanted


def test_an_id_path_replaces_the_known_envelopes() -> None:
    """What the settings say is all that is looked at."""
    call = call_of("create_lead", id_path="answer.key")
    assert interpret_response(call, Response(200, b'{"answer":{"key":"K9"}}')).apptivo_id == "K9"
    assert judge(call, 200, LEAD) == UNCERTAIN


@pytest.mark.parametrize(
    ("status_code", "body", "reason"),
    [
        (400, b'{"message":"Bad request"}', "HTTP 400: Bad request"),
        (400, b'{"error":"nope"}', "HTTP 400: nope"),
        (400, b'{"reason":" two\\n lines "}', "HTTP 400: two lines"),
        (400, b'{"reason":"a","message":"b"}', "HTTP 400: a"),
        (400, b'{"message":{"x":1}}', "HTTP 400"),
        (414, b"", "HTTP 414"),
        (502, PAGE, "HTTP 502"),
        (401, b"", "HTTP 401"),
        (429, b'{"message":"slow down"}', "HTTP 429: slow down"),
        (409, b'{"result":"Already exists"}', "HTTP 409: Already exists"),
    ],
)
def test_the_reason_names_the_status_and_what_was_told(
    status_code: int, body: bytes, reason: str
) -> None:
    """A person reads why, in one line."""
    assert interpret_response(CREATE, Response(status_code, body)).reason == reason


def test_long_answers_are_kept_whole() -> None:
    """They are cut where they are told, after secrets are masked: a key may stand at the cut."""
    told = json.dumps({"status": "FAILURE", "reason": "x" * 3000}).encode()
    assert interpret_response(CREATE, Response(200, told)).reason == "x" * 3000
    verdict = interpret_response(CREATE, Response(502, "é".encode() * 3000))
    assert verdict.response_text == "é" * 3000


def test_the_answer_is_kept_as_object_or_as_text() -> None:
    """An object is passed on as it is, anything else as text, an empty body as nothing."""
    verdict = interpret_response(CREATE, Response(200, LEAD))
    assert verdict.response == {"lead": {"leadId": 8001, "fullName": "Jane Doe"}}
    assert verdict.response_text is None
    verdict = interpret_response(CREATE, Response(500, PAGE))
    assert (verdict.response, verdict.response_text) == (None, PAGE.decode())
    verdict = interpret_response(CREATE, Response(200, b"[1]"))
    assert (verdict.response, verdict.response_text) == (None, "[1]")
    verdict = interpret_response(CREATE, Response(204, b""))
    assert (verdict.response, verdict.response_text) == (None, None)


@pytest.mark.parametrize(
    ("status_code", "body", "pushes_back"),
    [
        (429, b"", True),
        (503, PAGE, True),
        (408, b"", True),
        (200, PAGE, True),
        (200, b'{"lead":', True),
        (200, b"", True),
        (200, LEAD, False),
        (200, FAILURE, False),
        (400, b"", False),
        (500, b"", False),
    ],
)
def test_what_counts_as_push_back(status_code: int, body: bytes, *, pushes_back: bool) -> None:
    """Throttling, timeouts and unreadable bodies slow the run; refusals do not."""
    assert interpret_response(CREATE, Response(status_code, body)).pushes_back == pushes_back


def test_retry_after_is_passed_on() -> None:
    """The header is read where the clock is."""
    assert interpret_response(CREATE, Response(429, b"", "2")).retry_after == "2"
    assert interpret_response(CREATE, Response(503, b"")).retry_after is None


@fixed
@given(
    st.sampled_from([CREATE, DELETE, GENERIC, GENERIC_ID, PUT]),
    st.integers(100, 999),
    st.binary(max_size=40)
    | st.sampled_from([FAILURE, BAD_KEYS, LEAD, PAGE, b'{"result":"Already exists"}'])
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=True),
        lambda inner: st.dictionaries(st.sampled_from(["status", "lead", "leadId"]), inner),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_every_answer_has_a_verdict(call: Operation, status_code: int, body: bytes) -> None:
    """No body breaks the reading, what is not accepted has a reason, and all of it is JSON."""
    verdict = interpret_response(call, Response(status_code, body))
    accepted = verdict.outcome is Outcome.ACCEPTED
    assert accepted == (verdict.reason is None)
    assert verdict.http_status == status_code
    if accepted:
        assert status_code // 100 == 2 or (status_code == 404 and call.deletes)
        assert bool(call.id_paths) <= (verdict.apptivo_id is not None)
    json.loads(dumps_line([verdict.response, verdict.response_text, verdict.reason]))


# -- results of a batch ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "wanted", "reason"),
    [
        ({"data": {"id": 5}}, ACCEPTED, None),
        ({"data": {}}, UNCERTAIN, "the answer shows neither a failure nor an id"),
        ({"status": "FAILURE", "reason": "no"}, REJECTED, "no"),
        ({"status": "FAILURE"}, REJECTED, "Apptivo answered FAILURE without a reason"),
        ({"result": "Already exists"}, DUPLICATE, "Already exists"),
        ("text", UNCERTAIN, "the answer shows neither a failure nor an id"),
        (None, UNCERTAIN, "the answer shows neither a failure nor an id"),
    ],
)
def test_a_result_is_judged_as_an_answer_of_its_own(
    result: object, wanted: tuple[Outcome, Meaning], reason: str | None
) -> None:
    """One result of a batch has the same table as a whole answer."""
    verdict = interpret_result(GENERIC_ID, 200, result)
    assert (verdict.outcome, verdict.meaning) == wanted
    assert verdict.reason == reason


def test_a_result_that_is_no_object_is_kept_as_json() -> None:
    """The text of a result is what Apptivo wrote, not how Python shows it."""
    assert interpret_result(GENERIC, 200, [{"a": None}]).response_text == '[{"a":null}]'
    assert interpret_result(GENERIC, 200, {"a": None}).response == {"a": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a", {"b": [1]}), ("a.b", [1]), ("a.b.0", None), ("x", None), ("a.x.y", None)],
)
def test_a_dotted_path_is_followed_into_objects(path: str, found: object) -> None:
    """Arrays are not entered, and what is not there is nothing."""
    assert find({"a": {"b": [1]}}, path) == found
