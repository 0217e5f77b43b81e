"""The fields of an account: read in every form, found by their names, and filled."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from target_apptivo.apptivo.fields.binding import bind
from target_apptivo.apptivo.fields.configuration import APPS, Unreadable, read_configuration
from target_apptivo.apptivo.fields.dates import is_date_pattern, read_date, write_date
from target_apptivo.apptivo.fields.field import Field, Fields, Option, Several
from target_apptivo.apptivo.fields.names import folded, nearest
from target_apptivo.apptivo.fields.people import Person
from target_apptivo.apptivo.request import without
from target_apptivo.errors import RecordRejectedError, SettingsError
from target_apptivo.sandbox.apps import V6_APPS
from target_apptivo.sandbox.config_data import config_data

SAM = Person(101, "Sam Agent", "sam.agent@example.com")


def account(app: str = "leads", **more: Any) -> Fields:  # noqa: ANN401 - keys of a configuration
    """The fields of one of the sandbox's apps."""
    read = read_configuration(app, {**config_data(V6_APPS[app]), **more})
    assert isinstance(read, Fields)
    return read


def layout(*attributes: object) -> dict[str, Any]:
    """A configuration of one section, as an object and not as text."""
    return {"webLayout": {"sections": [{"attributes": list(attributes)}]}}


def read(*attributes: object, app: str = "leads", **more: Any) -> Fields:  # noqa: ANN401
    """Read a configuration of these attributes."""
    fields = read_configuration(app, {**layout(*attributes), **more})
    assert isinstance(fields, Fields)
    return fields


def filled(
    fields: dict[str, str],
    record: dict[str, Any],
    app: str = "leads",
    known: Fields | None = None,
) -> dict[str, Any]:
    """Give the payload of a record by the fields of an account."""
    binding = bind(known or account(app), fields, "streams.x.fields")
    people = {filling.name: SAM for filling, _ in binding.people_in(record)}
    return binding.fill(record, people).over(record)


def custom(payload: dict[str, Any]) -> dict[str, Any]:
    """The one custom attribute of a payload."""
    (entry,) = payload["customAttributes"]
    assert isinstance(entry, dict)
    return entry


# -- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("envelope", ["", "data", "responseObject"])
def test_the_layout_comes_as_text_or_as_an_object(app: str, envelope: str) -> None:
    """Flat or in an envelope, as JSON text or as what it says: the fields are the same."""
    config = config_data(V6_APPS[app])
    as_object = {**config, "webLayout": json.loads(config["webLayout"])}
    twice = {**config, "webLayout": json.dumps(config["webLayout"])}
    answers = [{envelope: each} if envelope else each for each in (config, as_object, twice)]
    found = {repr(read_configuration(app, answer)) for answer in answers}
    assert len(found) == 1
    assert "Unreadable" not in found.pop()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"webLayout": None},
        {"webLayout": "{"},
        {"webLayout": "[]"},
        {"webLayout": "{}"},
        {"webLayout": '{"sections": {}}'},
        {"webLayout": "[" * 100_000},
        {"webLayout": 7},
    ],
)
def test_a_layout_that_cannot_be_read_is_not_one_without_fields(config: dict[str, Any]) -> None:
    """Else every field would be unknown, and the reason hidden."""
    assert isinstance(read_configuration("leads", config), Unreadable)
    assert isinstance(read_configuration("leads", layout()), Fields)


def test_every_form_of_attribute_is_read() -> None:
    """Labels as objects, JSON text and text; tags beside and to the right; types by the id."""
    fields = read(
        {"attributeId": "a_attr", "attributeTag": "input", "tagName": "a", "type": "Standard",
         "label": '{"modifiedLabel": "A!", "originalLabel": "A"}', "mandatory": "Y"},
        {"attributeId": "select_4_9", "type": "Custom", "label": {"originalLabel": "B"},
         "right": [{"tag": "select", "tagName": "b", "tagId": "b_id", "optionValueList": [
             {"optionId": "V1", "optionObject": "One"}, {"optionId": "Two", "optionObject": "Two"},
             {"optionId": "V3", "optionObject": "Off", "isEnabled": "N"}]}]},
        {"attributeId": "radio_4_1", "type": "Custom", "label": "C",
         "right": [{"tag": "radio", "tagName": "c", "tagId": "c_id", "options": ["x", "", 7]}]},
        {"attributeId": "number_4_2", "label": {"modifiedLabel": "D"}},
        {"attributeId": "cust_attr_99", "label": {"modifiedLabel": "E"}},
        {"attributeId": "s", "type": "spacer"}, {"type": "placeholder"}, {"right": 3}, {},
        {"attributeId": "off", "tagName": "off", "label": "Off", "isEnabled": "false"},
        {"attributeId": "address_section", "addressGroupName": "Address2", "addressList": [
            {"attributeId": "city_attr", "tagName": "city", "label": "Town"},
            {"attributeId": "zip_attr", "tagName": "zipCode", "label": "Zip", "isEnabled": False}]},
    )  # fmt: skip
    told = [(f.label, f.name, f.id, f.kind, f.type, f.mandatory) for f in fields.fields]
    assert told == [
        ("A!", "a", "a_attr", "standard", "input", True),
        ("B", "b", "select_4_9", "custom", "select", False),
        ("C", "c", "radio_4_1", "custom", "radio", False),
        ("D", "number_4_2", "number_4_2", "custom", "number", False),
        ("E", "cust_attr_99", "cust_attr_99", "custom", "", False),
        ("Town", "city", "city_attr", "standard", "address", False),
    ]
    assert fields.fields[1].options == (Option("V1", "One"), Option("b_id", "Two"))
    assert fields.fields[2].options == (Option("c_id", "x"), Option("c_id", "7"))
    assert {"off", "zip"} <= fields.disabled


def test_a_section_that_is_off_has_no_fields() -> None:
    """What is not on the screen cannot be used."""
    off = {"isEnabled": False, "attributes": [{"attributeId": "x", "tagName": "x"}]}
    fields = read_configuration("leads", {"webLayout": {"sections": [off, 7]}})
    assert isinstance(fields, Fields)
    assert fields.fields == ()


def test_picklists_stand_in_lists_of_their_own() -> None:
    """Ids are the numbers that they are in the list; what is switched off is not offered."""
    statuses = [
        {"statusId": 7, "statusName": "Open", "statusCode": "OPEN", "isEnabled": "Y"},
        {"statusId": 8, "statusName": "Gone", "isEnabled": "N"},
    ]
    attribute = {"attributeId": "s", "tagName": "caseStatus", "attributeTag": "select"}
    (field,) = read(attribute, app="cases", statuses=statuses).fields
    assert field.options == (Option(7, "Open", "OPEN"),)


# -- finding --------------------------------------------------------------------------------------


def test_a_field_is_found_by_id_then_name_then_label() -> None:
    """In this order, without regard to case and accents; what is alike to the letter goes first."""
    fields = read(
        {"attributeId": "one", "tagName": "two", "label": "three"},
        {"attributeId": "two", "tagName": "three", "label": "Régime Nº"},
        {"attributeId": "four", "tagName": "five", "label": "three"},
        {"attributeId": "six", "tagName": "seven", "label": "REGIME NO"},
    )
    by_id, by_name = fields.find(" TWO "), fields.find("Three")
    assert isinstance(by_id, Field)
    assert by_id.id == "two"
    assert isinstance(by_name, Field)
    assert by_name.id == "two"
    exact = fields.find("REGIME NO")
    assert isinstance(exact, Field)
    assert exact.id == "six"
    assert isinstance(fields.find("regime no"), Several)
    assert fields.find("nothing") is None


def test_marks_that_are_no_accents_tell_words_apart() -> None:
    """A Thai word without its tone mark is another word."""
    assert folded("Téléphone  Nº") == folded("telephone no")
    assert folded("ขาว") != folded("ข่าว")
    assert nearest("เบอร์โทร", ["เบอร์โทรศัพท์", "อีเมล"]) == ["เบอร์โทรศัพท์"]


# -- filling: shapes by kind ----------------------------------------------------------------------


def test_a_flat_row_becomes_a_full_lead() -> None:
    """What the README shows: names as people see them, and nothing sent under its own name."""
    record = {
        "name": "Doe", "email": "jane@example.com", "mobile": "555", "source": "trade fair",
        "vat_id": "12-3", "owner_email": "sam.agent@example.com", "description": "kept",
    }  # fmt: skip
    fields = {
        "Last Name": "name", "Email": "email", "Mobile Phone": "mobile", "Lead Source": "source",
        "Tax No": "vat_id", "Assigned To": "owner_email",
    }  # fmt: skip
    assert filled(fields, record) == {
        "description": "kept",
        "lastName": "Doe",
        "emailAddresses": [
            {
                "emailAddress": "jane@example.com",
                "emailType": "Business",
                "emailTypeCode": "BUSINESS",
                "id": "cont_email_input",
            }
        ],
        "phoneNumbers": [
            {
                "phoneNumber": "555",
                "phoneType": "Mobile",
                "phoneTypeCode": "PHONE_MOBILE",
                "id": "lead_phone_input",
            }
        ],
        "leadSource": 2,
        "leadSourceMeaning": "Trade Fair",
        "assigneeObjectRefName": "Sam Agent",
        "assigneeObjectRefId": 101,
        "assigneeObjectId": 8,
        "customAttributes": [
            {
                "input_1510_tag": "12-3",
                "customAttributeId": "input_4_32",
                "customAttributeType": "input",
                "customAttributeName": "input_1510_tag",
                "customAttributeTagName": "input_1510_tag",
                "customAttributeValue": "12-3",
                "fieldType": "NUMBER",
                "attributeValues": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "code", "number"),
    [
        ("emailAddress", "BUSINESS", "emailAddresses"),
        ("emailAddress:HOME", "HOME", "emailAddresses"),
        ("Email:home", "HOME", "emailAddresses"),
        ("Home E-mail", "HOME", "emailAddresses"),
        ("phoneNumber:PHONE_MOBILE", "PHONE_MOBILE", "phoneNumbers"),
        ("Telephone:mobile", "PHONE_MOBILE", "phoneNumbers"),
        ("mobile telephone", "PHONE_MOBILE", "phoneNumbers"),
        ("phoneNumbers", "PHONE_BUSINESS", "phoneNumbers"),
    ],
)
def test_a_type_is_named_behind_a_colon_or_before_a_word(name: str, code: str, number: str) -> None:
    """By code, name or id; without one it is the account's first."""
    (entry,) = filled({name: "x"}, {"x": " a@b.c "})[number]
    assert code in entry.values()
    assert "a@b.c" in entry.values()


def test_entries_of_a_list_stand_one_after_another() -> None:
    """Several fields of one list, and a list of values."""
    record = {"a": "a@x.com", "b": ["b@x.com", "", "c@x.com"]}
    payload = filled({"Email": "a", "emailAddress:HOME": "b"}, record)
    told = [(each["emailAddress"], each["emailType"]) for each in payload["emailAddresses"]]
    assert told == [("a@x.com", "Business"), ("b@x.com", "Home"), ("c@x.com", "Home")]


def test_an_account_without_types_gets_entries_without_them() -> None:
    """A number alone is what is left to send."""
    payload = filled({"phoneNumber": "x"}, {"x": "5"}, known=account(phoneTypes=None))
    assert payload["phoneNumbers"] == [{"phoneNumber": "5", "id": "lead_phone_input"}]


@pytest.mark.parametrize(
    ("app", "label", "value", "expected"),
    [
        ("customers", "Status", "inactive", {"statusName": "Inactive", "statusId": 10001}),
        ("customers", "Status", 10000, {"statusName": "Active", "statusId": 10000}),
        ("customers", "Payment Term", "Net 60", {"paymentTerm": "Net 60"}),
        ("contacts", "Status", "Active", {"contactStatusName": "Active", "contactStatusId": 10000}),
        ("cases", "Priority", "HIGH", {"casePriority": "High", "casePriorityId": 31}),
        ("cases", "Type", "Question", {"caseType": "Question", "caseTypeId": 22}),
        ("cases", "Due", "2026-02-03T23:59:00Z", {"needByDate": "02/03/2026"}),
        ("cases", "Email", "a@b.c", {"caseEmail": "a@b.c"}),
        ("leads", "Rank", "hot", {"leadRank": 1, "leadRankMeaning": "Hot"}),
        ("opportunities", "Sales Stage", 42, {"salesStageName": "Proposal", "salesStageId": 42}),
        ("opportunities", "Amount", "12.50", {"amount": Decimal("12.50")}),
        ("opportunities", "Probability", 5, {"probability": 5}),
        ("opportunities", "Close Date", dt.date(2026, 2, 3), {"closeDate": "02/03/2026"}),
        ("customers", "Client No", 1042, {"customerNumber": "1042"}),
    ],
)
def test_standard_fields_are_shaped_by_kind(
    app: str, label: str, value: object, expected: dict[str, Any]
) -> None:
    """Pairs of label and id, dates as the account writes them, numbers, text."""
    assert filled({label: "x"}, {"x": value}, app) == expected


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        ("Colour", 7, {"customAttributeValue": "7", "input_1500_tag": "7"}),
        ("Directions", "a\nb", {"customAttributeValue": "a\nb"}),
        ("Machines", "3", {"customAttributeValue": "3", "numberValue": 3}),
        ("Budget", 9.5, {"customAttributeValue": "9.5", "numberValue": Decimal("9.5")}),
        ("Next Visit", "2026-02-03", {"customAttributeValue": "02/03/2026"}),
        (
            "Service Level",
            "gold",
            {"customAttributeValue": "Gold", "customAttributeValueId": "VALUE_1501_3"},
        ),
        (
            "Invoice By",
            "Post",
            {
                "customAttributeValue": "Post",
                "customAttributeValueId": "radio_1508_tag_id",
                "attributeValues": [{"attributeId": "radio_1508_tag_id", "attributeValue": "Post"}],
            },
        ),
        (
            "Interests",
            ["Red", "blue", "Red"],
            {
                "customAttributeValue": "",
                "attributeValues": [
                    {"attributeId": "VALUE_1504_1", "attributeValue": "Red"},
                    {"attributeId": "VALUE_1504_3", "attributeValue": "Blue"},
                ],
            },
        ),
        ("Roasts", "Light, VALUE_1507_3", {"customAttributeValue": ""}),
    ],
)
def test_custom_attributes_are_shaped_by_type(
    label: str, value: object, expected: dict[str, Any]
) -> None:
    """Entries as MT sends them (docs/apptivo.md 8.1)."""
    entry = custom(filled({label: "x"}, {"x": value}))
    assert entry.items() >= expected.items()


def test_an_amount_is_in_the_accounts_currency() -> None:
    """Where the account says which it is."""
    known = account(currencyCode="THB")
    assert custom(filled({"Budget": "x"}, {"x": 1}, known=known))["currencyCode"] == "THB"


def test_one_box_takes_yes_and_no() -> None:
    """Yes is its only option; no is nothing to send."""
    right = {"tag": "check", "tagName": "t", "tagId": "t_id", "options": ["Yes"]}
    attribute = {"attributeId": "check_4_1", "label": "Agreed", "right": [right]}
    known = read(attribute)
    entry = custom(filled({"Agreed": "x"}, {"x": True}, known=known))
    assert entry["attributeValues"] == [{"attributeId": "t_id", "attributeValue": "Yes"}]
    assert filled({"Agreed": "x"}, {"x": False}, known=known) == {}


def test_yes_and_no_of_a_standard_field_are_letters() -> None:
    """Y and N, as payloads have them (docs/apptivo.md 8.7)."""
    known = read({"attributeId": "u", "tagName": "isUnsubscribed", "attributeTag": "check"})
    assert filled({"u": "x"}, {"x": True}, known=known) == {"isUnsubscribed": "Y"}
    assert filled({"u": "x"}, {"x": "no"}, known=known) == {"isUnsubscribed": "N"}


def test_the_parts_of_an_address_are_one_entry() -> None:
    """By the group on the screen and the type; another type is another address."""
    record = {"s": "Main St 1", "c": "Town", "o": "Elsewhere"}
    fields = {"Street": "s", "City": "c", "City:Shipping Address": "o"}
    place = {"addressAttributeId": "address_section_attr_id", "addressGroupName": "Address1"}
    assert filled(fields, record)["addresses"] == [
        {
            **place,
            "addressType": "Billing Address",
            "addressTypeCode": "1",
            "addressLine1": "Main St 1",
            "city": "Town",
        },
        {
            **place,
            "addressType": "Shipping Address",
            "addressTypeCode": "2",
            "city": "Elsewhere",
        },
    ]


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, ...])
def test_nothing_is_left_out(value: object) -> None:
    """Null, empty and missing values send nothing, and clear nothing."""
    record = {} if value is ... else {"x": value}
    fields = {"Email": "x", "Tax No": "x", "Lead Source": "x", "Assigned To": "x", "City": "x"}
    assert filled(fields, record) == {}


def test_fields_win_over_attributes_of_their_names() -> None:
    """Custom attributes that the record brings along stay, but for one of the same id."""
    others = [{"customAttributeId": "input_4_30"}, {"customAttributeId": "input_4_32", "x": 1}]
    record = {
        "a": "Doe", "lastName": "old", "emailAddresses": [1], "e": "a@b.c",
        "leadSource": 9, "leadSourceMeaning": "old", "s": "Website",
        "customAttributes": others, "t": "12", "companyName": "kept",
    }  # fmt: skip
    fields = {"lastName": "a", "Email": "e", "Lead Source": "s", "Tax No": "t"}
    payload = filled(fields, record)
    assert payload["lastName"] == "Doe"
    assert payload["leadSource"] == 3
    assert payload["companyName"] == "kept"
    assert [each["emailAddress"] for each in payload["emailAddresses"]] == ["a@b.c"]
    ids = [each["customAttributeId"] for each in payload["customAttributes"]]
    assert ids == ["input_4_30", "input_4_32"]
    assert payload["customAttributes"][1]["customAttributeValue"] == "12"


def test_a_nested_attribute_fills_a_field() -> None:
    """An object of which everything is used is not sent empty; the record stays as it is."""
    record = {"org": {"name": "X"}, "more": {"a": 1, "b": "y"}, "none": {}}
    before = json.dumps(record)
    payload = filled({"Firm": "org.name", "First Name": "more.b"}, record)
    assert payload == {"companyName": "X", "firstName": "y", "more": {"a": 1}, "none": {}}
    assert json.dumps(record) == before
    assert without(record, ["org.name"])["org"] == {}


# -- what cannot be filled ------------------------------------------------------------------------


def problem(fields: dict[str, str], app: str = "leads", known: Fields | None = None) -> str:
    """What is said of fields that cannot be used."""
    with pytest.raises(SettingsError) as caught:
        bind(known or account(app), fields, "streams.people.fields")
    return str(caught.value)


@pytest.mark.parametrize(
    ("app", "name", "said"),
    [
        ("leads", "Tax Nr", "is no field of leads in this account; nearest: 'Tax No'"),
        ("leads", "Best Way To Contact", "switched off in Apptivo"),
        ("leads", "emailAddress:WORK", "type that Email (emailaddresses_attr) does not have"),
        ("leads", "Last Name:HOME", "names a type, which only"),
        ("contacts", "Client", "is a link to another object"),
        ("cases", "emailAddress", "is no field of cases"),
        ("leads", "phoneNumber:PHONE_MOBIL", "nearest: 'PHONE_MOBILE'"),
    ],
)
def test_a_field_that_cannot_be_used_is_a_settings_error(app: str, name: str, said: str) -> None:
    """The message starts with the setting's path, and names the nearest."""
    message = problem({name: "x"}, app)
    assert message.startswith(f"streams.people.fields.{name}: ")
    assert said in message


def test_a_label_that_two_fields_share_lists_both_ids() -> None:
    """Disabled ones make no label shared."""

    def same(number: int, **more: object) -> dict[str, Any]:
        return {"attributeId": f"input_4_{number}", "label": "Code", **more}

    known = read(same(1), same(2), same(3, isEnabled=False))
    message = problem({"code": "x"}, known=known)
    assert "input_4_1" in message
    assert "input_4_2" in message
    assert "input_4_3" not in message
    alone = read(same(1), same(3, isEnabled=False))
    assert bind(alone, {"code": "x"}, "p").fillings[0].field.id == "input_4_1"


def test_a_field_is_filled_once() -> None:
    """By its id and by its label it is the same."""
    assert "names the same field as 'Tax No'" in problem({"Tax No": "a", "input_4_32": "b"})
    assert "names the same field" in problem({"City": "a", "City:Billing Address": "b"})


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ({"attributeId": "table_4_1", "right": [{"tag": "counter"}]}, "no shape is known"),
        ({"attributeId": "cust_attr_9"}, "no shape is known"),
        ({"attributeId": "select_4_1"}, "whose values the configuration does not show"),
        ({"attributeId": "multiSelect_4_1"}, "whose values the configuration does not show"),
        ({"attributeId": "date_4_1"}, "how the account writes dates is not known"),
        ({"attributeId": "x", "tagName": "way", "attributeTag": "select"}, "does not show"),
        ({"attributeId": "x", "tagName": "acc", "attributeTag": "reference"}, "is a link"),
        ({"attributeId": "x", "tagName": "m", "attributeTag": "multiSelect"}, "no shape is known"),
    ],
)
def test_a_field_without_a_known_shape_cannot_be_used(attribute: dict[str, Any], said: str) -> None:
    """Rather than sending what Apptivo would drop."""
    assert said in problem({attribute["attributeId"]: "x"}, known=read(attribute))


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Lead Source", "websit", "has no such value; nearest: 'Website'"),
        ("Lead Source", "?", "has no such value; there is 'Cold Call', 'Trade Fair', 'Website', …"),
        ("Lead Source", ["Website"], "takes a single value"),
        ("Service Level", "Golt", "nearest: 'Gold'"),
        ("Interests", ["Red", "Geen"], "nearest: 'Green'"),
        ("Machines", "three", "takes a number"),
        ("Machines", True, "takes a number"),
        ("Machines", "1e999999", "takes a number"),
        ("Machines", "NaN", "takes a number"),
        ("Next Visit", "03/02/2026", "takes an ISO date"),
        ("Next Visit", "2026-02-30", "takes an ISO date"),
        ("Tax No", {"a": 1}, "takes a single value"),
        ("Email", [["a"]], "takes a single value"),
        ("Assigned To", 7, "takes the e-mail or the name of a person"),
    ],
)
def test_a_value_that_does_not_do_rejects_the_record(label: str, value: object, said: str) -> None:
    """The reason names field, attribute and the nearest, and holds no value of the record."""
    with pytest.raises(RecordRejectedError) as caught:
        filled({label: "x"}, {"x": value})
    message = str(caught.value)
    assert message.startswith(f"field '{label}' (attribute 'x') ")
    assert said in message
    assert not isinstance(value, str) or f"'{value}'" not in message


def test_a_label_that_two_options_share_is_named_by_its_id() -> None:
    """Guessing would write the wrong one."""
    known = account(leadSources=[{"id": 1, "name": "Web"}, {"id": 2, "name": "web"}])
    assert filled({"Lead Source": "x"}, {"x": "web"}, known=known)["leadSource"] == 2
    assert filled({"Lead Source": "x"}, {"x": 1}, known=known)["leadSource"] == 1
    with pytest.raises(RecordRejectedError, match="several times: name an id, '1', '2'"):
        filled({"Lead Source": "x"}, {"x": "WEB"}, known=known)


# -- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("MM/dd/yyyy", "02/03/2026"),
        ("dd/MM/yyyy", "03/02/2026"),
        ("yyyy-MM-dd", "2026-02-03"),
        ("d.M.yy", "3.2.26"),
        ("dd-MMM-yyyy", "03-Feb-2026"),
        ("MMMM d, yyyy", "February 3, 2026"),
        ("yyyy'年'M'月'd'日'", "2026年2月3日"),
    ],
)
def test_a_date_is_written_by_the_accounts_pattern(pattern: str, text: str) -> None:
    """Day, month and year, in whatever order."""
    assert is_date_pattern(pattern)
    assert write_date(dt.date(2026, 2, 3), pattern) == text


@pytest.mark.parametrize("pattern", ["", "MM/dd", "dd/MM/yyyy HH:mm", "DD/MM/YYYY", "ddd MM yyyy"])
def test_what_writes_no_whole_date_is_no_pattern(pattern: str) -> None:
    """Then a date field cannot be used."""
    assert not is_date_pattern(pattern)


@pytest.mark.parametrize(
    "value", ["2026-02-03", "2026-02-03T10:00:00+07:00", "2026-02-03 10:00", dt.date(2026, 2, 3)]
)
def test_the_date_is_that_which_is_written(value: object) -> None:
    """In whatever zone: the source says which day it is there."""
    assert read_date(value) == dt.date(2026, 2, 3)
