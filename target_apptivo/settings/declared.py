"""Every setting, declared once: `--about`, the checks and the defaults come from here. Data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_API_URL: Final = "https://api.apptivo.com/app/dao/"

# Seconds; what is longer is a mistake, and sockets cannot count much further.
_DAY: Final = 86_400

# `OneOf`, since the SDK's `AnyOf` makes an invalid schema of an optional property (0.54.9).
_BATCH: Final = th.ObjectType(
    th.Property(
        "size",
        th.IntegerType(minimum=1),
        default=100,
        title="Batch size",
        description="Most records in one call.",
    ),
    th.Property(
        "grouping",
        th.StringType,
        default="property",
        allowed_values=["property", "code"],
        title="Grouping",
        description=(
            "`property` sends an object with the list of records under `property_name`; `code` "
            "sends the value of an expression."
        ),
    ),
    th.Property(
        "property_name",
        th.StringType(min_length=1),
        title="Property name",
        description="Name of the list of records in the body (grouping `property`).",
    ),
    th.Property(
        "other_props",
        th.OneOf(th.ObjectType(), th.StringType),
        title="Other properties",
        description="Further properties of the body, as an object or as a JSON string.",
    ),
    th.Property(
        "code",
        th.StringType(min_length=1),
        title="Code",
        description=(
            "Expression over `records` (a list of objects), in the language of the SDK's stream "
            "maps, whose value is the body (grouping `code`)."
        ),
    ),
    th.Property(
        "results_path",
        th.StringType(min_length=1),
        title="Results path",
        description=(
            "Dotted path of a list in the answer with one result per record; each is judged as an "
            "answer of its own."
        ),
    ),
    th.Property(
        "split_rejected",
        th.BooleanType,
        default=False,
        title="Split refused batches",
        description="Halve a refused batch until the refused records stand alone.",
    ),
    additional_properties=False,
)

_COMMON_OPTIONS: Final = (
    th.Property(
        "exclude_attributes",
        th.ArrayType(th.StringType),
        title="Excluded attributes",
        description=(
            "Record attributes left out of the call. A dotted name reaches into nested objects. "
            "Templates can still use them."
        ),
    ),
    th.Property(
        "headers",
        th.OneOf(th.ObjectType(additional_properties=th.StringType), th.StringType),
        title="Headers",
        description="Further headers: an object, or one string `name1:value1,name2:value2`.",
    ),
    th.Property(
        "params",
        th.ObjectType(additional_properties=th.OneOf(th.StringType, th.NumberType, th.BooleanType)),
        title="Parameters",
        description=(
            "Further query parameters (form fields in `action` style). Values may be templates "
            "such as `{source_id}`."
        ),
    ),
)

_GENERIC_OPTIONS: Final = (
    th.Property(
        "method",
        th.StringType,
        default="POST",
        allowed_values=["POST", "PUT", "DELETE"],
        title="Method",
        description="HTTP method (generic).",
    ),
    th.Property(
        "url",
        th.StringType(min_length=1),
        title="URL",
        description=(
            "Absolute, or relative to `api_url`; templates in path and query, such as "
            "`v6/customers/{customerId}` (generic, required)."
        ),
    ),
    th.Property(
        "content_format",
        th.StringType,
        default="application/json",
        allowed_values=["application/json", "application/x-www-form-urlencoded"],
        title="Content format",
        description="Form of the body (generic).",
    ),
    th.Property(
        "data_param",
        th.StringType(min_length=1),
        title="Data parameter",
        description=(
            "Form field that holds the record as JSON; without it each attribute is a form field "
            "(generic, form)."
        ),
    ),
    th.Property(
        "id_path",
        th.StringType(min_length=1),
        title="Id path",
        description=(
            "Dotted path of the id in the answer (creates, generic). Creates know their envelopes; "
            "a generic endpoint without it accepts any 2xx that shows no failure."
        ),
    ),
    th.Property(
        "batch", _BATCH, title="Batch", description="Several records in one call (generic)."
    ),
)

LOAD_METHODS: Final = ("append-only", "upsert", "create-only", "update-only")
_LOAD_METHOD: Final = th.Property(
    "load_method",
    th.StringType,
    allowed_values=list(LOAD_METHODS),
    title="Load method",
    description=(
        "What is done with a record that is known or found in Apptivo, and with one that is not: "
        "`append-only` creates each, `upsert` updates or creates, `create-only` and `update-only` "
        "do one of the two. By default `upsert` with a journal, else `append-only`."
    ),
)
_REFERENCE: Final = th.ObjectType(
    th.Property(
        "stream",
        th.StringType(min_length=1),
        required=True,
        title="Stream",
        description="Stream of the other record, by its name in the journal.",
    ),
    th.Property(
        "key",
        th.OneOf(th.StringType, th.ObjectType(additional_properties=th.StringType)),
        required=True,
        title="Key",
        description="Template of its key; an object of templates by key property for several.",
    ),
    th.Property(
        "on_missing",
        th.StringType,
        default="reject",
        allowed_values=["reject", "omit"],
        title="On missing",
        description="Where it is not in Apptivo: `reject` the record, or `omit` the attribute.",
    ),
    additional_properties=False,
)

_IN_STEP_OPTIONS: Final = (
    _LOAD_METHOD,
    th.Property(
        "journal_stream",
        th.StringType(min_length=1),
        title="Journal stream",
        description="The stream's name in the journal, where it is to have another one there.",
    ),
    th.Property(
        "match_on",
        th.OneOf(th.StringType, th.ArrayType(th.StringType)),
        title="Match on",
        description=(
            "By what a record is looked for in Apptivo: an attribute, or several that must all be "
            "equal. `emailAddress` stands for any of `emailAddresses`, `customAttributes.<id>` for "
            "a custom attribute."
        ),
    ),
    th.Property(
        "on_conflict",
        th.StringType,
        default="overwrite",
        allowed_values=["overwrite", "keep"],
        title="On conflict",
        description=(
            "Where Apptivo holds something that the target did not leave there: `overwrite` it "
            "with what the source changed, or `keep` it."
        ),
    ),
    th.Property(
        "update_nulls",
        th.BooleanType,
        default=False,
        title="Update nulls",
        description="Let null and empty values clear what the target wrote.",
    ),
    th.Property(
        "hard_delete",
        th.BooleanType,
        default=False,
        title="Hard delete",
        description=(
            "Delete the customer that was created from a record with `_sdc_deleted_at`; the stream "
            "must be named exactly."
        ),
    ),
    th.Property(
        "references",
        th.ObjectType(additional_properties=_REFERENCE),
        title="References",
        description=(
            "Attributes that are set to the Apptivo id of what a record of another stream became: "
            '`{"opportunityCustomerId": {"stream": "customers", "key": "{company_id}"}}`.'
        ),
    ),
)

_TEMPLATE_OPTIONS: Final = (
    th.Property(
        "account_id",
        th.OneOf(th.StringType, th.IntegerType),
        title="Account id",
        description="Parameter `accountId`; may be a template (create_opportunity).",
    ),
    th.Property(
        "is_duplicate",
        th.OneOf(th.StringType, th.BooleanType),
        title="Is duplicate",
        description="Parameter `isDuplicate`, Y or N; may be a template (create_opportunity).",
    ),
    th.Property(
        "is_lead_convert",
        th.OneOf(th.StringType, th.BooleanType),
        title="Is lead convert",
        description="Parameter `isLeadConvert`, Y or N; may be a template (create_opportunity).",
    ),
    th.Property(
        "is_customer_territory_update",
        th.OneOf(th.StringType, th.BooleanType),
        title="Is customer territory update",
        description=(
            "Parameter `isCustomerTerritoryUpdate`, true or false; may be a template "
            "(create_opportunity)."
        ),
    ),
    th.Property(
        "customer_id",
        th.StringType(min_length=1),
        default="{customerId}",
        title="Customer id",
        description="Template of the id of the customer to delete (delete_customer).",
    ),
)

# What each option applies to; the common ones apply to all.
CREATES: Final = tuple(name for name in ENDPOINT_NAMES if name.startswith("create_"))
APPLIES_TO: Final[dict[str, tuple[str, ...]]] = {
    **{option.setting: (name,) for name, row in TEMPLATES.items() for option in row.options},
    "customer_id": ("delete_customer",),
    **{option.name: ("generic",) for option in _GENERIC_OPTIONS},
    "id_path": (*CREATES, "generic"),
    "load_method": (*CREATES, "generic"),
    "journal_stream": (*CREATES, "generic"),
    **dict.fromkeys(("match_on", "on_conflict", "update_nulls"), CREATES),
    "hard_delete": ("create_customer",),
}

_STREAM: Final = th.ObjectType(
    th.Property(
        "endpoint",
        th.StringType,
        required=True,
        allowed_values=list(ENDPOINT_NAMES),
        title="Endpoint",
        description="Name of the endpoint.",
    ),
    *_COMMON_OPTIONS,
    *_TEMPLATE_OPTIONS,
    *_GENERIC_OPTIONS,
    *_IN_STEP_OPTIONS,
    additional_properties=False,
)
_GENERIC: Final = th.ObjectType(
    *_COMMON_OPTIONS, *_GENERIC_OPTIONS, *_IN_STEP_OPTIONS, additional_properties=False
)
STREAM_SCHEMA: Final[dict[str, Any]] = _STREAM.to_dict()
BATCH_SCHEMA: Final[dict[str, Any]] = _BATCH.to_dict()

_RESPONSES: Final = th.ObjectType(
    th.Property(
        "emit",
        th.StringType,
        default="none",
        allowed_values=["none", "state", "records"],
        title="Emit",
        description=(
            "Where Apptivo's answers go: nowhere, into each STATE value under `target_apptivo`, or "
            "out as Singer records of streams `<stream>_responses`."
        ),
    ),
    th.Property(
        "path",
        th.StringType(min_length=1),
        title="Path",
        description="File for the records (emit `records`); without it they go to stdout.",
    ),
    th.Property(
        "webhook_url",
        th.StringType(min_length=1),
        title="Webhook URL",
        description="URL to which response records are POSTed as JSON arrays of up to 100.",
    ),
    th.Property(
        "state_limit",
        th.IntegerType(minimum=0),
        default=100,
        title="State limit",
        description="Most response records in one STATE value (emit `state`).",
    ),
    additional_properties=False,
)

RESPONSES_SCHEMA: Final[dict[str, Any]] = _RESPONSES.to_dict()

SETTINGS: Final[dict[str, Any]] = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType(min_length=1),
        secret=True,
        title="API key",
        description="Apptivo's API Key (required but for --sandbox, --preview and dry_run).",
    ),
    th.Property(
        "access_key",
        th.StringType(min_length=1),
        secret=True,
        title="Access key",
        description="Apptivo's Access Key (required but for --sandbox, --preview and dry_run).",
    ),
    th.Property(
        "api_url",
        th.StringType(min_length=1),
        default=DEFAULT_API_URL,
        title="API URL",
        description="Base of relative endpoint URLs; https, or http to a loopback host.",
    ),
    th.Property(
        "api_style",
        th.StringType,
        default="rest",
        allowed_values=["rest", "action"],
        title="API style",
        description=(
            "How the templates call Apptivo: `rest` sends the record as JSON body, `action` is "
            "Apptivo's own documented form."
        ),
    ),
    th.Property(
        "user_name",
        th.StringType(min_length=1),
        title="User name",
        description="E-mail of the employee on whose behalf calls are made (`userName`).",
    ),
    th.Property(
        "streams",
        th.ObjectType(additional_properties=th.OneOf(th.StringType, _STREAM)),
        title="Streams",
        description=(
            "Stream name or glob (`*`, `?`) to endpoint name, or to an object with `endpoint` and "
            f"its options. Endpoints: {', '.join(f'`{name}`' for name in ENDPOINT_NAMES)}."
        ),
    ),
    th.Property(
        "generic",
        _GENERIC,
        title="Generic endpoint",
        description="The generic endpoint for every stream that nothing else matches.",
    ),
    th.Property(
        "responses", _RESPONSES, title="Responses", description="What becomes of Apptivo's answers."
    ),
    th.Property(
        "max_rejected",
        th.IntegerType(minimum=-1),
        default=0,
        title="Most rejected records",
        description=(
            "Up to this many `rejected` or `uncertain` records are set aside in `rejected_path` "
            "and the run goes on; one more ends it. -1: no limit."
        ),
    ),
    th.Property(
        "rejected_path",
        th.StringType(min_length=1),
        title="Rejected path",
        description="Singer file for the records set aside; it can be mended and sent again.",
    ),
    th.Property(
        "on_uncertain",
        th.StringType,
        default="resend",
        allowed_values=["resend", "hold"],
        title="On uncertain",
        description=(
            "A create whose answer was lost: `resend` it (may duplicate; counted), or `hold` it as "
            "`uncertain`."
        ),
    ),
    th.Property(
        "max_in_flight",
        th.IntegerType(minimum=1),
        default=8,
        title="Most requests in flight",
        description="Most requests under way at once; the pace adapts below it.",
    ),
    th.Property(
        "requests_per_second",
        th.NumberType(exclusive_minimum=0),
        title="Requests per second",
        description="Hard ceiling on requests, retries included.",
    ),
    th.Property(
        "max_attempts",
        th.IntegerType(minimum=1),
        default=5,
        title="Most attempts",
        description="Attempts per request.",
    ),
    th.Property(
        "connect_timeout",
        th.NumberType(exclusive_minimum=0, maximum=_DAY),
        default=10,
        title="Connect timeout",
        description="Seconds to wait for a connection.",
    ),
    th.Property(
        "read_timeout",
        th.NumberType(exclusive_minimum=0, maximum=_DAY),
        default=120,
        title="Read timeout",
        description="Seconds to wait for an answer.",
    ),
    _LOAD_METHOD,
    th.Property(
        "journal_url",
        th.StringType(min_length=1),
        secret=True,
        title="Journal URL",
        description=(
            "Where it is remembered what each record became: `sqlite:///journal.db`, or "
            "`postgresql://…` with the extra `postgres`. `--journal` makes it."
        ),
    ),
    th.Property(
        "journal_account",
        th.StringType(min_length=1),
        title="Journal account",
        description=(
            "The account that the journal belongs to; by default named after host and `api_key`."
        ),
    ),
    th.Property(
        "settle_seconds",
        th.NumberType(minimum=0, maximum=_DAY),
        default=60,
        title="Settle seconds",
        description=(
            "How long a create whose answer was lost must stay unfound before it is sent again."
        ),
    ),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Shape every request and send none; refusals are counted and set aside.",
    ),
).to_dict()

SECRETS: Final = tuple(
    name for name, declared in SETTINGS["properties"].items() if declared.get("secret")
)

# Settings of the SDK that mean nothing here, and what to use in their place.
MEANINGLESS: Final = {
    "batch_size_rows": "use streams.<stream>.batch.size",
}


def with_defaults(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the declared defaults; null means 'not set'.

    Args:
        given: Settings, at any level.
        schema: Their declaration.
    """
    defaults = {
        name: declared["default"]
        for name, declared in schema["properties"].items()
        if "default" in declared
    }
    return defaults | {name: value for name, value in given.items() if value is not None}
