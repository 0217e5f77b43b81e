"""Looked for (12.4), and when "not found" is believed (12.5)."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import pytest

from target_apptivo.sandbox.exchange import Reply
from tests.in_step import (
    custom,
    customer,
    is_write,
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


def matching(*names: str, endpoint: str = "create_lead", **options: object) -> dict[str, Any]:
    """Give the options of an endpoint that looks for its records."""
    return {"endpoint": endpoint, "match_on": names[0] if len(names) == 1 else [*names], **options}


def set_aside(step: InStep) -> dict[str, Any]:
    """Give settings with which rejected records do not end a run."""
    return {"rejected_path": str(step.folder / "rejected.singer"), "max_rejected": -1}


# --- 12.4 what is equal ---


@pytest.mark.parametrize(
    ("theirs", "ours", "is_found"),
    [
        (["ada@x.com"], ["ADA@X.com "], True),
        (["old@x.com", "ada@x.com", "third@x.com"], ["new@x.com", "Ada@x.com"], True),
        (["ada@x.co"], ["ada@x.com"], False),
        (["b.ada@x.com"], ["ada@x.com"], False),
    ],
)
def test_one_e_mail_of_the_record_is_one_of_the_objects(
    step: InStep, person: Person, theirs: list[str], ours: list[str], *, is_found: bool
) -> None:
    """Any of ours may be any of theirs, without regard to case or blanks around; no other."""
    known = person.creates("leads", lastName="Theirs", emailAddresses=mails(*theirs))
    row = lead(1, emailAddresses=mails(*ours))
    run = step(table("leads", row), streams={"leads": matching("emailAddress")})
    expected = ("updated", known) if is_found else ("accepted", step.held("leads")[1]["id"])
    assert outcomes(run, "outcome", "apptivo_id") == [expected]
    assert len(step.sandbox.records["leads"]) == (1 if is_found else 2)


def test_equality_is_ours(step: InStep, person: Person) -> None:
    """Text exactly but for blanks around it, numbers by value, custom attributes by their id."""
    cases: list[tuple[str, object, object, bool]] = [
        ("lastName", "Lovelace", "Lovelace", True),
        ("lastName", "Byron", " Byron  ", True),
        ("lastName", "Babbage", "babbage", False),
        ("lastName", "Menabrea", "Menabrea-Smith", False),
        ("lastName", "Müller & Søn", "Müller & Søn", True),
        ("companyName", "00042", "00042", True),
        ("companyName", "42.0", "42", False),
        ("potentialAmount", 43, 43.0, True),
        ("potentialAmount", 44, 45, False),
        ("customAttributes.input_4_30", "K-17", "K-17", True),
        ("customAttributes.input_4_31", "K-17", "k-17", False),
        ("customAttributes.number_4_1", 17, "17", True),
    ]

    def attributes(name: str, value: object) -> dict[str, Any]:
        head, _, custom_id = name.partition(".")
        return {head: custom(**{custom_id: value}) if custom_id else value}

    known, messages = [], list[Any]()
    for n, (name, theirs, ours, _) in enumerate(cases):
        known.append(
            person.creates("leads", **{"lastName": f"Theirs {n}", **attributes(name, theirs)})
        )
        messages += table(f"s{n}", {**lead(n), **attributes(name, ours)})
    streams = {f"s{n}": matching(case[0]) for n, case in enumerate(cases)}
    run = step(messages, streams=streams)
    assert run.code == 0
    found = [each["apptivo_id"] for each in responses(run)]
    assert [one == other for one, other in zip(found, known, strict=True)] == [
        case[3] for case in cases
    ]
    assert len(step.sandbox.records["leads"]) == len(cases) + sum(not case[3] for case in cases)


@pytest.mark.parametrize(("company", "is_found"), [("Acme", True), ("Acme Ltd", False)])
def test_several_attributes_must_all_be_equal(
    step: InStep, person: Person, company: str, *, is_found: bool
) -> None:
    """One that is like in one attribute only is another."""
    person.creates("leads", lastName="Ada", companyName="Acme")
    options = matching("lastName", "companyName")
    step(table("leads", lead(1, lastName="Ada", companyName=company)), streams={"leads": options})
    assert len(step.sandbox.records["leads"]) == (1 if is_found else 2)


def test_several_with_an_e_mail(step: InStep, person: Person) -> None:
    """An e-mail among them is still any of any."""
    known = person.creates("leads", lastName="Ada", emailAddresses=mails("a@x.com", "b@x.com"))
    person.creates("leads", lastName="Bob", emailAddresses=mails("b@x.com"))
    row = lead(1, lastName="Ada", emailAddresses=mails("c@x.com", "B@x.com"))
    options = matching("lastName", "emailAddress")
    run = step(table("leads", row), streams={"leads": options})
    assert outcomes(run, "outcome", "apptivo_id") == [("updated", known)]


@pytest.mark.parametrize(
    ("endpoint", "app", "name"),
    [
        ("create_lead", "leads", "lastName"),
        ("create_contact", "contacts", "lastName"),
        ("create_customer", "customers", "customerName"),
        ("create_case", "cases", "caseSummary"),
        ("create_opportunity", "opportunities", "opportunityName"),
    ],
)
@pytest.mark.parametrize(
    ("style", "envelope", "answers"),
    [
        ("rest", "flat", "bare"),
        ("action", "data", "whole"),
        ("rest", "responseObject", "whole"),
    ],
)
def test_every_app_is_searched_read_and_updated(  # noqa: PLR0913, PLR0917 - what the table crosses
    step: InStep,
    person: Person,
    endpoint: str,
    app: str,
    name: str,
    style: str,
    envelope: Literal["flat", "data", "responseObject"],
    answers: Literal["bare", "whole"],
) -> None:
    """In both styles, whatever the envelopes: found, updated, created, then nothing new."""
    step.sandbox.read_envelope = envelope
    step.sandbox.answers = answers
    known = person.creates(app, **{name: "Theirs", "description": "theirs"})
    rows = [{"nr": 1, name: "Theirs", "labels": ["x"]}, {"nr": 2, name: "Ours"}]
    streams = {"rows": matching(name, endpoint=endpoint)}
    first = step(table("rows", *rows), streams=streams, api_style=style)
    assert outcomes(first) == ["updated", "accepted"]
    assert responses(first)[0]["apptivo_id"] == known
    assert not outcomes(step(table("rows", *rows), streams=streams, api_style=style))
    rows[0]["labels"], rows[1]["description"] = ["x", "y"], "changed"
    third = step(table("rows", *rows), streams=streams, api_style=style)
    assert outcomes(third, "outcome", "changed") == [
        ("updated", ["labels"]),
        ("updated", ["description"]),
    ]
    held = step.held(app)
    assert held[1]["description"] == "theirs"
    assert held[2]["description"] == "changed"
    assert len(step.sandbox.records[app]) == 2


# --- 12.4 the app's own id ---


def test_the_apps_own_id_is_read_and_not_searched(step: InStep, person: Person) -> None:
    """`leadId` names the object; nothing is searched, and nobody else is touched."""
    person.creates("leads", lastName="Other")
    known = person.creates("leads", lastName="Ada")
    rows = table("leads", lead(1, leadId=int(known), description="mine"))
    run = step(rows, streams={"leads": matching("leadId")})
    assert outcomes(run, "outcome", "apptivo_id", "matched_by") == [("updated", known, "match_on")]
    assert set(step.reads) == {"getById"}
    assert "description" in named(step.sent[0])
    assert "leadId" not in named(step.sent[0])
    assert not outcomes(step(rows, streams={"leads": matching("leadId")}))


@pytest.mark.parametrize("own_id", ["text", "number"])
def test_an_own_id_that_is_not_there_rejects_the_record(step: InStep, own_id: str) -> None:
    """It is not created: its source says that it exists."""
    value = 4711 if own_id == "number" else "4711"
    run = step(
        table("leads", lead(1, leadId=value)),
        streams={"leads": matching("leadId")},
        **set_aside(step),
    )
    assert outcomes(run) == ["rejected"]
    assert "4711" in responses(run)[0]["reason"]
    assert not step.sent


def test_a_known_object_that_its_own_id_names_is_gone(step: InStep, person: Person) -> None:
    """It is read again and not searched: a blank search would find everybody."""
    known = person.creates("leads", lastName="Ada")
    streams = {"leads": matching("leadId")}
    step(table("leads", lead(1, leadId=int(known))), streams=streams)
    person.deletes("leads", known)
    rows = table("leads", lead(1, leadId=int(known), description="mine"))
    run = step(rows, streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected"]
    assert f"no longer in Apptivo: {known}" in responses(run)[0]["reason"]
    assert set(step.reads) == {"getById"}
    assert not step.sent


# --- 12.4 several, another's, none ---


def test_found_several_times_is_rejected_and_names_them(step: InStep, person: Person) -> None:
    """Nobody guesses which; nothing is written."""
    ids = [person.creates("leads", lastName="Ada") for _ in range(2)]
    run = step(
        table("leads", lead(1, lastName="Ada")),
        streams={"leads": matching("lastName")},
        **set_aside(step),
    )
    assert outcomes(run) == ["rejected"]
    assert all(each in responses(run)[0]["reason"] for each in ids)
    assert not step.sent


def test_found_as_what_another_key_became_is_rejected(step: InStep) -> None:
    """The second row of one match value is no second object, nor an update of the first."""
    rows = [lead(1, lastName="Ada"), lead(2, lastName="Ada", description="of 2")]
    run = step(table("leads", *rows), streams={"leads": matching("lastName")}, **set_aside(step))
    assert outcomes(run) == ["accepted", "rejected"]
    first, second = responses(run)
    assert first["apptivo_id"] in second["reason"]
    assert step.counts("leads") == {1: 1}
    assert "description" not in step.held("leads")[1]


def test_found_as_what_another_key_became_in_an_earlier_run(step: InStep) -> None:
    """As well on another day, and though search does not show it yet."""
    step(table("leads", lead(1, lastName="Ada")), streams={"leads": matching("lastName")})
    step.sandbox.index_delay = 3600
    run = step(
        table("leads", lead(2, lastName="Ada")),
        streams={"leads": matching("lastName")},
        **set_aside(step),
    )
    assert outcomes(run) == ["rejected"]
    assert len(step.sandbox.records["leads"]) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_create_only_calls_that_a_duplicate(step: InStep, person: Person, number: int) -> None:
    """Found once or several times: it is there."""
    ids = [person.creates("leads", lastName="Ada") for _ in range(number)]
    options = matching("lastName", load_method="create-only")
    run = step(table("leads", lead(1, lastName="Ada")), streams={"leads": options})
    assert run.code == 0
    assert outcomes(run) == ["duplicate"]
    told = json.dumps(responses(run)[0])
    assert all(each in told for each in ids)


def test_create_only_of_another_keys_is_a_duplicate(step: InStep) -> None:
    """What another key became is there too."""
    options = matching("lastName", load_method="create-only")
    rows = [lead(1, lastName="Ada"), lead(2, lastName="Ada")]
    run = step(table("leads", *rows), streams={"leads": options})
    assert outcomes(run) == ["accepted", "duplicate"]
    assert step.counts("leads") == {1: 1}


def test_an_empty_match_value_rejects(step: InStep, person: Person) -> None:
    """Nothing is searched for a blank, which would find everything."""
    blanks: list[tuple[str, Row]] = [
        ("emailAddress", {}),
        ("emailAddress", {"emailAddresses": None}),
        ("emailAddress", {"emailAddresses": []}),
        ("emailAddress", {"emailAddresses": [{"emailAddress": " "}, {"emailTypeCode": "HOME"}]}),
        ("companyName", {}),
        ("companyName", {"companyName": None}),
        ("companyName", {"companyName": ""}),
        ("companyName", {"companyName": "  "}),
        ("customAttributes.input_4_30", {}),
        ("customAttributes.input_4_30", {"customAttributes": custom(input_4_31="x")}),
        ("customAttributes.input_4_30", {"customAttributes": custom(input_4_30="")}),
        ("leadId", {}),
        ("leadId", {"leadId": None}),
    ]
    person.creates("leads", lastName="Somebody")
    streams = {f"s{n}": matching(name) for n, (name, _) in enumerate(blanks)}
    tables = [table(f"s{n}", {**lead(1), **more}) for n, (_, more) in enumerate(blanks)]
    run = step([*chain(*tables)], streams=streams, **set_aside(step))
    assert outcomes(run) == ["rejected"] * len(blanks)
    for (name, _), told in zip(blanks, responses(run), strict=True):
        assert name.rpartition(".")[2] in told["reason"]
    assert not step.sandbox.requests


def test_near_matches_are_not_matches(step: InStep, person: Person) -> None:
    """However many that are only like it come first, page after page."""
    step.sandbox.near_matches = 120
    for number in range(120):
        person.creates("leads", lastName=f"Ada Lovelace {number}")
    known = person.creates("leads", lastName="Ada Lovelace")
    rows = [lead(1, lastName="Ada Lovelace"), lead(2, lastName="Lovelace")]
    run = step(table("leads", *rows), streams={"leads": matching("lastName")})
    assert outcomes(run) == ["updated", "accepted"]
    assert responses(run)[0]["apptivo_id"] == known
    assert len(step.sandbox.records["leads"]) == 122


def test_equal_match_values_go_one_after_another(step: InStep) -> None:
    """Also of two streams of one app, however many are in flight: never two at once."""
    streams = {"a": matching("lastName"), "b": matching("lastName")}
    messages = table("a") + table("b")
    for number in range(10):
        row = lead(number, lastName="Ada")
        stream = "ab"[number % 2]
        messages.append({"type": "RECORD", "stream": stream, "record": row})
    step.sandbox.latency_ms = 5
    run = step(messages, streams=streams, max_in_flight=16, **set_aside(step))
    assert len(step.sandbox.records["leads"]) == 1
    assert step.sandbox.max_in_flight <= 2
    assert outcomes(run).count("accepted") == 1


def test_a_match_value_from_a_reference_is_a_settings_error(step: InStep) -> None:
    """It is not known when the record lines up."""
    reference = {"accountId": {"stream": "customers", "key": "{firm}"}}
    options = matching("accountId", references=reference)
    ended = step(table("leads", lead(1, firm=1)), streams={"leads": options})
    assert ended.code == 1
    assert "streams.leads" in ended.last_log
    assert not step.sandbox.requests


def test_a_changed_match_value_of_a_known_record_is_an_update(step: InStep) -> None:
    """The journal knows the record by its key: a new e-mail does not make a new lead."""
    options = {"leads": matching("emailAddress")}
    step(table("leads", lead(1, emailAddresses=mails("old@x.com"))), streams=options)
    run = step(table("leads", lead(1, emailAddresses=mails("new@x.com"))), streams=options)
    assert outcomes(run) == ["updated"]
    (record,) = step.sandbox.records["leads"]
    assert [each["emailAddress"] for each in record["emailAddresses"]] == ["new@x.com"]


def test_the_journal_is_asked_before_search(step: InStep, person: Person) -> None:
    """It knows what has just been created, and search does not."""
    person.creates("leads", lastName="Known")
    options = matching("lastName")
    step(table("leads", lead(1, lastName="Ada")), streams={"leads": options})
    step.sandbox.index_delay = 3600
    run = step(
        table("people", lead(7, lastName="Ada", description="of another stream")),
        streams={"people": options},
        **set_aside(step),
    )
    assert set(outcomes(run)) <= {"updated", "rejected"}
    assert len(step.sandbox.records["leads"]) == 2


# --- 12.5 when "not found" is believed ---


def test_the_first_record_of_an_empty_app_is_created_alone(step: InStep) -> None:
    """It proves the search for those behind it: nothing else is sent until it has been found."""
    order: list[str] = []

    def watch(request: Received) -> None:
        order.append("save" if is_write(request) else "read")

    step.sandbox.respond = watch
    rows = table("leads", *(lead(nr) for nr in range(10)))
    run = step(rows, streams={"leads": matching("lastName")}, max_in_flight=8)
    assert run.code == 0
    assert step.counts("leads") == dict.fromkeys(range(10), 1)
    first = order.index("save")
    second = order.index("save", first + 1)
    assert "read" in order[first + 1 : second]


@pytest.mark.parametrize("source", ["journal", "newest"])
def test_a_known_record_proves_the_search(step: InStep, person: Person, source: str) -> None:
    """One of the journal, or of the app's newest, is found first; once a run."""
    options = {"leads": matching("emailAddress")}
    if source == "journal":
        step(table("leads", lead(0, emailAddresses=mails("known@x.com"))), streams=options)
    else:
        person.creates("leads", lastName="Known", emailAddresses=mails("known@x.com"))
    before: list[str] = []

    def watch(request: Received) -> None:
        if is_write(request):
            return
        before.append(request.params.get("searchData", ""))

    step.sandbox.respond = watch
    rows = [lead(nr, emailAddresses=mails(f"{nr}@x.com")) for nr in range(1, 6)]
    run = step(table("leads", *rows), streams=options)
    assert run.code == 0
    assert sum("known@x.com" in each for each in before) == 1
    assert len(step.sandbox.records["leads"]) == 6


def test_a_search_that_never_learns_ends_the_run_and_names_the_witness(step: InStep) -> None:
    """Created alone, not found within `settle_seconds`: nothing else is created."""
    step.sandbox.index_delay = 1e9
    rows = table("leads", *(lead(nr) for nr in range(5)))
    run = step(rows, streams={"leads": matching("lastName")}, settle_seconds=0.5)
    assert run.code == 1
    assert len(step.sandbox.records["leads"]) == 1
    (only,) = step.sandbox.records["leads"]
    assert only["id"] in run.last_log
    assert states(run) == []


def test_a_witness_that_could_not_be_read_once_is_no_less_there(
    step: InStep, person: Person
) -> None:
    """A search that finds nothing by a criterion, and a read that fails: nothing is created."""
    person.creates("leads", lastName="Known")
    (known,) = step.sandbox.records["leads"]
    reads = 0

    def respond(request: Received) -> Reply | None:
        nonlocal reads
        params = dict(request.params)
        if params.get("a") == "getById":
            reads += 1
            return Reply.json({"status": "FAILURE", "reason": "busy"}) if reads == 1 else None
        return Reply.json({"countOfRecords": 0}) if params.get("searchData") else None

    step.sandbox.respond = respond
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")}, settle_seconds=0.5)
    assert run.code == 1
    assert known["id"] in run.last_log
    assert not step.sent


def test_a_search_that_ignores_its_criteria_is_not_believed(step: InStep, person: Person) -> None:
    """An app with more than 1,000 records, and a criterion that the app does not know."""
    step.sandbox.criteria = "ignored"
    for number in range(1005):
        person.creates("leads", lastName=f"Other {number}", madeUp=f"x{number}")
    row = lead(1, madeUp="x1")
    run = step(
        table("leads", lead(2, madeUp="new"), row),
        streams={"leads": matching("madeUp")},
        **set_aside(step),
    )
    assert not step.sent
    assert len(step.sandbox.records["leads"]) == 1005
    assert run.code == 1 or outcomes(run) == ["rejected", "rejected"]


def test_a_search_that_ignores_its_criteria_may_be_read_to_its_end(
    step: InStep, person: Person
) -> None:
    """With few records every row is compared, and the answer is right all the same."""
    step.sandbox.criteria = "ignored"
    known = person.creates("leads", lastName="Theirs", madeUp="x")
    for number in range(150):
        person.creates("leads", lastName=f"Other {number}", madeUp=f"y{number}")
    rows = [lead(1, madeUp="x"), lead(2, madeUp="new")]
    run = step(table("leads", *rows), streams={"leads": matching("madeUp")})
    assert outcomes(run) == ["updated", "accepted"]
    assert responses(run)[0]["apptivo_id"] == known
    assert len(step.sandbox.records["leads"]) == 152


def test_a_search_that_is_refused_rejects(step: InStep, person: Person) -> None:
    """A FAILURE of a search is a look that cannot be believed."""
    step.sandbox.criteria = "refused"
    person.creates("leads", lastName="Theirs", madeUp="x")
    run = step(
        table("leads", lead(1, madeUp="x"), lead(2, madeUp="y")),
        streams={"leads": matching("madeUp")},
        **set_aside(step),
    )
    assert outcomes(run) == ["rejected", "rejected"]
    assert not step.sent


def _searches(answer: Callable[[Received], Reply | None]) -> Callable[[Received], Reply | None]:
    """Let searches by criteria be answered by a function."""

    def respond(request: Received) -> Reply | None:
        params = request.params
        is_search = params.get("a") == "getAllByAdvancedSearch" and params.get("searchData")
        return answer(request) if is_search else None

    return respond


@pytest.mark.parametrize(
    "body",
    [
        {"data": [], "countOfRecords": 7},
        {"data": [{"id": "1"}], "countOfRecords": 3},
        {"countOfRecords": 2},
        {"status": "FAILURE", "reason": "busy"},
        {"data": "none"},
        {"data": [None], "countOfRecords": 1},
    ],
)
def test_an_answer_that_falls_short_is_not_believed(
    step: InStep, person: Person, body: dict[str, Any]
) -> None:
    """Fewer rows than are counted, or none where some are told of: not "not found"."""
    person.creates("leads", lastName="Known")
    answer = Reply.json(body)

    def respond(request: Received) -> Reply | None:
        return answer if "Lead 1" in request.params.get("searchData", "") else None

    step.sandbox.respond = respond
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")}, **set_aside(step))
    assert outcomes(run) == ["rejected"]
    assert not step.sent


@pytest.mark.parametrize("body", [{"countOfRecords": 0}, {"countOfRecords": 0, "data": []}])
def test_an_answer_without_rows_is_read_to_its_end(
    step: InStep, person: Person, body: dict[str, Any]
) -> None:
    """Nothing found: `data` is empty or absent."""
    person.creates("leads", lastName="Known")

    def respond(request: Received) -> Reply | None:
        found = "Lead 1" in request.params.get("searchData", "")
        return Reply.json(body) if found else None

    step.sandbox.respond = respond
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")})
    assert outcomes(run) == ["accepted"]


@pytest.mark.parametrize(
    "fault", [Reply(503), Reply(429, headers={"Retry-After": "0"}), Reply.dropped(), Reply(500)]
)
def test_a_search_that_is_lost_is_retried(step: InStep, person: Person, fault: Reply) -> None:
    """Lost or not processed: asked again, and the record is created once."""
    person.creates("leads", lastName="Known")
    faults = iter([fault])
    step.sandbox.respond = _searches(lambda _: next(faults, None))
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")})
    assert outcomes(run) == ["accepted"]
    assert step.counts("leads")[1] == 1


def test_a_search_that_stays_away_ends_the_run(step: InStep, person: Person) -> None:
    """With attempts used up Apptivo is unavailable: no outcome, whatever `max_rejected` says."""
    person.creates("leads", lastName="Known")
    step.sandbox.respond = _searches(lambda _: Reply(500))
    options = {"leads": matching("lastName")}
    run = step(table("leads", lead(1)), streams=options, max_attempts=2, **set_aside(step))
    assert run.code == 1
    assert not responses(run)
    assert states(run) == []
    assert not step.sent


def test_a_search_with_bad_keys_ends_the_run(step: InStep) -> None:
    """A credential failure is one, whatever was asked."""
    body = {"status": "FAILURE", "reason": "Invalid API Key"}
    step.sandbox.respond = lambda _: Reply.json(body)
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")}, **set_aside(step))
    assert run.code == 1
    assert not step.sent
    assert "API" in run.last_log


def test_a_search_that_is_denied_rejects(step: InStep, person: Person) -> None:
    """A 400 is final: only what is lost or not processed is retried."""
    person.creates("leads", lastName="Known")
    asked: list[int] = []

    def answer(_: Received) -> Reply:
        asked.append(1)
        return Reply(400)

    step.sandbox.respond = _searches(answer)
    run = step(table("leads", lead(1)), streams={"leads": matching("lastName")}, **set_aside(step))
    assert outcomes(run) == ["rejected"]
    assert not step.sent
    assert len(asked) <= 2


def test_near_matches_on_both_sides_of_a_page(step: InStep, person: Person) -> None:
    """A match on the last page of at most 1,000 rows is found; of more, none is believed."""
    step.sandbox.near_matches = 990
    for number in range(990):
        person.creates("customers", customerName=f"Acme {number}")
    known = person.creates("customers", customerName="Acme")
    options = {"customers": matching("customerName", endpoint="create_customer")}
    run = step(table("customers", customer(1, customerName="Acme")), streams=options)
    assert outcomes(run, "outcome", "apptivo_id") == [("updated", known)]


def test_the_found_objects_own_id_is_never_written(step: InStep, person: Person) -> None:
    """A source's column `id` is not Apptivo's: what was found keeps its id, and stays found."""
    known = person.creates("leads", lastName="Ada")
    rows = table("leads", {"id": 1, "lastName": "Ada", "description": "mine"}, key=("id",))
    run = step(rows, streams={"leads": matching("lastName")})
    assert outcomes(run, "outcome", "apptivo_id") == [("updated", known)]
    assert "id" not in named(step.sent[0])
    assert str(payload(step.sent[0])["id"]) == known
    assert not outcomes(step(rows, streams={"leads": matching("lastName")}))
