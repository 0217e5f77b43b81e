"""What must be true of each run of a course, whatever befell it."""

from __future__ import annotations

import re
import signal
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.conftest import ACCESS_KEY, API_KEY
from tests.fuzz.plan import Row
from tests.runs.test_secrets import spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.fuzz.course import Course, Run

_CREATES = {"save", "post"}
_SECRETS = {each.lower().encode() for key in (API_KEY, ACCESS_KEY) for each in spellings(key)}


def judge(course: Course, folder: Path) -> Iterator[str]:
    """Say what is not as it must be."""
    for run in course.runs:
        judged = Judged(course, run)
        for law in LAWS:
            for broken in law(judged):
                yield f"run {run.number}: {broken}"
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in {"config.json", "stdin"}:
            data = path.read_bytes().lower()
            if any(secret in data for secret in _SECRETS):
                yield f"a key is in {path.name}"


class Judged:
    """A run with what is known of it.

    Attributes:
        rows: What it could read, in order.
        taken: How often each record was taken in it.
        ever: The records that were taken in it or before.
        aside: The outcomes of the records that were set aside in it.
        set_aside: The records that were set aside in it or before.
        pairs: Records with their response records, as far as any were told.
        unchanged: Records before the last of these that have none.
    """

    def __init__(self, course: Course, run: Run) -> None:
        """Look at it."""
        self.plan, self.run, self.course = course.plan, run, course
        earlier = course.runs[: run.number + 1]
        self.rows = [item for item in self.plan.items[run.first :] if isinstance(item, Row)]
        self.covered = [
            item for item in self.plan.items[run.first : run.reached] if isinstance(item, Row)
        ]
        self.taken = Counter(mark for flight in run.flights for mark in flight.taken)
        self.ever_before = {m for each in earlier[:-1] for f in each.flights for m in f.taken}
        self.ever = self.ever_before | self.taken.keys()
        self.aside = {each["record"]["mark"]: each["rejected"]["outcome"] for each in run.aside}
        self.keys = {row.mark: (row.stream, row.record.get("id")) for row in self.plan.rows}
        self.set_aside = {line["record"]["mark"] for each in earlier for line in each.aside}
        self.sent = {mark for flight in run.flights for mark in flight.marks}
        self.pairs, self.unchanged = self._paired()
        self.last_line = (run.log.strip().splitlines() or [""])[-1]

    def _paired(self) -> tuple[list[tuple[Row, dict[str, Any]]], list[Row]]:
        """Find the record of each response record: both are in input order."""
        pairs: list[tuple[Row, dict[str, Any]]] = []
        unchanged: list[Row] = []
        rows = iter(self.rows)
        for told in self.run.responses:
            for row in rows:
                if self._is_of(row, told):
                    pairs.append((row, told))
                    break
                unchanged.append(row)
        return pairs, unchanged

    def _is_of(self, row: Row, told: dict[str, Any]) -> bool:
        """Whether a response record may be a record's: one of its key that is sent, if that is.

        What was lost on its way there was sent, too.
        """
        is_sent = row.mark in self.sent or told["action"] is None or told["outcome"] == "uncertain"
        is_of_key = (row.stream, row.record.get("id")) == (told["stream"], told["key"].get("id"))
        return is_of_key and (is_sent or not self.plan.has_journal)

    @property
    def tells_responses(self) -> bool:
        """Whether response records are asked for."""
        responses = self.plan.settings["responses"]
        return responses["emit"] != "none" or "webhook_url" in responses

    @property
    def has_broken_end(self) -> bool:
        """Whether the input ends with what cannot be taken."""
        return bool(self.plan.end) and self.run.number == 0

    @property
    def has_no_reason(self) -> bool:
        """Whether nothing in the input makes it fail, nor what an earlier run left.

        To delete again what is gone is refused, and what is in doubt is held.
        """
        gone = {row.mark for row in self.rows if row.stream == "gone"} & self.ever_before
        is_left = gone or "in doubt since" in self.last_line
        return not (is_left or self.has_broken_end or any(row.wrong for row in self.rows))

    @property
    def is_flagged(self) -> Iterable[int]:
        """The records of which it is told that they may be there twice, or are in doubt."""
        for row, told in self.pairs:
            if told["possible_duplicate"] or told["resolution"] or told["outcome"] == "uncertain":
                yield row.mark
        yield from (mark for mark, outcome in self.aside.items() if outcome == "uncertain")

    def comes_once(self, mark: int) -> bool:
        """Whether a record is the only one of its key."""
        return Counter(self.keys.values())[self.keys[mark]] == 1

    def counted(self, pattern: str) -> int:
        """Add up the numbers of a line of the log."""
        return sum(map(int, re.findall(pattern, self.run.log)))


def ends(it: Judged) -> Iterator[str]:
    """It ends, with an exit code that fits, and a reason as the last line of the log."""
    code, blow, plan = it.run.code, it.run.blow, it.plan
    allowed = {0, 1}
    if blow:
        is_at_once = blow.is_doubled or blow.number is signal.SIGKILL
        allowed |= {128 + blow.number, *([-blow.number] if is_at_once else [])}
    if code not in allowed:
        yield f"exit code {code} after {blow}: {it.last_line}"
    if code == 1 and " ERROR " not in it.last_line:
        yield f"the last line is no reason: {it.last_line}"
    if code == 1 and it.has_no_reason and (not any(plan.spoils.values()) or it.run.number > 1):
        yield f"no reason to fail: {it.last_line}"


def success_is_complete(it: Judged) -> Iterator[str]:
    """Exit code 0 means that everything was read and settled, and the last state written."""
    if it.run.code != 0:
        return
    if it.has_broken_end:
        yield "a broken input was taken"
    if not re.search(rf"\b{len(it.rows)} of {len(it.rows)} records? settled", it.run.log):
        yield "not everything was settled"
    if not it.plan.settings["dry_run"] and it.run.reached != it.plan.items[-1]:
        yield "the last state is missing"


def logs_nothing_private(it: Judged) -> Iterator[str]:
    """No record's values are in the log, no traceback, and no fault of the program's own."""
    for word in ("private-", "Traceback", "this is a bug", "Name "):
        if word in it.run.log:
            yield f"{word!r} is in the log"


def state_is_never_early(it: Judged) -> Iterator[str]:
    """States are those of the input, in order; all records before one are there or set aside."""
    known = {item for item in it.plan.items if isinstance(item, int)}
    # With the responses in it, a state is written again where some are still to be told.
    least = 0 if it.plan.settings["responses"]["emit"] == "state" else 1
    steps = [later - state for state, later in pairwise(it.run.states)]
    if not known.issuperset(it.run.states) or any(step < least for step in steps):
        yield f"states {it.run.states}"
    for row in it.covered:
        if row.mark not in it.ever | it.set_aside:
            yield f"{row.mark} is covered, and neither there nor set aside"
        if row.wrong == "ours" and row.mark not in it.set_aside:
            yield f"{row.mark} is covered and refused, and not set aside"


def each_has_one_outcome(it: Judged) -> Iterator[str]:
    """Response records are those of the records, in order; no state is ahead of them."""
    told_of = len(it.pairs) + len(it.unchanged)
    if it.unchanged and not it.plan.has_journal:
        yield f"{it.unchanged[0].mark} has no response record"
    if len(it.pairs) < len(it.run.responses):
        yield "response records of nothing"
    if it.tells_responses and not it.plan.has_journal and told_of < len(it.covered):
        yield "a state is ahead of its response records"
    for row in it.unchanged:
        if row.mark not in it.ever | it.set_aside:
            yield f"{row.mark} is unchanged, and was never taken"


def outcomes_are_true(it: Judged) -> Iterator[str]:
    """What is told of each record agrees with what was taken of it."""
    ids = {mark: i for flight in it.run.flights for mark, i in flight.taken.items()}
    for row, told in it.pairs:
        outcome, times = told["outcome"], it.taken[row.mark]
        is_false = times if outcome in {"rejected", "skipped"} else row.mark not in it.ever
        if outcome != "uncertain" and is_false:
            yield f"{row.mark} is {outcome}, and taken {times} times"
        is_told_id = outcome == "accepted" and told["apptivo_id"] and times == 1
        if is_told_id and str(told["apptivo_id"]) != ids[row.mark]:
            yield f"{row.mark} has the id {ids[row.mark]}, told is {told['apptivo_id']}"


def set_aside_is_right(it: Judged) -> Iterator[str]:
    """Once each, no more than allowed; what is refused is not there; what is ours is never sent."""
    most = -1 if it.plan.settings["dry_run"] else it.plan.settings["max_rejected"]
    if len(it.aside) < len(it.run.aside) or 0 <= most < len(it.aside):
        yield f"{len(it.run.aside)} lines set aside of {len(it.aside)} records, {most} allowed"
    for mark, outcome in it.aside.items():
        if outcome == "rejected" and it.taken[mark]:
            yield f"{mark} is set aside as rejected, and was taken"
    for row in it.rows:
        if row.wrong == "ours" and row.mark in it.sent:
            yield f"{row.mark} is sent, and had to be refused"
    if it.plan.settings["dry_run"] and (it.run.flights or it.run.states):
        yield "a dry run sends or has a state"


def order_is_kept(it: Judged) -> Iterator[str]:
    """The requests of a record all leave before those of the next one of its key."""
    places = defaultdict(list)
    for place, flight in enumerate(it.run.flights):
        for mark in flight.marks:
            places[mark].append(place)
    last: dict[tuple[str, object], Row] = {}
    for row in (row for row in it.rows if row.mark in places):
        earlier = last.get((row.stream, row.record.get("id")))
        if earlier and max(places[earlier.mark]) >= min(places[row.mark]):
            yield f"{row.mark} is sent before {earlier.mark} of its key is through"
        last[row.stream, row.record.get("id")] = row


def twice_is_told(it: Judged) -> Iterator[str]:
    """What is created twice in a run is flagged, or behind the last state; under `hold` nothing is.

    With a journal, also what an earlier run created; where a key comes once, or its records bring
    something new each time.
    """
    made = Counter(m for f in it.run.flights if f.action in _CREATES for m in f.taken)
    before = {
        mark
        for run in it.course.runs[: it.run.number]
        for flight in run.flights
        if flight.action in _CREATES and it.plan.has_journal
        for mark in flight.taken
        if it.comes_once(mark)
    }
    counted = it.counted(r"(\d+) records? may be in Apptivo twice")
    covered = {row.mark for row in it.covered}
    doubled = {mark for mark, number in made.items() if number + (mark in before) > 1}
    unflagged = (doubled & covered) - {*it.is_flagged}
    if len(unflagged) > (0 if it.run.responses else counted):
        yield f"{unflagged} are there twice, and nothing says so"
    twice = {mark for mark, number in made.items() if number > 1}
    if twice and it.plan.settings["on_uncertain"] == "hold":
        yield f"{twice} are created twice under hold"


def what_is_left_is_named(it: Judged) -> Iterator[str]:
    """A run that ends early says what the next one sends again: each, or how many."""
    if it.plan.has_journal or it.run.code == 0 or not it.run.is_orderly:
        return
    covered = {row.mark for row in it.covered}
    left = it.taken.keys() - covered - it.aside.keys()
    named = it.run.log.count("accepted, and sent again by the next run: stream")
    named += it.counted(r"and (\d+) more that Apptivo has or may have")
    named += it.counted(r"(\d+) (?:record was|records were) accepted after the last STATE")
    if len(left) > named + ("stream '" in it.last_line):
        yield f"{len(left)} are there behind the last state, {named} are named"


LAWS = (
    *(ends, success_is_complete, logs_nothing_private, state_is_never_early),
    *(
        each_has_one_outcome,
        outcomes_are_true,
        set_aside_is_right,
        order_is_kept,
        twice_is_told,
        what_is_left_is_named,
    ),
)
