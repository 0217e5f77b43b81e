"""What is said once per stream: where its settings name what its schema has not."""

from __future__ import annotations

from typing import Any

import pytest

from target_apptivo.output.notices import Notices
from tests.settings import in_step, read

TEXT = {"type": "string"}
HOME = {"type": ["null", "object"], "properties": {"city": TEXT}}
DECLARED = {"email": TEXT, "full.name": TEXT, "home": HOME, "any": {}}


def warned(caplog: pytest.LogCaptureFixture, attribute: str, **schema: Any) -> list[str]:  # noqa: ANN401
    """Give what is said of a stream whose `fields` names an attribute."""
    references = {"firm_id": {"stream": "firms", "key": "{firm}"}}
    settings = read(**in_step(fields={"Email": attribute}, references=references))
    route = settings.routes.find("people")
    assert route
    notices = Notices(tells_responses=False)
    for _ in range(2):
        notices.announce("people", route, has_keys=True, schema={"properties": DECLARED, **schema})
    return caplog.messages


@pytest.mark.parametrize(
    ("attribute", "near"),
    [
        ("emial", "nearest: 'email'"),
        ("Email", "nearest: 'email'"),
        ("xyz", "there is 'email', 'full.name', 'home', …"),
        ("home.town", "nearest: 'home'"),
        ("full.nam", "nearest: 'full.name'"),
    ],
)
def test_an_attribute_that_the_schema_has_not_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, attribute: str, near: str
) -> None:
    """The field would stay empty in every record without a word; the nearest is named."""
    (message,) = warned(caplog, attribute)
    assert message.startswith(f"streams.people.fields.Email: stream people has no '{attribute}' in")
    assert message.endswith(near)


@pytest.mark.parametrize(
    "attribute", ["email", "full.name", "home.city", "any.of", "firm_id", "_sdc_x"]
)
def test_what_a_record_may_have_is_not_warned_of(
    caplog: pytest.LogCaptureFixture, attribute: str
) -> None:
    """Nested ones, ids that references set, metadata."""
    assert warned(caplog, attribute) == []


@pytest.mark.parametrize(
    "schema",
    [{"properties": {}}, {"additionalProperties": True}, {"patternProperties": {"^e": TEXT}},
     {"anyOf": [{}]}, {"$ref": "#/definitions/person"}],
)  # fmt: skip
def test_a_schema_that_does_not_tell_all_is_no_ground_for_a_warning(
    caplog: pytest.LogCaptureFixture, schema: dict[str, Any]
) -> None:
    """Records may have what it does not name."""
    assert warned(caplog, "emial", **schema) == []
