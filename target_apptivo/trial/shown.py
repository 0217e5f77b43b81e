"""Show a request as it is sent, with the keys masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.signing import sign
from target_apptivo.redact import MASK

if TYPE_CHECKING:
    from target_apptivo.apptivo.request import Request
    from target_apptivo.settings.read import Settings


def shown(stream: str, endpoint: str, request: Request, settings: Settings) -> dict[str, Any]:
    """Show a request as it is sent, with the keys masked.

    Args:
        stream: The stream of its records.
        endpoint: Their endpoint.
        request: The request.
        settings: The settings of the run.

    Returns:
        Stream, endpoint, method, URL, headers and body; the body as the text that is sent.
    """
    masked = tuple(
        (name, value if name == "userName" else MASK) for name, value in settings.credentials
    )
    wire = sign(request, settings.api_url, masked)
    return {
        "stream": stream,
        "endpoint": endpoint,
        "method": wire.method,
        "url": wire.url,
        "headers": dict(wire.headers),
        "body": None if wire.body is None else wire.body.decode(),
    }
