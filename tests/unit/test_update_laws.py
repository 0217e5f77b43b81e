"""Laws of updates, over any course of a source, of people, and of answers that are lost."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.change import still_differs
from target_apptivo.apptivo.content import changed_names, content_of, is_new
from tests.update_model import ENTRY_IDS, Record, Source, custom, email, emails

if TYPE_CHECKING:
    from target_apptivo.apptivo.change import Change

fixed = settings(derandomize=True, deadline=None, max_examples=40)

PLAIN = ("lastName", "jobTitle", "amount")
CUSTOMS = ("input_4_1", "input_4_2")

# What a source says. What people write is never the same (`P1`, `p1@x`): nobody could tell.
values = st.sampled_from(["a", "b ", 5, "5", 5.0, "", None, "12.50"])
typed = st.builds(email, st.sampled_from(["a@x", "A@x", "b@x", "c@x", ""]), st.sampled_from("HB"))
bare = st.builds(lambda each: {"emailAddress": each}, st.sampled_from(["a@x", "b@x", "d@x"]))
places = st.fixed_dictionaries(
    {"addressTypeCode": st.sampled_from("13"), "city": st.sampled_from(["A", "B", "C"])},
    optional={"addressLine1": st.sampled_from(["1 Main", "2 Oak", "", None])},
)
payloads = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(PLAIN, values),
        "customAttributes": st.lists(st.builds(custom, st.sampled_from(CUSTOMS), values)),
        "emailAddresses": st.lists(st.one_of(typed, bare), max_size=3),
        "addresses": st.lists(places, max_size=2),
    },
)

# What may happen: ours with whether its answer is seen, ours cut off, a person's.
updates = st.tuples(st.just("update"), payloads, st.booleans())
cut_offs = st.tuples(st.just("cut off"), payloads, st.booleans())
edits = st.tuples(
    st.just("person"),
    st.sampled_from([*PLAIN, *CUSTOMS, "add", "edit", "type", "remove"]),
    st.integers(0, 3),
)
courses = st.lists(st.one_of(updates, updates, cut_offs, edits, edits), max_size=8)


@dataclass
class Course:
    """A course of events at one lead, and who wrote what."""

    source: Source
    persons: set[str] = field(default_factory=set)
    persons_entries: dict[Any, Record] = field(default_factory=dict)
    taken_before: set[str] = field(default_factory=set)
    is_edited: bool = False

    def run(self, events: list[tuple[str, Any, Any]]) -> None:
        """Let everything happen, and check each update."""
        for kind, what, how in events:
            if kind == "person":
                self.edit(what, how)
            elif kind == "cut off":
                self.cut_off(what, is_taken=how)
            else:
                self.update(what, is_seen=how)

    def edit(self, what: str, which: int) -> None:
        """Let a person do something."""
        lead = self.source.apptivo.lead
        entries = lead.get("emailAddresses") or []
        self.is_edited = True
        if what in PLAIN:
            lead[what] = f"P{which}"
            self.persons.add(what)
        elif what in CUSTOMS:
            others = [
                e for e in lead.get("customAttributes") or [] if e["customAttributeId"] != what
            ]
            lead["customAttributes"] = [*others, custom(what, f"P{which}")]
            self.persons.add(f"customAttributes.{what}")
        elif what == "add":
            self.source.apptivo.add("emailAddresses", email(f"p{which}@x", "H"))
            self.persons_entries[lead["emailAddresses"][-1]["communicationId"]] = {}
        elif which < len(entries) and what == "remove":
            del entries[which]
        elif which < len(entries):
            name = "emailAddress" if what == "edit" else "emailTypeCode"
            entries[which][name] = f"edited{which}@x" if what == "edit" else "P"
            self.persons_entries[entries[which]["communicationId"]] = {}
        self.persons_entries = {
            each["communicationId"]: deepcopy(each)
            for each in lead.get("emailAddresses") or []
            if each["communicationId"] in self.persons_entries
        }

    def cut_off(self, payload: Record, *, is_taken: bool) -> None:
        """Let an update be cut off."""
        change = self.source.plan(payload)
        self.source.is_cut_off(payload, is_taken=is_taken)
        if is_taken:
            self.persons -= {*change.names}
            self.forget_what_was_overwritten(change)

    def update(self, payload: Record, *, is_seen: bool) -> None:
        """Let an update happen, and check it."""
        before, source = self.source.apptivo.shown, self.source
        taken, intended = dict(source.taken or {}), dict(source.intended)
        content = content_of(payload, update_nulls=source.update_nulls)
        if not (intended or self.is_edited or changed_names(content, taken)):
            # It counts as unchanged, and nothing would be read.
            self.check_arrival(payload, None, tuple(content))
        change = source.plan(payload)
        source.update(payload, is_seen=is_seen)
        after = source.apptivo.shown

        assert {*change.names} <= {*changed_names(content, taken), *intended}
        self.check_what_stays(change, before, after)
        self.check_conflicts(change)
        assert still_differs(change, after) == ()
        self.check_arrival(payload, change, changed_names(content, taken))
        assert source.plan(payload).is_nothing
        self.persons -= {*change.names}
        self.forget_what_was_overwritten(change)

    def check_what_stays(self, change: Change, before: Record, after: Record) -> None:
        """What is not named stays; nothing is emptied, no entry is removed."""
        assert (change.data["id"], change.data["leadId"]) == ("8001", 8001)
        for name in before.keys() - {"version", *change.attribute_names}:
            assert before[name] == after[name] == change.data[name]
        for custom_id in CUSTOMS:
            if custom_id not in change.custom_ids:
                assert custom_of(before, custom_id) == custom_of(after, custom_id)
        for name in change.names:
            if not self.source.update_nulls:
                assert change.changes[name]["to"] not in (None, "", [])
        for name, id_name in ENTRY_IDS.items():
            ids = {each[id_name] for each in before.get(name) or []}
            assert ids <= {each[id_name] for each in after.get(name) or []}

    def check_conflicts(self, change: Change) -> None:
        """What a person wrote is told where it is in the way, and lives with `keep`."""
        conflicts = {*change.conflicts} - {"emailAddresses", "addresses"}
        assert conflicts <= self.persons
        assert {*change.names} & self.persons <= conflicts
        if self.source.on_conflict == "keep":
            assert not {*change.names} & {*change.conflicts} - {"emailAddresses", "addresses"}
        entries = self.source.apptivo.lead.get("emailAddresses") or []
        is_told = "emailAddresses" in change.conflicts
        for each in entries:
            theirs = self.persons_entries.get(each["communicationId"], each)
            is_added = theirs["emailAddress"].startswith("p")
            may_change = is_told and self.source.on_conflict == "overwrite" and not is_added
            # Of an entry of ours that was never seen, a type is not known to be a person's: it
            # lives all the same, since the source does not say one.
            type_lives = theirs.get("emailTypeCode") == each.get("emailTypeCode") == "P"
            assert each == theirs or may_change or type_lives

    def check_arrival(self, payload: Record, change: Change | None, new: tuple[str, ...]) -> None:
        """What the source changed is there, but where a person's was kept."""
        conflicts = {*change.conflicts} if change else set()
        kept = conflicts - {*(change.names if change else ())}
        lead = self.source.apptivo.lead
        for name in {*new} & {*PLAIN} - kept:
            if payload.get(name) not in (None, ""):
                assert same(lead[name], payload[name])
        customs = {e["customAttributeId"]: e for e in payload.get("customAttributes") or []}
        for custom_id, entry in customs.items():
            name = f"customAttributes.{custom_id}"
            if name in {*new} - kept and entry["customAttributeValue"] not in (None, ""):
                shown = custom_of(lead, custom_id)["customAttributeValue"]
                assert same(shown, entry["customAttributeValue"])
        if "emailAddresses" in new and "emailAddresses" not in conflicts:
            there = {each.casefold() for each in emails(self.source)}
            assert addresses_in(payload) <= there | (self.taken_before if change else set())
        self.taken_before |= addresses_in(payload)

    def forget_what_was_overwritten(self, change: Change) -> None:
        """What is ours now is no person's any more."""
        if "emailAddresses" in change.names:
            entries = self.source.apptivo.lead.get("emailAddresses") or []
            self.persons_entries = {
                each["communicationId"]: deepcopy(each)
                for each in entries
                if self.persons_entries.get(each["communicationId"]) == each
            }


def addresses_in(payload: Record) -> set[str]:
    """Give the e-mails of a record, as they are compared."""
    return {each["emailAddress"].casefold() for each in payload.get("emailAddresses") or []} - {""}


def custom_of(lead: Record, custom_id: str) -> Record:
    """Find a custom attribute."""
    entries = lead.get("customAttributes") or []
    return next((each for each in entries if each["customAttributeId"] == custom_id), {})


def same(one: object, other: object) -> bool:
    """Compare as people would: `5` is "5", and blanks around do not count."""
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return str(one).strip() == str(other).strip()


@fixed
@given(courses, payloads, st.sampled_from(["overwrite", "keep"]), st.booleans(), st.booleans())
def test_an_update_of_what_we_created(
    events: list[tuple[str, Any, Any]],
    first: Record,
    on_conflict: str,
    update_nulls: bool,  # noqa: FBT001
    is_seen: bool,  # noqa: FBT001
) -> None:
    """Only what the source changed is written; it arrives; what people wrote lives or is told."""
    source = Source(on_conflict=on_conflict, update_nulls=update_nulls)
    source.create(first, is_seen=is_seen)
    Course(source, taken_before=addresses_in(first)).run(events)


@fixed
@given(courses, payloads, st.sampled_from(["overwrite", "keep"]), st.booleans())
def test_an_update_of_what_a_person_created(
    events: list[tuple[str, Any, Any]],
    first: Record,
    on_conflict: str,
    update_nulls: bool,  # noqa: FBT001
) -> None:
    """Of what was only found everything is a person's, and no entry is ever touched."""
    source = Source(on_conflict=on_conflict, update_nulls=update_nulls)
    source.apptivo.create({"lastName": "P0"})
    course = Course(source, {"lastName"})
    for which in (0, 1):
        course.edit("add", which)
    course.edit(CUSTOMS[0], 0)
    course.run([("update", first, True), *events])


letters = st.lists(st.sampled_from("abcdef"), min_size=3, max_size=3, unique=True)


@fixed
@given(
    letters,
    st.lists(
        st.tuples(
            letters, st.sampled_from(["seen", "unseen", "lost", "lost and taken", "says nothing"])
        )
    ),
    st.booleans(),
)
def test_lists_of_one_length_are_the_sources(
    first: list[str],
    course: list[tuple[list[str], str]],
    is_seen: bool,  # noqa: FBT001
) -> None:
    """Nothing is doubled and nothing left behind, in whatever order and whatever is lost."""

    def record(mails: list[str]) -> Record:
        return {
            "emailAddresses": [email(each) for each in mails],
            "phoneNumbers": [{"phoneNumber": each} for each in mails],
            "addresses": [{"city": each, "addressTypeCode": "1"} for each in mails],
        }

    def check(mails: list[str]) -> None:
        lead = source.apptivo.lead
        assert sorted(emails(source)) == sorted(mails)
        assert sorted(each["phoneNumber"] for each in lead["phoneNumbers"]) == sorted(mails)
        assert sorted(each["city"] for each in lead["addresses"]) == sorted(mails)

    source = Source().create(record(first), is_seen=is_seen)
    for mails, how in course:
        if how == "says nothing":
            source.update({"lastName": mails[0]})
            continue
        if how.startswith("lost"):
            source.is_cut_off(record(mails), is_taken=how == "lost and taken")
            continue
        if not source.intended and not is_new(content_of(record(mails)), source.taken or {}):
            check(mails)  # it counts as unchanged
        assert source.update(record(mails), is_seen=how == "seen").conflicts == ()
        check(mails)
