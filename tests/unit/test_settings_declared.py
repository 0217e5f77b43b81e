"""One declaration: whatever is told of a setting follows from its field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from singer_sdk import typing as th

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES, TEMPLATES
from target_apptivo.errors import SettingsError
from target_apptivo.settings.batch import BatchOptions
from target_apptivo.settings.check import check_settings, parse_text
from target_apptivo.settings.declared import MEANINGLESS, SECRETS, DeclaredSettings
from target_apptivo.settings.options import APPLIES_TO, EndpointOptions
from target_apptivo.settings.references import ReferenceOptions
from target_apptivo.settings.responses import Responses
from target_apptivo.settings.setting import (
    WrongValueError,
    namesakes,
    object_type,
    read,
    setting,
    settings_of,
)
from target_apptivo.target import TargetApptivo
from tests import settings as given
from tests.settings import FITTING, JOURNAL, KEYS, OWN, SCHEMA, entry, error_of

DECLARATIONS = (DeclaredSettings, EndpointOptions, BatchOptions, ReferenceOptions, Responses)

# For each setting of the first level another value than its default.
OTHER: dict[str, Any] = {
    **KEYS,
    "api_url": "http://127.0.0.1:1/",
    "api_style": "action",
    "user_name": "sam@example.com",
    "streams": {"people": "create_lead"},
    "generic": {"url": "v6/x"},
    "responses": {"emit": "state"},
    "max_rejected": -1,
    "rejected_path": "rejected.singer",
    "on_uncertain": "hold",
    "max_in_flight": 2,
    "requests_per_second": 0.5,
    "max_attempts": 1,
    "connect_timeout": 1.5,
    "read_timeout": 2.5,
    "load_method": "update-only",
    **JOURNAL,
    "journal_account": "ours",
    "settle_seconds": 0.5,
    "dry_run": True,
}


# -- a declaration of three settings --------------------------------------------------------------


def _no_seven(value: int) -> int:
    if value == 7:
        msg = "is bad luck"
        raise WrongValueError(msg)
    return value


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Settings in a setting."""

    limit: float = setting(th.NumberType, default=3, title="Limit", description="Most.")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a setting can be."""

    count: int = setting(
        th.IntegerType, default=1, read=_no_seven, title="Count", description="How many."
    )
    key: str = setting(
        th.StringType, required=True, secret=True, title="Key", description="Opens it."
    )
    names: tuple[str, ...] = setting(
        th.ArrayType(th.StringType), read=tuple, unset=(), title="Names", description="Whose."
    )
    inner: Inner = setting(Inner, title="Inner", description="More.")


def test_a_field_is_the_whole_declaration() -> None:
    """Schema and plain values follow from it."""
    schema = object_type(Sample).to_dict()
    assert schema["required"] == ["key"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["count"]["default"] == 1
    assert schema["properties"]["key"]["secret"] is True
    assert schema["properties"]["inner"]["properties"]["limit"]["title"] == "Limit"
    assert read(Sample, {"key": "k"}) == Sample(count=1, key="k", names=(), inner=Inner(limit=3.0))
    wanted = {"key": "k", "count": None, "names": ["a"], "inner": {"limit": 5}}
    found = read(Sample, wanted)
    assert found == Sample(count=1, key="k", names=("a",), inner=Inner(limit=5))
    assert isinstance(found.inner.limit, float)


def test_a_value_that_is_wrong_beyond_its_type_is_named() -> None:
    """The reader of a setting says what is wrong, the path is put before it."""
    with pytest.raises(SettingsError, match=r"^there\.count: is bad luck$"):
        read(Sample, {"key": "k", "count": 7}, "there")
    with pytest.raises(SettingsError, match=r"^key: is required$"):
        read(Sample, {"key": None})


def test_a_secret_is_not_in_its_text() -> None:
    """Not even a debugger's line of the settings shows it."""
    assert "k3y" not in repr(read(Sample, {"key": "k3y"}))


def test_namesakes_are_handed_on() -> None:
    """What has the same name needs no third place; what is not set has the other's default."""

    @dataclass
    class Wanted:
        count: int
        other: int = 5
        names: tuple[str, ...] = ("b",)

    sample = read(Sample, {"key": "k", "count": 3})
    assert Wanted(**namesakes(Wanted, sample)) == Wanted(count=3, names=())


# -- ours -----------------------------------------------------------------------------------------


def test_the_declaration_is_a_valid_json_schema() -> None:
    """Others read it too: Meltano's hub, an editor, `--about`."""
    Draft202012Validator.check_schema(OWN)
    json.dumps(OWN)


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_every_setting_is_declared_in_full(declaration: type[Any]) -> None:
    """Each has a title, a description that is a sentence, and a default that it may have."""
    for name, each in settings_of(declaration).items():
        assert each.title, name
        assert each.description.endswith("."), name
        assert each.choices is None or all(each.choices.values()), name
        schema = object_type(declaration).to_dict()["properties"][name]
        if each.default is not None:
            Draft202012Validator(schema).validate(each.default)
            assert schema["default"] == each.default


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_every_plain_default_is_of_its_fields_type(declaration: type[Any]) -> None:
    """The type of the field and the one in the declaration are the same."""
    plain = {bool: bool, int: int, float: float, str: str}
    hints = get_type_hints(declaration, localns={"Mapping": dict, "LoadMethod": str})
    for name, each in settings_of(declaration).items():
        kind = plain.get(hints[name])
        if kind and each.default is not None:
            assert type(each.plain(each.default, name)) is kind, name


def test_about_tells_all_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every declared setting stands there, with its default; ours wins over the SDK's."""
    monkeypatch.setenv("TARGET_APPTIVO_JOURNAL_URL", "postgresql://u:s3cret@h/db")
    told = TargetApptivo._get_about_info().settings["properties"]  # noqa: SLF001
    for name, each in settings_of(DeclaredSettings).items():
        assert told[name].get("default") == each.default, name
        assert told[name]["title"] == each.title, name
        assert told[name]["description"] == each.description, name
        assert told[name].get("secret", False) == each.secret, name
    assert "overwrite" not in told["load_method"]["enum"]
    assert "s3cret" not in json.dumps(told)
    assert not set(MEANINGLESS) & set(told)
    sdk = {"stream_maps", "flattening_enabled", "validate_records", "add_record_metadata"}
    assert sdk <= set(told)


def test_secrets() -> None:
    """The keys, and the URL of the journal, whose password may stand in it."""
    assert SECRETS == ("api_key", "access_key", "journal_url")
    settings = given.read(**JOURNAL)
    assert "s3cret" not in repr(settings)


# -- what applies to what -------------------------------------------------------------------------

_CREATES = set(ENDPOINT_NAMES) - {"delete_customer", "generic"}


@pytest.mark.parametrize(
    ("option", "endpoints"),
    [
        *((name, {"create_opportunity"}) for name in ("account_id", "is_duplicate")),
        *((name, {"create_opportunity"}) for name in ("is_lead_convert",)),
        ("is_customer_territory_update", {"create_opportunity"}),
        ("customer_id", {"delete_customer"}),
        *((name, {"generic"}) for name in ("method", "url", "content_format", "data_param")),
        ("batch", {"generic"}),
        *((name, _CREATES | {"generic"}) for name in ("id_path", "load_method", "journal_stream")),
        *((name, _CREATES) for name in ("match_on", "on_conflict", "update_nulls", "fields")),
        ("hard_delete", {"create_customer"}),
        *((name, set(ENDPOINT_NAMES)) for name in ("headers", "params", "exclude_attributes")),
        *((name, set(ENDPOINT_NAMES)) for name in ("references", "endpoint")),
    ],
)
def test_what_each_option_applies_to(option: str, endpoints: set[str]) -> None:
    """The contract's table."""
    assert set(APPLIES_TO[option]) == endpoints


@pytest.mark.parametrize("option", [name for name in APPLIES_TO if name != "endpoint"])
@pytest.mark.parametrize("endpoint", ENDPOINT_NAMES)
def test_an_option_applies_to_some_endpoints_alone(endpoint: str, option: str) -> None:
    """An option of another endpoint would do nothing, so it is an error."""
    options = entry(endpoint, option)
    if endpoint in APPLIES_TO[option]:
        assert given.read(streams={"s": options}, **JOURNAL).routes.find("s")
        return
    problem = f"does not apply to {endpoint}; it is an option of {', '.join(APPLIES_TO[option])}"
    assert error_of(streams={"s": options}, **JOURNAL) == f"streams.s.{option}: {problem}"
    if endpoint == "generic":
        del options["endpoint"]
        assert error_of(generic=options, **JOURNAL) == f"generic.{option}: {problem}"


def test_generic_tells_of_its_own_options_alone() -> None:
    """`--about` shows under `generic` what applies to it."""
    told = set(OWN["properties"]["generic"]["properties"])
    applies = {name for name, endpoints in APPLIES_TO.items() if "generic" in endpoints}
    assert told == applies - {"endpoint"}


@pytest.mark.parametrize("endpoint", ENDPOINT_NAMES)
def test_all_options_of_an_endpoint_go_together(endpoint: str) -> None:
    """No two of them exclude each other, but for a body of many records and a delete."""
    names = [name for name in FITTING if endpoint in APPLIES_TO[name]]
    route = given.read(streams={"s": entry(endpoint, *names)}, **JOURNAL).routes.find("s")
    assert route is not None
    assert route.operation.exclude == ("a",)
    assert route.operation.headers == (("a", "b"),)
    assert "x" in [param.name for param in route.operation.params]


def test_an_app_is_one_row() -> None:
    """Its default stream names and its own options are in it."""
    for name, row in TEMPLATES.items():
        assert row.name == name
        assert row.streams
        # Searches, reads and updates need these; without an envelope any 200 would be a create.
        assert row.data_param is None or (row.envelope and row.object_id and row.names_param)
        for option in row.options:
            assert APPLIES_TO[option.setting] == (name,)


# -- the environment ------------------------------------------------------------------------------


def test_every_setting_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run by variables is the run by a file of the same settings."""
    assert OTHER.keys() == settings_of(DeclaredSettings).keys()
    for name, value in OTHER.items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TARGET_APPTIVO_{name.upper()}", text)
    found = TargetApptivo(parse_env_config=True).settings
    monkeypatch.undo()
    assert found == TargetApptivo(config=OTHER).settings
    for name, each in settings_of(DeclaredSettings).items():
        assert getattr(found, name) != (each.default or None), name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("api_key", "123", "123"),
        ("api_key", '"x"', '"x"'),
        ("rejected_path", "null", "null"),
        ("max_rejected", "-1", -1),
        ("requests_per_second", "0.5", 0.5),
        ("settle_seconds", "0", 0),
        ("journal_url", "sqlite:///5", "sqlite:///5"),
        ("streams", '{"people":"create_lead"}', {"people": "create_lead"}),
        ("streams", "null", None),
        ("user_name", "", None),
        ("max_in_flight", "", None),
        ("dry_run", "true", True),
        ("dry_run", "True", True),
        ("dry_run", "1", True),
        ("dry_run", " on ", True),
        ("dry_run", "FALSE", False),
        ("dry_run", "0", False),
        ("dry_run", "", False),
        ("stream_maps", '{"a":null}', {"a": None}),
        ("flattening_enabled", "yes", True),
        ("flattening_max_depth", "3", 3),
    ],
)
def test_settings_from_the_environment(name: str, text: str, value: object) -> None:
    """Texts are taken as they are, everything else is JSON, booleans in any usual spelling."""
    found = parse_text(name, text, SCHEMA["properties"][name])
    assert found == value
    assert type(found) is type(value)
    check_settings(KEYS | {"flattening_max_depth": 1, name: found}, SCHEMA)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("streams", "the environment variable is not JSON"),
        ("max_rejected", "must be an integer"),
        ("read_timeout", "must be a number"),
        ("settle_seconds", "must be a number"),
        ("dry_run", "the environment variable is not JSON"),
        ("responses", "the environment variable is not JSON"),
    ],
)
def test_an_environment_variable_that_is_no_json(name: str, problem: str) -> None:
    """The message names the setting, and not what the variable holds."""
    with pytest.raises(SettingsError) as raised:
        parse_text(name, "{s3cret", SCHEMA["properties"][name])
    assert str(raised.value) == f"{name}: {problem}"
