"""Take over from response records what became of which record: ids that were found out before.

A record is taken over as it was at its time: what the journal knows from later stays.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from target_apptivo.errors import InputError, counted
from target_apptivo.journal.steps import Recall
from target_apptivo.journal.told import Told, read_line, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_apptivo.journal.journal import Journal
    from target_apptivo.journal.steps import Place

# So many are asked for and written at once.
_GROUP = 500


def account_name(api_url: str, api_key: str, setting: str | None) -> str:
    """Name the account that a journal belongs to.

    Args:
        api_url: The base of Apptivo's URLs: its host is half of the name.
        api_key: A digest of it is the other half; it cannot be found out from it.
        setting: `journal_account`, which wins.
    """
    if setting:
        return setting
    digest = blake2b(api_key.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{urlsplit(api_url).hostname}-{digest}"


def take_over(
    journal: Journal,
    lines: Iterable[str | bytes],
    *,
    name_of: Callable[[str], str] = str,
    now: Callable[[], float] = time.time,
) -> int:
    """Take over a file of response records.

    Args:
        journal: Open for writing.
        lines: Singer messages, or response records alone.
        name_of: Gives a stream's name in the journal: `journal_stream`, or its own.
        now: Seconds since 1970, as the journal's.

    Returns:
        How many were taken over.

    Raises:
        InputError: If a line is neither; what stood before it is taken over.
        JournalError: If the journal fails, or has a stream by other key properties.
    """
    taken = _TakeOver(journal, now)
    for number, line in enumerate(lines, start=1):
        taken.add(_read(number, line, name_of, taken))
    taken.flush()
    return taken.number


def _read(
    number: int, line: str | bytes, name_of: Callable[[str], str], taken: _TakeOver
) -> Told | None:
    """Read a line, or take over what stood before it and say which line it is."""
    try:
        return read_line(line, name_of)
    except ValueError as error:
        taken.flush()
        before = counted(taken.number, "response record was", "response records were")
        raise InputError(
            f"line {number} is {error}: mend it, and take the file over again; {before} "
            "taken over before it, once more does no harm"
        ) from None


class _TakeOver:
    """Takes over in groups, in each of which a record is once at most."""

    def __init__(self, journal: Journal, now: Callable[[], float]) -> None:
        """Take over into a journal."""
        self._journal = journal
        self._now = now
        self._group: dict[Place, Told] = {}
        self._claimed: set[tuple[str, str, frozenset[str]]] = set()
        self.number = 0

    def add(self, told: Told | None) -> None:
        """Take over what a line tells, if it tells anything."""
        if told is None:
            return
        self._claim(told)
        if told.place in self._group or told.is_deleted or len(self._group) == _GROUP:
            self.flush()
        self._group[told.place] = told
        if told.is_deleted:
            self.flush()

    def flush(self) -> None:
        """Take over what has come together."""
        group = list(self._group.values())
        replies = self._journal.carry_out([Recall(told.place) for told in group])
        now = self._now()
        pairs = zip(group, replies, strict=True)
        steps = [step for told, reply in pairs for step in steps_of(told, reply, now)]
        self._journal.carry_out(steps)
        self.number += len(group)
        self._group.clear()

    def _claim(self, told: Told) -> None:
        """See that a stream has the key properties that it has in the journal."""
        claim = (told.place.endpoint, told.place.stream, told.names)
        if claim not in self._claimed:
            self._journal.claim(*claim)
            self._claimed.add(claim)
