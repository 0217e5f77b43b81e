"""Write what is told of the settings: the tables of `docs/settings.md`, and Meltano's definitions.

    .venv/bin/python docs/generate.py            # bring them in step with the declarations
    .venv/bin/python docs/generate.py --check    # write nothing; exit code 1 if one is behind

All of it follows from `target_apptivo/settings`. Of each file only what stands between two marks
is written, `<name>: written by docs/generate.py` and `end of <name>`; the rest is people's own.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.endpoints import ENDPOINT_NAMES, TEMPLATES
from target_apptivo.settings.batch import BatchOptions
from target_apptivo.settings.call_options import CREATES
from target_apptivo.settings.declared import DeclaredSettings
from target_apptivo.settings.options import APPLIES_TO, EndpointOptions
from target_apptivo.settings.references import ReferenceOptions
from target_apptivo.settings.responses import Responses
from target_apptivo.settings.setting import object_type, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from target_apptivo.settings.setting import Setting

yaml = importlib.import_module("yaml")  # the SDK's; it comes without types

ROOT: Final = Path(__file__).parents[1]
_WIDTH: Final = 100
_MARK: Final = re.compile(
    r"(?P<begin>^(?P<indent> *)(?:#|<!--) (?P<name>[\w ]+): written by docs/generate\.py.*\n)"
    r"(?P<part>(?:.*\n)*?)"
    r"(?P<end> *(?:#|<!--) end of (?P=name)\b)",
    re.MULTILINE,
)

_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
}
# Kind `decimal` breaks on a value from the environment (Meltano 4.4.1: "Decimal is not JSON
# serializable"); under `integer` a fraction can be written in the file.
_MELTANO_KINDS: Final = {"number": "integer"}


# -- Markdown -------------------------------------------------------------------------------------


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """Make a table."""
    columns = head.split(" | ")
    lines = [f"| {' | '.join(cells)} |\n" for cells in (columns, *rows)]
    return "".join([lines[0], f"|{'---|' * len(columns)}\n", *lines[1:]])


def settings_table(declaration: type[Any], prefix: str = "") -> str:
    """Tell of settings: name, type, default, meaning."""
    rows = list(_rows(declaration, prefix))
    if declaration is DeclaredSettings:
        at = [name for name, *_ in rows].index("`responses`") + 1
        rows[at:at] = _rows(Responses, "responses.")
    return table("setting | type | default | meaning", rows)


def options_table() -> str:
    """Tell of the options of endpoints, and what each applies to."""
    rows = [
        [name, kind, default, _applies(name.strip("`")), meaning]
        for name, kind, default, meaning in _rows(EndpointOptions)
    ]
    return table("option | type | default | applies to | meaning", rows)


def streams_table() -> str:
    """Tell of the default stream names."""
    rows = [
        [f"`{name}`", ", ".join(f"`{stream}`" for stream in (*row.streams, name))]
        for name, row in TEMPLATES.items()
    ]
    return table("endpoint | stream names", rows)


def _rows(declaration: type[Any], prefix: str = "") -> Iterator[list[str]]:
    """Give the cells that are told of each setting."""
    schemas = object_type(declaration).to_dict()["properties"]
    for name, each in settings_of(declaration).items():
        default = "" if each.default is None else f"`{_json(each.default)}`"
        told = [
            kind_of(schemas[name]),
            *(["secret"] * each.secret),
            *(["required"] * each.required),
        ]
        yield [f"`{prefix}{name}`", ", ".join(told), default, each.description]


def kind_of(schema: Mapping[str, Any]) -> str:
    """Write a type of JSON Schema as words."""
    if forms := schema.get("oneOf"):
        return " or ".join(kind_of(form) for form in forms if form.get("type") != "null")
    if values := schema.get("enum"):
        return f"one of {', '.join(f'`{value}`' for value in values if value is not None)}"
    kind = _type(schema)
    if kind == "array":
        return f"array of {_type(schema['items'])}s"
    inner = schema.get("additionalProperties")
    if kind == "object" and isinstance(inner, dict) and "type" in inner:
        return f"object of {_type(inner)}s"
    return ", ".join(
        [kind, *(text.format(schema[key]) for key, text in _LIMITS.items() if key in schema)]
    )


def _type(schema: Mapping[str, Any]) -> str:
    """Give the type of a value that is set."""
    kinds = schema["type"]
    return next(kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null")


def _applies(option: str) -> str:
    """Say what an option applies to."""
    endpoints = APPLIES_TO[option]
    if endpoints == ENDPOINT_NAMES:
        return "all"
    if set(CREATES) <= set(endpoints):
        return ", ".join(["creates", *(name for name in endpoints if name not in CREATES)])
    return ", ".join(f"`{name}`" if name in TEMPLATES else name for name in endpoints)


def _json(value: object) -> str:
    """Write a default; a text as it is."""
    return value if isinstance(value, str) else json.dumps(value)


# -- Meltano --------------------------------------------------------------------------------------


def meltano_settings() -> str:
    """Write the loader's settings as Meltano lists them."""
    schemas = object_type(DeclaredSettings).to_dict()["properties"]
    settings = settings_of(DeclaredSettings).items()
    return "".join(_meltano_setting(name, each, schemas[name]) for name, each in settings)


def _meltano_setting(name: str, setting: Setting, schema: Mapping[str, Any]) -> str:
    """Write one setting."""
    kind = "options" if setting.choices else _MELTANO_KINDS.get(_type(schema), _type(schema))
    lines = [f"- name: {name}", f"  kind: {kind}"]
    if setting.secret:
        lines.append("  sensitive: true")
    if setting.choices:
        lines.append("  options:")
        for value, label in setting.choices.items():
            lines += [f"  - label: {_scalar(label)}", f"    value: {_scalar(value)}"]
    if setting.default is not None:
        lines.append(f"  value: {_scalar(setting.default)}")
    lines += [f"  label: {_scalar(setting.title)}", *_description(setting.description)]
    return "".join(f"{line}\n" for line in lines)


def _description(text: str) -> list[str]:
    """Write a description, folded where it is long."""
    line = f"  description: {_scalar(text)}"
    if len(line) <= _WIDTH - 4:
        return [line]
    folded = textwrap.wrap(text, _WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return ["  description: >-", *(f"    {each}" for each in folded)]


def _scalar(value: object) -> str:
    """Write a single value as YAML."""
    text: str = yaml.safe_dump(value, width=10_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()


# -- files ----------------------------------------------------------------------------------------

PARTS: Final[dict[str, Callable[[], str]]] = {
    "settings": lambda: settings_table(DeclaredSettings),
    "options": options_table,
    "batch": lambda: settings_table(BatchOptions, "batch."),
    "references": lambda: settings_table(ReferenceOptions),
    "streams": streams_table,
    "loader settings": meltano_settings,
}
FILES: Final = ("docs/settings.md", "docs/meltano-hub.yml", "meltano.yml")


def brought_in_step(text: str) -> str:
    """Put what is declared between the marks of a file."""

    def part(match: re.Match[str]) -> str:
        made = textwrap.indent(PARTS[match["name"]](), match["indent"])
        return f"{match['begin']}{made}{match['end']}"

    return _MARK.sub(part, text)


def main(*options: str) -> int:
    """Bring the files in step, or say which are behind; give the exit code."""
    behind = []
    for name in FILES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if (made := brought_in_step(text)) != text:
            behind.append(name)
            if "--check" not in options:
                path.write_text(made, encoding="utf-8")
    verb = "is behind: run docs/generate.py" if "--check" in options else "written"
    for name in behind:
        print(f"{name} {verb}")  # noqa: T201
    return 1 if behind and "--check" in options else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
