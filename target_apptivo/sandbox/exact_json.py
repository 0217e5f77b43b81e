"""JSON in and out with every digit kept: decimals never pass through a float. Pure."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

import simplejson


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
_ENCODER = simplejson.JSONEncoder(use_decimal=True, separators=(",", ":"))


def decode(text: str | bytes) -> Any:  # noqa: ANN401 (any JSON value)
    """Read JSON text.

    Raises:
        ValueError: It is not JSON, not UTF-8, or nested beyond reason.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError as error:
        msg = "nested too deep"
        raise ValueError(msg) from error


def encode(value: object) -> bytes:
    """Write JSON text: ASCII, so that no string can break out of it."""
    text: str = _ENCODER.encode(value)
    return text.encode()
