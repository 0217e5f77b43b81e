"""An update (12.6): read first, sent back whole, and nobody's work destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import (
    customer,
    lead,
    mails,
    named,
    outcomes,
    payload,
    responses,
    states,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.sandbox.exchange import Received
    from tests.in_step import InStep, Person, Row

pytest_plugins = ["tests.in_step_runs"]

MATCHED = {"leads": {"endpoint": "create_lead", "match_on": "lastName"}}


def keeping(**more: object) -> dict[str, Any]:
    """Give options under which what people hold stays."""
    return {"leads": {"endpoint": "create_lead", "on_conflict": "keep", **more}}


def set_aside(step: InStep) -> dict[str, Any]:
    """Give settings with which rejected records do not end a run."""
    return {"rejected_path": str(step.folder / "rejected.singer"), "max_rejected": -1}


def answering(action: str, answer: Callable[[Received], Reply | None]) -> Any:  # noqa: ANN401
    """Let one action be answered by a function."""

    def respond(request: Received) -> Reply | None:
        return answer(request) if request.params.get("a") == action else None

    return respond


def only(step: InStep, app: str = "leads") -> Row:
    """Give the one object of an app."""
    (record,) = step.sandbox.records[app]
    return record


def addresses_of(record: Row) -> list[str]:
    """Give an object's e-mail addresses."""
    return [entry["emailAddress"] for entry in record["emailAddresses"]]


# --- read first, sent back whole, only what changed is named ---


def test_an_update_reads_first_and_sends_everything_back(step: InStep, person: Person) -> None:
    """What the object holds comes back as it was read, and one name is listed."""
    step(table("leads", lead(1, description="old", companyName="Acme")))
    person.edits("leads", only(step)["id"], jobTitle="boss", easyWayToContact="phone")
    before = only(step)
    run = step(table("leads", lead(1, description="new", companyName="Acme")))
    assert outcomes(run, "outcome", "changed", "conflicts") == [("updated", ["description"], [])]
    actions = [each.params["a"] for each in step.sandbox.requests]
    assert actions == ["getById", "update"]
    (update,) = step.sent
    assert named(update) == {"description"}
    body = payload(update)
    assert body["description"] == "new"
    for name, value in before.items():
        assert name == "description" or body[name] == value
    assert only(step) == {**before, "description": "new"}


@pytest.mark.parametrize("style", ["rest", "action"])
def test_an_update_is_apptivos_form_post_in_both_styles(step: InStep, style: str) -> None:
    """No secret is in its URL; the id goes under the app's name; `userName` goes along."""
    settings: dict[str, Any] = {"api_style": style, "user_name": "ann@x.com"}
    step(table("customers", customer(1)), **settings)
    step(table("customers", customer(1, description="new")), **settings)
    read, update = step.sandbox.requests
    for request in (read, update):
        assert (request.method, request.path) == ("POST", "/app/dao/v6/customers")
        assert request.is_form
        assert "Key" not in request.query
        assert request.params["customerId"] == str(only(step, "customers")["customerId"])
        assert request.params["userName"] == "ann@x.com"
    assert update.params["attributeName"] == '["description"]'


def test_peoples_edits_live(step: InStep, person: Person) -> None:
    """What the source did not change is not written, whatever people made of it."""
    step(table("leads", lead(1, description="old", companyName="Acme")))
    person.edits("leads", only(step)["id"], companyName="Acme Ltd", firstName="Ada")
    run = step(table("leads", lead(1, description="new", companyName="Acme")))
    assert outcomes(run, "changed", "conflicts") == [(["description"], [])]
    assert only(step)["companyName"] == "Acme Ltd"
    assert only(step)["firstName"] == "Ada"
    assert only(step)["description"] == "new"
    assert not outcomes(step(table("leads", lead(1, description="new", companyName="Acme"))))
    assert only(step)["companyName"] == "Acme Ltd"


@pytest.mark.parametrize("policy", ["overwrite", "keep"])
def test_where_both_changed_the_setting_decides(step: InStep, person: Person, policy: str) -> None:
    """The conflict is named either way; the rest of the record's changes is written."""
    streams = {"leads": {"endpoint": "create_lead", "on_conflict": policy}}
    step(table("leads", lead(1, description="old", companyName="old")), streams=streams)
    person.edits("leads", only(step)["id"], description="a person's")
    rows = table("leads", lead(1, description="new", companyName="new"))
    run = step(rows, streams=streams)
    (told,) = responses(run)
    assert told["outcome"] == "updated"
    assert told["conflicts"] == ["description"]
    assert only(step)["companyName"] == "new"
    assert only(step)["description"] == ("new" if policy == "overwrite" else "a person's")
    assert ("description" in told["changed"]) == (policy == "overwrite")
    assert not outcomes(step(rows, streams=streams))


def test_what_was_kept_once_is_kept_until_the_source_changes_again(
    step: InStep, person: Person
) -> None:
    """The person's text stays over runs that bring other things."""
    step(table("leads", lead(1, description="old")), streams=keeping())
    person.edits("leads", only(step)["id"], description="a person's")
    for n in range(3):
        step(table("leads", lead(1, description="new", companyName=f"v{n}")), streams=keeping())
        assert only(step)["description"] == "a person's"
        assert only(step)["companyName"] == f"v{n}"
    run = step(table("leads", lead(1, description="newer", companyName="v2")), streams=keeping())
    assert only(step)["description"] == "a person's"
    assert outcomes(run) in ([], ["unchanged"])


def test_an_edit_that_says_the_same_is_no_conflict(step: InStep, person: Person) -> None:
    """A person was faster than the source: nothing is written."""
    step(table("leads", lead(1, description="old")))
    person.edits("leads", only(step)["id"], description="new")
    run = step(table("leads", lead(1, description="new")))
    assert run.code == 0
    assert not step.sent
    assert "1 unchanged" in run.last_log


def test_of_one_just_found_what_differs_is_written(step: InStep, person: Person) -> None:
    """With `overwrite` (the default) the source wins, and the rest stays."""
    person.creates("leads", lastName="Ada", description="theirs", companyName="Acme", jobTitle="x")
    row = lead(1, lastName="Ada", description="mine", companyName="Acme")
    run = step(table("leads", row), streams=MATCHED)
    (update,) = step.sent
    assert named(update) == {"description", "nr"}
    assert only(step)["jobTitle"] == "x"
    assert only(step)["description"] == "mine"
    assert outcomes(run, "outcome", "matched_by") == [("updated", "match_on")]


def test_of_one_just_found_keep_fills_what_is_empty(step: InStep, person: Person) -> None:
    """What people hold stays, what nobody filled is filled."""
    person.creates("leads", lastName="Ada", description="theirs", companyName="", jobTitle=None)
    row = lead(1, lastName="Ada", description="mine", companyName="Acme", jobTitle="boss")
    run = step(table("leads", row), streams=keeping(match_on="lastName"))
    assert only(step)["description"] == "theirs"
    assert only(step)["companyName"] == "Acme"
    assert only(step)["jobTitle"] == "boss"
    (told,) = responses(run)
    assert told["conflicts"] == ["description"]
    assert set(told["changed"]) == {"companyName", "jobTitle", "nr"}


@pytest.mark.parametrize(
    ("app", "theirs", "ours"),
    [
        ("leads", {"leadStatus": 1}, {"leadStatus": 3, "leadStatusMeaning": "Qualified"}),
        ("leads", {"leadStatusMeaning": "New"}, {"leadStatus": 3, "leadStatusMeaning": "Hot"}),
        (
            "customers",
            {"assigneeObjectRefId": 7},
            {
                "assigneeObjectRefId": 9,
                "assigneeObjectRefName": "Ann Lee",
                "assigneeObjectId": 8,
            },
        ),
        ("cases", {"caseCustomerId": 7}, {"caseCustomerId": 9, "caseCustomer": "Ours"}),
    ],
)
def test_keep_tears_nothing_apart(
    step: InStep, person: Person, app: str, theirs: Row, ours: Row
) -> None:
    """Where Apptivo shows one of what goes together, nothing of ours is put beside it."""
    name = {"leads": "lastName", "customers": "customerName", "cases": "caseSummary"}[app]
    person.creates(app, nr=1, **{name: "Theirs"}, **theirs)
    options = {"endpoint": f"create_{app[:-1]}", "match_on": name, "on_conflict": "keep"}
    row = {"nr": 1, name: "Theirs", "description": "filled", **ours}
    run = step(table(app, row), streams={app: options})
    (record,) = step.sandbox.records[app]
    assert {key: record[key] for key in ours if key in record} == theirs
    assert record["description"] == "filled"
    assert outcomes(run, "changed", "conflicts") == [(["description"], [*theirs])]


def test_one_found_that_has_everything_is_unchanged(step: InStep, person: Person) -> None:
    """Nothing to write: unchanged, and known from then on."""
    person.creates("leads", nr=1, lastName="Ada", description="same", version_of_mine="x")
    rows = table("leads", lead(1, lastName="Ada", description="same"))
    run = step(rows, streams=MATCHED)
    assert not outcomes(run)
    assert not step.sent
    assert "1 unchanged" in run.last_log
    assert step(rows, streams=MATCHED).code == 0
    assert not step.sandbox.requests


@pytest.mark.parametrize("answers", ["bare", "whole"])
def test_with_keep_a_write_is_read_again_where_its_answer_does_not_show_it(
    step: InStep, answers: str
) -> None:
    """A bare answer shows nothing of what was written."""
    step.sandbox.answers = "bare" if answers == "bare" else "whole"
    step(table("leads", lead(1, description="old")), streams=keeping())
    step(table("leads", lead(1, description="new")), streams=keeping())
    actions = [each.params["a"] for each in step.sandbox.requests]
    assert actions == ["getById", "update", *["getById"] * (answers == "bare")]


@pytest.mark.parametrize("matching", [{}, {"match_on": "lastName"}])
def test_with_keep_a_create_is_read_where_its_answer_does_not_show_it(
    step: InStep, person: Person, matching: Row
) -> None:
    """What Apptivo made of our text is no person's work: the source's next change is written."""

    def respond(request: Received) -> Reply | None:
        if request.params.get("a") != "getById":
            return None
        found = dict(step.held("leads")[1])
        found["description"] = f"<p>{found['description']}</p>"
        return Reply.json(found)

    person.creates("leads", lastName="Known")
    step.sandbox.respond = respond
    step(table("leads", lead(1, description="old")), streams=keeping(**matching))
    assert step.sandbox.requests[-1].params["a"] == "getById"
    run = step(table("leads", lead(1, description="new")), streams=keeping(**matching))
    assert outcomes(run, "outcome", "conflicts") == [("updated", [])]
    assert step.held("leads")[1]["description"] == "new"


def test_with_keep_an_update_that_apptivo_swallows_is_one_all_the_same(step: InStep) -> None:
    """The answer shows the object: it was taken, and what is never shown is no uncertainty."""
    step.sandbox.drop_unknown = True
    step(table("leads", lead(1, lastName="Ada", madeUp="old")), streams=keeping())
    rows = table("leads", lead(1, lastName="Ada", madeUp="new"))
    assert outcomes(step(rows, streams=keeping())) == ["updated"]
    assert not outcomes(step(rows, streams=keeping()))


def test_with_overwrite_a_create_is_not_read(step: InStep) -> None:
    """One request a record."""
    step(table("leads", lead(1, description="old")))
    assert len(step.sandbox.requests) == 1


@pytest.mark.parametrize("on_conflict", ["overwrite", "keep"])
def test_a_person_is_never_put_together_of_two(
    step: InStep, person: Person, on_conflict: str
) -> None:
    """Name, id and kind of whom something is assigned to are of one or the other.

    The kind is no different for the source; what people have set would make its id another's.
    """
    rules = {"endpoint": "create_lead", "fields": {"Assigned To": "owner"}}
    streams = {"leads": {**rules, "on_conflict": on_conflict}}
    names = ("assigneeObjectRefName", "assigneeObjectRefId", "assigneeObjectId")
    step(table("leads", lead(1, owner="ruth.keller@example.com")), streams=streams)
    ruth = [only(step)[name] for name in names]
    step(table("leads", lead(1, owner="sam.agent@example.com")), streams=streams)
    theirs = dict(zip(names, ("Field Service", 501, 6), strict=True))
    person.edits("leads", only(step)["id"], **theirs)
    run = step(table("leads", lead(1, owner="ruth.keller@example.com")), streams=streams)
    wanted = ruth if on_conflict == "overwrite" else [*theirs.values()]
    assert [only(step)[name] for name in names] == wanted
    told = [{*each["conflicts"]} for each in responses(run)]
    assert told == ([{*names}] if on_conflict == "overwrite" else [])


# --- nulls ---


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("updates_nulls", [False, True])
def test_null_and_empty_values_clear_only_if_they_may(
    step: InStep, *, value: str | None, updates_nulls: bool
) -> None:
    """`update_nulls` lets them clear what this journal wrote; else they say nothing."""
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": updates_nulls}}
    step(table("leads", lead(1, description="old", companyName="Acme")), streams=streams)
    rows = table("leads", lead(1, description=value, companyName="New"))
    run = step(rows, streams=streams)
    assert (only(step).get("description") or "") == ("" if updates_nulls else "old")
    assert only(step)["companyName"] == "New"
    expected = {"companyName", "description"} if updates_nulls else {"companyName"}
    assert set(responses(run)[0]["changed"]) == expected
    assert not outcomes(step(rows, streams=streams))


def test_nulls_never_clear_what_this_journal_did_not_write(step: InStep, person: Person) -> None:
    """What a person filled in, of one found or one created, is nobody's to clear."""
    streams = {"leads": {**MATCHED["leads"], "update_nulls": True}}
    person.creates("leads", lastName="Ada", description="theirs", jobTitle="boss")
    step(table("leads", lead(1, lastName="Ada", description=None)), streams=streams)
    rows = table("leads", lead(1, lastName="Ada", description=None, jobTitle="", companyName="x"))
    step(rows, streams=streams)
    assert only(step)["description"] == "theirs"
    assert only(step)["jobTitle"] == "boss"


def test_what_was_cleared_is_filled_again(step: InStep) -> None:
    """Value, null, the same value: three versions where nulls clear."""
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": True}}
    for value in ("x", None, "x"):
        step(table("leads", lead(1, description=value)), streams=streams)
        assert (only(step).get("description") or None) == value


def test_lacking_attributes_clear_nothing_even_with_update_nulls(step: InStep) -> None:
    """A record that lacks an attribute says nothing of it."""
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": True}}
    step(table("leads", lead(1, description="old")), streams=streams)
    assert not outcomes(step(table("leads", lead(1)), streams=streams))
    assert only(step)["description"] == "old"


def test_what_fields_fill_stays_where_it_is_null(step: InStep) -> None:
    """Left out is left alone, with `update_nulls` too."""
    fields = {"Firm": "work", "Mobile Phone": "mobile"}
    streams = {"leads": {"endpoint": "create_lead", "update_nulls": True, "fields": fields}}
    step(table("leads", lead(1, work="Acme", mobile="555", description="old")), streams=streams)
    filled = only(step)
    rows = table("leads", lead(1, work="", mobile=None, description=None))
    run = step(rows, streams=streams)
    assert responses(run)[0]["changed"] == ["description"]
    assert (only(step)["companyName"], only(step)["phoneNumbers"]) == (
        "Acme",
        filled["phoneNumbers"],
    )
    assert [each["phoneNumber"] for each in filled["phoneNumbers"]] == ["555"]


# --- lists ---


def test_an_e_mail_that_we_wrote_is_changed_in_its_place(step: InStep, person: Person) -> None:
    """With its id; what a person added stays; nothing is doubled."""
    step(table("leads", lead(1, emailAddresses=mails("old@x.com"))))
    person.edits("leads", only(step)["id"], emailAddresses=mails("theirs@x.com"))
    before = person.reads("leads", only(step)["id"])["emailAddresses"]
    step(table("leads", lead(1, emailAddresses=mails("new@x.com"))))
    after = person.reads("leads", only(step)["id"])["emailAddresses"]
    assert after == [{**before[0], "emailAddress": "new@x.com"}, before[1]]
    assert not outcomes(step(table("leads", lead(1, emailAddresses=mails("new@x.com")))))


def test_an_e_mail_is_added_and_none_removed(step: InStep) -> None:
    """Two become three; two become one in the source, and stay."""
    step(table("leads", lead(1, emailAddresses=mails("a@x.com", "b@x.com"))))
    step(table("leads", lead(1, emailAddresses=mails("a@x.com", "b@x.com", "c@x.com"))))
    assert addresses_of(only(step)) == ["a@x.com", "b@x.com", "c@x.com"]
    step(table("leads", lead(1, emailAddresses=mails("a@x.com"))))
    assert addresses_of(only(step)) == ["a@x.com", "b@x.com", "c@x.com"]


def test_an_e_mail_of_one_found_is_not_added_twice(step: InStep, person: Person) -> None:
    """What is there already, in whatever case, is there."""
    person.creates("leads", lastName="Ada", emailAddresses=mails("Ada@x.com", "theirs@x.com"))
    row = lead(1, lastName="Ada", emailAddresses=mails("ada@x.com", "second@x.com"))
    for _ in range(2):
        step(table("leads", row), streams=MATCHED)
    found = [each.lower() for each in addresses_of(only(step))]
    assert sorted(found) == ["ada@x.com", "second@x.com", "theirs@x.com"]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        (
            "phoneNumbers",
            lambda *texts: [{"phoneNumber": t, "phoneTypeCode": "PHONE_HOME"} for t in texts],
        ),
        (
            "addresses",
            lambda *texts: [{"addressLine1": t, "city": "Oslo", "addressType": "1"} for t in texts],
        ),
    ],
)
def test_phones_and_addresses_go_as_e_mails_do(
    step: InStep, person: Person, name: str, make: Callable[..., list[Row]]
) -> None:
    """Changed in place, added, never doubled, never removed, people's own left alone."""

    def shown() -> list[str]:
        entries = only(step)[name]
        return [entry.get("phoneNumber") or entry["addressLine1"] for entry in entries]

    step(table("leads", lead(1, **{name: make("one", "two")})))
    person.edits("leads", only(step)["id"], **{name: make("theirs")})
    step(table("leads", lead(1, **{name: make("one", "changed")})))
    assert sorted(shown()) == ["changed", "one", "theirs"]
    step(table("leads", lead(1, **{name: make("one", "changed", "third")})))
    assert sorted(shown()) == ["changed", "one", "theirs", "third"]
    step(table("leads", lead(1, **{name: make("third", "one", "changed")})))
    assert sorted(shown()) == ["changed", "one", "theirs", "third"]
    step(table("leads", lead(1, **{name: make("one")})))
    assert sorted(shown()) == ["changed", "one", "theirs", "third"]


def test_an_e_mail_that_a_person_edited_is_a_conflict(step: InStep, person: Person) -> None:
    """Under `keep` theirs stays; nothing is doubled."""
    step(table("leads", lead(1, emailAddresses=mails("old@x.com"))), streams=keeping())
    entry = person.reads("leads", only(step)["id"])["emailAddresses"][0]
    edited = {**entry, "emailAddress": "person@x.com"}
    person.edits("leads", only(step)["id"], emailAddresses=[edited])
    rows = table("leads", lead(1, emailAddresses=mails("new@x.com")))
    for _ in range(2):
        step(rows, streams=keeping())
    assert "person@x.com" in addresses_of(only(step))
    assert len(set(addresses_of(only(step)))) == len(addresses_of(only(step)))


def test_other_arrays_are_one_value(step: InStep) -> None:
    """Labels are replaced as a whole."""
    step(table("leads", lead(1, labels=["a", "b"])))
    step(table("leads", lead(1, labels=["b"])))
    assert only(step)["labels"] == ["b"]


# --- custom attributes ---


def custom(**values: object) -> list[Row]:
    """Give custom attributes with all that Apptivo's own code sends of them."""
    return [
        {"customAttributeId": i, "customAttributeType": "input", "customAttributeValue": v}
        for i, v in values.items()
    ]


def values_of(record: Row) -> dict[str, object]:
    """Give an object's custom attributes."""
    entries = record["customAttributes"]
    found = {entry["customAttributeId"]: entry["customAttributeValue"] for entry in entries}
    assert len(found) == len(entries)
    return found


def test_custom_attributes_count_one_by_one(step: InStep, person: Person) -> None:
    """One that changed is written, another that a person edited stays, a third is added."""
    step(table("leads", lead(1, customAttributes=custom(input_1="a", input_2="a"))))
    person.edits("leads", only(step)["id"], customAttributes=custom(input_2="p", input_9="p"))
    rows = table("leads", lead(1, customAttributes=custom(input_1="b", input_2="a", input_3="c")))
    run = step(rows)
    assert values_of(only(step)) == {"input_1": "b", "input_2": "p", "input_9": "p", "input_3": "c"}
    (told,) = responses(run)
    assert set(told["changed"]) == {"customAttributes.input_1", "customAttributes.input_3"}
    (update,) = step.sent
    assert update.params["isCustomAttributesUpdate"] == "true"
    assert not outcomes(step(rows))


@pytest.mark.parametrize("policy", ["overwrite", "keep"])
def test_a_custom_attribute_may_be_in_conflict(step: InStep, person: Person, policy: str) -> None:
    """As any other."""
    streams = {"leads": {"endpoint": "create_lead", "on_conflict": policy}}
    rows = custom(input_1="a", input_2="a")
    step(table("leads", lead(1, customAttributes=rows)), streams=streams)
    person.edits("leads", only(step)["id"], customAttributes=custom(input_1="p"))
    rows = custom(input_1="b", input_2="b")
    run = step(table("leads", lead(1, customAttributes=rows)), streams=streams)
    kept = "b" if policy == "overwrite" else "p"
    assert values_of(only(step)) == {"input_1": kept, "input_2": "b"}
    assert responses(run)[0]["conflicts"] == ["customAttributes.input_1"]


# --- answers to an update ---


def test_an_answer_with_another_id_ends_the_run(step: InStep) -> None:
    """Something was written where it should not be: nobody goes on."""
    step(table("leads", lead(1), lead(2)))
    stranger = Reply.json({"lead": {"id": "666", "leadId": 666}})
    step.sandbox.respond = answering("update", lambda _: stranger)
    rows = [lead(nr, description="new") for nr in (1, 2)]
    run = step(table("leads", *rows), max_in_flight=1, **set_aside(step))
    assert run.code == 1
    assert "666" in run.last_log
    assert len(step.sent) == 1
    assert states(run) == []


@pytest.mark.parametrize(
    "answer",
    [{}, {"status": "SUCCESS"}, {"lead": {}}, {"result": "ok"}],
)
def test_an_update_that_is_answered_without_an_object_is_read_again(
    step: InStep, answer: Row
) -> None:
    """It shows nothing: the object itself tells whether it was taken."""
    step(table("leads", lead(1, description="old")))
    identity = only(step)["id"]

    def respond(request: Received) -> Reply | None:
        if request.params.get("a") != "update":
            return None
        return Reply.json(answer)

    step.sandbox.respond = respond
    run = step(table("leads", lead(1, description="new")), **set_aside(step))
    # The sandbox's own state was not changed, since the answer was made up.
    assert outcomes(run) in (["uncertain"], ["rejected"])
    step.sandbox.respond = None
    run = step(table("leads", lead(1, description="new")))
    assert run.code == 0
    assert only(step)["description"] == "new"
    assert only(step)["id"] == identity


def test_an_update_that_is_refused_is_rejected(step: InStep) -> None:
    """Its reason is Apptivo's; nothing is remembered as taken."""
    step(table("leads", lead(1)))
    no = Reply.json({"status": "FAILURE", "reason": "locked"})
    step.sandbox.respond = answering("update", lambda _: no)
    run = step(table("leads", lead(1, description="new")), **set_aside(step))
    assert outcomes(run, "outcome", "action") == [("rejected", "update")]
    assert "locked" in responses(run)[0]["reason"]
    step.sandbox.respond = None
    assert outcomes(step(table("leads", lead(1, description="new")))) == ["updated"]


GONE = [
    Reply(404),
    Reply.json({"status": "FAILURE", "reason": "no such"}),
    Reply.json({}),
    Reply.json({"data": {}}),
]


@pytest.mark.parametrize("gone", GONE)
def test_an_object_that_is_gone_rejects_its_record(step: InStep, gone: Reply) -> None:
    """`no longer in Apptivo`; nothing is created in its place."""
    step(table("leads", lead(1)))
    step.sandbox.respond = answering("getById", lambda _: gone)
    run = step(table("leads", lead(1, description="new")), **set_aside(step))
    assert outcomes(run) == ["rejected"]
    assert "no longer in Apptivo" in responses(run)[0]["reason"]
    assert not step.sent


def test_an_object_that_is_gone_is_looked_for_once(step: InStep, person: Person) -> None:
    """With `match_on`: somebody deleted it and made it anew."""
    step(table("leads", lead(1, lastName="Ada")), streams=MATCHED)
    person.deletes("leads", only(step)["id"])
    anew = person.creates("leads", lastName="Ada")
    rows = table("leads", lead(1, lastName="Ada", description="new"))
    run = step(rows, streams=MATCHED)
    assert outcomes(run, "outcome", "apptivo_id") == [("updated", anew)]
    assert only(step)["description"] == "new"
    assert not outcomes(step(rows, streams=MATCHED))


def test_an_object_that_is_gone_and_not_found_is_rejected(step: InStep, person: Person) -> None:
    """With `match_on` too: one who was deleted is not brought back."""
    step(table("leads", lead(0), lead(1, lastName="Ada")), streams=MATCHED)
    person.deletes("leads", step.held("leads")[1]["id"])
    rows = table("leads", lead(1, lastName="Ada", description="new"))
    for _ in range(2):
        run = step(rows, streams=MATCHED, **set_aside(step))
        assert outcomes(run) == ["rejected"]
        assert "no longer in Apptivo" in responses(run)[0]["reason"]
        assert len(step.sandbox.records["leads"]) == 1


def test_what_is_gone_is_created_again_by_append_only(step: InStep, person: Person) -> None:
    """What docs/operations.md advises: the journal then holds the new id."""
    step(table("leads", lead(0), lead(1, lastName="Ada")), streams=MATCHED)
    person.deletes("leads", step.held("leads")[1]["id"])
    rows = table("leads", lead(1, lastName="Ada", description="new"))
    step(rows, streams=MATCHED, **set_aside(step))
    again = (step.folder / "rejected.singer").read_text("utf-8").splitlines()
    once = {"leads": {"endpoint": "create_lead", "load_method": "append-only"}}
    assert outcomes(step(again, streams=once)) == ["accepted"]
    assert not outcomes(step(rows, streams=MATCHED))
    rows = table("leads", lead(1, lastName="Ada", description="newer"))
    assert outcomes(step(rows, streams=MATCHED)) == ["updated"]
    assert step.held("leads")[1]["description"] == "newer"


def test_an_unchanged_record_whose_object_is_gone_is_unchanged(
    step: InStep, person: Person
) -> None:
    """Nothing new, nothing asked."""
    step(table("leads", lead(1)))
    person.deletes("leads", only(step)["id"])
    run = step(table("leads", lead(1)))
    assert run.code == 0
    assert not step.sandbox.requests


def test_a_read_with_bad_keys_ends_the_run(step: InStep) -> None:
    """It is no object that is gone."""
    step(table("leads", lead(1)))
    bad = Reply.json({"status": "FAILURE", "reason": "Invalid API Key"})
    step.sandbox.respond = answering("getById", lambda _: bad)
    run = step(table("leads", lead(1, description="new")), **set_aside(step))
    assert run.code == 1
    assert not responses(run)


def test_a_read_that_shows_another_object_writes_nothing(step: InStep) -> None:
    """Whatever is answered: what is read under one id is never sent under another."""
    step(table("leads", lead(1)))
    other = Reply.json({"data": {"id": "666", "leadId": 666, "lastName": "Other"}})
    step.sandbox.respond = answering("getById", lambda _: other)
    run = step(table("leads", lead(1, description="new")), **set_aside(step))
    assert not step.sent
    assert run.code == 1 or outcomes(run) == ["rejected"]


def test_an_excluded_attribute_is_no_change(step: InStep) -> None:
    """What is not sent says nothing, also where a template uses it."""
    options = {"leads": {"endpoint": "create_lead", "exclude_attributes": ["secret"]}}
    step(table("leads", lead(1, secret="a")), streams=options)
    assert not outcomes(step(table("leads", lead(1, secret="b")), streams=options))
    assert not step.sandbox.requests


def test_a_link_to_a_case_is_named_twice(step: InStep) -> None:
    """A case's customer needs both names (docs/apptivo.md 3.5)."""
    row = {"nr": 1, "caseSummary": "Help", "caseCustomer": "Acme"}
    step(table("cases", row))
    step(table("cases", {**row, "caseCustomer": "Bolt", "description": "x"}))
    assert named(step.sent[0]) == {"caseCustomer", "caseCustNew", "description"}
    assert only(step, "cases")["caseCustomer"] == "Bolt"
