"""Write the demo data: what a company's taps would send to Apptivo, mishaps included.

    python demo/make_data.py

The company sells coffee machines. The output is the same byte for byte on every run: seeded, and
without a clock. `crm.singer` holds Singer messages for `target-apptivo --sandbox`; `jsonl/` holds
rows for the Meltano project. Field names are those Apptivo takes; people and firms are made up.
"""
# ruff: noqa: INP001

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
DICE = Random(9001)  # noqa: S311 (demo data, not secrets)
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RECORDS_PER_STATE = 25
FIRST_CUSTOMER_ID = 9001  # where the sandbox starts to count

Record = dict[str, Any]
Schema = dict[str, Any]
words = str.split

FIRST_NAMES = words("""
    Jane Sam Priya Jürgen Zoë François Łukasz Aoife Mateus Ingrid Yusuf Noor Olga Tomás Grace
    Anaïs Björn Chloe Dmitri Hana
""")
LAST_NAMES = words("""
    Doe Müller O'Brien Wójcik García Nguyễn Smith Østergaard Núñez Patel Şahin Fischer Rossi
    Dvořák Kowalski Lindqvist Moreau Tanaka Andersen D'Souza
""")
FIRM_NAMES = words("""
    Amber Birch Cedar Dockside Elm Foundry Granary Harbour Iris Juniper Kiln Lantern Mill
    Nordwind Orchard Pier Quarry Riverside Saffron Tannery
""")
FIRM_KINDS = ("Coffee Roasters", "Hotels GmbH", "Bakery & Café")
AGENTS = ((101, "Sam Agent"), (102, "Ruth Keller"), (103, "Émile Laurent"))
CITIES = (
    ("Austin", "Texas", "TX", "73301"),
    ("Portland", "Oregon", "OR", "97201"),
    ("Boston", "Massachusetts", "MA", "02108"),
    ("Madison", "Wisconsin", "WI", "53703"),
)
LEAD_SOURCES = (("1", "Cold Call"), ("2", "Trade Fair"), ("3", "Website"), ("4", "Referral"))
LEAD_STATUSES = (("1", "New"), ("2", "Contacted"), ("3", "Qualified"))
SALES_STAGES = ((41, "Qualification", 25), (42, "Proposal", 50), (43, "Negotiation", 75))
MACHINES = ("Lever Two", "Lever Four", "Roaster R5", "Grinder G2", "Brew Bar 3")
CASES = (
    ("Boiler does not reach temperature", "Problem", 21, "High", 31),
    ("Grinder jams on dark roasts", "Problem", 21, "Medium", 32),
    ("Water hardness: which filter?", "Question", 22, "Low", 33),
    ("Yearly maintenance visit", "Service", 23, "Medium", 32),
    ("Display stays dark after power cut ⚡", "Problem", 21, "High", 31),
    ("Invoice shows the wrong serial number", "Question", 22, "Low", 33),
)

TEXT = {"type": ["string", "null"]}
INTEGER = {"type": ["integer", "null"]}
TIME = {"type": ["string", "null"], "format": "date-time"}


def properties(text: str = "", integer: str = "", **others: Schema) -> Schema:
    """The properties of a schema: names of texts, names of integers, and the others."""
    texts = dict.fromkeys(words(text), TEXT)
    return {**texts, **dict.fromkeys(words(integer), INTEGER), **others}


def objects(text: str, integer: str = "") -> Schema:
    """An array of objects."""
    items = {"type": "object", "properties": properties(text, integer)}
    return {"type": ["array", "null"], "items": items}


def stream_schema(text: str = "", integer: str = "", **others: Schema) -> Schema:
    """The schema of a stream, with the key and the bookmark of the source system."""
    source = {"source_id": {"type": "string"}, "updated_at": TIME}
    return {"type": "object", "properties": {**source, **properties(text, integer, **others)}}


PHONES = objects("phoneNumber phoneType phoneTypeCode id")
EMAILS = objects("emailAddress emailType emailTypeCode id")
ADDRESSES = objects(
    "addressTypeCode addressType addressLine1 city state stateCode zipCode countryName countryCode",
    "countryId",
)
CUSTOM_ATTRIBUTES = objects(
    "customAttributeType customAttributeId customAttributeName customAttributeTagName"
    " customAttributeValue customAttributeValueId select_1501_tag"
)
ASSIGNEE = "assigneeObjectRefId assigneeObjectId"

SCHEMAS: dict[str, Schema] = {
    "customers": stream_schema(
        "customerName customerNumber assigneeObjectRefName statusName paymentTerm",
        f"{ASSIGNEE} statusId",
        phoneNumbers=PHONES,
        emailAddresses=EMAILS,
        addresses=ADDRESSES,
    ),
    "contacts": stream_schema(
        "firstName lastName jobTitle accountName assigneeObjectRefName syncToGoogle",
        ASSIGNEE,
        phoneNumbers=PHONES,
        emailAddresses=EMAILS,
        _sdc_deleted_at=TIME,
    ),
    "leads": stream_schema(
        "firstName lastName companyName leadStatus leadStatusMeaning leadSource leadSourceMeaning"
        " assigneeObjectRefName description currencyCode",
        ASSIGNEE,
        phoneNumbers=PHONES,
        emailAddresses=EMAILS,
        customAttributes=CUSTOM_ATTRIBUTES,
    ),
    "opportunities": stream_schema(
        "opportunityName currencyCode salesStageName closeDate opportunityCustomer"
        " assignedToObjectRefName",
        "salesStageId probability assignedToObjectRefId assignedToObjectId",
        amount={"type": ["number", "null"]},
        is_copy={"type": ["boolean", "null"]},
        from_lead={"type": ["boolean", "null"]},
    ),
    "cases": stream_schema(
        "caseNumber caseSummary description caseStatus caseType casePriority assignedObjectRefName"
        " needByDate caseEmail caseCustomer caseContact",
        "caseStatusId caseTypeId casePriorityId assignedObjectRefId",
    ),
    "customer_updates": stream_schema("paymentTerm statusName", "customerId statusId"),
    "delete_customers": stream_schema(integer="customerId"),
}

FIRMS = [f"{name} {kind}" for kind in FIRM_KINDS for name in FIRM_NAMES]


def source(prefix: str, number: int) -> Record:
    """The attributes of the source system that Apptivo does not know."""
    updated_at = START + timedelta(minutes=17 * number)
    return {
        "source_id": f"{prefix}-{number + 1:04}",
        "updated_at": updated_at.isoformat().replace("+00:00", "Z"),
    }


def assignee(prefix: str = "assignee") -> Record:
    """The employee who looks after the record (8 is Apptivo's object id of employees)."""
    ref_id, name = DICE.choice(AGENTS)
    return {
        f"{prefix}ObjectRefId": ref_id,
        f"{prefix}ObjectRefName": name,
        f"{prefix}ObjectId": 8,
    }


def contact_points(app: str, mailbox: str, firm: str) -> Record:
    """Phone and e-mail as the arrays that Apptivo takes."""
    domain = re.sub(r"[^a-z]+", "-", firm.lower().replace("é", "e")).strip("-")
    phone = {
        "phoneNumber": f"555{DICE.randrange(10**7):07}",
        "phoneType": "Business",
        "phoneTypeCode": "PHONE_BUSINESS",
        "id": f"{app}_phone_input",
    }
    email = {
        "emailAddress": f"{mailbox}@{domain}.example",
        "emailType": "Business",
        "emailTypeCode": "BUSINESS",
        "id": "cont_email_input",
    }
    return {"phoneNumbers": [phone], "emailAddresses": [email]}


def address(number: int) -> Record:
    """A billing address."""
    city, state, state_code, zip_code = DICE.choice(CITIES)
    return {
        "addressTypeCode": "1",
        "addressType": "Billing Address",
        "addressLine1": f"{number + 1} Market Street",
        "city": city,
        "state": state,
        "stateCode": state_code,
        "zipCode": zip_code,
        "countryId": 176,
        "countryName": "United States",
        "countryCode": "US",
    }


def person() -> Record:
    """A first and a last name."""
    return {"firstName": DICE.choice(FIRST_NAMES), "lastName": DICE.choice(LAST_NAMES)}


def customer(number: int) -> Record:
    """A firm that buys coffee machines."""
    firm = FIRMS[number]
    return {
        **source("CU", number),
        "customerName": firm,
        "customerNumber": "Auto generated number",
        **assignee(),
        "statusName": "Active",
        "statusId": 10000,
        "paymentTerm": DICE.choice(("Net 15", "Net 30", "Net 60")),
        **contact_points("cust", "office", firm),
        "addresses": [address(number)],
    }


def contact(number: int) -> Record:
    """Somebody who works at a customer."""
    firm = FIRMS[number % len(FIRMS)]
    return {
        **source("CO", number),
        **person(),
        "jobTitle": DICE.choice(("Owner", "Head Barista", "Purchasing", "Facility Manager", None)),
        "accountName": firm,
        **assignee(),
        **contact_points("contact", f"contact{number + 1}", firm),
        "syncToGoogle": "N",
    }


def custom_attribute() -> Record:
    """A field that this firm added to its leads (as `getConfigData` would describe it)."""
    return {
        "customAttributeType": "select",
        "customAttributeId": "select_4_9",
        "customAttributeName": "select_1501_tag",
        "customAttributeTagName": "select_1501_tag",
        "customAttributeValue": "Espresso bar",
        "customAttributeValueId": "VALUE_1501_2",
        "select_1501_tag": "Espresso bar",
    }


def lead(number: int) -> Record:
    """Somebody who may become a customer."""
    firm = f"{DICE.choice(FIRM_NAMES)} {DICE.choice(('Deli', 'Espresso', 'Campus', 'Co-working'))}"
    status, status_meaning = DICE.choice(LEAD_STATUSES)
    lead_source, source_meaning = DICE.choice(LEAD_SOURCES)
    return {
        **source("LE", number),
        **person(),
        "companyName": firm,
        "leadStatus": status,
        "leadStatusMeaning": status_meaning,
        "leadSource": lead_source,
        "leadSourceMeaning": source_meaning,
        **assignee(),
        "description": f"Asked for a quote: {DICE.choice(MACHINES)}",
        "currencyCode": "USD",
        **contact_points("lead", f"hello{number + 1}", firm),
        "customAttributes": [custom_attribute()] if number % 9 == 0 else [],
    }


def opportunity(number: int) -> Record:
    """A sale in the making."""
    firm = DICE.choice(FIRMS)
    stage_id, stage, probability = DICE.choice(SALES_STAGES)
    close_date = START + timedelta(days=30 + DICE.randrange(90))
    return {
        **source("OP", number),
        "is_copy": number % 12 == 1,
        "from_lead": number % 3 == 0,
        "opportunityName": f"{DICE.choice(MACHINES)} for {firm}",
        "amount": f"{DICE.randrange(20, 400) * 125}.{DICE.choice(('00', '50', '95'))}",
        "currencyCode": "USD",
        "salesStageName": stage,
        "salesStageId": stage_id,
        "probability": probability,
        "closeDate": f"{close_date:%m/%d/%Y}",
        "opportunityCustomer": firm,
        **assignee("assignedTo"),
    }


def case(number: int) -> Record:
    """A customer who needs help."""
    summary, case_type, type_id, priority, priority_id = DICE.choice(CASES)
    contact_name = " ".join(person().values())
    agent_id, agent = DICE.choice(AGENTS)
    return {
        **source("CA", number),
        "caseNumber": "Auto generated number",
        "caseSummary": summary,
        "description": f"{DICE.choice(MACHINES)}, serial number {DICE.randrange(10**6):06}",
        "caseStatus": "New",
        "caseStatusId": 11,
        "caseType": case_type,
        "caseTypeId": type_id,
        "casePriority": priority,
        "casePriorityId": priority_id,
        "assignedObjectRefId": agent_id,
        "assignedObjectRefName": agent,
        "needByDate": f"{START + timedelta(days=3 + DICE.randrange(20)):%m/%d/%Y}",
        "caseEmail": f"service{number + 1}@customer.example",
        "caseCustomer": DICE.choice(FIRMS),
        "caseContact": contact_name,
    }


def customer_update(number: int) -> Record:
    """New terms for a customer that Apptivo already has, by Apptivo's id."""
    return {
        **source("UP", number),
        "customerId": FIRST_CUSTOMER_ID + 10 + number,
        "paymentTerm": "Net 45",
        "statusName": "Active" if number % 4 else "Inactive",
        "statusId": 10000 if number % 4 else 10001,
    }


def deleted_customer(number: int) -> Record:
    """A customer that closed its account, by Apptivo's id."""
    return {**source("DE", number), "customerId": FIRST_CUSTOMER_ID + number}


STREAMS = {
    "customers": [customer(number) for number in range(60)],
    "contacts": [contact(number) for number in range(110)],
    "leads": [lead(number) for number in range(90)],
    "opportunities": [opportunity(number) for number in range(50)],
    "cases": [case(number) for number in range(60)],
    "customer_updates": [customer_update(number) for number in range(20)],
    "delete_customers": [deleted_customer(number) for number in range(5)],
}

# What Apptivo refuses: a create without its name field.
NAMELESS = (
    ("customers", 41, "customerName"),
    ("contacts", 17, "lastName"),
    ("contacts", 76, "lastName"),
    ("leads", 8, "lastName"),
    ("leads", 33, "lastName"),
    ("leads", 71, "lastName"),
    ("opportunities", 29, "opportunityName"),
    ("cases", 12, "caseSummary"),
)
# What is refused before it is sent: two values of the wrong type.
MISTYPED = (
    ("leads", 52, {"assigneeObjectRefId": "101"}),
    ("opportunities", 14, {"amount": "on request"}),
)
# What is only unusual, and must arrive as it is.
UNUSUAL = (
    ("leads", 3, {"firstName": "美咲", "lastName": "佐藤", "companyName": "佐藤珈琲店"}),
    ("leads", 21, {"description": 'Met at the fair ☕👋 "call me\tafter 5" … <b>R&D</b> 50% + €'}),
    ("leads", 47, {"firstName": None, "lastName": "Ångström-Hernández"}),
    ("contacts", 88, {"_sdc_deleted_at": "2026-03-03T09:15:00Z"}),
)


def add_mishaps() -> None:
    """Make the records go wrong that go wrong in real life."""
    for stream, number, name in NAMELESS:
        del STREAMS[stream][number][name]
    for stream, number, values in (*MISTYPED, *UNUSUAL):
        STREAMS[stream][number].update(values)
    del STREAMS["cases"][38]["source_id"]
    # Entered twice: the same person filled in the form again.
    STREAMS["leads"][64] = {**STREAMS["leads"][10], **source("LE", 64)}


def schema_message(stream: str) -> Record:
    """Announce a stream."""
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": SCHEMAS[stream],
        "key_properties": ["source_id"],
        "bookmark_properties": ["updated_at"],
    }


def bookmark(record: Record) -> Record:
    """How far a stream has been read."""
    return {"replication_key": "updated_at", "replication_key_value": record["updated_at"]}


def messages() -> Iterator[Record]:
    """All messages of the taps, a STATE after every 25 records and at the end."""
    bookmarks: Record = {}
    count = itertools.count(1)
    for stream, records in STREAMS.items():
        yield schema_message(stream)
        for record in records:
            yield {"type": "RECORD", "stream": stream, "record": record}
            bookmarks[stream] = bookmark(record)
            if next(count) % RECORDS_PER_STATE == 0:
                yield {"type": "STATE", "value": {"bookmarks": bookmarks}}
    yield {"type": "STATE", "value": {"bookmarks": bookmarks}}


def as_line(message: Record) -> str:
    """One line of JSON; an amount is a number that keeps its cents (`12500.50`)."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r'"amount":"([0-9.]+)"', r'"amount":\1', text) + "\n"


def write_lines(name: str, lines: Iterable[Record]) -> None:
    """Write one file of JSON lines."""
    text = "".join(map(as_line, lines))
    (HERE / name).write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Write every file of the demo."""
    (HERE / "jsonl").mkdir(exist_ok=True)
    write_lines("jsonl/leads.jsonl", STREAMS["leads"][:40])
    write_lines("jsonl/crm.contacts.jsonl", STREAMS["contacts"][:15])
    add_mishaps()
    write_lines("crm.singer", messages())


if __name__ == "__main__":
    main()
