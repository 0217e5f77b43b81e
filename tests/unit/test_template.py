"""Templates: attribute look-up and nothing else."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.template import MISSING, Attribute, MissingValueError, Template, look_up
from target_apptivo.errors import RecordRejectedError

fixed = settings(derandomize=True, deadline=None, max_examples=100)

RECORD: dict[str, Any] = {
    "id": 7,
    "name": "Doe",
    "a b": "spaced",
    "owner": {"name": "Sam", "unit": {"code": "X1"}},
    "owner.name": "literal",
    "owner.unit": {"head": "Ann"},
    "zero": 0,
    "yes": True,
    "no": False,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{id}", "7"),
        ("v6/{name}/{id}?x={name}", "v6/Doe/7?x=Doe"),
        ("{a b}", "spaced"),
        ("{{id}}", "{id}"),
        ("{{{id}}}", "{7}"),
        ("}}{{", "}{"),
        ("{owner.name}", "literal"),
        ("{owner.unit.code}", "X1"),
        ("{owner.unit.head}", "Ann"),
        ("{zero}", "0"),
        ("{yes}{no}", "truefalse"),
    ],
)
def test_a_template_is_filled_in_by_look_up(template: str, text: str) -> None:
    """Names are replaced by the record's values, dots reach inside, literal names come first."""
    assert Template.parse(template).render(RECORD) == text


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a", "a}", "{a{b}}", "{{a}", "{a}}", "x{}y"])
def test_a_brace_without_a_partner_is_an_error(text: str) -> None:
    """A brace that opens or closes nothing is found when the settings are read."""
    with pytest.raises(ValueError, match="brace without a partner"):
        Template.parse(text)


@pytest.mark.parametrize(
    "record",
    [{}, {"x": None}, {"x": ""}, {"x": {"y": None}}, {"x": {"y": ""}}, {"x": {}}, {"x": [1]}],
)
def test_a_value_that_is_missing_null_or_empty_rejects_the_record(record: dict[str, Any]) -> None:
    """Nothing is sent with a hole in it; the error names the attribute."""
    with pytest.raises(MissingValueError, match=r"'x\.y' of a template is missing, null or empty"):
        Template.parse("{x.y}").render(record)


@pytest.mark.parametrize("value", [{"a": "s3cret"}, ["s3cret"], {}, []])
def test_an_object_or_array_rejects_the_record(value: object) -> None:
    """Only single values can be filled in, and the error does not show what it found."""
    with pytest.raises(RecordRejectedError, match="object or array") as raised:
        Template.parse("{x}").render({"x": value})
    assert not isinstance(raised.value, MissingValueError)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (-3, "-3"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), "2026-01-02T03:04:00+00:00"),
        (" ", " "),
    ],
)
def test_values_are_written_as_in_json(value: object, text: str) -> None:
    """Numbers keep their digits and have no exponent; texts are as they are."""
    assert Template.parse("{x}").render({"x": value}) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+5000")])
def test_a_number_that_json_cannot_hold_rejects_the_record(value: object) -> None:
    """NaN is no text, and no exponent fills the memory with digits."""
    with pytest.raises(RecordRejectedError, match="'x' of a template"):
        Template.parse("{x}").render({"x": value})


def test_booleans_are_spelt_as_the_parameter_wants() -> None:
    """The spelling of false and true is given in this order; a text is not respelt."""
    template = Template.parse("{x}")
    assert template.render({"x": True}, booleans=("N", "Y")) == "Y"
    assert template.render({"x": False}, booleans=("N", "Y")) == "N"
    assert template.render({"x": "true"}, booleans=("N", "Y")) == "true"


def test_only_values_are_encoded() -> None:
    """The literal parts are the settings' own and stay as written."""
    assert Template.parse("a{x}a").render({"x": "a"}, encode=str.upper) == "aAa"


def test_look_up_tells_absent_from_null() -> None:
    """A null is a value, an absent attribute is none, also behind a value that is no object."""
    assert look_up({"a": None}, "a") is None
    assert look_up({}, "a") is MISSING
    assert look_up({"a": "text"}, "a.b") is MISSING
    assert look_up({"a": [{"b": 1}]}, "a.0.b") is MISSING
    assert look_up({"a.b": {"c": 1}}, "a.b.c") is not MISSING


names = st.text(st.characters(exclude_characters="{}", codec="utf-8"), min_size=1, max_size=20)


@fixed
@given(
    st.lists(
        st.text(max_size=20)
        | names.map(Attribute)
        | st.sampled_from(["a.__class__", "a!r", "a:>9", "a[0]", "a()", "0"]).map(Attribute),
        max_size=5,
    )
)
def test_rendering_is_look_up_and_nothing_else(parts: list[str | Attribute]) -> None:
    """For any name, however much it looks like code, the text is the value so named."""
    text = "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else f"{{{part.name}}}"
        for part in parts
    )
    wanted = "".join(part if isinstance(part, str) else f"<{part.name}>" for part in parts)
    record = {part.name: f"<{part.name}>" for part in parts if isinstance(part, Attribute)}
    before = deepcopy(record)
    assert Template.parse(text).render(record) == wanted
    assert record == before


@pytest.mark.parametrize("name", ["__class__", "name.__class__", "name!r", "name[0]", "name.upper"])
def test_a_template_reaches_nothing_but_attributes(name: str) -> None:
    """What `str.format` would follow is only a name that the record does not have."""
    with pytest.raises(MissingValueError):
        Template.parse(f"{{{name}}}").render(RECORD)
