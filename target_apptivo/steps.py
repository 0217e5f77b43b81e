"""A step of a way: something that is asked for, carried out elsewhere, and answered. Pure.

A *way* is a coroutine that says what is done with a record, step by step, and ends with what
became of it. It awaits steps; whoever drives it (`delivery/`, or a test) takes each step with
`send()`, carries it out, and sends the reply back in. No event loop, no asyncio: a way knows no
socket, no clock, no lock and no database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

R = TypeVar("R")


class Step(Generic[R]):
    """One step; awaiting it gives its reply, an `R`."""

    __slots__ = ()

    def __await__(self) -> Generator[Step[Any], Any, R]:
        """Hand the step to whoever drives the way, and give what comes back."""
        reply: R = yield self
        return reply
