"""What a run tells a person while it goes on, and at its end."""

from __future__ import annotations

import pytest

from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.delivery.pending import Record, SettledRecord
from target_apptivo.output.report import Report


def settled(outcome: Outcome, reason: str | None = None, **told: object) -> SettledRecord:
    """Make a settled record."""
    verdict = Verdict(outcome=outcome, reason=reason, **told)  # type: ignore[arg-type]
    record = Record(stream="leads", endpoint="create_lead", key={}, message={})
    return SettledRecord(
        stream="leads",
        endpoint="create_lead",
        key={},
        verdict=verdict,
        record=record if outcome.is_set_aside else None,
    )


def test_progress_is_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A line a stream and one of the pace, every half minute and not before."""
    now = [0.0]
    report = Report(describe_pace=lambda: "3 requests under way", clock=lambda: now[0])
    for _ in range(60):
        report.read("leads")
        report.count(settled(Outcome.ACCEPTED))
    report.count(settled(Outcome.REJECTED, "bad"))
    caplog.set_level("INFO")
    now[0] = 29.0
    assert report.tick() == 1.0
    assert caplog.messages == []
    now[0] = 30.5
    assert report.tick() == 30.0
    assert caplog.messages == [
        "progress: leads: 60 read, 60 accepted, 1 rejected",
        "progress: 2.0 records a second; 3 requests under way",
    ]


def test_the_account_groups_reasons_by_frequency(caplog: pytest.LogCaptureFixture) -> None:
    """Totals by stream and outcome, the most frequent reason first, doubts told."""
    report = Report()
    for number in range(500):
        report.count(settled(Outcome.REJECTED, f"unlike any other {number}"))
    for _ in range(3):
        report.count(settled(Outcome.UNCERTAIN, "twice the same"))
    report.count(settled(Outcome.ACCEPTED, possible_duplicate=True))
    caplog.set_level("INFO")
    report.log_summary()
    assert report.totals() == {"leads": {"rejected": 500, "uncertain": 3, "accepted": 1}}
    assert caplog.messages[0] == "leads: 0 read, 1 accepted, 500 rejected, 3 uncertain"
    assert caplog.messages[1] == "leads: 303 x other reasons"
    assert any("1 record may be in Apptivo twice:" in each for each in caplog.messages)
    assert len(caplog.messages) < 20


def test_what_was_cleared_up_is_in_apptivo_once(caplog: pytest.LogCaptureFixture) -> None:
    """It was sent again only after it had been looked for."""
    report = Report()
    for resolution in ("found", "resent"):
        report.count(settled(Outcome.ACCEPTED, possible_duplicate=True, resolution=resolution))
    report.log_summary()
    assert not any("twice" in each for each in caplog.messages)


def test_reasons_are_told_as_they_may_be_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Equal ones are counted together after what differs is masked."""
    report = Report(shown=lambda record, verdict: f"{record.stream}/{str(verdict.reason)[:3]}")
    for number in range(5):
        report.count(settled(Outcome.REJECTED, f"bad {number}"))
    report.log_summary()
    assert caplog.messages == ["leads: 5 x leads/bad"]


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_is_counted_once(outcome: Outcome) -> None:
    """By stream, and in all; what is set aside by its reason too."""
    report = Report()
    report.count(settled(outcome))
    report.count(settled(outcome))
    assert report.totals() == {"leads": {outcome.value: 2}}
    assert report.total() == report.total(outcome) == 2
    assert report.total(*(each for each in Outcome if each is not outcome)) == 0


def test_what_no_written_state_covers_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The next run sends it again; a state that was only reached covers nothing yet."""
    report = Report()
    for step in ("settle", "settle", "reach", "write", "settle", "reach", "settle"):
        match step:
            case "settle":
                report.count(settled(Outcome.ACCEPTED))
                report.count(settled(Outcome.REJECTED))
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
