"""What must be true when a request leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.firm import ID_NAMES
from tests.simulation.things import US

if TYPE_CHECKING:
    from tests.simulation.messages import Message
    from tests.simulation.sending import Sending
    from tests.simulation.truth import Truth


def check(truth: Truth, sending: Sending) -> None:
    """Look on while a request leaves."""
    run = truth.world.runs[-1]
    if run.is_stopped:
        truth.break_(f"{sending.messages[0].name} is sent after the stop")
    keys = [message.key for message in sending.messages if message.lane.has_keys]
    if len({*keys}) != len(keys):
        truth.break_(f"twins in one batch: {keys}")
    for message in sending.messages:
        method = message.lane.load_method
        if sending.action == "update" and method in {"append-only", "create-only"}:
            truth.break_(f"{message.name} is updated under {method}")
        _check_order(truth, message)
        if sending.action:
            _check_newest(truth, message)
            _check_intention(truth, message, sending)
            _check_repetition(truth, message, sending)


def _check_intention(truth: Truth, message: Message, sending: Sending) -> None:
    """The journal holds durably what is intended, before the first byte leaves."""
    if message.place is None:
        return
    intention = truth.world.disk.memory(message.place).intention
    is_held = intention is not None and intention.action == sending.action
    # Of what a delete has taken meanwhile nothing is remembered, and nothing can come.
    if not is_held and not (sending.action == "update" and _is_gone(truth, sending)):
        truth.break_(f"{message.name}: {sending.action} is sent before the journal holds it")


def _is_gone(truth: Truth, sending: Sending) -> bool:
    """Whether an update is of an object that was deleted."""
    form = dict(sending.request.form or ())
    numbers = [int(form[name]) for name in ID_NAMES.values() if name in form]
    things = [truth.world.firm.things.get(number) for number in numbers]
    return any(thing is not None and not thing.is_there for thing in things)


def _is_forgotten(truth: Truth, message: Message) -> bool:
    """Whether what a record became was deleted since, and is forgotten."""
    apptivo_id = message.verdict and message.verdict.apptivo_id
    thing = truth.world.firm.things.get(int(apptivo_id or 0))
    return thing is not None and not thing.is_there and thing.gone_by == US


def _check_newest(truth: Truth, message: Message) -> None:
    """A line of the rejected file is not sent if newer data was taken after it was set aside.

    Or if that was found there already; of its key, records are told apart by their order alone.
    """
    aside, lane = message.again, message.lane
    if aside is None or not lane.is_kept:
        return
    for other in truth.stories[message.key].messages:
        is_newer = other.version > message.version and other.run != message.run
        is_after = (other.run, other.position) > (aside.run, aside.position)
        is_there = other.is_held or (other.verdict and other.verdict.outcome == "unchanged")
        if is_newer and is_after and is_there and not _is_forgotten(truth, other):
            truth.break_(f"{message.name} is sent, and {other.name} was taken since")


def _check_order(truth: Truth, message: Message) -> None:
    """Earlier records of the same key, and parents that were read before, have their outcome."""
    parent = (message.lane.parent, message.row.get("company_id")) if message.lane.parent else None
    has_keys = message.lane.has_keys
    for earlier in truth.world.runs[-1].messages[: message.position]:
        if earlier.verdict is None and has_keys and earlier.key == message.key:
            truth.break_(f"{message.name} overtakes {earlier.name}")
        if earlier.verdict is None and earlier.key == parent and parent != message.key:
            truth.break_(f"{message.name} does not wait for its parent {earlier.name}")


def _check_repetition(truth: Truth, message: Message, sending: Sending) -> None:
    """A create that may have been processed is sent again only when, and if, that is allowed."""
    lane, setup = message.lane, truth.world.plan.setup
    if sending.action not in {"create", "send"} or lane.method == "PUT":
        return
    same = [
        each
        for each in truth.stories[message.key].creates
        if each.run == sending.run and message in each.messages
    ]
    if same and setup.on_uncertain == "hold" and not lane.match_on:
        truth.break_(f"{message.name} is sent again under hold")
    if lane.match_on:
        _check_age(truth, message, sending)


def _check_age(truth: Truth, message: Message, sending: Sending) -> None:
    """What is in doubt is judged no sooner than `settle_seconds` after it was sent."""
    settle, now = truth.world.plan.setup.settle_seconds, truth.world.now
    for earlier in truth.stories[message.key].creates:
        if now - earlier.sent_at < settle - 0.001:
            truth.break_(
                f"{message.name} is sent again {now - earlier.sent_at:.1f} s after it was sent, "
                f"in run {sending.run} after run {earlier.run}"
            )
