"""What is sent to browsers: small, self-contained, and possible under the strict content policy."""

import json
import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
STYLE = STATIC / "tutela" / "tutela.css"
SCRIPTS = [STATIC / "tutela" / "tutela.js", STATIC / "vendor" / "htmx.min.js"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]

# Each would be refused by the browser under the policy of every page.
REFUSED = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an htmx handler": re.compile(r"<[^>]*\shx-on[:a-z-]*\s*=", re.IGNORECASE),
    "a script without the nonce": re.compile(
        r"<script(?![^>]*\bnonce=\"\{\{ request\.csp_nonce \}\}\")", re.IGNORECASE
    ),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "a data address": re.compile(r"(?:src|href)\s*=\s*[\"']data:", re.IGNORECASE),
    "another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_asks_for_nothing_the_policy_refuses(name):
    text = (ROOT / "templates" / name).read_text()
    assert [what for what, pattern in REFUSED.items() if pattern.search(text)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_can_be_read(name):
    get_template(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_names_only_static_files_that_exist(name):
    text = (ROOT / "templates" / name).read_text()
    for path in re.findall(r"{% static ['\"]([^'\"]+)['\"]", text):
        assert (STATIC / path).exists()


@pytest.mark.parametrize("path", [STYLE, *SCRIPTS], ids=lambda path: path.name)
def test_a_file_is_self_contained(path):
    text = path.read_text()
    assert "sourceMappingURL" not in text
    assert "data:image" not in text
    assert "data:font" not in text
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"www.w3.org"}, "names of XML namespaces are no requests"


def test_the_style_sheet_loads_no_other_file():
    loaded = [url for url in re.findall(r"url\(([^)]*)\)", STYLE.read_text()) if "#" not in url]
    assert loaded == []


def test_nothing_looks_like_a_government_site():
    text = STYLE.read_text().lower()
    for sign in ("gds transport", "crown", "crest", "#1d70b8", "#ffdd00", "#0b0c0c"):
        assert sign not in text


def test_scripts_keep_nothing_in_the_browser():
    own = SCRIPTS[0].read_text()
    for store in ("localStorage", "indexedDB", "document.cookie"):
        assert store not in own


def test_a_first_visit_is_small():
    """Style sheet and scripts as they cross the wire; the rest of the 50 kB is for the page."""
    sizes = {path.name: len(brotli.compress(path.read_bytes())) for path in (STYLE, *SCRIPTS)}
    assert sum(sizes.values()) < 38_000, sizes


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_tone_can_be_read():
    tones = re.findall(
        r"\.app-(?:tag|pill)--(\w+)\{background:(#\w+);color:(#\w+)\}", STYLE.read_text()
    )
    assert {name for name, *_ in tones} >= {"neutral", "info", "good", "wait", "warn", "stop"}
    for name, ground, ink in tones:
        assert _contrast(ground, ink) >= 4.5, name


def test_every_bar_of_a_chart_stands_out_from_the_paper():
    bars = dict(re.findall(r"\.app-chart \.bar-(\d)\{fill:(#\w+)\}", STYLE.read_text()))
    assert sorted(bars) == list("012345")
    for colour in bars.values():
        assert _contrast(colour, "#ffffff") >= 3


def test_the_lock_file_names_versions_and_hashes_but_no_registry():
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert "resolved" not in entry, name
        assert entry["integrity"].startswith("sha512-"), name


def test_the_licences_of_what_is_shipped_are_shipped():
    notice = (STATIC / "vendor" / "NOTICE.txt").read_text()
    for name in ("GOV.UK Frontend", "MOJ Frontend", "htmx"):
        assert name in notice
    assert (STATIC / "vendor" / "htmx-LICENSE.txt").exists()
