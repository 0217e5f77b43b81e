"""The options of a call, each declared once with the endpoints that it is for. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_apptivo.apptivo.endpoints import DELETE_CUSTOMER, ENDPOINT_NAMES, GENERIC, TEMPLATES
from target_apptivo.settings.batch import BatchOptions
from target_apptivo.settings.setting import object_type, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATES: Final = tuple(name for name, row in TEMPLATES.items() if row.creates)
_TEXT: Final = th.StringType(min_length=1)


def _takers(option: str) -> tuple[str, ...]:
    """Give the endpoints whose row has a parameter for an option."""
    rows = TEMPLATES.values()
    return tuple(row.name for row in rows if option in {each.setting for each in row.options})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How an endpoint is called."""

    endpoint: str = setting(
        th.StringType,
        required=True,
        choices={name: name for name in ENDPOINT_NAMES},
        title="Endpoint",
        description="Name of the endpoint.",
    )
    exclude_attributes: tuple[str, ...] = setting(
        th.ArrayType(th.StringType),
        read=tuple,
        unset=(),
        title="Excluded attributes",
        description=(
            "Record attributes left out of the call. A dotted name reaches into nested objects. "
            "Templates can still use them."
        ),
    )
    headers: Mapping[str, str | None] | str | None = setting(
        th.OneOf(th.ObjectType(additional_properties=th.StringType), th.StringType),
        title="Headers",
        description="Further headers: an object, or one string `name1:value1,name2:value2`.",
    )
    params: Mapping[str, Any] = setting(
        th.ObjectType(additional_properties=th.OneOf(th.StringType, th.NumberType, th.BooleanType)),
        unset={},
        title="Parameters",
        description=(
            "Further query parameters (form fields in `action` style). Values may be templates "
            "such as `{source_id}`."
        ),
    )
    account_id: str | int | None = setting(
        th.OneOf(th.StringType, th.IntegerType),
        applies_to=_takers("account_id"),
        title="Account id",
        description="Parameter `accountId`; may be a template (create_opportunity).",
    )
    is_duplicate: str | bool | None = setting(
        th.OneOf(th.StringType, th.BooleanType),
        applies_to=_takers("is_duplicate"),
        title="Is duplicate",
        description="Parameter `isDuplicate`, Y or N; may be a template (create_opportunity).",
    )
    is_lead_convert: str | bool | None = setting(
        th.OneOf(th.StringType, th.BooleanType),
        applies_to=_takers("is_lead_convert"),
        title="Is lead convert",
        description="Parameter `isLeadConvert`, Y or N; may be a template (create_opportunity).",
    )
    is_customer_territory_update: str | bool | None = setting(
        th.OneOf(th.StringType, th.BooleanType),
        applies_to=_takers("is_customer_territory_update"),
        title="Is customer territory update",
        description=(
            "Parameter `isCustomerTerritoryUpdate`, true or false; may be a template "
            "(create_opportunity)."
        ),
    )
    customer_id: str = setting(
        _TEXT,
        default="{customerId}",
        applies_to=(DELETE_CUSTOMER.name,),
        title="Customer id",
        description="Template of the id of the customer to delete (delete_customer).",
    )
    method: str = setting(
        th.StringType,
        default="POST",
        choices={name: name for name in ("POST", "PUT", "DELETE")},
        applies_to=(GENERIC,),
        title="Method",
        description="HTTP method (generic).",
    )
    url: str | None = setting(
        _TEXT,
        applies_to=(GENERIC,),
        title="URL",
        description=(
            "Absolute, or relative to `api_url`; templates in path and query, such as "
            "`v6/customers/{customerId}` (generic, required)."
        ),
    )
    content_format: str = setting(
        th.StringType,
        default="application/json",
        choices={
            "application/json": "JSON",
            "application/x-www-form-urlencoded": "Form",
        },
        applies_to=(GENERIC,),
        title="Content format",
        description="Form of the body (generic).",
    )
    data_param: str | None = setting(
        _TEXT,
        applies_to=(GENERIC,),
        title="Data parameter",
        description=(
            "Form field that holds the record as JSON; without it each attribute is a form field "
            "(generic, form)."
        ),
    )
    id_path: str | None = setting(
        _TEXT,
        applies_to=(*CREATES, GENERIC),
        title="Id path",
        description=(
            "Dotted path of the id in the answer (creates, generic). Creates know their envelopes; "
            "a generic endpoint without it accepts any 2xx that shows no failure."
        ),
    )
    batch: Mapping[str, Any] | None = setting(
        object_type(BatchOptions),
        applies_to=(GENERIC,),
        title="Batch",
        description="Several records in one call (generic).",
    )
