"""What marks a record that a tap sent. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping


def says_deleted(record: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Whether the tap marks a record as deleted; stream maps may have dropped the mark."""
    raw = message["record"]
    return bool(record.get("_sdc_deleted_at") or raw.get("_sdc_deleted_at"))


def set_aside_at(message: Mapping[str, Any]) -> float | None:
    """Give when a record was set aside, if it comes from there, in seconds since 1970."""
    rejected = message.get("rejected")
    at = rejected.get("at") if isinstance(rejected, dict) else None
    try:
        return datetime.fromisoformat(str(at)).timestamp() if at else None
    except ValueError:
        return None


def identity(stream: str, key: Mapping[str, Any]) -> Hashable:
    """Give what records have in common that must keep their order."""
    values = tuple(key.values())
    try:
        hash(values)
    except TypeError:
        return stream, repr(values)
    return stream, values
