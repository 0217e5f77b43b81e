"""Draw the streams of a seed, and how each is treated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.simulation.plan import Lane

if TYPE_CHECKING:
    from random import Random

MATCHES: Final[tuple[tuple[str, ...], ...]] = (
    (),
    (),
    ("emailAddress",),
    ("emailAddress",),
    ("externalRefId",),
    ("customAttributes.input_4_9",),
    ("externalRefId", "emailAddress"),
)


def draw_lanes(rng: Random, *, has_journal: bool) -> tuple[Lane, ...]:
    """Draw one to three streams."""
    if rng.random() < 0.2:
        return (_hooks(rng, has_journal=has_journal),)
    lanes = [_creates(rng, has_journal=has_journal)]
    first = lanes[0]
    more = rng.random()
    if more < 0.12:
        lanes.append(replace(_alike(_creates(rng, has_journal=has_journal)), name="others"))
        lanes[1] = replace(lanes[1], endpoint=first.endpoint)
    elif more < 0.35 and has_journal:
        lanes = [replace(first, has_keys=True), _children(rng, first)]
    elif more < 0.42 and has_journal:
        parent = replace(_alike(first), endpoint="create_customer", has_keys=True)
        lanes = [parent, _closed(parent)]
    elif more < 0.5 and has_journal:
        omits = rng.choice(("reject", "omit"))
        lanes = [replace(first, parent=first.name, on_missing=omits, has_keys=True)]
    return tuple(lanes)


def _creates(rng: Random, *, has_journal: bool) -> Lane:
    """Draw a stream that creates."""
    endpoint = rng.choice(("create_lead", "create_customer", "create_contact", "create_case"))
    if not has_journal:
        return Lane(name="main", endpoint=endpoint)
    methods = ("append-only", *("upsert",) * 7, "create-only", "update-only")
    method = rng.choice(methods)
    match_on = rng.choice(MATCHES) if method != "append-only" else ()
    if match_on and rng.random() < 0.07:
        match_on = (OWN_IDS[endpoint],)
    return Lane(
        name="main",
        endpoint=endpoint,
        load_method=method,
        match_on=match_on,
        on_conflict=rng.choice(("overwrite", "overwrite", "keep")),
        update_nulls=rng.random() < 0.2,
        hard_delete=endpoint == "create_customer" and rng.random() < 0.5,
        has_keys=not (match_on or method == "append-only") or rng.random() < 0.9,
    )


OWN_IDS: Final = {
    "create_lead": "leadId",
    "create_customer": "customerId",
    "create_contact": "contactId",
    "create_case": "caseId",
}


def _alike(lane: Lane) -> Lane:
    """Leave out what does not do for every endpoint."""
    has_own_id = bool(lane.match_on) and lane.match_on[0] in OWN_IDS.values()
    return replace(
        lane,
        match_on=() if has_own_id else lane.match_on,
        has_keys=lane.has_keys or has_own_id,
        hard_delete=False,
    )


def _children(rng: Random, parent: Lane) -> Lane:
    """Draw a stream whose records refer to those of another one."""
    return replace(
        _alike(_creates(rng, has_journal=True)),
        name="children",
        endpoint="create_contact" if parent.endpoint != "create_contact" else "create_lead",
        has_keys=True,
        parent=parent.name,
        on_missing=rng.choice(("reject", "reject", "omit")),
    )


def _closed(parent: Lane) -> Lane:
    """Give a stream that deletes the customers of another one."""
    return Lane(name="closed", endpoint="delete_customer", parent=parent.name)


def _hooks(rng: Random, *, has_journal: bool) -> Lane:
    """Draw a stream of a generic endpoint."""
    methods = ("append-only", "upsert", "upsert") if has_journal else ("append-only",)
    method = rng.choice(("POST", "POST", "PUT"))
    batch = rng.choice((0, 2, 3)) if method == "POST" else 0
    return Lane(
        name="hooks",
        endpoint="generic",
        load_method=rng.choice(methods),
        method=method,
        batch=batch,
        splits=rng.random() < 0.5,
        has_results=bool(batch) and rng.random() < 0.5,
        has_ids=rng.random() < 0.5,
    )
