"""The source: rows that come, change and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.simulation.drawing_lanes import OWN_IDS
from tests.simulation.plan import FIRST_ID, Act, Change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.simulation.plan import Key, Lane, Row

NAMES: Final = {
    "create_lead": "lastName",
    "create_contact": "lastName",
    "create_customer": "customerName",
    "create_case": "caseSummary",
    "generic": "title",
}
# By how many numbers rows are told apart in a stream: some have the match value of another.
_MOST_ROWS = 4
_MATCH_ID = "input_4_9"


class Source:
    """The rows of all streams, and the changes that made them."""

    def __init__(self, rng: Random, lanes: Sequence[Lane]) -> None:
        """Start empty."""
        self._rng = rng
        self._lanes = lanes
        self._rows: dict[Key, Row] = {}
        self._former: list[tuple[Key, Row]] = []
        self._serial = 0
        self._shares = rng.random() < 0.25

    def moves_on(self, number: int) -> tuple[Change, ...]:
        """Make some changes."""
        return tuple(self._change() for _ in range(number))

    def goes_and_comes_back(self) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """Make some changes, and those that take them back."""
        before = dict(self._rows)
        there = self.moves_on(2)
        keys = dict.fromkeys(change.key for change in there)
        return there, tuple(Change(key, before[key]) for key in keys if key in before)

    def rival(self, rng: Random) -> Act:
        """Give an object of people's, perhaps with the match values of a row to come."""
        lane = rng.choice(self._lanes)
        return Act(-1.0, "rival", rng.randrange(_MOST_ROWS + 3), lane.name)

    def _change(self) -> Change:
        """Make one change."""
        rng, lane = self._rng, self._rng.choice(self._lanes)
        key = (lane.name, str(rng.randint(1, _MOST_ROWS)))
        if not lane.has_keys:
            # Its match values are its key.
            key = (lane.name, str(self._number(key)))
        row = self._rows.get(key)
        if row is None:
            row = self._fresh(lane, key)
        elif rng.random() < (0.3 if lane.hard_delete else 0.05):
            self._rows.pop(key)
            return Change(key, None)
        else:
            row = self._altered(lane, key, row)
        self._rows[key] = row
        self._former.append((key, row))
        return Change(key, row)

    def _fresh(self, lane: Lane, key: Key) -> Row:
        """Make a row."""
        row: Row = {"nr": key[1], NAMES.get(lane.endpoint, "note"): f"N{key[1]}"}
        if lane.parent:
            row["company_id"] = str(self._rng.randint(1, _MOST_ROWS))
        if lane.endpoint == "delete_customer":
            return row
        for name in ("description", "potentialAmount", "industry", "customAttributes"):
            if self._rng.random() < 0.8:
                row[name] = self._value(name)
        row |= self._emails(lane, key)
        return with_match_values(row, lane, self._number(key))

    def _altered(self, lane: Lane, key: Key, row: Row) -> Row:
        """Change one attribute or two, or go back to a former row."""
        rng = self._rng
        if rng.random() < 0.25:
            return rng.choice([each for of, each in self._former if of == key])
        if rng.random() < 0.1:
            return dict(row)
        for _ in range(rng.choice((1, 1, 2))):
            name = rng.choice(("description", "potentialAmount", "customAttributes", "industry"))
            row = {**row, name: rng.choice((self._value(name),) * 4 + (None, ""))}
        if rng.random() < 0.25 and lane.endpoint != "delete_customer":
            row = {**row, **self._emails(lane, key)}
        return with_match_values(row, lane, self._number(key))

    def _value(self, name: str) -> Any:  # noqa: ANN401
        """Make a value that was never there before."""
        self._serial += 1
        if name == "potentialAmount":
            return 1_000 + self._serial
        if name == "customAttributes":
            return [_custom("input_4_1", f"c{self._serial}")]
        return f"s{self._serial}"

    def _emails(self, lane: Lane, key: Key) -> Row:
        """Give the e-mails of a row: the one it is looked for by, and perhaps another."""
        emails = []
        if "emailAddress" in lane.match_on:
            emails.append(_email(f"k{self._number(key)}@x.org"))
        if self._rng.random() < 0.5:
            self._serial += 1
            emails.append(_email(f"s{self._serial}@x.org"))
        return {"emailAddresses": emails} if emails else {}

    def _number(self, key: Key) -> int:
        """Give the number in a row's match values; the second may have the first's."""
        number = int(key[1])
        return 1 if number == 2 and self._shares else number


def with_match_values(row: Row, lane: Lane, number: int) -> Row:
    """Put the match values with a number into a row, but for e-mails."""
    for name in lane.match_on:
        if name.startswith("customAttributes."):
            others = [each for each in row.get("customAttributes") or [] if not _is_match(each)]
            row = {**row, "customAttributes": [_custom(_MATCH_ID, f"m{number}"), *others]}
        elif name in OWN_IDS.values():
            row = {**row, name: FIRST_ID + number}
        elif name != "emailAddress":
            row = {**row, name: f"ref{number}"}
    return row


def _is_match(entry: Row) -> bool:
    """Whether a custom attribute is the one that rows are looked for by."""
    return bool(entry["customAttributeId"] == _MATCH_ID)


def rival_values(lane: Lane, number: int) -> Row:
    """Give an object of people's with the match values of a number."""
    name = NAMES.get(lane.endpoint, "note")
    row = with_match_values({name: f"P{number}", "description": f"p{number}"}, lane, number)
    if "emailAddress" in lane.match_on:
        row["emailAddresses"] = [_email(f"K{number}@x.org")]
    return row


def _email(address: str) -> Row:
    """Write an e-mail as Apptivo takes it."""
    return {"emailAddress": address, "emailType": "Home", "emailTypeCode": "HOME"}


def _custom(attribute_id: str, value: str) -> Row:
    """Write a custom attribute as Apptivo takes it."""
    return {"customAttributeId": attribute_id, "customAttributeValue": value}
