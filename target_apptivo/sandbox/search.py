"""A search: from its parameters to the rows that it answers. Pure.

Like a scored text index, and unlike a database, it also finds what is only near: that comes FIRST
here, so that a client that does not compare for itself is found out (docs/apptivo.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.sandbox.call import RefusedError, number_of, parsed, shown
from target_apptivo.sandbox.terms import ANYWHERE, Term, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_apptivo.sandbox.call import Call
    from target_apptivo.sandbox.index import SearchIndex
    from target_apptivo.sandbox.memory import Entry

# So many rows can be reached by paging, whatever is counted (a remark in MT).
REACHABLE = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: a page of it, and how many records there are in all."""

    entries: Sequence[Entry]
    count: int


def advanced_terms(call: Call) -> list[Term]:
    """What an advanced search looks for; nothing where its form is blank.

    Raises:
        RefusedError: The form is no JSON object.
    """
    text = call.params.get("searchData", "").strip()
    form = parsed("searchData", text) if text else {}
    if not isinstance(form, dict):
        msg = "searchData is not a JSON object"
        raise RefusedError(msg)
    return terms_of(form)


def text_terms(call: Call) -> list[Term]:
    """What a search by text looks for: the text anywhere, or what is said in a JSON object."""
    text = call.params.get("searchText", "").strip()
    if text.startswith("{"):
        form: dict[str, Any] = parsed("searchText", text)
        return terms_of(form)
    return [Term(ANYWHERE, text)] if text else []


def known_terms(
    terms: Sequence[Term], known: frozenset[str] | None, *, refuse: bool
) -> Sequence[Term]:
    """Those terms whose attributes the app knows: all where `known` is None.

    Raises:
        RefusedError: An attribute is unknown, and that is to be refused.
    """
    if known is None:
        return terms
    strangers = {term.field for term in terms if not _is_known(term.field, known)}
    if strangers and refuse:
        msg = f"Unknown search criterion: {shown(min(strangers))}"
        raise RefusedError(msg)
    return [term for term in terms if term.field not in strangers]


def search(
    index: SearchIndex, terms: Sequence[Term], params: Mapping[str, str], *, near: int
) -> Found:
    """Find the page that the parameters ask for. No terms find everything."""
    if terms:
        equal = index.equal(terms)
        ids = [*index.near(terms, near, but=equal), *equal]
    else:
        ids = index.everything()
    if params.get("sortColumn") == "creationDate":
        ids.sort(key=index.number, reverse=params.get("sortDir") != "asc")
    start, count = number_of(params, "startIndex", 0), number_of(params, "numRecords", 100)
    page = ids[start : min(start + count, REACHABLE)]
    return Found([index.entry(record_id) for record_id in page], len(ids))


def _is_known(field: str, known: frozenset[str]) -> bool:
    return field == ANYWHERE or field.partition(".")[0] in known
