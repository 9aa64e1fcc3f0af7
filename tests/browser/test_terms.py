"""Words of the standard explain themselves: to pointer, keyboard and finger, without scripts, too."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.examine import problems
from tests.browser.steps import open_case


@pytest.fixture
def asked(visit):
    """The form that asks what happened, and the "?" and the words beside one of its labels."""

    def make(**options) -> tuple[Page, Locator, Locator]:
        page = visit("officer", **options)
        page.goto(f"/cases/{open_case(page)}/what-happened/")
        button = page.get_by_role("button", name="What does “Methods of control” mean?")
        return page, button, page.locator("#term-vic_MethodsOfControl")

    return make


def test_it_opens_under_the_pointer_and_stays_there(asked):
    """WCAG 2.2, 1.4.13: hoverable, persistent, and gone with Escape, wherever the pointer is."""
    page, button, words = asked()
    button.hover()
    expect(words).to_contain_text("What kept the person from leaving")
    words.hover()  # on the way there nothing closes
    page.wait_for_timeout(1_000)
    expect(words).to_be_visible()
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()
    button.hover()
    expect(words).to_be_visible()
    page.get_by_role("heading", level=1).hover()
    expect(words).to_be_hidden()


def test_who_presses_what_is_open_already_keeps_it(asked):
    page, button, words = asked()
    button.hover()
    expect(words).to_be_visible()
    button.click()
    page.get_by_role("heading", level=1).hover()
    page.wait_for_timeout(1_000)
    expect(words).to_be_visible()
    button.click()
    expect(words).to_be_hidden()


def test_the_keyboard_reaches_it_and_the_glossary(asked):
    page, button, words = asked()
    page.locator("[name=types_of_sex_exploitation]").last.focus()
    for _press in range(5):
        page.keyboard.press("Tab")
        if words.is_visible():
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")  # it is open: this keeps it
    expect(words).to_be_visible()
    page.keyboard.press("Tab")
    link = words.get_by_role("link", name="In the glossary")
    expect(link).to_be_focused()
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    entry = opened.value.locator("#vic_MethodsOfControl")
    expect(entry).to_be_in_viewport()
    expect(entry).to_contain_text("What kept the person from leaving")
    page.keyboard.press("Tab")
    expect(words).to_be_hidden()  # nothing covers what has the focus now
    page.keyboard.press("Shift+Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_finger_opens_and_closes_it(asked, scripts):
    page, button, words = asked(phone=True, has_touch=True, java_script_enabled=scripts)
    for shown in (True, False):
        button.tap()
        expect(words).to_be_visible(visible=shown)
    button.tap()
    box = words.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()


def test_what_is_open_is_fit_for_everybody(asked):
    page, _button, words = asked()
    page.evaluate("document.querySelector('#term-vic_MethodsOfControl').showPopover()")
    expect(words).to_be_visible()
    assert not problems(page)
