"""Streams whose refused records have nothing of the app's: nobody has mapped them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.fields.configuration import app_of
from target_apptivo.apptivo.fields.seen import SEEN
from target_apptivo.apptivo.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.apptivo.rules import Rules
    from target_apptivo.delivery.pending import Record, SettledRecord
    from target_apptivo.settings.routes import Routes


class Unmapped:
    """Notes the streams of which Apptivo refused a record that no attribute of its app is in."""

    def __init__(self, routes: Routes) -> None:
        """Know how each stream is treated."""
        self._routes = routes
        self._apps: dict[str, str] = {}

    def note(self, settled: SettledRecord) -> None:
        """Look at a record that has its outcome; what we refused says what it lacks itself."""
        verdict, record = settled.verdict, settled.record
        is_refused = verdict.outcome is Outcome.REJECTED and verdict.http_status is not None
        route = self._routes.find(settled.stream) if record and is_refused else None
        if route and record and _has_nothing(record, route.rules):
            self._apps[settled.stream] = app_of(route.rules.app)

    def told(self) -> Iterator[str]:
        """Say of each stream what can be done."""
        for stream, app in self._apps.items():
            yield (
                f"{stream}: Apptivo refused records without any attribute that is known of {app}, "
                f"as {SEEN[app][0]} is: map the tap's by the option fields (--fields {app} lists "
                "what there is)"
            )


def _has_nothing(record: Record, rules: Rules) -> bool:
    """Whether a record goes to an app under names that are none of it, and none are mapped."""
    if rules.row is None or rules.fields:
        return False
    set_by_us = {reference.attribute for reference in rules.references}
    return not (record.attributes.keys() | set_by_us) & {*SEEN[app_of(rules.row)]}
