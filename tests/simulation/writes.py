"""What must be true when a request of ours changes something in Apptivo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.drawing_lanes import OWN_IDS
from tests.simulation.reading import reference_of
from tests.simulation.things import addresses, flat, is_blank, is_same, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.messages import Message
    from tests.simulation.plan import Lane, Row
    from tests.simulation.sending import Sending
    from tests.simulation.things import Thing
    from tests.simulation.truth import Truth

UNSENT: Final = {"company_id", "id", "version", *OWN_IDS.values()}


def check_creation(truth: Truth, thing: Thing, sending: Sending) -> None:
    """Look on while an object is created."""
    message = thing.maker
    assert message
    story, lane = truth.stories[message.key], message.lane
    elders = [each for each in story.things if each.is_there]
    message.made.append(thing)
    story.things.append(thing)
    thing.owners[lane.name] = message.key
    for name, value in said(thing.values):
        thing.taken[name], thing.left[name] = [value], [value]
    _check_content(truth, thing, message)
    if message.verdict and message.verdict.outcome in {"rejected", "skipped", "unchanged"}:
        truth.break_(f"{message.name} was made after it was {message.verdict.outcome}")
    if lane.method == "PUT":
        return
    if lane.is_kept:
        _check_kept(truth, message, elders, sending)
    elif len(message.made) > 1 and truth.world.plan.setup.on_uncertain == "hold":
        truth.break_(f"{message.name} is made twice under hold")


def _check_content(truth: Truth, thing: Thing, message: Message) -> None:
    """An object is created as the source says; a reference holds the other's id."""
    for name, value in said(message.said):
        if name not in UNSENT and not is_same(name, thing.values.get(name), value):
            truth.break_(f"{message.name} is created with another {name}")
    _check_reference(truth, thing.values, message)


def _check_reference(truth: Truth, values: Row, message: Message) -> None:
    """The source's own number is never sent in place of an id."""
    lane = message.lane
    found = values.get(reference_of(lane)) if lane.parent else None
    if is_blank(found):
        return
    parent = truth.world.firm.things.get(int(str(found)))
    key = (str(lane.parent), message.row["company_id"])
    if parent is None or parent.owners.get(str(lane.parent)) != key:
        truth.break_(f"{message.name} refers to {found}, which is not {key}")


def _check_kept(truth: Truth, message: Message, elders: list[Thing], sending: Sending) -> None:
    """A record that is there is not created again."""
    lane = message.lane
    if lane.load_method == "update-only":
        truth.break_(f"{message.name} is created under update-only")
    for elder in elders:
        if not _may_double(truth, message, elder, sending):
            truth.break_(
                f"{message.name} is created again: {elder.apptivo_id} is there (sent at "
                f"{sending.sent_at - truth.world.runs[-1].started_at:.3f})"
            )
    if lane.match_on:
        for rival in _rivals(truth, message):
            truth.break_(f"{message.name} is created though {rival.apptivo_id} matches it")


def _may_double(truth: Truth, message: Message, elder: Thing, sending: Sending) -> bool:
    """Whether a second object may be created beside one that is there."""
    lane = message.lane
    if lane.endpoint == "generic":
        if message.is_doubted:
            return truth.world.plan.setup.on_uncertain == "resend"
        if elder is not truth.stories[message.key].newest_remembered:
            return elder.is_remembered or truth.world.plan.setup.on_uncertain == "resend"
        is_other = any(
            elder.is_by_people(name) or not is_same(name, elder.values.get(name), value)
            for name, value in said(message.said)
            if name not in UNSENT
        )
        if is_other:
            return True
    if elder.remembered_at is not None and elder.remembered_at <= sending.sent_at:
        return False
    if lane.match_on:
        return not has_match(lane, elder.values, message.row)
    return truth.world.plan.setup.on_uncertain == "resend"


def _rivals(truth: Truth, message: Message) -> Iterator[Thing]:
    """Give what search showed already when a record was looked for, and that matches it."""
    since = message.started_at or 0.0
    for thing in truth.world.firm.things.values():
        is_ours = message.key in thing.owners.values() and thing.maker is not None
        if thing.path == message.made[-1].path and thing.is_there and not is_ours:
            image = thing.image(since)
            shown = image is not None and has_match(message.lane, flat(image), message.row)
            if shown and has_match(message.lane, thing.values, message.row):
                yield thing


def has_match(lane: Lane, values: Row, row: Row) -> bool:
    """Whether an object is what a row is looked for by."""
    wanted = flat(row)
    return all(
        bool(addresses(values.get("emailAddresses")) & addresses(wanted.get("emailAddresses")))
        if name == "emailAddress"
        else name in OWN_IDS.values() or is_same(name, values.get(name), wanted.get(name))
        for name in lane.match_on
    )


def check_write(truth: Truth, thing: Thing, name: str, value: object, sending: Sending) -> None:
    """Look on while an update writes an attribute."""
    message = sending.messages[0]
    if message.lane.method == "PUT":
        return
    _check_owner(truth, thing, message)
    _check_value(truth, thing, name, value, message)
    old = thing.values.get(name)
    if name != "emailAddresses":
        if thing.is_by_people(name) and thing.stamps[name].at < message.seen_at:
            _check_edited(truth, thing, name, value, message)
        elif is_same(name, old, value) and _is_taken(truth, thing, name, value, message):
            truth.break_(f"{message.name} writes {name}, which the source did not change")
    elif thing.is_by_people(name) and thing.stamps[name].at >= message.seen_at:
        pass  # Edited between our read and our write: nobody can tell.
    elif lost := _theirs(truth, thing, message) - addresses(value):
        truth.break_(f"{message.name} drops e-mails of people: {lost}")
    thing.taken.setdefault(name, []).append(value)
    thing.not_ours.discard(name)
    thing.left.setdefault(name, []).append(value)


def _check_owner(truth: Truth, thing: Thing, message: Message) -> None:
    """No object of another key, and none of people's that does not match, is ever touched."""
    lane = message.lane
    owner = thing.owners.get(lane.name)
    if owner != message.key and not thing.is_remembered:
        # What another key with equal match values left in doubt.
        owner = None
    if owner not in (None, message.key):
        truth.break_(f"{message.name} writes into {thing.apptivo_id}, which is of {owner}")
    if owner is None:
        check_adoption(truth, thing, message)
        thing.owners[lane.name] = message.key


def check_adoption(truth: Truth, thing: Thing, message: Message) -> None:
    """What is taken for a record's own matches it, and is the only one."""
    lane = message.lane
    if lane.match_on and lane.match_on[0] in OWN_IDS.values():
        if thing.number != message.row[lane.match_on[0]]:
            truth.break_(f"{message.name} takes {thing.apptivo_id} for its own by its id")
        return
    if not lane.match_on or not has_match(lane, thing.values, message.row):
        truth.break_(f"{message.name} takes {thing.apptivo_id} for its own, which does not match")
        return
    if not thing.owners:
        message.made.append(thing)
        others = [each for each in _rivals(truth, message) if each is not thing]
        message.made.pop()
        is_chosen = message.place and truth.chosen.get(message.place) == str(thing.apptivo_id)
        if others and not is_chosen:
            truth.break_(f"{message.name} takes one of several: {thing.apptivo_id}")


def _check_value(truth: Truth, thing: Thing, name: str, value: object, message: Message) -> None:
    """What is written is what the source says; nulls and empties blank nothing."""
    lane, wanted = message.lane, message.said
    if lane.parent and name == reference_of(lane):
        _check_reference(truth, {name: value}, message)
    elif name not in wanted or not is_same(name, value, wanted[name]):
        truth.break_(f"{message.name} writes {name}, of which the source says something else")
    blanks = is_blank(value) and not is_blank(thing.values.get(name))
    is_ours = name in thing.left or _is_as_ours(truth, thing, name, message)
    if blanks and not (lane.update_nulls and is_ours):
        truth.break_(f"{message.name} blanks {name}")


def _is_as_ours(truth: Truth, thing: Thing, name: str, message: Message) -> bool:
    """Whether people's object, taken for ours (12.7), holds what we had sent: a copy of ours."""
    sent = (each.said.get(name) for each in truth.stories[message.key].messages)
    is_same_one = any(is_same(name, thing.values.get(name), each) for each in sent)
    return thing.maker is None and is_same_one


def _check_edited(truth: Truth, thing: Thing, name: str, value: object, message: Message) -> None:
    """What people wrote is overwritten only by what the source changed, and never with `keep`."""
    old = thing.values.get(name)
    if is_blank(old) or is_same(name, old, value) or thing.is_found_after_loss:
        return
    if _is_taken(truth, thing, name, value, message):
        truth.break_(f"{message.name} overwrites {name} of people: the source did not change it")
    # Where people and the source came to say the same, both agreed on it.
    ours = (*thing.left.get(name, ()), *thing.taken.get(name, ()))
    is_ours = any(is_same(name, old, each) for each in ours)
    if message.lane.on_conflict == "keep" and not (is_ours or _is_unseen(truth, thing, name)):
        truth.break_(f"{message.name} overwrites {name} of people in spite of keep")


def _is_unseen(truth: Truth, thing: Thing, name: str) -> bool:
    """Whether people edited an object while a record was on its way to it: it cannot be told."""
    at = thing.stamps[name].at
    return any(
        message.started_at is not None and message.started_at <= at <= (message.ended_at or at)
        for message in truth.stories[thing.owners[next(iter(thing.owners))]].messages
    )


def _is_taken(truth: Truth, thing: Thing, name: str, value: object, message: Message) -> bool:
    """Whether a value surely is the one that was taken of the source last.

    Of one that only an update in doubt wrote, nobody can tell whether it came before people's.
    """
    known = truth.world.disk.memory(message.place).known if message.place else None
    is_told = known is not None and name in known.taken
    is_known = thing.is_remembered and not thing.is_shared and is_told
    taken = thing.taken.get(name) if is_known else None
    return bool(taken) and all(is_same(name, each, value) for each in taken or ())


def _theirs(truth: Truth, thing: Thing, message: Message) -> set[str]:
    """Give the e-mails of an object that we never wrote; a copy of ours, taken for it, has ours."""
    written = [*thing.left.get("emailAddresses", ())]
    if thing.is_found_after_loss:
        written += [each.row.get("emailAddresses") for each in truth.stories[message.key].messages]
    return addresses(thing.values.get("emailAddresses")) - set().union(*map(addresses, written))


def check_deletion(truth: Truth, thing: Thing, sending: Sending) -> None:
    """Only what was created from a record is deleted with it."""
    message = sending.messages[0]
    lane = message.lane
    if lane.endpoint == "delete_customer":
        key = (str(lane.parent), message.row["company_id"])
        if key not in thing.owners.values():
            truth.break_(f"{message.name} deletes {thing.apptivo_id}, which is not {key}")
    elif thing.is_found_after_loss:
        return
    elif thing.maker is None or thing.maker.key != message.key:
        truth.break_(f"{message.name} deletes {thing.apptivo_id}, which was not created from it")
