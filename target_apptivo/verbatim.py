"""Read a line of the tap whatever it holds: what Python cannot hold is kept as it is written. Pure.

A number with too many digits, and what is nested too deep for those who walk through it, is refused
and set aside: never sent, and written again as it came.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import simplejson

from target_apptivo.jsontext import MOST_LEVELS, is_too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOO_LONG: Final = "holds a number with too many digits, or too great an exponent"
_TOO_DEEP: Final = f"is nested more than {MOST_LEVELS} levels deep"
# The quantifiers are possessive, so that a long text costs no memory.
_TOKEN: Final = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?P<opens>[\[{])|(?P<closes>[\]}])|(?P<constant>NaN|-?Infinity)',
    re.DOTALL,
)


_MARK: Final = "\ufeff"
# `json.loads` would make it anew for each line.
_decode: Final = json.JSONDecoder(parse_float=Decimal).decode


class Verbatim(simplejson.RawJSON):
    """A value that is kept as it is written, to be written again."""

    def __str__(self) -> str:
        """Stand in a text as something that is not shown."""
        return "<...>"


def loads_line(line: bytes) -> tuple[Any, str | None]:
    """Read a line with decimals kept exact.

    Returns:
        What it holds, and what is wrong with it: then it holds `Verbatim` values.

    Raises:
        ValueError: If it is not JSON.
        RecursionError: If it is nested so deep that this cannot be told.
    """
    flaw = None
    try:
        message = _decode(line.decode(errors="surrogatepass").removeprefix(_MARK))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except (ArithmeticError, ValueError):
        flaw = _TOO_LONG
        message = _loads_kept(line)
    if is_too_deep(message, line):
        flaw = _TOO_DEEP
        shallow, constants = _shallow(line)
        message = _loads_kept(shallow, lambda _: next(constants))
    return message, flaw


def _loads_kept(line: bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:  # noqa: ANN401
    """Read a line, keeping numbers that cannot be held."""
    return json.loads(
        line, parse_float=_kept(Decimal), parse_int=_kept(int), parse_constant=parse_constant
    )


def _kept(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Read a number, or keep it."""

    def read_or_keep(text: str) -> Any:  # noqa: ANN401
        try:
            return read(text)
        except (ArithmeticError, ValueError):
            return Verbatim(text)

    return read_or_keep


def _shallow(line: bytes) -> tuple[bytes, Iterator[object]]:
    """Put `NaN` in place of what is nested too deep; give what each constant stands for, in order.

    Args:
        line: Valid JSON.
    """
    kept: list[bytes] = []
    constants: list[object] = []
    levels = at = 0
    for token in _TOKEN.finditer(line):
        levels += token.lastgroup == "opens"
        if token.lastgroup == "opens" and levels == MOST_LEVELS + 1:
            kept.append(line[at : token.start()])
            at = token.start()
        elif token.lastgroup == "closes" and levels == MOST_LEVELS + 1:
            kept.append(b"NaN")
            constants.append(Verbatim(line[at : token.end()].decode()))
            at = token.end()
        elif token.lastgroup == "constant" and levels <= MOST_LEVELS:
            constants.append(float(token[0]))
        levels -= token.lastgroup == "closes"
    return b"".join((*kept, line[at:])), iter(constants)
