"""What an update changes, and what an answer shows of it. Pure: no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from target_apptivo.apptivo.content import NOTHING, custom_entries, looses_in
from target_apptivo.apptivo.custom import CUSTOM, PREFIX, value_of
from target_apptivo.apptivo.lists import KINDS, Written, after_answer, taken_in, written_content
from target_apptivo.apptivo.values import is_empty, is_there, loose_digest, objects_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.entries import ListPlan
    from target_apptivo.journal.steps import Content

_UNSEEN: Final = ""


class Left(NamedTuple):
    """What an update without an outcome left of an attribute: digest texts, taken and shown."""

    taken: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An update of one object.

    Attributes are named as people are told them: plain names, `emailAddresses`,
    `customAttributes.<id>`.

    Attributes:
        names: What is put in.
        data: The object as it was read, with that put in.
        changes: By name, what Apptivo shows (`from`) and what the source says (`to`).
        conflicts: Names in which Apptivo holds something that we did not leave there; with `keep`
            they are not put in.
        intended: Content of what is put in, and of what was intended before and has no outcome:
            for the intention, and to plan again if its answer is lost.
        wanted: The values that are put in, by name, without those of `lists`.
        held: Values that Apptivo holds already of attributes that this journal wrote before.
        lists: What becomes of e-mails, phones and addresses.
        left: Of what the record does not say, by name: what an update without an outcome left.
    """

    names: tuple[str, ...]
    data: Mapping[str, Any]
    changes: Mapping[str, Mapping[str, Any]]
    conflicts: tuple[str, ...]
    intended: Content
    wanted: Mapping[str, Any]
    held: Mapping[str, Any]
    lists: Mapping[str, ListPlan]
    left: Mapping[str, Left]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write."""
        return not self.names

    @property
    def custom_ids(self) -> tuple[str, ...]:
        """The ids of the custom attributes that are put in."""
        return tuple(name.removeprefix(PREFIX) for name in self.names if name.startswith(PREFIX))

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The names as Apptivo's attributes: custom ones are one."""
        names = (CUSTOM if name.startswith(PREFIX) else name for name in self.names)
        return tuple(dict.fromkeys(names))


def shown_after_update(change: Change, answer: Mapping[str, Any] | None) -> dict[str, str]:
    """Tell as what Apptivo shows the attributes that this journal wrote, after an update.

    It is remembered also where nothing was written: the source's entries of a list are of then.

    Args:
        change: The update.
        answer: The object that its answer, or a read after it, shows; none where none is shown.

    Returns:
        Digest texts by name, to be added to what was shown before. An empty one takes the place of
        what was shown before an update of which nothing is seen: the attribute is ours all the
        same. What is not named here, this update did not write.
    """
    shown = {name: loose_digest(value) for name, value in change.held.items()}
    shown |= {name: each.shown for name, each in change.left.items()}
    shown |= {name: _digest_in(answer, name) for name in change.wanted}
    for name, plan in change.lists.items():
        after = objects_in((answer or {}).get(name)) or []
        ours = after_answer(KINDS[name], plan.known, plan.written, plan.before, after)
        shown[name] = written_content(ours)
    return shown


def shown_after_create(
    content: Content, payload: Mapping[str, Any], answer: Mapping[str, Any] | None
) -> dict[str, str]:
    """Tell as what Apptivo shows the attributes that a create wrote: all of them.

    To be remembered after every create, also one that was found after a lost answer: what it does
    not name counts as the work of others.

    Args:
        content: What the record says.
        payload: The record as it was sent.
        answer: The object that the answer, or a look, shows; none where none is shown.

    Returns:
        Digest texts by name, empty where nothing is seen.
    """
    shown = {}
    for name in (name for name, text in content.items() if text != NOTHING):
        entries = objects_in(payload.get(name)) if name in KINDS else None
        if entries is None:
            shown[name] = _digest_in(answer, name)
            continue
        written = [Written(*each) for each in KINDS[name].entries(entries).items()]
        after = objects_in((answer or {}).get(name)) or []
        shown[name] = written_content(after_answer(KINDS[name], {}, written, [], after))
    return shown


def shown_where_ours(intended: Content, found: Mapping[str, Any]) -> dict[str, str]:
    """Tell what a create wrote of which the answer was lost, by the object that was found for it.

    Another value there is somebody else's, or the object is not ours at all: it is never cleared.

    Args:
        intended: The content of the record that was sent, an earlier run's too.
        found: The object.

    Returns:
        Digest texts by name, empty where nothing is remembered as seen.
    """
    return {
        name: written_content(taken_in(intended, name)) if name in KINDS else _UNSEEN
        for name in intended
        if intended[name] != NOTHING and (name in KINDS or _may_be(found, name, intended))
    }


def still_differs(change: Change, found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Name what an update put in and an object does not show: none if it shows all of it."""
    return tuple(name for name in change.names if not _shows(change, found or {}, name))


def value_in(shown: Mapping[str, Any], name: str) -> object:
    """Give the value of an attribute in an object; of a custom one without what describes it."""
    if not name.startswith(PREFIX):
        return shown.get(name)
    return value_of(custom_entries(shown.get(CUSTOM)).get(name, {}))


def _shows(change: Change, found: Mapping[str, Any], name: str) -> bool:
    """Whether an object shows what was put in under a name."""
    if name not in change.lists:
        return is_there(value_in(found, name), change.wanted[name])
    entries = objects_in(found.get(name)) or []
    kind = KINDS[name]
    return all(
        any(
            kind.is_same(entry, each.entry) and kind.is_complete(entry, each.entry)
            for entry in entries
        )
        for each in change.lists[name].written
    )


def _may_be(found: Mapping[str, Any], name: str, intended: Content) -> bool:
    """Whether an object holds what was intended under a name, or does not show it."""
    value = value_in(found, name)
    return is_empty(value) or loose_digest(value) in looses_in(intended[name])


def _digest_in(answer: Mapping[str, Any] | None, name: str) -> str:
    """Give the digest of what an answer shows of an attribute, if it shows it."""
    shown = answer or {}
    is_shown = name in (custom_entries(shown.get(CUSTOM)) if name.startswith(PREFIX) else shown)
    return loose_digest(value_in(shown, name)) if is_shown else _UNSEEN
