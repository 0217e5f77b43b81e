"""The command line: options of the SDK, files, environment, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from target_apptivo.target import TargetApptivo
from tests.conftest import ACCESS_KEY, API_KEY, Command, RunTarget, record, schema, state

if TYPE_CHECKING:
    from target_apptivo.sandbox import Sandbox

LEADS: list[Any] = [schema("leads"), record("leads", 1), state(1)]


def test_version_and_about_work(run: RunTarget) -> None:
    """The SDK's own options answer and exit 0."""
    assert "target-apptivo v" in run((), "--version").stdout
    about = json.loads(run((), "--about", "--format=json").stdout)
    assert about["name"] == "target-apptivo"
    assert "| api_key |" in run((), "--about", "--format=markdown").stdout
    assert "access_key" in run((), "--about").stdout


def test_help_tells_each_option_once_by_task(run: RunTarget) -> None:
    """What loads comes first; the examples behind it use no option that there is not."""
    told, examples = run((), "--help").stdout.split("Examples:")
    options = {param.opts[0] for param in TargetApptivo.cli.params} | {"--help"}
    lines = [line.split()[0] for line in told.splitlines() if line.startswith("  --")]
    assert sorted(lines) == sorted(options)
    tasks = [line for line in told.splitlines() if line.endswith(":")]
    assert tasks[0] == "Run:"
    assert len(tasks) == 6
    assert {word for word in examples.split() if word.startswith("--")} < options


def test_every_setting_is_told_in_full() -> None:
    """Each setting has a title and a description; what lets somebody in is secret."""
    schema = TargetApptivo._get_about_info().settings  # noqa: SLF001
    for name, setting in schema["properties"].items():
        assert setting.get("title"), name
        assert setting.get("description"), name
    secret = {name for name, setting in schema["properties"].items() if setting.get("secret")}
    assert secret == {"api_key", "access_key", "journal_url"}
    assert "batch_size_rows" not in schema["properties"]


def test_several_files_merge_and_the_last_wins(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Top-level keys of later files replace those of earlier ones."""
    (tmp_path / "second.json").write_text('{"streams": {"leads": "create_contact"}}')
    config = {"streams": {"leads": "create_case"}}
    assert run(LEADS, "--config", str(tmp_path / "second.json"), config=config).code == 0
    assert sandbox.requests[0].path.endswith("/contacts")


def test_settings_come_from_the_environment(
    run: RunTarget, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --config=ENV every kind of setting can be a variable, numbers and objects too."""
    monkeypatch.setenv("TARGET_APPTIVO_API_KEY", "from-env")
    monkeypatch.setenv("TARGET_APPTIVO_REQUESTS_PER_SECOND", "250.5")
    monkeypatch.setenv("TARGET_APPTIVO_MAX_IN_FLIGHT", "2")
    monkeypatch.setenv("TARGET_APPTIVO_DRY_RUN", "no")
    streams = {"people": {"endpoint": "create_lead", "params": {"n": 1.50}}}
    monkeypatch.setenv("TARGET_APPTIVO_STREAMS", json.dumps(streams))
    assert run([schema("people"), record("people", 1)], "--config=ENV").code == 0
    assert sandbox.requests[0].params["apiKey"] == "from-env"
    assert sandbox.requests[0].params["n"] == "1.5"


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_IN_FLIGHT", "many"), ("STREAMS", "{broken"), ("REQUESTS_PER_SECOND", "fast")],
)
def test_a_wrong_variable_is_named(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The setting is named, its value is not."""
    monkeypatch.setenv(f"TARGET_APPTIVO_{name}", value)
    finished = run(LEADS, "--config=ENV")
    assert finished.code == 1
    assert finished.last_log.startswith(name.lower())
    assert value not in finished.last_log


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("STREEMS", "streems: is unknown; did you mean `streams`?"),
        ("RESPONSES_EMIT", "responses_emit: is unknown"),
        ("BATCH_SIZE_ROWS", "batch_size_rows: is not a setting of this target: use streams."),
    ],
)
def test_an_unknown_variable_is_an_error(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch, variable: str, problem: str
) -> None:
    """A typo in the environment is one like any other; the SDK's and Meltano's own are none."""
    monkeypatch.setenv("TARGET_APPTIVO_LOGLEVEL", "INFO")
    monkeypatch.setenv("TARGET_APPTIVO__EXTRA", "of Meltano")
    assert run(LEADS, "--config=ENV").code == 0
    monkeypatch.setenv(f"TARGET_APPTIVO_{variable}", "x")
    assert run(LEADS).code == 0
    finished = run(LEADS, "--config=ENV")
    assert finished.code == 1
    assert finished.last_log.startswith(problem)


def test_wrong_usage_is_exit_two(run: RunTarget, tmp_path: Path) -> None:
    """A file that is not there, an unknown option, a preview of nothing."""
    assert run((), "--config", "no-such-file.json").code == 2
    assert run((), "--input", str(tmp_path / "none")).code == 2
    assert run((), "--no-such-option").code == 2
    assert run((), "--preview", "0").code == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [('{"api_key": "abc', "is not JSON"), ("[1]", "is not a JSON object"), ("\xff", "cannot be")],
)
def test_a_broken_configuration_file_is_told_without_its_content(
    run: RunTarget, tmp_path: Path, content: str, reason: str
) -> None:
    """The file and the place are named."""
    path = tmp_path / "broken.json"
    path.write_bytes(content.encode("latin-1"))
    finished = run((), "--config", str(path))
    assert finished.code == 1
    assert reason in finished.last_log
    assert "broken.json" in finished.last_log
    assert "abc" not in finished.log


def test_no_input_is_no_error(command: Command) -> None:
    """An empty stdin ends with exit 0, without state and without a request."""
    process = command.start("--config", command.configure())
    out, _ = process.communicate(b"", timeout=60)
    assert (process.returncode, out) == (0, b"")


def test_the_module_runs_as_the_command(sandbox: Sandbox, command: Command) -> None:
    """`python -m target_apptivo` is the same program; keys are in no argument."""
    config = command.configure(api_url=sandbox.url)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "target_apptivo", "--config", config],
        input="".join(f"{json.dumps(line)}\n" for line in LEADS).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"bookmark": 1}
    assert API_KEY not in str(done.args)
    assert ACCESS_KEY not in str(done.args)


def test_the_sandbox_without_its_extra_says_how_to_install_it(
    tmp_path: Path, command: Command
) -> None:
    """One line with the remedy, exit 1, no traceback."""
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('No module named aiohttp')")
    process = command.start("--sandbox", env={"PYTHONPATH": str(tmp_path)})
    _, log = process.communicate(b"", timeout=60)
    assert process.returncode == 1
    assert b"pip install 'target-apptivo[sandbox]'" in log.splitlines()[-1]
    assert b"Traceback" not in log
    sandbox_command = str(Path(command.path).with_name("target-apptivo-sandbox"))
    done = subprocess.run(  # noqa: S603 - our own command
        [sandbox_command],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"pip install 'target-apptivo[sandbox]'" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_unexpected_error_is_one_line_without_content(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours is named by its type; only the debug log shows where it comes from."""

    def fail(*_: object) -> None:
        raise KeyError("private-value")

    monkeypatch.setattr("uuid.uuid4", fail)
    finished = run(LEADS, config={"responses": {"emit": "records"}})
    assert finished.code == 1
    assert finished.stdout == ""
    assert finished.last_log.startswith("unexpected KeyError: this is a bug")
    assert "private-value" not in finished.log


def test_stream_maps_that_cannot_be_parsed_are_told_before_a_record(
    run: RunTarget, sandbox: Sandbox
) -> None:
    """The path of the expression is named."""
    finished = run(LEADS, config={"stream_maps": {"leads": {"x": "1 +"}}})
    assert finished.code == 1
    assert "stream_maps" in finished.last_log
    assert sandbox.requests == []


def test_a_stream_map_that_fails_on_a_record_refuses_it(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The record is rejected with the kind of error; its values are not shown."""
    config = {
        "stream_maps": {"leads": {"age": "int(lastName)"}},
        "max_rejected": 1,
        "rejected_path": str(tmp_path / "rejected.singer"),
    }
    finished = run(LEADS, config=config)
    assert finished.code == 0
    assert "its stream map fails (ValueError)" in finished.log
    assert "Lead 1" not in finished.log
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("id,lastName", "read by a tap such as tap-csv"), ('{"id": 1}', "has to be Singer messages")],
)
def test_input_that_is_of_no_tap_is_told_so(run: RunTarget, text: str, remedy: str) -> None:
    """A stranger's first file is often the data itself."""
    finished = run([text])
    assert finished.code == 1
    assert finished.last_log.startswith("line 1 of the input ")
    assert remedy in finished.last_log


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--config", "{folder}"), "'{folder}' is a folder"),
        (("messages.singer",), "messages are named by --input, settings by --config"),
    ],
)
def test_wrong_usage_says_what_is_right(
    run: RunTarget, tmp_path: Path, options: tuple[str, ...], remedy: str
) -> None:
    """Exit 2, and a line that leads on."""
    finished = run((), *(each.format(folder=tmp_path) for each in options))
    assert finished.code == 2
    assert remedy.format(folder=tmp_path) in finished.log


def test_an_output_in_no_folder_says_what_to_make(run: RunTarget, tmp_path: Path) -> None:
    """The file is made by us, its folder is not."""
    path = str(tmp_path / "nowhere" / "rejected.singer")
    finished = run(LEADS, config={"rejected_path": path})
    assert finished.code == 1
    assert finished.last_log.endswith("(No such file or directory): make its folder first")
