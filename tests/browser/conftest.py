"""A browser in front of a served Tutela, and somebody signed in."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    sync_playwright,
)

from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.examine import DESK, PHONE
from tests.browser.served import Served, serving
from tests.browser.steps import sign_in

RECENT = 200  # seconds of the five minutes
WAIT = 15_000  # milliseconds until an expected element must be there
# How the browser tells of an answer that a test wants: a refusal, a conflict, a form with errors; and of
# a connection that a test has cut.
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
)

OPENED = pytest.StashKey[list[BrowserContext]]()
HERE = Path(__file__).parent


def pytest_itemcollected(item: pytest.Item) -> None:
    """All of these drive the browser."""
    if item.path.is_relative_to(HERE):
        item.add_marker("browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the others left behind is searched last, in whatever order they ran."""
    items.sort(key=lambda item: item.path == HERE / "test_nothing_in_clear.py")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    assert path, "No Chromium on this machine; tests/run.py says how to get one."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Cookies of those who signed in before, so that each does it once."""
    return {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """With a failure, tell what each browser of the test showed at that moment."""
    report = yield
    if report.when == "call" and report.failed:
        for context in item.stash.get(OPENED, []):
            report.sections += [(page.url, shown(page)) for page in context.pages]
    return report


def shown(page: Page) -> str:
    """The words on a page; all of them are invented."""
    try:
        return page.locator("body").inner_text(timeout=2_000)
    except Error as error:
        return f"It could not be read: {error}"


@pytest.fixture
def open_browser(
    request: pytest.FixtureRequest, chromium: Browser, served: Served
) -> Iterator[Callable[..., BrowserContext]]:
    """A browser without a past. The test fails when a page breaks a rule or a script of ours."""
    contexts = request.node.stash[OPENED] = []
    problems: list[str] = []

    def make(*, phone: bool = False, **options: Any) -> BrowserContext:
        viewport = PHONE if phone else DESK
        options = {"base_url": served.address} | options
        context = chromium.new_context(viewport=viewport, **options)
        context.set_default_timeout(WAIT)
        context.on("console", lambda message: problems.extend(problems_of(message)))
        context.on("weberror", lambda error: problems.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not problems


def problems_of(message: ConsoleMessage) -> list[str]:
    """Errors and warnings, a broken content security policy among them."""
    if message.type not in ("error", "warning") or message.text.startswith(EXPECTED):
        return []
    return [f"{message.type}: {message.text}"]


@pytest.fixture
def visit(
    open_browser: Callable[..., BrowserContext], served: Served, sessions: dict[str, Any]
) -> Callable[..., Page]:
    """A page with somebody signed in: visit("officer", phone=True). `anew` signs in once more, and so
    does who signed in a while ago: what asks to confirm then has tests of its own."""

    def make(username: str, *, anew: bool = False, **options: Any) -> Page:
        since, known = (0.0, None) if anew else sessions.get(username, (0.0, None))
        if time.monotonic() - since > RECENT:
            known = None
        page = open_browser(storage_state=known, **options).new_page()
        if known:
            page.goto("/")
        if "/account/sign-in/" in page.url or not known:
            sign_in(page, username, served.password)
            if not anew:
                sessions[username] = (time.monotonic(), page.context.storage_state())
        return page

    return make
