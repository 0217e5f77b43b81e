"""What is told of the settings is what is declared: in Markdown, for Meltano, and for its Hub."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from docs import generate
from target_apptivo.settings.batch import BatchOptions
from target_apptivo.settings.call_options import CallOptions
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.options import EndpointOptions
from target_apptivo.settings.references import ReferenceOptions
from target_apptivo.settings.responses import Responses
from target_apptivo.settings.setting import settings_of
from target_apptivo.target import TargetApptivo
from tests.settings import JOURNAL, read

if TYPE_CHECKING:
    from pathlib import Path

yaml = importlib.import_module("yaml")  # the SDK's; it comes without types

TEXT = (generate.ROOT / "docs/settings.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in TEXT.splitlines()
    if line.startswith("| `")
]
PLACES = [
    (DeclaredSettings, ""),
    (EndpointOptions, ""),
    (Responses, "responses."),
    (BatchOptions, "batch."),
    (ReferenceOptions, ""),
]


def meltano(name: str) -> list[dict[str, Any]]:
    """Give the loader's settings as a file tells Meltano."""
    content = yaml.safe_load((generate.ROOT / name).read_text("utf-8"))
    loader: dict[str, Any] = content
    if "plugins" in content:
        (loader,) = content["plugins"]["loaders"]
    settings: list[dict[str, Any]] = loader["settings"]
    return settings


def test_nothing_is_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """`docs/generate.py` has been run since a setting was changed."""
    code = generate.main("--check")
    assert capsys.readouterr().out == ""
    assert code == 0


def test_what_is_behind_is_told_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` writes nothing and fails; without it only what is between the marks is written."""
    files = {name: (generate.ROOT / name).read_text("utf-8") for name in generate.FILES}
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("Most requests under", "Most calls under"))
    assert generate.main("--check") == 1
    told = capsys.readouterr().out
    assert [f"{name} is behind: run docs/generate.py" for name in generate.FILES] == (
        told.splitlines()
    )
    assert all("Most calls" in (tmp_path / name).read_text() for name in files)
    assert generate.main() == 0
    assert {name: (tmp_path / name).read_text("utf-8") for name in files} == files
    assert generate.main() == generate.main("--check") == 0


def test_what_people_wrote_stays() -> None:
    """Whatever stands outside of the marks is not touched, and an unknown part is a mistake."""
    text = "# a\n  # streams: written by docs/generate.py\n  old\n  # end of streams\nb\n"
    made = generate.brought_in_step(text)
    assert made.startswith("# a\n  # streams: written by docs/generate.py\n  | endpoint |")
    assert made.endswith("|\n  # end of streams\nb\n")
    assert generate.brought_in_step("no marks\n") == "no marks\n"
    with pytest.raises(KeyError):
        generate.brought_in_step(text.replace("streams", "straems"))


@pytest.mark.parametrize("part", generate.PARTS)
def test_every_part_stands_somewhere(part: str) -> None:
    """A part whose marks were lost would not be told of."""
    texts = "".join((generate.ROOT / name).read_text("utf-8") for name in generate.FILES)
    wanted = 2 if part == "loader settings" else 1
    for mark in (f"{part}: written by docs/generate.py", f"end of {part}"):
        assert len(re.findall(rf"^ *(?:#|<!--) {mark}", texts, re.MULTILINE)) == wanted


@pytest.mark.parametrize(("declaration", "prefix"), PLACES)
def test_every_setting_is_told_with_its_default(declaration: type[Any], prefix: str) -> None:
    """Name, default and meaning stand in one row; a secret is called one."""
    for name, each in settings_of(declaration).items():
        cells = 5 if declaration is EndpointOptions else 4
        (row,) = [row for row in ROWS if row[0] == f"`{prefix}{name}`" and len(row) == cells]
        assert row[-1] == each.description
        default = each.default if isinstance(each.default, str) else json.dumps(each.default)
        assert row[2] == ("" if each.default is None else f"`{default}`")
        assert ("secret" in row[1]) == each.secret


def test_the_options_of_a_call_are_those_of_an_entry() -> None:
    """An entry of `streams` has them all, and more."""
    assert settings_of(CallOptions).keys() < settings_of(EndpointOptions).keys()


@pytest.mark.parametrize("name", ["meltano.yml", "docs/meltano-hub.yml"])
def test_meltano_knows_every_setting(name: str) -> None:
    """With the same default, title, description and values; secrets are sensitive."""
    listed = {each["name"]: each for each in meltano(name)}
    declared = settings_of(DeclaredSettings)
    assert list(listed) == list(declared)
    for setting, each in declared.items():
        told = listed[setting]
        assert told.get("value") == each.default
        assert told.get("sensitive", False) == each.secret
        assert (told["label"], told["description"]) == (each.title, each.description)
        choices = {option["value"]: option["label"] for option in told.get("options", ())}
        assert choices == (each.choices or {})


def test_meltano_names_the_kind_of_each() -> None:
    """A number has the kind that a value from the environment does not break."""
    kinds = {each["name"]: each["kind"] for each in meltano("meltano.yml")}
    assert {kinds[name] for name in ("api_key", "journal_url", "rejected_path")} == {"string"}
    assert {kinds[name] for name in ("api_style", "load_method")} == {"options"}
    assert {kinds[name] for name in ("settle_seconds", "read_timeout")} == {"integer"}
    assert (kinds["streams"], kinds["dry_run"]) == ("object", "boolean")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": ["string", "null"]}, "string"),
        ({"type": "string"}, "string"),
        ({"type": ["integer", "null"], "minimum": 1}, "integer, at least 1"),
        (
            {"type": ["number"], "exclusiveMinimum": 0, "maximum": 9},
            "number, more than 0, at most 9",
        ),
        ({"type": ["string", "null"], "enum": ["a", "b", None]}, "one of `a`, `b`"),
        ({"type": ["array"], "items": {"type": ["string"]}}, "array of strings"),
        ({"type": "object", "additionalProperties": {"type": ["string"]}}, "object of strings"),
        ({"type": "object", "additionalProperties": False}, "object"),
        (
            {"oneOf": [{"type": "object"}, {"type": ["string"]}, {"type": "null"}]},
            "object or string",
        ),
    ],
)
def test_a_type_in_words(schema: dict[str, Any], words: str) -> None:
    """People read no JSON Schema."""
    assert generate.kind_of(schema) == words


def test_the_sdks_settings_are_told() -> None:
    """Those that it adds, and those that mean nothing here."""
    added: dict[str, Any] = {"properties": {}}
    TargetApptivo.append_builtin_config(added)
    for name in {*added["properties"], "batch_size_rows"} - {"load_method"}:
        assert f"`{name}`" in TEXT, name


def test_what_the_page_shows_is_taken() -> None:
    """Its examples are settings that the program reads."""
    examples = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
    assert len(examples) == 4
    for example in examples:
        streams = example.get("streams", example)
        assert read(streams=streams, **JOURNAL).routes.named.keys() == streams.keys()
