"""The sandbox's searches: what they find, in which order, how late, and of which criteria."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_apptivo.sandbox.index import SearchIndex
from target_apptivo.sandbox.memory import Entry
from target_apptivo.sandbox.search import REACHABLE, search
from target_apptivo.sandbox.terms import ANYWHERE, Term, terms_of
from tests.runs.test_sandbox import KEYS, call, form

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DATA_NAMES = {"leads": "leadData", "contacts": "contactData", "cases": "caseData"}


def mail(address: str) -> dict[str, Any]:
    """An attribute with one e-mail address."""
    return {"emailAddresses": [{"emailAddress": address, "id": "cont_email_input"}]}


def save(sandbox: Sandbox, app: str = "contacts", /, **record: object) -> str:
    """Create a record, and return its id."""
    name = DATA_NAMES.get(app, f"{app.removesuffix('s')}Data")
    answer = form(sandbox, app, a="save", **{name: json.dumps({"lastName": "Doe"} | record)})
    (envelope,) = answer.values()
    return str(envelope["id"])


def look(
    sandbox: Sandbox, searched: object, app: str = "contacts", /, **fields: str
) -> dict[str, Any]:
    """Search by a form, as Apptivo's own clients do, and return the answer."""
    options = {"startIndex": "0", "numRecords": "50", "sortColumn": "_score", "sortDir": "desc"}
    text = searched if isinstance(searched, str) else json.dumps(searched)
    options |= {"multiSelectData": "{}", "searchData": text} | fields
    return form(sandbox, app, a="getAllByAdvancedSearch", **options)


def ids(answer: dict[str, Any]) -> list[str]:
    """The ids that a search found, in order; the count must be theirs."""
    assert answer["countOfRecords"] == len(answer["data"])
    return [record["id"] for record in answer["data"]]


# What is found


def test_near_matches_come_before_the_equal_one(sandbox: Sandbox) -> None:
    """An address finds those that share parts of it, first; a client has to compare."""
    for address in ("jane@example.com", "jane.doe@example.com", "x@firm.org", "sam@example.com"):
        save(sandbox, **mail(address))
    assert ids(look(sandbox, mail("Jane@Example.com"))) == ["7002", "7004", "7001"]
    assert ids(look(sandbox, mail("nobody@example.com"))) == ["7001", "7002", "7004"]


def test_nothing_found_is_an_empty_list(sandbox: Sandbox) -> None:
    """A search without any match answers an empty list and 0, also before anything arrived."""
    empty = {"data": [], "countOfRecords": 0}
    assert look(sandbox, mail("jane@example.com")) == empty
    save(sandbox, **mail("x@firm.org"))
    assert look(sandbox, mail("jane@example.com")) == empty


def test_records_come_back_whole(sandbox: Sandbox) -> None:
    """What a search finds is what a read by id gives."""
    record_id = save(sandbox, jobTitle="CFO", **mail("jane@example.com"))
    (found,) = look(sandbox, mail("jane@example.com"))["data"]
    assert found == form(sandbox, "contacts", a="getById", contactId=record_id)
    assert found["jobTitle"] == "CFO"


@pytest.mark.parametrize(
    ("attribute", "criteria"),
    [
        ({"externalRefId": "R-17"}, {"externalRefId": "r-17"}),
        ({"accountId": 555}, {"accountId": "555"}),
        (
            {"phoneNumbers": [{"phoneNumber": "555 0100"}]},
            {"phoneNumbers": [{"phoneNumber": "555-0100"}]},
        ),
        (
            {
                "customAttributes": [
                    {"customAttributeId": "input_2_9", "customAttributeValue": "E7"}
                ]
            },
            {
                "customAttributes": [
                    {"customAttributeId": "input_2_9", "customAttributeValue": "e7"}
                ]
            },
        ),
        (
            {
                "customAttributes": [
                    {
                        "customAttributeId": "check_2_1",
                        "customAttributeValue": "",
                        "attributeValues": [{"attributeId": "V1", "attributeValue": "Red"}],
                    }
                ]
            },
            {
                "customAttributes": [
                    {
                        "customAttributeId": "check_2_1",
                        "attributeValues": [{"id": "V1||Red|| || ||true", "attributeValue": "Red"}],
                    }
                ]
            },
        ),
    ],
)
def test_every_form_of_criteria_finds(
    sandbox: Sandbox, attribute: dict[str, Any], criteria: dict[str, Any]
) -> None:
    """Attributes, phones and custom attributes are found, and only under their own names."""
    record_id = save(sandbox, **attribute)
    save(sandbox, firstName="555 R-17 E7 Red")
    assert ids(look(sandbox, criteria)) == [record_id]


def test_all_criteria_have_to_be_met(sandbox: Sandbox) -> None:
    """Of two criteria one alone makes a near match; blank ones count for nothing."""
    for first, last in (("Jane", "Doe"), ("Jane", "Roe"), ("Sam", "Poe")):
        save(sandbox, firstName=first, lastName=last)
    criteria = {"firstName": "Jane", "lastName": "Doe", "jobTitle": " ", "labels": []}
    assert ids(look(sandbox, criteria)) == ["7002", "7001"]


@pytest.mark.parametrize("blank", ["", "{}", '{"lastName": "", "emailAddresses": [{"id": "x"}]}'])
def test_a_blank_form_finds_everything(sandbox: Sandbox, blank: str) -> None:
    """Criteria that are all blank find every record."""
    assert [save(sandbox), save(sandbox)] == ids(look(sandbox, blank))


def test_a_text_is_looked_for_everywhere(sandbox: Sandbox) -> None:
    """A text finds whatever holds its words; a JSON object as text, what it says."""
    save(sandbox, "customers", customerName="Acme", customerNumber="17")
    save(sandbox, "customers", customerName="17", customerNumber="4")
    fields = {"a": "getAllBySearchText", "startIndex": "0", "numRecords": "9"}
    found = {
        text: ids(form(sandbox, "customers", searchText=text, **fields))
        for text in ("17", '{"customerNumber":"17"}', "", "acme")
    }
    assert found == {
        "17": ["9001", "9002"],
        '{"customerNumber":"17"}': ["9001"],
        "": ["9001", "9002"],
        "acme": ["9001"],
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"a": "getAllByAdvancedSearch", "searchData": "{"}, "searchData is not JSON"),
        ({"a": "getAllByAdvancedSearch", "searchData": "[1]"}, "searchData is not a JSON object"),
        ({"a": "getAllBySearchText", "searchText": "{"}, "searchText is not JSON"),
    ],
)
def test_a_form_that_is_none_is_refused(
    sandbox: Sandbox, fields: dict[str, str], reason: str
) -> None:
    """Criteria that cannot be read are refused."""
    assert form(sandbox, "contacts", **fields) == {"status": "FAILURE", "reason": reason}


def test_unknown_criteria_find_everything_or_are_refused(sandbox: Sandbox) -> None:
    """A criterion that the app does not know is ignored, or refused; its custom ones are known."""
    save(sandbox, lastName="Doe")
    save(sandbox, lastName="Roe", emailAddress="jane@example.com")
    unknown = {"emailAddress": "jane@example.com"}
    assert len(ids(look(sandbox, unknown))) == 2
    assert ids(look(sandbox, unknown | {"lastName": "Doe"})) == ["7001"]
    sandbox.criteria = "refused"
    assert look(sandbox, unknown)["status"] == "FAILURE"
    assert len(ids(look(sandbox, {"emailAddress": ""}))) == 2
    custom = {"customAttributeId": "input_2_1", "customAttributeValue": "x"}
    assert ids(look(sandbox, {"customAttributes": [custom]})) == []
    assert ids(look(sandbox, {"anything": "x"}, "widgets")) == []


@pytest.mark.parametrize(
    ("app", "field"),
    [
        ("customers", "customerNumber"),
        ("cases", "caseNumber"),
        ("cases", "caseEmail"),
        ("contacts", "externalRefId"),
        ("opportunities", "opportunityCustomerId"),
        ("leads", "leadSourceMeaning"),
    ],
)
def test_standard_fields_are_known(sandbox: Sandbox, app: str, field: str) -> None:
    """A field of the reference pages is a criterion that its app knows."""
    sandbox.criteria = "refused"
    assert ids(look(sandbox, {field: "17"}, app)) == []


# Pages and order


def test_pages_and_the_newest_first(sandbox: Sandbox) -> None:
    """A page is cut from the rows, the count is of all; by date the newest comes first."""
    for _ in range(5):
        save(sandbox)
    form(
        sandbox,
        "contacts",
        a="update",
        contactId="7001",
        contactData='{"firstName":"J"}',
        attributeNames='["firstName"]',
    )
    by_date = {"sortColumn": "creationDate"}
    page = look(sandbox, "", startIndex="1", numRecords="2", **by_date)
    assert [record["id"] for record in page["data"]] == ["7004", "7003"]
    assert page["countOfRecords"] == 5
    assert ids(look(sandbox, "", sortDir="asc", **by_date)) == [str(n) for n in range(7001, 7006)]
    equal_first = look(sandbox, {"firstName": "J"}, **by_date)
    assert ids(equal_first) == ["7001"]


def test_rows_beyond_ten_thousand_are_out_of_reach() -> None:
    """All matches are counted, and 10,000 of them can be had."""
    index = SearchIndex()
    for number in range(REACHABLE + 5):
        index.note(NOW, str(number), Entry(str(number), {"lastName": "Doe"}, ""))
    index.catch_up(NOW, 0)
    params = {"startIndex": str(REACHABLE - 1), "numRecords": "10"}
    found = search(index, [Term("lastName", "Doe")], params, near=0)
    assert [len(found.entries), found.count] == [1, REACHABLE + 5]
    beyond = search(index, [], {"startIndex": str(REACHABLE), "numRecords": "10"}, near=0)
    assert [len(beyond.entries), beyond.count] == [0, REACHABLE + 5]


def test_near_matches_are_limited(sandbox: Sandbox) -> None:
    """Only so many near matches are found, those that share most, and every equal one."""
    for number in range(9):
        save(sandbox, **mail(f"n{number}@example.com"))
    save(sandbox, **mail("jane.doe@example.com"))
    equal = [save(sandbox, **mail("jane@example.com")) for _ in range(3)]
    found = ids(look(sandbox, mail("jane@example.com")))
    assert [found[0], len(found), found[5:]] == ["7010", 8, equal]
    sandbox.near_matches = 0
    assert ids(look(sandbox, mail("jane@example.com"))) == equal
    sandbox.near_matches = 1000
    assert len(ids(look(sandbox, mail("jane@example.com")))) == 13


# How late


def test_searches_are_late_and_reads_are_not(sandbox: Sandbox) -> None:
    """A record is read at once, and found only after the delay, as it was at its commit."""
    sandbox.index_delay = 3600
    record_id = save(sandbox, **mail("jane@example.com"))
    assert form(sandbox, "contacts", a="getById", contactId=record_id)["id"] == record_id
    assert ids(look(sandbox, "")) == []
    sandbox.index_delay = 0
    assert ids(look(sandbox, "")) == [record_id]
    sandbox.index_delay = 3600
    form(
        sandbox,
        "contacts",
        a="update",
        contactId=record_id,
        contactData='{"lastName": "Roe"}',
        attributeNames='["lastName"]',
    )
    assert look(sandbox, "")["data"][0]["lastName"] == "Doe"
    form(sandbox, "contacts", a="delete", contactId=record_id)
    assert form(sandbox, "contacts", a="getById", contactId=record_id)["status"] == "FAILURE"
    assert ids(look(sandbox, {"lastName": "Doe"})) == [record_id]
    sandbox.index_delay = 0
    assert ids(look(sandbox, "")) == []


def test_the_delay_counts_from_each_commit() -> None:
    """Each change is seen when it is so old, not sooner and not later."""
    index = SearchIndex()
    for number in range(3):
        at = NOW + timedelta(seconds=number)
        index.note(at, "1", Entry("1", {"lastName": f"n{number}"}, "", number + 1))
    seen = []
    for seconds in (1.9, 2, 3, 4, 5):
        index.catch_up(NOW + timedelta(seconds=seconds), 2)
        seen.append(index.entry("1").version if index.everything() else None)
    assert seen == [None, 1, 2, 3, 3]
    assert index.equal([Term("lastName", "n1")]) == []
    assert index.equal([Term("lastName", "n2")]) == ["1"]


def test_a_restored_record_is_found_again(sandbox: Sandbox) -> None:
    """What a PUT brings back from the trash is found again."""
    save(sandbox)
    call(sandbox, "DELETE", "v6/contacts/7001", params=KEYS)
    call(sandbox, "PUT", "v6/contacts/7001", params=KEYS, json={"lastName": "Roe"})
    assert ids(look(sandbox, {"lastName": "Roe"})) == ["7001"]


COMMITS = st.lists(
    st.tuples(
        st.sampled_from("123"),
        st.none() | st.text("ab ", max_size=4),
        st.integers(0, 3),
    )
)


@given(COMMITS, st.integers(0, 5))
def test_the_index_is_the_records_of_so_long_ago(
    commits: list[tuple[str, str | None, int]], delay: int
) -> None:
    """After any commits, what is found is what a look at each old enough record finds."""
    index, at, held = SearchIndex(), NOW, dict[str, str]()
    end = NOW + timedelta(seconds=sum(pause for _, _, pause in commits))
    for record_id, name, pause in commits:
        at += timedelta(seconds=pause)
        entry = None if name is None else Entry(record_id, {"lastName": name}, "")
        index.note(at, record_id, entry)
        if at + timedelta(seconds=delay) <= end:
            held.pop(record_id, None) if name is None else held.update({record_id: name})
    index.catch_up(end, delay)
    assert index.everything() == list(held)
    for name in ("a", "b", "a b", "ab"):
        term = Term("lastName", name)
        equal = [i for i in held if Term("", held[i]).words == term.words]
        shared = {i for i in held if {*Term("", held[i]).words} & {*term.words}}
        assert sorted(index.equal([term])) == sorted(equal)
        assert {*index.near([term], 9, but=equal)} == shared - {*equal}


def test_searches_do_not_scan() -> None:
    """A thousand searches by e-mail among ten thousand records take a few seconds at most."""
    index = SearchIndex()
    for number in range(10_000):
        record = {"lastName": "Doe", **mail(f"person{number}@example.com")}
        index.note(NOW, str(number), Entry(str(number), record, ""))
    began = time.monotonic()
    for number in range(1000):
        index.catch_up(NOW, 0)
        found = search(index, terms_of(mail(f"person{number}@example.com")), {}, near=5)
        assert found.entries[-1].id == str(number)
        assert found.count == 6
    assert time.monotonic() - began < 10


def test_a_term_is_read_as_words() -> None:
    """Words are letters and digits without regard to case; other signs part them."""
    assert Term("x", "Jane.Doe@Example.com").words == ("jane", "doe", "example", "com")
    assert Term(ANYWHERE, "Müller-ß_1").words == ("müller", "ss", "1")
    assert terms_of({"a": True, "b": [1, None, {"c": 2}], "d": {"e": 1}, "addresses": 5}) == [
        Term("a", "true"),
        Term("b", "1"),
    ]
