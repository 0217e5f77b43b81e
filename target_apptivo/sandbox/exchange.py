"""One request as it arrived and one answer as it leaves: plain values, pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from target_apptivo.sandbox.exact_json import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "application/x-www-form-urlencoded"


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Received:
    """One HTTP request as it arrived.

    Attributes:
        method: In capitals.
        path: As on the wire: not decoded, without the query.
        query: As on the wire, without the question mark.
        headers: By lower-case name.
        body: As on the wire (a Content-Encoding undone).
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_form(self) -> bool:
        """Whether the body says that it is a form."""
        content_type = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower() == FORM

    @property
    def params(self) -> dict[str, str]:
        """Query and form fields by name, decoded; a form field hides a query field."""
        params = _pairs(self.query)
        if self.is_form:
            params |= _pairs(self.body.decode(errors="replace"))
        return params

    @property
    def json(self) -> Any:  # noqa: ANN401 (any JSON value)
        """The body read as JSON, decimals exact; None where it is not JSON."""
        try:
            return decode(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: HTTP status.
        body: As it goes out.
        headers: By name; Content-Length is added.
        delay_ms: How long it is held back, besides the latency in force.
        is_dropped: The connection is closed instead, without a byte of answer.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_ms: float = 0.0
    is_dropped: bool = False

    @classmethod
    def json(cls, value: object, status: int = 200) -> Self:
        """Answer with a JSON value."""
        return cls(status, encode(value), {"Content-Type": "application/json;charset=UTF-8"})

    @classmethod
    def html(cls, text: str, status: int = 200) -> Self:
        """Answer with an HTML page."""
        return cls(status, text.encode(), {"Content-Type": "text/html;charset=UTF-8"})

    @classmethod
    def dropped(cls) -> Self:
        """Close the connection without an answer."""
        return cls(is_dropped=True)
