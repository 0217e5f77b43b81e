"""What is written when: rejected records and responses before the state that covers them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.response import NoResponse, Response
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery.pending import Record, SettledRecord
from target_apptivo.delivery.retries import ceiling, wait_after
from target_apptivo.errors import OutputError
from target_apptivo.output.ledger import Outputs, Rejected
from target_apptivo.output.report import Report
from target_apptivo.output.response_records import (
    RESPONSE_SCHEMA,
    ResponseLines,
    response_record,
    write_moment,
)
from target_apptivo.output.state_lines import StateLines, StateResponses
from target_apptivo.output.webhook import Webhook
from target_apptivo.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.request import Request
    from target_apptivo.output.files import LineFile

fixed = settings(derandomize=True, deadline=None, max_examples=60)

NOW = datetime(2026, 11, 25, 12, 30, 15, 123456, tzinfo=UTC)
KEY = "k3y-0123456789"


def settled(
    number: object,
    outcome: Outcome = Outcome.ACCEPTED,
    *,
    stream: str = "leads",
    **told: Any,  # noqa: ANN401
) -> SettledRecord:
    """Make a settled record."""
    verdict = Verdict(outcome=outcome, **told)
    record = Record(
        stream=stream,
        endpoint="create_lead",
        key={"id": number},
        message={"type": "RECORD", "stream": "people", "record": {"id": number}},
        schema_line='{"type":"SCHEMA","stream":"people"}',
    )
    return SettledRecord(
        stream=stream,
        endpoint="create_lead",
        key={"id": number},
        verdict=verdict,
        record=record if outcome.is_set_aside else None,
        attempts=1,
    )


class Lines:
    """A file in memory."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Hand lines on."""
        self.write = write


class Written:
    """Every output of a run, on one clock, and what was written to them in one list."""

    def __init__(self, *secrets: str) -> None:
        """Open them all."""
        self.now = 0.0
        self.log: list[tuple[str, Any]] = []
        redactor, report = Redactor(secrets), Report(clock=self.clock)
        self.outputs = Outputs(
            report=report,
            redactor=redactor,
            now=lambda: NOW,
            rejected=Rejected(cast("LineFile", Lines(self.note("rejected"))), redactor),
            states=StateLines(self.note("state"), redactor, as_message=False, clock=self.clock),
            responses=ResponseLines(self.note("response")),
            in_state=StateResponses(report, 3),
            webhook=Webhook(self.post, attempts=1, gives_up=lambda _: False, clock=self.clock),
        )

    def clock(self) -> float:
        """The present."""
        return self.now

    def note(self, kind: str) -> Callable[[str], None]:
        """Note lines of a kind."""
        return lambda line: self.log.append((kind, json.loads(line)))

    def post(self, request: Request) -> Response:
        """Take what is POSTed."""
        self.log.append(("webhook", json.loads(request.body or b"")))
        return Response(200, b"")

    def of(self, kind: str) -> list[Any]:
        """Give what was written of a kind."""
        return [line for each, line in self.log if each == kind]


def keys_told(kind: str, line: Any) -> list[int]:  # noqa: ANN401
    """Give the keys of the records that a line tells of."""
    match kind, line:
        case "rejected", {"type": "RECORD"} | {"rejected": _}:
            return [line["record"]["id"]]
        case "response", {"type": "RECORD"}:
            return [line["record"]["key"]["id"]]
        case "webhook", list():
            return [each["key"]["id"] for each in line]
    return []


OUTCOMES = st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNCHANGED])
EVENTS = st.one_of(
    *[st.tuples(st.just("settle"), OUTCOMES)] * 3,
    st.just(("reach", None)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.3, 0.6, 1.5])),
)


@fixed
@given(st.lists(EVENTS, max_size=40))
def test_a_state_comes_after_everything_that_it_covers(events: list[tuple[str, Any]]) -> None:
    """In rejected records, responses and webhook each record is told once, in input order."""
    written, outcomes = Written(), list[Outcome]()
    for event, detail in events:
        match event:
            case "settle":
                outcomes.append(detail)
                written.outputs.settle(settled(len(outcomes), detail))
            case "reach":
                written.outputs.reach({"n": len(outcomes)})
            case "wait":
                written.now += detail
                due = written.outputs.tick()
                assert due is not None
                assert due > 0
    written.outputs.close()
    aside = [n for n, outcome in enumerate(outcomes, 1) if outcome is Outcome.REJECTED]
    told = [n for n, outcome in enumerate(outcomes, 1) if outcome is not Outcome.UNCHANGED]
    wanted = {"rejected": aside, "response": told, "webhook": told}
    so_far: dict[str, list[int]] = {kind: [] for kind in wanted}
    for kind, line in written.log:
        if kind == "state":
            for each, keys in wanted.items():
                assert set(so_far[each]) >= {n for n in keys if n <= line["n"]}, "state is early"
        else:
            so_far[kind] += keys_told(kind, line)
    assert so_far == wanted
    reached = [
        sum(1 for name, _ in events[:at] if name == "settle")
        for at, (name, _) in enumerate(events)
        if name == "reach"
    ]
    assert [line["n"] for line in written.of("state")][-1:] == reached[-1:]


def test_states_are_written_twice_a_second_at_most_and_the_last_one_always() -> None:
    """One that a later one supersedes before it is due is left out."""
    written = Written()
    for number in range(1, 31):
        written.outputs.reach({"n": number})
        written.outputs.tick()
        written.now += 0.125
    written.outputs.reach({"n": 31})
    written.outputs.close()
    numbers = [line["n"] for line in written.of("state")]
    assert numbers == [1, 5, 9, 13, 17, 21, 25, 29, 31]


def test_a_state_and_a_webhook_fall_due_in_time() -> None:
    """Whoever waits for outputs is told when to look again, whatever is due first."""
    written = Written()
    assert written.outputs.tick() == 30.0
    written.outputs.settle(settled(1))
    assert written.outputs.tick() == 1.0
    written.outputs.reach({"n": 1})
    written.outputs.tick()
    assert written.outputs.tick() == 30.0
    assert [kind for kind, _ in written.log] == ["response", "response", "webhook", "state"]
    written.now += 0.2
    written.outputs.reach({"n": 2})
    assert written.outputs.tick() == pytest.approx(0.3)
    written.outputs.settle(settled(2))
    written.now += 0.3
    written.outputs.tick()
    assert [kind for kind, _ in written.log][-2:] == ["webhook", "state"]


def test_every_text_that_leaves_is_masked_first() -> None:
    """In rejected records, responses, the webhook and the state, and before it is cut."""
    written = Written(KEY)
    reason = f"{'x' * 492}{KEY}{'y' * 100}"
    text = f"{'x' * 1_990}{KEY}{'y' * 100}"
    written.outputs.settle(
        settled(KEY, Outcome.REJECTED, reason=reason, http_status=400, response_text=text)
    )
    written.outputs.reach({"note": KEY})
    written.outputs.close()
    assert {kind for kind, _ in written.log} == {"rejected", "response", "webhook", "state"}
    everything = json.dumps(written.log, ensure_ascii=False)
    assert KEY[:4] not in everything
    assert everything.count(f"{'x' * 492}***{'y' * 4}…") == 4
    assert everything.count(f'{"x" * 1_990}***{"y" * 7}"') == 2


# -- the rejected file ----------------------------------------------------------------------------


def test_a_rejected_line_is_the_taps_own_and_what_became_of_it() -> None:
    """Under the SCHEMA line of its stream, which is written again only where it changed."""
    written = Written()
    for number in (1, 2):
        written.outputs.settle(settled(number, Outcome.REJECTED, reason="no", http_status=400))
    changed = settled(3, Outcome.UNCERTAIN, stream="mapped")
    assert changed.record
    line = '{"type":"SCHEMA","stream":"people","key_properties":[]}'
    record = Record(
        stream="mapped",
        endpoint="create_case",
        key={},
        message=changed.record.message,
        schema_line=line,
    )
    other = SettledRecord(
        stream="mapped",
        endpoint="create_case",
        key={},
        verdict=changed.verdict,
        record=record,
    )
    written.outputs.settle(other)
    lines = written.of("rejected")
    assert [each["type"] for each in lines] == ["SCHEMA", "RECORD", "RECORD", "SCHEMA", "RECORD"]
    assert lines[1] == {
        "type": "RECORD",
        "stream": "people",
        "record": {"id": 1},
        "rejected": {
            "outcome": "rejected",
            "reason": "no",
            "http_status": 400,
            "endpoint": "create_lead",
            "stream": "leads",
            "at": "2026-11-25T12:30:15.123456Z",
        },
    }
    assert lines[3]["key_properties"] == []
    assert lines[4]["rejected"] == {
        "outcome": "uncertain",
        "reason": None,
        "http_status": None,
        "endpoint": "create_case",
        "stream": "mapped",
        "at": "2026-11-25T12:30:15.123456Z",
    }


# -- response records -----------------------------------------------------------------------------


def test_each_field_of_a_response_record_is_its_own() -> None:
    """Every one from where it belongs, and the schema declares just these."""
    verdict = Verdict(
        outcome=Outcome.UPDATED,
        reason="reason",
        apptivo_id="8001",
        http_status=207,
        response={"a": 1},
        response_text="text",
        action="update",
        matched_by="match_on",
        resolution="found",
        changed=("b", "c"),
        conflicts=("d",),
        possible_duplicate=True,
    )
    record = response_record(
        SettledRecord(
            stream="stream",
            endpoint="endpoint",
            key={"id": 1, "odd": float("inf")},
            verdict=verdict,
            attempts=3,
            sent_at=NOW,
            received_at=NOW.replace(minute=31),
            duration_ms=60_000.5,
        )
    )
    assert record.pop("response_id") != response_record(settled(1)).pop("response_id")
    assert record == {
        "stream": "stream",
        "endpoint": "endpoint",
        "outcome": "updated",
        "key": {"id": 1, "odd": "inf"},
        "apptivo_id": "8001",
        "http_status": 207,
        "reason": "reason",
        "action": "update",
        "matched_by": "match_on",
        "resolution": "found",
        "changed": ["b", "c"],
        "conflicts": ["d"],
        "attempts": 3,
        "possible_duplicate": True,
        "sent_at": "2026-11-25T12:30:15.123Z",
        "received_at": "2026-11-25T12:31:15.123Z",
        "duration_ms": 60_000.5,
        "response": {"a": 1},
        "response_text": "text",
    }
    assert {"response_id", *record} == set(RESPONSE_SCHEMA["properties"])


def test_of_what_was_not_sent_no_action_is_told() -> None:
    """Nor when."""
    unsent = SettledRecord(
        stream="s", endpoint="e", key={}, verdict=Verdict(outcome=Outcome.REJECTED, action="create")
    )
    record = response_record(unsent)
    assert record["action"] is record["sent_at"] is record["received_at"] is None
    assert (record["attempts"], record["changed"], record["conflicts"]) == (0, [], [])
    assert write_moment(None) is None


def test_each_stream_has_a_stream_of_responses() -> None:
    """Its SCHEMA once, before its first RECORD."""
    lines: list[Any] = []
    responses = ResponseLines(lambda line: lines.append(json.loads(line)))
    for stream in ("a", "b", "a"):
        responses.write(response_record(settled(1, stream=stream)))
    assert [(line["type"], line["stream"]) for line in lines] == [
        ("SCHEMA", "a_responses"),
        ("RECORD", "a_responses"),
        ("SCHEMA", "b_responses"),
        ("RECORD", "b_responses"),
        ("RECORD", "a_responses"),
    ]
    assert lines[0]["key_properties"] == ["response_id"]
    assert lines[0]["schema"] == RESPONSE_SCHEMA


def test_the_state_tells_the_newest_responses_without_bodies() -> None:
    """Once each, with totals of the run; what comes back from the tap is replaced."""
    written = Written()
    for number in range(1, 6):
        written.outputs.settle(settled(number, response={"a": 1}, response_text="b"))
    written.outputs.reach({"target_apptivo": "old", "n": 5})
    written.outputs.tick()
    written.outputs.settle(settled(6))
    written.outputs.close()
    first, last = written.of("state")
    assert first["n"] == last["n"] == 5
    assert [each["key"]["id"] for each in first["target_apptivo"]["responses"]] == [3, 4, 5]
    assert [each["key"]["id"] for each in last["target_apptivo"]["responses"]] == [6]
    assert first["target_apptivo"]["totals"] == {"leads": {"accepted": 5}}
    assert last["target_apptivo"]["totals"] == {"leads": {"accepted": 6}}
    told = set(first["target_apptivo"]["responses"][0])
    assert told == set(RESPONSE_SCHEMA["properties"]) - {"response", "response_text"}


def test_without_a_state_of_the_tap_the_responses_make_none() -> None:
    """It would take the place of stored bookmarks."""
    written = Written()
    written.outputs.settle(settled(1))
    written.outputs.reach({})
    written.outputs.close()
    assert written.of("state") == []


# -- the webhook ----------------------------------------------------------------------------------


class Hook:
    """A webhook, its receiver and its clock."""

    def __init__(self, *responses: Response | NoResponse, attempts: int = 5) -> None:
        """Answer so at first, then with success."""
        self.now = 0.0
        self.left = list(responses)
        self.posts: list[list[int]] = []
        self.waits: list[float] = []
        self.gives_up = False
        self.webhook = Webhook(
            self.send, attempts=attempts, gives_up=self.wait, clock=lambda: self.now
        )

    def send(self, request: Request) -> Response | NoResponse:
        """Take a POST."""
        assert (request.method, request.url, request.query) == ("POST", "", ())
        assert request.headers == (("Content-Type", "application/json"),)
        response = self.left.pop(0) if self.left else Response(204, b"")
        self.posts.append([each["n"] for each in json.loads(request.body or b"")])
        return response

    def wait(self, seconds: float) -> bool:
        """Wait, unless the run is stopped."""
        self.waits.append(seconds)
        return self.gives_up


@fixed
@given(st.lists(st.floats(0, 1.5), max_size=350), st.sampled_from([0.0, 0.002]))
def test_the_webhook_is_told_in_arrays_of_a_hundred(pauses: list[float], scale: float) -> None:
    """Each record once, in order, none later than a second after it was settled."""
    hook, since = Hook(), list[float]()
    for number, pause in enumerate(pauses):
        hook.now += pause * (scale or 1.0)
        wait = hook.webhook.tick()
        told = sum(map(len, hook.posts))
        assert all(hook.now - at < 1.0 for at in since[told:])
        assert (wait is None) == (told == number)
        hook.webhook.add({"n": number})
        since.append(hook.now)
    hook.webhook.flush()
    hook.webhook.flush()
    assert [n for post in hook.posts for n in post] == list(range(len(pauses)))
    assert all(1 <= len(post) <= 100 for post in hook.posts)


def test_the_webhook_is_tried_again_with_growing_waits() -> None:
    """Up to half a minute, each anything up to its ceiling; then it is told once."""
    lost = NoResponse("connection lost", processed=True)
    hook = Hook(*[Response(500, b"")] * 4, *[lost] * 4, attempts=9)
    hook.webhook.add({"n": 1})
    hook.webhook.flush()
    assert hook.posts == [[1]] * 9
    ceilings = [1, 2, 4, 8, 16, 30, 30, 30]
    assert all(0 <= wait <= most for wait, most in zip(hook.waits, ceilings, strict=True))


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (Response(302, b""), "HTTP 302"),
        (Response(404, b""), "HTTP 404"),
        (Response(503, b""), "HTTP 503"),
        (NoResponse("cannot connect", processed=False), "cannot connect"),
    ],
)
def test_a_webhook_that_stays_down_ends_the_run(response: Response, told: str) -> None:
    """With the reason; from then on it is given up without another attempt."""
    hook = Hook(*[response] * 5, attempts=3)
    hook.webhook.add({"n": 1})
    for _ in range(2):
        with pytest.raises(OutputError, match=rf"does not take the response records \({told}\)"):
            hook.webhook.flush()
    assert (len(hook.posts), len(hook.waits)) == (3, 2)


def test_a_stopped_run_does_not_go_through_all_attempts() -> None:
    """A signal while the webhook is down ends its waiting."""
    hook = Hook(*[Response(503, b"")] * 9, attempts=9)
    hook.gives_up = True
    hook.webhook.add({"n": 1})
    with pytest.raises(OutputError):
        hook.webhook.flush()
    assert len(hook.posts) == 1


# -- waits ----------------------------------------------------------------------------------------


def test_the_ceiling_of_the_waits_doubles_up_to_a_minute() -> None:
    """However many attempts there are."""
    assert [ceiling(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert ceiling(5_000) == 60
    assert [ceiling(attempt, 30) for attempt in (5, 6, 7)] == [16, 30, 30]


@pytest.mark.parametrize("attempt", [1, 3, 20])
def test_a_wait_is_anything_up_to_its_ceiling(attempt: int) -> None:
    """Full jitter: who failed together does not come back together."""
    waits = [wait_after(attempt) for _ in range(1_000)]
    most = ceiling(attempt)
    assert 0 <= min(waits) < most / 5
    assert most * 4 / 5 < max(waits) <= most
