"""What every answer carries, errors included, and what no page contains."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import brotli
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from reporting.services import take_snapshot
from tests.cases.made_files import a_file
from tests.conftest import PASSWORD
from tests.guards import source

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


@pytest.fixture
def answers(case, alena, rita, yury, zoya, client_for):
    """What was asked → its answer: every page for those who have it, and an error of each kind."""
    officer, auditor, analyst = client_for(alena), client_for(rita), client_for(yury)
    take_snapshot(by=yury)
    officer.raise_request_exception = False
    at = {
        name: reverse(f"cases:{name}", args=[case.reference])
        for name in (
            *("detail", "person", "victim", "consent", "sharing", "trail", "add_file"),
            *("close", "hold"),
        )
    }
    at["file of a case"] = reverse("cases:file", args=[case.reference, a_file(case, alena).pk])
    desk = reverse("assistance:record", args=[case.reference])
    change = {"second_name": "Новая", "revision": "1"}
    found = {name: officer.get(url) for name, url in at.items()}
    found |= {
        "home": officer.get("/"),
        "list": officer.get("/cases/"),
        "list, a part": officer.get("/cases/", headers={"hx-request": "true"}),
        "register": officer.get("/cases/register/"),
        "search": officer.post("/cases/search/", {"q": "Снежаньская"}, follow=True),
        "kind": officer.get(desk),
        "assistance": officer.post(desk, {"kind": "medical"}),
        "log": auditor.get("/audit/"),
        "verify": auditor.post("/audit/verify/"),
        "officers": auditor.get("/audit/officers/"),
        "statistics": analyst.get("/statistics/"),
        "file": analyst.get("/statistics/csv/"),
        "snapshots": analyst.get("/statistics/snapshots/"),
        "sign-in": Client().get("/account/sign-in/"),
        "account": officer.get(reverse("mfa_index")),
        "password": officer.get(reverse("account_change_password")),
        "due": officer.get("/cases/due-for-erasure/"),
        "help": Client().get("/help/"),
        "exit": Client().get("/calendar/"),
        "to sign-in": Client().get("/cases/"),
        "saved": officer.post(at["person"], change),
        "not signed in, no such page": Client().get("/nothing/"),
        "400": officer.get("/", headers={"host": "elsewhere.example"}),
        "403": client_for(zoya).get("/cases/"),
        "403 csrf": Client(enforce_csrf_checks=True).post("/account/sign-in/", {}),
        "404": officer.get("/cases/BY-2026-999999/"),
        "405": officer.delete("/cases/"),
        "409": officer.post(at["person"], change | {"second_name": "Другая"}),
        "413": officer.post(
            at["victim"], {"account": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
        ),
        "422": officer.post("/cases/register/", {"second_name": ""}),
    }
    return found


@pytest.fixture
def broken(alena, client_for, monkeypatch):
    """The page of a fault of ours."""

    def fail(*args, **kwargs):
        raise RuntimeError("a fault")

    monkeypatch.setattr("cases.views.home.render", fail)
    browser = client_for(alena)
    browser.raise_request_exception = False
    return browser.get("/")


def test_the_answers_are_of_the_kinds_they_should_be(answers, broken):
    for name, answer in answers.items():
        if name[:3].isdigit():
            assert answer.status_code == int(name[:3]), name
    assert answers["saved"].status_code == answers["to sign-in"].status_code == 302
    assert broken.status_code == 500
    pages = {name for name, answer in answers.items() if answer.status_code == 200}
    assert len(pages) >= 23


def test_every_answer_carries_the_headers(answers, broken):
    for name, answer in (answers | {"500": broken}).items():
        for header, value in HEADERS.items():
            assert answer.headers.get(header) == value, f"{name}: {header}"
        policy = answer.headers["Content-Security-Policy"]
        assert set(policy.split("; ")) == POLICY, name
        # A request for a foreign host is turned away before the frame header is reached; its policy
        # says frame-ancestors 'none' all the same.
        assert answer.headers.get("X-Frame-Options") == "DENY" or name == "400", name
        assert "Server" not in answer.headers and "X-Powered-By" not in answer.headers


def test_every_cookie_is_out_of_reach_of_scripts_and_other_sites(answers):
    cookies = [cookie for answer in answers.values() for cookie in answer.cookies.values()]
    signed_in = Client().post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    cookies += signed_in.cookies.values()
    names = {cookie.key for cookie in cookies}
    assert names == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    for cookie in cookies:
        if not cookie.value:
            continue  # one that is being removed
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Strict", cookie.key


def test_a_session_ends_with_the_browser(alena):
    answer = Client().post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["max-age"] == cookie["expires"] == ""
    assert timedelta(seconds=settings.SESSION_COOKIE_AGE) <= timedelta(hours=12)


class _Elements(HTMLParser):
    """What a strict policy would refuse, and what would leave the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.wrong.append(f"<{tag}>")
        if tag in ("iframe", "object", "embed", "base"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.wrong.append(f"{tag} {name}")
            if name in ("src", "href", "action", "hx-get", "hx-post") and re.match(
                r"(?i)\s*(?:https?:|//|data:|javascript:)", value or ""
            ):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "form" and names.get("method", "get").lower() == "get":
            self.wrong += (
                [] if names["action"] in ("/cases/", "/statistics/") else ["a form by GET"]
            )


def test_no_page_asks_for_what_the_policy_refuses(answers, broken):
    for name, answer in (answers | {"500": broken}).items():
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        elements = _Elements()
        elements.feed(answer.content.decode())
        assert elements.wrong == [], name


def test_every_page_is_html_in_a_language_with_a_title(answers):
    for name, answer in answers.items():
        page = answer.content.decode()
        if answer.status_code in (302, 405) or name in ("file", "list, a part"):
            continue
        assert re.search(r'<html lang="\w+"', page), name
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
        assert title.strip(" –\n") and "Снежаньская" not in title, name


def test_a_first_load_is_less_than_100_kilobytes(answers):
    """The page, its style and its scripts, as brotli sends them."""
    static = source.ROOT / "static"
    for name in ("sign-in", "home", "detail", "register", "trail", "statistics"):
        page = answers[name].content.decode()
        loaded = re.findall(
            r'(?:<script[^>]* src|rel="stylesheet" href|rel="icon" href)="([^"]+)"', page
        )
        assert len(loaded) >= 4, loaded
        files = [(static / url.removeprefix("/static/")).read_bytes() for url in loaded]
        size = sum(len(brotli.compress(part)) for part in (page.encode(), *files))
        assert size < 100_000, f"{name}: {size}"
