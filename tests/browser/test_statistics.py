"""The analyst's table, its chart and its file."""

import csv

import pytest
from playwright.sync_api import Page, expect


def test_an_analyst_counts_by_year_sex_and_type_of_exploitation(visit, served, tmp_path):
    page = visit("analyst")
    page.get_by_role("link", name="Build a table", exact=True).click()
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
    page.get_by_role("link", name="Build a table", exact=True).click()
    choose(page, "Rows", "Kind of assistance")
    choose(page, "Columns", "None")
    expect(page.locator("#result h2")).to_contain_text("by kind of assistance")
    kinds = [row[0] for row in figures(page)]
    assert {"Medical", "Psychological", "Legal", "Financial", "Reintegration"} <= set(kinds)


def test_a_table_by_country_has_a_map_with_its_figures(visit):
    page = visit("analyst")
    page.goto("/statistics/tables/country~level-0/")
    drawn = page.locator("#result svg.map")
    expect(drawn).to_be_visible()
    in_table = {tuple(row) for row in figures(page)}
    on_map = drawn.locator("path > title, circle > title").all_text_contents()
    assert {tuple(words.rsplit(": ", 1)) for words in on_map} <= in_table
    assert any(words.startswith("Russian Federation: ") for words in on_map)
    whole = page.locator("#result figure", has=page.locator("svg.map"))
    expect(whole).to_contain_text("Natural Earth")


def test_a_donor_lands_on_the_dashboards_and_sees_nothing_else(visit):
    page = visit("donor")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboards")
    menu = page.get_by_role("navigation", name="Menu")
    expect(menu.get_by_role("link")).to_have_text(["Dashboards", "Published"])
    identified = page.locator("#identified")
    expect(identified.locator("svg")).to_be_visible()
    in_table = identified.locator("tbody td").all_inner_texts()
    in_chart = identified.locator("svg .value").all_text_contents()
    assert in_chart == in_table[:-1] != []
    for address in ("/statistics/", "/statistics/tables/gender/csv/", "/cases/", "/audit/"):
        assert page.goto(address).status == 403


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_head_of_mission_reads_victims_by_sex_age_and_form(visit, phone):
    page = visit("director", phone=phone)
    page.goto("/")
    page.locator("#main").get_by_role("link", name="Dashboards").click()
    heat = page.locator("#sdg-16-2-2")
    shades = heat.locator("td[class*=app-heat-]")
    assert shades.count()
    for cell in shades.all():  # a figure, a tint and a bar: never colour alone
        assert cell.inner_text().isdigit()
        assert "linear-gradient" in cell.evaluate("cell => getComputedStyle(cell).backgroundImage")
    expect(heat.get_by_role("cell", name="<11", exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as PDF").click()
    assert download.value.suggested_filename.startswith("demo-dashboards-")


def test_a_table_is_saved_and_its_chart_stands_alone(visit, tmp_path):
    page = visit("analyst")
    page.goto("/statistics/?rows=gender")
    page.get_by_text("Save this table").click()
    page.get_by_label("Name").fill("For the yearly report")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The table is saved.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as Chart (SVG)").click()
    file = tmp_path / "chart.svg"
    download.value.save_as(file)
    page.get_by_text("1 saved table").click()
    page.get_by_role("link", name="For the yearly report").click()
    expect(page.locator("#result h2")).to_contain_text("by sex")
    page.get_by_text("1 saved table").click()
    page.get_by_role("button", name="Remove For the yearly report").click()
    expect(page.get_by_text("The saved table is removed.")).to_be_visible()
    page.goto(file.as_uri())
    assert page.evaluate("document.querySelector('rect').getBoundingClientRect().width") > 400


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
