"""What stands on what can be seen, in every theme: contrast as WCAG 2.2 counts it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

from accounts.display import THEMES
from reporting.charts import FILLS
from reporting.maps import ON_TINTS, TINTS

STYLE = (Path(settings.BASE_DIR) / "static" / "tutela" / "tutela.css").read_text()
TONES = ("neutral", "info", "good", "wait", "warn", "stop")
BARS = [f"series-{number}" for number in range(6)]
HEAT = [f"heat-{step}" for step in range(1, 6)]
LIGHTEST, *MAP = [
    f"map-{step}" for step in range(1, 6)
]  # of a map: ink on the first, "on-bar" on others
GROUNDS = ("paper", "mist", "faint", "mist-deep")  # of running text
PALE = ("info-pale", "good-pale", "warn-pale", "stop-pale")

WORDS = [  # 4.5
    *((ground, ink) for ground in GROUNDS for ink in ("ink", "ink-soft", "link", "link-hover")),
    *(("paper", ink) for ink in ("strong", "link-visited", "red", "green")),
    *((ground, ink) for ground in PALE for ink in ("ink", "ink-soft", "link")),
    *(("stop-pale", "red"), ("good-pale", "green")),
    *((solid, "on-solid") for solid in ("teal", "teal-dark", "green", "rust", "red", "red-dark")),
    *((tone, f"on-{tone}") for tone in TONES),
    *((ground, "on-header") for ground in ("header", "header-button", "header-button-hover")),
    *((bar, "on-bar") for bar in (*BARS, *MAP)),
    (LIGHTEST, "ink"),
    *((ground, "ink") for ground in HEAT),
    ("amber", "on-amber"),
]
PARTS = [  # 3: the edge of a field, a bar of a chart, the mark
    *(("paper", part) for part in ("input-line", "teal", "copper", "strong", *BARS, *MAP)),
    *(("faint", "input-line"), ("mist", "input-line"), ("mist", "teal")),
    *((ground, "teal") for ground in HEAT),
    *(("header", part) for part in ("arch", "amber")),
]


def _declared(selector: str) -> dict[str, str]:
    """The colours that a rule of the style sheet sets."""
    found = re.findall(re.escape(selector) + r"\{(color-scheme:\w+;)?(--paper[^}]*)\}", STYLE)
    assert found, selector
    return _colours(found[0][1])


def _colours(rule: str) -> dict[str, str]:
    named = dict(re.findall(r"--([\w-]+): ?(#\w+)", rule))
    return {name: colour for name, colour in named.items() if not name.startswith("govuk-")}


PALETTES = {
    "light": _declared(":root"),
    "dark": _declared("[data-theme=dark]"),
    "contrast": _declared("[data-theme=contrast]"),
}
# Of a device that wants dark colours and more contrast.
_NIGHT = re.compile(r"prefers-color-scheme: dark\)\{:root:not\(\[data-theme\]\)\{(--[^}]*)")
PALETTES["night"] = PALETTES["dark"] | _colours(_NIGHT.search(STYLE)[1])
in_each_theme = pytest.mark.parametrize("theme", PALETTES)


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _lower_than(least: float, palette: dict[str, str], pairs) -> dict[tuple[str, str], float]:
    measured = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in pairs}
    return {pair: round(ratio, 2) for pair, ratio in measured.items() if ratio < least}


@in_each_theme
def test_words_can_be_read(theme):
    assert _lower_than(7 if theme == "contrast" else 4.5, PALETTES[theme], WORDS) == {}


@in_each_theme
def test_parts_can_be_told_from_their_ground(theme):
    assert _lower_than(3, PALETTES[theme], PARTS) == {}


@in_each_theme
def test_the_focus_is_seen_on_whatever_ground_it_lies(theme):
    """It is two rings, amber and what stands on amber: one of them can be told from the ground."""
    palette = PALETTES[theme]
    rings = ("amber", "on-amber")
    for ground in (*GROUNDS, *PALE, "header", "teal", "red"):
        assert max(contrast(palette[ground], palette[ring]) for ring in rings) >= 3, ground
    assert contrast(*(palette[ring] for ring in rings)) >= 3


@pytest.mark.parametrize("part", [".app-help", ".app-term__button", ".app-chart__scroll"])
def test_what_is_no_field_has_both_rings(part):
    (focus,) = re.findall(re.escape(part) + r":focus\{([^}]*)\}", STYLE)
    assert "var(--amber)" in focus and "var(--on-amber)" in focus


def test_each_theme_that_can_be_chosen_has_every_colour():
    assert set(PALETTES) - {"night"} == set(THEMES) - {"device"}
    assert all(palette.keys() == PALETTES["light"].keys() for palette in PALETTES.values())


def test_the_device_gets_what_can_be_chosen():
    for wish, theme in (
        (r"\(prefers-color-scheme: dark\)", "dark"),
        (r"\(prefers-contrast: more\) ?and \(prefers-color-scheme: light\)", "contrast"),
    ):
        rule = re.search(
            rf"@media screen and {wish}\{{:root:not\(\[data-theme\]\)\{{([^}}]*)\}}", STYLE
        )
        assert f"[data-theme={theme}]{{{rule[1]}}}" in STYLE


def test_no_colour_is_used_that_is_not_set():
    used = set(re.findall(r"var\(--([\w-]+)", STYLE))
    assert used <= set(re.findall(r"[{;]--([\w-]+):", STYLE))


def test_tones_are_drawn_with_their_colours():
    for tone in TONES:
        drawn = f".app-tag--{tone}{{background:var(--{tone});color:var(--on-{tone})}}"
        assert drawn in STYLE


@in_each_theme
def test_the_lightest_tint_of_a_map_can_be_told_from_its_ground_or_has_a_line_around_it(theme):
    """In high contrast a border says it: there ink around it is what has to be seen."""
    told_by = "ink" if theme == "contrast" else LIGHTEST
    assert _lower_than(3, PALETTES[theme], [("paper", told_by), ("faint", "ink")]) == {}
    assert f".app-chart .{LIGHTEST}{{stroke:var(--ink)}}" in STYLE


@in_each_theme
def test_each_tint_of_a_map_is_stronger_than_the_one_before(theme):
    palette = PALETTES[theme]
    grounds = [contrast(palette["paper"], palette[tint]) for tint in (LIGHTEST, *MAP)]
    assert all(more >= 1.3 * less for less, more in pairwise(grounds)), grounds


def test_what_stands_alone_has_the_colours_of_the_light_theme():
    light = PALETTES["light"]
    assert list(FILLS) == [light[bar] for bar in BARS]
    assert list(TINTS) == [light[tint] for tint in (LIGHTEST, *MAP)]
    assert list(ON_TINTS) == [light["ink"], *(light["on-bar"] for _tint in MAP)]


def test_the_design_page_tells_the_colours_there_are():
    page = (Path(settings.BASE_DIR) / "docs" / "design.md").read_text()
    for name, colour in PALETTES["light"].items():
        if f"| {name} |" in page:
            assert f"| {name} | {colour} |" in page, name
