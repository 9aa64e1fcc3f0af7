"""As beyond one machine: a proxy with TLS in front, cookies that go nowhere else, forms that arrive."""

import json
import re
from contextlib import closing
from http.client import HTTPConnection

import pytest
from playwright.sync_api import expect

from core import logs
from tests.browser.conftest import problems_of
from tests.browser.served import Served, serving
from tests.browser.steps import open_case, sign_in, sign_out
from tests.browser.tls import behind_tls


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    """(the server, the address of the proxy in front of it)"""
    home = tmp_path_factory.mktemp("safe")
    settings = {"TUTELA_HTTPS": "true", "TUTELA_TRUSTED_PROXIES": "127.0.0.1"}
    with serving(home, cases=12, **settings) as served, behind_tls(served.port, home) as address:
        yield served, address


@pytest.fixture
def page(safe, chromium):
    _served, address = safe
    context = chromium.new_context(base_url=address, ignore_https_errors=True)
    problems: list[str] = []
    context.on("console", lambda message: problems.extend(problems_of(message)))
    yield context.new_page()
    context.close()
    assert not problems


def test_people_work_over_tls(safe, page):
    """Signing in, a change, a part of a page by htmx, signing out: forms pass Django's check of where
    they come from, which over TLS wants the Origin or the Referer."""
    served, address = safe
    sign_in(page, "officer", served.password)
    reference = open_case(page)
    page.goto(f"/cases/{reference}/hold/")
    page.locator("#main textarea").fill("A court asked for it")
    page.locator("#main form button").click()
    expect(page).to_have_url(f"{address}/cases/{reference}/")
    page.goto("/cases/")
    page.get_by_role("combobox", name="Status").select_option("Active")
    page.wait_for_url("**status=Active**")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies.keys() == {"__Host-session", "__Host-csrf"}
    for cookie in cookies.values():
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    answer = page.goto("/cases/")
    sent = answer.headers["strict-transport-security"]
    assert sent == "max-age=31536000; includeSubDomains; preload"
    sign_out(page)
    expect(page).to_have_url(re.compile("/account/sign-in/"))


def ask(served: Served, path: str = "/account/sign-in/", **headers: str) -> tuple[int, str]:
    """What the server itself answers, past the proxy: (status, where to)."""
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=10)) as connection:
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")


def test_without_tls_every_page_leads_to_it(safe):
    served, _address = safe
    assert ask(served) == (301, f"https://127.0.0.1:{served.port}/account/sign-in/")
    assert ask(served, "/health/") == (200, "")
    # This test asks from where the proxy is, so what it says is believed.
    told = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "https"}
    assert ask(served, **told)[0] == 200
    assert ask(served, Host="elsewhere.example", **told)[0] == 400
    assert ask(served, X_Forwarded_Host="elsewhere.example")[1].startswith("https://127.0.0.1")


def test_the_server_prints_lines_of_the_list_and_no_addresses(safe, page):
    served, _address = safe
    sign_in(page, "supervisor", served.password)
    reference = open_case(page)
    page.goto("/cases/?status=Active&mine=1")
    printed = served.output.read_text()
    begun = printed.index("Tutela is served on")
    told = [json.loads(line) for line in printed[begun:].splitlines()[1:]]
    answered = [line for line in told if line.get("event") == "answered"]
    assert {"home", "cases:list", "cases:detail"} <= {line["view"] for line in answered}
    keys = {"time", "level", "logger", "event", "at", "request", "frames", *logs.EXTRA}
    assert all(line.keys() <= keys for line in told)
    for word in (reference, "status=Active", "supervisor", "/cases/", "127.0.0.1"):
        assert word not in printed[begun:].partition("\n")[2], word
