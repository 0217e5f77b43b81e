"""What the sandbox does that nobody has seen Apptivo do. DATA, for the page and `/state.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One behaviour that is not known to be Apptivo's.

    Attributes:
        mark: `INVENTED`, `UNKNOWN` (only claimed) or `INFERRED` (follows from facts).
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
    Disclosure("INVENTED", "An update under an id that is not there stores a new record."),
    Disclosure(
        "INVENTED", "Every field is kept; Apptivo drops the names it does not know, silently."
    ),
    Disclosure("INVENTED", "Apps that the reference does not know are accepted."),
    Disclosure("UNKNOWN", "A record as the raw JSON body: only Nexla's pages say that it works."),
    Disclosure("UNKNOWN", "PUT and DELETE with the id in the path: only Nexla's pages name them."),
    Disclosure("UNKNOWN", "Apptivo's limit of calls: none is kept here.", "--fault http_429=RATE"),
    Disclosure("INFERRED", "The answers of opportunities, updates, deletes and the smaller apps."),
    Disclosure("INFERRED", "An update merges its fields into the record; a delete moves to trash."),
)
