"""Settings that keep Apptivo in step: each wants what it cannot be without, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from target_apptivo.apptivo.rules import LoadMethod, Rules
from tests.settings import JOURNAL, error_of, generic, in_step, read, stream

S = "s3cret"
FIRM = {"stream": "firms", "key": "{firm_id}"}


def rules(stream_name: str = "people", **config: Any) -> Rules:  # noqa: ANN401
    """Give how a stream's records are treated."""
    route = read(**config).routes.find(stream_name)
    assert route is not None
    return route.rules


def customer(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give settings with a stream that creates customers, and a journal."""
    return {"streams": {"people": {"endpoint": "create_customer"} | options}} | JOURNAL


# -- what is read ---------------------------------------------------------------------------------


def test_without_a_journal_every_record_is_sent() -> None:
    """The defaults are those of the contract."""
    found = rules(**stream())
    assert found.load_method is LoadMethod.APPEND_ONLY
    assert (found.journal_stream, found.match_on, found.references) == (None, (), ())
    assert (found.on_conflict, found.update_nulls, found.hard_delete) == ("overwrite", False, None)
    assert (found.fields, found.settle_seconds, found.on_uncertain) == ({}, 60, "resend")


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({}, LoadMethod.APPEND_ONLY),
        (JOURNAL, LoadMethod.UPSERT),
        ({**JOURNAL, "load_method": "create-only"}, LoadMethod.CREATE_ONLY),
        ({"load_method": "append-only"}, LoadMethod.APPEND_ONLY),
        ({**JOURNAL, "load_method": "append-only"}, LoadMethod.APPEND_ONLY),
        ({**JOURNAL, "load_method": None}, LoadMethod.UPSERT),
    ],
)
def test_the_load_method_of_all(config: dict[str, Any], method: LoadMethod) -> None:
    """With a journal it is `upsert`, else `append-only`, unless it is said."""
    for name in ("leads", "people", "other"):
        named: dict[str, Any] = {"streams": {"people": "create_case"}, "generic": {"url": "v6/x"}}
        assert rules(name, **config, **named).load_method is method


@pytest.mark.parametrize("method", LoadMethod)
def test_a_streams_own_load_method_wins(method: LoadMethod) -> None:
    """An entry of `streams` says its own."""
    config = in_step(load_method=str(method)) | {"load_method": "update-only"}
    assert rules(**config).load_method is method
    assert rules("leads", **config).load_method is LoadMethod.UPDATE_ONLY
    own = generic(load_method=str(method)) | JOURNAL
    assert rules("any", **own).load_method is method


def test_what_needs_no_making_is_taken_as_it_is_set() -> None:
    """Rules have fields that are named like the settings."""
    options = {"journal_stream": "persons", "on_conflict": "keep", "update_nulls": True}
    found = rules(**in_step(fields={"Email": "mail"}, **options), settle_seconds=5)
    assert {name: getattr(found, name) for name in options} == options
    assert (found.fields, found.settle_seconds) == ({"Email": "mail"}, 5)
    assert rules(**stream(), on_uncertain="hold").on_uncertain == "hold"


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("lastName", ("lastName",)),
        (["lastName"], ("lastName",)),
        (["lastName", "companyName", "lastName"], ("lastName", "companyName")),
        ("leadId", ("leadId",)),
        ("nobody knows it", ("nobody knows it",)),
        ("customAttributes.17", ("customAttributes.17",)),
    ],
)
def test_a_record_is_looked_for_by_one_name_or_several(given: object, read_as: object) -> None:
    """Any attribute will do, the app's own id too."""
    assert rules(**in_step(match_on=given)).match_on == read_as


def test_references_are_read() -> None:
    """A key is one template, or several by key property."""
    keys = {"region": "{region}", "no": "{firm.no}"}
    wanted = {
        "customerId": FIRM,
        "contactId": {"stream": "persons", "key": keys, "on_missing": "omit"},
    }
    one, several = rules(**in_step(references=wanted)).references
    record = {"firm_id": 5, "region": "x", "firm": {"no": 7}}
    assert (one.attribute, one.stream, one.is_omitted) == ("customerId", "firms", False)
    assert one.parent_key(record) == '["5"]'
    assert (several.attribute, several.stream) == ("contactId", "persons")
    assert several.is_omitted
    assert several.parent_key(record) == '["7","x"]'


def test_any_endpoint_may_refer() -> None:
    """A delete and a generic call find ids in the journal, too."""
    for options in ({"endpoint": "delete_customer"}, {"endpoint": "generic", "url": "v6/x"}):
        entry = {**options, "references": {"customerId": FIRM}}
        config: dict[str, Any] = {"streams": {"people": entry}}
        assert rules(**config, **JOURNAL).references[0].stream == "firms"


def test_a_hard_delete_deletes_the_customer() -> None:
    """Where it is not said, nothing is deleted."""
    found = rules(**customer(hard_delete=True, headers={"X": "y"})).hard_delete
    assert found is not None
    assert (found.endpoint, found.headers) == ("delete_customer", (("X", "y"),))
    assert rules(**customer(hard_delete=False)).hard_delete is None
    assert rules("customers", **customer(hard_delete=True)).hard_delete is None


# -- what is wrong --------------------------------------------------------------------------------

NEEDS_A_JOURNAL: list[tuple[dict[str, Any], str]] = [
    *(
        ({"load_method": str(method)}, "load_method")
        for method in LoadMethod
        if "app" not in method
    ),
    (stream(load_method="upsert"), "streams.people.load_method"),
    (generic(load_method="create-only"), "generic.load_method"),
    (stream(match_on="lastName"), "streams.people.match_on"),
    (stream(references={"customerId": FIRM}), "streams.people.references"),
    (generic(references={"customerId": FIRM}), "generic.references"),
    (
        {"streams": {"people": {"endpoint": "create_customer", "hard_delete": True}}},
        "streams.people.hard_delete",
    ),
]


@pytest.mark.parametrize(("config", "path"), NEEDS_A_JOURNAL, ids=range(len(NEEDS_A_JOURNAL)))
def test_what_needs_a_journal_says_so(config: dict[str, Any], path: str) -> None:
    """With one, the same settings are fine."""
    message = error_of(**config)
    assert message.startswith(f"{path}: needs a journal")
    assert message.endswith("set journal_url")
    assert read(**config, **JOURNAL).journal_url


WRONG: list[tuple[dict[str, Any], str]] = [
    # of another type
    (in_step(match_on=[]), "match_on: must name at least one attribute"),
    (in_step(match_on=""), "match_on: must name at least one attribute"),
    (in_step(match_on=["a", " "]), "match_on: must name at least one attribute"),
    (in_step(match_on=5), "match_on: must be a string or an array"),
    (in_step(match_on={S: S}), "match_on: must be a string or an array"),
    (in_step(match_on=[5]), "match_on.0: must be a string"),
    (in_step(match_on=[None]), "match_on.0: must be a string"),
    (in_step(on_conflict=S), "on_conflict: must be one of `overwrite`, `keep`"),
    (in_step(update_nulls=S), "update_nulls: must be a boolean"),
    (in_step(journal_stream=""), "journal_stream: must not be empty"),
    (in_step(load_method=S), "load_method: must be one of `append-only`"),
    (in_step(fields=[S]), "fields: must be an object"),
    (in_step(fields={"Email": 5}), "fields.Email: must be a string"),
    (in_step(fields={"Email": {"x": S}}), "fields.Email: must be a string"),
    # references
    (in_step(references=[S]), "references: must be an object"),
    (in_step(references={"a": S}), "references.a: must be an object"),
    (in_step(references={"a": {}}), "references.a.stream: is required"),
    (in_step(references={"a": {"stream": S}}), "references.a.key: is required"),
    (in_step(references={"a": FIRM | {"stream": None}}), "references.a.stream: is required"),
    (in_step(references={"a": FIRM | {"stream": ""}}), "references.a.stream: must not be empty"),
    (in_step(references={"a": FIRM | {"key": None}}), "references.a.key: is required"),
    (in_step(references={"a": FIRM | {"key": ""}}), "references.a.key: must not be empty"),
    (in_step(references={"a": FIRM | {"key": {}}}), "references.a.key: must name at least one"),
    (in_step(references={"a": FIRM | {"key": 5}}), "references.a.key: must be a string or an obj"),
    (in_step(references={"a": FIRM | {"key": {"x": 5}}}), "references.a.key.x: must be a string"),
    (in_step(references={"a": FIRM | {"key": {"x": None}}}), "references.a.key.x: must not be em"),
    (in_step(references={"a": FIRM | {"key": "{s3cret"}}), "references.a.key: a brace without a"),
    (
        in_step(references={"a": FIRM | {"key": {"x": "{s3cret"}}}),
        "references.a.key.x: a brace without a partner",
    ),
    (
        in_step(references={"a": FIRM | {"on_missing": S}}),
        "references.a.on_missing: must be one of `reject`, `omit`",
    ),
    (
        in_step(references={"a": FIRM | {"on_mising": S}}),
        "references.a.on_mising: is unknown; did you mean `on_missing`?",
    ),
    # that do not fit together
    (in_step(match_on="a", load_method="append-only"), "match_on: is of no use with load_method"),
    (in_step(match_on="a") | {"load_method": "append-only"}, "match_on: is of no use with load_"),
    (in_step(match_on="a", references={"a": FIRM}), "match_on: names 'a', which comes from a ref"),
    (in_step(match_on=["b", "a"], references={"a": FIRM}), "match_on: names 'a', which comes"),
    (
        in_step(match_on="emailAddress", references={"emailAddresses": FIRM}),
        "match_on: names 'emailAddresses', which comes from a reference",
    ),
    (
        in_step(match_on="customAttributes.1", references={"customAttributes": FIRM}),
        "match_on: names 'customAttributes', which comes from a reference",
    ),
]


@pytest.mark.parametrize(("config", "told"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_option_is_named_and_not_shown(config: dict[str, Any], told: str) -> None:
    """The message starts with the full path, and holds no value."""
    message = error_of(**config)
    assert message.startswith(f"streams.people.{told}")
    assert S not in message


@pytest.mark.parametrize("pattern", ["*", "peopl?", "p*"])
def test_a_hard_delete_is_for_a_stream_that_is_named(pattern: str) -> None:
    """A wildcard never leads to a delete."""
    options = {"endpoint": "create_customer", "hard_delete": True}
    message = error_of(streams={pattern: options}, **JOURNAL)
    assert message.startswith(f"streams.{pattern}.hard_delete: is for streams that are named")
