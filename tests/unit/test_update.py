"""Updates: what the source changed arrives, and nothing of people's is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_apptivo.apptivo import endpoints
from target_apptivo.apptivo.change import shown_after_create, shown_where_ours, still_differs
from target_apptivo.apptivo.content import changed_names, content_of, is_new, joined, part_held
from target_apptivo.apptivo.update import plan_change, update_request
from target_apptivo.errors import RecordRejectedError
from tests.update_model import LEAD, Source, custom, email, emails

Record = dict[str, Any]


# --- what is new ---------------------------------------------------------------------------------


def test_the_same_record_says_nothing_new() -> None:
    """Numbers count by value, objects and entries in any order; null and empty say nothing."""
    record = {
        "lastName": "Doe",
        "amount": 12.5,
        "accounts": [{"a": 1, "b": 2}],
        "emailAddresses": [email("a@x"), email("b@x")],
        "_sdc_batched_at": 1,
    }
    again = {
        "lastName": "Doe",
        "amount": 12.50,
        "accounts": [{"b": 2, "a": 1.0}],
        "emailAddresses": [email("b@x"), email("a@x"), email("a@x"), {"emailAddress": " "}],
        "_sdc_batched_at": 2,
        "firstName": None,
        "phoneNumbers": [],
        "jobTitle": " ",
    }
    assert not is_new(content_of(again), content_of(record))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"zip": "01234"}, {"zip": "1234"}),
        ({"zip": "1234"}, {"zip": 1234}),
        ({"flag": "Y"}, {"flag": True}),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}),
        ({"emailAddresses": [email("a@x")]}, {"emailAddresses": [email("a@x", "HOME")]}),
    ],
)
def test_a_change_at_the_source_is_seen_exactly(before: Record, after: Record) -> None:
    """What is loosely equal to Apptivo is a change all the same if the source made one."""
    assert changed_names(content_of(after), content_of(before)) == tuple(after)


def test_custom_attributes_count_one_by_one() -> None:
    """Each has a name of its own; those without an id count together."""
    payload = {"customAttributes": [custom("input_4_1", "a"), custom("input_4_2", ""), {"x": 1}]}
    assert set(content_of(payload)) == {"customAttributes.input_4_1", "customAttributes"}
    named = content_of(payload, update_nulls=True)
    assert "customAttributes.input_4_2" in named
    assert not changed_names({"a": named["customAttributes.input_4_2"]}, {})


def test_a_value_that_json_cannot_hold_rejects_the_record() -> None:
    """The attribute is named, its value is not."""
    with pytest.raises(RecordRejectedError, match="attribute 'a' holds a value that JSON"):
        content_of({"a": object()})


# --- plain attributes ----------------------------------------------------------------------------


def test_only_what_the_source_changed_is_named() -> None:
    """A person's edit of another attribute lives, and goes back as it was read."""
    source = Source().create({"lastName": "Doe", "jobTitle": "CFO"})
    source.apptivo.lead["jobTitle"] = "CEO, says a person"
    change = source.update({"lastName": "Roe", "jobTitle": "CFO"})
    assert (change.names, change.conflicts) == (("lastName",), ())
    assert change.changes == {"lastName": {"from": "Doe", "to": "Roe"}}
    assert change.data["jobTitle"] == source.apptivo.lead["jobTitle"] == "CEO, says a person"


@pytest.mark.parametrize(("on_conflict", "name"), [("overwrite", "Roe"), ("keep", "Poe")])
def test_a_conflict_is_decided_by_the_setting(on_conflict: str, name: str) -> None:
    """Both changed the name: it is told either way."""
    source = Source(on_conflict=on_conflict).create({"lastName": "Doe"})
    source.apptivo.lead["lastName"] = "Poe"
    change = source.update({"lastName": "Roe"})
    assert change.conflicts == ("lastName",)
    assert source.apptivo.lead["lastName"] == name


def test_what_was_kept_is_still_the_persons_at_the_next_change() -> None:
    """That we did not write it once does not make it ours."""
    source = Source(on_conflict="keep").create({"lastName": "Doe"})
    source.apptivo.lead["lastName"] = "Poe"
    for name in ("Roe", "Moe", "Zoe"):
        assert source.update({"lastName": name}).conflicts == ("lastName",)
    assert source.apptivo.lead["lastName"] == "Poe"
    source.apptivo.lead["lastName"] = "Doe"  # what we left there: the person took it back
    assert source.update({"lastName": "Loe"}).conflicts == ()
    assert source.apptivo.lead["lastName"] == "Loe"


def test_an_older_value_of_ours_is_a_persons_choice() -> None:
    """After an update of which nothing was seen, what was shown before it counts no more."""
    source = Source(on_conflict="keep").create({"lastName": "Doe"})
    source.update({"lastName": "Roe"}, is_seen=False)
    source.apptivo.lead["lastName"] = "Doe"
    assert source.update({"lastName": "Moe"}).conflicts == ("lastName",)


def test_how_apptivo_writes_our_value_is_no_conflict() -> None:
    """An amount that comes back as text is what we left there, seen or not."""
    for is_seen in (True, False):
        source = Source(on_conflict="keep").create({"amount": 12500}, is_seen=False)
        source.apptivo.lead["amount"] = "12500.00"
        if is_seen:
            source.shown = shown_after_create(
                content_of({"amount": 12500}), {"amount": 12500}, source.apptivo.shown
            )
        assert source.update({"amount": 13000}).conflicts == ()
        assert source.apptivo.lead["amount"] == 13000


def test_what_apptivo_holds_already_is_not_written() -> None:
    """Blanks, and a number as text, are no difference; case, zeros and booleans are."""
    held = {"a": "x", "b": 5, "c": "7", "d": "2024-01-01"}
    source = Source(taken={})
    source.apptivo.create({"a": " x", "b": "5.0", "c": 7, "d": "2024-01-01"})
    assert source.plan(held).is_nothing
    source.apptivo.create({"a": "X", "b": "05", "c": "007", "d": "Y", "e": 1, "f": ["a", "b"]})
    differs = {"a": "x", "b": "5", "c": "7", "d": True, "e": True, "f": ["a"]}
    assert source.plan(differs).names == tuple(differs)
    assert source.plan({"f": ["a", "b", "c"]}).names == ("f",)


@pytest.mark.parametrize("on_conflict", ["overwrite", "keep"])
def test_null_and_empty_are_never_written(on_conflict: str) -> None:
    """A source that loses its values takes none from Apptivo."""
    record = {
        "lastName": "Doe",
        "labels": ["a"],
        "emailAddresses": [email("a@x")],
        "customAttributes": [custom("input_4_1", "a")],
    }
    source = Source(on_conflict=on_conflict).create(record)
    before = source.apptivo.shown
    nothings: list[Any] = [None, "", [], {}]
    for nothing in nothings:
        assert source.update(dict.fromkeys(record, nothing)).is_nothing
    assert source.update({"labels": [None], "emailAddresses": [email(" ")]}).is_nothing
    assert source.update({"customAttributes": [custom("input_4_1", None)]}).is_nothing
    assert source.apptivo.lead == before


def test_with_update_nulls_what_we_wrote_is_cleared() -> None:
    """And only that: not what a person wrote where we never wrote anything."""
    source = Source(update_nulls=True).create({"lastName": "Doe", "jobTitle": "CFO"})
    source.apptivo.lead["description"] = "a person's"
    change = source.update({"lastName": "Doe", "jobTitle": None, "description": None})
    assert change.names == ("jobTitle",)
    assert source.apptivo.lead["jobTitle"] is None
    assert source.apptivo.lead["description"] == "a person's"
    assert source.update({"jobTitle": "COO"}).names == ("jobTitle",)


@pytest.mark.parametrize(("on_conflict", "title"), [("overwrite", None), ("keep", "a person's")])
def test_a_null_against_a_persons_edit_is_a_conflict(on_conflict: str, title: str | None) -> None:
    """Where we wrote, a person did, and the source has nothing any more."""
    source = Source(on_conflict=on_conflict, update_nulls=True).create({"jobTitle": "CFO"})
    source.apptivo.lead["jobTitle"] = "a person's"
    assert source.update({"jobTitle": ""}).conflicts == ("jobTitle",)
    assert (source.apptivo.lead["jobTitle"] or None) == title


def test_a_null_does_not_clear_what_was_only_found() -> None:
    """It was there before us: that it was equal does not make it ours."""
    source = Source(update_nulls=True)
    source.apptivo.create({"lastName": "Doe", "jobTitle": "CFO"})
    source.update({"lastName": "Doe", "jobTitle": "CFO"})
    assert source.update({"lastName": "Doe", "jobTitle": None}).is_nothing


def test_of_one_just_found_only_what_is_empty_is_filled_with_keep() -> None:
    """Lists that hold something are not added to either."""
    source = Source(on_conflict="keep")
    source.apptivo.create({"lastName": "Poe", "jobTitle": "", "emailAddresses": [email("p@x")]})
    record = {"lastName": "Doe", "jobTitle": "CFO", "emailAddresses": [email("d@x")]}
    record["phoneNumbers"] = [{"phoneNumber": "555"}]
    change = source.update(record)
    assert change.names == ("jobTitle", "phoneNumbers")
    assert change.conflicts == ("lastName", "emailAddresses")
    assert emails(source) == ["p@x"]


def test_of_one_just_found_what_differs_is_written_with_overwrite() -> None:
    """And what people's it replaces is named."""
    source = Source()
    source.apptivo.create({"lastName": "Poe", "jobTitle": "", "emailAddresses": [email("p@x")]})
    record = {"lastName": "Doe", "jobTitle": "CFO", "emailAddresses": [email("d@x")]}
    change = source.update(record)
    assert change.names == ("lastName", "jobTitle", "emailAddresses")
    assert change.conflicts == ("lastName",)
    assert emails(source) == ["p@x", "d@x"]


def test_the_id_and_version_of_the_source_are_not_apptivos() -> None:
    """An update goes to the object that was read, whatever the record holds."""
    source = Source().create({"lastName": "Doe"})
    change = source.update({"lastName": "Roe", "id": "1", "leadId": 1, "version": 99})
    assert change.names == ("lastName",)
    with pytest.raises(ValueError, match="another object"):
        update_request(LEAD, "8002", change)


def test_a_request_for_a_number_renumbers_nothing() -> None:
    """An object that was found has its number already."""
    source = Source()
    source.apptivo.create({"customerNumber": "1042"})
    assert source.update({"customerNumber": "Auto generated number"}).is_nothing
    source.apptivo.lead["customerNumber"] = ""
    source.taken = None
    change = source.plan({"customerNumber": "Auto generated number"})
    assert change.names == ("customerNumber",)
    assert not still_differs(change, {"customerNumber": "1043"})


def test_objects_and_other_arrays_are_one_value() -> None:
    """What Apptivo adds to them is no difference; what the source takes out of them is one."""
    source = Source().create({"accounts": [{"a": 1, "b": 2}], "address": {"x": {"y": 1}}})
    assert source.update({"accounts": [{"a": 1}]}).names == ("accounts",)
    source.apptivo.lead["accounts"][0]["accountId"] = 7
    source.taken = None
    assert source.update({"accounts": [{"a": 1}]}).is_nothing
    assert source.update({"accounts": [{"a": 2}]}).conflicts == ()


def test_an_addition_to_an_object_of_ours_is_somebodys() -> None:
    """What was seen of an object tells its additions from Apptivo's own."""
    source = Source(on_conflict="keep").create({"place": {"room": 1}})
    source.apptivo.lead["place"]["note"] = "a person's"
    assert source.update({"place": {"room": 2}}).conflicts == ("place",)


# --- custom attributes ---------------------------------------------------------------------------


def test_one_custom_attribute_is_changed_and_the_others_stay() -> None:
    """Its id is listed; what describes it stays, its value goes whole."""
    entries = [custom("input_4_1", "a"), custom("input_4_2", "b")]
    source = Source().create({"customAttributes": entries})
    for entry in source.apptivo.lead["customAttributes"]:
        entry["attributeTag"] = "text"
    source.apptivo.lead["customAttributes"].append(custom("select_4_9", "a person's"))
    change = source.update({"customAttributes": [custom("input_4_1", "A"), entries[1]]})
    assert (change.names, change.custom_ids) == (("customAttributes.input_4_1",), ("input_4_1",))
    assert change.changes == {"customAttributes.input_4_1": {"from": "a", "to": "A"}}
    values = [each["customAttributeValue"] for each in source.apptivo.lead["customAttributes"]]
    assert values == ["A", "b", "a person's"]
    assert len(change.data["customAttributes"]) == 3


def test_a_new_custom_attribute_is_added() -> None:
    """Also where there was none at all."""
    source = Source().create({"lastName": "Doe"})
    source.update({"customAttributes": [custom("input_4_1", "a")]})
    assert [each["customAttributeId"] for each in source.apptivo.lead["customAttributes"]] == [
        "input_4_1"
    ]


def test_a_chosen_option_goes_with_its_id() -> None:
    """No id of the option chosen before stays behind under the new label."""
    gold = {**custom("select_4_9", "Gold"), "customAttributeValueId": "V1"}
    source = Source().create({"customAttributes": [gold]})
    change = source.plan({"customAttributes": [custom("select_4_9", "Silver")]})
    assert "customAttributeValueId" not in change.data["customAttributes"][0]


def test_checked_options_are_told_by_their_labels() -> None:
    """In any order; one less is a change."""
    red, blue = {"attributeId": "1", "attributeValue": "Red"}, {"attributeId": "2"}
    entry = {**custom("check_4_7", ""), "attributeValues": [red, blue]}
    source = Source().create({"customAttributes": [entry]})
    turned = {**entry, "attributeValues": [blue, red]}
    assert source.update({"customAttributes": [turned]}).is_nothing
    change = source.update({"customAttributes": [{**entry, "attributeValues": [red]}]})
    assert change.changes == {"customAttributes.check_4_7": {"from": ["2", "Red"], "to": ["Red"]}}


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"customAttributes": [{"customAttributeValue": "a"}]}, {}),
        ({"customAttributes": "a"}, {}),
        ({"emailAddresses": ["a@x"]}, {}),
        ({"emailAddresses": [email("a@x")]}, {"emailAddresses": "p@x"}),
        ({"customAttributes": [custom("input_4_1", "a")]}, {"customAttributes": {"a": 1}}),
    ],
)
def test_a_list_that_cannot_be_taken_apart_rejects_the_record(
    payload: Record, found: Record
) -> None:
    """Nobody knows which of its entries are whose."""
    source = Source(taken={})
    source.apptivo.create({})
    source.apptivo.lead |= found
    with pytest.raises(RecordRejectedError, match=f"attribute '{next(iter(payload))}' cannot be"):
        source.plan(payload)


# --- answers, lost and seen ----------------------------------------------------------------------


@pytest.mark.parametrize("is_taken", [True, False])
@pytest.mark.parametrize("next_one", ["a", "b", "c"])
def test_an_update_that_was_cut_off_is_no_strangers_work(next_one: str, *, is_taken: bool) -> None:
    """Whether it was taken or not, and whatever the source says now: ours is what it says."""

    def record(letter: str) -> Record:
        customs = [custom("input_4_1", letter)]
        mails = [email(f"{letter}@x"), email("same@x")]
        return {"lastName": letter, "customAttributes": customs, "emailAddresses": mails}

    source = Source(on_conflict="keep").create(record("a"))
    source.apptivo.add("emailAddresses", email("person@x"))
    source.is_cut_off(record("b"), is_taken=is_taken)
    change = source.update(record(next_one))
    assert change.conflicts == ()
    assert source.apptivo.lead["lastName"] == next_one
    assert source.apptivo.lead["customAttributes"][0]["customAttributeValue"] == next_one
    assert emails(source) == [f"{next_one}@x", "same@x", "person@x"]
    assert source.plan(record(next_one)).is_nothing


def test_updates_that_were_cut_off_one_after_another_are_all_ours() -> None:
    """Whichever of them was taken."""
    for taken in ("b", "c", ""):
        source = Source(on_conflict="keep").create({"lastName": "a"})
        for name in ("b", "c"):
            source.is_cut_off({"lastName": name}, is_taken=name == taken)
        assert source.update({"lastName": "d"}).conflicts == ()
        assert source.apptivo.lead["lastName"] == "d"


def test_a_create_that_was_cut_off_and_is_found_is_ours() -> None:
    """What it intended is what it wrote."""
    record = {"lastName": "a", "emailAddresses": [email("a@x")]}
    source = Source(on_conflict="keep", update_nulls=True).create(record)
    source.shown = shown_where_ours(content_of(record), {})
    change = source.update({"lastName": None, "emailAddresses": [email("b@x")]})
    assert (change.names, change.conflicts) == (("lastName", "emailAddresses"), ())
    assert shown_where_ours(content_of({"jobTitle": None}, update_nulls=True), {}) == {}
    assert emails(source) == ["b@x"]


def test_what_was_cut_off_is_ours_when_the_record_says_nothing_of_it() -> None:
    """It is remembered for the time when it does."""
    source = Source(on_conflict="keep").create({"lastName": "a"})
    source.is_cut_off({"lastName": "b"}, is_taken=True)
    source.update({"jobTitle": "x"})
    assert source.update({"lastName": "c"}).conflicts == ()


def test_a_persons_edit_after_a_cut_off_update_stays() -> None:
    """The source has its old value again: there is nothing of ours to take back."""
    source = Source().create({"lastName": "Doe"})
    source.is_cut_off({"lastName": "Roe"}, is_taken=True)
    source.apptivo.lead["lastName"] = "Poe"
    assert source.update({"lastName": "Doe"}).is_nothing


def test_what_an_answer_does_not_show_still_differs() -> None:
    """By name, for a second look."""
    record = {"lastName": "Doe", "emailAddresses": [email("a@x")]}
    source = Source().create(record)
    change = source.plan({"lastName": "Roe", "emailAddresses": [email("b@x")]})
    assert still_differs(change, source.apptivo.shown) == ("lastName", "emailAddresses")
    assert still_differs(change, None) == ("lastName", "emailAddresses")
    assert still_differs(change, source.send(change)) == ()
    cleared = Source(source.apptivo, update_nulls=True, taken=source.taken, shown=source.shown)
    nulls = cleared.plan({"lastName": None})
    assert still_differs(nulls, {"lastName": "Roe"}) == ("lastName",)
    assert still_differs(nulls, {"lastName": ""}) == ()


# --- the request ---------------------------------------------------------------------------------


def test_the_request_is_a_form_with_the_whole_object() -> None:
    """In both styles, with the stream's headers but for its content type."""
    source = Source().create({"lastName": "Doe", "customAttributes": [custom("input_4_1", "a")]})
    change = source.plan({"lastName": "Roe", "customAttributes": [custom("input_4_1", "b")]})
    headers = (("content-type", "application/json"), ("X-Team", "crm"))
    request = update_request(LEAD, "8001", change, headers)
    assert (request.method, request.url, request.query) == ("POST", "v6/leads", ())
    assert request.headers == (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Team", "crm"),
    )
    assert dict(request.form or ()) == {
        "a": "update",
        "leadId": "8001",
        "objectId": "4",
        "attributeNames": '["lastName","customAttributes"]',
        "attributeIds": '["input_4_1"]',
        "isCustomAttributesUpdate": "true",
        "isAddressUpdate": "false",
        "isEmailAddressUpdate": "false",
        "leadData": json.dumps(change.data, separators=(",", ":")),
    }


def test_a_case_is_named_in_the_singular_and_its_links_twice() -> None:
    """The name caseCustomer goes with caseCustNew, once."""
    found = {"id": "6001", "caseId": 6001, "caseCustomer": "Acme", "caseCustomerId": 555}
    payload = {"caseCustomer": "Best", "caseCustomerId": 556}
    change = plan_change(
        endpoints.CREATE_CASE,
        payload,
        taken=content_of(found),
        shown={},
        intended={},
        found=found,
        on_conflict="overwrite",
        update_nulls=False,
    )
    form = dict(update_request(endpoints.CREATE_CASE, "6001", change).form or ())
    assert form["attributeName"] == '["caseCustomer","caseCustomerId","caseCustNew"]'
    assert (form["objectId"], form["appId"]) == ("59", "59")
    assert change.names == ("caseCustomer", "caseCustomerId")


def test_what_is_found_for_a_lost_create_is_ours_only_where_it_shows_it() -> None:
    """Another value there is somebody else's: it is not cleared, whatever the source empties."""
    record = {"lastName": "a", "jobTitle": "b", "companyName": "c"}
    source = Source(update_nulls=True).create(record)
    found = {"lastName": "a", "jobTitle": "theirs"}
    source.shown = shown_where_ours(content_of(record), found)
    assert source.shown.keys() == {"lastName", "companyName"}
    source.apptivo.lead["jobTitle"] = "theirs"
    assert source.update({"lastName": None, "jobTitle": None}).names == ("lastName",)
    assert source.apptivo.lead["jobTitle"] == "theirs"


def test_of_several_intentions_the_one_is_remembered_that_is_there() -> None:
    """What may be one of two is neither, once the object shows which."""
    first, second = content_of({"x": "1.0"})["x"], content_of({"x": "b"})["x"]
    both = joined({"x": first}, {"x": second})["x"]
    assert part_held(both, "b") == second
    assert part_held(both, 1) == first
    assert part_held(both, "c") == both
