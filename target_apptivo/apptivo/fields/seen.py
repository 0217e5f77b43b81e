"""Attributes that were seen in payloads of the apps, the one that names a record first. Data.

FACT for the names (docs/apptivo.md 2.4), but nobody lists them all: that a name is not here proves
nothing. A record without any of them is none of the app's, most likely.
"""

from __future__ import annotations

from typing import Final

_LISTS: Final = "phoneNumbers emailAddresses addresses labels customAttributes"
_ASSIGNEE: Final = "assigneeObjectRefName assigneeObjectRefId assigneeObjectId"
_ASSIGNED: Final = "assignedObjectRefName assignedObjectRefId assignedObjectId"
_ASSIGNED_TO: Final = "assignedToObjectRefName assignedToObjectRefId assignedToObjectId"

_SEEN: Final = {
    "leads": f"""
        lastName firstName companyName accountId accountName wayToContact easyWayToContact
        leadStatus leadStatusMeaning leadSource leadSourceMeaning leadRank leadRankMeaning
        referredById referredByName description currencyCode potentialAmount isUnsubscribed
        {_ASSIGNEE} {_LISTS}
    """,
    "customers": f"""
        customerName customerNumber statusName statusId paymentTerm isUnsubscribed syncToGoogle
        {_ASSIGNEE} {_LISTS}
    """,
    "contacts": f"""
        lastName firstName jobTitle externalRefId accountId accountName contactStatusName
        contactStatusId syncToGoogle {_ASSIGNEE} {_LISTS}
    """,
    "cases": f"""
        caseSummary caseNumber description caseStatus caseStatusId caseType caseTypeId casePriority
        casePriorityId needByDate caseEmail caseCustomer caseCustomerId caseContact caseContactId
        {_ASSIGNED} addresses customAttributes
    """,
    "opportunities": f"""
        opportunityName amount currencyCode salesStageName salesStageId probability closeDate
        leadSourceTypeName leadSourceTypeId opportunityCustomer opportunityCustomerId
        isMultiCurrency isLocked accounts {_ASSIGNED_TO} {_LISTS}
    """,
}
SEEN: Final = {app: tuple(names.split()) for app, names in _SEEN.items()}
