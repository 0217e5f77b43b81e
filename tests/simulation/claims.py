"""What must be true when a record gets its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.content import content_of
from tests.simulation.reading import reference_of
from tests.simulation.things import addresses, flat, is_blank, is_same
from tests.simulation.writes import UNSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.journal.steps import Remember
    from tests.simulation.messages import Message
    from tests.simulation.plan import Row
    from tests.simulation.things import Thing
    from tests.simulation.truth import Truth


# What no record may end as, by load method.
_NEVER = {
    "append-only": {"updated", "unchanged"},
    "create-only": {"updated"},
    "update-only": {"accepted", "duplicate"},
    "upsert": {"duplicate"},
}


def check(truth: Truth, message: Message) -> None:
    """Look on while a record gets its outcome."""
    verdict, lane = message.verdict, message.lane
    assert verdict
    # Apptivo itself may call any record a duplicate.
    is_ours = verdict.outcome != "duplicate" or verdict.http_status is None
    if is_ours and verdict.outcome in _NEVER[lane.load_method] and not message.is_deleted:
        truth.break_(f"{message.name} is {verdict.outcome} under {lane.load_method}")
    if verdict.outcome in {"rejected", "skipped"} and message.made:
        truth.break_(f"{message.name} is {verdict.outcome}, and was made: {verdict.reason}")
    doubles = len(message.made) > 1 and lane.method == "POST"
    if doubles and not verdict.possible_duplicate:
        truth.break_(f"{message.name} was made twice, and is not flagged")
    is_again = message.is_doubted and lane.is_kept and lane.method == "POST"
    if is_again and verdict.outcome == "accepted" and not verdict.possible_duplicate:
        truth.break_(f"{message.name} was sent again after a doubt, and is not flagged")
    if lane.endpoint.startswith("create") and not message.is_deleted:
        for what in wrong(truth, message):
            truth.break_(what)


def wrong(truth: Truth, message: Message) -> Iterator[str]:
    """Say what is not true of what is claimed of a record that was taken."""
    verdict = message.verdict
    if verdict is None or verdict.outcome not in {"accepted", "updated", "unchanged"}:
        return
    thing = truth.world.firm.things.get(int(verdict.apptivo_id or 0))
    if thing is None:
        yield f"{message.name} is {verdict.outcome} with no object: {verdict.apptivo_id}"
    elif thing.owners.get(message.lane.name) != message.key and not _is_gone(thing, message):
        yield f"{message.name} is {verdict.outcome} as {thing.apptivo_id}, which is not its own"
    elif thing.is_there and not thing.is_found_after_loss:
        yield from _differences(thing, message)
    elif thing.gone_by == "us" and message.lane.endpoint != "create_customer":
        yield f"{message.name} is {verdict.outcome}, and we deleted it"


def _is_gone(thing: Thing, message: Message) -> bool:
    """Whether an object was deleted after a record got its outcome: then it is nobody's."""
    return thing.gone_at is not None and thing.gone_at >= (message.ended_at or 0.0)


def _differences(thing: Thing, message: Message) -> Iterator[str]:
    """Say what an object of a record holds that it should not."""
    for name, value in _wanted(thing, message):
        found = thing.values.get(name)
        if is_same(name, found, value) or _may_differ(thing, name, message):
            continue
        assert message.verdict
        yield f"{message.name} is {message.verdict.outcome}, and {name} is {found!r}, not {value!r}"


def _wanted(thing: Thing, message: Message) -> Iterator[tuple[str, object]]:
    """Give what a record says of its object; of nulls those that clear what we wrote."""
    lane = message.lane
    left_out = UNSENT | ({reference_of(lane)} if lane.parent else set())
    ours = (thing.left.keys() & message.taken_before) - thing.not_ours if lane.update_nulls else ()
    for name, value in message.said.items():
        if name not in left_out and (name in ours or not is_blank(value)):
            yield name, value


def _may_differ(thing: Thing, name: str, message: Message) -> bool:
    """Whether an object may hold something else than the source says: the work of people."""
    is_of_another = thing.maker is not None and thing.maker.key != message.key
    if thing.is_shared or is_of_another or thing.is_found_after_loss:
        return True
    if thing.maker is None and name == "emailAddresses" and message.lane.on_conflict == "keep":
        # People's list: what was left out once is not put in later, and what comes new is.
        return True
    if name == "emailAddresses" and _is_dropped(thing, message):
        return True
    if not thing.is_by_people(name):
        return False
    if message.lane.on_conflict == "keep" or thing.stamps[name].at >= message.seen_at:
        return True
    assert message.verdict
    is_read = message.verdict.outcome == "updated" or message.sendings > 0
    taken = message.taken_before.get(name)
    wanted = message.said[name]
    is_new = taken is None or not any(is_same(name, each, wanted) for each in taken)
    return not (is_read and is_new)


def _is_dropped(thing: Thing, message: Message) -> bool:
    """Whether only those e-mails are missing that people took out, and that are not new."""
    missing = addresses(message.said["emailAddresses"]) - addresses(
        thing.values.get("emailAddresses")
    )
    taken = map(addresses, message.taken_before.get("emailAddresses", ()))
    return missing <= thing.dropped & set().union(*taken)


def take(thing: Thing, message: Message, step: Remember, now: float) -> None:
    """Note what the journal holds of an object from now on."""
    if message.lane.name not in thing.owners or not thing.is_remembered:
        # Found, and nothing had to be written; or left in doubt by another key.
        thing.owners[message.lane.name] = message.key
    if thing.maker is None or thing.maker.key == message.key:
        thing.remembered_at = now
    message.taken_before = {name: [*values] for name, values in thing.taken.items()}
    for name, value in _taken(message, step).items():
        if message.lane.update_nulls or not is_blank(value):
            thing.taken[name] = [value]


def _taken(message: Message, step: Remember) -> Row:
    """Give what was taken of a record, if it was this one's content."""
    row = {name: value for name, value in message.row.items() if name not in UNSENT}
    if step.whole is not None:
        # The next run takes it at its word: then `wrong` sees whether it is true.
        return flat(row)
    content = content_of(row, update_nulls=message.lane.update_nulls)
    is_its_own = all(step.taken.get(name) == text for name, text in content.items())
    return flat(row) if is_its_own else {}
