"""Which endpoint a stream gets, and why. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import DEFAULT_STREAMS, TEMPLATES
from target_apptivo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.rules import Rules


@dataclass(frozen=True, slots=True)
class Route:
    """Where a stream's records go.

    Attributes:
        rules: How they are treated.
        why: What decided it, for the log.
        is_exact: Whether the stream was named, not matched by a wildcard or left over.
    """

    rules: Rules
    why: str
    is_exact: bool = True

    @property
    def operation(self) -> Operation:
        """How a record is sent."""
        return self.rules.operation

    @property
    def deletes(self) -> bool:
        """Whether a record may delete."""
        return self.operation.deletes or self.rules.hard_delete is not None


@dataclass(frozen=True)
class Routes:
    """The mapping of streams to endpoints; every row is checked before a record is read.

    Attributes:
        named: Rows of `streams`, in written order; a name may be a glob.
        defaults: Row of each template, for the default names.
        fallback: The generic row for every other stream, if there is one; never one that deletes.
    """

    named: Mapping[str, Route]
    defaults: Mapping[str, Route]
    fallback: Route | None

    def all(self) -> list[Route]:
        """Give every route."""
        rows = [*self.named.values(), *self.defaults.values()]
        return [*rows, self.fallback] if self.fallback else rows

    @cached_property
    def referenced(self) -> frozenset[str]:
        """Streams, by their names in the journal, that records of others refer to."""
        return frozenset(
            reference.stream for route in self.all() for reference in route.rules.references
        )

    def find(self, stream: str) -> Route | None:
        """Find a stream's route: exact name, first glob, default name, generic.

        Args:
            stream: Name of the stream, after stream maps.

        Returns:
            The route, or None where the settings give none.
        """
        if stream in self.named:
            return self.named[stream]
        for pattern, route in self.named.items():
            if is_glob(pattern) and _glob(pattern).fullmatch(stream):
                return route
        if name := _default_endpoint(stream):
            return self.defaults[name]
        return self.fallback

    def unused(self, streams: Iterable[str]) -> list[str]:
        """Give the entries of `streams` that none of some streams goes by: typos, perhaps."""
        used = {id(self.find(stream)) for stream in streams}
        return [name for name, route in self.named.items() if id(route) not in used]


def unmapped(stream: str) -> InputError:
    """Say how a stream is mapped."""
    msg = (
        f"stream '{stream}' is mapped to no endpoint: add it to the setting `streams`, as in "
        f'{{"streams": {{"{stream}": "create_lead"}}}}, set `generic`, or remove it with a stream '
        f'map, as in {{"stream_maps": {{"{stream}": "__NULL__"}}}}'
    )
    return InputError(msg)


def is_glob(pattern: str) -> bool:
    """Whether a name in `streams` is a glob."""
    return "*" in pattern or "?" in pattern


def _default_endpoint(stream: str) -> str | None:
    """Find the endpoint of a default name; a delete only by the whole name."""
    name = stream.lower()
    if name in DEFAULT_STREAMS:
        return DEFAULT_STREAMS[name]
    # Database taps write the schema first: `public-leads`.
    endpoint = DEFAULT_STREAMS.get(name.rpartition("-")[2])
    return endpoint if endpoint and TEMPLATES[endpoint].creates else None


def _glob(pattern: str) -> re.Pattern[str]:
    """Match `*` with any text and `?` with any character; nothing else is special."""
    wild = {"*": ".*", "?": "."}
    return re.compile(
        "".join(wild.get(character) or re.escape(character) for character in pattern), re.DOTALL
    )
