"""The standard fields of the apps, as far as the reference pages name them. DATA.

Source: the payloads, criteria, keys, people, links and dropdowns of docs/apptivo.md.
"""

from __future__ import annotations

from typing import Any

# Every app: what Apptivo adds to a record, and what section 1.2 says that all of them have.
_EVERYWHERE = """
    id creationDate version objectStatus isActive labels notes description customAttributes
"""
_REACHED = "phoneNumbers emailAddresses addresses"
_ASSIGNEE = "assigneeObjectRefId assigneeObjectRefName assigneeObjectId"

_NAMES = {
    "leads": f"""
        leadId firstName lastName fullName companyName {_REACHED} {_ASSIGNEE}
        wayToContact easyWayToContact leadStatus leadStatusMeaning leadSource leadSourceMeaning
        leadRank leadRankMeaning referredById referredByName currencyCode accountId accountName
        fromObjectId fromObjectRefId sourceObjectId
    """,
    "customers": f"""
        customerId customerName customerNumber customerNameNotAnalysed {_REACHED} {_ASSIGNEE}
        statusName statusId paymentTerm isUnsubscribed syncToGoogle
    """,
    "contacts": f"""
        contactId firstName lastName fullName jobTitle externalRefId {_REACHED} {_ASSIGNEE}
        accountId accountName contactStatusName contactStatusId syncToGoogle
    """,
    "cases": """
        caseId caseNumber caseSummary caseStatus caseStatusId caseType caseTypeId casePriority
        casePriorityId assignedObjectRefName assignedObjectRefId assignedObjectId needByDate
        caseEmail caseCustomer caseCustomerId caseCustNew caseContact caseContactId caseContactNew
        addresses
    """,
    "opportunities": """
        opportunityId opportunityName opportunityNameNotAnalysed amount currencyCode
        salesStageName salesStageId probability closeDate assignedToObjectRefName
        assignedToObjectRefId assignedToObjectId leadSourceTypeName leadSourceTypeId
        opportunityCustomer opportunityCustomerId isMultiCurrency isLocked accounts
    """,
    "employees": "employeeId firstName lastName fullName emailId personStatus",
}
# By app; an app that is not here has no fields that it would not know.
STANDARD = {app: frozenset(f"{_EVERYWHERE} {names}".split()) for app, names in _NAMES.items()}

# Lists of a record whose entries have ids of their own, and what of an entry can be searched.
ENTRY_IDS = {
    "emailAddresses": "communicationId",
    "phoneNumbers": "communicationId",
    "addresses": "addressId",
}
SEARCHED_PARTS = {
    "emailAddresses": ("emailAddress",),
    "phoneNumbers": ("phoneNumber",),
    "addresses": ("addressLine1", "addressLine2", "city", "state", "zipCode", "countryName"),
}


def entries_of(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (any JSON value)
    """The objects in what should be a list of objects."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def text_of(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A single value as text without blanks around it; empty for null, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, list | dict) else str(value).strip()
