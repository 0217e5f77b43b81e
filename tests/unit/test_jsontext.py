"""JSON as the tap meant it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.jsontext import dumps, dumps_line, loads, loads_strictly, number_text

fixed = settings(derandomize=True, deadline=None, max_examples=60)

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | decimals
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def exactly(value: Any) -> Any:  # noqa: ANN401
    """Make types and digits part of a value's equality: 1 is not 1.0, and 1.10 is not 1.1."""
    match value:
        case dict():
            return {name: exactly(item) for name, item in value.items()}
        case list():
            return [exactly(item) for item in value]
        case Decimal() if value == value.to_integral_value() and "." not in format(value, "f"):
            return ("int", int(value))  # JSON has one kind of number
        case Decimal():
            return ("decimal", format(value, "f"))
    return (type(value).__name__, value)


@fixed
@given(values)
def test_what_is_written_is_read_back(value: object) -> None:
    """Types, digits and characters survive, with and without escapes."""
    for text in (dumps(value), dumps_line(value)):
        assert exactly(loads(text)) == exactly(value)
        assert exactly(loads_strictly(text.encode())) == exactly(value)


@fixed
@given(decimals)
def test_a_decimal_keeps_its_digits(number: Decimal) -> None:
    """No digit is lost or added, and no exponent is written."""
    text = number_text(number)
    assert "e" not in text.lower()
    assert Decimal(text) == number
    assert exactly(loads(text)) == exactly(number)


@fixed
@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_float_is_written_by_its_shortest_digits(number: float) -> None:
    """Floats, which stream maps make, read back as the same float and have no exponent."""
    text = dumps([number])
    assert "e" not in text
    assert [float(each) for each in json.loads(text)] == [number]


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("1.10", "1.10"),
        ("-0.0", "-0.0"),
        ("1e3", "1000"),
        ("1E-7", "0.0000001"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ("0.1", "0.1"),
        ("10000000000000000000000", "10000000000000000000000"),
        ('"2026-01-02T03:04:05Z"', '"2026-01-02T03:04:05Z"'),
        ('{"b":1,"a":{"c":[null,true]}}', '{"b":1,"a":{"c":[null,true]}}'),
        ('"Gr\\u00fc\\u00dfe \\ud83d\\ude00"', '"Grüße 😀"'),
    ],
)
def test_json_leaves_as_it_came(read: str, written: str) -> None:
    """The order of names, the spelling of dates and every digit stay."""
    assert dumps(loads(read)) == written


def test_a_line_is_ascii() -> None:
    """An output whose encoding is not ours holds ASCII alone, also for half a character."""
    assert dumps_line({"ü": "😀\ud800"}) == r'{"\u00fc":"\ud83d\ude00\ud800"}'


def test_dates_of_stream_maps_are_written_in_iso_form() -> None:
    """Expressions make date objects, which JSON does not have."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert dumps([moment, moment.date(), moment.time()]) == (
        '["2026-01-02T03:04:05+00:00","2026-01-02","03:04:05"]'
    )


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("-inf"), Decimal("NaN"), Decimal("Infinity"), {"s3cret"}, object()],
)
def test_what_json_cannot_hold_is_refused_without_showing_it(value: object) -> None:
    """The error names a type at most."""
    with pytest.raises(ValueError, match="JSON cannot hold") as raised:
        dumps({"x": [value]})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("number", [Decimal("1E+1001"), Decimal("1E-1001"), Decimal("1E+999999")])
def test_an_exponent_does_not_fill_the_memory(number: Decimal) -> None:
    """A few characters of input never become thousands of digits."""
    with pytest.raises(ValueError, match="JSON cannot hold"):
        dumps(number)
    assert len(number_text(Decimal("1E+1000"))) == 1001


@pytest.mark.parametrize("text", ['\ufeff{"a":1.0}', b'\xef\xbb\xbf{"a":1.0}', b' {"a":1.0}\n'])
def test_a_byte_order_mark_is_ignored(text: str | bytes) -> None:
    """A mark or a blank before the JSON is no fault."""
    assert loads(text) == loads_strictly(text) == {"a": Decimal("1.0")}


@pytest.mark.parametrize("text", ["", "{", "{'a':1}", b"\xff\xfe\xff", b'{"a":"\xe9"}', "nope"])
def test_what_is_no_json_is_an_error(text: str | bytes) -> None:
    """A text that is cut off, or in another encoding, is not guessed at."""
    for read in (loads, loads_strictly):
        with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
            read(text)


@pytest.mark.parametrize("text", ["NaN", '{"a":[Infinity]}', "-Infinity", "1e5000", "[1e-5000]"])
def test_strict_reading_refuses_what_could_not_be_written_again(text: str) -> None:
    """Whatever is read strictly can be passed on as JSON."""
    with pytest.raises(ValueError, match="JSON cannot hold"):
        loads_strictly(text)
