"""Verify the credentials with a read that changes nothing: `--check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import CONFIG_PATH
from target_apptivo.apptivo.fields.configuration import config_operation
from target_apptivo.apptivo.request import shape_address, shape_request
from target_apptivo.apptivo.response import interpret_response
from target_apptivo.apptivo.verdict import Meaning, Outcome
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
    operation = config_operation(CONFIG_PATH, run.settings.api_style)
    request = shape_request(operation, shape_address(operation, {}), {})
    verdict = interpret_response(operation, run.parts.client().send(request))
    if verdict.meaning is Meaning.CREDENTIALS_REFUSED:
        return False, str(CredentialsError(verdict.reason))
    if verdict.outcome is not Outcome.ACCEPTED:
        remedy = "" if verdict.http_status else ": check api_url and the network"
        return False, f"Apptivo gave no usable answer: {verdict.reason}{remedy}"
    if verdict.response is None:
        return False, "the answer is not the configuration that was asked for"
    return True, "Apptivo takes the credentials"
