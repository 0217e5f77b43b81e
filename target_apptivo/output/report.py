"""What a run tells a person: progress now and then, and an account at the end."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.errors import counted
from target_apptivo.output.swallowed import Swallowed
from target_apptivo.output.table import counts_table
from target_apptivo.output.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.delivery.pending import Record, SettledRecord

logger = logging.getLogger("target-apptivo")

_INTERVAL = 30.0
# Seconds between two looks of a person.
_GLANCE = 0.2
# Reasons are kept for the account; a text that differs in every record must not fill the memory.
_MOST_REASONS = 200
_REASONS_SHOWN = 10


class Report:
    """Counts records by stream and outcome, and reasons by frequency.

    Attributes:
        describe_pace: Gives the state of the delivery in words.
        has_written_state: Whether there was a STATE.
    """

    def __init__(
        self,
        *,
        shown: Callable[[Record, Verdict], str] = lambda _, verdict: verdict.reason or "",
        on_aside: Callable[[SettledRecord], None] = lambda _: None,
        describe_pace: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
        terminal: Terminal | None = None,
    ) -> None:
        """Start counting.

        Args:
            shown: Gives a reason as it may be shown in the log.
            on_aside: Is given each record that is set aside.
            describe_pace: Gives the state of the delivery in words.
            clock: Seconds.
            terminal: Where a person looks on, if one does.
        """
        self.describe_pace = describe_pace
        self.has_written_state = False
        self._shown = shown
        self._on_aside = on_aside
        self._clock = clock
        self._terminal = terminal or Terminal()
        self._say = self._terminal.say
        self._interval = _GLANCE if self._terminal.is_there else _INTERVAL
        self._read: Counter[str] = Counter()
        self._outcomes: dict[str, Counter[Outcome]] = defaultdict(Counter)
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._swallowed = Swallowed()
        self._possible_duplicates = 0
        self._since_state = self._unsaved = 0
        self._started = clock()
        self._next_line = self._started + self._interval
        self._settled_before = 0

    def read(self, stream: str) -> None:
        """Count a record that was read."""
        self._read[stream] += 1

    @property
    def streams(self) -> list[str]:
        """The streams with records."""
        return list(self._read)

    def count(self, settled: SettledRecord) -> None:
        """Count a settled record."""
        verdict = settled.verdict
        self._outcomes[settled.stream][verdict.outcome] += 1
        is_cleared_up = verdict.resolution is not None
        self._possible_duplicates += verdict.possible_duplicate and not is_cleared_up
        self._since_state += verdict.outcome is Outcome.ACCEPTED
        if verdict.came_back:
            self._swallowed.count(settled.stream, verdict.came_back)
        if verdict.outcome is Outcome.SKIPPED and verdict.reason:
            self._skipped[settled.stream, verdict.reason] += 1  # ours: there are few of them
        if settled.record:
            self._on_aside(settled)
            shown = self._shown(settled.record, verdict)
            reason = (settled.stream, shown)
            if len(self._reasons) >= _MOST_REASONS and reason not in self._reasons:
                reason = (settled.stream, "other reasons")
            self._reasons[reason] += 1

    def reach_state(self) -> None:
        """Note that a state covers everything counted so far."""
        self._unsaved += self._since_state
        self._since_state = 0

    def write_state(self) -> None:
        """Note that the last state reached is written."""
        self.has_written_state = True
        self._unsaved = 0

    def log_unsaved(self) -> None:
        """Say how much an ended run has delivered that the next one sends again."""
        if number := self._unsaved + self._since_state:
            logger.warning(
                "%s accepted after the last STATE written: the next run sends that again, and "
                "creates it twice; a journal (journal_url) keeps it from that",
                counted(number, "record was", "records were"),
            )

    def totals(self) -> dict[str, dict[str, int]]:
        """Give the counts of this run by stream and outcome."""
        return {
            stream: {outcome.value: number for outcome, number in counts.items()}
            for stream, counts in self._outcomes.items()
        }

    def total(self, *outcomes: Outcome) -> int:
        """Count the records with one of some outcomes, or all settled ones."""
        return sum(
            number
            for counts in self._outcomes.values()
            for outcome, number in counts.items()
            if not outcomes or outcome in outcomes
        )

    def tick(self) -> float:
        """Tell how far the run has come when that is due.

        Returns:
            Seconds until the next time.
        """
        now = self._clock()
        if now >= self._next_line:
            tell = self._show_progress if self._terminal.is_there else self._log_progress
            tell(now)
            self._next_line = now + self._interval
        return self._next_line - now

    def log_summary(self) -> None:
        """Log the account of the run."""
        for line in self._counted():
            self._say(logging.INFO, "%s", line)
        for (stream, reason), number in self._reasons.most_common(_REASONS_SHOWN):
            self._say(logging.WARNING, "%s: %d x %s", stream, number, reason)
        for (stream, reason), number in self._skipped.items():
            self._say(logging.INFO, "%s: %d skipped: %s", stream, number, reason)
        for stream, name, number in self._swallowed.told():
            self._say(
                logging.WARNING,
                "%s: '%s' was sent %s and never came back: Apptivo drops names that it does "
                "not know; if --fields does not list it, map it by fields, or take it out by "
                "exclude_attributes",
                stream,
                name,
                counted(number, "time"),
            )
        if self._possible_duplicates:
            self._say(
                logging.WARNING,
                "%s may be in Apptivo twice: a create was sent again after a lost answer "
                "(possible_duplicate; set on_uncertain to hold to avoid it)",
                counted(self._possible_duplicates, "record"),
            )
        seconds = self._clock() - self._started
        counts = self._all_counts()
        self._say(
            logging.INFO,
            "%d of %s settled in %.1f s%s",
            self.total(),
            counted(self._read.total(), "record"),
            seconds,
            f": {counts}" if counts else "",
        )

    def _counted(self) -> Iterable[str]:
        """Write the counts by stream: as a table where a person looks on."""
        if self._terminal.is_there:
            read = {name: {"read": self._read[name]} for name in self._outcomes}
            totals = self.totals()
            counts = {name: read[name] | totals[name] for name in totals}
            return counts_table(counts, ("read", *Outcome)) if counts else ()
        return [
            f"{stream}: {self._read[stream]} read, {_counts(counts)}"
            for stream, counts in self._outcomes.items()
        ]

    def _show_progress(self, now: float) -> None:
        """Show a person how far the run has come."""
        seconds = now - self._started
        told = (
            f"{sum([*self._read.values()])} read",
            self._all_counts(),
            f"{self.total() / seconds:.0f} a second",
            self.describe_pace(),
        )
        self._terminal.show(f"{seconds:.0f} s: " + ", ".join(filter(None, told)))

    def _all_counts(self) -> str:
        """Write how many records of all streams had each outcome."""
        return _counts(sum(self._outcomes.values(), start=Counter()))

    def _log_progress(self, now: float) -> None:
        """Log how far the run has come."""
        settled = self.total()
        rate = (settled - self._settled_before) / (now - self._next_line + self._interval)
        self._settled_before = settled
        for stream, counts in self._outcomes.items():
            read = self._read[stream]
            logger.info("progress: %s: %d read, %s", stream, read, _counts(counts))
        logger.info("progress: %.1f records a second; %s", rate, self.describe_pace())


def _counts(counts: Counter[Outcome]) -> str:
    """Write how many records had each outcome."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
