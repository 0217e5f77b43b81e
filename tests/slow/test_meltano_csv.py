"""CSV files of plain column names become full records: a tap of others', Meltano, both API styles.

Every kind of field that there is, those of one account: what is in the sandbox is compared as its
people see it, by the labels on their screen.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.apptivo.fields.custom_shapes import CUSTOM_SHAPES
from target_apptivo.apptivo.fields.layout import read_layout
from target_apptivo.sandbox import Sandbox
from target_apptivo.sandbox.apps import V6_APPS
from target_apptivo.sandbox.config_data import config_data
from tests.in_step import is_write
from tests.meltano import KEYS, Meltano, Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command

pytest_plugins = ["tests.meltano"]

CLIENTS = """\
id,name,status,about,owner,email,home_email,phone,mobile,street,city,zip,country,colour,level,\
machines,visit,interests,budget,directions,roasts,invoices,site,memo,unsubscribed,google,telefax
1,Café Étoile,Active,Roasts its own,sam.agent@example.com,info@etoile.example,anna@etoile.example,\
+33 1 55,+33 6 55,1 Rue A,Paris,75001,France,Red,Gold,3,2026-02-03,"Red, Blue",1250.50,\
"Left, then right",Light;Dark,Post,https://etoile.example,Ask for Zoé,yes,false,+33 1 56
2,Hotel Süd,inactive,,Émile Laurent,,,,+49 171 5,Ring 7,Ulm,89073,Germany,,,12,,Green,0.10,,\
Medium,Email,,,no,true,+49 731 6
3,ร้านกาแฟ,,,,kafe@example.com,,,,,,,,,Bronze,,2027-12-31,,,,,,,,,,+66 2 7
"""
DEALS = """\
id,client_id,title,client,amount,chance,closes,stage,source,owner,visit,machines
7,1,Two grinders,Café Étoile,18000.5,60,2026-03-31,Proposal,Trade Fair,ruth.keller@example.com,\
2026-03-01,2
8,2,Lease,Hotel Süd,950,5,2026-12-01,negotiation,cold call,Sam Agent,,1
"""
# Label: column.
FIELDS = {
    "customers": "Client: name, Status: status, Description: about, Assigned To: owner,"
    " Email: email, emailAddress:HOME: home_email, Telephone: phone, Mobile Phone: mobile,"
    " Street: street, City: city, Postcode: zip, Country: country, Colour: colour,"
    " Service Level: level, Machines: machines, Next Visit: visit, Interests: interests,"
    " Budget: budget, Directions: directions, Roasts: roasts, Invoice By: invoices,"
    " Shop: site, Memo: memo,"
    " Unsubscribed: unsubscribed, In Google: google",
    "opportunities": "Deal: title, Amount: amount, Probability: chance, Close Date: closes,"
    " Sales Stage: stage, Lead Source: source, Assigned To: owner, Next Visit: visit,"
    " Machines: machines",
}


def fields(app: str) -> dict[str, str]:
    """Give the setting `fields` for an app."""
    return dict(pair.split(": ") for pair in FIELDS[app].split(", "))


STREAMS = {
    "clients": {
        "endpoint": "create_customer",
        "match_on": "customerName",
        "fields": fields("customers"),
        "exclude_attributes": ["id"],
    },
    "deals": {
        "endpoint": "create_opportunity",
        "match_on": "opportunityName",
        "fields": fields("opportunities"),
        "references": {"opportunityCustomerId": {"stream": "clients", "key": "{client_id}"}},
        "exclude_attributes": ["id", "client_id", "client"],
    },
}
# Kinds that the sandbox's own firm has no field of: label, name, kind, tag.
MORE = (
    ("Shop", "link_1600_tag", "Custom", "link"),
    ("Memo", "simple_1601_tag", "Custom", "simpleTextArea"),
    ("Unsubscribed", "isUnsubscribed", "Standard", "check"),
    ("In Google", "syncToGoogle", "Standard", "checkbox"),
)
STANDARD_KINDS = (
    *("input", "textarea", "select", "number", "currency", "date", "check", "checkbox"),
    *("email", "phone", "address", "reference"),
)

Row = dict[str, Any]

EXPECTED: list[Row] = [
    {
        "Client": "Café Étoile",
        "Status": "Active",
        "Description": "Roasts its own",
        "Assigned To": "Sam Agent",
        "Email BUSINESS": "info@etoile.example",
        "Email HOME": "anna@etoile.example",
        "Telephone PHONE_BUSINESS": "+33 1 55",
        "Telephone PHONE_MOBILE": "+33 6 55",
        "Address": "1 Rue A / Paris / 75001 / France",
        "Colour": "Red",
        "Service Level": "Gold",
        "Machines": "3",
        "Next Visit": "02/03/2026",
        "Interests": ["Red", "Blue"],
        "Budget": "1250.50",
        "Directions": "Left, then right",
        "Roasts": ["Light", "Dark"],
        "Invoice By": "Post",
        "Shop": "https://etoile.example",
        "Memo": "Ask for Zoé",
        "Unsubscribed": "Y",
        "In Google": "N",
    },
    {
        "Deal": "Two grinders",
        "Client": "Café Étoile",
        "Amount": Decimal("18000.5"),
        "Probability": 60,
        "Close Date": "03/31/2026",
        "Sales Stage": "Proposal",
        "Lead Source": "Trade Fair",
        "Assigned To": "Ruth Keller",
        "Next Visit": "03/01/2026",
        "Machines": "2",
    },
    {
        "Client": "Hotel Süd",
        "Status": "Inactive",
        "Assigned To": "Émile Laurent",
        "Telephone PHONE_MOBILE": "+49 171 5",
        "Address": "Ring 7 / Ulm / 89073 / Germany",
        "Machines": "12",
        "Interests": ["Green"],
        "Budget": "0.10",
        "Roasts": ["Medium"],
        "Invoice By": "Email",
        "Unsubscribed": "N",
        "In Google": "Y",
    },
    {
        "Deal": "Lease",
        "Client": "Hotel Süd",
        "Amount": 950,
        "Probability": 5,
        "Close Date": "12/01/2026",
        "Sales Stage": "Negotiation",
        "Lead Source": "Cold Call",
        "Assigned To": "Sam Agent",
        "Machines": "1",
    },
    {
        "Client": "ร้านกาแฟ",
        "Email BUSINESS": "kafe@example.com",
        "Service Level": "Bronze",
        "Next Visit": "12/31/2027",
    },
]


def configuration() -> Row:
    """Give what an account has set up: the sandbox's firm, and a field of each kind it lacks."""
    configs = {app: config_data(V6_APPS[app]) for app in FIELDS}
    layout = json.loads(configs["customers"]["webLayout"])
    for number, (label, name, kind, tag) in enumerate(MORE, start=50):
        attribute = {"attributeId": f"{tag}_3_{number}", "type": kind, "isEnabled": True}
        right = [{"tag": tag, "tagName": name, "tagId": f"{name}_id"}]
        attribute |= {"label": {"modifiedLabel": label}, "right": right}
        layout["sections"][-1]["attributes"].append(attribute)
    configs["customers"]["webLayout"] = json.dumps(layout)
    return configs


def on_screen(sandbox: Sandbox) -> list[Row]:
    """Give what is there as people see it: values by label, entries of lists by their type."""
    apps = sandbox.state()["apps"]
    clients = {each["customerId"]: each["customerName"] for each in apps["customers"]["records"]}
    shown = [_on_screen(each, apps["customers"]["labels"]) for each in apps["customers"]["records"]]
    for each in apps["opportunities"]["records"]:
        client = {"Client": clients[each["opportunityCustomerId"]]}
        shown.append(_on_screen(each, apps["opportunities"]["labels"]) | client)
    return shown


def _on_screen(record: Row, labels: dict[str, str]) -> Row:
    shown = {label: record[name] for name, label in labels.items() if name in record}
    shown = {label: value for label, value in shown.items() if not isinstance(value, list)}
    for each in record.get("emailAddresses", ()):
        shown[f"Email {each['emailTypeCode']}"] = each["emailAddress"]
    for each in record.get("phoneNumbers", ()):
        shown[f"Telephone {each['phoneTypeCode']}"] = each["phoneNumber"]
    for each in record.get("addresses", ()):
        parts = ("addressLine1", "city", "zipCode", "countryName")
        shown["Address"] = " / ".join(each[part] for part in parts)
    for each in record.get("customAttributes", ()):
        chosen = [option["attributeValue"] for option in each["attributeValues"]]
        shown[labels[each["customAttributeId"]]] = each["customAttributeValue"] or chosen
    return shown


def test_every_kind_of_field_is_among_them() -> None:
    """The CSV files fill one field of each kind at least: where a kind is added, so is a column."""
    filled = set()
    for app, config in configuration().items():
        layout = read_layout(app, config)
        assert layout
        wanted = {*fields(app)} | {"Email", "Telephone"}
        filled |= {(each.kind, each.type.lower()) for each in layout.fields if each.label in wanted}
    custom, standard = (
        {tag for kind, tag in filled if kind == wanted} for wanted in ("custom", "standard")
    )
    assert custom == CUSTOM_SHAPES.keys()
    assert standard == {*STANDARD_KINDS}


@pytest.mark.parametrize("style", ["rest", "action"])
def test_plain_columns_become_full_records(
    meltano: Meltano, command: Command, tmp_path: Path, style: str
) -> None:
    """Run 1 fills every field and names the column that goes by none; run 2 sends nothing."""
    files = []
    for stream, text in (("clients", CLIENTS), ("deals", DEALS)):
        path = tmp_path / f"{stream}.csv"
        path.write_text(text, "utf-8")
        file: Row = {"path": str(path), "format": "csv", "table_name": stream}
        files.append({**file, "primary_keys": ["id"], "delimiter": ","})
    environ = {
        "TAP_SPREADSHEETS_FILES": json.dumps(files),
        "TARGET_APPTIVO_STREAMS": json.dumps(STREAMS),
        "TARGET_APPTIVO_API_STYLE": style,
        "TARGET_APPTIVO_JOURNAL_URL": f"sqlite:///{tmp_path}/journal.db",
    }
    config = configuration()
    with Sandbox(
        keep_requests=True, drop_unknown=True, answers="whole", config_data=config
    ) as sandbox:
        project = Project(meltano, sandbox, f"csv-{style}")
        settings = {"TARGET_APPTIVO_API_URL": sandbox.url, **KEYS, **environ}
        made = command.start("--config", "ENV", "--journal", env=settings)
        _, log = made.communicate(timeout=60)
        assert made.returncode == 0, log
        first = project.run("tap-spreadsheets", **environ)
        writes = [request for request in sandbox.requests if is_write(request)]
        sandbox.requests.clear()
        # Written anew as it was, as exports are: else the tap, which has its state, reads nothing.
        for file in files:
            os.utime(file["path"], (4e9, 4e9))
        second = project.run("tap-spreadsheets", **environ)
        for each in (first, second):
            assert each.returncode == 0, each.stderr
        shown = on_screen(sandbox)

    assert sorted(shown, key=lambda row: (row["Client"], "Deal" in row)) == EXPECTED
    assert "clients: 3 read, 3 accepted" in first.stderr
    assert "deals: 2 read, 2 accepted" in first.stderr
    told = [line for line in first.stderr.splitlines() if "never came back" in line]
    assert len(told) == 1
    assert "clients: 'telefax' was sent 3 times and never came back" in told[0]
    bodies = {("JSON", "form")[request.is_form] for request in writes}
    assert (len(writes), bodies) == (5, {"form" if style == "action" else "JSON"})
    assert "clients: 3 read, 3 unchanged" in second.stderr
    assert "deals: 2 read, 2 unchanged" in second.stderr
    assert not [request for request in sandbox.requests if is_write(request)]
