"""The end of a session and what was typed before it, leaving in a hurry, and sessions elsewhere."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.examine import REGIONS
from tests.browser.served import Served, serving
from tests.browser.steps import INA, open_case, sign_in

SIGN_IN = re.compile("/account/sign-in/")
IDLE = 15  # seconds; the warning comes two seconds before


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Tutela whose sessions end soon."""
    home = tmp_path_factory.mktemp("hasty")
    with serving(home, cases=3, TUTELA_IDLE_MINUTES=str(IDLE / 60)) as running:
        yield running


@pytest.fixture
def hurried(hasty, open_browser):
    """A page of the officer in front of it."""

    def make(**options) -> Page:
        page = open_browser(base_url=hasty.address, **options).new_page()
        sign_in(page, "officer", hasty.password)
        return page

    return make


@pytest.mark.parametrize("phone", [False, True])
def test_a_warning_comes_before_the_end_and_one_key_stays(hurried, phone):
    """WCAG 2.2, 2.2.1; what was typed stays where it is, and one region tells how long there is left."""
    page = hurried(phone=phone)
    page.goto(f"/cases/{open_case(page)}/what-happened/")
    typed = page.get_by_label("What happened, in short")
    typed.fill(INA.account)
    assert page.evaluate(REGIONS) == ['<div id="messages" class="app-messages" role="status"']
    warning = page.get_by_role("dialog", name="Are you still there?")
    expect(warning).to_be_visible(timeout=IDLE * 1000)
    expect(warning).to_contain_text(re.compile(r"signed out in \d+ seconds"))
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    expect(warning.get_by_role("status")).to_have_count(1)  # all else is inert behind the dialog
    box = warning.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    page.keyboard.press("Escape" if phone else "Enter")
    expect(warning).to_be_hidden()
    expect(typed).to_have_value(INA.account)
    page.wait_for_timeout((IDLE - 5) * 1000)
    page.reload()
    expect(page.locator(".moj-identity-bar__title")).to_be_visible()
    page.get_by_role("button", name="Discard").click()


def test_what_is_typed_survives_the_end_and_is_offered_again(hurried, hasty):
    page = hurried()
    reference = open_case(page)
    page.goto(f"/cases/{reference}/what-happened/")
    page.get_by_label("What happened, in short").fill(INA.account)
    expect(page).to_have_url(SIGN_IN, timeout=(IDLE + 10) * 1000)
    assert INA.account not in page.content()
    page.get_by_label("Username").fill("officer")
    page.get_by_label("Password").fill(hasty.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You were writing this at")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("What happened, in short")).to_have_value(INA.account)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(f"/cases/{reference}/what-happened/")
    expect(page.get_by_text("You were writing this at")).to_be_hidden()


def test_whoever_types_is_not_interrupted(hurried):
    page = hurried()
    reference = open_case(page)
    page.goto(f"/cases/{reference}/what-happened/")
    box = page.get_by_label("What happened, in short")
    for _ in range(8):
        box.press_sequentially("a word ")
        page.wait_for_timeout(IDLE * 1000 / 5)
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("You were writing this at")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("You were writing this at")).to_be_hidden()


def test_shift_three_times_leaves_and_going_back_shows_nothing(visit):
    page = visit("officer", anew=True)
    reference = open_case(page)
    for _ in range(3):
        page.keyboard.press("Shift")
    expect(page).to_have_title(re.compile("^Calendar"))
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    assert reference not in page.locator("body").inner_text()


def test_capitals_and_other_keys_do_not_leave(visit):
    page = visit("officer", anew=True)
    reference = open_case(page)
    page.goto(f"/cases/{reference}/what-happened/")
    box = page.get_by_label("What happened, in short")
    box.focus()
    for letter in "ANNA":
        page.keyboard.press(f"Shift+{letter}")
    for key in ("Shift", "Shift", "b", "Shift", "Shift", "ArrowLeft", "Shift"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    expect(box).to_be_visible()


def test_leaving_in_a_hurry_keeps_what_was_typed(visit):
    page = visit("officer", anew=True)
    reference = open_case(page)
    page.goto(f"/cases/{reference}/what-happened/")
    page.get_by_label("What happened, in short").fill(INA.account)
    page.get_by_role("button", name="Exit this page").click()
    expect(page).to_have_title(re.compile("^Calendar"))
    again = visit("officer", anew=True)
    again.goto(f"/cases/{reference}/what-happened/")
    expect(again.get_by_text("You were writing this at")).to_be_visible()
    again.get_by_role("button", name="Discard").click()


def test_a_session_elsewhere_is_ended(visit):
    phone, desk = visit("officer", anew=True, phone=True), visit("officer", anew=True)
    desk.locator(".app-account summary").click()
    desk.get_by_role("link", name="My account").click()
    desk.get_by_role("link", name="Show where you are signed in").click()
    expect(desk.get_by_role("row").filter(has_text="This one")).to_contain_text("Chrome on Linux")
    desk.get_by_role("button", name="End all others").click()
    expect(desk.get_by_role("row").filter(has_text="Chrome on Linux")).to_have_count(1)
    phone.goto("/cases/")
    expect(phone).to_have_url(SIGN_IN)
