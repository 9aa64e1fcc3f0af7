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
