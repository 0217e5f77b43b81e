"""What is shown on a terminal: the line in place, the lines above it, tables, and advice."""

from __future__ import annotations

import io
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.apptivo.verdict import Outcome
from target_apptivo.output.advice import next_steps
from target_apptivo.output.report import Report
from target_apptivo.output.table import counts_table, cut, table, width
from target_apptivo.output.terminal import Terminal
from tests.terminal import screen
from tests.unit.test_report import settled

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stream() -> io.StringIO:
    """What a person looks at."""
    return io.StringIO()


@pytest.fixture
def handler(stream: io.StringIO) -> Iterator[logging.Handler]:
    """The log's way to it; others stay as they are."""
    root, metrics = logging.getLogger(), logging.getLogger("singer_sdk.metrics")
    handler, level = logging.StreamHandler(stream), metrics.level
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    metrics.setLevel(level)


def test_the_shown_line_stays_below_the_log(stream: io.StringIO, handler: logging.Handler) -> None:
    """Each line of the log is whole, and what was shown last is shown again below it."""
    terminal = Terminal(stream)
    terminal.open()
    log = logging.getLogger("test_terminal")
    terminal.show("a long line that tells how it goes")
    log.error("first")
    assert screen(stream.getvalue()) == ["first", "a long line that tells how it goes"]
    terminal.show("short")
    assert screen(stream.getvalue()) == ["first", "short"]
    log.error("second")
    terminal.close()
    terminal.show("too late")
    assert screen(stream.getvalue()) == ["first", "second", ""]
    assert isinstance(handler, logging.StreamHandler)


def test_a_line_is_as_wide_as_the_terminal() -> None:
    """A longer one would leave a rest behind when it is updated."""
    stream = io.StringIO()
    Terminal(stream).show("x" * 200)
    assert len(screen(stream.getvalue())[0]) == 79


def test_no_terminal_takes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """What is said is a line of the log as any other."""
    caplog.set_level("INFO")
    terminal = Terminal()
    terminal.open()
    terminal.show("x")
    terminal.leave()
    terminal.say(logging.INFO, "%d said", 1)
    terminal.close()
    assert caplog.messages == ["1 said"]
    assert not caplog.records[0].is_plain  # type: ignore[attr-defined] # our own
    assert terminal.beside(print) is print


def test_a_terminal_that_goes_away_ends_nothing(stream: io.StringIO) -> None:
    """The run goes on when the window is closed."""
    terminal = Terminal(stream)
    stream.close()
    terminal.show("x")
    terminal.close()


def test_a_person_sees_how_it_goes(stream: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    """All streams in one line, often; nothing of it in the log."""
    caplog.set_level("INFO")
    now = [0.0]
    report = Report(
        describe_pace=lambda: "at rest", clock=lambda: now[0], terminal=Terminal(stream)
    )
    for name in ("leads", "contacts"):
        report.read(name)
    report.count(settled(Outcome.ACCEPTED))
    report.tick()
    assert stream.getvalue() == ""
    now[0] = 0.5
    assert report.tick() == pytest.approx(0.2)
    assert screen(stream.getvalue()) == ["0 s: 2 read, 1 accepted, 2 a second, at rest"]
    assert caplog.messages == []


def test_a_person_gets_the_account_as_a_table(
    stream: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    """The other lines of the account are the same, and plain."""
    caplog.set_level("INFO")
    report = Report(terminal=Terminal(stream))
    report.read("leads")
    report.count(settled(Outcome.REJECTED, "bad"))
    report.log_summary()
    head, row, reason, _ = caplog.messages
    assert (head.split(), row.split()) == (["STREAM", "READ", "REJECTED"], ["leads", "1", "1"])
    assert reason == "leads: 1 x bad"
    assert all(each.is_plain for each in caplog.records)  # type: ignore[attr-defined] # our own


def test_an_account_of_nothing_has_no_table(caplog: pytest.LogCaptureFixture) -> None:
    """The last line says it all."""
    caplog.set_level("INFO")
    Report(terminal=Terminal(io.StringIO())).log_summary()
    assert len(caplog.messages) == 1


def advice(*outcomes: Outcome, shows_state: bool = False, **told: Any) -> list[str]:  # noqa: ANN401
    """Give the first words of what comes next."""
    settings: Any = SimpleNamespace(**{"dry_run": False, "journal_url": None, **told})
    report = Report()
    for outcome in outcomes:
        report.read("leads")
        report.count(settled(outcome))
    if shows_state:
        report.write_state()
    return [" ".join(step.split()[:3]) for step in next_steps(report, settings, shows_state=True)]


def test_what_comes_next_is_by_how_it_went() -> None:
    """Nothing is advised that does not fit."""
    accepted, uncertain = Outcome.ACCEPTED, Outcome.UNCERTAIN
    assert advice() == []
    assert advice(accepted) == ["the same records"]
    assert advice(accepted, journal_url="sqlite:///x") == []
    assert advice(accepted, dry_run=True) == ["nothing was sent,"]
    assert advice(uncertain) == ["look in Apptivo"]
    assert advice(Outcome.UPDATED, shows_state=True) == ["the last STATE"]


def test_a_table_aligns_what_a_terminal_shows() -> None:
    """Wide letters take two columns, marks none; the last cell is not filled up."""
    assert [*table([("A", "B"), ("日本", "x"), ("e\u0301", "y")])] == [
        "A     B",
        "日本  x",
        "e\u0301     y",
    ]
    assert width("日本e\u0301") == 5
    assert cut("a\tb\x1b[2J", 6) == "a b […"


def test_counts_have_sums_and_no_empty_column() -> None:
    """One stream alone is its own sum."""
    lines = [*counts_table({"a": {"x": 1}, "b": {"y": 2}}, ("x", "y", "z"))]
    assert [line.split() for line in lines] == [
        ["STREAM", "X", "Y"], ["a", "1", "0"], ["b", "0", "2"], ["all", "1", "2"],
    ]  # fmt: skip
    assert len([*counts_table({"a": {"x": 1}}, ("x",))]) == 2
