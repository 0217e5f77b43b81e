"""Which endpoint a stream gets, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.endpoints import TEMPLATES
from target_apptivo.errors import SettingsError
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.routes import Routes, unmapped
from target_apptivo.settings.routing import build_routes
from target_apptivo.settings.setting import read

fixed = settings(derandomize=True, deadline=None, max_examples=100)

GENERIC = {"url": "v6/x"}


def routes(streams: dict[str, Any] | None = None, generic: dict[str, Any] | None = None) -> Routes:
    """Read routes as the settings do."""
    return build_routes(read(DeclaredSettings, {"streams": streams, "generic": generic}))


def endpoint(found: Routes, stream: str) -> str | None:
    """Name the endpoint of a stream."""
    route = found.find(stream)
    return route.operation.endpoint if route else None


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ("case", "create_case"),
        ("cases", "create_case"),
        ("lead", "create_lead"),
        ("leads", "create_lead"),
        ("customer", "create_customer"),
        ("customers", "create_customer"),
        ("contact", "create_contact"),
        ("contacts", "create_contact"),
        ("opportunity", "create_opportunity"),
        ("opportunities", "create_opportunity"),
        ("Leads", "create_lead"),
        ("OPPORTUNITIES", "create_opportunity"),
        ("public-leads", "create_lead"),
        ("PUBLIC-Leads", "create_lead"),
        ("db-public-cases", "create_case"),
        ("public-create_lead", "create_lead"),
        ("Create_Lead", "create_lead"),
        *((name, name) for name in TEMPLATES),
        ("delete_customers", "delete_customer"),
        ("DELETE_CUSTOMERS", "delete_customer"),
        ("public-delete_customer", None),
        ("public-delete_customers", None),
        ("-delete_customer", None),
        ("deleted_customers", None),
        ("leads-public", None),
        ("public.leads", None),
        ("public_leads", None),
        ("my leads", None),
        ("leadss", None),
        ("people", None),
        ("", None),
        ("generic", None),
    ],
)
def test_default_names(stream: str, name: str | None) -> None:
    """Known names need no setting, in any case and after a schema; a delete is never a guess."""
    found = routes()
    assert endpoint(found, stream) == name
    route = found.find(stream)
    assert route is None or route.why == "default name"
    # Whatever has no default name is the generic endpoint's, if there is one.
    assert endpoint(routes(generic=GENERIC), stream) == (name or "generic")


def test_the_order_of_the_rules() -> None:
    """An exact name, then the first glob as written, then default names, then generic."""
    streams = {
        "lea*": "create_contact",
        "l?ads": "create_case",
        "leads": "create_opportunity",
        "*-leads": {"endpoint": "create_customer"},
    }
    found = routes(streams, GENERIC)
    wanted = {
        "leads": ("create_opportunity", "named in streams"),
        "lead": ("create_contact", "matches 'lea*' in streams"),
        "loads": ("create_case", "matches 'l?ads' in streams"),
        "crm-leads": ("create_customer", "matches '*-leads' in streams"),
        "Leads": ("create_lead", "default name"),
        "cases": ("create_case", "default name"),
        "people": ("generic", "generic, nothing else matches"),
    }
    for stream, (name, why) in wanted.items():
        route = found.find(stream)
        assert route is not None
        assert (route.operation.endpoint, route.why) == (name, why)
    turned = routes(dict(reversed(streams.items())))
    assert endpoint(turned, "leads") == "create_opportunity"
    assert endpoint(turned, "xleads") is None
    assert endpoint(routes({"l?ads": "create_case", "lea*": "create_lead"}), "leads") == (
        "create_case"
    )


def test_names_in_streams_are_compared_as_written() -> None:
    """Only default names are found without regard to case."""
    found = routes({"People": "create_lead", "Cont*": "create_case"})
    assert endpoint(found, "People") == "create_lead"
    assert endpoint(found, "people") is None
    assert endpoint(found, "contents") is None


def test_the_options_of_an_entry_reach_its_call() -> None:
    """A row of `streams` is an endpoint name, or an object with options."""
    found = routes({"people": {"endpoint": "create_lead", "exclude_attributes": ["id"]}})
    route = found.find("people")
    assert route is not None
    assert route.operation.exclude == ("id",)
    default = found.find("leads")
    assert default is not None
    assert default.operation.exclude == ()


@pytest.mark.parametrize(
    ("pattern", "stream", "matches"),
    [
        ("*", "", True),
        ("*", "a\nb", True),
        ("?", "a", True),
        ("?", "", False),
        ("a*c", "abbc", True),
        ("a*c", "abcd", False),
        ("a.c*", "abc", False),
        ("[ab]*", "a", False),
        ("[ab]*", "[ab]c", True),
        ("a+?", "a+b", True),
        ("a+?", "aab", False),
    ],
)
def test_only_two_characters_are_wild(pattern: str, stream: str, *, matches: bool) -> None:
    """`*` is any text and `?` any character; brackets, dots and the like are themselves."""
    name = endpoint(routes({pattern: "create_case"}), stream)
    assert name == ("create_case" if matches else None)


@pytest.mark.parametrize("pattern", ["*", "customer_?", "delete_*", "*delete_customers"])
@pytest.mark.parametrize(
    "entry",
    [
        "delete_customer",
        {"endpoint": "delete_customer"},
        {"endpoint": "generic", "url": "v6/x/{id}", "method": "DELETE"},
    ],
)
def test_a_wildcard_never_leads_to_a_delete(pattern: str, entry: object) -> None:
    """A stream whose records are to be deleted has to be named."""
    with pytest.raises(SettingsError) as raised:
        routes({pattern: entry})
    assert str(raised.value).startswith(f"streams.{pattern}: a wildcard never leads to a delete")
    assert routes({"gone": entry}).find("gone") is not None


def test_generic_deletes_for_a_stream_that_is_named() -> None:
    """Not for whatever nothing else matches."""
    generic = {"url": "v6/x/{id}", "method": "DELETE"}
    found = routes({"gone": "generic"}, generic)
    route = found.find("gone")
    assert route is not None
    assert route.operation.deletes
    assert found.find("any") is None


def test_a_stream_may_name_the_generic_endpoint() -> None:
    """`"leads": "generic"` takes the options of `generic`, in place of the default name."""
    found = routes({"leads": "generic"}, GENERIC).find("leads")
    assert found is not None
    fallback = routes({}, GENERIC).find("other")
    assert fallback is not None
    assert found.operation == fallback.operation
    assert found.why == "named in streams"
    with pytest.raises(SettingsError, match=r"^streams\.leads\.url: is required"):
        routes({"leads": "generic"})
    with pytest.raises(SettingsError, match=r"^streams\.\*: a wildcard never leads to a delete"):
        routes({"*": "generic"}, {"url": "v6/x/{id}", "method": "DELETE"})


@fixed
@given(
    st.dictionaries(
        st.text("*?abdelt_customr-", min_size=1, max_size=8),
        st.sampled_from(["create_lead", "create_case"]),
        max_size=4,
    ),
    st.text("*?abdelt_customr-", max_size=16),
)
def test_a_delete_is_reached_by_its_whole_name_alone(streams: dict[str, str], stream: str) -> None:
    """For any patterns and names, only `delete_customer(s)` deletes without being mapped."""
    found = routes(streams, GENERIC)
    route = found.find(stream)
    assert route is not None
    if route.operation.deletes:
        assert stream.lower() in {"delete_customer", "delete_customers"}
    if stream in streams:
        assert route.operation.endpoint == streams[stream]


def test_every_row_is_known_before_a_record_is_read() -> None:
    """All routes are built with the settings: the default ones, the named and the generic."""
    found = routes({"people": "create_lead"}, GENERIC)
    assert len(found.all()) == len(TEMPLATES) + 2
    assert len(routes().all()) == len(TEMPLATES)


@pytest.mark.parametrize("stream", ["people", "public-people"])
def test_an_unmapped_stream_is_told_how_to_be_mapped(stream: str) -> None:
    """The error names the stream, and each of the ways out of it."""
    message = str(unmapped(stream))
    assert message.startswith(f"stream '{stream}' is mapped to no endpoint")
    for way in (f'{{"streams": {{"{stream}": "create_lead"}}}}', "`generic`", "__NULL__"):
        assert way in message


def test_entries_that_no_stream_goes_by_are_known() -> None:
    """A name that is a typo leaves its stream to a default, without its options."""
    found = routes({"leeds": "create_lead", "l*": "create_lead", "people": "create_contact"})
    assert found.unused(["leads", "people"]) == ["leeds"]
    assert found.unused([]) == ["leeds", "l*", "people"]
