"""The bytes that Apptivo gets, compared with the contract; no value leaves its place in them."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.endpoints import ApiStyle
from target_apptivo.apptivo.guards import splits_path
from target_apptivo.apptivo.operation import Content, Operation
from target_apptivo.apptivo.request import Request, shape_address, shape_request, without
from target_apptivo.apptivo.signing import SignedRequest, sign
from target_apptivo.apptivo.template import MissingValueError
from target_apptivo.errors import RecordRejectedError, SettingsError
from target_apptivo.jsontext import loads
from target_apptivo.settings.operations import build_operation

fixed = settings(derandomize=True, deadline=None, max_examples=60)

BASE = "https://api.apptivo.com/app/dao/"
KEYS = (("apiKey", "K"), ("accessKey", "A"))
JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(texts, values, max_size=5)


def call_of(name: str, style: str = "rest", **options: Any) -> Operation:  # noqa: ANN401
    """Build a call as the settings do."""
    return build_operation(name, options, style=ApiStyle(style), base_url=BASE, path="streams.s")[0]


def shape(call: Operation, record: dict[str, Any]) -> Request:
    """Make a record's request, as a sink does."""
    return shape_request(call, shape_address(call, record), without(record, call.exclude))


def wire(call: Operation, record: dict[str, Any]) -> SignedRequest:
    """Make the bytes of a record."""
    return sign(shape(call, record), BASE, KEYS)


def generic(**options: Any) -> Operation:  # noqa: ANN401
    """Build a generic call."""
    return call_of("generic", **{"url": "v6/x", **options})


# -- the six templates ----------------------------------------------------------------------------

CREATES = [
    ("create_case", "v6/cases", "caseData"),
    ("create_lead", "v6/leads", "leadData"),
    ("create_customer", "v6/customers", "customerData"),
    ("create_contact", "v6/contacts", "contactData"),
    ("create_opportunity", "v6/opportunities", "opportunityData"),
]


@pytest.mark.parametrize(("name", "path", "_data_param"), CREATES)
def test_a_create_in_rest_style(name: str, path: str, _data_param: str) -> None:
    """The record is the JSON body; action and keys are in the query."""
    sent = wire(call_of(name), {"lastName": "Müller & Co", "amount": Decimal("1.10"), "x": None})
    assert sent == SignedRequest(
        method="POST",
        url=f"{BASE}{path}?a=save&apiKey=K&accessKey=A",
        headers=JSON,
        body='{"lastName":"Müller & Co","amount":1.10,"x":null}'.encode(),
    )


@pytest.mark.parametrize(("name", "path", "data_param"), CREATES)
def test_a_create_in_action_style(name: str, path: str, data_param: str) -> None:
    """Everything, keys included, is in the form body; nothing secret is in the URL."""
    sent = wire(call_of(name, "action"), {"lastName": "Müller & Co"})
    assert sent == SignedRequest(
        method="POST",
        url=f"{BASE}{path}",
        headers=FORM,
        body=(
            f"a=save&{data_param}=%7B%22lastName%22%3A%22M%C3%BCller+%26+Co%22%7D"
            "&apiKey=K&accessKey=A"
        ).encode(),
    )


def test_a_delete_in_rest_style() -> None:
    """The id is in the path, the keys in the query, and there is no body."""
    sent = wire(call_of("delete_customer"), {"customerId": 9001, "name": "x"})
    assert sent == SignedRequest(
        method="DELETE",
        url=f"{BASE}v6/customers/9001?apiKey=K&accessKey=A",
        headers=(),
        body=None,
    )


def test_a_delete_in_action_style() -> None:
    """The id is a form field, and nothing else of the record is sent."""
    sent = wire(call_of("delete_customer", "action"), {"customerId": "9001", "name": "x"})
    assert sent == SignedRequest(
        method="POST",
        url=f"{BASE}v6/customers",
        headers=FORM,
        body=b"a=delete&customerId=9001&apiKey=K&accessKey=A",
    )


def test_the_user_name_travels_with_the_keys() -> None:
    """`userName` is added wherever the keys are, encoded."""
    keys = (*KEYS, ("userName", "sam@example.com"))
    rest = sign(shape(call_of("create_lead"), {}), BASE, keys)
    assert rest.url.endswith("?a=save&apiKey=K&accessKey=A&userName=sam%40example.com")
    action = sign(shape(call_of("create_lead", "action"), {}), BASE, keys)
    assert action.body == (
        b"a=save&leadData=%7B%7D&apiKey=K&accessKey=A&userName=sam%40example.com"
    )


def test_the_credentials_are_no_part_of_what_is_shown() -> None:
    """A request holds none before it is signed, and a signed one does not show them."""
    secrets = (("apiKey", "SECRET-1"), ("accessKey", "SECRET-2"))
    for style in ("rest", "action"):
        request = shape(call_of("create_lead", style), {"lastName": "Doe"})
        assert "SECRET" not in repr(request)
        assert "SECRET" not in repr(sign(request, BASE, secrets))


def test_a_mask_in_place_of_a_key_can_be_read() -> None:
    """The `***` of a preview is not percent-encoded."""
    masks = (("apiKey", "***"), ("accessKey", "***"))
    rest = sign(shape(call_of("create_lead"), {}), BASE, masks)
    assert rest.url.endswith("?a=save&apiKey=***&accessKey=***")
    action = sign(shape(call_of("create_lead", "action"), {}), BASE, masks)
    assert action.body is not None
    assert action.body.endswith(b"&apiKey=***&accessKey=***")


# -- the options of an opportunity ----------------------------------------------------------------

OPTIONS = {
    "account_id": "{acct}",
    "is_duplicate": "{dup}",
    "is_lead_convert": "{conv}",
    "is_customer_territory_update": "{terr}",
}


def test_the_options_of_an_opportunity_are_query_parameters_or_form_fields() -> None:
    """Y and N for two of them, true and false for the third; the record keeps its attributes."""
    record = {"acct": 12345, "dup": True, "conv": False, "terr": True}
    options = "accountId=12345&isDuplicate=Y&isLeadConvert=N&isCustomerTerritoryUpdate=true"
    sent = wire(call_of("create_opportunity", **OPTIONS), record)
    assert sent.url == f"{BASE}v6/opportunities?a=save&{options}&apiKey=K&accessKey=A"
    assert sent.body == b'{"acct":12345,"dup":true,"conv":false,"terr":true}'
    sent = wire(call_of("create_opportunity", "action", **OPTIONS), {**record, "acct": "a b"})
    options = options.replace("12345", "a+b")
    assert sent.url == f"{BASE}v6/opportunities"
    assert sent.body is not None
    assert sent.body.startswith(f"a=save&{options}&opportunityData=".encode())


@pytest.mark.parametrize("record", [{}, {"acct": None, "dup": ""}, {"acct": "", "conv": None}])
def test_an_option_without_a_value_is_left_out(record: dict[str, Any]) -> None:
    """A missing, null or empty value leaves the parameter out instead of refusing the record."""
    sent = wire(call_of("create_opportunity", **OPTIONS), record)
    assert sent.url == f"{BASE}v6/opportunities?a=save&apiKey=K&accessKey=A"


def test_options_are_absent_unless_set_and_need_not_be_templates() -> None:
    """A constant is sent with every record, in the parameter's own spelling."""
    call = call_of("create_opportunity", account_id=7, is_duplicate=False, is_lead_convert="Y")
    assert call_of("create_opportunity", account_id="").params == ()
    assert wire(call, {}).url == (
        f"{BASE}v6/opportunities?a=save&accountId=7&isDuplicate=N&isLeadConvert=Y"
        "&apiKey=K&accessKey=A"
    )


def test_an_option_that_is_an_object_rejects_the_record() -> None:
    """Only a value that is not there is left out; an object is a mistake."""
    with pytest.raises(RecordRejectedError, match="object or array"):
        wire(call_of("create_opportunity", account_id="{acct}"), {"acct": {"id": 1}})


# -- the generic endpoint -------------------------------------------------------------------------


def test_a_generic_put_of_json() -> None:
    """The URL is filled in, keys are added to its query, the body is the record."""
    call = generic(method="PUT", url="/v6/customers/{id}?a=update&n={n}", params={"x": "{n}+"})
    assert wire(call, {"id": 5, "n": "a&b"}) == SignedRequest(
        method="PUT",
        url=f"{BASE}v6/customers/5?a=update&n=a%26b&x=a%26b%2B&apiKey=K&accessKey=A",
        headers=JSON,
        body=b'{"id":5,"n":"a&b"}',
    )


def test_a_generic_delete_has_no_body() -> None:
    """Its keys are query parameters, whatever the content format."""
    for options in ({}, {"content_format": "application/x-www-form-urlencoded"}):
        assert wire(
            generic(method="DELETE", url="v6/x/{id}", **options), {"id": 5}
        ) == SignedRequest(
            method="DELETE", url=f"{BASE}v6/x/5?apiKey=K&accessKey=A", headers=(), body=None
        )


def test_a_generic_form_of_attributes() -> None:
    """Each attribute is a field, nested ones as JSON, nulls left out; the keys are fields too."""
    call = generic(content_format="application/x-www-form-urlencoded", params={"q": 1})
    record = {
        "s": 'a "b"&',
        "i": 1,
        "d": Decimal("1.10"),
        "t": True,
        "n": None,
        "o": {"x": "y"},
        "l": ["z"],
        "e": "",
    }
    sent = wire(call, record)
    assert sent.url == f"{BASE}v6/x?q=1"
    assert sent.headers == FORM
    assert sent.body == (
        b"s=a+%22b%22%26&i=1&d=1.10&t=true&o=%7B%22x%22%3A%22y%22%7D&l=%5B%22z%22%5D&e="
        b"&apiKey=K&accessKey=A"
    )


def test_a_generic_form_with_a_data_param() -> None:
    """The record travels as one JSON string in this field."""
    call = generic(content_format="application/x-www-form-urlencoded", data_param="leadData")
    assert wire(call, {"a": "ü"}) == SignedRequest(
        method="POST",
        url=f"{BASE}v6/x",
        headers=FORM,
        body=b"leadData=%7B%22a%22%3A%22%C3%BC%22%7D&apiKey=K&accessKey=A",
    )


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("v6/x", f"{BASE}v6/x"),
        ("/v6/x", f"{BASE}v6/x"),
        (f"{BASE}v6/x", f"{BASE}v6/x"),
        ("https://api.apptivo.com/other", "https://api.apptivo.com/other"),
        ("HTTPS://API.Apptivo.com:443/other", "https://api.apptivo.com/other"),
        ("https://api.apptivo.com", "https://api.apptivo.com/"),
        ("https://api.apptivo.com?a=b", "https://api.apptivo.com/?a=b"),
        ("v6/{a b}/{c?d#e}", f"{BASE}v6/1/2"),
        ("https://api.apptivo.com/{a b}?q={c?d#e}", "https://api.apptivo.com/1?q=2"),
        ("v6/x?u=https://elsewhere", f"{BASE}v6/x?u=https://elsewhere"),
        ("v6/{{x}}", f"{BASE}v6/{{x}}"),
    ],
)
def test_a_generic_url_is_absolute_or_relative(url: str, sent: str) -> None:
    """A leading slash is ignored, our own host is recognised, attributes may have any name."""
    request = shape(generic(url=url), {"a b": 1, "c?d#e": 2})
    assert sign(request, BASE, ()).url == sent


def test_the_base_url_may_have_another_path() -> None:
    """What is relative goes below the whole base URL, what is absolute below its host."""
    request = Request("POST", "v6/x")
    assert sign(request, "http://127.0.0.1:8700/app/dao/", ()).url == (
        "http://127.0.0.1:8700/app/dao/v6/x"
    )
    request = Request("POST", "/v6/x")
    assert sign(request, "http://[::1]:8700/app/dao/", ()).url == "http://[::1]:8700/v6/x"


# -- parameters and headers -----------------------------------------------------------------------


def test_params_travel_with_the_style() -> None:
    """More parameters are in the query, or form fields in action style; values need no text."""
    params = {"objectId": 4, "flag": True, "rate": 0.5, "src": "x {name}", "off": None}
    text = "objectId=4&flag=true&rate=0.5&src=x%20J%26D"
    record = {"name": "J&D"}
    rest = wire(call_of("create_lead", params=params), record)
    assert rest.url == f"{BASE}v6/leads?a=save&{text}&apiKey=K&accessKey=A"
    action = wire(call_of("create_lead", "action", params=params), record)
    assert action.body is not None
    assert action.body.startswith(f"a=save&{text.replace('%20', '+')}&leadData=".encode())


@pytest.mark.parametrize("record", [{}, {"name": None}, {"name": ""}])
def test_a_param_without_a_value_rejects_the_record(record: dict[str, Any]) -> None:
    """Only the options of an opportunity are left out."""
    with pytest.raises(MissingValueError, match="'name'"):
        wire(call_of("create_lead", params={"src": "{name}"}), record)


HEADER_PAIRS = (("X-One", "a:b"), ("X-Two", "c d"))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-One": "a:b", "X-Two": "c d"},
        {"X-One": "a:b", "X-Two": "c d", "X-Unset": None},
        "X-One:a:b,X-Two:c d",
        " X-One : a:b , X-Two:c d ,",
    ],
)
def test_headers_come_in_two_forms(headers: object) -> None:
    """The text is split at commas and then at the first colon."""
    assert wire(call_of("create_lead", headers=headers), {}).headers == (*JSON, *HEADER_PAIRS)
    assert wire(call_of("delete_customer", headers=headers), {"customerId": 1}).headers == (
        HEADER_PAIRS
    )


def test_a_content_type_of_the_user_wins() -> None:
    """A header is not sent twice, in whatever case it is written."""
    call = call_of("create_lead", headers={"content-type": "application/json; charset=utf-8"})
    assert wire(call, {}).headers == (("content-type", "application/json; charset=utf-8"),)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ("s3cret", "headers: must be written"),
        ("A:1,s3cret", "headers: must be written"),
        ({"b c": "s3cret"}, "headers: holds a name"),
        ({"X": "s3cret\r\nY: 1"}, r"headers\.X: holds a character"),
        ({"X": "s3cret\u20ac"}, r"headers\.X: holds a character"),
        ({"Host": "s3cret"}, r"headers\.Host: is set by the target"),
        ({"content-length": "1"}, r"headers\.content-length: is set by the target"),
    ],
)
def test_a_header_that_breaks_the_request_is_refused(headers: object, told: str) -> None:
    """A header neither ends early, nor goes to another host, nor is it shown."""
    with pytest.raises(SettingsError, match=f"streams.s.{told}") as raised:
        call_of("create_lead", headers=headers)
    assert "s3cret" not in str(raised.value)


# -- exclusions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ((), {"a": {"b": {"c": 1}, "d": 2}, "e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]}),
        (("a",), {"e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]}),
        (("a.b",), {"a": {"d": 2}, "e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]}),
        (("a.b.c", "a.d"), {"a": {"b": {}}, "e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]}),
        (("e.f",), {"a": {"b": {"c": 1}, "d": 2}, "e": {"f": 4}, "l": [{"b": 1}]}),
        (("e.f", "e.f"), {"a": {"b": {"c": 1}, "d": 2}, "e": {}, "l": [{"b": 1}]}),
        (
            ("l.b", "l.0.b", "a.x", "x.y", "x", "a.d.z"),
            {"a": {"b": {"c": 1}, "d": 2}, "e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]},
        ),
    ],
)
def test_excluded_attributes_are_left_out(exclude: tuple[str, ...], left: dict[str, Any]) -> None:
    """A dotted name reaches inside, a literal name wins, arrays are not entered."""
    record = {"a": {"b": {"c": 1}, "d": 2}, "e.f": 3, "e": {"f": 4}, "l": [{"b": 1}]}
    assert without(record, exclude) == left


def test_an_excluded_attribute_can_still_be_used_in_a_template() -> None:
    """Exclusion concerns the body alone, and a template does not take its attribute out of it."""
    call = generic(url="v6/x/{id}/{n.m}", exclude_attributes=["id", "n.m"])
    sent = wire(call, {"id": 5, "n": {"m": 6, "o": 7}})
    assert sent.url.startswith(f"{BASE}v6/x/5/6?")
    assert sent.body == b'{"n":{"o":7}}'
    assert wire(generic(url="v6/x/{id}"), {"id": 5}).body == b'{"id":5}'


@fixed
@given(
    records,
    st.lists(st.lists(texts, min_size=1, max_size=3).map(".".join), max_size=4),
    st.data(),
)
def test_exclusion_never_changes_the_record(
    record: dict[str, Any], exclude: list[str], data: st.DataObject
) -> None:
    """The record that templates, keys and the rejected file use stays as it was read."""
    if record:
        name = data.draw(st.sampled_from(sorted(record)))
        inner = record[name]
        exclude.append(name)
        if isinstance(inner, dict) and inner:
            exclude.insert(0, f"{name}.{data.draw(st.sampled_from(sorted(inner)))}")
    before = deepcopy(record)
    left = without(record, exclude)
    assert record == before
    assert not set(left) & set(exclude)


# -- no value leaves its place --------------------------------------------------------------------


@fixed
@given(texts.filter(bool))
def test_a_value_stays_in_its_segment_of_the_path(value: str) -> None:
    """Whatever a value holds, the URL has as many segments and no other query or fragment."""
    call = generic(url="v6/{x}/end?q={x}", params={"p": "{x}"})
    if value in {".", ".."} or splits_path(value):
        with pytest.raises(RecordRejectedError, match="path"):
            shape_address(call, {"x": value})
        return
    url = wire(call, {"x": value}).url
    path, _, query = url.removeprefix(BASE).partition("?")
    assert path.count("/") == 2
    assert unquote(path.split("/")[1]) == value
    assert "#" not in url
    assert url.count("?") == 1
    assert url.isascii()
    assert not any(character.isspace() for character in url)
    assert parse_qsl(query, keep_blank_values=True) == [("q", value), ("p", value), *KEYS]
    assert urlsplit(url).netloc == "api.apptivo.com"


@pytest.mark.parametrize(
    ("url", "record"),
    [
        ("v6/{x}", {"x": "."}),
        ("v6/{x}", {"x": ".."}),
        ("v6/{x}/{x}", {"x": ".."}),
        ("v6/.{x}", {"x": "."}),
        ("v6/{x}{x}?q=1", {"x": "."}),
        ("v6/%2e{x}", {"x": "."}),
        ("v6/%2E{x}/y", {"x": "."}),
    ],
)
def test_a_value_does_not_climb_to_another_path(url: str, record: dict[str, Any]) -> None:
    """A segment `.` or `..` would call something else; in a query the same value is harmless."""
    with pytest.raises(RecordRejectedError, match=r"'\.' or '\.\.'"):
        shape_address(generic(url=url), record)
    assert shape_address(generic(url="v6/x?q={x}"), record).url == f"v6/x?q={record['x']}"


@pytest.mark.parametrize("style", ["rest", "action"])
@pytest.mark.parametrize(
    "customer_id",
    [
        0,
        -1,
        "0",
        "00",
        "-5",
        "+5",
        "5.0",
        Decimal("5.5"),
        True,
        "abc",
        "5 ",
        "5\n",
        " 5",
        "5/6",
        "5?x",
        "..",
        "*",
        "\u0665",
        "5,6",
        "1e3",
    ],
    ids=repr,
)
def test_only_one_customer_is_deleted(style: str, customer_id: object) -> None:
    """An id that is no positive integer is refused before anything is sent, and not shown."""
    with pytest.raises(RecordRejectedError, match="not a positive integer"):
        wire(call_of("delete_customer", style), {"customerId": customer_id})


@pytest.mark.parametrize("style", ["rest", "action"])
@pytest.mark.parametrize("record", [{}, {"customerId": None}, {"customerId": ""}])
def test_a_delete_without_an_id_is_refused(style: str, record: dict[str, Any]) -> None:
    """A missing id never becomes a delete of all."""
    with pytest.raises(MissingValueError, match="'customerId'"):
        wire(call_of("delete_customer", style), record)


@pytest.mark.parametrize("customer_id", [1, "9001", 10**15, Decimal(7)])
def test_a_positive_integer_is_deleted_as_number_or_digits(customer_id: object) -> None:
    """The template of the id may name any attribute."""
    call = call_of("delete_customer", customer_id="{key.id}")
    sent = wire(call, {"key": {"id": customer_id}})
    assert sent.url == f"{BASE}v6/customers/{customer_id}?apiKey=K&accessKey=A"


# -- laws of the body -----------------------------------------------------------------------------


def as_json(value: Any) -> Any:  # noqa: ANN401
    """Give a value as it is read from JSON: a decimal without decimals is an integer there."""
    match value:
        case dict():
            return {name: as_json(item) for name, item in value.items()}
        case list():
            return [as_json(item) for item in value]
        case Decimal() if "." not in format(value, "f"):
            return int(value)
        case Decimal():
            return format(value, "f")
    return value


@fixed
@given(records)
def test_decoding_the_body_gives_the_record_back(record: dict[str, Any]) -> None:
    """Every type, digit and character arrives, as JSON body and as form field."""
    body = wire(call_of("create_lead"), record).body
    assert body is not None
    assert as_json(loads(body)) == as_json(record)
    body = wire(call_of("create_lead", "action"), record).body
    assert body is not None
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    assert as_json(loads(fields["leadData"])) == as_json(record)
    assert list(fields) == ["a", "leadData", "apiKey", "accessKey"]


@fixed
@given(st.dictionaries(texts.filter(bool), texts | st.integers(), max_size=5))
def test_decoding_a_plain_form_gives_the_attributes_back(record: dict[str, Any]) -> None:
    """No value of a form becomes another field."""
    body = wire(generic(content_format="application/x-www-form-urlencoded"), record).body
    assert body is not None
    wanted = [(name, str(value)) for name, value in record.items()]
    assert parse_qsl(body.decode(), keep_blank_values=True) == [*wanted, *KEYS]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (call_of("create_lead"), "\ud800"),
        (call_of("create_lead", "action"), "\ud800"),
        (generic(content_format="application/x-www-form-urlencoded"), "\ud800"),
        (generic(url="v6/{x}"), "\ud800"),
        (generic(params={"p": "{x}"}), "\ud800"),
        (call_of("create_lead"), float("nan")),
        (call_of("create_lead"), Decimal("1E+9999")),
        (call_of("create_lead"), {"s3cret"}),
        (call_of("create_lead"), {(1, 2): "s3cret"}),
    ],
)
def test_what_cannot_be_sent_rejects_the_record(call: Operation, value: object) -> None:
    """Half a character, or what JSON cannot hold, refuses one record and never the run."""
    with pytest.raises(RecordRejectedError) as raised:
        wire(call, {"x": value})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["apiKey", "accessKey"])
def test_no_attribute_stands_beside_the_keys_of_a_form(name: str) -> None:
    """The server might read the record's in place of ours."""
    form = generic(content_format="application/x-www-form-urlencoded")
    with pytest.raises(RecordRejectedError, match=f"^attribute '{name}' would stand in the form"):
        wire(form, {name: "s3cret"})
    assert wire(generic(), {name: "x"}).body == f'{{"{name}":"x"}}'.encode()


def test_what_creates_and_what_deletes_is_known() -> None:
    """A create may be doubled by a second sending: every POST but a delete."""
    assert call_of("create_lead").creates
    assert call_of("create_lead", "action").creates
    assert generic().creates
    assert not generic(method="PUT").creates
    assert not generic(method="PUT").deletes
    for call in (
        call_of("delete_customer"),
        call_of("delete_customer", "action"),
        generic(method="DELETE"),
    ):
        assert call.deletes
        assert not call.creates


def test_a_golden_record_leaves_as_the_tap_wrote_it() -> None:
    """Order, digits, dates, nesting and nulls of a line are the body's."""
    line = (
        '{"i":1,"d":12.50,"big":12345678901234567890.10,"at":"2026-01-02T03:04:05.000Z",'
        '"o":{"l":[1,{"x":null}]},"t":true,"u":"Zoë 😀"}'
    )
    call = call_of("create_lead")
    assert call.content is Content.JSON
    assert wire(call, loads(line)).body == line.encode()
    assert json.loads(line)["d"] == 12.5
