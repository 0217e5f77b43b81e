"""Verify the credentials with a read that changes nothing: `--check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import CONFIG_ACTION, CONFIG_PATH, ApiStyle
from target_apptivo.apptivo.request import Content, Operation, Param, shape_address, shape_request
from target_apptivo.apptivo.response import Meaning, Outcome, interpret_response
from target_apptivo.apptivo.template import Template
from target_apptivo.errors import CredentialsError

if TYPE_CHECKING:
    from target_apptivo.run import Run


def check(run: Run) -> tuple[bool, str]:
    """Verify the credentials with a read that changes nothing.

    Args:
        run: A run that has not begun.

    Returns:
        Whether Apptivo takes the credentials, and what it said.
    """
    operation = _config_operation(run.settings.api_style)
    request = shape_request(operation, shape_address(operation, {}), {})
    verdict = interpret_response(operation, run.parts.client().send(request))
    if verdict.meaning is Meaning.CREDENTIALS_REFUSED:
        return False, str(CredentialsError(verdict.reason))
    if verdict.outcome is not Outcome.ACCEPTED:
        return False, f"Apptivo gave no usable answer: {verdict.reason}"
    if verdict.response is None:
        return False, "the answer is not the configuration that was asked for"
    return True, "Apptivo takes the credentials"


def _config_operation(style: ApiStyle) -> Operation:
    """Read the configuration of leads: a GET, or a form POST in `action` style."""
    if style is ApiStyle.ACTION:
        return Operation(
            endpoint=CONFIG_ACTION,
            method="POST",
            url=Template((CONFIG_PATH,)),
            content=Content.FORM,
            params=(Param(name="a", value=Template((CONFIG_ACTION,))),),
            params_in_form=True,
        )
    return Operation(
        endpoint=CONFIG_ACTION,
        method="GET",
        url=Template((f"{CONFIG_PATH}?a={CONFIG_ACTION}",)),
        content=Content.NONE,
    )
