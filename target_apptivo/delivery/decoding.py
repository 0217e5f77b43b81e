"""Undo the codings of a response's body, and never more of it than is read. Pure."""

from __future__ import annotations

import zlib
from typing import Final

MOST_IN_BODY: Final = 8 * 2**20  # as it comes, and as it is decoded
# Every coding and every member costs a decoding of up to the whole size.
_MOST_CODINGS: Final = 4
_MOST_MEMBERS: Final = 100
_GZIP: Final = 31  # zlib's numbers for the wrapping of what it reads
_ZLIB: Final = 15
_BARE: Final = -15


def decode(body: bytes, names: str) -> tuple[bytes, bool]:
    """Undo the codings of a body; tell whether that came to an end. Unknown ones stay."""
    codings = [name.strip().lower() for name in names.split(",")]
    is_whole = len(codings) <= _MOST_CODINGS
    for coding in reversed(codings):
        if body and is_whole and coding in {"gzip", "x-gzip", "deflate"}:
            body, is_whole = _inflate(body, _wrapping(body, coding))
    return body, is_whole


def _wrapping(body: bytes, coding: str) -> int:
    """Tell what zlib shall expect: some servers send `deflate` without its two bytes of head."""
    if coding != "deflate":
        return _GZIP
    has_head = body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _ZLIB if has_head else _BARE


def _inflate(packed: bytes, wrapping: int) -> tuple[bytes, bool]:
    """Unpack no more than is read of a body; several members of gzip are one body."""
    body = bytearray()
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(wrapping)
        try:
            body += member.decompress(packed, MOST_IN_BODY - len(body) + 1)
        except zlib.error:
            break
        packed = member.unused_data
        if not member.eof or len(body) > MOST_IN_BODY or not packed:
            return bytes(body[:MOST_IN_BODY]), member.eof and len(body) <= MOST_IN_BODY
    return bytes(body), False
