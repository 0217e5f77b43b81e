"""What the sandbox does that nobody has seen Apptivo do, and its switches. DATA.

For the page and `/state.json`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One behaviour that is not known to be Apptivo's, or can be switched.

    Attributes:
        mark: `INVENTED`, `UNKNOWN` (only claimed), `INFERRED` (follows from facts) or `SEEN`.
        what: The behaviour.
        switch: How it is turned on or off; empty where it needs a request of its own kind.
    """

    mark: str
    what: str
    switch: str = ""


DISCLOSURES = (
    Disclosure(
        "INVENTED",
        "A create without its name field (lastName, customerName, caseSummary, opportunityName)"
        " is refused.",
        "--accept-all",
    ),
    Disclosure("INVENTED", "The wording of every refusal; only its form is Apptivo's."),
    Disclosure("INVENTED", "Every fault, and what the client sees of it.", "--fault KIND=RATE"),
    Disclosure(
        "INVENTED",
        "A lead is a duplicate where lastName, firstName and emailAddresses are equal. The answer"
        " itself is Apptivo's.",
        "isDuplicateCheck=Y",
    ),
    Disclosure(
        "INVENTED",
        "A batch path, its results, and atomic=Y, which refuses a batch as a whole.",
        "POST v6/<app>/batch",
    ),
    Disclosure(
        "SEEN",
        "Fields that an app and its configuration do not know are dropped, silently. Without the"
        " switch every field is kept (INVENTED).",
        "--drop-unknown",
    ),
    Disclosure(
        "SEEN",
        "A search is fuzzy: it also finds records that share words with the criteria, so a client"
        " has to compare. Blank criteria find everything; 10,000 rows are reachable.",
        "a=getAllByAdvancedSearch, a=getAllBySearchText",
    ),
    Disclosure(
        "INVENTED",
        "Near matches come before the equal ones, and only so many of them are found; all criteria"
        " have to be met for an equal one. multiSelectData is not looked at.",
        "--near-matches N",
    ),
    Disclosure(
        "INFERRED",
        "Searches show a change only some time after it was made: they answer the copy that the"
        " index has. A read by id shows it at once. How long it takes is not known.",
        "--index-delay SECONDS",
    ),
    Disclosure(
        "INFERRED",
        "Search criteria that an app does not know are ignored, so that such a search finds"
        " everything.",
        "--criteria ignored",
    ),
    Disclosure(
        "INVENTED", "Search criteria that an app does not know are refused.", "--criteria refused"
    ),
    Disclosure(
        "INFERRED",
        "Every standard field can be searched, and custom attributes by their value. Seen are only"
        " e-mails, names, numbers, links to customers, and selects.",
    ),
    Disclosure("INFERRED", "A record in the trash is not found, and not read by its id."),
    Disclosure(
        "SEEN",
        "A record read by its id is flat, or in data or responseObject; which app does which is"
        " not known.",
        "--read-envelope flat|data|responseObject",
    ),
    Disclosure(
        "INFERRED",
        "Creates and updates are answered with the whole record (several clients reuse it), or"
        " with the few fields that were seen.",
        "--answers bare|whole",
    ),
    Disclosure(
        "INFERRED",
        "An update takes only the attributes that it names. E-mails, phones and addresses without"
        " their id are added, none is removed; custom attributes are merged by their id.",
        "a=update",
    ),
    Disclosure(
        "INVENTED",
        "An update that names no attribute changes nothing; a named list that is null is cleared.",
        "a=update",
    ),
    Disclosure("UNKNOWN", "attributeName and attributeNames are both understood by every app."),
    Disclosure(
        "INVENTED",
        "PUT takes every attribute, and stores a new record under an id that is not there; a=update"
        " is refused there.",
        "PUT v6/<app>/<id>",
    ),
    Disclosure(
        "INVENTED",
        "A request that was cut takes effect only so long after.",
        "--late-commit SECONDS",
    ),
    Disclosure(
        "INVENTED",
        "The books: how often a record was created, by its key. That is the first that it has of"
        " the named attributes, id, externalRefId, its number, e-mail and name. Apptivo keeps no"
        " such books.",
        "--key NAME",
    ),
    Disclosure(
        "INVENTED",
        "The configuration is that of a firm that is made up, its employees too: which standard"
        " fields a layout names, and the lists of lead statuses and ranks, contact statuses and"
        " sales stages. Its form is Apptivo's.",
        "--config-data FILE",
    ),
    Disclosure(
        "INVENTED",
        "getEmployeeByAdvancedSearch answers equal matches only: clients take the first unseen.",
        "/app/dao/employee",
    ),
    Disclosure("INVENTED", "Apps that the reference does not know are accepted."),
    Disclosure("UNKNOWN", "A record as the raw JSON body: only Nexla's pages say that it works."),
    Disclosure("UNKNOWN", "PUT and DELETE with the id in the path: only Nexla's pages name them."),
    Disclosure("UNKNOWN", "Apptivo's limit of calls: none is kept here.", "--fault http_429=RATE"),
    Disclosure("INFERRED", "The answers of opportunities, updates, deletes and the smaller apps."),
    Disclosure("INFERRED", "A delete moves to the trash."),
)
