"""The switches of the sandbox: how Apptivo is played where nobody knows what it does. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CHOICES: dict[str, tuple[str, ...]] = {
    "criteria": ("ignored", "refused"),
    "read_envelope": ("flat", "data", "responseObject"),
    "answers": ("bare", "whole"),
}
_AMOUNTS = {"index_delay", "late_commit", "near_matches"}


class SwitchValues(TypedDict, total=False):
    """The switches as keyword arguments."""

    accept_all: bool
    index_delay: float
    criteria: Literal["ignored", "refused"]
    near_matches: int
    read_envelope: Literal["flat", "data", "responseObject"]
    answers: Literal["bare", "whole"]
    drop_unknown: bool
    late_commit: float
    key: Sequence[str]
    config_data: Mapping[str, Any] | None


@dataclass(kw_only=True, eq=False, repr=False)
class Switches:
    """What may be changed between two calls. A value without sense raises ValueError.

    Attributes:
        accept_all: Whether creates without a name field are accepted.
        index_delay: Seconds until searches show what was created, updated or deleted.
        criteria: What becomes of search criteria that Apptivo is not known to know.
        near_matches: How many records that are only like the criteria a search finds at most.
        read_envelope: Where `getById` has the record.
        answers: Whether the answer to a create or update shows the whole record.
        drop_unknown: Whether fields that the app does not know are dropped, silently.
        late_commit: Seconds after which a request cut by `drop_after` takes effect.
        key: Attributes of which the first that a record has is its key in the books, before
            those that are tried by default.
        config_data: What `getConfigData` answers, by app, in place of what is built in.
    """

    accept_all: bool = False
    index_delay: float = 0.0
    criteria: Literal["ignored", "refused"] = "ignored"
    near_matches: int = 5
    read_envelope: Literal["flat", "data", "responseObject"] = "flat"
    answers: Literal["bare", "whole"] = "bare"
    drop_unknown: bool = False
    late_commit: float = 0.0
    key: Sequence[str] = ()
    config_data: Mapping[str, Any] | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Take a value, if it makes sense."""
        choices = _CHOICES.get(name)
        if choices and value not in choices:
            msg = f"{name} is one of {', '.join(choices)}"
            raise ValueError(msg)
        # Written so that a number that is none (NaN) is refused too.
        if name in _AMOUNTS and not (isinstance(value, int | float) and value >= 0):
            msg = f"{name} is 0 or more"
            raise ValueError(msg)
        super().__setattr__(name, value)


def switch_report(switches: Switches) -> dict[str, Any]:
    """Every switch and its value, but for the configuration, which is long."""
    names = {field.name for field in fields(Switches)} - {"config_data"}
    return {name: getattr(switches, name) for name in sorted(names)}
