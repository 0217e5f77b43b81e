"""Planted faults: what the simulation must find. Switches of the simulation, not of the product.

Each takes the place of something in the target, or stands in its way, as long as it is planted.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from target_apptivo.apptivo.judging import Past
from target_apptivo.apptivo.search import Reading
from target_apptivo.apptivo.steps import Tell, Together, Wait
from target_apptivo.apptivo.update import plan_change
from target_apptivo.apptivo.ways import lost, prove, sending
from target_apptivo.apptivo.ways.look import Found, NotFound
from target_apptivo.delivery.in_flight import InFlight
from target_apptivo.delivery.lines import Lines
from target_apptivo.delivery.pending import PendingWay
from target_apptivo.delivery.progress import Progress
from target_apptivo.delivery.window import Window
from target_apptivo.journal import memory
from target_apptivo.journal.steps import Intend, Known, Remember, Unknown, Withdraw
from target_apptivo.output.ledger import Outputs
from tests.simulation.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAYS: Final = "target_apptivo.apptivo.ways"
# What stands in the place of what, by the name of the fault.
Patches = dict[str, Any]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a fault for a while."""
    with ExitStack() as stack:
        for target, value in FAULTS[name]().items():
            stack.enter_context(patch(target, value))
        yield


def _later(kinds: tuple[type, ...]) -> Callable[..., None]:
    """Answer some of the journal's steps at once, and have them carried out some time later."""
    original = Progress._carry_out  # noqa: SLF001 - it is what is replaced

    def carry_out(self: Progress, way: PendingWay, step: Any, now: float) -> None:  # noqa: ANN401
        is_late = isinstance(step, kinds)
        if not is_late:
            original(self, way, step, now)
            return
        late = PendingWay(_nothing, way.records)
        late.steps = _nothing()
        late.step = step
        _ = late.steps.send(None)
        self.books.ask(late)
        self.take_on(way, None, now)

    return carry_out


async def _nothing() -> Any:  # noqa: ANN401
    """Wait for a reply, and end as part of another way."""
    await Withdraw(None)  # type: ignore[arg-type]
    return []


def _told_before_it_is_held() -> Patches:
    """STATE, and the next record of the key, do not wait for the journal's commit."""
    return {f"{Progress.__module__}.Progress._carry_out": _later((Remember,))}


def _intended_after_the_send() -> Patches:
    """A request does not wait until the journal holds its intention."""
    return {f"{Progress.__module__}.Progress._carry_out": _later((Intend, Together))}


def _commit_is_not_durable() -> Patches:
    """A crash takes the last commit back."""
    commit, end = Run._commit, Run._end_by_force  # noqa: SLF001

    def committing(self: Run, ways: list[PendingWay]) -> None:
        self.world.disk.before = self.world.disk.held  # type: ignore[attr-defined]
        commit(self, ways)

    def ending(self: Run) -> None:
        end(self)
        if self.has_crashed and hasattr(self.world.disk, "before"):
            self.world.disk.held = self.world.disk.before

    name = f"{Run.__module__}.Run"
    return {f"{name}._commit": committing, f"{name}._end_by_force": ending}


def _first_of_several() -> Patches:
    """The first of several matches is adopted."""
    return {f"{WAYS}.look._the_one": lambda ids: Found(min(ids)) if ids else NotFound()}


def _unproven() -> Patches:
    """That nothing was found is believed without proof."""

    async def proven(_: object) -> bool:
        return True

    return {f"{WAYS}.upsert.is_proven": proven, f"{WAYS}.lost.is_proven": proven}


def _resent_at_once() -> Patches:
    """A create whose answer was lost is sent again at once."""

    async def clear_up(*_: object, **__: object) -> NotFound:
        return NotFound()

    return {f"{WAYS}.create.clear_up": clear_up}


def _doubt_judged_too_soon() -> Patches:
    """What an earlier run left in doubt is judged at once."""
    original = lost.clear_up

    async def clear_up(record: Any, rules: Any, *, age: float | None = None) -> Any:  # noqa: ANN401
        return await original(record, rules, age=None if age is None else 1e9)

    return {f"{WAYS}.upsert.clear_up": clear_up}


def _names_everything() -> Patches:
    """An update puts in what the source did not change."""
    name = f"{Past.__module__}.Past.open_names"
    return {name: lambda self, content: dict.fromkeys(content, True)}  # noqa: ARG005


def _taken_is_not_merged() -> Patches:
    """What was taken before is forgotten with each update."""
    original = memory._remembered  # noqa: SLF001

    def remembered(old: Any, step: Remember, now: float) -> Any:  # noqa: ANN401
        if step.is_created is None and old.known:
            old = replace(old, known=replace(old.known, taken={}))
        return original(old, step, now)

    return {f"{memory.__name__}._remembered": remembered}


def _stop_forgets_outcomes() -> Patches:
    """A run that ends does not wait until the journal holds what became of its records."""
    quiet = property(lambda self: not self.requests.under_way)
    return {f"{InFlight.__module__}.InFlight.is_quiet": quiet}


def _settles_out_of_order() -> Patches:
    """What is done is settled before what was read before it."""

    def take_done(self: Window) -> Any:  # noqa: ANN401
        items = type(self._queue)()
        for item in [*self._queue]:
            if getattr(item, "settled", True) is not None:
                self._queue.remove(item)
                self._records -= hasattr(item, "settled")
                items.append(item)
        return items

    return {f"{Window.__module__}.Window.take_done": take_done}


def _children_do_not_wait() -> Patches:
    """A child is sent while its parent is on its way."""
    original = Lines.line_up

    def line_up(self: Lines, way: PendingWay) -> Any:  # noqa: ANN401
        way.records[0].parents = ()
        return original(self, way)

    return {f"{Lines.__module__}.Lines.line_up": line_up}


def _keys_do_not_line_up() -> Patches:
    """Records of one key go side by side, and into one batch."""
    original = Lines.line_up

    def line_up(self: Lines, way: PendingWay) -> Any:  # noqa: ANN401
        way.records[0].lines = ()
        return original(self, way)

    return {f"{Lines.__module__}.Lines.line_up": line_up}


def _withdraws_what_was_sent() -> Patches:
    """A run that stops takes back intentions of what may have been sent."""

    def unsent(progress: Progress) -> Iterator[PendingWay]:
        yield from (*progress.ready, *progress.waiting)

    return {"tests.simulation.main_thread.unsent": unsent}


def _doubt_is_forgotten() -> Patches:
    """What is uncertain is taken back, as what was refused is."""

    async def note(record: Any, rules: Any, verdict: Any) -> None:  # noqa: ANN401
        await original(record, rules, verdict)
        if verdict.outcome == "uncertain":
            await Withdraw(record.place)

    original = sending_notes()
    return {f"{WAYS}.append.note": note, f"{WAYS}.create.note": note}


def sending_notes() -> Any:  # noqa: ANN401
    """Give what notes the outcome of what was sent."""
    from target_apptivo.apptivo.ways.notes import note  # noqa: PLC0415 - before it is replaced

    return note


def _one_page_is_enough() -> Patches:
    """A search is read by its first page alone."""
    done = property(lambda self: self.count is not None)
    return {f"{Reading.__module__}.Reading.is_done": done}


def _planned_with(**said: object) -> Callable[[], Patches]:
    """Plan every update with other settings."""
    original = plan_change

    def planning(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return original(*args, **{**kwargs, **said})

    return lambda: {f"{WAYS}.update.plan_change": planning}


def _found_counts_as_created() -> Patches:
    """What was found counts as created, and is deleted with its record."""

    def remember(**said: Any) -> Remember:  # noqa: ANN401
        return Remember(**{**said, "is_created": True if said["is_created"] is False else None})

    return {f"{WAYS}.update.Remember": remember}


def _last_state_is_lost() -> Patches:
    """The last state is not written at the end."""
    return {f"{Outputs.__module__}.Outputs.close": lambda self: None}  # noqa: ARG005


def _hold_is_ignored() -> Patches:
    """A create whose answer was lost is sent again under hold."""
    original = sending.send

    async def send(*args: Any, **said: Any) -> Any:  # noqa: ANN401
        return await original(*args, **{**said, "on_uncertain": "resend"})

    return {f"{WAYS}.append.send": send, f"{WAYS}.sending.send": send}


def _doubles_are_not_flagged() -> Patches:
    """A create that is sent again does not say so."""
    original = sending.send

    async def send(*args: Any, **said: Any) -> Any:  # noqa: ANN401
        return replace(await original(*args, **said), possible_duplicate=False)

    return {f"{WAYS}.append.send": send, f"{WAYS}.sending.send": send}


def _outdated_is_sent() -> Patches:
    """A line of the rejected file is sent though newer data was taken since."""
    false = lambda *_: False  # noqa: E731
    return {f"{WAYS}.upsert.is_outdated": false, f"{WAYS}.generic.is_outdated": false}


def _late_update_is_not_waited_for() -> Patches:
    """After a lost answer an update is read again at once."""
    return {f"{WAYS}.update.Wait": lambda _: Wait(0.0)}


def _witness_is_not_awaited() -> Patches:
    """A witness counts before the search shows it."""

    async def witness(_criteria: object, _id: object, rules: Any) -> bool:  # noqa: ANN401
        await Tell(prove._topic(rules), True)  # noqa: FBT003, SLF001
        return True

    return {f"{WAYS}.prove.witness": witness, f"{WAYS}.create.witness": witness}


def _limit_is_ignored() -> Patches:
    """More may be set aside than max_rejected allows."""
    name = f"{Window.__module__}.Window"
    return {
        f"{name}.count_aside": lambda self: bool(self._aside_ahead.pop(0)) or True,
        f"{name}.ended": _count,
    }


def _count(window: Window, pending: Any) -> None:  # noqa: ANN401
    """Count a record that is set aside, and cut nothing."""
    if pending.settled.verdict.outcome.is_set_aside:
        window._aside_ahead.append(pending.sequence)  # noqa: SLF001


def _another_keys_object() -> Patches:
    """What another key of the stream became is taken for a record's own."""

    async def unless_taken(_: object, found: Found) -> Found:
        return found

    return {f"{WAYS}.look._unless_taken": unless_taken}


def _known_counts_as_unknown() -> Patches:
    """A known record is looked for and created as one that is not."""
    return {"tests.simulation.disk.recalled": _unknown}


def _unknown(old: Any, now: float, whole: str | None = None) -> Any:  # noqa: ANN401
    """Recall a record, and forget what it became if its data is new."""
    recalled = _RECALLED(old, now, whole)
    return Unknown() if isinstance(recalled, Known) else recalled


_RECALLED: Final = memory.recalled

FAULTS: Final[dict[str, Callable[[], Patches]]] = {
    "told before it is held": _told_before_it_is_held,
    "intended after the send": _intended_after_the_send,
    "a commit is not durable": _commit_is_not_durable,
    "the first of several is adopted": _first_of_several,
    "not found is believed unproven": _unproven,
    "a lost create is resent at once": _resent_at_once,
    "a doubt is judged too soon": _doubt_judged_too_soon,
    "an update names everything": _names_everything,
    "taken is not merged": _taken_is_not_merged,
    "a stop forgets outcomes": _stop_forgets_outcomes,
    "settled out of order": _settles_out_of_order,
    "children do not wait": _children_do_not_wait,
    "keys do not line up": _keys_do_not_line_up,
    "what was sent is withdrawn": _withdraws_what_was_sent,
    "a doubt is forgotten": _doubt_is_forgotten,
    "one page is enough": _one_page_is_enough,
    "keep overwrites": _planned_with(on_conflict="overwrite"),
    "nulls blank": _planned_with(update_nulls=True),
    "found counts as created": _found_counts_as_created,
    "the last state is lost": _last_state_is_lost,
    "hold is ignored": _hold_is_ignored,
    "doubles are not flagged": _doubles_are_not_flagged,
    "outdated lines are sent": _outdated_is_sent,
    "a late update is not waited for": _late_update_is_not_waited_for,
    "a witness is not awaited": _witness_is_not_awaited,
    "the limit is ignored": _limit_is_ignored,
    "another key's object is taken": _another_keys_object,
    "a known record counts as unknown": _known_counts_as_unknown,
}
