"""What is known of Apptivo's endpoints: one row per template, both API styles. Data, no I/O.

Paths, actions, data parameters and id names are from Apptivo's reference pages. The `rest` style is
told by one integrator's documentation only; the `action` style is Apptivo's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ApiStyle(StrEnum):
    """How the templates call Apptivo."""

    REST = "rest"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An optional request parameter of an endpoint, set by a setting of its own."""

    setting: str
    parameter: str
    booleans: tuple[str, str] = ("false", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """An attribute name that looks right and is not what Apptivo takes (docs/apptivo.md).

    Apptivo drops names that it does not know without a word, so nobody else will tell.

    Attributes:
        name: The attribute.
        remedy: What Apptivo takes in its place.
        unless: An attribute beside which the name is right.
    """

    name: str
    remedy: str
    unless: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One template of the destination.

    Attributes:
        name: Its name in the settings.
        path: The app's path below the API's base URL.
        action: Value of the parameter `a`.
        id_name: What Apptivo calls the object's id.
        streams: Stream names that find it without a setting, besides its own name.
        data_param: Form field of the record in `action` style; none for a delete.
        envelope: Key of the object in the answer; none where the answer holds no id.
        options: Optional request parameters.
        traps: Attribute names to warn of.
        object_id: The app's number, which goes with searches, reads and updates.
        names_param: Parameter of an update that lists the names of what changed.
        read_params: Further parameters of a read by id.
        update_params: Further parameters of an update.
        second_names: Names that an update of an attribute has to list besides.
    """

    name: str
    path: str
    action: str
    id_name: str
    streams: tuple[str, ...] = ()
    data_param: str | None = None
    envelope: str | None = None
    options: tuple[Option, ...] = ()
    traps: tuple[Trap, ...] = ()
    object_id: int | None = None
    names_param: str | None = None
    read_params: tuple[tuple[str, str], ...] = ()
    update_params: tuple[tuple[str, str], ...] = ()
    second_names: tuple[tuple[str, str], ...] = ()

    @property
    def creates(self) -> bool:
        """Whether it takes a record; else it deletes."""
        return self.data_param is not None

    @property
    def id_paths(self) -> tuple[str, ...]:
        """Dotted paths at which an answer may show the new id, the surest first."""
        if self.envelope is None:
            return ()
        holders = (f"{self.envelope}.", "", "data.", "responseObject.")
        return tuple(f"{holder}{name}" for holder in holders for name in (self.id_name, "id"))


# Two of these are Y/N flags and one is true/false (createOpportunity's sample URL).
_OPPORTUNITY_OPTIONS: Final = (
    Option(setting="account_id", parameter="accountId"),
    Option(setting="is_duplicate", parameter="isDuplicate", booleans=("N", "Y")),
    Option(setting="is_lead_convert", parameter="isLeadConvert", booleans=("N", "Y")),
    Option(setting="is_customer_territory_update", parameter="isCustomerTerritoryUpdate"),
)

_FLAT_EMAIL: Final = Trap(
    name="emailAddress",
    remedy="emailAddresses, a list of {emailAddress, emailTypeCode, emailType, id}",
)
_FLAT_PHONE: Final = Trap(
    name="phoneNumber",
    remedy="phoneNumbers, a list of {phoneNumber, phoneTypeCode, phoneType, id}",
)
_LEAD_SOURCE: Final = Trap(
    name="leadSource",
    remedy="leadSource with the option's id or code, and leadSourceMeaning with its text",
    unless="leadSourceMeaning",
)
_SALES_STAGE: Final = Trap(name="salesStage", remedy="salesStageName and salesStageId")

# Who changes a case's customer or contact names it twice (docs/apptivo.md, Update, Links: MT,
# PORTAL). That the second name is needed, too, where the id alone changes is INFERRED.
_CASE_LINKS: Final = (
    ("caseCustomer", "caseCustNew"),
    ("caseCustomerId", "caseCustNew"),
    ("caseContact", "caseContactNew"),
    ("caseContactId", "caseContactNew"),
)

# Object ids: docs/apptivo.md, Apps and creating, The five objects. The name of an update's list:
# docs/apptivo.md, Update, The request; that each app takes its own spelling only is UNKNOWN. Cases:
# isSla of a read by docs/apptivo.md, Reading, getById; appId of an update by Update, The request.
_ROWS: Final = (
    Endpoint(
        name="create_case",
        path="v6/cases",
        action="save",
        id_name="caseId",
        streams=("case", "cases"),
        data_param="caseData",
        envelope="csCase",
        object_id=59,
        names_param="attributeName",
        read_params=(("isSla", "Y"),),
        update_params=(("appId", "59"),),
        second_names=_CASE_LINKS,
    ),
    Endpoint(
        name="create_lead",
        path="v6/leads",
        action="save",
        id_name="leadId",
        streams=("lead", "leads"),
        data_param="leadData",
        envelope="lead",
        traps=(_FLAT_EMAIL, _FLAT_PHONE, _LEAD_SOURCE),
        object_id=4,
        names_param="attributeNames",
    ),
    Endpoint(
        name="create_customer",
        path="v6/customers",
        action="save",
        id_name="customerId",
        streams=("customer", "customers"),
        data_param="customerData",
        envelope="customer",
        traps=(_FLAT_EMAIL, _FLAT_PHONE),
        object_id=3,
        names_param="attributeName",
    ),
    Endpoint(
        name="delete_customer",
        path="v6/customers",
        action="delete",
        id_name="customerId",
        streams=("delete_customers",),
    ),
    Endpoint(
        name="create_contact",
        path="v6/contacts",
        action="save",
        id_name="contactId",
        streams=("contact", "contacts"),
        data_param="contactData",
        envelope="contact",
        traps=(_FLAT_EMAIL, _FLAT_PHONE),
        object_id=2,
        names_param="attributeNames",
    ),
    Endpoint(
        name="create_opportunity",
        path="v6/opportunities",
        action="save",
        id_name="opportunityId",
        streams=("opportunity", "opportunities"),
        data_param="opportunityData",
        envelope="opportunity",
        options=_OPPORTUNITY_OPTIONS,
        traps=(_SALES_STAGE,),
        object_id=11,
        names_param="attributeNames",
    ),
)
TEMPLATES: Final = {row.name: row for row in _ROWS}
CREATE_CASE: Final = TEMPLATES["create_case"]
CREATE_LEAD: Final = TEMPLATES["create_lead"]
CREATE_CUSTOMER: Final = TEMPLATES["create_customer"]
DELETE_CUSTOMER: Final = TEMPLATES["delete_customer"]
CREATE_CONTACT: Final = TEMPLATES["create_contact"]
CREATE_OPPORTUNITY: Final = TEMPLATES["create_opportunity"]

GENERIC: Final = "generic"
ENDPOINT_NAMES: Final = (*TEMPLATES, GENERIC)

# Stream names that find their endpoint without a setting, compared without regard to case.
DEFAULT_STREAMS: Final = {
    stream: row.name for row in TEMPLATES.values() for stream in (row.name, *row.streams)
}

# The read that changes nothing and works on an empty firm.
CONFIG_PATH: Final = "v6/leads"
CONFIG_ACTION: Final = "getConfigData"
