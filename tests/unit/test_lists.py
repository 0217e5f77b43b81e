"""E-mails, phones and addresses: ours are changed in their place, people's are let be."""

from __future__ import annotations

import pytest

from target_apptivo.apptivo.change import shown_after_create, still_differs
from target_apptivo.apptivo.content import content_of, is_new
from tests.update_model import Source, email, emails


def test_an_email_that_we_wrote_is_changed_in_its_place() -> None:
    """It keeps Apptivo's id; a person's stays, the source's other one too."""
    source = Source().create({"emailAddresses": [email("work@x"), email("home@x", "HOME")]})
    source.apptivo.add("emailAddresses", email("person@x"))
    before = source.apptivo.shown["emailAddresses"]
    record = {"emailAddresses": [email("work@x"), email("home@y", "HOME")]}
    assert source.update(record).conflicts == ()
    after = source.apptivo.lead["emailAddresses"]
    assert after == [before[0], {**before[1], "emailAddress": "home@y"}, before[2]]


def test_without_an_answer_an_email_is_changed_in_its_place_too() -> None:
    """Also where Apptivo adds to what was sent."""
    source = Source().create({"emailAddresses": [email("a@x")]}, is_seen=False)
    source.apptivo.lead["emailAddresses"][0]["emailType"] = "Business"
    source.update({"emailAddresses": [email("b@x")]})
    assert emails(source) == ["b@x"]


def test_a_further_email_is_added() -> None:
    """Nothing is changed for it."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    source.update({"emailAddresses": [email("new@x"), email("a@x")]})
    assert emails(source) == ["a@x", "new@x"]


def test_an_email_that_is_there_is_not_added_again() -> None:
    """Whatever its case, its type and whoever wrote it; a person's is not touched."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    source.apptivo.add("emailAddresses", email("Person@X", "HOME"))
    before = source.apptivo.shown
    assert source.update({"emailAddresses": [email("a@x"), email("person@x")]}).is_nothing
    assert source.apptivo.lead == before


def test_an_email_that_we_only_found_is_not_ours() -> None:
    """A later one is added beside it: a person wrote the first."""
    source = Source()
    source.apptivo.create({"emailAddresses": [email("a@x")]})
    source.update({"emailAddresses": [email("a@x")]})
    source.update({"emailAddresses": [email("b@x")]})
    assert emails(source) == ["a@x", "b@x"]


def test_none_is_removed() -> None:
    """One that the source drops stays, and its place is not taken later either."""
    source = Source().create({"emailAddresses": [email("a@x"), email("b@x")]})
    assert source.update({"emailAddresses": [email("a@x")]}).is_nothing
    source.update({"emailAddresses": [email("a@x"), email("c@x")]})
    assert emails(source) == ["a@x", "b@x", "c@x"]


def test_a_change_that_is_taken_back_is_taken_back() -> None:
    """The same entry goes there and back."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    for address in ("b@x", "a@x", "c@x", "a@x"):
        assert source.update({"emailAddresses": [email(address)]}).names == ("emailAddresses",)
        assert emails(source) == [address]


def test_another_type_of_the_same_email_is_changed_in_its_place() -> None:
    """And another spelling."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    source.update({"emailAddresses": [email("A@x", "HOME")]})
    (entry,) = source.apptivo.lead["emailAddresses"]
    assert (entry["emailAddress"], entry["emailTypeCode"]) == ("A@x", "HOME")


def test_doubled_entries_count_once() -> None:
    """Of the source, and of one e-mail under two types."""
    record = {"emailAddresses": [email("a@x"), email("a@x"), email("a@x", "HOME")]}
    source = Source()
    source.apptivo.create({})
    source.update(record)
    assert emails(source) == ["a@x"]
    assert source.plan(record).is_nothing


@pytest.mark.parametrize(
    ("on_conflict", "after"), [("overwrite", ["edited@x", "b@x"]), ("keep", ["edited@x"])]
)
def test_an_email_that_a_person_edited_is_the_persons(on_conflict: str, after: list[str]) -> None:
    """With overwrite the source's comes beside it, with keep not at all; both are told."""
    source = Source(on_conflict=on_conflict).create({"emailAddresses": [email("a@x")]})
    source.apptivo.lead["emailAddresses"][0]["emailAddress"] = "edited@x"
    assert source.update({"emailAddresses": [email("b@x")]}).conflicts == ("emailAddresses",)
    assert emails(source) == after
    assert source.plan({"emailAddresses": [email("b@x")]}).is_nothing


def test_with_keep_an_edited_email_stays_the_persons() -> None:
    """At every further change, until the person takes the edit back."""
    source = Source(on_conflict="keep").create({"emailAddresses": [email("a@x")]})
    source.apptivo.lead["emailAddresses"][0]["emailAddress"] = "edited@x"
    for address in ("b@x", "c@x"):
        assert source.update({"emailAddresses": [email(address)]}).is_nothing
    source.apptivo.lead["emailAddresses"][0]["emailAddress"] = "a@x"
    source.update({"emailAddresses": [email("d@x")]})
    assert emails(source) == ["d@x"]


@pytest.mark.parametrize(("on_conflict", "code"), [("overwrite", "OTHER"), ("keep", "HOME")])
def test_a_type_that_a_person_chose(on_conflict: str, code: str) -> None:
    """Our e-mail, another type by a person, a third by the source: a conflict like any other."""
    source = Source(on_conflict=on_conflict).create({"emailAddresses": [email("a@x")]})
    source.apptivo.lead["emailAddresses"][0]["emailTypeCode"] = "HOME"
    change = source.update({"emailAddresses": [email("a@x", "OTHER")]})
    assert change.conflicts == ("emailAddresses",)
    assert [each["emailTypeCode"] for each in source.apptivo.lead["emailAddresses"]] == [code]


def test_a_person_adding_a_type_makes_the_email_theirs() -> None:
    """What was not there when we saw it last is not ours, though all that we sent is."""
    source = Source(on_conflict="keep").create({"emailAddresses": [{"emailAddress": "a@x"}]})
    source.apptivo.lead["emailAddresses"][0]["emailTypeCode"] = "HOME"
    change = source.update({"emailAddresses": [{"emailAddress": "b@x"}, email("c@x")]})
    assert change.conflicts == ("emailAddresses",)
    assert source.apptivo.lead["emailAddresses"][0]["emailAddress"] == "a@x"


def test_a_phone_that_apptivo_writes_with_dashes_is_ours() -> None:
    """It is known by its digits after it was written, and as it was shown from then on."""
    source = Source()
    source.apptivo.create({"phoneNumbers": [{"phoneNumber": "555-0100"}]})
    sent = {"phoneNumbers": [{"phoneNumber": 5550100}]}
    source.taken = content_of(sent)
    source.shown = shown_after_create(source.taken, sent, source.apptivo.shown)
    source.update({"phoneNumbers": [{"phoneNumber": "5550199"}]})
    assert [each["phoneNumber"] for each in source.apptivo.lead["phoneNumbers"]] == ["5550199"]


def test_an_address_is_changed_in_its_place() -> None:
    """What the source leaves empty of it stays; update_nulls empties it."""
    home = {"addressTypeCode": "1", "addressLine1": "1 Main", "addressLine2": "Apt 4", "city": "A"}
    moved = {"addressTypeCode": "1", "addressLine1": "5 Oak", "addressLine2": "", "city": "B"}
    for update_nulls, second in ((False, "Apt 4"), (True, "")):
        source = Source(update_nulls=update_nulls).create({"addresses": [home]})
        source.apptivo.add("addresses", {"addressTypeCode": "3", "addressLine1": "9 Elm"})
        change = source.update({"addresses": [moved]})
        assert not still_differs(change, source.apptivo.lead)
        first, other = source.apptivo.lead["addresses"]
        assert (first["addressLine1"], first["addressLine2"]) == ("5 Oak", second)
        assert other["addressLine1"] == "9 Elm"


def test_an_address_written_otherwise_by_apptivo_is_ours() -> None:
    """It shares a field with what was sent, and was not there before."""
    sent = {"addresses": [{"addressLine1": "1 Main", "state": "TX"}, {"addressTypeCode": "1"}]}
    source = Source().create({"addresses": [{"addressLine1": "1 Main", "state": "Texas"}]})
    source.taken = content_of(sent)
    source.shown = shown_after_create(source.taken, sent, source.apptivo.shown)
    source.update({"addresses": [{"addressLine1": "2 Main", "state": "TX"}]})
    assert [each["addressLine1"] for each in source.apptivo.lead["addresses"]] == ["2 Main"]


def test_the_source_does_not_say_which_entry_of_apptivos_it_means() -> None:
    """An id in a payload's entry is not followed."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    source.apptivo.add("emailAddresses", email("person@x"))
    source.update({"emailAddresses": [email("a@x"), {**email("b@x"), "communicationId": 101}]})
    assert emails(source) == ["a@x", "person@x", "b@x"]


def test_the_likest_place_is_taken() -> None:
    """Both e-mails change at once, in another order: work stays work, home stays home."""
    source = Source().create({"emailAddresses": [email("w@x"), email("h@x", "HOME")]})
    source.update({"emailAddresses": [email("h@y", "HOME"), email("w@y")]})
    assert emails(source) == ["w@y", "h@y"]


def test_a_place_is_taken_by_its_own_email_first() -> None:
    """A new one does not push out one that only has another type now."""
    source = Source().create({"emailAddresses": [email("a@x")]})
    (before,) = source.apptivo.shown["emailAddresses"]
    source.update({"emailAddresses": [email("new@x"), email("a@x", "HOME")]})
    assert source.apptivo.lead["emailAddresses"][0] == {**before, "emailTypeCode": "HOME"}
    assert emails(source) == ["a@x", "new@x"]


def test_an_email_of_two_types_has_two_places() -> None:
    """The one that changes is the one that is changed."""
    source = Source().create({"emailAddresses": [email("a@x"), email("a@x", "HOME")]})
    source.update({"emailAddresses": [email("a@x"), email("b@x", "HOME")]})
    assert emails(source) == ["a@x", "b@x"]


def test_an_email_that_the_source_still_has_keeps_its_place() -> None:
    """Though it stood there twice, and Apptivo made one of it."""
    twice = [{**email("a@x"), "note": 1}, {**email("a@x"), "note": 2}]
    source = Source().create({"emailAddresses": twice})
    del source.apptivo.lead["emailAddresses"][1]
    source.update({"emailAddresses": [twice[0], email("c@x")]})
    assert emails(source) == ["a@x", "c@x"]


def test_a_type_given_to_an_email_that_was_never_seen_is_not_overwritten() -> None:
    """Nobody knows whose it is; and the e-mail does not lose its place to another one."""
    source = Source()
    source.apptivo.create({})
    source.is_cut_off({"emailAddresses": [{"emailAddress": "a@x"}]}, is_taken=True)
    source.apptivo.lead["emailAddresses"][0]["emailTypeCode"] = "by a person"
    source.update({"emailAddresses": [email("a@x"), {"emailAddress": "b@x"}]})
    assert emails(source) == ["a@x", "b@x"]
    assert source.apptivo.lead["emailAddresses"][0]["emailTypeCode"] == "by a person"


def test_what_was_taken_and_not_written_is_not_ours_by_an_intention() -> None:
    """A person's e-mail that the source has too, in whatever is said to be intended."""
    record = {"emailAddresses": [email("person@x")]}
    source = Source()
    source.apptivo.create(record)
    source.update(record)
    source.intended = content_of(record)
    source.update({"emailAddresses": [email("b@x")]})
    assert emails(source) == ["person@x", "b@x"]


def test_a_persons_phone_that_resembles_a_lost_one_is_not_ours() -> None:
    """It was there before, so that it is not how Apptivo writes ours."""
    source = Source(taken={})
    source.apptivo.create({"phoneNumbers": [{"phoneNumber": "555-0100"}]})
    record = {"phoneNumbers": [{"phoneNumber": "5550100"}]}
    source.remember(record, source.plan(record), source.apptivo.shown)
    source.update({"phoneNumbers": [{"phoneNumber": "5550199"}]})
    phones = [each["phoneNumber"] for each in source.apptivo.lead["phoneNumbers"]]
    assert phones == ["555-0100", "5550199"]


@pytest.mark.parametrize("is_seen", [True, False])
@pytest.mark.parametrize("is_taken", [True, False])
@pytest.mark.parametrize("mails", [["a@x"], ["b@x"], ["c@x"], ["c@x", "d@x"]])
def test_a_list_in_doubt_of_which_the_next_record_says_nothing(
    mails: list[str], *, is_taken: bool, is_seen: bool
) -> None:
    """The record after it is no unchanged one, unless what it says is there."""
    source = Source(on_conflict="keep")
    source.create({"emailAddresses": [email("a@x")]}, is_seen=is_seen)
    source.is_cut_off({"emailAddresses": [email("b@x")]}, is_taken=is_taken)
    source.update({"lastName": "Moe"})
    assert emails(source) == ["b@x" if is_taken else "a@x"]
    record = {"emailAddresses": [email(each) for each in mails]}
    if not is_new(content_of(record), source.taken or {}):
        assert emails(source) == mails
    assert source.update(record).conflicts == ()
    assert emails(source) == mails
    assert source.plan(record).is_nothing


def test_an_email_added_in_doubt_is_ours_when_it_came() -> None:
    """It is changed in its place then; where it did not come, the next is added."""
    for is_taken in (True, False):
        source = Source().create({"emailAddresses": [email("a@x")]})
        source.is_cut_off({"emailAddresses": [email("a@x"), email("b@x")]}, is_taken=is_taken)
        source.update({"lastName": "Moe"})
        assert source.update({"emailAddresses": [email("a@x"), email("c@x")]}).conflicts == ()
        assert emails(source) == ["a@x", "c@x"]
