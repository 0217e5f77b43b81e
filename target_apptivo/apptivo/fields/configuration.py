"""An app's configuration: the request for it, and what is read in its answer. Pure.

`getConfigData` changes nothing, and is told in both styles (docs/apptivo.md 7.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.endpoints import (
    CONFIG_ACTION,
    CREATE_CASE,
    CREATE_CONTACT,
    CREATE_CUSTOMER,
    CREATE_LEAD,
    CREATE_OPPORTUNITY,
    ApiStyle,
)
from target_apptivo.apptivo.fields.field import Fields
from target_apptivo.apptivo.fields.json_values import text_of
from target_apptivo.apptivo.fields.layout import read_layout
from target_apptivo.apptivo.fields.options import options_in
from target_apptivo.apptivo.operation import Content, Operation, Param
from target_apptivo.apptivo.template import Template
from target_apptivo.apptivo.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.apptivo.verdict import Verdict

# The five apps, by the last part of their paths.
APPS: Final = {
    row.path.rpartition("/")[2]: row
    for row in (CREATE_LEAD, CREATE_CUSTOMER, CREATE_CONTACT, CREATE_CASE, CREATE_OPPORTUNITY)
}
_ENVELOPES: Final = ("data", "responseObject")
# FACT for `dateFormat` of cases; what the account's currency is called is UNKNOWN.
_CURRENCIES: Final = ("currencyCode", "defaultCurrencyCode", "baseCurrencyCode")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A configuration that cannot be read: that is not one without fields."""

    reason: str


def app_of(row: Endpoint) -> str:
    """Give the name of a row's app."""
    return row.path.rpartition("/")[2]


def config_operation(row_path: str, style: ApiStyle, headers: Pairs = ()) -> Operation:
    """Give the operation that reads a configuration: a GET, or a form POST in `action` style."""
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    if style is ApiStyle.ACTION:
        return Operation(
            endpoint=CONFIG_ACTION,
            method="POST",
            url=Template((row_path,)),
            content=Content.FORM,
            params=(Param(name="a", value=Template((CONFIG_ACTION,))),),
            params_in_form=True,
            headers=kept,
        )
    return Operation(
        endpoint=CONFIG_ACTION,
        method="GET",
        url=Template((f"{row_path}?a={CONFIG_ACTION}",)),
        content=Content.NONE,
        headers=kept,
    )


def read_answer(app: str, verdict: Verdict) -> Fields | Unreadable:
    """Read the answer to the request for a configuration."""
    if verdict.outcome is not Outcome.ACCEPTED:
        return Unreadable(verdict.reason or "no usable answer")
    if verdict.response is None:
        return Unreadable("the answer is no JSON object")
    return read_configuration(app, verdict.response)


def read_configuration(app: str, answer: Mapping[str, Any]) -> Fields | Unreadable:
    """Read a configuration, flat or in an envelope."""
    holders = (answer, *(answer.get(name) for name in _ENVELOPES))
    for config in holders:
        if isinstance(config, dict) and (layout := read_layout(app, config)):
            return Fields(
                app=app,
                fields=layout.fields,
                date_format=text_of(config.get("dateFormat")) or None,
                email_types=options_in(config.get("emailTypes")),
                phone_types=options_in(config.get("phoneTypes")),
                address_types=options_in(config.get("addressTypes")),
                currency=next(filter(None, (text_of(config.get(c)) for c in _CURRENCIES)), None),
                disabled=layout.disabled,
            )
    return Unreadable("it holds no webLayout with sections")
