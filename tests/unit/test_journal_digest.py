"""Equal values share a digest, others do not."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_apptivo.journal.digest import digest, digests, key_text

TEXT = st.text(st.characters(), max_size=8)
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.floats() | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def turned(value: Any) -> Any:  # noqa: ANN401
    """Give the same value with the members of its objects in another order."""
    match value:
        case dict():
            return {name: turned(value[name]) for name in reversed(value)}
        case list():
            return [turned(item) for item in value]
    return value


@given(VALUES)
def test_objects_are_equal_in_any_order(value: object) -> None:
    """Only names and values count."""
    assert digest(value) == digest(turned(value))
    assert len(digest(value)) == 16


@given(NUMBERS, NUMBERS)
def test_numbers_are_equal_by_value(one: Decimal | int, other: Decimal | int) -> None:
    """Two numbers share a digest exactly if they are equal."""
    assert (digest(one) == digest(other)) == (one == other)


@given(st.integers(-(10**30), 10**30), st.integers(0, 40))
def test_a_number_may_be_written_in_many_ways(number: int, zeros: int) -> None:
    """1, 1.00 and 100e-2 are one number."""
    padded = Decimal(f"{number}.{'0' * zeros}") if zeros else Decimal(number)
    shifted = Decimal(f"{number}{'0' * zeros}e-{zeros}")
    assert digest(number) == digest(padded) == digest(shifted)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_number_that_is_sent(number: float) -> None:
    """A float of a stream map equals the decimal of its shortest digits; -0 is 0."""
    assert digest(number) == digest(Decimal(repr(number)))
    assert digest(-0.0) == digest(0) == digest(Decimal("-0.00"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (0, False),
        (None, "null"),
        ([], {}),
        ([], ""),
        ([1, 2], [2, 1]),
        ([1, 2], [12]),
        ([[1], 2], [[1, 2]]),
        ("a", "A"),
        ("a", "a "),
        ('a","b', ["a", "b"]),
        ({"a": 1}, {"a": 1, "b": None}),
        (10**1_500, 10**1_501),
    ],
)
def test_other_values_have_other_digests(one: object, other: object) -> None:
    """A text is no number, a number no truth, and lists have an order."""
    assert digest(one) != digest(other)


@given(TEXT, TEXT)
def test_text_counts_exactly(one: str, other: str) -> None:
    """Lone surrogates included, no text is taken for another."""
    assert (digest(one) == digest(other)) == (json.dumps(one) == json.dumps(other))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Decimal("sNaN")])
def test_no_number_is_no_error(number: Decimal | float) -> None:
    """What cannot be sent can be compared all the same."""
    assert digest(number) == digest(Decimal(str(number)))


def test_a_date_is_its_text() -> None:
    """So it is sent."""
    assert digest(dt.date(2026, 11, 4)) == digest("2026-11-04")


@pytest.mark.parametrize("depth", [900, 1_000, 100_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    """It ends in an error that rejects a record, never in one that ends the run."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    try:
        digest(value)
    except ValueError as error:
        assert str(error) == "a value that is nested too deep"  # noqa: PT017 - or none


def test_what_json_cannot_hold_is_refused() -> None:
    """As it is when it would be sent."""
    with pytest.raises(ValueError, match="of type bytes"):
        digest([b"a"])


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_each_attribute_has_the_digest_of_its_value(attributes: dict[str, Any]) -> None:
    """The fast way gives what the plain one gives."""
    assert digests(attributes) == {name: digest(value) for name, value in attributes.items()}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"id": 42}, '["42"]'),
        ({"id": "42"}, '["42"]'),
        ({"id": Decimal("42.00")}, '["42"]'),
        ({"b": 1, "a": "x"}, '["x","1"]'),
        ({"id": True}, '["true"]'),
        ({"id": None}, "[null]"),
        ({"id": "ü\ud800"}, '["\\u00fc\\ud800"]'),
        ({"id": {"b": 1, "a": [1.0]}}, '["{\\"a\\":[1],\\"b\\":1}"]'),
        ({"id": dt.date(2026, 11, 4)}, '["2026-11-04"]'),
        ({"id": Decimal("0.00000010")}, '["0.0000001"]'),
        ({}, "[]"),
    ],
)
def test_a_key_is_a_list_of_texts(values: dict[str, Any], expected: str) -> None:
    """Keys are equal as texts, numbers by value; the text can be read and has no odd character."""
    assert key_text(values) == expected


@given(st.dictionaries(TEXT, SCALARS, max_size=4))
def test_a_key_keeps_its_texts(values: dict[str, Any]) -> None:
    """Keys of texts are told apart exactly."""
    written = key_text(values)
    assert written.isascii()
    texts = [values[name] for name in sorted(values)]
    for text, part in zip(texts, json.loads(written), strict=True):
        if isinstance(text, str | None):
            assert json.dumps(part) == json.dumps(text)
