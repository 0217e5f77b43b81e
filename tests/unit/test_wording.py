"""What Apptivo says, as it may be told: masked first, then cut, without a person in the log."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery.pending import Record
from target_apptivo.errors import counted
from target_apptivo.output.wording import Wording, cut, told
from target_apptivo.redact import Redactor

fixed = settings(derandomize=True, deadline=None, max_examples=60)

KEY = 'k3y-"Ä/+=&-0123456789'
SPELLINGS = {
    "plain": KEY,
    "percent": quote(KEY, safe=""),
    "json": json.dumps(KEY)[1:-1],
    "upper": KEY.upper(),
}
PLAIN = Wording(Redactor())
WORDING = Wording(Redactor([KEY]))


def record_of(key: dict[str, Any] | None = None, **attributes: Any) -> Record:  # noqa: ANN401
    """Make a record."""
    message = {"type": "RECORD", "stream": "s", "record": attributes}
    return Record(stream="s", endpoint="e", key=key or {}, message=message, attributes=attributes)


def shown(reason: str | None, record: Record, *, status: int | None = 400) -> str:
    """Give a reason of Apptivo's as the log shows it."""
    return PLAIN.shown(record, Verdict(outcome=Outcome.REJECTED, reason=reason, http_status=status))


# -- masked, then cut -----------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@fixed
@given(st.integers(-30, 60))
def test_a_key_at_the_cut_leaks_nothing(spelling: str, offset: int) -> None:
    """Not even all but its last characters, wherever the cut falls, in whatever spelling."""
    for longest, tell in (
        (500, WORDING.reason),
        (2_000, WORDING.text),
        (500, lambda text: WORDING.shown(record_of(), failure(text))),
    ):
        text = f"{'x ' * (max(longest - offset, 0) // 2)}{'x' * (offset % 2)}{spelling}{' y' * 900}"
        cut_text = tell(text)
        assert cut_text is not None
        assert len(cut_text) <= longest
        for begin in range(len(spelling) - 3):
            assert spelling[begin : begin + 4].casefold() not in cut_text.casefold()


def failure(text: str) -> Verdict:
    """Make the verdict of a refusal with a reason."""
    return Verdict(outcome=Outcome.REJECTED, reason=text, http_status=400)


def test_a_response_record_is_masked_then_cut() -> None:
    """Its reason and text; its object and its key are masked, and whole."""
    long = f"{'x' * 490}{KEY}{'y' * 1_495}{KEY}"
    response = {
        "reason": long,
        "response": {"note": long},
        "response_text": long,
        "key": {"id": KEY},
        "apptivo_id": None,
    }
    said = told(response, WORDING, Redactor([KEY]))
    masked = f"{'x' * 490}***{'y' * 1_495}***"
    assert said == {
        "reason": f"{masked[:499]}…",
        "response": {"note": masked},
        "response_text": masked[:2_000],
        "key": {"id": "***"},
        "apptivo_id": None,
    }
    assert told(dict.fromkeys(response), WORDING, Redactor()) == dict.fromkeys(response)


@pytest.mark.parametrize(("length", "ends"), [(499, "x"), (500, "x"), (501, "…"), (9_000, "…")])
def test_what_is_cut_says_so(length: int, ends: str) -> None:
    """A reason of 500 characters is whole, a longer one ends with an ellipsis."""
    reason = PLAIN.reason("x" * length)
    assert reason == cut("x" * length, 500)
    assert len(reason) == min(length, 500)
    assert reason.endswith(ends)
    assert PLAIN.reason(None) is PLAIN.text(None) is None


# -- in the log -----------------------------------------------------------------------------------

LONG = "a long story " * 10
ROW = record_of(
    {"id": "ID-77"},
    id="ID-77",
    name="John Secretman",
    email="ann@example.org",
    tags=["blue cheese"],
    zip="ab",
    nested={"city": "Québec"},
    n=123456,
    amount=Decimal("1.10"),
    story=LONG,
    word="None",
    flag=True,
    nothing=None,
)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("bad John Secretman!", "bad <name>!"),
        ("bad JOHN SECRETMAN!", "bad <name>!"),
        ("bad john secretman", "bad <name>"),
        ("no city QUÉBEC", "no city <city>"),
        ("bad John Secretmania", "bad John Secretmania"),
        ("ID-77: blue cheese, ab or 1.10", "ID-77: <tags>, ab or <amount>"),
        (f"too long: {LONG}"[:90], "too long: <story>"),
        (f"too long: {LONG} and more", "too long: <story>"),
        ("ann@example.org", "<email>"),
        ("mail to Bob.Other+x@mail.example.com, now", "mail to <e-mail>, now"),
        ("'bob@example.com'", "'<e-mail>'"),
        ("(bob@example.com).", "(<e-mail>)."),
        ("call +1 (555) 012-3456 now", "call <number> now"),
        ("id 8001 or 80012345", "id 8001 or <number>"),
        ("on 2026-11-25", "on <number>"),
        ("is True and null", "is True and null"),
        ("HTTP 400: 5 of 12345", "HTTP 400: 5 of 12345"),
        (None, "no reason given"),
    ],
)
def test_a_reason_of_apptivos_shows_no_person(reason: str | None, told: str) -> None:
    """The record's own values in any case, e-mail addresses and long numbers; keys stay."""
    assert shown(reason, ROW) == told


def test_what_stream_maps_took_out_is_masked_too() -> None:
    """It may have gone into an attribute of another name, whose text is longer."""
    message = {"record": {"name": "John Doe"}}
    record = Record(stream="s", endpoint="e", key={}, message=message, attributes={"n": "Dr. Doe"})
    assert shown("is John Doe or Dr. Doe there?", record) == "is <name> or <n> there?"


def test_a_long_key_stays() -> None:
    """Keys may be logged, also one that looks like a telephone number."""
    assert shown("no 80012345", record_of({"id": 80012345}, id=80012345)) == "no 80012345"


def test_a_record_is_shown_without_its_own_values_only() -> None:
    """Of another record nothing is known here."""
    assert shown("is John Secretman", record_of(name="Jane")) == "is John Secretman"


def test_our_own_reasons_are_shown_as_they_are() -> None:
    """They hold no values, and their words may be values by chance."""
    reason = "property 'id' is missing"
    assert shown(reason, record_of(word="property"), status=None) == reason


@pytest.mark.parametrize("value", ["Hauptstraße 12", "İstanbul Bey", "ﬁne print"])
def test_letters_that_fold_to_several_are_masked(value: str) -> None:
    """In any case means as any language writes it."""
    assert shown(f"bad {value}", record_of(street=value)) == "bad <street>"


@pytest.mark.parametrize("value", ["John  Secretman", "John\nSecretman", "John\tSecretman"])
def test_values_with_odd_white_space_are_masked(value: str) -> None:
    """A reason is told in one line; what it repeats is told so too."""
    assert shown("bad John Secretman", record_of(name=value)) == "bad <name>"


@fixed
@given(st.text(st.characters(codec="ascii"), min_size=4, max_size=60), st.booleans())
def test_a_value_never_shows(value: str, is_upper: bool) -> None:  # noqa: FBT001
    """Standing alone, whatever it is made of, a value of the record is masked."""
    value = " ".join(value.split())
    if len(value) < 4 or value in "<name>":
        return
    reason = f"no '{value.upper() if is_upper else value}' there"
    assert value.casefold() not in shown(reason, record_of(name=value)).casefold()


def cpu_of(reason: str) -> float:
    """Give the seconds that it takes to show a reason."""
    started = time.process_time()
    shown(reason, record_of(name="Jane"))
    return time.process_time() - started


@pytest.mark.parametrize("part", ["x", "x.", "1", "1 (.", "@", "a@"])
def test_a_reason_as_long_as_an_answer_may_be_costs_no_more_than_its_length(part: str) -> None:
    """Ten times the text, not a hundred times the work: an answer may have 8 MiB."""
    short, long = (cpu_of(part * (length // len(part))) for length in (500, 5_000))
    assert long < 40 * max(short, 0.001)


def test_one_is_told_in_the_singular() -> None:
    """What is counted has an s unless there is one; where a verb follows, both forms are given."""
    assert [counted(number, "record") for number in range(3)] == [
        "0 records", "1 record", "2 records",
    ]  # fmt: skip
    assert counted(1, "record is", "records are") == "1 record is"
    assert counted(2, "record is", "records are") == "2 records are"
