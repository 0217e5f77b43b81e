"""Settings checked and read as the target does it, for tests."""

from __future__ import annotations

from typing import Any

import pytest

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES
from target_apptivo.errors import SettingsError
from target_apptivo.settings.check import check_settings
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.read import Settings, read_settings
from target_apptivo.settings.setting import object_type
from target_apptivo.target import TargetApptivo

KEYS = {"api_key": "s3cret-api-key", "access_key": "s3cret-access-key"}
JOURNAL = {"journal_url": "sqlite:///s3cret.db"}
GENERIC = {"url": "v6/x"}


def with_sdk() -> dict[str, Any]:
    """Give the declaration with the SDK's own settings, as the target checks it."""
    schema: dict[str, Any] = {**OWN, "properties": dict(OWN["properties"])}
    TargetApptivo.append_builtin_config(schema)
    return schema


# The declaration without the SDK's settings, which the SDK adds to the target's in place.
OWN: dict[str, Any] = object_type(DeclaredSettings).to_dict()
SCHEMA = with_sdk()

# For each option of an endpoint a value that goes with all endpoints that it applies to.
FITTING: dict[str, Any] = {
    "exclude_attributes": ["a"],
    "headers": "a:b",
    "params": {"x": "y"},
    "account_id": "1",
    "is_duplicate": True,
    "is_lead_convert": "N",
    "is_customer_territory_update": False,
    "customer_id": "{id}",
    "method": "PUT",
    "url": "v6/x",
    "content_format": "application/x-www-form-urlencoded",
    "data_param": "leadData",
    "id_path": "id",
    "batch": {"property_name": "r"},
    "load_method": "create-only",
    "journal_stream": "people",
    "match_on": ["lastName", "customAttributes.1"],
    "on_conflict": "keep",
    "update_nulls": True,
    "hard_delete": True,
    "references": {"firm": {"stream": "firms", "key": "{firm_id}", "on_missing": "omit"}},
    "fields": {"Mobile Phone": "mobile"},
}


def read(**config: Any) -> Settings:  # noqa: ANN401
    """Check and read settings as the target does."""
    check_settings(KEYS | config, SCHEMA)
    return read_settings(KEYS | config)


def error_of(**config: Any) -> str:  # noqa: ANN401
    """Give the message of settings that are wrong."""
    with pytest.raises(SettingsError) as raised:
        read(**config)
    return str(raised.value)


def generic(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give settings with a generic endpoint."""
    return {"generic": GENERIC | options}


def batch(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give settings with a batch."""
    return generic(batch={"property_name": "r"} | options)


def stream(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give settings with an entry of `streams`."""
    return {"streams": {"people": {"endpoint": "create_lead"} | options}}


def in_step(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give settings with an entry of `streams`, and a journal."""
    return stream(**options) | JOURNAL


def entry(endpoint: str, *names: str) -> dict[str, Any]:
    """Give an entry of `streams` with some options, and with what they cannot be without."""
    assert endpoint in ENDPOINT_NAMES
    needed = GENERIC if endpoint == "generic" else {}
    if "data_param" in names and endpoint == "generic":
        needed = needed | {"content_format": FITTING["content_format"]}
    return needed | {name: FITTING[name] for name in names} | {"endpoint": endpoint}
