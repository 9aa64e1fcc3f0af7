"""Pictures of the main screens in every language, at two widths: make screens

They go to screens/, which is not committed, and are looked at one by one. Names of languages or roles
given on the command line choose: python -m tests.browser.take_screens be analyst
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.conftest import DESK, PHONE
from tests.browser.served import ROOT, Served, serving
from tests.browser.states import STATES, show
from tests.browser.steps import choose_language, open_case, sign_in

FOLDER = ROOT / "screens"
LANGUAGES = ["en", "ru", "be"]
CASES = 300
TALLEST = 2400  # pixels of a picture; what is below looks like what is above
SCREENS = {
    "": ["/account/sign-in/", "/calendar/"],
    "officer": [
        *("/", "/cases/", "/cases/work/", "/cases/search/", "/cases/register/", "/cases/incoming/"),
        *("/cases/{case}/", "/cases/{case}/person/", "/cases/{case}/what-happened/"),
        *("/cases/{case}/consent/", "/cases/{case}/assistance/", "/cases/{case}/refer/"),
        *("/cases/{case}/tasks/add/", "/cases/{case}/close/", "/cases/{case}/files/add/"),
        "/cases/{case}/timeline/",
        *("/cases/{case}/who/", "/cases/{case}/sharing/", "/referrals/", "/providers/"),
        *("/cases/{case}/papers/summary/", "/cases/{case}/letters/plan/"),
        *("/people/me/", "/help/", "/help/register/", "/nowhere/"),
        *("/statistics/", "/account/display/"),
    ],
    "supervisor": [
        *("/", "/cases/due-for-erasure/", "/cases/workbooks/", "/cases/import/", "/jobs/"),
        *("/cases/{case}/trail/", "/audit/officers/", "/budgets/"),
    ],
    "data.protection": ["/", "/cases/broken-glass/"],
    "administrator": [
        *("/people/", "/people/new/", "/people/waiting/", "/people/offices/", "/keys/"),
    ],
    "auditor": ["/audit/", "/audit/review/", "/audit/state/", "/audit/verify/"],
    "analyst": [
        *("/statistics/?rows=year&columns=gender", "/statistics/tables/gender.age.exploitation/"),
        "/statistics/tables/country~level-0/",
        *("/statistics/dashboards/", "/statistics/snapshots/", "/statistics/verifications/"),
        *("/statistics/releases/", "/statistics/releases/propose/", "/people/me/tokens/"),
    ],
}


def main(chosen: list[str]) -> None:
    """Start Tutela, take every picture, stop it."""
    languages = [code for code in LANGUAGES if code in chosen] or LANGUAGES
    roles = [role for role in SCREENS if role in chosen] or list(SCREENS)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), cases=CASES) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for role in roles:
            take_all(browser, served, role, languages)
        if "" in roles:
            take_states(browser, served, languages)
        browser.close()


def take_all(browser: Browser, served: Served, role: str, languages: list[str]) -> None:
    """The screens of one role, in these languages."""
    for width in (DESK, PHONE):
        context = browser.new_context(base_url=served.address, viewport=width)
        page = context.new_page()
        case = ""
        if role:
            sign_in(page, role, served.password)
        if any("{case}" in address for address in SCREENS[role]):
            case = open_case(page)
        for language in languages:
            for name, address in _named(role, case):
                take(page, address, FOLDER / language / f"{name}-{width['width']}.png", language)
        if role:
            page.goto("/")
            choose_language(page, "en")
        context.close()


def take_states(browser: Browser, served: Served, languages: list[str]) -> None:
    """What is shown when nothing works, or while Tutela is closed."""
    for width in (DESK, PHONE):
        page = browser.new_page(base_url=served.address, viewport=width)
        for language in languages:
            for state in STATES:
                show(page, state, language)
                page.screenshot(path=FOLDER / language / f"state-{state}-{width['width']}.png")
        page.close()


def _named(role: str, case: str) -> Iterator[tuple[str, str]]:
    for number, address in enumerate(SCREENS[role], 1):
        words = address.replace("{case}", "case").strip("/").split("?")[0].replace("/", "-")
        yield f"{role or 'nobody'}-{number:02}-{words or 'start'}", address.format(case=case)


def take(page: Page, address: str, path: Path, language: str) -> None:
    page.goto(address)
    if page.locator("html").get_attribute("lang") != language:
        choose_language(page, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    width = page.viewport_size["width"]
    page.screenshot(
        path=path, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}
    )


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # pages are rendered beside Playwright's loop
    django.setup()
    main(sys.argv[1:])
