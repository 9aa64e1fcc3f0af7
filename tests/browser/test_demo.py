"""Choosing an account of the demonstration, on a Tutela of its own: other tests make accounts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.examine import problems
from tests.browser.served import Served, serving
from tests.browser.steps import sign_out

CASES = 12


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("demo"), cases=CASES) as running:
        yield running


def choose(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_account_is_chosen_and_then_another(open_browser, own, scripts):
    context = open_browser(base_url=own.address, java_script_enabled=scripts, phone=not scripts)
    page = context.new_page()
    page.goto("/cases/")
    expect(page.get_by_role("heading", name="Choose an account")).to_be_visible()
    choose(page, "Alena Karol officer Case officer, Minsk Registers people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
    sign_out(page)
    page.goto("/")
    choose(page, "Rita Valoshyn")
    expect(page.get_by_role("heading", name="Good day, Rita Valoshyn")).to_be_visible()


def test_the_keyboard_chooses(open_browser, own):
    page = open_browser(base_url=own.address).new_page()
    page.goto("/account/sign-in/")
    page.locator("button[value='analyst']").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Good day, Yury Marchanka")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_the_list_is_fit_for_everybody(open_browser, own, language):
    page = open_browser(base_url=own.address, locale=language).new_page()
    page.goto("/account/sign-in/")
    assert page.locator(".app-accounts button").count() == 19
    assert problems(page) == []


def test_a_password_still_signs_in(open_browser, own):
    page = open_browser(base_url=own.address).new_page()
    page.goto("/account/sign-in/")
    page.get_by_label("Username").fill("director")
    page.get_by_label("Password").fill(own.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Good day, Kastus Adamovich")).to_be_visible()


def test_maintenance_closes_and_opens_what_is_served(open_browser, own):
    page = open_browser(base_url=own.address).new_page()
    assert own.manage("maintenance", "on", "--minutes", "20").returncode == 0
    answer = page.request.get("/")
    assert (answer.status, int(answer.headers["retry-after"]) > 1000) == (503, True)
    assert page.request.get("/health/").text() == "maintenance"
    assert own.manage("maintenance", "off").returncode == 0
    page.goto("/")
    expect(page.get_by_role("heading", name="Choose an account")).to_be_visible()
