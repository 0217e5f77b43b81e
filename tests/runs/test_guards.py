"""Deletes that nobody named, and values that would call another path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.guards import asks_to_delete, climbs, splits_path
from target_apptivo.errors import SettingsError
from target_apptivo.sandbox import Reply
from target_apptivo.settings.deletes import refuse_wild_rename, refuse_wild_renames
from target_apptivo.settings.read import read_settings
from tests.conftest import KEYS, record, schema

if TYPE_CHECKING:
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from target_apptivo.settings.routes import Routes
    from tests.conftest import RunTarget

fixed = settings(derandomize=True, deadline=None, max_examples=100)

DELETE = {"url": "v6/customers/{id}", "method": "DELETE"}
FORM = "application/x-www-form-urlencoded"
# Every way to write it.
LITERAL = [
    {"url": "v6/customers?a=delete"},
    {"url": "v6/customers?x=1&a=DELETE"},
    {"url": "v6/customers?%61=%64elete"},
    {"url": "v6/customers?a=%2564elete"},
    {"url": "v6/customers?x=1;a=delete"},
    {"url": "v6/customers", "params": {"a": "delete"}},
    {"url": "v6/customers", "params": {"a": " Delete "}, "content_format": FORM},
    {"url": "https://api.apptivo.com/app/dao/v6/customers?a=delete"},
    {"url": "v6/customers/{id}", "method": "DELETE"},
]


def routes(**given: Any) -> Routes:  # noqa: ANN401
    """Read the routes of some settings."""
    return read_settings({**KEYS, **given}).routes


@pytest.fixture(autouse=True)
def _accept_all(sandbox: Sandbox) -> None:
    """Let the sandbox take whatever comes."""
    sandbox.respond = lambda _: Reply(200, b'{"id":1}')


def deletes(sandbox: Sandbox) -> list[str]:
    """Give the requests that deleted something, or would have."""
    return [
        request.path
        for request in sandbox.requests
        if request.method == "DELETE" or request.params.get("a") == "delete"
    ]


# --- deletes: where a stream goes ---


@pytest.mark.parametrize("options", LITERAL)
def test_a_literal_delete_is_a_delete(options: dict[str, Any]) -> None:
    """By the method, or by `a=delete` however it is spelt: it is for a stream that is named."""
    entry = {"endpoint": "generic", **options}
    named = routes(streams={"gone": entry}).find("gone")
    assert named is not None
    assert named.is_exact
    assert named.operation.deletes
    assert not named.operation.creates
    with pytest.raises(SettingsError, match=r"^streams\.g\*: a wildcard never leads to a delete"):
        routes(streams={"g*": entry})


@pytest.mark.parametrize("url", ["v6/x?a=save", "v6/x?b=delete", "v6/delete?aa=delete", "v6/x"])
def test_what_only_looks_like_a_delete_is_none(url: str) -> None:
    """A word in a path, another parameter of that value."""
    found = routes(
        generic={"url": url, "params": {"b": "delete"}} if "?" not in url else {"url": url}
    )
    assert found.fallback is not None
    assert found.fallback.operation.creates


@pytest.mark.parametrize("options", LITERAL)
def test_a_delete_is_never_the_fallback(options: dict[str, Any]) -> None:
    """`generic` with a delete is for the streams that name it, and for no other."""
    with pytest.raises(SettingsError, match=r"^generic: deletes, and so is only for streams"):
        routes(generic=options)
    with pytest.raises(SettingsError, match=r"^generic: deletes"):
        routes(generic=options, streams={"leads": "create_lead"})
    found = routes(generic=options, streams={"gone": "generic"})
    named = found.find("gone")
    assert named is not None
    assert named.deletes
    assert found.find("others") is None


def test_a_batch_of_deletes_is_a_wrong_setting() -> None:
    """As one with the method DELETE is."""
    entry = {"endpoint": "generic", "url": "v6/x?a=delete", "batch": {"property_name": "x"}}
    with pytest.raises(SettingsError, match=r"^streams\.gone\.batch: needs a body"):
        routes(streams={"gone": entry})


def test_a_run_with_a_delete_as_fallback_sends_nothing(run: RunTarget, sandbox: Sandbox) -> None:
    """One clear line before anything is read."""
    finished = run([schema("any"), record("any", 9001)], config={"generic": DELETE})
    assert finished.code == 1
    assert sandbox.requests == []


# --- deletes: how a stream gets its name ---


@pytest.mark.parametrize(
    "stream_maps",
    [
        {"*": {"__alias__": "delete_customers"}},
        {"cust?mers": {"__alias__": "gone"}},
        {"[c]ustomers": {"__alias__": "gone"}},
        {"gone": {"__source__": "cust*"}},
        # An expression: what it comes to is known when the stream comes.
        {"*": {"__alias__": "'delete_' + __stream_name__"}},
        # The last one decides.
        {"customers": {"__alias__": "people"}, "*": {"__alias__": "gone"}},
    ],
)
def test_a_wildcard_of_the_stream_maps_never_leads_to_a_delete(
    run: RunTarget, sandbox: Sandbox, stream_maps: dict[str, Any]
) -> None:
    """Who deletes a stream's records writes its name."""
    config = {"stream_maps": stream_maps, "streams": {"gone": "delete_customer"}}
    messages = [schema("customers"), record("customers", 1, customerId=9001)]
    finished = run(messages, config=config)
    assert finished.code == 1
    assert finished.last_log.startswith("stream_maps")
    assert "a wildcard never leads to a delete" in finished.last_log
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("stream", "stream_maps"),
    [
        ("customers", {"customers": {"__alias__": "gone"}}),
        ("customers", {"customers": None, "gone": {"__source__": "customers"}}),
        ("customers", {"*": {"__alias__": "people"}, "customers": {"__alias__": "gone"}}),
        ("gone", {"*": {"x": "'1'"}}),
        ("delete_customers", {"*": {"x": "'1'"}}),
    ],
)
def test_a_stream_that_is_named_in_the_stream_maps_may_delete(
    run: RunTarget, sandbox: Sandbox, stream: str, stream_maps: dict[str, Any]
) -> None:
    """And so may one that is not renamed."""
    config = {"stream_maps": stream_maps, "streams": {"gone": "delete_customer"}}
    finished = run([schema(stream), record(stream, 1, customerId=9001)], config=config)
    assert finished.code == 0
    assert len(deletes(sandbox)) == 1


def test_a_wildcard_of_the_stream_maps_may_rename_to_what_deletes_nothing(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """The guard is for deletes alone."""
    config = {"stream_maps": {"*": {"__alias__": "leads"}}}
    assert run([schema("people"), record("people", 1)], config=config).code == 0
    assert len(sandbox.requests) == 1


def test_a_wild_rename_to_a_hard_delete_is_refused(tmp_path: Path) -> None:
    """`hard_delete` deletes too."""
    options = {"endpoint": "create_customer", "hard_delete": True}
    found = routes(streams={"firms": options}, journal_url=f"sqlite:///{tmp_path}/journal.db")
    with pytest.raises(SettingsError, match=r"^stream_maps\.\*\.__alias__: a wildcard never"):
        refuse_wild_renames({"*": {"__alias__": "firms"}}, found)
    with pytest.raises(SettingsError, match="stream 'x' becomes 'firms', which deletes"):
        refuse_wild_rename("x", ["firms"], {"*": {"__alias__": "'firms'"}}, found)
    refuse_wild_rename("x", ["firms"], {"x": {"__alias__": "firms"}}, found)
    refuse_wild_rename("x", ["other", "leads"], {"*": {}}, found)


# --- deletes: what is about to leave ---


@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        ({"url": "v6/customers?a={action}"}, {"action": "delete"}),
        ({"url": "v6/customers?{name}=delete"}, {"name": "a"}),
        ({"url": "v6/customers", "params": {"a": "{action}"}}, {"action": "Delete"}),
        (
            {"url": "v6/customers", "params": {"a": "{action}"}, "content_format": FORM},
            {"action": "delete"},
        ),
        ({"url": "v6/customers", "content_format": FORM}, {"a": "delete", "customerId": 9001}),
        (
            {"url": "v6/customers?a={action}", "batch": {"property_name": "all"}},
            {"action": "delete"},
        ),
    ],
)
def test_a_record_makes_no_delete(
    run: RunTarget, sandbox: Sandbox, options: dict[str, Any], attributes: dict[str, Any]
) -> None:
    """A template or an attribute that says so is refused, also under an exact name."""
    messages = [schema("things"), record("things", 1, **attributes)]
    for config in (
        {"generic": options},
        {"streams": {"things": {"endpoint": "generic", **options}}},
    ):
        finished = run(messages, config=config)
        assert finished.code == 1
        assert "rejected" in finished.log
        assert sandbox.requests == []


def test_a_record_may_say_what_else_is_done(run: RunTarget, sandbox: Sandbox) -> None:
    """A template of the action is a template like any other."""
    config = {"generic": {"url": "v6/customers?a={action}", "exclude_attributes": ["action"]}}
    assert run([schema("x"), record("x", 1, action="save")], config=config).code == 0
    assert [request.params["a"] for request in sandbox.requests] == ["save"]


@pytest.mark.parametrize("name", ["a", "apiKey", "accessKey", "userName", "inUrl", "param"])
@pytest.mark.parametrize("value", ["x", "delete", 5])
def test_an_attribute_stands_in_no_form_beside_its_namesake(
    run: RunTarget, sandbox: Sandbox, name: str, value: object
) -> None:
    """Nobody knows which of the two a server reads."""
    options = {"url": "v6/x?%69nUrl=1", "params": {"param": "{lastName}"}, "content_format": FORM}
    messages = [schema("things"), record("things", 1, **{name: value})]
    finished = run(messages, config={"generic": options})
    assert finished.code == 1
    assert f"attribute '{name}' would stand in the form beside the key or parameter" in finished.log
    assert sandbox.requests == []
    excluded = {**options, "exclude_attributes": [name]}
    assert run(messages, config={"generic": excluded}).code == 0
    as_json = {**options, "data_param": "data"}
    assert run(messages, config={"generic": as_json}).code == 0


def test_a_delete_by_a_form_takes_the_record_s_id(run: RunTarget, sandbox: Sandbox) -> None:
    """What is set up as a delete is one, and its attributes are its fields."""
    entry = {"endpoint": "generic", "url": "v6/customers?a=delete", "content_format": FORM}
    messages = [schema("gone"), record("gone", 1, customerId=9001)]
    assert run(messages, config={"streams": {"gone": entry}}).code == 0
    assert len(deletes(sandbox)) == 1


# --- paths ---


@pytest.mark.parametrize(
    "value",
    [
        "../customers/5",
        "a/b",
        "/",
        "..\\x",
        "\\",
        "a%2Fb",
        "a%2f..%2fb",
        "a%252F..%252Fb",
        "a%5Cb",
        "%255c",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%252e.",
    ],
)
@pytest.mark.parametrize("base", ["v6/things/{p}", "v6/{p}?q={p}", "{url}v6/x/{p}/y"])
def test_a_value_calls_no_other_path(
    run: RunTarget, sandbox: Sandbox, value: str, base: str
) -> None:
    """A proxy may undo the percent-encoding of a path, and even twice."""
    config = {"generic": {"url": base.replace("{url}", sandbox.url)}}
    finished = run([schema("things"), record("things", 1, p=value)], config=config)
    assert finished.code == 1
    assert "which would call another path" in finished.log
    assert sandbox.requests == []


@pytest.mark.parametrize("value", ["../x", "a/b", "..\\x", "%2F", ".."])
def test_in_a_query_any_value_is_at_home(run: RunTarget, sandbox: Sandbox, value: str) -> None:
    """It is percent-encoded, and nothing is undone that the tap wrote."""
    config = {"generic": {"url": "v6/things?q={p}", "params": {"r": "{p}"}}}
    assert run([schema("things"), record("things", 1, p=value)], config=config).code == 0
    assert [(each.params["q"], each.params["r"]) for each in sandbox.requests] == [(value, value)]


@pytest.mark.parametrize("value", ["...", "a.b", ".a", "a..", "50%", "50%25", "a b", "ä", "?a=b#"])
def test_other_values_stay_in_their_segment(value: str) -> None:
    """Dots within a name and characters of URLs are no path."""
    assert not splits_path(value)
    assert not climbs(f"v6/{value.partition('?')[0]}")


@fixed
@given(st.text("./\\%25fFcCeE", max_size=12), st.integers(0, 4))
def test_no_number_of_encodings_hides_a_path(text: str, times: int) -> None:
    """What is seen in a text is seen in each of its encodings."""
    encoded = text
    for _ in range(times):
        encoded = "".join(f"%{ord(each):02x}" for each in encoded)
    assert splits_path(encoded) == splits_path(text)
    assert climbs(encoded) == climbs(text)


@fixed
@given(st.integers(0, 3), st.sampled_from(["a", "A", " a"]), st.sampled_from(["delete", "DELETE "]))
def test_no_number_of_encodings_hides_a_delete(times: int, name: str, value: str) -> None:
    """Not in the name, and not in the value."""
    for _ in range(times):
        name, value = ("".join(f"%{ord(each):02x}" for each in text) for text in (name, value))
    query = f"{name}={value}".replace(" ", "+")
    assert asks_to_delete("POST", f"v6/x?b=1&{query}")
    assert asks_to_delete("POST", f"v6/x?{query}&c")
