"""The layouts of a firm's apps: fields as its people know them. DATA.

The forms are those of docs/apptivo.md, mixed as they were met: a label that is itself a
JSON string, tags in the attribute or to its right, options as objects or as plain strings. Which
standard fields a layout names, and as what, is INVENTED: a firm that sells coffee machines.
"""

from __future__ import annotations

from typing import Any

from target_apptivo.sandbox.exact_json import encode

Attribute = dict[str, Any]
_Row = tuple[int, str, str, str, tuple[str, ...]]

_OBJECT_IDS = {"leads": 4, "customers": 3, "contacts": 2, "cases": 59, "opportunities": 11}

# Name in records: label of Apptivo's own (also the firm's, unless there is a second), tag.
_FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "leads": (
        ("firstName", "input", "First Name"),
        ("lastName", "input", "Last Name"),
        ("companyName", "input", "Company", "Firm"),
        ("leadStatus", "select", "Status"),
        ("leadSource", "select", "Lead Source"),
        ("leadRank", "select", "Rank"),
        ("assigneeObjectRefName", "reference", "Assigned To"),
        ("description", "textarea", "Description", "What it is about"),
        ("wayToContact", "select", "Best Way To Contact"),
    ),
    "customers": (
        ("customerName", "input", "Name", "Client"),
        ("customerNumber", "input", "Number", "Client No"),
        ("statusName", "select", "Status"),
        ("assigneeObjectRefName", "reference", "Assigned To"),
        ("paymentTerm", "select", "Payment Term"),
        ("description", "textarea", "Description"),
        ("website", "input", "Website"),
    ),
    "contacts": (
        ("firstName", "input", "First Name"),
        ("lastName", "input", "Last Name"),
        ("jobTitle", "input", "Job Title", "Role"),
        ("accountName", "reference", "Customer", "Client"),
        ("contactStatusName", "select", "Status"),
        ("assigneeObjectRefName", "reference", "Assigned To"),
        ("faxNumber", "input", "Fax", "Telephone"),
    ),
    "cases": (
        ("caseNumber", "input", "Number", "Ticket"),
        ("caseSummary", "input", "Summary", "Subject"),
        ("caseStatus", "select", "Status"),
        ("caseType", "select", "Type"),
        ("casePriority", "select", "Priority"),
        ("caseEmail", "input", "Email"),
        ("caseCustomer", "reference", "Customer", "Client"),
        ("caseContact", "reference", "Contact"),
        ("needByDate", "date", "Need By", "Due"),
        ("assignedObjectRefName", "reference", "Assigned To"),
        ("description", "textarea", "Description"),
        ("caseSource", "select", "Source"),
    ),
    "opportunities": (
        ("opportunityName", "input", "Name", "Deal"),
        ("opportunityCustomer", "reference", "Customer", "Client"),
        ("amount", "currency", "Amount"),
        ("salesStageName", "select", "Sales Stage"),
        ("probability", "number", "Probability"),
        ("closeDate", "date", "Close Date"),
        ("assignedToObjectRefName", "reference", "Assigned To"),
        ("leadSourceTypeName", "select", "Lead Source"),
        ("nextStep", "input", "Next Step"),
    ),
}
_MANDATORY = {"lastName", "customerName", "caseSummary", "opportunityName"}
# One in each app: not on the screen, so that its label is free. Both spellings of "no".
_DISABLED = {
    "wayToContact": False,
    "website": "N",
    "faxNumber": False,
    "caseSource": "N",
    "nextStep": False,
}
_REACHED = ("leads", "customers", "contacts")

# Number in the id, tag, tag name, label, options.
_CUSTOM: tuple[_Row, ...] = (
    (30, "input", "input_1500_tag", "Colour", ()),
    (9, "select", "select_1501_tag", "Service Level", ("Bronze", "Silver", "Gold")),
    (12, "number", "number_1502_tag", "Machines", ()),
    (13, "date", "date_1503_tag", "Next Visit", ()),
    (14, "check", "check_1504_tag", "Interests", ("Red", "Green", "Blue")),
    (15, "currency", "currency_1505_tag", "Budget", ()),
    (16, "textarea", "textarea_1506_tag", "Directions", ()),
    (17, "multiSelect", "multi_1507_tag", "Roasts", ("Light", "Medium", "Dark")),
    (18, "radio", "radio_1508_tag", "Invoice By", ("Email", "Post")),
    (31, "input", "input_1509_tag", "External ID", ()),
    (32, "input", "input_1510_tag", "Tax No", ()),
)
# Options as plain strings instead of objects with ids.
_PLAIN = {"radio"}

_ADDRESS = (
    ("addressLine1", "Address Line 1", "Street"),
    ("addressLine2", "Address Line 2", "Address Line 2"),
    ("city", "City", "City"),
    ("state", "State", "State"),
    ("zipCode", "Zip Code", "Postcode"),
    ("countryName", "Country", "Country"),
)


def web_layout(app: str) -> str:
    """The layout of an app, a JSON string as Apptivo sends it."""
    object_id = _OBJECT_IDS.get(app, 4)
    own = [_standard(*field) for field in _FIELDS.get(app, ())]
    if app in _REACHED:
        own += [_standard("phoneNumbers", "phone", "Phone", "Telephone")]
        own += [_standard("emailAddresses", "email", "Email")]
    sections = [
        {"label": {"modifiedLabel": "Information"}, "attributes": own},
        {"label": encode({"modifiedLabel": "Address"}).decode(), "attributes": [_ADDRESSES]},
        {"label": "More", "attributes": [_SPACER, *(_custom(object_id, row) for row in _CUSTOM)]},
    ]
    return encode({"sections": sections}).decode()


def _standard(name: str, tag: str, original: str, modified: str = "") -> Attribute:
    label: Any = {"modifiedLabel": modified or original, "originalLabel": original}
    attribute = {
        "attributeId": f"{name.casefold()}_attr",
        "type": "Standard",
        "isEnabled": _DISABLED.get(name, True),
        "mandatory": name in _MANDATORY,
        # In one live firm the label was JSON once more; here it is where the firm renamed it.
        "label": encode(label).decode() if modified else label,
    }
    if tag in {"input", "textarea"}:
        return attribute | {"attributeTag": tag, "tagName": name}
    return attribute | {"right": [{"tag": tag, "tagName": name, "tagId": f"{name}_id"}]}


def _custom(object_id: int, row: _Row) -> Attribute:
    number, tag, tag_name, label, options = row
    right: Attribute = {"tag": tag, "tagName": tag_name, "tagId": f"{tag_name}_id"}
    base = tag_name.split("_")[1]
    values = [
        {"optionId": f"VALUE_{base}_{place}", "optionObject": option}
        for place, option in enumerate(options, start=1)
    ]
    if options:
        right |= {"options": [*options]} if tag in _PLAIN else {"optionValueList": values}
    return {
        "attributeId": f"{tag}_{object_id}_{number}",
        "type": "Custom",
        "isEnabled": True,
        "mandatory": False,
        "label": {"modifiedLabel": label, "originalLabel": tag.capitalize()},
        "right": [right],
    }


_ADDRESSES: Attribute = {
    "attributeId": "address_section_attr_id",
    "type": "Standard",
    "isEnabled": True,
    "label": {"modifiedLabel": "Address", "originalLabel": "Address"},
    "addressGroupName": "Address1",
    "addressList": [
        {
            "attributeId": f"{name.casefold()}_attr",
            "tagName": name,
            "label": {"modifiedLabel": modified, "originalLabel": original},
            "isEnabled": True,
        }
        for name, original, modified in _ADDRESS
    ],
}
_SPACER: Attribute = {"attributeId": "spacer_1", "type": "spacer"}
