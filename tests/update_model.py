"""A model of Apptivo with one lead, and of what a source and the journal remember of it."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo import endpoints
from target_apptivo.apptivo.change import shown_after_create, shown_after_update
from target_apptivo.apptivo.content import content_of
from target_apptivo.apptivo.update import plan_change, update_request

if TYPE_CHECKING:
    from target_apptivo.apptivo.change import Change

Record = dict[str, Any]
LEAD = endpoints.CREATE_LEAD
ENTRY_IDS = {
    "emailAddresses": "communicationId",
    "phoneNumbers": "communicationId",
    "addresses": "addressId",
}


def email(address: str, code: str = "BUSINESS") -> Record:
    """Write an e-mail as a source does."""
    return {"emailAddress": address, "emailTypeCode": code, "id": "cont_email_input"}


def custom(attribute_id: str, value: Any) -> Record:  # noqa: ANN401
    """Write a custom attribute as a source does."""
    return {
        "customAttributeId": attribute_id,
        "customAttributeType": "input",
        "customAttributeTagName": f"{attribute_id}_tag",
        f"{attribute_id}_tag": value,
        "customAttributeValue": value,
    }


@dataclass
class Apptivo:
    """A model of Apptivo with one lead: an update takes listed names only (INFERRED)."""

    lead: Record = field(default_factory=dict)
    entries_made: int = 0

    def create(self, payload: Record) -> Record:
        """Take a new lead, and show it."""
        self.lead = {"id": "8001", "leadId": 8001, "version": 1}
        for name, value in deepcopy(payload).items():
            self.lead[name] = self._numbered(name, value) if name in ENTRY_IDS else value
        self._take_customs(self.lead.pop("customAttributes", None) or [])
        return self.shown

    @property
    def shown(self) -> Record:
        """Show the lead as `getById` does."""
        return deepcopy(self.lead)

    def take(self, form: dict[str, str]) -> Record:
        """Take an update, and show the lead."""
        assert (form["a"], form["leadId"], form["objectId"]) == ("update", "8001", "4")
        data = json.loads(form["leadData"])
        assert (data["id"], data["leadId"]) == ("8001", 8001)
        names = json.loads(form["attributeNames"])
        for name in names:
            if name == "customAttributes":
                assert form["isCustomAttributesUpdate"] == "true"
                ids = json.loads(form["attributeIds"])
                self._take_customs([e for e in data[name] if e["customAttributeId"] in ids])
            elif name in ENTRY_IDS:
                self._take_entries(name, data[name])
            else:
                self.lead[name] = data[name]
        assert form["isEmailAddressUpdate"] == json.dumps("emailAddresses" in names)
        assert form["isAddressUpdate"] == json.dumps("addresses" in names)
        self.lead["version"] += 1
        return self.shown

    def add(self, name: str, entry: Record) -> None:
        """Let a person add an entry."""
        self.lead.setdefault(name, []).extend(self._numbered(name, [entry]))

    def _take_customs(self, entries: list[Record]) -> None:
        there = {each["customAttributeId"]: each for each in self.lead.get("customAttributes", [])}
        there |= {each["customAttributeId"]: each for each in entries}
        if there:
            self.lead["customAttributes"] = [*there.values()]

    def _take_entries(self, name: str, entries: list[Record]) -> None:
        by_id = {each[ENTRY_IDS[name]]: each for each in self.lead.get(name, [])}
        for each in entries:
            if each.get(ENTRY_IDS[name]) in by_id:
                by_id[each[ENTRY_IDS[name]]] |= each
        new = [each for each in entries if each.get(ENTRY_IDS[name]) not in by_id]
        self.lead[name] = [*by_id.values(), *self._numbered(name, new)]

    def _numbered(self, name: str, entries: list[Record]) -> list[Record]:
        self.entries_made += len(entries)
        first = self.entries_made - len(entries)
        return [
            {**deepcopy(each), ENTRY_IDS[name]: 100 + first + place}
            for place, each in enumerate(entries)
        ]


@dataclass
class Source:
    """A source's record, and what the journal remembers of it."""

    apptivo: Apptivo = field(default_factory=Apptivo)
    on_conflict: str = "overwrite"
    update_nulls: bool = False
    taken: dict[str, str] | None = None
    shown: dict[str, str] = field(default_factory=dict)
    intended: dict[str, str] = field(default_factory=dict)

    def create(self, payload: Record, *, is_seen: bool = True) -> Source:
        """Create the lead, and remember."""
        answer = self.apptivo.create(payload)
        self.taken = content_of(payload)
        self.shown = shown_after_create(self.taken, payload, answer if is_seen else None)
        return self

    def plan(self, payload: Record) -> Change:
        """Read the lead, and plan its update."""
        return plan_change(
            LEAD,
            payload,
            taken=self.taken,
            shown=self.shown,
            intended=self.intended,
            found=self.apptivo.shown,
            on_conflict=self.on_conflict,
            update_nulls=self.update_nulls,
        )

    def update(self, payload: Record, *, is_seen: bool = True) -> Change:
        """Update the lead, and remember."""
        change = self.plan(payload)
        answer = self.apptivo.shown if change.is_nothing else self.send(change)
        self.remember(payload, change, answer if is_seen else None)
        return change

    def send(self, change: Change) -> Record:
        """Send an update."""
        return self.apptivo.take(dict(update_request(LEAD, "8001", change).form or ()))

    def remember(self, payload: Record, change: Change, answer: Record | None) -> None:
        """Write down what became of it."""
        left = {name: each.taken for name, each in change.left.items()}
        content = content_of(payload, update_nulls=self.update_nulls)
        self.taken = {**(self.taken or {}), **left, **content}
        self.shown = {**self.shown, **shown_after_update(change, answer)}
        self.intended = {}

    def is_cut_off(self, payload: Record, *, is_taken: bool) -> None:
        """Intend an update, and see no more of it."""
        change = self.plan(payload)
        self.intended = dict(change.intended)
        if is_taken and not change.is_nothing:
            self.send(change)


def emails(source: Source) -> list[str]:
    """Give the lead's e-mails."""
    return [each["emailAddress"] for each in source.apptivo.lead["emailAddresses"]]
