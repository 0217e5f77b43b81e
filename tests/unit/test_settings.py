"""The settings: what is wrong is named by its full path, and its value is never shown."""

from __future__ import annotations

from typing import Any

import pytest

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES, ApiStyle
from target_apptivo.errors import SettingsError
from target_apptivo.settings.check import check_settings
from target_apptivo.settings.options import APPLIES_TO
from target_apptivo.settings.read import read_settings
from target_apptivo.settings.responses import Responses
from target_apptivo.settings.urls import base_url
from tests.settings import (
    GENERIC,
    KEYS,
    SCHEMA,
    batch,
    error_of,
    generic,
    in_step,
    read,
    stream,
)

# -- defaults -------------------------------------------------------------------------------------


def test_the_defaults_are_the_contracts() -> None:
    """Two keys are enough."""
    found = read()
    assert found.credentials == (("apiKey", "s3cret-api-key"), ("accessKey", "s3cret-access-key"))
    assert found.api_url == "https://api.apptivo.com/app/dao/"
    assert found.api_style is ApiStyle.REST
    assert found.responses == Responses(emit="none", path=None, webhook_url=None, state_limit=100)
    assert (found.max_rejected, found.rejected_path, found.on_uncertain) == (0, None, "resend")
    assert (found.max_in_flight, found.requests_per_second, found.max_attempts) == (8, None, 5)
    assert (found.connect_timeout, found.read_timeout, found.dry_run) == (10, 120, False)


def test_settings_are_read() -> None:
    """Every setting arrives where it belongs."""
    found = read(
        api_url="http://127.0.0.1:8700/x",
        api_style="action",
        user_name="sam@example.com",
        responses={"emit": "state", "state_limit": 5.0, "webhook_url": "https://h/w"},
        max_rejected=-1,
        rejected_path="rejected.singer",
        on_uncertain="hold",
        max_in_flight=2.0,
        requests_per_second=0.5,
        max_attempts=1,
        connect_timeout=1.5,
        read_timeout=2,
        dry_run=True,
    )
    assert found.credentials[2:] == (("userName", "sam@example.com"),)
    assert found.api_url == "http://127.0.0.1:8700/x/"
    assert found.api_style is ApiStyle.ACTION
    assert found.responses == Responses(
        emit="state", state_limit=5, webhook_url="https://h/w", path=None
    )
    assert isinstance(found.responses.state_limit, int)
    assert (found.max_rejected, found.rejected_path) == (-1, "rejected.singer")
    assert (found.max_in_flight, found.requests_per_second, found.max_attempts) == (2, 0.5, 1)
    assert (found.connect_timeout, found.read_timeout, found.dry_run) == (1.5, 2, True)
    assert found.on_uncertain == "hold"


def test_null_means_not_set() -> None:
    """A null anywhere among the settings is the same as an absent one."""
    names = [name for name in SCHEMA["properties"] if name not in KEYS]
    assert read(**dict.fromkeys(names)) == read()
    for endpoint in ENDPOINT_NAMES:
        own = {"endpoint": endpoint} | (GENERIC if endpoint == "generic" else {})
        nulls = dict.fromkeys(APPLIES_TO.keys() - own.keys())
        assert read(streams={"s": nulls | own}).routes == read(streams={"s": own}).routes
    assert (
        read(**generic(params={"x": None}, headers={"X": None})).routes == read(**generic()).routes
    )
    nulls = dict.fromkeys(["size", "grouping", "other_props", "code", "results_path"])
    assert read(**batch(**nulls)).routes == read(**batch()).routes
    nulls = dict.fromkeys(["emit", "path", "webhook_url", "state_limit"])
    assert read(responses=nulls) == read()
    reference = {"stream": "firms", "key": "{id}"}
    wanted = read(**in_step(references={"firm": reference}))
    nulls = {"firm": reference | {"on_missing": None}, "other": None}
    assert read(**in_step(references=nulls, fields={"Email": None})).routes == wanted.routes


# -- what is wrong --------------------------------------------------------------------------------

S = "s3cret"
WRONG: list[tuple[dict[str, Any], str]] = [
    # unknown, at every level
    ({"api_kye": S}, "api_kye: is unknown; did you mean `api_key`?"),
    ({"zzz": S}, "zzz: is unknown; see --about for the settings there are"),
    ({"api_kye": None}, "api_kye: is unknown"),
    (stream(endpont=S), "streams.people.endpont: is unknown; did you mean `endpoint`?"),
    (stream(methd=None), "streams.people.methd: is unknown; did you mean `method`?"),
    (generic(heders=S), "generic.heders: is unknown; did you mean `headers`?"),
    (generic(endpoint="generic"), "generic.endpoint: is unknown"),
    (batch(sise=1), "generic.batch.sise: is unknown; did you mean `size`?"),
    (
        {"streams": {"p": {"endpoint": "generic", "url": "x", "batch": {"sise": 1}}}},
        "streams.p.batch.sise: is unknown",
    ),
    ({"responses": {"emt": S}}, "responses.emt: is unknown; did you mean `emit`?"),
    # of the SDK, without a meaning here
    ({"batch_size_rows": 5}, "batch_size_rows: is not a setting of this target: use streams."),
    # of the SDK, with other values here
    ({"load_method": "overwrite"}, "load_method: cannot be `overwrite`: Apptivo is never emptied;"),
    (in_step(load_method="overwrite"), "streams.people.load_method: cannot be `overwrite`"),
    # missing
    ({"streams": {"people": {}}}, "streams.people.endpoint: is required"),
    ({"streams": {"people": {"endpoint": None}}}, "streams.people.endpoint: is required"),
    ({"generic": {}}, "generic.url: is required"),
    ({"streams": {"p": "generic"}}, "streams.p.url: is required"),
    ({"generic": {"url": None}}, "generic.url: is required"),
    # of a wrong type
    ({"api_key": 1234567890}, "api_key: must be a string"),
    ({"access_key": [S]}, "access_key: must be a string"),
    ({"api_key": ""}, "api_key: must not be empty"),
    ({"api_style": "REST"}, "api_style: must be one of `rest`, `action`"),
    ({"api_style": 1}, "api_style: must be"),
    ({"streams": [S]}, "streams: must be an object"),
    ({"streams": {"p": 5}}, "streams.p: must be the name of an endpoint, or an object"),
    ({"streams": {"p": None}}, "streams.p: must be the name of an endpoint, or an object"),
    ({"streams": {"p": S}}, "streams.p: must be one of `create_case`"),
    ({"streams": {"p": {"endpoint": S}}}, "streams.p.endpoint: must be one of `create_case`"),
    ({"generic": S}, "generic: must be an object"),
    (generic(url=5), "generic.url: must be a string"),
    (generic(url=""), "generic.url: must not be empty"),
    (generic(method="PATCH"), "generic.method: must be one of `POST`, `PUT`, `DELETE`"),
    (generic(content_format="text/xml"), "generic.content_format: must be one of `application/j"),
    (generic(exclude_attributes=S), "generic.exclude_attributes: must be an array"),
    (generic(exclude_attributes=[5]), "generic.exclude_attributes.0: must be a string"),
    (generic(exclude_attributes=[None]), "generic.exclude_attributes.0: must be a string"),
    (generic(headers=5), "generic.headers: must be an object or a string"),
    (generic(headers={"X": 5}), "generic.headers.X: must be a string"),
    (generic(headers=S), "generic.headers: must be written"),
    (generic(params=S), "generic.params: must be an object"),
    (generic(params={"x": [S]}), "generic.params.x: must be a string or a number or a boolean"),
    (generic(params={"x": float("nan")}), "generic.params.x: is a number that JSON cannot hold"),
    (generic(params={"apiKey": S}), "generic.params.apiKey: is added by the target"),
    (stream(params={"a": "delete"}), "streams.people.params.a: is a parameter of the endpoint's"),
    (stream(params={"leadData": S}), "streams.people.params.leadData: is a parameter of the end"),
    (
        {"streams": {"p": {"endpoint": "delete_customer", "params": {"customerId": "{s3cret}"}}}},
        "streams.p.params.customerId: is a parameter of the endpoint's own",
    ),
    (
        {"streams": {"p": {"endpoint": "create_opportunity", "params": {"accountId": S}}}},
        "streams.p.params.accountId: is a parameter of the endpoint's own",
    ),
    (stream(params={"x": "{s3cret"}), "streams.people.params.x: a brace without a partner"),
    (generic(url="v6/x?a=save", params={"a": S}), "generic.params.a: is a parameter of the end"),
    (batch(other_props={"x": [float("nan")]}), "generic.batch.other_props.x.0: is a number that"),
    (batch(size=0), "generic.batch.size: must be at least 1"),
    (batch(size=1.5), "generic.batch.size: must be an integer"),
    (batch(grouping=S), "generic.batch.grouping: must be one of `property`, `code`"),
    (batch(other_props=[S]), "generic.batch.other_props: must be an object or a string"),
    (batch(split_rejected=S), "generic.batch.split_rejected: must be a boolean"),
    (generic(batch=S), "generic.batch: must be an object"),
    ({"responses": S}, "responses: must be an object"),
    ({"responses": {"emit": S}}, "responses.emit: must be one of `none`, `state`, `records`"),
    ({"responses": {"state_limit": -1}}, "responses.state_limit: must be at least 0"),
    ({"max_rejected": -2}, "max_rejected: must be at least -1"),
    ({"max_rejected": "1"}, "max_rejected: must be an integer"),
    ({"on_uncertain": S}, "on_uncertain: must be one of `resend`, `hold`"),
    ({"max_in_flight": 0}, "max_in_flight: must be at least 1"),
    ({"max_in_flight": True}, "max_in_flight: must be an integer"),
    ({"requests_per_second": 0}, "requests_per_second: must be greater than 0"),
    ({"requests_per_second": float("nan")}, "requests_per_second: is a number that JSON cannot"),
    ({"requests_per_second": float("inf")}, "requests_per_second: is a number that JSON cannot"),
    ({"connect_timeout": float("nan")}, "connect_timeout: is a number that JSON cannot hold"),
    ({"read_timeout": 1e10}, "read_timeout: must be at most 86400"),
    ({"api_key": f"{S} "}, "api_key: begins or ends with white space"),
    ({"max_attempts": 0}, "max_attempts: must be at least 1"),
    ({"connect_timeout": 0}, "connect_timeout: must be greater than 0"),
    ({"read_timeout": "s"}, "read_timeout: must be a number"),
    ({"dry_run": "yes"}, "dry_run: must be a boolean"),
    ({"load_method": S}, "load_method: must be one of `append-only`, `upsert`, `create-only`, `up"),
    ({"load_method": [S]}, "load_method: must be a string"),
    ({"journal_url": 5}, "journal_url: must be a string"),
    ({"journal_url": ""}, "journal_url: must not be empty"),
    ({"journal_account": 5}, "journal_account: must be a string"),
    ({"settle_seconds": -1}, "settle_seconds: must be at least 0"),
    ({"settle_seconds": 86401}, "settle_seconds: must be at most 86400"),
    ({"settle_seconds": "60"}, "settle_seconds: must be a number"),
    ({"settle_seconds": float("nan")}, "settle_seconds: is a number that JSON cannot hold"),
    # of the SDK
    ({"stream_maps": S}, "stream_maps: must be an object"),
    ({"stream_maps": {"p": 5}}, "stream_maps.p: must be an object"),
    ({"stream_maps": {"p": {"x": [S]}}}, "stream_maps.p.x: must be"),
    ({"stream_maps": {"p": {"__else__": S}}}, "stream_maps.p.__else__: must be"),
    ({"stream_maps": {"__else__": S}}, "stream_maps.__else__: must be"),
    ({"stream_maps": {"p": {"x": "int(s3cret"}}}, "stream_maps.p.x: is not an expression that can"),
    ({"stream_maps": {"p": {"x": " s3cret"}}}, "stream_maps.p.x: is not an expression that can"),
    ({"stream_maps": {"p": {"x": ""}}}, "stream_maps.p.x: is not an expression that can be"),
    ({"stream_maps": {"p": {"__filter__": "a b"}}}, "stream_maps.p.__filter__: is not an express"),
    ({"flattening_enabled": S}, "flattening_enabled: must be a boolean"),
    ({"flattening_enabled": True}, "flattening_max_depth: is required with flattening_enabled"),
    # that do not fit together
    ({"max_rejected": 1}, "rejected_path: is required with max_rejected"),
    ({"max_rejected": -1}, "rejected_path: is required with max_rejected"),
    ({"responses": {"path": S}}, "responses.path: needs responses.emit `records`"),
    ({"responses": {"emit": "state", "path": S}}, "responses.path: needs responses.emit"),
    (generic(data_param=S), "generic.data_param: needs a body of content_format"),
    (
        generic(
            method="PUT",
            batch={"property_name": "r"},
            content_format="application/x-www-form-urlencoded",
        ),
        "generic.batch: needs a body that takes several records",
    ),
    ({"streams": {"*": "delete_customer"}}, "streams.*: a wildcard never leads to a delete"),
    # URLs that the keys may not be sent to
    ({"api_url": "s3cret"}, "api_url: must be an http or https URL"),
    ({"api_url": "ftp://s3cret/"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://s3cret:99999/"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://[s3cret/"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://s3cret/\\x"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://s3cret/a b"}, "api_url: must be an http or https URL"),
    ({"api_url": "https://user:s3cret@host/"}, "api_url: must hold no user name or password"),
    ({"api_url": "https://s3cret@host/"}, "api_url: must hold no user name or password"),
    ({"api_url": "https://host/?key=s3cret"}, "api_url: must have no query and no fragment"),
    ({"api_url": "https://host/?"}, "api_url: must have no query and no fragment"),
    ({"api_url": "https://host/#s3cret"}, "api_url: must have no query and no fragment"),
    ({"api_url": "http://api.apptivo.com/"}, "api_url: must be https"),
    ({"api_url": "http://127.0.0.1.s3cret.com/"}, "api_url: must be https"),
    ({"api_url": "http://localhost.s3cret.com/"}, "api_url: must be https"),
    ({"responses": {"webhook_url": "s3cret"}}, "responses.webhook_url: must be an http or https"),
    ({"responses": {"webhook_url": "https://u:s3cret@h/"}}, "responses.webhook_url: must hold no"),
    (generic(url="https://s3cret.example.com/x"), "generic.url: is on another host than api_url"),
    (generic(url="https://api.apptivo.com.s3cret/"), "generic.url: is on another host"),
    (generic(url="https://api.apptivo.com:8443/"), "generic.url: is on another host"),
    (generic(url="http://api.apptivo.com/"), "generic.url: is on another host"),
    (generic(url="ftp://api.apptivo.com/"), "generic.url: is on another host"),
    (generic(url="https://{s3cret}/"), "generic.url: holds a user name or a template"),
    (generic(url="https://api.apptivo.com{s3cret}/"), "generic.url: holds a user name or a tem"),
    (generic(url="https://api.apptivo.com@s3cret/"), "generic.url: holds a user name"),
    (generic(url="{s3cret}://api.apptivo.com/"), "generic.url: is on another host"),
    (generic(url="https://[s3cret/"), "generic.url: is no URL"),
    (generic(url="//s3cret/x"), "generic.url: must be absolute"),
    (generic(url="/\\s3cret/x"), "generic.url: holds a space, a control character"),
    (generic(url="v6/s3cret x"), "generic.url: holds a space"),
    (generic(url="v6/x\r\ns3cret"), "generic.url: holds a space"),
    (generic(url="v6/x#s3cret"), "generic.url: holds a space, a control character, `\\` or `#`"),
    (generic(url="v6/../s3cret"), "generic.url: holds a segment `.` or `..`"),
    (generic(url="v6/%2E%2e/s3cret"), "generic.url: holds a segment"),
    (generic(url="v6/x?d=5%&q={s3cret}"), "generic.url: holds a `%` without two hexadecimal"),
    (generic(url="v6/x?apiKey=s3cret"), "generic.url: names apiKey or accessKey, which the target"),
    (generic(url="v6/{s3cret"), "generic.url: a brace without a partner"),
]


@pytest.mark.parametrize(("config", "told"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_setting_is_named_and_not_shown(config: dict[str, Any], told: str) -> None:
    """The message starts with the full path and the problem, and holds no value."""
    message = error_of(**config)
    assert message.startswith(told)
    assert "1234567890" not in message
    assert "s3cret" not in message.replace("s3cret-", "")


def test_an_endpoint_that_may_be_meant_is_suggested() -> None:
    """A plural, or another case, is a typo like any other."""
    for name in ("create_leads", "Create_Lead"):
        assert error_of(streams={"p": name}).endswith("; did you mean `create_lead`?")


# -- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["api_key", "access_key"])
@pytest.mark.parametrize("value", ["absent", None, "  "])
def test_both_keys_are_required(name: str, value: str | None) -> None:
    """Without keys nothing is sent; where nothing is sent, none are needed."""
    config: dict[str, Any] = KEYS | {name: value}
    if value == "absent":
        del config[name]
    check_settings(config, SCHEMA)
    with pytest.raises(SettingsError, match=f"^{name}: is required"):
        read_settings(config)
    read_settings(config, needs_keys=False)
    read_settings(config | {"dry_run": True})
    # With `fields` the account's configuration is read all the same.
    config["streams"] = {"people": {"endpoint": "create_lead", "fields": {"Email": "mail"}}}
    with pytest.raises(SettingsError, match=f"^{name}: is required"):
        read_settings(config | {"dry_run": True})
    sandbox = read_settings(config, sandbox_url="http://127.0.0.1:1/app/dao/")
    assert sandbox.api_url == "http://127.0.0.1:1/app/dao/"


def test_a_sandbox_never_gets_the_real_keys() -> None:
    """It has made-up ones, and generic URLs are still checked against the real host."""
    sandbox = read_settings(KEYS | generic(), sandbox_url="http://127.0.0.1:1/")
    assert "s3cret" not in repr(sandbox.credentials)


def test_under_meltano_response_records_need_a_path() -> None:
    """Meltano stores a loader's stdout as state."""
    config = KEYS | {"responses": {"emit": "records"}}
    with pytest.raises(SettingsError, match=r"^responses\.path: is required under Meltano"):
        read_settings(config, stdout_is_state=True)
    assert read_settings(config).responses.path is None
    config["responses"] = {"emit": "records", "path": "out.singer"}
    assert read_settings(config, stdout_is_state=True).responses.path == "out.singer"


# -- the base URL ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://api2.apptivo.com/app/dao", "https://api2.apptivo.com/app/dao/"),
        ("https://api.apptivo.com", "https://api.apptivo.com/"),
        ("https://api.apptivo.com:8443/x/", "https://api.apptivo.com:8443/x/"),
        ("http://localhost:8700/app/dao/", "http://localhost:8700/app/dao/"),
        ("http://LOCALHOST/", "http://LOCALHOST/"),
        ("http://127.0.0.1", "http://127.0.0.1/"),
        ("http://127.9.9.9:1/", "http://127.9.9.9:1/"),
        ("http://[::1]:8700/", "http://[::1]:8700/"),
    ],
)
def test_a_base_url_gets_its_final_slash(url: str, read: str) -> None:
    """Plain http is for this machine alone."""
    assert base_url(url) == read


def test_an_absolute_url_on_the_same_host_is_fine() -> None:
    """The host is api_url's, with or without its default port."""
    found = read(
        api_url="https://api2.apptivo.com/app/dao/", **generic(url="https://API2.apptivo.com:443/y")
    )
    assert found.routes.fallback is not None
    assert found.routes.fallback.operation.url.parts == ("/y",)
