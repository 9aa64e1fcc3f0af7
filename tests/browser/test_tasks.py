"""A task is written on a phone, comes up on the start page, and is done with one press."""

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.steps import open_case

WHAT = "Патэлефанаваць у прытулак"


def test_a_task_is_written_and_done_with_one_press(visit):
    page = visit("officer", phone=True)
    reference = open_case(page, 7)
    page.get_by_role("link", name="Add a task").click()
    page.get_by_label("What is to be done").fill(WHAT)
    page.get_by_label("Until").fill(timezone.localdate().isoformat())
    page.get_by_label("How often").select_option("Every month")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()

    page.goto("/cases/work/?kind=task")
    page.get_by_role("link", name=reference).first.click()
    row = page.get_by_role("row").filter(has_text=WHAT)
    expect(row).to_contain_text("Every month")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    row.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The next one is due on")).to_be_visible()
    page.get_by_text("Done or dropped, the last 1").click()
    expect(page.get_by_role("group").filter(has_text=WHAT)).to_be_visible()
