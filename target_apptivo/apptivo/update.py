"""Put into an object what its source changed, and nothing else. Pure: no I/O, no clock.

The object is read, what the source changed is put in, and the whole goes back with only that named
(docs/apptivo.md 3.2, 14). So that nothing of people's is lost, each attribute is judged by what the
journal remembers of it: what it took, and what it wrote, as Apptivo showed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.change import Change, Left, value_in
from target_apptivo.apptivo.content import content_of, custom_entries, joined
from target_apptivo.apptivo.custom import CUSTOM, PREFIX, merged_entries, told_value
from target_apptivo.apptivo.entries import plan_list
from target_apptivo.apptivo.judging import Attribute, Judgement, Past
from target_apptivo.apptivo.lists import KINDS, intended_content
from target_apptivo.apptivo.objects import app_operation, id_in
from target_apptivo.apptivo.request import Address, shape_request
from target_apptivo.apptivo.together import together
from target_apptivo.apptivo.unsaid import left_in_doubt
from target_apptivo.apptivo.values import objects_in
from target_apptivo.errors import RecordRejectedError
from target_apptivo.jsontext import dumps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.entries import ListPlan
    from target_apptivo.apptivo.operation import Operation, Pairs
    from target_apptivo.apptivo.request import Request
    from target_apptivo.journal.steps import Content

# What Apptivo alone says of an object, besides its app's own id (docs/apptivo.md 8.7).
_APPTIVOS: Final = frozenset({"id", "version"})


def plan_change(  # noqa: PLR0913
    row: Endpoint,
    payload: Mapping[str, Any],
    *,
    taken: Content | None,
    shown: Content,
    intended: Content,
    found: Mapping[str, Any],
    on_conflict: str,
    update_nulls: bool,
) -> Change:
    """Plan the update of an object.

    Args:
        row: The app.
        payload: The record as it would be sent.
        taken: What Apptivo took of it last; none of an object just found.
        shown: What this journal wrote of it, as Apptivo showed it.
        intended: What a create or update was to write that has no outcome.
        found: The object as Apptivo shows it now.
        on_conflict: `overwrite` or `keep`.
        update_nulls: Whether null and empty values clear what this journal wrote.

    Raises:
        RecordRejectedError: If a list, of the record or of the object, cannot be taken apart, or a
            value cannot be written as JSON.
    """
    content = content_of(payload, update_nulls=update_nulls)
    content = {name: content[name] for name in content if name not in {row.id_name, *_APPTIVOS}}
    update = _Update(
        content=content,
        payload=payload,
        found=found,
        past=Past(taken=taken, shown=shown, intended=intended),
        keeps=on_conflict == "keep",
        groups=together(row.path),
        update_nulls=update_nulls,
    )
    return update.planned()


def update_operation(row: Endpoint, headers: Pairs = ()) -> Operation:
    """Give the operation that sends updates, with the stream's headers."""
    return app_operation(row, headers, data_param=row.data_param)


def update_request(row: Endpoint, apptivo_id: str, change: Change, headers: Pairs = ()) -> Request:
    """Make the request of an update (docs/apptivo.md 3.1).

    Raises:
        RecordRejectedError: If a value cannot be written.
        ValueError: If the data is not of the object that is updated.
    """
    if id_in(row, change.data) != apptivo_id:
        msg = "an update with the data of another object"
        raise ValueError(msg)
    names = change.attribute_names
    second = (second for name, second in row.second_names if name in names)
    params = [
        ("a", "update"),
        (row.id_name, apptivo_id),
        ("objectId", str(row.object_id)),
        *row.update_params,
        (str(row.names_param), dumps([*names, *dict.fromkeys(second)])),
        *([("attributeIds", dumps([*change.custom_ids]))] if change.custom_ids else []),
        ("isCustomAttributesUpdate", _flag(CUSTOM in names)),
        ("isAddressUpdate", _flag("addresses" in names)),
        ("isEmailAddressUpdate", _flag("emailAddresses" in names)),
    ]
    address = Address(row.path, tuple(params))
    return shape_request(update_operation(row, headers), address, change.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """An update that is planned: the source's record, Apptivo's object, and the past of both."""

    content: Content
    payload: Mapping[str, Any]
    found: Mapping[str, Any]
    past: Past
    keeps: bool
    groups: tuple[tuple[str, ...], ...]
    update_nulls: bool

    def planned(self) -> Change:
        """Plan it."""
        names = self.past.open_names(self.content)
        _guard(self.payload, self.found, names)
        lists = {name: self._list_plan(name) for name in names if name in KINDS}
        singles = {name: is_new for name, is_new in names.items() if name not in KINDS}
        judged = {
            name: self._attribute(name).judged(is_new=is_new) for name, is_new in singles.items()
        }
        return self._put_in({**judged, **self._torn(judged)}, lists)

    def _torn(self, judged: Mapping[str, Judgement]) -> dict[str, Judgement]:
        """Judge what others changed of what goes together with what the source changed."""
        written = {name for name in judged if judged[name] in (Judgement.WRITE, Judgement.CONFLICT)}
        beside = {name for each in self.groups if written & {*each} for name in each}
        names = beside & self.content.keys() - judged.keys()
        found = {name: self._attribute(name).judged(is_new=True) for name in names}
        return {name: its for name, its in found.items() if its is Judgement.CONFLICT}

    def _put_in(self, judged: Mapping[str, Judgement], lists: Mapping[str, ListPlan]) -> Change:
        """Put into the object what was judged to be written."""
        conflicts = {name for name in judged if judged[name] is Judgement.CONFLICT}
        put_in = {name for name in judged if judged[name] is Judgement.WRITE}
        put_in |= {name for name in conflicts if not self.keeps}
        if self.keeps:
            # Our label beside somebody's id would be neither's.
            put_in -= {name for each in self.groups if conflicts & {*each} for name in each}
        conflicts |= {name for name in lists if lists[name].is_conflict}
        put_in |= {name for name in lists if lists[name].written}
        names = tuple(name for name in self.content if name in put_in)
        data = {**self.found, **self._new_values(names, lists)}
        return Change(
            names=names,
            data=data,
            changes={
                name: {"from": _told(self.found, name), "to": _told(data, name)} for name in names
            },
            conflicts=tuple(name for name in self.content if name in conflicts),
            intended=joined(self.past.intended, self._intended(names, lists)),
            wanted={name: value_in(self.payload, name) for name in names if name not in lists},
            held={name: value_in(self.found, name) for name in self._held(judged)},
            left=dict(self._left({*judged, *lists})),
            lists=lists,
        )

    def _intended(self, names: Iterable[str], lists: Mapping[str, ListPlan]) -> dict[str, str]:
        """Give the content of what is put in; of a list only the entries that are."""
        return {
            name: intended_content(KINDS[name], lists[name].written)
            if name in lists
            else self.content[name]
            for name in names
        }

    def _held(self, judged: Mapping[str, Judgement]) -> Iterator[str]:
        """Name what the source says that is there and ours."""
        ours = {*self.past.shown, *self.past.intended}
        return (name for name in judged if judged[name] is Judgement.HELD and name in ours)

    def _left(self, judged: Collection[str]) -> Iterator[tuple[str, Left]]:
        """Tell what stands of what was intended, and is not judged here."""
        # A list that is said, and not judged, is said as it was taken and intended.
        aside = {*judged, *(KINDS.keys() & self.content.keys())}
        for name in (name for name in self.past.intended if name not in aside):
            if left := left_in_doubt(name, self.found, self.past):
                yield name, left

    def _attribute(self, name: str) -> Attribute:
        """Set what is wanted of an attribute beside what is there."""
        wanted, found = value_in(self.payload, name), value_in(self.found, name)
        return Attribute(name, wanted, found, self.past)

    def _list_plan(self, name: str) -> ListPlan:
        """Plan what becomes of e-mails, phones or addresses."""
        return plan_list(
            name,
            objects_in(self.payload[name]) or [],
            objects_in(self.found.get(name)) or [],
            self.past,
            keeps=self.keeps,
            update_nulls=self.update_nulls,
        )

    def _new_values(self, names: Iterable[str], lists: Mapping[str, ListPlan]) -> dict[str, Any]:
        """Give Apptivo's attributes that change, with their new values."""
        customs = custom_entries(self.payload.get(CUSTOM))
        changed = {name: customs[name] for name in names if name in customs}
        values: dict[str, Any] = {
            name: [*lists[name].entries] if name in lists else self.payload[name]
            for name in names
            if name not in customs
        }
        if changed:
            found = objects_in(self.found.get(CUSTOM)) or []
            values[CUSTOM] = merged_entries(found, changed)
        return values


def _guard(payload: Mapping[str, Any], found: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse to guess in lists whose entries cannot be told apart."""
    for name in dict.fromkeys(CUSTOM if each.startswith(PREFIX) else each for each in names):
        if name != CUSTOM and name not in KINDS:
            continue
        entries, theirs = objects_in(payload.get(name)), objects_in(found.get(name))
        if entries is None or (name == CUSTOM and CUSTOM in names):
            msg = f"attribute '{name}' cannot be updated: an entry is no object, or has no id"
            raise RecordRejectedError(msg)
        if theirs is None:
            msg = f"attribute '{name}' cannot be updated: Apptivo shows no list of objects there"
            raise RecordRejectedError(msg)


def _told(shown: Mapping[str, Any], name: str) -> object:
    """Give the value of an attribute as people are told it."""
    if name.startswith(PREFIX):
        return told_value(custom_entries(shown.get(CUSTOM)).get(name))
    return shown.get(name)


def _flag(value: bool) -> str:  # noqa: FBT001
    """Write a flag of an update."""
    return "true" if value else "false"
