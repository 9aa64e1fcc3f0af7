"""Clicks of the main tasks; assistance and referrals are counted where they are tested."""

import re

from playwright.sync_api import Page, expect

from tests.browser.served import ROOT
from tests.browser.steps import MOST_CLICKS, REFERENCE, TAISIYA, count_clicks, open_case


def test_the_design_page_tells_how_many_clicks_there_are():
    page = (ROOT / "docs" / "design.md").read_text()
    table = page.partition("## Clicks")[2].partition("##")[0]
    told = re.findall(r"^\| ([A-Z][^|]+) \| [^|]+ \| (\d+) \|$", table, re.MULTILINE)
    assert {task: int(most) for task, most in told} == MOST_CLICKS


def test_a_person_is_registered(visit):
    page = visit("officer")
    page.goto("/")
    pressed = count_clicks(page)
    page.get_by_role("button", name="Register a person").click()
    page.get_by_label("Name, number or reference").fill(TAISIYA.second_name)
    page.locator("#main").get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Register a new person").click()
    page.get_by_label("Yes", exact=True).click()
    page.get_by_label("Date of consent").fill("2026-03-02")
    page.get_by_label("Assistance by our organisation").click()
    page.get_by_label("Family name").fill(TAISIYA.second_name)
    page.get_by_label("Given name").fill(TAISIYA.first_name)
    page.get_by_label("What happened, in short").fill(TAISIYA.account)
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_text("is open.")).to_be_visible()
    assert REFERENCE.search(page.url)
    assert 0 < len(pressed) <= MOST_CLICKS["Register a person with consent"], pressed


def test_who_saw_and_changed_a_case_is_seen(visit):
    page = visit("supervisor")
    open_case(page)
    pressed = count_clicks(page)
    page.get_by_role("link", name="Who saw and changed what").click()
    expect(page.locator(".moj-timeline__item").first).to_contain_text("Pavel Hrynko")
    assert len(pressed) == MOST_CLICKS["See who saw and changed a case"], pressed


def test_a_table_is_built(visit):
    page = visit("analyst")
    page.goto("/")
    pressed = count_clicks(page)
    page.get_by_role("link", name="Build a table", exact=True).click()
    lines = {"Rows": "Year of registration", "Columns": "Sex"}
    for label, line in lines.items():
        _choose(page, label, line)
    expect(page.locator("#result h2")).to_have_text(
        "Persons registered, by year of registration, by sex"
    )
    assert len(pressed) + len(lines) == MOST_CLICKS["Build a table of two dimensions"], pressed


def _choose(page: Page, label: str, line: str) -> None:
    """Open a list and take a line of it, by a click that no page is told of."""
    box = page.get_by_label(label, exact=True)
    box.click()
    page.keyboard.press("Escape")
    with page.expect_response(lambda response: "/statistics/?" in response.url):
        box.select_option(label=line)
