"""Faults to be planted in the ways: what is done with a record, step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.judging import Past
from target_apptivo.apptivo.search import Reading
from target_apptivo.apptivo.steps import Tell, Wait
from target_apptivo.apptivo.update import plan_change
from target_apptivo.apptivo.ways import prove, sending
from target_apptivo.apptivo.ways.look import Found, NotFound
from target_apptivo.apptivo.ways.notes import note
from target_apptivo.apptivo.ways.prove import Proof
from target_apptivo.journal.steps import Remember, Withdraw

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: Final = "target_apptivo.apptivo.ways"
# What stands in the place of what.
Patches = dict[str, Any]


def first_of_several() -> Patches:
    """The first of several matches is adopted."""
    return {f"{WAYS}.look._the_one": lambda ids: Found(min(ids)) if ids else NotFound()}


def unproven() -> Patches:
    """That nothing was found is believed without proof."""

    async def proven(_: object) -> Proof:
        return Proof.PROVEN

    return {f"{WAYS}.upsert.prove": proven}


def resent_at_once() -> Patches:
    """A create whose answer was lost is sent again at once."""

    async def clear_up(*_: object, **__: object) -> NotFound:
        return NotFound()

    return {f"{WAYS}.create.clear_up": clear_up}


def doubt_judged_too_soon() -> Patches:
    """What an earlier run left in doubt is judged at once."""
    return {f"{WAYS}.upsert.least_age": lambda _: 1e9}


def names_everything() -> Patches:
    """An update puts in what the source did not change."""
    name = f"{Past.__module__}.Past.open_names"
    return {name: lambda self, content: dict.fromkeys(content, True)}  # noqa: ARG005


def doubt_is_forgotten() -> Patches:
    """What is uncertain is taken back, as what was refused is."""

    async def noting(record: Any, rules: Any, verdict: Any) -> None:  # noqa: ANN401
        await note(record, rules, verdict)
        if verdict.outcome == "uncertain":
            await Withdraw(record.place)

    return {f"{WAYS}.append.note": noting, f"{WAYS}.create.note": noting}


def one_page_is_enough() -> Patches:
    """A search is read by its first page alone."""
    done = property(lambda self: self.count is not None)
    return {f"{Reading.__module__}.Reading.is_done": done}


def planned_with(**said: object) -> Callable[[], Patches]:
    """Plan every update with other settings."""
    original = plan_change

    def planning(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return original(*args, **{**kwargs, **said})

    return lambda: {f"{WAYS}.update.plan_change": planning}


def found_counts_as_created() -> Patches:
    """What was found counts as created, and is deleted with its record."""

    def remember(**said: Any) -> Remember:  # noqa: ANN401
        return Remember(**{**said, "is_created": True if said["is_created"] is False else None})

    return {f"{WAYS}.update.Remember": remember}


def hold_is_ignored() -> Patches:
    """A create whose answer was lost is sent again under hold."""
    original = sending.send

    async def send(*args: Any, **said: Any) -> Any:  # noqa: ANN401
        return await original(*args, **{**said, "on_uncertain": "resend"})

    return {f"{WAYS}.append.send": send, f"{WAYS}.sending.send": send}


def doubles_are_not_flagged() -> Patches:
    """A create that is sent again does not say so."""
    original = sending.send

    async def send(*args: Any, **said: Any) -> Any:  # noqa: ANN401
        return replace(await original(*args, **said), possible_duplicate=False)

    return {f"{WAYS}.append.send": send, f"{WAYS}.sending.send": send}


def outdated_is_sent() -> Patches:
    """A line of the rejected file is sent though newer data was taken since."""
    false = lambda *_: False  # noqa: E731
    names = (f"{WAYS}.{way}.is_outdated" for way in ("upsert", "generic", "delete", "notes"))
    return dict.fromkeys(names, false)


def aside_is_not_noted() -> Patches:
    """What is set aside is not noted, so that what is unchanged since is not either."""

    async def nothing(_place: object, _rules: object, verdict: Any, _at: object) -> Any:  # noqa: ANN401
        return verdict

    return {f"{WAYS}.deliver.set_aside": nothing}


def late_update_is_not_waited_for() -> Patches:
    """After a lost answer an update is read again at once."""
    return {f"{WAYS}.update.Wait": lambda _: Wait(0.0)}


def witness_is_not_awaited() -> Patches:
    """A witness counts before the search shows it."""

    async def witness(_criteria: object, _id: object, rules: Any) -> bool:  # noqa: ANN401
        await Tell(prove._topic(rules), True)  # noqa: FBT003, SLF001
        return True

    return {f"{WAYS}.prove.witness": witness, f"{WAYS}.create.witness": witness}


def another_keys_object() -> Patches:
    """What another key of the stream became is taken for a record's own."""

    async def unless_taken(_: object, found: Found) -> Found:
        return found

    names = ("look", "upsert")
    return {f"{WAYS}.{name}.unless_taken": unless_taken for name in names}
