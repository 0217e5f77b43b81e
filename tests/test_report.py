"""What a run tells a person while it goes on, and at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.response import Outcome, Verdict
from target_apptivo.delivery.record import Entry
from target_apptivo.output.report import Report

if TYPE_CHECKING:
    import pytest


def entry(outcome: Outcome, reason: str | None = None) -> Entry:
    """Make a settled record."""
    verdict = Verdict(outcome=outcome, reason=reason)
    return Entry(stream="leads", endpoint="create_lead", key={}, message={}, verdict=verdict)


def test_progress_is_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A line a stream and one of the pace, every half minute and not before."""
    now = [0.0]
    report = Report(describe_pace=lambda: "3 requests under way", clock=lambda: now[0])
    for _ in range(60):
        report.read("leads")
        report.count(entry(Outcome.ACCEPTED))
    report.count(entry(Outcome.REJECTED, "bad"))
    caplog.set_level("INFO")
    now[0] = 29.0
    assert report.tick() == 1.0
    assert caplog.messages == []
    now[0] = 30.5
    assert report.tick() == 30.0
    assert caplog.messages == [
        "progress: leads: 60 read, 60 accepted, 1 set aside",
        "progress: 2.0 records a second; 3 requests under way",
    ]


def test_the_account_groups_reasons_by_frequency(caplog: pytest.LogCaptureFixture) -> None:
    """Totals by stream and outcome, the most frequent reason first, doubts told."""
    report = Report()
    for number in range(500):
        report.count(entry(Outcome.REJECTED, f"unlike any other {number}"))
    for _ in range(3):
        report.count(entry(Outcome.UNCERTAIN, "twice the same"))
    doubted = entry(Outcome.ACCEPTED)
    doubted.possible_duplicate = True
    report.count(doubted)
    caplog.set_level("INFO")
    report.log_summary()
    assert report.totals() == {"leads": {"rejected": 500, "uncertain": 3, "accepted": 1}}
    assert caplog.messages[0] == "leads: 0 read, 1 accepted, 500 rejected, 3 uncertain"
    assert caplog.messages[1] == "leads: 303 x other reasons"
    assert any("1 records may be in Apptivo twice" in each for each in caplog.messages)
    assert len(caplog.messages) < 20


def test_what_no_written_state_covers_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The next run sends it again; a state that was only reached covers nothing yet."""
    report = Report()
    for step in ("settle", "settle", "reach", "write", "settle", "reach", "settle"):
        match step:
            case "settle":
                report.count(entry(Outcome.ACCEPTED))
                report.count(entry(Outcome.REJECTED))
            case "reach":
                report.reach_state()
            case "write":
                report.write_state()
    report.log_unsaved()
    (message,) = caplog.messages
    assert message.startswith("2 records were accepted after the last STATE written")
    report.reach_state()
    report.write_state()
    report.log_unsaved()
    assert len(caplog.messages) == 1
