"""What every answer carries, errors included, and what no page contains."""

import gzip
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import resolve, reverse

from audit import trail
from audit.models import EventCase
from audit.verbs import Verb
from cases.services import erasure
from cases.services.intake import register_case
from core.downloads import is_download
from reporting.services import take_snapshot
from tests.audit.test_fails_closed import refusing
from tests.cases.made_files import a_file
from tests.conftest import PASSWORD
from tests.guards import source

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'none'",
    "script-src 'nonce-N'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types tutela",
}
OF_A_FILE = {"default-src 'none'", "sandbox"}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
NONCE = re.compile(r"'nonce-([\w+/]{22}==)'")


def check_headers(name: str, answer, policy: set[str] = POLICY) -> str:
    """Does this answer carry them all? Gives its nonce, "" when it has none."""
    for header, value in HEADERS.items():
        assert answer.headers.get(header) == value, f"{name}: {header}"
    permissions = answer.headers["Permissions-Policy"].split(", ")
    assert len(permissions) > 30, name
    assert {"camera=()", "microphone=()", "geolocation=()", "clipboard-read=()"} <= set(permissions)
    assert {p for p in permissions if not p.endswith("=()")} == {
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    }
    told = answer.headers["Content-Security-Policy"]
    found = NONCE.search(told)
    parts = {part.strip() for part in NONCE.sub("'nonce-N'", told).split(";")}
    # A page without scripts has no nonce, and so no script runs in it.
    wanted = policy if found else {part.replace(" 'nonce-N'", "") for part in policy}
    assert parts == wanted, name
    for header in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        assert header not in answer.headers, f"{name}: {header}"
    return found[1] if found else ""


def first_event_of(case) -> int:
    return EventCase.objects.filter(case=case.pk).first().seq


@pytest.fixture
def answers(case, new_case, alena, pavel, rita, yury, zoya, client_for, own_files, settings):
    """What was asked → its answer: every page for those who have it, and an error of each kind."""
    settings.DATA_DIR = own_files
    officer, auditor, analyst = client_for(alena), client_for(rita), client_for(yury)
    erased = register_case(new_case, by=alena)
    asked = erasure.ask_for_erasure(erased, reason="person_asked", note="Asked", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    take_snapshot(by=yury)
    officer.raise_request_exception = False
    at = {
        name: reverse(f"cases:{name}", args=[case.reference])
        for name in (
            *("detail", "person", "victim", "consent", "sharing", "trail", "add_file"),
            *("close", "hold"),
        )
    }
    of_file = [case.reference, a_file(case, alena).pk]
    at["file of a case"] = reverse("cases:file", args=of_file)
    at["a file"] = reverse("cases:download", args=of_file)
    at["a picture"] = reverse("cases:preview", args=of_file)
    at["a certificate"] = reverse("cases:certificate", args=[erased.reference])
    at["a certificate to print"] = reverse("cases:certificate_pdf", args=[erased.reference])
    at["410"] = reverse("cases:person", args=[erased.reference])
    at["a proof"] = reverse("cases:proof", args=[case.reference, first_event_of(case)])
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
        "file": analyst.get("/statistics/tables/year.gender/csv/"),
        "workbook of figures": analyst.get("/statistics/tables/year.gender/xlsx/"),
        "figures as JSON": analyst.get("/statistics/tables/year.gender/json/"),
        "figures on paper": analyst.get("/statistics/tables/year.gender/pdf/"),
        "chart of figures": analyst.get("/statistics/tables/gender/svg/"),
        "data sheet": analyst.get("/statistics/tables/year.gender/datasheet/"),
        "table that was kept": analyst.get("/statistics/tables/year.gender/of/1/"),
        "figures for programs": analyst.get("/statistics/api/table?dims=year"),
        "what programs may ask": analyst.get("/statistics/api/schema"),
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
        "401 for programs": Client().get("/statistics/api/schema"),
        "403 for programs": client_for(zoya).get("/statistics/api/schema"),
        "403 csrf": Client(enforce_csrf_checks=True).post("/account/sign-in/", {}),
        "404": officer.get("/cases/BY-2026-999999/"),
        "405": officer.delete("/cases/"),
        "409": officer.post(at["person"], change | {"second_name": "Другая"}),
        "413": officer.post(
            at["victim"], {"account": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
        ),
        "422": officer.post("/cases/register/", {"second_name": ""}),
        "403 of another site": officer.post(
            at["person"], change, headers={"sec-fetch-site": "cross-site"}
        ),
    }
    trail.append([trail.Entry(Verb.STATISTICS_EXPORTED, yury) for _ in range(20)])
    found["429"] = analyst.get("/statistics/tables/year.gender/csv/")
    with refusing():
        found["503"] = officer.get(at["detail"])
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
    nonces = []
    for name, answer in (answers | {"500": broken}).items():
        is_of_a_case = name in ("a file", "a picture")
        nonces.append(check_headers(name, answer, OF_A_FILE if is_of_a_case else POLICY))
    given = [nonce for nonce in nonces if nonce]
    assert len(given) == len(set(given)) > 20, "each page has a nonce of its own"


def test_scripts_of_a_page_carry_its_nonce_and_no_others_are_there(answers):
    for name, answer in answers.items():
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        found = NONCE.search(answer.headers["Content-Security-Policy"])
        scripts = re.findall(r"<script[^>]*>", answer.content.decode())
        assert bool(found) == bool(scripts), name
        for script in scripts:
            assert f'nonce="{found[1]}"' in script, name


@pytest.fixture
def static_file():
    """A file as collectstatic leaves it, with the hash of its content in its name."""
    path = Path(settings.STATIC_ROOT) / "tutela.0123456789ab.js"
    path.write_text("// nothing")
    yield f"{settings.STATIC_URL}{path.name}"
    path.unlink()


def test_static_files_carry_them_too_and_may_be_kept(static_file):
    for answer in (
        Client().get(static_file),
        Client().get(static_file, headers={"range": "bytes=0-1"}),
    ):
        kept = answer.headers["Cache-Control"]
        assert "max-age" in kept and "no-store" not in kept
        answer.headers["Cache-Control"] = "no-store"
        check_headers("a static file", answer)
    check_headers("no such file", Client().get("/static/nothing.js"))


@pytest.mark.parametrize("asked_by", ["same-origin", "same-site", "cross-site", "none", None])
def test_only_what_a_page_of_ours_asks_for_is_compressed(asked_by):
    """A length tells secrets to whoever chooses what stands beside them, as other sites could."""
    headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": asked_by}
    sent = {name: value for name, value in headers.items() if value}
    answer = Client().get("/account/sign-in/", headers=sent)
    if asked_by != "same-origin":
        assert "Content-Encoding" not in answer.headers
        return
    assert answer.headers["Content-Encoding"] == "gzip"
    check_headers("compressed", answer)
    assert gzip.decompress(answer.content).startswith(b"<!doctype html>")


def test_a_file_is_not_compressed(alena, client_for):
    headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
    answer = client_for(alena).get("/statistics/api/schema", headers=headers)
    assert answer.headers["Content-Type"] == "application/json"
    assert "Content-Encoding" not in answer.headers


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=31_536_000)
def test_over_tls_every_answer_says_so_and_without_it_leads_there(alena, static_file):
    safe = {
        "to sign-in": Client().get("/", secure=True),
        "sign-in": Client().get("/account/sign-in/", secure=True),
        "404": Client().get("/nothing/", secure=True),
        "403 csrf": Client(enforce_csrf_checks=True).post("/account/sign-in/", {}, secure=True),
        "400": Client().get("/", secure=True, headers={"host": "elsewhere.example"}),
    }
    for name, answer in safe.items():
        check_headers(name, answer)
    safe["static"] = Client().get(static_file, secure=True)
    for name, answer in safe.items():
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000"), name
    plain = {
        "page": Client().get("/cases/"),
        "form": Client().post("/account/sign-in/", {}),
        "static": Client().get(static_file),
    }
    for name, answer in plain.items():
        check_headers(name, answer)
        assert answer.status_code == 301, name
        assert answer.headers["Location"].startswith("https://"), name
    turned_away = Client().get("/", headers={"host": "elsewhere.example"})
    check_headers("a foreign host, turned away first of all", turned_away)
    assert turned_away.status_code == 400
    assert Client().get("/health/").status_code == 200


def test_what_is_saved_as_a_file_is_marked_as_one(answers):
    """Links on other sites do not lead to these (tests/audit/test_own_requests.py)."""
    files = {n: a for n, a in answers.items() if "attachment" in a.get("Content-Disposition", "")}
    assert files.keys() >= {"workbook of figures", "figures as JSON"}
    assert files.keys() >= {"a file", "file", "a proof", "a certificate", "a certificate to print"}
    for name, answer in files.items():
        assert is_download(answer.resolver_match.func), name
    assert is_download(resolve(reverse("mfa_download_recovery_codes")).func)


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


NOT_TYPED = {"hidden", "checkbox", "radio", "submit", "date", "number"}
# Nothing but days and numbers of events is typed here: what is typed elsewhere is in no address.
BY_GET = re.compile(r"/statistics/|/cases/(?:[\w-]+/(?:trail|who)/)?")


class _Elements(HTMLParser):
    """What a strict policy would refuse, and what would leave the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.is_by_get = False

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
        if tag == "form":
            self.is_by_get = names.get("method", "get").lower() == "get"
            if self.is_by_get and not BY_GET.fullmatch(names["action"]):
                self.wrong.append("a form by GET")
        is_typed = tag == "textarea" or (
            tag == "input" and names.get("type", "text") not in NOT_TYPED
        )
        if self.is_by_get and is_typed:
            self.wrong.append(f"{names.get('name')} would stand in an address")

    def handle_endtag(self, tag):
        if tag == "form":
            self.is_by_get = False


def test_no_page_asks_for_what_the_policy_refuses(answers, broken):
    for name, answer in (answers | {"500": broken}).items():
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        elements = _Elements()
        elements.feed(answer.content.decode())
        assert elements.wrong == [], name


def test_every_page_is_html_in_a_language_with_a_title(answers):
    for name, answer in answers.items():
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code in (302, 405) or name == "list, a part" or not is_page:
            continue
        page = answer.content.decode()
        assert re.search(r'<html lang="\w+"', page), name
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
        assert title.strip(" –\n") and "Снежаньская" not in title, name


def test_a_first_load_is_less_than_80_kilobytes(answers):
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
        assert size < 80_000, f"{name}: {size}"
