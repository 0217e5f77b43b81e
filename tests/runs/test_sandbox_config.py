"""The sandbox's configuration: what getConfigData answers, and what is made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from target_apptivo.sandbox import Sandbox
from target_apptivo.sandbox.apps import V6_APPS
from target_apptivo.sandbox.config_data import config_data
from target_apptivo.sandbox.fields import STANDARD
from target_apptivo.sandbox.layout import Layout, read_layout
from tests.runs.test_sandbox import DOE, KEYS, call, form, save_lead

if TYPE_CHECKING:
    from collections.abc import Iterator

FIVE = ("leads", "customers", "contacts", "cases", "opportunities")
TYPES = {
    *("input", "textarea", "number", "currency", "date", "select", "radio", "check"),
    "multiSelect",
}


def attributes(app: str) -> Iterator[dict[str, Any]]:
    """The attributes of a built-in layout, as they stand there."""
    for section in json.loads(config_data(V6_APPS[app])["webLayout"])["sections"]:
        yield from section["attributes"]


def label(attribute: dict[str, Any]) -> dict[str, str]:
    """An attribute's label, which may be a JSON string."""
    value = attribute.get("label", {})
    read: dict[str, str] = json.loads(value) if isinstance(value, str) else value
    return read


@pytest.mark.parametrize("app", FIVE)
def test_a_layout_has_every_kind_of_field(app: str) -> None:
    """Custom attributes of each type, renamed, mandatory and disabled fields, in all forms."""
    found = list(attributes(app))
    custom = [each for each in found if each["type"] == "Custom"]
    standard = [each for each in found if each["type"] == "Standard"]
    assert {each["right"][0]["tag"] for each in custom} == TYPES
    assert all(each["attributeId"].split("_")[1].isdigit() for each in custom)
    renamed = [
        each for each in standard if label(each)["modifiedLabel"] != label(each)["originalLabel"]
    ]
    assert {type(each["label"]) for each in renamed} == {str}
    assert sum(each.get("mandatory", False) for each in standard) == 1
    assert sum(each["isEnabled"] in {False, "N"} for each in standard) == 1
    assert {"tagName", "right", "addressList"} <= {name for each in standard for name in each}
    assert any(each["type"] == "spacer" for each in found)


@pytest.mark.parametrize("app", FIVE)
def test_options_come_as_objects_and_as_texts(app: str) -> None:
    """A select has options with ids, a radio plain strings."""
    right = {
        each["right"][0]["tag"]: each["right"][0]
        for each in attributes(app)
        if each["type"] == "Custom"
    }
    assert right["select"]["optionValueList"][2] == {
        "optionId": "VALUE_1501_3",
        "optionObject": "Gold",
    }
    assert right["radio"]["options"] == ["Email", "Post"]


@pytest.mark.parametrize("app", FIVE)
def test_a_layout_names_only_what_the_app_knows(app: str) -> None:
    """But for disabled fields the built-in standard names are those of the reference pages."""
    disabled = {"website", "faxNumber", "caseSource", "nextStep"}
    layout = read_layout(config_data(V6_APPS[app])["webLayout"])
    assert layout.standard - disabled <= STANDARD[app]


def test_lists_are_those_of_each_app(sandbox: Sandbox) -> None:
    """Dropdowns, types and people stand in the lists that the reference pages name."""
    config = {app: form(sandbox, app, a="getConfigData") for app in FIVE}
    assert config["leads"]["leadSources"][1] == {"id": 2, "name": "Trade Fair"}
    assert config["leads"]["phoneTypes"][1].items() >= {"id": 2, "code": "PHONE_MOBILE"}.items()
    assert [each["code"] for each in config["contacts"]["addressTypes"]] == ["1", "2", "3"]
    assert config["cases"]["types"][0] == {"typeId": 21, "typeName": "Problem"}
    assert config["cases"]["priorities"][0] == {"id": 31, "name": "High", "code": "HIGH"}
    assert config["customers"]["customerStatusList"][0]["statusId"] == 10000
    assert config["opportunities"]["salesStages"][0] == {"id": 41, "name": "Qualification"}
    assert {each["dateFormat"] for each in config.values()} == {"MM/dd/yyyy"}
    assert form(sandbox, "items", a="getConfigData")["displayName"] == "Items"


def layout_of(*own: object) -> str:
    """A layout of one section."""
    return json.dumps({"sections": [{"attributes": own}]})


def test_a_configuration_can_be_given() -> None:
    """A given answer replaces that of its app; its fields and people are those that are known."""
    custom = {"attributeId": "input_4_77", "type": "Custom", "label": {"modifiedLabel": "Rut"}}
    own = {"attributeTag": "input", "tagName": "shoeSize", "type": "Standard"}
    given = {
        "leads": {"displayName": "Enquiries", "webLayout": layout_of(custom, own)},
        "employees": {"employees": [{"firstName": "Al", "lastName": "Po", "emailId": "a@b.c"}]},
    }
    with Sandbox(config_data=given, drop_unknown=True) as sandbox:
        assert form(sandbox, "leads", a="getConfigData") == given["leads"]
        assert form(sandbox, "cases", a="getConfigData")["displayName"] == "Cases"
        entries = [{"customAttributeId": "input_4_77"}, {"customAttributeId": "input_4_30"}]
        save_lead(sandbox, DOE | {"shoeSize": 9, "hat": 7, "customAttributes": entries})
        (lead,) = sandbox.records["leads"]
        assert [lead["shoeSize"], lead["customAttributes"]] == [9, entries[:1]]
        assert "hat" not in lead
        searched = {"a": "getEmployeeByAdvancedSearch", "searchData": '{"emailId":"a@b.c"}'}
        people = call(sandbox, "POST", "employee", data=KEYS | searched).json()["aaData"]
        assert [person["fullName"] for person in people] == ["Al Po"]


def test_state_tells_the_labels(sandbox: Sandbox) -> None:
    """The page shows records under what the firm calls their fields."""
    save_lead(sandbox, DOE)
    labels = requests.get(f"{sandbox.origin}state.json", timeout=20).json()["apps"]["leads"][
        "labels"
    ]
    expected = {"companyName": "Firm", "input_4_30": "Colour", "emailAddresses": "Email"}
    assert labels.items() >= expected.items()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"sections": 1}', '{"sections": [{"attributes": [1, {}]}]}']
)
def test_a_layout_without_sense_has_no_fields(text: str) -> None:
    """Whatever has another form than a layout is passed over."""
    assert read_layout(text) == Layout(frozenset(), frozenset(), {})


def test_every_form_of_attribute_is_read() -> None:
    """Labels as objects and as JSON, tags in the attribute and to its right."""
    text = layout_of(
        {
            "type": "Standard",
            "tagName": "a",
            "label": '{"modifiedLabel": "", "originalLabel": "A"}',
        },
        {"type": "Standard", "right": [{"tagName": "b"}, {"tagName": "b_id"}], "label": {}},
        {"type": "Custom", "attributeId": "c", "label": {"modifiedLabel": "C"}, "right": []},
    )
    expected = Layout(frozenset({"c"}), frozenset({"a", "b"}), {"a": "A", "c": "C"})
    assert read_layout(text) == expected
