"""Every setting, declared once: `--about`, the checks and the defaults come from here. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES, GENERIC, ApiStyle
from target_apptivo.settings.options import LOAD_METHOD, EndpointOptions
from target_apptivo.settings.responses import Responses
from target_apptivo.settings.setting import object_type, properties_of, setting, settings_of
from target_apptivo.settings.urls import base_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.rules import LoadMethod

# Seconds; what is longer is a mistake, and sockets cannot count much further.
_DAY: Final = 86_400
_TEXT: Final = th.StringType(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSettings:
    """The settings as plain values, as they are set."""

    api_key: str = setting(
        _TEXT,
        unset="",
        secret=True,
        title="API key",
        description="Apptivo's API Key (required but for --sandbox, --preview and dry_run).",
    )
    access_key: str = setting(
        _TEXT,
        unset="",
        secret=True,
        title="Access key",
        description="Apptivo's Access Key (required but for --sandbox, --preview and dry_run).",
    )
    api_url: str = setting(
        _TEXT,
        default="https://api.apptivo.com/app/dao/",
        read=base_url,
        title="API URL",
        description="Base of relative endpoint URLs; https, or http to a loopback host.",
    )
    api_style: ApiStyle = setting(
        th.StringType,
        default="rest",
        read=ApiStyle,
        choices={
            "rest": "REST: the record is the JSON body",
            "action": "Action: Apptivo's documented form",
        },
        title="API style",
        description=(
            "How the templates call Apptivo: `rest` sends the record as JSON body, `action` is "
            "Apptivo's own documented form."
        ),
    )
    user_name: str | None = setting(
        _TEXT,
        title="User name",
        description="E-mail of the employee on whose behalf calls are made (`userName`).",
    )
    streams: Mapping[str, Any] = setting(
        th.ObjectType(
            additional_properties=th.OneOf(th.StringType, object_type(EndpointOptions)),
        ),
        unset={},
        title="Streams",
        description=(
            "Stream name or glob (`*`, `?`) to endpoint name, or to an object with `endpoint` and "
            f"its options. Endpoints: {', '.join(f'`{name}`' for name in ENDPOINT_NAMES)}."
        ),
    )
    generic: Mapping[str, Any] | None = setting(
        th.ObjectType(
            *(each for each in properties_of(EndpointOptions, GENERIC) if each.name != "endpoint"),
            additional_properties=False,
        ),
        title="Generic endpoint",
        description="The generic endpoint for every stream that nothing else matches.",
    )
    responses: Responses = setting(
        Responses, title="Responses", description="What becomes of Apptivo's answers."
    )
    max_rejected: int = setting(
        th.IntegerType(minimum=-1),
        default=0,
        title="Most rejected records",
        description=(
            "Up to this many `rejected` or `uncertain` records are set aside in `rejected_path` "
            "and the run goes on; one more ends it. -1: no limit."
        ),
    )
    rejected_path: str | None = setting(
        _TEXT,
        title="Rejected path",
        description="Singer file for the records set aside; it can be mended and sent again.",
    )
    on_uncertain: str = setting(
        th.StringType,
        default="resend",
        choices={"resend": "Send again (may duplicate)", "hold": "Set aside as uncertain"},
        title="On uncertain",
        description=(
            "A create whose answer was lost: `resend` it (may duplicate; counted), or `hold` it as "
            "`uncertain`."
        ),
    )
    max_in_flight: int = setting(
        th.IntegerType(minimum=1),
        default=8,
        title="Most requests in flight",
        description="Most requests under way at once; the pace adapts below it.",
    )
    requests_per_second: float | None = setting(
        th.NumberType(exclusive_minimum=0),
        title="Requests per second",
        description="Hard ceiling on requests, retries included.",
    )
    max_attempts: int = setting(
        th.IntegerType(minimum=1),
        default=5,
        title="Most attempts",
        description="Attempts per request.",
    )
    connect_timeout: float = setting(
        th.NumberType(exclusive_minimum=0, maximum=_DAY),
        default=10,
        title="Connect timeout",
        description="Seconds to wait for a connection.",
    )
    read_timeout: float = setting(
        th.NumberType(exclusive_minimum=0, maximum=_DAY),
        default=120,
        title="Read timeout",
        description="Seconds to wait for an answer.",
    )
    load_method: LoadMethod | None = setting(th.StringType, **LOAD_METHOD)
    journal_url: str | None = setting(
        _TEXT,
        secret=True,
        title="Journal URL",
        description=(
            "Where it is remembered what each record became: `sqlite:///journal.db`, or "
            "`postgresql://…` with the extra `postgres`. `--journal` makes it."
        ),
    )
    journal_account: str | None = setting(
        _TEXT,
        title="Journal account",
        description=(
            "The account that the journal belongs to; by default named after host and `api_key`."
        ),
    )
    settle_seconds: float = setting(
        th.NumberType(minimum=0, maximum=_DAY),
        default=60,
        title="Settle seconds",
        description=(
            "How long a create whose answer was lost must stay unfound before it is sent again."
        ),
    )
    dry_run: bool = setting(
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Shape every request and send none; refusals are counted and set aside.",
    )


SETTINGS: Final[dict[str, Any]] = th.PropertiesList(*properties_of(DeclaredSettings)).to_dict()
SECRETS: Final = tuple(name for name, each in settings_of(DeclaredSettings).items() if each.secret)

# Settings of the SDK that mean nothing here, and what to use in their place.
MEANINGLESS: Final = {
    "batch_size_rows": "use streams.<stream>.batch.size",
}
# Values of the SDK's settings that mean nothing here, and why.
REFUSED: Final = {
    ("load_method", "overwrite"): (
        "cannot be `overwrite`: Apptivo is never emptied; "
        f"must be one of {', '.join(f'`{method}`' for method in LOAD_METHOD['choices'])}"
    ),
}
