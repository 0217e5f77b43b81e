"""What a person may do after a run, by how it went. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.errors import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.output.report import Report
    from target_apptivo.settings.read import Settings


def next_steps(report: Report, settings: Settings, *, shows_state: bool) -> Iterator[str]:
    """Say what comes next.

    Args:
        report: How it went.
        settings: The settings of the run.
        shows_state: Whether stdout is a terminal, where nobody keeps a STATE.
    """
    if uncertain := report.total(Outcome.UNCERTAIN):
        there = counted(uncertain, "uncertain record")
        yield f"look in Apptivo whether {there} arrived, then send what did not"
    if settings.dry_run:
        yield "nothing was sent, as dry_run says; the same without it sends"
    elif settings.journal_url is None and report.total(Outcome.ACCEPTED):
        yield (
            "the same records sent again are created again; with journal_url, and once --journal, "
            "a run sends only what is new or changed"
        )
    if shows_state and report.has_written_state:
        yield (
            "the last STATE above is where the tap goes on: keep it by > state.jsonl, and give its "
            "last line to the tap"
        )
