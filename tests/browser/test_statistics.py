"""The analyst's table, its chart and its file."""

import csv

from playwright.sync_api import Page, expect


def test_an_analyst_counts_by_year_sex_and_type_of_exploitation(visit, served, tmp_path):
    page = visit("analyst")
    page.get_by_role("link", name="Build a table").click()
    choose(page, "Rows", "Year of registration")
    choose(page, "Columns", "Sex")
    choose(page, "One table for each", "Type of exploitation")
    expect(page.locator("#result h2")).to_contain_text("by type of exploitation")
    result = page.locator("#result")
    expect(result.get_by_role("cell", name="<11", exact=True).first).to_be_visible()
    expect(result.locator("svg").first).to_be_visible()
    shown = figures(page)
    assert any(cell.isdigit() for row in shown for cell in row)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    file = tmp_path / "statistics.csv"
    download.value.save_as(file)
    head, *rows = table_of(file)
    assert head[:2] == ["Type of exploitation", "Year of registration"] and head[-1] == "Total"
    assert [row[1:] for row in rows] == shown
    assert {row[0] for row in rows} >= {"All", "Forced labour", "Sexual exploitation"}


def test_an_analyst_counts_assistance_by_type_on_a_phone(visit):
    page = visit("analyst", phone=True)
    page.get_by_role("link", name="Build a table").click()
    choose(page, "Rows", "Kind of assistance")
    choose(page, "Columns", "None")
    expect(page.locator("#result h2")).to_contain_text("by kind of assistance")
    kinds = [row[0] for row in figures(page)]
    assert {"Medical", "Psychological", "Legal", "Financial", "Reintegration"} <= set(kinds)


def test_an_officer_builds_no_statistics_and_an_analyst_opens_no_case(visit):
    assert visit("officer").goto("/statistics/").status == 403
    analyst = visit("analyst")
    assert analyst.goto("/cases/").status == 403
    assert analyst.goto("/audit/").status == 403


def choose(page: Page, label: str, option: str) -> None:
    """Choose in the builder and wait for the new result."""
    with page.expect_response(lambda response: "/statistics/?" in response.url):
        page.get_by_label(label, exact=True).select_option(label=option)


def figures(page: Page) -> list[list[str]]:
    """Label, cells and total of each row of every table on the page."""
    rows = page.locator("#result tbody tr").all()
    return [[cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in rows]


def table_of(file) -> list[list[str]]:
    """The lines of a statistics file below its notes."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.reader(text))
    return lines[lines.index([]) + 1 :]
