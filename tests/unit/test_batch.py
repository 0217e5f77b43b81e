"""Several records in one call: what is sent, what is refused, and what each record gets."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from target_apptivo.apptivo.batch import Batch, interpret_results
from target_apptivo.apptivo.endpoints import ApiStyle
from target_apptivo.apptivo.response import Response, interpret_response
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict
from target_apptivo.errors import RecordRejectedError, SettingsError
from target_apptivo.jsontext import dumps
from target_apptivo.settings.batch import read_batch
from target_apptivo.settings.operations import build_operation

PATH = "generic.batch"
RECORDS = [
    {"id": 1, "name": "Doe", "amount": Decimal("1.10"), "tags": ["a"]},
    {"id": 2, "name": "Roe", "amount": Decimal(2), "tags": []},
]
REFUSED_JSON = b'{"status":"FAILURE","reason":"no"}'


def code(expression: str) -> Batch:
    """Read a batch with grouping `code`."""
    return read_batch({"grouping": "code", "code": expression}, PATH)


def refused_setting(options: dict[str, Any]) -> str:
    """Give the message of a batch that cannot be."""
    with pytest.raises(SettingsError) as raised:
        read_batch(options, PATH)
    return str(raised.value)


# -- grouping -------------------------------------------------------------------------------------


def test_grouping_by_property_is_the_default() -> None:
    """The body is an object with the list of records; a batch has 100 of them at most."""
    batch = read_batch({"property_name": "records"}, PATH)
    assert batch.size == 100
    assert not batch.split_rejected
    assert batch.body(RECORDS) == {"records": RECORDS}
    assert dumps(batch.body(RECORDS)).startswith('{"records":[{"id":1,"name":"Doe","amount":1.10,')


@pytest.mark.parametrize("props", [{"a": "save", "rate": 1.5}, '{"a":"save","rate":1.50}'])
def test_other_props_join_the_list(props: object) -> None:
    """They are given as an object, or as a JSON string whose digits stay."""
    batch = read_batch({"property_name": "r", "other_props": props, "size": 2}, PATH)
    assert batch.body(RECORDS) == {"r": RECORDS, "a": "save", "rate": Decimal("1.50")}


def test_a_null_option_is_not_set() -> None:
    """Null means 'not set' for every option of a batch."""
    names = ("size", "grouping", "other_props", "code", "results_path", "split_rejected")
    batch = read_batch({"property_name": "r", **dict.fromkeys(names)}, PATH)
    assert batch == read_batch({"property_name": "r"}, PATH)


def test_an_integer_may_be_written_with_a_point() -> None:
    """JSON has one kind of number: 5.0 records are five."""
    batch = read_batch({"property_name": "r", "size": 5.0}, PATH)
    assert isinstance(batch.size, int)


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("records", RECORDS),
        ("{'data': records, 'n': 2}", {"data": RECORDS, "n": 2}),
        (
            "[{'key': r['id'], 'n': r.name} for r in records if r['id'] > 1]",
            [{"key": 2, "n": "Roe"}],
        ),
        ("{str(r.id): r.name for r in records}", {"1": "Doe", "2": "Roe"}),
        ("[t for r in records for t in r['tags']]", ["a"]),
        ("records[0]", RECORDS[0]),
        ("[*records][0:1]", RECORDS[:1]),
        ("{'all': True} if records else {}", {"all": True}),
        ("md5('a')[:4] + sha256('a')[:4]", "0cc1ca97"),
        ("str(datetime.date(2026, 1, 2))", "2026-01-02"),
        ("str(datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC))", "2026-01-02 00:00:00+00:00"),
        ("json.loads('[1]')", [1]),
        ("json.dumps([int('1'), float('2'), bool(0)])", "[1, 2.0, false]"),
        ("json.dumps(json.loads('1.50', use_decimal=True))", "1.50"),
        (" records[1].get('nope') or 'none' ", "none"),
    ],
)
def test_grouping_by_code(expression: str, body: object) -> None:
    """The value of one expression over `records` is the body, with lists and comprehensions."""
    assert code(expression).body(RECORDS) == body


def test_code_does_not_change_the_records() -> None:
    """A refused batch is shaped again from the same records, in halves."""
    batch, before = code("[r.pop('id') for r in records] + [records.clear()]"), deepcopy(RECORDS)
    assert batch.body(RECORDS) == [1, 2, None]
    assert batch.body(RECORDS) == [1, 2, None]
    assert before == RECORDS


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "records.__class__",
        "records[0].__class__.__mro__",
        "[r.__dict__ for r in records]",
        "().__class__.__bases__",
        "json._default_decoder",
        "import os",
        "x = 1",
        "records; records",
        "for r in records: pass",
        "",
        " ",
        "*records",
        "(",
        "\x00",
        "(" * 500,
        "-" * 20_000 + "1",
    ],
)
def test_code_is_refused_before_a_record_is_read(expression: str) -> None:
    """What is no expression, or reaches for private attributes, is an error of the setting."""
    with pytest.raises(SettingsError, match=r"generic\.batch\.code: ") as raised:
        code(expression)
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize(
    "expression",
    [
        "lambda: 1",
        "(lambda: 1)()",
        "[f for f in [lambda: 1]][0]()",
        "(x := 1)",
        "json.codecs",
        "json.codecs.open('/etc/passwd')",
        "json.decoder.scanner",
        "json.JSONDecoder()",
        "datetime.MAXYEAR",
        "datetime.sys",
        "datetime.datetime.mro()",
        "'{0.a}'.format(records)",
        "'{a}'.format_map(records[0])",
        "open('/etc/passwd')",
        "eval('1')",
        "getattr(records, 'x')",
        "type(records)",
        "globals()",
        "exec('1')",
        "compile('1', '', 'eval')",
        "os",
        "9 ** 9 ** 9",
        "'a' * 10 ** 9",
        "[0] * 10 ** 9",
        "1 << 10 ** 9",
        "[a for a in 'x' * 1000 for b in 'x' * 1000]",
        "1 / 0",
        "records[9]",
        "records[0]['s3cret']",
        "nope",
    ],
)
def test_code_reaches_nothing_but_its_records(expression: str) -> None:
    """An escape, a waste of memory or a mistake refuses the records, and shows none of them."""
    with pytest.raises(RecordRejectedError, match=r"^batch\.code fails on these records") as raised:
        code(expression).body(RECORDS)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "generic.batch.property_name: is required with grouping `property`"),
        ({"grouping": "property"}, "generic.batch.property_name: is required"),
        ({"grouping": "code"}, "generic.batch.code: is required with grouping `code`"),
        ({"property_name": "r", "code": "records"}, "generic.batch.code: does not apply"),
        (
            {"grouping": "code", "code": "records", "property_name": "r"},
            "generic.batch.property_name: does not apply to grouping `code`",
        ),
        (
            {"grouping": "code", "code": "records", "other_props": {}},
            "generic.batch.other_props: does not apply",
        ),
        ({"property_name": "r", "other_props": "s3cret"}, "generic.batch.other_props: is a string"),
        ({"property_name": "r", "other_props": '["s3cret"]'}, "generic.batch.other_props: must be"),
        ({"property_name": "r", "other_props": '"s3cret"'}, "generic.batch.other_props: must be"),
        ({"property_name": "r", "other_props": {"r": "s3cret"}}, "generic.batch.other_props: hol"),
    ],
)
def test_settings_that_do_not_fit_together(options: dict[str, Any], told: str) -> None:
    """The message names the full path of the setting and no value."""
    message = refused_setting(options)
    assert message.startswith(told)
    assert "s3cret" not in message


# -- results --------------------------------------------------------------------------------------


def call_and_batch(**options: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Build a batched generic call as the settings do."""
    given = {"url": "v6/x", "batch": {"property_name": "r", "results_path": "data.list"}, **options}
    return build_operation(
        "generic", given, style=ApiStyle.REST, base_url="https://h/", path="generic"
    )


def verdicts(call: Any, batch: Batch | None, body: bytes, count: int) -> list[Verdict]:  # noqa: ANN401
    """Judge an answer and give each record its verdict."""
    whole = interpret_response(call, Response(200, body))
    return interpret_results(call, batch, whole, count)


def test_without_a_results_path_all_records_share_the_outcome() -> None:
    """The outcome of the request is the outcome of each of its records."""
    call, batch = call_and_batch(batch={"property_name": "r"})
    for body in (b"", REFUSED_JSON, b'{"result":"Already exists"}'):
        whole = interpret_response(call, Response(200, body))
        assert interpret_results(call, batch, whole, 3) == [whole] * 3
        assert interpret_results(call, None, whole, 1) == [whole]


@pytest.mark.parametrize(
    ("options", "ids"), [({}, [None, None]), ({"id_path": "new.id"}, ["7", None])]
)
def test_each_result_is_judged_as_an_answer_of_its_own(
    options: dict[str, Any], ids: list[str | None]
) -> None:
    """With a results path each record gets its own outcome; the id is looked for in the result."""
    call, batch = call_and_batch(**options)
    results = [{"new": {"id": 7}}, {"status": "FAILURE", "reason": "no"}]
    body = json.dumps({"data": {"list": results}}).encode()
    found = verdicts(call, batch, body, 2)
    assert [each.outcome for each in found] == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert [each.apptivo_id for each in found] == ids
    assert [each.reason for each in found] == [None, "no"]
    assert [each.response for each in found] == results
    assert {each.meaning for each in found} == {Meaning.FINAL}
    assert {each.http_status for each in found} == {200}


@pytest.mark.parametrize("options", [{}, {"id_path": "id"}])
@pytest.mark.parametrize(
    "body", [b"{}", b'{"data":{"list":[{"id":1}]}}', b'{"data":{"list":{"id":1}}}', b"[]"]
)
def test_results_that_do_not_match_the_records_are_uncertain(
    body: bytes, options: dict[str, Any]
) -> None:
    """Which record a result belongs to is never guessed."""
    found = verdicts(*call_and_batch(**options), body, 2)
    assert [each.outcome for each in found] == [Outcome.UNCERTAIN] * 2
    assert {each.reason for each in found} == {
        "the answer holds no list of 2 results at results_path"
    }
    assert {each.meaning for each in found} == {Meaning.FINAL}


def test_a_refused_batch_has_no_results() -> None:
    """A failure of the whole is the outcome of each record, with its reason."""
    found = verdicts(*call_and_batch(), REFUSED_JSON, 2)
    assert [(each.outcome, each.reason) for each in found] == [(Outcome.REJECTED, "no")] * 2


@pytest.mark.parametrize(
    "options",
    [
        {"method": "DELETE", "url": "v6/x/{id}"},
        {"content_format": "application/x-www-form-urlencoded"},
    ],
)
def test_a_body_that_takes_one_record_is_not_batched(options: dict[str, Any]) -> None:
    """`batch` with DELETE, or with a form and no data_param, is a settings error."""
    with pytest.raises(SettingsError, match=r"^generic\.batch: needs a body"):
        call_and_batch(**options)
    form = {"content_format": "application/x-www-form-urlencoded", "data_param": "d"}
    assert call_and_batch(**form)[1] is not None
