"""The sandbox's page as a text: what keyboards, screen readers and weak eyes need of it."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from target_apptivo.sandbox.faults import KINDS

TEXT = files("target_apptivo.sandbox").joinpath("page.html").read_text("utf-8")
SURFACES = ("ground", "panel", "tint")
READABLE = 4.5


class Outline(HTMLParser):
    """The elements of the page in order: tag and attributes."""

    def __init__(self) -> None:
        """Read the page."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(TEXT)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def all(self, wanted: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this tag."""
        return [attributes for tag, attributes in self.elements if tag == wanted]

    def by_id(self, name: str) -> dict[str, str | None]:
        """The attributes of one element."""
        return next(attributes for _, attributes in self.elements if attributes.get("id") == name)


PAGE = Outline()


def schemes() -> list[dict[str, str]]:
    """The colours by name, of the light and of the dark scheme."""
    return [
        dict(re.findall(r"--([\w-]+): (#\w+);", root))
        for root in re.findall(r":root \{(.*?)\}", TEXT, re.DOTALL)
    ]


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", schemes(), ids=["light", "dark"])
def test_every_text_stands_out(colours: dict[str, str]) -> None:
    """Each colour of text reaches WCAG AA's 4.5 on whatever it is written on."""
    pairs = [(ink, on) for ink in ("ink", "soft", "accent", "bad", "warn") for on in SURFACES]
    # The pills, the rows of doubles, and rows that have just arrived.
    pairs += [("accent", "accent-tint"), ("bad", "bad-tint"), ("warn", "warn-tint")]
    pairs += [(ink, "new") for ink in ("ink", "soft", "accent", "bad")]
    faint = [pair for pair in pairs if contrast(*(colours[name] for name in pair)) < READABLE]
    assert len(schemes()) == 2
    assert faint == []


def test_language_and_landmarks_are_told() -> None:
    """The page names its language, and has one banner, one main part and one first heading."""
    assert PAGE.all("html")[0]["lang"] == "en"
    assert [len(PAGE.all(tag)) for tag in ("title", "header", "main", "h1")] == [1, 1, 1, 1]


def test_headings_skip_no_level() -> None:
    """No heading is more than one level below the one before it."""
    levels = [int(tag[1]) for tag, _ in PAGE.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_ids_are_unique_and_whoever_names_one_finds_it() -> None:
    """Labels and the script refer to ids that are there, once."""
    ids = Counter(str(each["id"]) for _, each in PAGE.elements if "id" in each)
    labels = {each["aria-labelledby"] for _, each in PAGE.elements if "aria-labelledby" in each}
    used = {*labels, *re.findall(r'\$\("([\w-]+)"\)', TEXT)}
    assert max(ids.values()) == 1
    assert used - set(ids) == set()


def test_what_scrolls_can_be_reached_and_has_a_name() -> None:
    """The keyboard gets to each part that scrolls by itself, and a screen reader names it."""
    scrolling = [each for _, each in PAGE.elements if each.get("class") in {"scroll", "made-up"}]
    assert len(scrolling) == 5
    assert [each for each in scrolling if each.get("tabindex") != "0"] == []
    assert [each for each in scrolling if "aria-labelledby" not in each] == []


def test_only_what_has_come_to_rest_is_read_aloud() -> None:
    """Two parts are read aloud when they change, politely; the counts of each second are not."""
    statuses = {each["id"] for _, each in PAGE.elements if each.get("role") in {"status", "alert"}}
    assert statuses == {"live", "heard"}
    assert "aria-live" not in TEXT


def test_nothing_moves_for_whom_it_disturbs() -> None:
    """The one animation is off where less motion is asked for; the page can be paused."""
    reduced = TEXT.split("@media (prefers-reduced-motion: reduce)")[1].split("\n")[0]
    animated = re.findall(r"([\w.> *]+) \{ animation: arrive", TEXT)
    assert animated == ["tr.new > *"]
    assert "tr.new > * { animation: none; }" in reduced
    assert "transition" not in TEXT
    assert PAGE.by_id("pause")["type"] == "button"


def test_the_tables_headers_have_a_scope() -> None:
    """Headers of columns and of rows say what they are headers of."""
    assert 'th.scope = "col"' in TEXT
    assert 'id.scope = "row"' in TEXT
    assert TEXT.count('make("th"') == 2


def test_every_fault_is_told_in_plain_words() -> None:
    """The page says of each fault that fails what was carried out and what the client saw."""
    words = TEXT.split("const FAULTS = {")[1].split("};")[0]
    assert set(re.findall(r"(\w+): \"(?:not )?carried out", words)) == set(KINDS) - {"slow"}
