"""Files of whole lines: what a crash or a full disk leaves behind can still be read."""

from __future__ import annotations

import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from target_apptivo.errors import OutputError, SettingsError
from target_apptivo.output.files import LineFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the system refuse what would make a file longer, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_lines_are_appended(tmp_path: Path) -> None:
    """What is there stays."""
    path = tmp_path / "lines"
    path.write_text("old\n")
    file = LineFile(str(path), "rejected_path")
    file.write("new é")
    file.close()
    assert path.read_text("utf-8") == "old\nnew é\n"


@pytest.mark.parametrize("torn", ['{"half":', '{"x": "' + "é" * 100_000, "5", "\ud800"])
@pytest.mark.parametrize("before", ["", "whole\n"])
def test_a_torn_line_is_cut_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, before: str, torn: str
) -> None:
    """A machine that crashed may have left half a line, which nobody could read again."""
    path = tmp_path / "lines"
    path.write_text(before + torn, encoding="utf-8", errors="surrogatepass")
    size = path.stat().st_size
    file = LineFile(str(path), "rejected_path")
    file.write("next")
    file.close()
    assert path.read_text() == f"{before}next\n"
    assert f"{size - len(before)} bytes are cut off" in caplog.text


def test_a_whole_line_without_its_end_is_ended(tmp_path: Path) -> None:
    """Who mends the file may leave the last line so, and it is whole."""
    path = tmp_path / "lines"
    path.write_text('{"a": 1}\n{"b": 2}')
    file = LineFile(str(path), "rejected_path")
    file.write("next")
    file.close()
    assert path.read_text().splitlines() == ['{"a": 1}', '{"b": 2}', "next"]


def test_a_line_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    """The part that was written is taken back, and the error names the setting."""
    path = tmp_path / "lines"
    file = LineFile(str(path), "responses.path")
    file.write("x" * 50)
    with no_file_longer_than(100), pytest.raises(OutputError) as raised:
        file.write("y" * 100)
    file.write("z")
    file.close()
    assert path.read_text() == f"{'x' * 50}\nz\n"
    assert str(raised.value).startswith("the file of responses.path cannot be written (File too")


@pytest.mark.parametrize("name", ["", "missing/lines"])
def test_a_path_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path, name: str) -> None:
    """A folder, or a file in a folder that is not there: told before anything is read."""
    with pytest.raises(SettingsError) as raised:
        LineFile(str(tmp_path / name), "rejected_path")
    assert str(raised.value).startswith("rejected_path: cannot be opened for writing (")
    assert str(tmp_path) not in str(raised.value)


def test_the_file_is_for_its_owner(tmp_path: Path) -> None:
    """It holds records of people."""
    LineFile(str(tmp_path / "lines"), "rejected_path").close()
    assert (tmp_path / "lines").stat().st_mode & 0o777 == 0o600
