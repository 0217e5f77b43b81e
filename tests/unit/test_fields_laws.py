"""Laws of fields: no configuration crashes, and what is shaped can be read back."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.content import content_of
from target_apptivo.apptivo.custom import told_value
from target_apptivo.apptivo.fields.binding import bind
from target_apptivo.apptivo.fields.configuration import APPS, Unreadable, read_configuration
from target_apptivo.apptivo.fields.field import Field, Fields, Several
from target_apptivo.apptivo.fields.names import folded
from target_apptivo.apptivo.values import is_empty
from target_apptivo.errors import RecordRejectedError, SettingsError
from target_apptivo.jsontext import dumps
from target_apptivo.sandbox.apps import V6_APPS
from target_apptivo.sandbox.config_data import config_data
from target_apptivo.trial.fields import fields_table

# -- odd configurations ---------------------------------------------------------------------------

LABELS = ["Email", "E-Mail", "โทรศัพท์", "Code", "", " ", "Été", "x" * 300, "a\nb", "Phone: home"]
texts = st.sampled_from([*LABELS, "select", "input", "date", "Y", "N", "0", "spacer", "Custom"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


RARELY = 12


def oddly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is expected, now and then anything."""
    return st.integers(0, RARELY).flatmap(lambda dice: anything if dice == RARELY else good)


@st.composite
def _holding(draw: st.DrawFn, members: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Draw the members of an object, and leave out some of them."""
    present = [name for name in members if draw(st.integers(0, RARELY)) != RARELY]
    return {name: draw(oddly(members[name])) for name in present}


def holding(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of which a member may be missing or odd, now and then."""
    return _holding(members)


labels = st.one_of(
    holding(modifiedLabel=texts, originalLabel=texts),
    holding(modifiedLabel=texts).map(lambda label: json.dumps(label, default=str)),
    texts,
)
ids = st.sampled_from(
    ["input_4_30", "select_4_9", "cust_attr_1", "check_4_2", "date_4_3", "x_attr", "n", 7]
)
tags = st.sampled_from(
    ["input", "select", "radio", "check", "multiSelect", "date", "number", "currency", "phone",
     "email", "reference", "counter", "textarea", "", None]
)  # fmt: skip
names = st.sampled_from(
    ["lastName", "statusName", "leadSource", "emailAddresses", "phoneNumbers", "tag_1", "city",
     "assigneeObjectRefName", "referredById", "", "customAttributeValue"]
)  # fmt: skip
choices = st.lists(
    oddly(
        holding(optionId=st.sampled_from(["V1", "V2", "One", 3]), optionObject=texts, id=ids)
        | texts
    ),
    max_size=4,
)
rights = st.lists(
    oddly(holding(tag=tags, tagName=names, tagId=texts, optionValueList=choices, options=choices)),
    max_size=2,
)
parts = holding(attributeId=ids, tagName=names, label=labels, isEnabled=texts | st.booleans())
attributes = st.lists(
    oddly(
        holding(
            attributeId=ids,
            type=st.sampled_from(["Standard", "Custom", "spacer", "table"]),
            isEnabled=st.booleans() | texts,
            mandatory=st.booleans(),
            label=labels,
            attributeTag=tags,
            tagName=names,
            right=rights,
            addressGroupName=texts,
            addressList=st.lists(oddly(parts), max_size=2),
        )
    ),
    max_size=3,
)
sections = st.lists(oddly(holding(label=labels, attributes=attributes)), min_size=1, max_size=2)
layouts = st.one_of(
    holding(sections=sections),
    holding(sections=sections).map(lambda layout: json.dumps(layout, default=str)),
)
rows = st.lists(oddly(holding(id=ids, code=texts, name=texts, isEnabled=texts)), max_size=3)
configurations = oddly(
    holding(
        webLayout=layouts,
        dateFormat=st.sampled_from(["MM/dd/yyyy", "dd.MM.yy", "nonsense", "", "'"]),
        emailTypes=rows,
        phoneTypes=rows,
        addressTypes=rows,
        leadSources=rows,
        customerStatusList=rows,
        statuses=rows,
        currencyCode=texts,
        data=holding(webLayout=layouts),
    )
).filter(lambda config: isinstance(config, dict))


@settings(max_examples=20)
@given(
    app=st.sampled_from([*APPS]),
    config=configurations,
    wanted=st.sampled_from([*LABELS, "emailAddress:HOME", "Mobile Phone", "city:x", ":", "7"]),
    value=anything,
)
def test_no_configuration_crashes(
    app: str, config: dict[str, Any], wanted: str, value: object
) -> None:
    """It is read, or it is unreadable; each field of it can be told, and filled or refused."""
    account = read_configuration(app, config)
    if isinstance(account, Unreadable):
        return
    assert isinstance(account, Fields)
    assert len([*fields_table(account.fields)]) == len(account.fields) + 1
    for field in account.fields:
        json.dumps(field.told())
        assert account.find(field.id)
    known = [name for field in account.fields for name in (field.id, field.name, field.label)]
    for name in [wanted, *known]:
        said = tried(account, name, value)
        assert not said or said.startswith((f"p.{name}: ", f"field '{name}' (attribute 'x') "))


def tried(account: Fields, name: str, value: object) -> str:
    """Fill a field by a value; give what is said against it."""
    try:
        binding = bind(account, {name: "x"}, "p")
        assert [*binding.people_in({"x": value})] == [] or isinstance(value, str)
        assert "x" not in binding.fill({"x": value}, {}).over({"x": value})
    except (SettingsError, RecordRejectedError) as error:
        return str(error)
    return ""


@given(app=st.sampled_from([*APPS]), data=st.data())
def test_a_field_is_found_by_each_of_its_names(app: str, data: st.DataObject) -> None:
    """In any case, with or without accents and blanks: itself, or several with that name."""
    account = read_configuration(app, config_data(V6_APPS[app]))
    assert isinstance(account, Fields)
    field = data.draw(st.sampled_from(account.fields))
    for name in (field.id, field.name, field.label):
        for written in (name, name.upper(), f" {name.lower()} ", name.replace("e", "é")):
            found = account.find(written)
            assert found == field or (isinstance(found, Several) and field in found.fields)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """So that a folded name is found by itself."""
    assert folded(folded(text)) == folded(text)


# -- reading back ---------------------------------------------------------------------------------

DATE_FORMATS = {
    "MM/dd/yyyy": "%m/%d/%Y",
    "dd/MM/yyyy": "%d/%m/%Y",
    "yyyy-MM-dd": "%Y-%m-%d",
    "dd MMM yyyy": "%d %b %Y",
}
plain = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: not is_empty(text)
)
numbers = st.integers(-(10**12), 10**12) | st.decimals(
    -(10**6), 10**6, places=2, allow_nan=False
).filter(lambda number: not number.is_zero() or not number.is_signed())


def shaped(app: str, label: str, value: object, **config: Any) -> dict[str, Any]:  # noqa: ANN401
    """The payload of one field."""
    account = read_configuration(app, {**config_data(V6_APPS[app]), **config})
    assert isinstance(account, Fields)
    payload = bind(account, {label: "x"}, "p").fill({"x": value}, {}).over({"x": value, "y": 1})
    assert payload.pop("y") == 1
    dumps(payload)
    content_of(payload)
    return payload


def entry_of(payload: dict[str, Any]) -> dict[str, Any]:
    """The one custom attribute of a payload, whose tag name says the same once more."""
    (entry,) = payload["customAttributes"]
    assert isinstance(entry, dict)
    assert entry[entry["customAttributeTagName"]] == entry["customAttributeValue"]
    return entry


@given(app=st.sampled_from([*APPS]), label=st.sampled_from(["Colour", "Directions"]), value=plain)
def test_text_comes_back(app: str, label: str, value: str) -> None:
    """As it is, blanks and all."""
    assert told_value(entry_of(shaped(app, label, value))) == value


@given(value=numbers, as_text=st.booleans())
def test_numbers_come_back(value: Decimal | int, as_text: bool) -> None:  # noqa: FBT001
    """By value, whether they came as text or not; standard ones too."""
    given_value = str(value) if as_text else value
    entry = entry_of(shaped("leads", "Machines", given_value))
    assert Decimal(entry["customAttributeValue"]) == entry["numberValue"] == value
    assert shaped("opportunities", "Amount", given_value)["amount"] == value


@given(date=st.dates(dt.date(1900, 1, 1)), pattern=st.sampled_from([*DATE_FORMATS]))
def test_dates_come_back(date: dt.date, pattern: str) -> None:
    """By the account's own format, custom and standard."""
    entry = entry_of(shaped("cases", "Next Visit", date.isoformat(), dateFormat=pattern))
    standard = shaped("cases", "Due", f"{date}T12:00:00Z", dateFormat=pattern)["needByDate"]
    for text in (entry["customAttributeValue"], standard):
        assert dt.datetime.strptime(text, DATE_FORMATS[pattern]).date() == date  # noqa: DTZ007


@given(data=st.data())
def test_choices_come_back(data: st.DataObject) -> None:
    """Whichever of label and id names them."""
    account = read_configuration("leads", config_data(V6_APPS["leads"]))
    assert isinstance(account, Fields)
    fields = [field for field in account.fields if field.options and field.is_custom]
    field: Field = data.draw(st.sampled_from(fields))
    options = data.draw(st.lists(st.sampled_from(field.options), min_size=1, unique=True))
    is_several = field.type in {"check", "multiSelect"}
    if not is_several:
        options = options[:1]
    has_ids = len({option.id for option in field.options}) == len(field.options)
    by_id = has_ids and data.draw(st.booleans())
    values = [option.id if by_id else option.label.upper() for option in options]
    entry = entry_of(shaped("leads", field.label, values if is_several else values[0]))
    told = told_value(entry)
    expected = sorted(option.label for option in options)
    assert (sorted(told) if isinstance(told, list) else [told]) == expected
    ids = {each["attributeId"] for each in entry["attributeValues"]}
    ids |= {entry["customAttributeValueId"]} if "customAttributeValueId" in entry else set()
    assert ids == {option.id for option in options}


@given(
    values=st.lists(plain, min_size=1, max_size=3),
    kind=st.sampled_from(["", ":HOME", ":Other", ":1"]),
)
def test_emails_come_back(values: list[str], kind: str) -> None:
    """One entry each, in their order."""
    entries = shaped("contacts", f"emailAddress{kind}", values)["emailAddresses"]
    assert [entry["emailAddress"] for entry in entries] == [value.strip() for value in values]


@given(st.dictionaries(plain, st.none() | plain, max_size=4), st.data())
def test_what_fills_nothing_stays(record: dict[str, Any], data: st.DataObject) -> None:
    """Attributes that no field uses are sent as they are."""
    used = data.draw(st.sampled_from(["lastName", *record]))
    account = read_configuration("leads", config_data(V6_APPS["leads"]))
    assert isinstance(account, Fields)
    payload = bind(account, {"Colour": used}, "p").fill(record, {}).over(record)
    rest = {name for name in record if name not in {used, "input_1500_tag", "input_4_30"}}
    assert payload.keys() - {"customAttributes"} == rest - {"customAttributes"}
