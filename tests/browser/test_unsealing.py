"""A start that waits for its passphrase: what people see, until somebody gives it."""

import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import served as serving
from tests.browser.conftest import PHONE, problems_of
from tests.browser.served import OUTPUT, ROOT, Served
from tests.browser.steps import sign_in

PASSPHRASE = "velvet anchor sunday copper lantern ribbon"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A new installation: its passphrase is asked for once, and then again by the page."""
    home: Path = tmp_path_factory.mktemp("sealed")
    port = serving._free_port()
    words = ["start", "--demo", "--demo-cases", "12", "--port", str(port)]
    environment = serving.environment(home) | {"TUTELA_ROOT_KEY": "passphrase"}
    with (home / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(f"{PASSPHRASE}\n".encode())
    process.stdin.close()
    found = Served(home, port, process.pid)
    try:
        serving._wait_until_served(found, process)
        yield found
    finally:
        serving._end(process)


def state_of(served: Served) -> str:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/health/")
    return connection.getresponse().read().decode()


def test_a_sealed_start_opens_with_its_passphrase_alone(waiting: Served, chromium: Browser) -> None:
    context = chromium.new_context(
        base_url=waiting.address, viewport=PHONE, java_script_enabled=False
    )
    problems: list[str] = []
    context.on("console", lambda message: problems.extend(problems_of(message)))
    page: Page = context.new_page()
    assert state_of(waiting) == "sealed"
    assert "It is sealed" in waiting.output.read_text()

    answer = page.goto("/cases/")
    assert answer is not None and answer.status == 503
    page.get_by_role("link", name="I have the passphrase").click()
    _give(page, "velvet anchor sunday copper lantern")
    expect(page.locator(".govuk-error-message")).to_contain_text("not the passphrase")
    assert state_of(waiting) == "sealed"
    _give(page, PASSPHRASE)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert state_of(waiting) in ("idle", "ok")  # the worker begins just then

    sign_in(page, "officer", waiting.password)
    page.goto("/cases/")
    expect(page.locator("#main")).to_contain_text("BY-")
    context.close()
    assert [text for text in problems if "503" not in text] == []
    kept = [path.read_bytes() for path in waiting.home.rglob("*") if path.is_file()]
    assert not [content for content in kept if PASSPHRASE.encode() in content]


def _give(page: Page, passphrase: str) -> None:
    page.get_by_label("Passphrase of this installation").fill(passphrase)
    page.get_by_role("button", name="Unseal").click()
