"""Looking for a record: what is asked, what is believed, and what is equal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo import endpoints
from target_apptivo.apptivo.criteria import Criteria, criteria_of, criteria_shown, matches
from target_apptivo.apptivo.objects import (
    Gone,
    Stranger,
    Unbelievable,
    app_operation,
    id_in,
    read_object,
    read_request,
)
from target_apptivo.apptivo.search import (
    PAGE_SIZE,
    Page,
    Reading,
    newest_request,
    read_page,
    search_operation,
    search_request,
)
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict
from target_apptivo.errors import RecordRejectedError

if TYPE_CHECKING:
    from target_apptivo.apptivo.request import Request

Record = dict[str, Any]
LEAD, CASE = endpoints.CREATE_LEAD, endpoints.CREATE_CASE
APPS = [row for row in endpoints.TEMPLATES.values() if row.envelope]


def form_of(request: Request) -> dict[str, str]:
    """Give the fields of a request's form."""
    return dict(request.form or ())


def search_data(match_on: list[str], payload: Record) -> list[Record]:
    """Give what is searched for, one form an alternative."""
    criteria = criteria_of(LEAD, match_on, payload)
    requests = [search_request(LEAD, each) for each in criteria.alternatives]
    return [json.loads(form_of(request)["searchData"]) for request in requests]


def answered(response: Record | None, **facts: Any) -> Verdict:  # noqa: ANN401
    """Give the verdict of an answer that was taken."""
    return Verdict(outcome=Outcome.ACCEPTED, http_status=200, response=response, **facts)


def failed(status: int = 200, **facts: Any) -> Verdict:  # noqa: ANN401
    """Give the verdict of a refusal."""
    return Verdict(outcome=Outcome.REJECTED, http_status=status, reason="because", **facts)


# --- criteria ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match_on", "payload", "found"),
    [
        (["lastName"], {"lastName": "Doe"}, {"lastName": " Doe "}),
        (["customerNumber"], {"customerNumber": 1042}, {"customerNumber": "1042"}),
        (["customerNumber"], {"customerNumber": "1042"}, {"customerNumber": 1042.0}),
        (["caseEmail"], {"caseEmail": "Jane@X.com"}, {"caseEmail": "jane@x.com"}),
        (["a", "b"], {"a": 1, "b": "x"}, {"b": "x", "a": 1}),
        (
            ["emailAddress"],
            {"emailAddresses": [{"emailAddress": "a@x"}, {"emailAddress": "B@x"}]},
            {"emailAddresses": [{"emailAddress": "c@x"}, {"emailAddress": "b@X "}]},
        ),
        (["emailAddress"], {"emailAddress": "a@x"}, {"emailAddresses": [{"emailAddress": "A@x"}]}),
        (
            ["customAttributes.input_4_1"],
            {"customAttributes": [{"customAttributeId": "input_4_1", "customAttributeValue": 7}]},
            {"customAttributes": [{"customAttributeId": "input_4_1", "customAttributeValue": "7"}]},
        ),
        (
            ["customAttributes.check_4_7"],
            {
                "customAttributes": [
                    {
                        "customAttributeId": "check_4_7",
                        "attributeValues": [{"attributeValue": "a"}, {"attributeValue": "b"}],
                    }
                ]
            },
            {
                "customAttributes": [
                    {
                        "customAttributeId": "check_4_7",
                        "customAttributeValue": "",
                        "attributeValues": [{"attributeValue": "b"}, {"attributeValue": "a"}],
                    }
                ]
            },
        ),
    ],
)
def test_what_is_equal_matches_and_shares_a_line(
    match_on: list[str], payload: Record, found: Record
) -> None:
    """Whether Apptivo shows it or another record says it."""
    criteria = criteria_of(LEAD, match_on, payload)
    assert matches(criteria, found)
    shown = criteria_shown(LEAD, match_on, found)
    assert shown
    assert {*criteria.lines} & {*shown.lines}


@pytest.mark.parametrize(
    ("match_on", "payload", "found"),
    [
        (["lastName"], {"lastName": "Doe"}, {"lastName": "doe"}),
        (["lastName"], {"lastName": "Doe"}, {"lastName": "Doe Jr"}),
        (["number"], {"number": "007"}, {"number": "7"}),
        (["number"], {"number": "007"}, {"number": 7}),
        (["flag"], {"flag": True}, {"flag": "Y"}),
        (["a", "b"], {"a": 1, "b": 2}, {"a": 1, "b": 3}),
        (["a", "b"], {"a": 1, "b": 2}, {"a": 2, "b": 1}),
        (["lastName"], {"lastName": "Doe"}, {}),
        (["emailAddress"], {"emailAddress": "a@x"}, {"emailAddresses": [{"emailAddress": "b@x"}]}),
        (["customAttributes.x"], {"customAttributes": [{"customAttributeId": "x",
          "customAttributeValue": "1"}]}, {"customAttributes": [{"customAttributeId": "y",
          "customAttributeValue": "1"}]}),
    ],
)  # fmt: skip
def test_what_is_only_near_does_not_match(
    match_on: list[str], payload: Record, found: Record
) -> None:
    """A search finds it all the same."""
    criteria = criteria_of(LEAD, match_on, payload)
    assert not matches(criteria, found)
    shown = criteria_shown(LEAD, match_on, found)
    assert not shown or not {*criteria.lines} & {*shown.lines}


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from(["a@x", "A@X", "b@x", " b@x", "c@x"]), min_size=1),
    st.lists(st.sampled_from(["a@x", "B@x", "c@x", "d@x"]), min_size=1),
    st.sampled_from([1, "1", 1.0, "2"]),
    st.sampled_from([1, "1", 2]),
)
def test_two_records_share_a_line_exactly_if_they_match(
    one: list[str], other: list[str], number: object, other_number: object
) -> None:
    """So that equal ones go one after another, and others do not wait."""
    records = [
        {"emailAddresses": [{"emailAddress": each} for each in emails], "number": value}
        for emails, value in ((one, number), (other, other_number))
    ]
    first, second = (criteria_of(LEAD, ["emailAddress", "number"], each) for each in records)
    assert matches(first, records[1]) == bool({*first.lines} & {*second.lines})
    assert matches(first, records[1]) == matches(second, records[0])


@pytest.mark.parametrize(
    ("match_on", "payload", "problem"),
    [
        (["a"], {}, "attribute 'a' is missing, null or empty"),
        (["a"], {"a": None}, "attribute 'a' is missing"),
        (["a"], {"a": "  "}, "attribute 'a' is missing"),
        (["a", "b"], {"a": "secret"}, "attribute 'b' is missing"),
        (["a"], {"a": ["secret"]}, "attribute 'a' is not a single value"),
        (["a"], {"a": float("nan")}, "attribute 'a' is not a single value"),
        (["emailAddress"], {"emailAddresses": [{"emailAddress": ""}]}, "'emailAddress' is missing"),
        (["emailAddress"], {"emailAddresses": ["secret"]}, "'emailAddress' is missing"),
        (["customAttributes.x"], {}, "attribute 'customAttributes.x' is missing"),
        (["leadId"], {"leadId": None}, "attribute 'leadId' is missing"),
        (["leadId"], {"leadId": "secret"}, "attribute 'leadId' is not a positive integer"),
        (["leadId"], {"leadId": 0}, "attribute 'leadId' is not a positive integer"),
    ],
)
def test_an_empty_value_rejects_the_record(
    match_on: list[str], payload: Record, problem: str
) -> None:
    """The attribute is named and its value is not; an object with one is no witness."""
    with pytest.raises(RecordRejectedError, match=problem) as error:
        criteria_of(LEAD, match_on, payload)
    assert "secret" not in str(error.value)
    assert criteria_shown(LEAD, match_on, payload) is None


def test_the_apps_own_id_is_read_and_not_searched() -> None:
    """Whatever else is named has to be equal besides."""
    criteria = criteria_of(LEAD, ["leadId", "lastName"], {"leadId": 8001, "lastName": "Doe"})
    assert criteria.own_id == "8001"
    assert [[each.name for each in alternative] for alternative in criteria.alternatives] == [
        ["lastName"]
    ]
    alone = criteria_of(LEAD, ["leadId"], {"leadId": "8001"})
    assert matches(alone, {"leadId": 8001})
    assert alone.lines != criteria_of(LEAD, ["leadId"], {"leadId": "8002"}).lines
    with pytest.raises(ValueError, match="a search for nothing"):
        search_request(LEAD, alone.alternatives[0])


# --- searches ------------------------------------------------------------------------------------


def test_a_search_is_a_form_in_both_styles() -> None:
    """With the stream's headers but for its content type, and as the reference has it."""
    (alternative,) = criteria_of(LEAD, ["lastName"], {"lastName": " Doe"}).alternatives
    headers = (("Content-Type", "application/json"), ("X-Team", "crm"))
    request = search_request(LEAD, alternative, 100, headers)
    assert (request.method, request.url, request.query) == ("POST", "v6/leads", ())
    assert request.headers == (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Team", "crm"),
    )
    assert form_of(request) == {
        "a": "getAllByAdvancedSearch",
        "objectId": "4",
        "startIndex": "100",
        "numRecords": str(PAGE_SIZE),
        "sortColumn": "_score",
        "sortDir": "desc",
        "multiSelectData": "{}",
        "searchData": '{"lastName":"Doe"}',
    }
    assert search_operation(LEAD).id_paths == ()


def test_each_email_is_a_search_of_its_own() -> None:
    """With whatever else has to be equal."""
    payload = {"lastName": "Doe", "emailAddresses": [{"emailAddress": each} for each in "ab"]}
    assert search_data(["emailAddress", "lastName"], payload) == [
        {
            "emailAddresses": [{"emailAddress": each, "id": "cont_email_input"}],
            "lastName": "Doe",
        }
        for each in "ab"
    ]


def test_custom_attributes_are_searched_by_their_entry() -> None:
    """An input by its value, a select by its option besides."""
    tags = {"customAttributeType": "input", "customAttributeTagName": "t"}
    text = {"customAttributeId": "input_4_1", "customAttributeValue": "K-1", **tags}
    gold = {"attributeId": "V2", "attributeValue": "Gold"}
    select = {
        "customAttributeId": "select_4_9",
        "customAttributeValue": "Gold",
        "customAttributeValueId": "V2",
    }
    names = ["customAttributes.input_4_1", "customAttributes.select_4_9"]
    (form,) = search_data(names, {"customAttributes": [text, select]})
    assert form["customAttributes"] == [
        {**text, "customAttributeName": "", "attributeValues": []},
        {
            "customAttributeId": "select_4_9",
            "customAttributeType": "",
            "customAttributeTagName": "",
            "customAttributeName": "",
            "customAttributeValue": "Gold",
            "attributeValues": [{"id": "V2||Gold|| || ||true", **gold}],
        },
    ]


def test_text_that_is_no_unicode_rejects_the_record() -> None:
    """Before anything is sent."""
    (alternative,) = criteria_of(LEAD, ["lastName"], {"lastName": "\ud800"}).alternatives
    with pytest.raises(RecordRejectedError):
        search_request(LEAD, alternative)


def test_the_newest_are_asked_for_by_a_blank_search() -> None:
    """Which finds everything, 25 of it."""
    form = form_of(newest_request(CASE))
    assert (form["searchData"], form["numRecords"]) == ("", "25")
    assert (form["sortColumn"], form["sortDir"], form["objectId"]) == ("creationDate", "desc", "59")


@pytest.mark.parametrize("row", APPS, ids=lambda row: row.name)
def test_each_app_is_read_by_its_own_name_of_the_id(row: endpoints.Endpoint) -> None:
    """Cases with isSla besides."""
    form = form_of(read_request(row, "8001"))
    expected = {"a": "getById", row.id_name: "8001", "objectId": str(row.object_id)}
    assert form == expected | ({"isSla": "Y"} if row is CASE else {})
    assert row.names_param in {"attributeName", "attributeNames"}
    assert not app_operation(row).deletes


# --- answers of searches -------------------------------------------------------------------------


def rows(first: int, count: int) -> list[Record]:
    """Make so many rows."""
    return [{"leadId": number, "id": str(number)} for number in range(first, first + count)]


@pytest.mark.parametrize(
    "response",
    [{"countOfRecords": 0}, {"data": [], "countOfRecords": "0"}, {"data": "", "countOfRecords": 0}],
)
def test_an_honest_nothing(response: Record) -> None:
    """A count of none, and none."""
    assert read_page(answered(response)) == Page((), 0)
    reading = Reading(LEAD).add(answered(response))
    assert isinstance(reading, Reading)
    assert reading.is_done


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (failed(), "because"),
        (Verdict(outcome=Outcome.DUPLICATE, reason="Already exists"), "Already exists"),
        (answered(None), "no JSON object"),
        (answered({}), "no countOfRecords"),
        (answered({"data": rows(1, 1)}), "no countOfRecords"),
        (answered({"data": [], "countOfRecords": True}), "no countOfRecords"),
        (answered({"data": [], "countOfRecords": -1}), "no countOfRecords"),
        (answered({"data": [], "countOfRecords": "many"}), "no countOfRecords"),
        (answered({"data": {}, "countOfRecords": 0}), "no list of objects"),
        (answered({"data": [None], "countOfRecords": 1}), "no list of objects"),
        (answered({"data": rows(1, 2), "countOfRecords": 1}), "counts 1 row and shows 2"),
        (answered({"data": [], "countOfRecords": 1}), "falls short: 0 of 1"),
        (answered({"countOfRecords": 3}), "falls short"),
        (answered({"data": rows(1, 99), "countOfRecords": 101}), "falls short: 99 of 100"),
        (answered({"data": rows(1, 101), "countOfRecords": 101}), "falls short: 101 of 100"),
        (answered({"data": rows(1, 100), "countOfRecords": 1001}), "more than 1,000 rows"),
        (answered({"data": [*rows(1, 1), *rows(1, 1)], "countOfRecords": 2}), "come twice"),
        (answered({"data": [{"x": 1}], "countOfRecords": 1}), "show no id"),
    ],
)
def test_what_cannot_be_believed(verdict: Verdict, reason: str) -> None:
    """None of it means that something is not there."""
    unbelievable = Reading(LEAD).add(verdict)
    assert isinstance(unbelievable, Unbelievable)
    assert reason in unbelievable.reason


def test_pages_are_read_to_the_end() -> None:
    """Each starts where the last ended; a count that changes between two is not believed."""
    reading: Reading | Unbelievable = Reading(LEAD)
    for start, count in ((0, 100), (100, 100), (200, 50)):
        assert isinstance(reading, Reading)
        assert (reading.next_start, reading.is_done) == (start, False)
        changed = reading.add(answered({"data": rows(start, count), "countOfRecords": 250}))
        other = reading.add(answered({"data": rows(start, count), "countOfRecords": 249 + start}))
        assert isinstance(other, Unbelievable) == (start > 0)
        reading = changed
    assert isinstance(reading, Reading)
    assert reading.is_done
    assert len(reading.rows) == 250


def test_a_row_that_comes_on_two_pages_hides_another() -> None:
    """Rows that moved while they were read."""
    first = Reading(LEAD).add(answered({"data": rows(0, 100), "countOfRecords": 150}))
    assert isinstance(first, Reading)
    second = first.add(answered({"data": rows(99, 50), "countOfRecords": 150}))
    assert isinstance(second, Unbelievable)


# --- answers of reads ----------------------------------------------------------------------------


@pytest.mark.parametrize("found", [{"leadId": 8001}, {"id": "8001"}, {"leadId": "8001", "id": 1}])
@pytest.mark.parametrize("envelope", [None, "data", "responseObject", "lead"])
def test_an_object_is_found_in_each_envelope(envelope: str | None, found: Record) -> None:
    """Whether its id is a number or a text; the app's own name for it is the surer."""
    body = {envelope: found} if envelope else found
    assert read_object(LEAD, answered(body), "8001") == found


@pytest.mark.parametrize(
    "verdict",
    [
        answered(None),
        answered({}),
        answered({"status": "SUCCESS"}),
        answered({"lead": {"lastName": "Doe"}}),
        failed(404),
        failed(response={"status": "Failure", "reason": "no such lead"}),
        failed(400, response={"status": "FAILURE"}),
    ],
)
def test_an_object_that_is_gone(verdict: Verdict) -> None:
    """A 404, a FAILURE, or nothing with an id."""
    assert isinstance(read_object(LEAD, verdict, "8001"), Gone)


def test_an_object_with_another_id_is_a_stranger() -> None:
    """Nothing of it may be touched."""
    assert read_object(LEAD, answered({"lead": {"leadId": 8002}}), "8001") == Stranger("8002")
    assert read_object(LEAD, answered({"leadId": 8002, "id": "8001"}), "8001") == Stranger("8002")


@pytest.mark.parametrize(
    "verdict",
    [
        failed(400),
        Verdict(outcome=Outcome.UNCERTAIN, meaning=Meaning.POSSIBLY_PROCESSED, reason="lost"),
    ],
)
def test_an_answer_that_says_nothing_of_the_object(verdict: Verdict) -> None:
    """It is not gone for that."""
    assert isinstance(read_object(LEAD, verdict, "8001"), Unbelievable)


@pytest.mark.parametrize(
    ("shown", "expected"), [({"leadId": 1.5, "id": "7"}, "7"), ({"leadId": True}, None), ({}, None)]
)
def test_an_id_is_a_whole_number_or_a_text(shown: Record, expected: str | None) -> None:
    """Nothing else is one."""
    assert id_in(LEAD, shown) == expected


def test_criteria_can_be_a_key() -> None:
    """They are equal by what is compared, not by how it is searched."""
    one, other = ({"number": each} for each in (7, "7"))
    assert {criteria_of(LEAD, ["number"], one)} == {criteria_of(LEAD, ["number"], other)}
    assert isinstance(criteria_of(LEAD, ["number"], one), Criteria)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_found"),
    [
        (42, "42.00", True),
        (Decimal("42.5"), "42.50", True),
        ("42", 42, True),
        ("007", 7, False),
        ("42", "42.00", False),
        (42, "43.00", False),
        (1, True, False),
    ],
)
def test_a_number_is_found_by_value(ours: object, theirs: object, is_found: bool) -> None:  # noqa: FBT001
    """Apptivo shows a number as text with two digits: else it would be created again."""
    criteria = criteria_of(endpoints.CREATE_LEAD, ("potentialAmount",), {"potentialAmount": ours})
    assert matches(criteria, {"potentialAmount": theirs}) == is_found
