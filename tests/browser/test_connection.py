"""Slow links and lost ones: what a page weighs, working over 2G, and a line that breaks while saving."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.steps import open_case, sign_in, type_into

FIRST = 80_000  # bytes of a page with an empty cache: style sheet, scripts, mark and page
NEXT = 20_000  # of a page after it
SECOND_GENERATION = {
    "latency": 300,
    "downloadThroughput": 250_000 / 8,
    "uploadThroughput": 50_000 / 8,
}
PATIENCE = 60_000  # milliseconds


@pytest.fixture
def line() -> Callable[[Page], CDPSession]:
    """The connection of a page, by Chromium's own means."""

    def make(page: Page) -> CDPSession:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        return session

    return make


def scales(line: CDPSession) -> tuple[Callable[[Callable[[], object]], int], set[str]]:
    """What weighs in bytes all that comes over the line by an act, and the addresses asked for."""
    came: Counter[str] = Counter()
    asked: set[str] = set()
    line.on("Network.requestWillBeSent", lambda told: asked.add(told["request"]["url"]))
    line.on("Network.loadingFinished", lambda told: came.update(bytes=told["encodedDataLength"]))

    def weight(act: Callable[[], object]) -> int:
        came.clear()
        act()
        return came["bytes"]

    return weight, asked


def follow(page: Page, address: str) -> None:
    """Go there from the page that is open: what else leads somewhere gets no compressed page."""
    with page.expect_navigation(wait_until="networkidle"):
        page.evaluate("address => { location = address }", address)


def throttle(line: CDPSession, **conditions: float) -> None:
    unhindered = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    line.send("Network.emulateNetworkConditions", unhindered | conditions)


def test_a_first_page_and_the_next_ones_are_small(open_browser, served, line):
    page = open_browser().new_page()
    weight, asked = scales(line(page))
    # A session ends with the browser: nobody begins elsewhere.
    assert 20_000 < weight(lambda: page.goto("/account/sign-in/")) < FIRST
    sign_in(page, "officer", served.password)
    case = f"/cases/{open_case(page)}/"
    for address in (
        "/",
        "/cases/",
        "/cases/register/",
        case,
        f"{case}assistance/",
        f"{case}trail/",
    ):
        size = weight(lambda address=address: follow(page, address))
        assert 0 < size < NEXT, (address, size)
    # The browser's own icon of a date field is a "data:" address; ours would break the policy.
    others = {
        address for address in asked if not address.startswith((f"{served.address}/", "data:"))
    }
    assert not others


@pytest.mark.parametrize(
    ("username", "address"),
    [
        ("analyst", "/statistics/?rows=year&columns=gender&tables=exploitation"),
        ("director", "/statistics/dashboards/"),
        ("auditor", "/audit/"),
    ],
)
def test_the_longest_pages_are_small_too(visit, line, username, address):
    page = visit(username)
    weight, _asked = scales(line(page))
    assert 0 < weight(lambda: follow(page, address)) < NEXT


def test_assistance_is_recorded_over_a_slow_link(visit, line):
    page = visit("officer", phone=True)
    page.set_default_timeout(PATIENCE)
    open_case(page, 2)
    slow = line(page)
    slow.send("Network.clearBrowserCache")
    throttle(slow, **SECOND_GENERATION)
    page.get_by_role("button", name="Record assistance").click()
    page.get_by_role("button", name="Medical").click()
    type_into(page, "diagnosis", "Anaemia")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Assistance is recorded.")).to_be_visible(timeout=PATIENCE)


def test_nothing_is_lost_when_the_line_breaks_while_saving(visit, line):
    page = visit("officer")
    open_case(page, 2)
    rows = page.get_by_role("rowheader", name="Medical", exact=True)
    before = rows.count()
    page.get_by_role("button", name="Record assistance").click()
    page.get_by_role("button", name="Medical").click()
    type_into(page, "diagnosis", "Anaemia")
    broken = line(page)
    throttle(broken, offline=True)
    told = page.get_by_role("alert").filter(has_text="What you typed is still here")
    for _time in range(2):
        page.get_by_role("button", name="Save").click()
        expect(told).to_be_in_viewport()
        page.wait_for_timeout(1_100)  # a second press within a second counts as one
    expect(page.locator("[name=diagnosis]")).to_have_value("Anaemia")
    throttle(broken)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Assistance is recorded.")).to_be_visible()
    expect(rows).to_have_count(before + 1)
