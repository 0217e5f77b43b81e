"""Data that nobody expects: refused alone or told by its line, never a fault of ours."""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.jsontext import MOST_LEVELS, dumps, dumps_line, loads, loads_strictly
from target_apptivo.redact import Redactor, guard_logging
from target_apptivo.sandbox import Reply
from target_apptivo.verbatim import Verbatim, loads_line
from tests.conftest import API_KEY, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from tests.conftest import Command, RunTarget

fixed = settings(derandomize=True, deadline=None, max_examples=100)

HUGE = "1e99999999999999999999"
NUMBERS = [HUGE, f"-{HUGE}", "1e-99999999999999999999", "9" * 5000, "1" * 5000 + ".5"]


def nested(levels: int, inner: str = '"x"') -> str:
    """Write an array in an array, and so on."""
    return "[" * levels + inner + "]" * levels


def lead(number: int, value: str) -> str:
    """Write a record of a lead with an attribute as it is."""
    return json.dumps(record("leads", number, x="VALUE")).replace('"VALUE"', value)


def aside(path: Path) -> dict[str, Any]:
    """Give the settings that set records aside."""
    return {"max_rejected": -1, "rejected_path": str(path)}


# --- records ---


@pytest.mark.parametrize(
    "value", [*NUMBERS, nested(600), nested(MOST_LEVELS), '{"a":' * 300 + "1" + "}" * 300]
)
def test_a_record_that_cannot_be_held_is_refused_alone(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, value: str
) -> None:
    """It is set aside as it came, and so it is again when the file is sent again."""
    path = tmp_path / "rejected"
    messages: list[Any] = [schema("leads"), record("leads", 1), lead(2, value)]
    messages += [record("leads", 3), state(3)]
    finished = run(messages, config=aside(path))
    assert finished.code == 0
    assert finished.lines[-1] == {"bookmark": 3}
    names = sorted(each["lastName"] for each in sandbox.records["leads"])
    assert names == ["Lead 1", "Lead 3"]
    assert "bug" not in finished.log
    line = path.read_text().splitlines()[1]
    assert f'"x":{value},' in line or f'"x":{value}}}' in line
    assert '"outcome":"rejected","reason":"the record ' in line
    again = tmp_path / "again"
    assert run(path.read_text().splitlines(), config=aside(again)).code == 0
    assert f'"x":{value}' in again.read_text().splitlines()[1]


@pytest.mark.parametrize("value", [HUGE, nested(600)])
def test_without_a_place_for_it_the_run_ends_at_it(run: RunTarget, value: str) -> None:
    """The last line names the record and what is wrong with it."""
    finished = run([schema("leads"), record("leads", 1), state(1), lead(2, value)])
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 1}
    assert """stream 'leads', key {"id":2}""" in finished.last_log
    assert "levels deep" in finished.last_log or "too many digits" in finished.last_log


def test_a_record_with_such_a_key_is_refused_too(run: RunTarget, tmp_path: Path) -> None:
    """Response records tell it as it came."""
    config = {**aside(tmp_path / "r"), "responses": {"emit": "records"}}
    line = json.dumps(record("leads", 1)).replace('"id": 1', f'"id": {HUGE}')
    finished = run([schema("leads"), line], config=config)
    assert finished.code == 0
    assert f'"key":{{"id":{HUGE}}}' in finished.stdout


def test_what_the_stream_maps_drop_is_not_refused(run: RunTarget, sandbox: Sandbox) -> None:
    """Nobody wants the record, whatever it holds."""
    config = {"stream_maps": {"leads": {"__filter__": "lastName != 'Lead 2'"}}}
    assert run([schema("leads"), record("leads", 1), lead(2, HUGE)], config=config).code == 0
    assert len(sandbox.records["leads"]) == 1


def test_a_key_in_what_is_kept_as_it_came_is_masked(run: RunTarget, tmp_path: Path) -> None:
    """Nested as deep as it may be."""
    path = tmp_path / "rejected"
    run([schema("leads"), lead(1, nested(600, json.dumps(API_KEY)))], config=aside(path))
    assert API_KEY not in path.read_text()
    assert '"***"' in path.read_text()


def test_a_record_as_deep_as_allowed_is_sent(run: RunTarget, sandbox: Sandbox) -> None:
    """Two levels are the message's own."""
    value = nested(MOST_LEVELS - 2)
    assert run([schema("leads"), lead(1, value)]).code == 0
    assert sandbox.records["leads"][0]["x"] == json.loads(value)


@fixed
@given(
    st.recursive(
        st.sampled_from(["1", HUGE, "NaN", "-Infinity", '"NaN"', '"\\\\"', '"[{\\""', "null"]),
        lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
        max_leaves=8,
    ),
    st.lists(st.sampled_from([0, 1, 150, 199, 250, 400]), min_size=1, max_size=3),
)
def test_any_line_is_written_as_it_was_read(inner: str, levels: list[int]) -> None:
    """Whatever is kept stands where it stood."""
    text = f"[{','.join(nested(each, inner) for each in levels)}]"
    value, flaw = loads_line(text.encode())
    assert dumps_line(value) == text
    if flaw:
        with pytest.raises(ValueError, match="cannot hold"):
            dumps(value)


def test_what_is_kept_is_not_shown() -> None:
    """Not in a log line, where it may be a part of a key."""
    assert str(Verbatim("[1]")) == "<...>"


# --- other messages ---


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f'{{"type":"STATE","value":{{"a":{HUGE}}}}}', "holds a number with too many digits"),
        (
            f'{{"type":"STATE","value":{{"a":{nested(300)}}}}}',
            "is nested more than 200 levels deep",
        ),
        (f'{{"type":"SCHEMA","stream":"x","schema":{nested(300)}}}', "is nested more than 200"),
        (nested(100_000), "is nested too deep to be read"),
        ("[" * 100_000, "is nested too deep to be read"),
        ("{" + "[" * 500, "is not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_told_by_its_number(
    run: RunTarget, line: str, problem: str
) -> None:
    """Everything before it is delivered, and its state written."""
    finished = run([schema("leads"), record("leads", 1), state(1), line])
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 1}
    assert f"line 4 of the input {problem}" in finished.last_log


@pytest.mark.parametrize("key_properties", [[["id"]], [1], [None], [{"a": 1}], "id", {"id": 1}])
def test_key_properties_are_names(run: RunTarget, key_properties: object) -> None:
    """A SCHEMA that names no properties is told by its line."""
    finished = run([{**schema("leads"), "key_properties": key_properties}, record("leads", 1)])
    assert finished.code == 1
    assert "line 1 of the input has" in finished.last_log
    assert "key_properties" in finished.last_log


@pytest.mark.parametrize("odd", [5, "x", None, [1], {"type": 5}, {"anyOf": [None]}])
@pytest.mark.parametrize(
    "config",
    [{}, {"flattening_enabled": True, "flattening_max_depth": 2}, {"add_record_metadata": True}],
)
def test_a_schema_that_is_none_is_the_tap_s_fault(
    run: RunTarget, odd: object, config: dict[str, Any]
) -> None:
    """Whatever the SDK makes of it."""
    finished = run([schema("leads", x=odd), record("leads", 1)], config=config)
    assert "this is a bug" not in finished.log
    assert finished.code == 0 or "mend the tap" in finished.last_log


def test_a_record_under_the_alias_of_a_stream_has_no_schema(run: RunTarget) -> None:
    """The alias is our name for it, not the tap's."""
    config = {"stream_maps": {"people": {"__alias__": "leads"}}}
    finished = run(
        [schema("people"), record("people", 1), state(1), record("leads", 2)], config=config
    )
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 1}
    assert finished.last_log == "a record of stream 'leads' comes before its SCHEMA: mend the tap"


def test_a_line_that_never_ends_is_not_held(
    run: RunTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory does not grow with it."""
    monkeypatch.setattr("target_apptivo.singer.reader._LONGEST_LINE", 1 << 20)
    monkeypatch.setattr("target_apptivo.singer.reader._CHUNK", 1 << 10)
    finished = run([schema("leads"), record("leads", 1), state(1), "x" * (1 << 21)])
    assert finished.code == 1
    assert finished.lines[-1] == {"bookmark": 1}
    assert "line 4 of the input is longer than 1 MiB" in finished.last_log


def test_streams_of_one_alias_have_their_own_schemas(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A record is checked against the schema of its own stream, also the second time."""
    firm = {**schema("firms", size={"type": "integer"}, nr={}), "key_properties": ["nr"]}
    config = {
        "stream_maps": {name: {"__alias__": "leads"} for name in ("firms", "people")},
        **aside(tmp_path / "rejected"),
    }
    person = schema("people", size={"type": "string"})
    messages = [
        firm,
        person,
        {"type": "RECORD", "stream": "firms", "record": {"nr": 1, "lastName": "A", "size": 5}},
        record("people", 2, size="tall"),
        firm,
        record("people", 3, size="small"),
        record("people", 4, size=5),
        {"type": "RECORD", "stream": "firms", "record": {"nr": 5, "lastName": "B", "size": "tall"}},
    ]
    finished = run(messages, config=config)
    assert finished.code == 0
    names = sorted(each["lastName"] for each in sandbox.records["leads"])
    assert names == ["A", "Lead 2", "Lead 3"]
    lines = [json.loads(line) for line in (tmp_path / "rejected").read_text().splitlines()]
    assert [each["stream"] for each in lines] == ["people", "people", "firms", "firms"]
    reasons = [each["rejected"]["reason"] for each in lines if each["type"] == "RECORD"]
    rule = "property 'size' does not satisfy its schema: `type` "
    assert reasons == [f"{rule}string", f"{rule}integer"]


# --- answers ---


@pytest.mark.parametrize(
    "body",
    [f'{{"id":{HUGE}}}', nested(600), f'{{"a":{nested(100_000)}}}', '{"id":' + "9" * 5000 + "}"],
)
def test_an_answer_that_cannot_be_held_is_not_json(
    run: RunTarget, sandbox: Sandbox, tmp_path: Path, body: str
) -> None:
    """The record is uncertain, and its answer is told as a text."""
    sandbox.respond = lambda _: Reply(200, body.encode())
    config = {
        "max_attempts": 1,
        "on_uncertain": "hold",
        "responses": {"emit": "records"},
        **aside(tmp_path / "rejected"),
    }
    finished = run([schema("leads"), record("leads", 1)], config=config)
    assert finished.code == 0
    told = finished.lines[1]["record"]
    assert (told["outcome"], told["response"]) == ("uncertain", None)
    assert "the answer is not JSON" in told["reason"]
    assert told["response_text"] == body[:2000]


@pytest.mark.parametrize("text", [HUGE, nested(MOST_LEVELS + 1), nested(100_000), "9" * 5000])
def test_json_that_cannot_be_held_is_a_value_error(text: str) -> None:
    """Whoever reads JSON has one kind of error to think of."""
    for each in (text, text.encode()):
        with pytest.raises(ValueError):  # noqa: PT011 - the digits are Python's own
            loads_strictly(each)
    with pytest.raises(ValueError):  # noqa: PT011
        loads(HUGE)
    assert loads_strictly(nested(MOST_LEVELS)) is not None


# --- the surroundings ---


def test_many_inherited_descriptors_do_no_harm(command: Command) -> None:
    """`select` knows none above 1,023."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1_200:
        pytest.skip("the machine allows too few")
    opening = (
        "import os, sys\n"
        "for _ in range(1_100):\n"
        "    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", opening, command.path, "--config", command.configure()],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["TARGET_APPTIVO_LOGLEVEL", "LOGLEVEL"])
@pytest.mark.parametrize("as_module", [False, True])
def test_a_wrong_log_level_is_one_line(command: Command, name: str, *, as_module: bool) -> None:
    """The variable is named, its value is not."""
    how = [sys.executable, "-m", "target_apptivo"] if as_module else [command.path]
    done = subprocess.run(  # noqa: S603 - our own command
        [*how, "--version"],
        env={**os.environ, name: "chatty"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"{name}: must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL\n"


def test_a_stream_forges_no_line_of_the_log(run: RunTarget) -> None:
    """What a tap says is one line, whatever is in it; a terminal is not spoken to."""
    name = "leads\n2026-01-01 | INFO | all is well\r\x1b[2J\u2028x"
    finished = run([schema(name), record(name, 1)])
    assert finished.code == 1
    assert not [
        line for line in finished.log.splitlines() if line.startswith("2026-01-01 | INFO | all")
    ]
    assert "leads\\n2026-01-01 | INFO | all is well\\r\\x1b[2J\\u2028x" in finished.log


def test_tracebacks_keep_their_lines(caplog: pytest.LogCaptureFixture) -> None:
    """Only what is said in a message is made one line of, after secrets are masked in it."""
    factory = logging.getLogRecordFactory()
    try:
        guard_logging(Redactor(["two\nlines of secret"]))
        try:
            _fail()
        except RuntimeError:
            logging.getLogger("x").exception("said\n%s", "two\nlines of secret")
    finally:
        logging.setLogRecordFactory(factory)
    assert caplog.records[0].getMessage() == "said\\n***"
    assert caplog.records[0].exc_info


def _fail() -> None:
    """Raise an error."""
    raise RuntimeError


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_the_log_says_nothing_idle(command: Command, level: str) -> None:
    """That the SDK leaves out what nobody asked for is for debugging."""
    process = command.start("--config", command.configure(), env={"TARGET_APPTIVO_LOGLEVEL": level})
    _, log = process.communicate(b"", timeout=60)
    assert process.returncode == 0
    assert (b"Skipping parse of env var" in log) is (level == "DEBUG")
