"""Apptivo's objects: reading one by its id, and finding it in an answer. Pure: no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.operation import Content, Operation
from target_apptivo.apptivo.request import Address, shape_request
from target_apptivo.apptivo.template import Template
from target_apptivo.apptivo.values import is_empty, plain_text
from target_apptivo.apptivo.verdict import Meaning, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.verdict import Verdict

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Gone:
    """No such object: a 404, a FAILURE, or an answer without the id."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """An answer shows an object with another id than the one asked for."""

    apptivo_id: str


@dataclass(frozen=True, slots=True)
class Unbelievable:
    """An answer from which nothing can be concluded."""

    reason: str


@lru_cache
def app_operation(
    row: Endpoint, headers: Pairs = (), *, data_param: str | None = None
) -> Operation:
    """Give the operation of a form POST to an app, in both styles.

    Searches, reads and updates are known as form POSTs only (docs/apptivo.md 1.2), so that the
    stream's own content type does not go with them.
    """
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    return Operation(
        endpoint=row.name,
        method="POST",
        url=Template((row.path,)),
        content=Content.FORM,
        params_in_form=True,
        data_param=data_param,
        headers=kept,
    )


def read_request(row: Endpoint, apptivo_id: str, headers: Pairs = ()) -> Request:
    """Make the request that reads an object (docs/apptivo.md 6.1)."""
    params = (
        ("a", "getById"),
        (row.id_name, apptivo_id),
        ("objectId", str(row.object_id)),
        *row.read_params,
    )
    return shape_request(app_operation(row, headers), Address(row.path, params), {})


def id_in(row: Endpoint, shown: Mapping[str, Any]) -> str | None:
    """Give the id of an object, by the app's own name for it, else `id`; as text."""
    for name in (row.id_name, "id"):
        value = shown.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and not is_empty(value):
            return plain_text(value)
    return None


def read_object(
    row: Endpoint, verdict: Verdict, apptivo_id: str
) -> dict[str, Any] | Gone | Stranger | Unbelievable:
    """Find the object in the answer to a read or an update, flat or in one of the envelopes.

    Args:
        row: The app.
        verdict: What the answer means; credentials that are refused have been seen before.
        apptivo_id: The id that was asked for.
    """
    body = verdict.response or {}
    is_failure = str(body.get("status")).strip().casefold() == "failure"
    if verdict.http_status == _NOT_FOUND or is_failure:
        return Gone(verdict.reason or "FAILURE")
    if verdict.meaning is not Meaning.FINAL or verdict.outcome is Outcome.REJECTED:
        return Unbelievable(verdict.reason or "refused")
    envelopes = (body.get(name) for name in (row.envelope or "data", "data", "responseObject"))
    shown = [holder for holder in (body, *envelopes) if isinstance(holder, dict)]
    found = [(id_in(row, holder), holder) for holder in shown]
    for shown_id, holder in found:
        if shown_id == apptivo_id:
            return holder
    others = [shown_id for shown_id, _ in found if shown_id is not None]
    return Stranger(others[0]) if others else Gone("the answer shows no such object")
