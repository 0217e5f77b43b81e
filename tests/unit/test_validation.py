"""Records are checked quickly, with the outcome and the reasons of the SDK's validator."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import InvalidJSONSchema, InvalidRecord
from singer_sdk.sinks.core import JSONSchemaValidator

from target_apptivo.singer.validation import QuickValidator, schema_reason

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox

_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
_NAMES = st.sampled_from(["a", "b", "c"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.5, Decimal("1.5"), Decimal("0.1"), 10**30])
    | st.text("xy\ud800", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


def _with(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make schemas of smaller ones."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(_TYPES)
            | st.lists(st.sampled_from(_TYPES), min_size=1, unique=True),
            "properties": st.dictionaries(_NAMES, inner, max_size=3),
            "required": st.lists(_NAMES, unique=True),
            "additionalProperties": inner,
            "items": inner,
            "maxLength": st.integers(0, 3),
            "format": st.just("date-time"),
            "minimum": st.just(0),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    )


_SCHEMAS = st.recursive(st.booleans() | _with(st.booleans()), _with, max_leaves=4)


def _outcome(validator: JSONSchemaValidator, record: Any) -> str | None:  # noqa: ANN401
    try:
        validator.validate(record)
    except InvalidRecord as error:
        return schema_reason(error)
    return None


@settings(derandomize=True, deadline=None, max_examples=40)
@given(schema=_with(_SCHEMAS), record=st.dictionaries(_NAMES, _VALUES, max_size=3))
def test_the_outcome_is_that_of_the_sdk(schema: dict[str, Any], record: dict[str, Any]) -> None:
    """A record passes, or fails for the same reason, as with the SDK's validator."""
    assert _outcome(QuickValidator(schema), record) == _outcome(JSONSchemaValidator(schema), record)


def test_a_whole_number_with_a_point_is_an_integer() -> None:
    """JSON Schema calls 1.0 an integer; the SDK's validator does not know it of decimals."""
    validator = QuickValidator({"properties": {"id": {"type": "integer"}}})
    assert _outcome(validator, {"id": Decimal("1.0")}) is None
    assert "`type` integer" in str(_outcome(validator, {"id": Decimal("1.5")}))


def test_no_schema_fetches_anything(sandbox: Sandbox) -> None:
    """A reference to another host is not followed; a record that needs it is refused."""
    validator = QuickValidator({"properties": {"a": {"$ref": f"{sandbox.url}schema.json"}}})
    with pytest.raises(Exception, match="Unresolvable"):
        validator.validate({"a": 1})
    assert sandbox.request_count == 0


def test_what_a_schema_holds_itself_is_found() -> None:
    """References within a schema, and to the dialects of JSON Schema, need no network."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"a": {"$ref": "#/$defs/short"}},
        "$defs": {"short": {"maxLength": 2}},
    }
    assert _outcome(QuickValidator(schema), {"a": "xy"}) is None
    assert "'a'" in str(_outcome(QuickValidator(schema), {"a": "xyz"}))


@pytest.mark.parametrize(
    ("record", "name"),
    [({"b": 1}, "b"), ({"o": {"x_1": 1, "z": 2}}, "o.z"), ({"o": {"z": 2, "y": 1}}, "o.z")],
)
def test_a_property_that_a_schema_does_not_allow_is_named(
    record: dict[str, Any], name: str
) -> None:
    """Nested too, and by the first of several."""
    inner = {
        "type": "object",
        "patternProperties": {"^x_": {}},
        "properties": {"y": {}},
        "additionalProperties": False,
    }
    schema = {"properties": {"o": inner}, "additionalProperties": False}
    reason = f"property '{name}' is not in its schema, which allows no others"
    assert _outcome(QuickValidator(schema), record) == reason


def test_what_is_no_schema_is_told() -> None:
    """The SDK's check of the schema itself is kept."""
    with pytest.raises(InvalidJSONSchema):
        QuickValidator({"type": "nothing of the kind"})
