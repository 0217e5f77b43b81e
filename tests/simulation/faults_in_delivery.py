"""Faults to be planted in the delivery and the journal: who goes on when, and what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.steps import Together
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

# What stands in the place of what.
Patches = dict[str, Any]


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


def told_before_it_is_held() -> Patches:
    """STATE, and the next record of the key, do not wait for the journal's commit."""
    return {f"{Progress.__module__}.Progress._carry_out": _later((Remember,))}


def intended_after_the_send() -> Patches:
    """A request does not wait until the journal holds its intention."""
    return {f"{Progress.__module__}.Progress._carry_out": _later((Intend, Together))}


def commit_is_not_durable() -> Patches:
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


def stop_forgets_outcomes() -> Patches:
    """A run that ends does not wait until the journal holds what became of its records."""
    quiet = property(lambda self: not self.requests.under_way)
    return {f"{InFlight.__module__}.InFlight.is_quiet": quiet}


def settles_out_of_order() -> Patches:
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


def children_do_not_wait() -> Patches:
    """A child is sent while its parent is on its way."""
    original = Lines.line_up

    def line_up(self: Lines, way: PendingWay) -> Any:  # noqa: ANN401
        way.records[0].parents = ()
        return original(self, way)

    return {f"{Lines.__module__}.Lines.line_up": line_up}


def keys_do_not_line_up() -> Patches:
    """Records of one key go side by side, and into one batch."""
    original = Lines.line_up

    def line_up(self: Lines, way: PendingWay) -> Any:  # noqa: ANN401
        way.records[0].lines = ()
        return original(self, way)

    return {f"{Lines.__module__}.Lines.line_up": line_up}


def withdraws_what_was_sent() -> Patches:
    """A run that stops takes back intentions of what may have been sent."""

    def unsent(progress: Progress) -> Iterator[PendingWay]:
        yield from (*progress.ready, *progress.waiting, *progress.failed)

    return {"tests.simulation.main_thread.unsent": unsent}


def leaves_refused_in_doubt() -> Patches:
    """A run that a refusal ends takes back only what never left."""

    def unsent(progress: Progress) -> Iterator[PendingWay]:
        ways = (*progress.ready, *progress.waiting)
        return (way for way in ways if not way.records[0].apptivo_may_have)

    return {"tests.simulation.main_thread.unsent": unsent}


def last_state_is_lost() -> Patches:
    """The last state is not written at the end."""
    return {f"{Outputs.__module__}.Outputs.close": lambda self: None}  # noqa: ARG005


def limit_is_ignored() -> Patches:
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


def known_counts_as_unknown() -> Patches:
    """A known record is looked for and created as one that is not."""
    return {"tests.simulation.disk.recalled": _unknown}


def _unknown(old: Any, now: float, whole: str | None = None) -> Any:  # noqa: ANN401
    """Recall a record, and forget what it became if its data is new."""
    recalled = _RECALLED(old, now, whole)
    return Unknown() if isinstance(recalled, Known) else recalled


_RECALLED: Final = memory.recalled
