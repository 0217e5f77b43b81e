"""The options of an entry of `streams`: those of a call, and those that keep it in step. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_apptivo.apptivo.endpoints import CREATE_CUSTOMER, ENDPOINT_NAMES, GENERIC
from target_apptivo.apptivo.rules import LoadMethod
from target_apptivo.errors import SettingsError
from target_apptivo.settings.call_options import CREATES, CallOptions
from target_apptivo.settings.references import ReferenceOptions
from target_apptivo.settings.setting import (
    WrongValueError,
    object_type,
    read,
    setting,
    settings_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LOAD_METHOD: Final[dict[str, Any]] = {
    "read": LoadMethod,
    "choices": {
        "append-only": "Create each record",
        "upsert": "Update or create",
        "create-only": "Create what is not there",
        "update-only": "Update what is there",
    },
    "title": "Load method",
    "description": (
        "What is done with a record that is known or found in Apptivo, and with one that is not: "
        "`append-only` creates each, `upsert` updates or creates, `create-only` and `update-only` "
        "do one of the two. By default `upsert` with a journal, else `append-only`."
    ),
}


def _names(value: str | list[str]) -> tuple[str, ...]:
    """Read one name, or a list of them."""
    names = [value] if isinstance(value, str) else value
    if not names or not all(name.strip() for name in names):
        msg = "must name at least one attribute"
        raise WrongValueError(msg)
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions(CallOptions):
    """An entry of `streams`; `generic` has those that apply to it."""

    load_method: LoadMethod | None = setting(
        th.StringType, applies_to=(*CREATES, GENERIC), **LOAD_METHOD
    )
    journal_stream: str | None = setting(
        th.StringType(min_length=1),
        applies_to=(*CREATES, GENERIC),
        title="Journal stream",
        description="The stream's name in the journal, where it is to have another one there.",
    )
    match_on: tuple[str, ...] = setting(
        th.OneOf(th.StringType, th.ArrayType(th.StringType)),
        read=_names,
        unset=(),
        applies_to=CREATES,
        title="Match on",
        description=(
            "By what a record is looked for in Apptivo: an attribute, or several that must all be "
            "equal. `emailAddress` stands for any of `emailAddresses`, `customAttributes.<id>` for "
            "a custom attribute."
        ),
    )
    on_conflict: str = setting(
        th.StringType,
        default="overwrite",
        choices={"overwrite": "What the source changed wins", "keep": "What Apptivo holds wins"},
        applies_to=CREATES,
        title="On conflict",
        description=(
            "Where Apptivo holds something that the target did not leave there: `overwrite` it "
            "with what the source changed, or `keep` it."
        ),
    )
    update_nulls: bool = setting(
        th.BooleanType,
        default=False,
        applies_to=CREATES,
        title="Update nulls",
        description="Let null and empty values clear what the target wrote.",
    )
    hard_delete: bool = setting(
        th.BooleanType,
        default=False,
        applies_to=(CREATE_CUSTOMER.name,),
        title="Hard delete",
        description=(
            "Delete the customer that was created from a record with `_sdc_deleted_at`; the stream "
            "must be named exactly."
        ),
    )
    references: Mapping[str, Any] = setting(
        th.ObjectType(additional_properties=object_type(ReferenceOptions)),
        unset={},
        title="References",
        description=(
            "Attributes that are set to the Apptivo id of what a record of another stream became: "
            '`{"opportunityCustomerId": {"stream": "customers", "key": "{company_id}"}}`.'
        ),
    )
    fields: Mapping[str, str] = setting(
        th.ObjectType(additional_properties=th.StringType),
        read=lambda given: {name: text for name, text in given.items() if text is not None},
        unset={},
        applies_to=CREATES,
        title="Fields",
        description=(
            "Apptivo's fields by id, name or label, each with the record's attribute that fills "
            'it: `{"Mobile Phone": "mobile", "Lead Source": "source"}`. `--fields` lists them.'
        ),
    )


STREAM_SCHEMA: Final[dict[str, Any]] = object_type(EndpointOptions).to_dict()
APPLIES_TO: Final = {
    name: each.applies_to or ENDPOINT_NAMES for name, each in settings_of(EndpointOptions).items()
}


def read_options(given: Mapping[str, Any], path: str) -> EndpointOptions:
    """Make plain values of an endpoint's options.

    Args:
        given: The options, with `endpoint`, checked for their types.
        path: Their path, for errors.

    Raises:
        SettingsError: If one does not apply to the endpoint.
    """
    endpoint = given["endpoint"]
    for option, value in given.items():
        if value is not None and endpoint not in APPLIES_TO[option]:
            problem = (
                f"does not apply to {endpoint}; it is an option of {', '.join(APPLIES_TO[option])}"
            )
            raise SettingsError(f"{path}.{option}", problem)
    return read(EndpointOptions, given, path)
