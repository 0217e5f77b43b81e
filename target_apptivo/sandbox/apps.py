"""Apptivo's apps, one row each: paths, names and envelopes as the reference pages give them. DATA.

Apps, envelopes and first ids are those of docs/apptivo.md. Where it knows no envelope the answer
is flat (INFERRED).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class App:
    """What tells one app from another.

    Attributes:
        name: The last part of its path, and its name in the memory and on the page.
        id_name: Its own name for the numeric id.
        data_names: Parameters that may carry the record as a JSON string.
        envelope: Key of the answer that holds the object; empty for a flat answer.
        echoed: Fields of the record that the answer to a save repeats.
        first_id: The id of the first record.
        name_field: The field without which a create is refused (INVENTED); empty for none.
        name_fields: The fields that people know a record by.
        number_field: Its own number; empty for none.
        duplicate_fields: Leads are duplicates where these are equal (INVENTED); empty: never.
        number_prefix: What generated numbers begin with.
        first_number: The first generated number.
        save_actions: Values of `a` that create.
        is_known: Whether the reference pages know the app.
    """

    name: str
    id_name: str
    data_names: tuple[str, ...] = ()
    envelope: str = ""
    echoed: tuple[str, ...] = ()
    first_id: int = 1001
    name_field: str = ""
    name_fields: tuple[str, ...] = ()
    number_field: str = ""
    duplicate_fields: tuple[str, ...] = ()
    number_prefix: str = ""
    first_number: int = 1001
    save_actions: tuple[str, ...] = ("save",)
    is_known: bool = True


LEADS = App(
    "leads",
    "leadId",
    ("leadData",),
    "lead",
    ("fullName",),
    first_id=8001,
    name_field="lastName",
    name_fields=("firstName", "lastName"),
    duplicate_fields=("lastName", "firstName", "emailAddresses"),
)
CUSTOMERS = App(
    "customers",
    "customerId",
    ("customerData",),
    "customer",
    ("customerName", "customerNumber"),
    first_id=9001,
    name_field="customerName",
    name_fields=("customerName",),
    number_field="customerNumber",
    first_number=1042,
)
CONTACTS = App(
    "contacts",
    "contactId",
    ("contactData",),
    "contact",
    ("fullName",),
    first_id=7001,
    name_field="lastName",
    name_fields=("firstName", "lastName"),
)
CASES = App(
    "cases",
    "caseId",
    ("caseData",),
    "csCase",
    ("caseNumber", "caseSummary", "description"),
    first_id=6001,
    name_field="caseSummary",
    name_fields=("caseSummary",),
    number_field="caseNumber",
    number_prefix="CS-",
    first_number=17,
)
OPPORTUNITIES = App(
    "opportunities",
    "opportunityId",
    ("opportunityData",),
    "opportunity",
    ("opportunityName",),
    first_id=5001,
    name_field="opportunityName",
    name_fields=("opportunityName",),
)
EMPLOYEES = App(
    "employees",
    "employeeId",
    ("employeeData",),
    first_id=101,
    name_fields=("firstName", "lastName"),
)
OTHERS = (
    EMPLOYEES,
    App("customapp", "customAppId", ("customAppData",)),
    App("estimates", "estimateId", ("estimateData",)),
    App("invoice", "invoiceId", ("invoiceData",)),
    App("items", "itemId", ("itemData",)),
    App("orders", "orderId", ("orderData",)),
    App("projects", "projectId", ("projectInformation", "projectData")),
    App("properties", "propertyId", ("propertyData",)),
    App("suppliers", "supplierId", ("supplierData",)),
    App(
        "targets",
        "id",
        ("targetIdx", "idxTarget"),
        "responseObject",
        ("firstName",),
        save_actions=("save", "createTarget"),
    ),
    App(
        "candidates",
        "candidateId",
        ("candidateData",),
        "data",
        ("fullName",),
        name_fields=("firstName", "lastName"),
    ),
    App("recruitment", "positionId", ("positionData",)),
    App("testimonials", "siteTestimonialId", ("testimonialData",)),
)
# These live beside v6: /app/dao/note, not /app/dao/v6/note.
BESIDE_V6 = (
    App("note", "noteId", ("noteDetails",), save_actions=("createNote",)),
    App(
        "activities",
        "activityId",
        ("taskData", "eventData", "followUpData"),
        save_actions=("createTask", "createEvent", "createFollowUpActivity"),
    ),
    App("emails", "emailId", ("emailData",), save_actions=("send",)),
)

V6_APPS = {app.name: app for app in (LEADS, CUSTOMERS, CONTACTS, CASES, OPPORTUNITIES, *OTHERS)}
# The older path of the employees, where they are found by e-mail.
OTHER_APPS = {app.name: app for app in BESIDE_V6} | {"employee": EMPLOYEES}


@lru_cache(maxsize=1024)
def unknown_app(name: str) -> App:
    """The row of an app that the reference pages do not know (INVENTED: it is accepted)."""
    singular = name.removesuffix("s") or name
    return App(name, f"{singular}Id", is_known=False)
