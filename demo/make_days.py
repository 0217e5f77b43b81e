"""Write two days of the same company's tables, to be kept in step with Apptivo.

    python demo/make_days.py

Day two is day one a day later: most rows are as they were, some are new, some have changed, two
customers are gone. The output is the same byte for byte on every run.
"""
# ruff: noqa: INP001

from __future__ import annotations

from typing import TYPE_CHECKING

from make_data import (
    FIRMS,
    SCHEMAS,
    Record,
    contact,
    customer,
    opportunity,
    schema_message,
    source,
    write_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Tables = dict[str, list[Record]]

# A quotation of an unknown customer: it waits in the file of rejected records for its parent.
ORPHAN = 17
GONE = (3, 31)
RENAMED = (8, 21, 44)
PROMOTED = (5, 40, 41, 77, 90)
MOVED_ON = (2, 12, 30, 49)


def day_one() -> Tables:
    """The tables as they are on the first day; opportunities name their customer by its key."""
    sales = [opportunity(number) for number in range(50)]
    for sale in sales:
        sale["customer_id"] = source("CU", FIRMS.index(sale["opportunityCustomer"]))["source_id"]
    sales[ORPHAN]["customer_id"] = source("CU", 60)["source_id"]
    return {
        "opportunities": sales,
        "customers": [customer(number) for number in range(60)],
        "contacts": [contact(number) for number in range(110)],
    }


def day_two(tables: Tables) -> Tables:
    """The same tables a day later."""
    later = {stream: [dict(row) for row in rows] for stream, rows in tables.items()}
    customers, contacts = later["customers"], later["contacts"]
    for number in RENAMED:
        customers[number]["paymentTerm"] = "Net 90"
    for number in GONE:
        customers[number]["_sdc_deleted_at"] = "2026-03-03T06:00:00Z"
    for number in PROMOTED:
        contacts[number]["jobTitle"] = "Managing Director"
    for number in MOVED_ON:
        later["opportunities"][number] |= {"salesStageName": "Negotiation", "salesStageId": 43}
    customers.append({**customer(59), **source("CU", 60), "customerName": "Ultramarine Café"})
    contacts += [contact(number) for number in range(110, 114)]
    return later


def messages(tables: Tables) -> Iterator[Record]:
    """The messages of a tap that reads whole tables; children come before their parents."""
    for stream in ("customers", "contacts", "opportunities"):
        yield schema_message(stream)
        for row in tables[stream]:
            yield {"type": "RECORD", "stream": stream, "record": row}
    yield {"type": "STATE", "value": {"bookmarks": {stream: {} for stream in tables}}}


def main() -> None:
    """Write both days."""
    SCHEMAS["opportunities"]["properties"]["customer_id"] = {"type": ["string", "null"]}
    SCHEMAS["customers"]["properties"]["_sdc_deleted_at"] = {"type": ["string", "null"]}
    first = day_one()
    write_lines("day-one.singer", messages(first))
    write_lines("day-two.singer", messages(day_two(first)))


if __name__ == "__main__":
    main()
