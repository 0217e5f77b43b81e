"""Stands in for the sink: how a record that was read is checked, remembered and sent on its way.

It does what `ApptivoSink` does, without the SDK: the rules come of real settings, and the rest is
the target's own (`Remembered`, `Mapped`, `deliver`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.rules import Mapped, Rules
from target_apptivo.apptivo.verdict import Outcome, Verdict, refused
from target_apptivo.apptivo.ways.deliver import deliver, deliver_mapped
from target_apptivo.apptivo.ways.notes import is_noted, set_aside
from target_apptivo.delivery.pending import PendingRecord, PendingWay, Record
from target_apptivo.errors import RecordRejectedError
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.rules import build_rules
from target_apptivo.settings.setting import read
from target_apptivo.singer.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.steps import Way
    from target_apptivo.delivery.in_flight import InFlight
    from tests.simulation.messages import Message
    from tests.simulation.plan import Lane, Setup

_URL = "http://127.0.0.1/app/dao/"
_KEY = "nr"


@dataclass(slots=True, eq=False)
class Watched(PendingRecord):
    """A record on its way, of which it is noted when it has its outcome."""

    message: Message | None = None
    on_end: Callable[[Message, Verdict], None] | None = None

    def end(self, verdict: Verdict) -> None:
        """Give it its outcome, and tell."""
        PendingRecord.end(self, verdict)
        assert self.message
        assert self.on_end
        self.on_end(self.message, verdict)


class Reading:
    """What becomes of the messages of one run."""

    def __init__(
        self,
        rules: dict[str, Rules],
        remembered: dict[str, Remembered],
        in_flight: InFlight,
        on_end: Callable[..., None],
    ) -> None:
        """Read for a run, by the rules of each stream; with a journal, all are remembered."""
        self._in_flight = in_flight
        self._on_end = on_end
        self._rules = rules
        self._remembered = remembered

    def take(self, message: Message, now: float) -> PendingRecord:
        """Take a record: have it delivered, or refuse it."""
        rules = self._rules[message.lane.name]
        pending = self._pending(message, rules)
        try:
            way = self._way(message, pending, rules)
        except RecordRejectedError as error:
            self._refuse(message, pending, error, now)
        else:
            if way is None:
                self._in_flight.refuse(pending, Verdict(outcome=Outcome.SKIPPED, reason="deleted"))
            else:
                self._in_flight.submit(PendingWay(way, [pending]), now)
        return pending

    def _refuse(
        self, message: Message, pending: PendingRecord, error: RecordRejectedError, now: float
    ) -> None:
        """Refuse a record; in the turn of its key, where the journal may know it."""
        place, rules, verdict = message.place, self._rules[message.lane.name], refused(str(error))
        if is_noted(place, rules):
            pending.lines = (place,)
            way = partial(set_aside, place, rules, verdict, message.set_aside_at)
            self._in_flight.submit(PendingWay(way, [pending]), now)
        else:
            pending.error = error
            self._in_flight.refuse(pending, verdict)

    def _way(
        self, message: Message, pending: PendingRecord, rules: Rules
    ) -> Callable[[], Way] | None:
        """Shape a record, and tell what is done with it."""
        is_deleted = rules.operation.creates and message.is_deleted
        if is_deleted and not (rules.hard_delete and self._remembered):
            return None
        remembered = self._remembered.get(message.lane.name)
        message.place = remembered.place(pending.record.key, message.row) if remembered else None
        mapped = Mapped(
            attributes=message.row,
            place=message.place,
            is_deleted=is_deleted,
            set_aside_at=message.set_aside_at,
        )
        criteria = remembered.line_up(pending, mapped) if remembered else None
        if is_deleted:
            return partial(deliver, mapped.gone(), rules)
        if rules.references:
            return partial(deliver_mapped, mapped, rules)
        return partial(deliver, mapped.shape(rules, criteria=criteria), rules)

    def _pending(self, message: Message, rules: Rules) -> Watched:
        """Note what is to be known of a record until it is settled."""
        lane = message.lane
        key = {_KEY: message.row[_KEY]} if lane.has_keys else {}
        record = Record(
            stream=lane.name,
            endpoint=rules.operation.endpoint,
            key=key,
            message={
                "type": "RECORD",
                "stream": lane.name,
                "record": {"run": message.run, "m": message.position},
            },
            schema_line="{}",
            size=100,
        )
        lines = ((lane.name, message.row[_KEY]),) if key else ()
        return Watched(record, lines, message=message, on_end=self._on_end)


def rules_of(setup: Setup) -> dict[str, Rules]:
    """Read how the records of each stream are treated, from settings."""
    given = [
        ("api_url", _URL),
        ("api_style", setup.style),
        ("on_uncertain", setup.on_uncertain),
        ("settle_seconds", setup.settle_seconds),
    ]
    if setup.has_journal:
        given.append(("journal_url", "sqlite://"))
    return {lane.name: _rules(lane, *given) for lane in setup.lanes}


def remembered_of(setup: Setup, rules: dict[str, Rules]) -> dict[str, Remembered]:
    """Tell how the records of each stream are remembered, with a journal."""
    referenced = {lane.parent for lane in setup.lanes}
    return {
        lane.name: Remembered(
            lane.name,
            rules[lane.name],
            [_KEY] if lane.has_keys else [],
            is_referenced=lane.name in referenced,
        )
        for lane in setup.lanes
        if setup.has_journal
    }


@lru_cache(maxsize=4096)
def _rules(lane: Lane, *given: tuple[str, Any]) -> Rules:
    """Read how the records of a stream are treated; many courses have the same."""
    return build_rules(_options(lane), _settings(*given), f"streams.{lane.name}")


@lru_cache
def _settings(*given: tuple[str, Any]) -> DeclaredSettings:
    """Read the settings of a course."""
    return read(DeclaredSettings, dict(given))


def _options(lane: Lane) -> dict[str, Any]:
    """Write the options of a stream as settings."""
    options: dict[str, Any] = {"endpoint": lane.endpoint, "exclude_attributes": ["company_id"]}
    if lane.endpoint != "delete_customer":
        options["load_method"] = lane.load_method
    if lane.match_on:
        options["match_on"] = [*lane.match_on]
    if lane.endpoint.startswith("create"):
        options |= {"on_conflict": lane.on_conflict, "update_nulls": lane.update_nulls}
    if lane.hard_delete:
        options["hard_delete"] = True
    if lane.endpoint == "generic":
        options |= _generic_options(lane)
    if lane.parent:
        reference = {"stream": lane.parent, "key": "{company_id}", "on_missing": lane.on_missing}
        options["references"] = {reference_of(lane): reference}
    if lane.endpoint == "delete_customer":
        options["customer_id"] = "{id_in_apptivo}"
    return options


def reference_of(lane: Lane) -> str:
    """Name the attribute that is the id of another record."""
    return "id_in_apptivo" if lane.endpoint == "delete_customer" else "accountId"


def _generic_options(lane: Lane) -> dict[str, Any]:
    """Write the options of a generic endpoint."""
    url = "v6/hooks/{nr}" if lane.method == "PUT" else "v6/hooks"
    options: dict[str, Any] = {"url": url, "method": lane.method}
    if lane.has_ids:
        options["id_path"] = "hookId"
    if lane.batch:
        batch = {
            "size": lane.batch,
            "grouping": "property",
            "property_name": "records",
            "split_rejected": lane.splits,
        }
        options["batch"] = batch | ({"results_path": "results"} if lane.has_results else {})
    return options
