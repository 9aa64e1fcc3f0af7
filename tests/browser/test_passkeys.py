"""Passkeys in a browser, with an authenticator that Chromium plays; and one that has to be set up."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.browser.served import Served, serving
from tests.browser.steps import sign_out

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory) -> Served:
    """A demonstration in which second factors are asked for, as they are everywhere else."""
    home = tmp_path_factory.mktemp("strict")
    with serving(home, cases=12, TUTELA_SECOND_FACTOR="1") as running:
        yield running


def with_authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give the page a device that keeps passkeys and knows its owner's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, made["authenticatorId"]


def at(served: Served, path: str = "/") -> str:
    """Browsers know passkeys of host names only."""
    return f"http://localhost:{served.port}{path}"


def give_password(page: Page, served: Served, username: str) -> None:
    page.goto(at(served))
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(served.password)
    page.get_by_role("button", name="Sign in").click()


def test_a_passkey_is_set_up_and_signs_in(
    open_browser: Callable[..., BrowserContext], strict: Served
) -> None:
    page = open_browser().new_page()
    device, authenticator = with_authenticator(page)
    give_password(page, strict, "officer")

    # The role asks for a second factor: no page opens before.
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.goto(at(strict, "/cases/"))
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_label("What you call it").fill("Work phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    [kept] = device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})[
        "credentials"
    ]
    assert kept["isResidentCredential"] and kept["rpId"] == "localhost"
    page.goto(at(strict))
    expect(page.get_by_role("heading", name=re.compile("Good day"))).to_be_visible()
    page.goto(at(strict, "/account/second-factor/"))
    expect(page.locator("#main")).to_contain_text("Work phone")
    sign_out(page)

    # Alone, without name and password.
    page.goto(at(strict, "/cases/"))
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(at(strict, "/cases/"))
    sign_out(page)

    # After the password, and when a step asks for confirmation.
    give_password(page, strict, "officer")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name=re.compile("Good day"))).to_be_visible()
    page.goto(at(strict, "/account/reauthenticate/?next=/cases/"))
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(at(strict, "/cases/"))

    # The last one stays, and says why.
    page.goto(at(strict, "/account/second-factor/webauthn/"))
    page.get_by_role("link", name="Remove Work phone").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#messages")).to_contain_text("Set up another one first")


def test_a_passkey_that_is_refused_or_unknown_says_so_and_the_password_is_left(
    open_browser: Callable[..., BrowserContext], strict: Served
) -> None:
    page = open_browser().new_page()
    device, authenticator = with_authenticator(page)
    page.goto(at(strict))
    device.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("No passkey was used"))
    expect(page.get_by_label("Password")).to_be_visible()


def test_at_a_bare_address_no_passkey_is_offered(
    open_browser: Callable[..., BrowserContext], strict: Served
) -> None:
    page = open_browser().new_page()
    page.goto(strict.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_an_invitation_leads_in(
    open_browser: Callable[..., BrowserContext], strict: Served
) -> None:
    told = strict.manage(
        *("account", "nina", "--invite", "--name", "Nina Hay", "--give", "case_officer")
    ).stdout
    path = re.search(r"/account/link/\S+", told)[0]
    page = open_browser(phone=True).new_page()
    with_authenticator(page)
    page.goto(at(strict, path))
    expect(page.get_by_role("heading", name="Good day, Nina Hay")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("Nina-Hay-2026-Minsk")
    page.get_by_label("Password, once more").fill("Nina-Hay-2026-Minsk")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".govuk-error-summary")).to_contain_text("too easy to guess")
    for label in ("Password", "Password, once more"):
        page.get_by_label(label, exact=True).fill("giraffe whistle carpet nine")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(at(strict, path))
    expect(page.locator("#main")).to_contain_text("This link was used already")
