"""Add the base URL and the credentials to a request: the last step before it is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.apptivo.request import Request


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The very bytes that are sent, credentials included; never logged."""

    method: str
    url: str = field(repr=False)
    headers: Pairs
    body: bytes | None = field(repr=False)


def sign(request: Request, base_url: str, credentials: Pairs) -> SignedRequest:
    """Add the base URL and the credentials: the last step before sending or showing.

    Args:
        request: The request.
        base_url: The API's base URL with its final `/`.
        credentials: `apiKey`, `accessKey` and perhaps `userName`, or masks in their place.

    Returns:
        What is sent.
    """
    in_form = request.form is not None
    query = request.query if in_form else (*request.query, *credentials)
    url = _absolute(request.url, base_url)
    if query:
        url = f"{url}{'&' if '?' in url else '?'}{_urlencode(query)}"
    body = request.body
    if request.form is not None:
        body = urlencode((*request.form, *credentials), safe="*").encode()
    return SignedRequest(request.method, url, request.headers, body)


def _absolute(url: str, base_url: str) -> str:
    """Put the host, or the whole base URL, before a path."""
    if not url.startswith("/"):
        return base_url + url
    scheme, _, rest = base_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{url}"


def _urlencode(pairs: Pairs) -> str:
    """Write query parameters; `*` stays, so that a mask is readable."""
    return urlencode(pairs, safe="*", quote_via=quote)
