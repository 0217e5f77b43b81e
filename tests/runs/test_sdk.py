"""The places where we lean on private names of the SDK: a new SDK that moves one is told here."""

from __future__ import annotations

import inspect

import pytest
from singer_sdk import Sink, Target
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import PluginBase

from target_apptivo.singer.sink import ApptivoSink
from target_apptivo.singer.sinks import SINKS
from target_apptivo.target import TargetApptivo

OVERRIDDEN = {
    "_process_schema_message": ["self", "message_dict"],
    "_process_record_message": ["self", "message_dict"],
    "_process_state_message": ["self", "message_dict"],
    "_process_activate_version_message": ["self", "message_dict"],
    "_process_batch_message": ["self", "message_dict"],
    "_handle_termination": ["self", "signum", "frame"],
    "_validate_config": ["self", "raise_errors"],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_we_override_is_still_there(name: str) -> None:
    """The SDK has each method that ours replaces, with the same parameters."""
    theirs = inspect.signature(getattr(Target, name))
    assert list(theirs.parameters) == OVERRIDDEN[name]
    assert list(inspect.signature(getattr(TargetApptivo, name)).parameters) == OVERRIDDEN[name]


def test_what_we_call_is_still_there() -> None:
    """The SDK's names that ours use are where they were."""
    assert isinstance(vars(PluginBase)["_env_var_config"], classproperty)
    assert "config_schema" in inspect.signature(parse_environment_config).parameters
    assert hasattr(Sink, "_add_sdc_metadata_to_record")
    assert hasattr(Sink, "_remove_sdc_metadata_from_record")
    assert hasattr(Target, "_assert_sink_exists")
    assert "_sinks_to_clear" in inspect.getsource(Target)
    assert "_sinks_active" in inspect.getsource(Target)


def test_the_sdk_writes_no_state_of_its_own() -> None:
    """State passes through our delivery alone: the SDK writes it only if it has kept one."""
    assert "if self._latest_state:" in inspect.getsource(Target.drain_all)
    assert "_latest_state" not in inspect.getsource(TargetApptivo)


def test_every_endpoint_has_a_sink_by_name() -> None:
    """One class per endpoint, found by the endpoint's name."""
    assert {name: sink.__name__ for name, sink in SINKS.items()} == {
        "create_case": "CreateCaseSink",
        "create_lead": "CreateLeadSink",
        "create_customer": "CreateCustomerSink",
        "delete_customer": "DeleteCustomerSink",
        "create_contact": "CreateContactSink",
        "create_opportunity": "CreateOpportunitySink",
        "generic": "GenericSink",
    }
    assert all(issubclass(sink, ApptivoSink) for sink in SINKS.values())
