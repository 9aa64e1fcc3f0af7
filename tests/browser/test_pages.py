"""What holds for every page: it fits a phone, keeps to its policy, and is kept by nobody."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, problems_of
from tests.browser.steps import open_case

PAGES = {
    "officer": ["/", "/cases/", "/cases/search/", "/cases/register/", "/help/"],
    "supervisor": ["/", "/cases/", "/cases/due-for-erasure/", "/audit/officers/", "/statistics/"],
    "administrator": ["/", "/cases/retention/"],
    "auditor": ["/", "/audit/", "/audit/verify/"],
    "analyst": ["/", "/statistics/", "/statistics/snapshots/"],
}
OF_A_CASE = ["", "person/", "what-happened/", "consent/", "sharing/", "trail/", "assistance/"]
OF_A_CASE += ["close/", "hold/"]


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


def test_a_script_that_is_not_ours_is_blocked_and_these_tests_would_notice(chromium, served):
    page = chromium.new_page(base_url=served.address)
    problems = []
    page.on("console", lambda message: problems.extend(problems_of(message)))
    page.goto("/account/sign-in/")
    assert not problems
    page.evaluate(
        "const script = document.createElement('script');"
        "script.textContent = 'window.ran = true'; document.head.append(script)"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in problem for problem in problems)
    page.close()


def test_of_two_quick_choices_both_count(visit):
    page = visit("officer")
    page.goto("/cases/")
    page.route("**/cases/?status=Active", lambda route: None)  # the first answer never comes
    page.get_by_label("Status").select_option("Active")
    page.get_by_label("Only those I am the officer of").check()
    page.wait_for_url("**/cases/?status=Active&mine=1")
    expect(page.get_by_role("rowheader").first).to_be_visible()
