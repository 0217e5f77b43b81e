"""Read the option `headers`, in both of its forms. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Pairs

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# These are the client's own: another value would break the request, or send it elsewhere.
_OURS: Final = {"host", "content-length", "transfer-encoding", "connection"}


def read_headers(headers: Mapping[str, str | None] | str | None, path: str) -> Pairs:
    """Read headers: an object, or `name1:value1,name2:value2`.

    Args:
        headers: The option, checked for its type.
        path: Its path, for errors.

    Raises:
        SettingsError: If one cannot be sent.
    """
    pairs = headers if isinstance(headers, Mapping) else {}
    if isinstance(headers, str):
        pieces = [piece.partition(":") for piece in headers.split(",") if piece.strip()]
        if not all(colon for _, colon, _ in pieces):
            problem = "must be written `name1:value1,name2:value2`"
            raise SettingsError(path, problem)
        pairs = {name.strip(): value.strip() for name, _, value in pieces}
    for name, value in pairs.items():
        _check(name, value, path)
    return tuple((name, value) for name, value in pairs.items() if value is not None)


def _check(name: str, value: str | None, path: str) -> None:
    """Refuse a header that would break the request or belongs to the client."""
    if not _NAME.fullmatch(name):
        problem = "holds a name that is no header name"
        raise SettingsError(path, problem)
    if name.lower() in _OURS:
        problem = "is set by the target itself"
        raise SettingsError(f"{path}.{name}", problem)
    if value is not None and not _VALUE.fullmatch(value):
        problem = "holds a character that a header cannot hold"
        raise SettingsError(f"{path}.{name}", problem)
