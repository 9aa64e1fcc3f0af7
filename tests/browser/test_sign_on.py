"""Single sign-on with real cookies: over TLS, from a site of ours to the provider's and back."""

import re

import pytest
from playwright.sync_api import expect

from tests.accounts import oidc
from tests.browser.conftest import problems_of
from tests.browser.served import serving
from tests.browser.steps import sign_in, sign_out
from tests.browser.tls import behind_tls


@pytest.fixture(scope="module")
def provider():
    """On another site than Tutela, which is at 127.0.0.1."""
    with oidc.provider("localhost") as running:
        running.asks = True
        yield running


@pytest.fixture(scope="module")
def linking(tmp_path_factory, provider):
    """(the server, the address of the proxy in front of it)"""
    home = tmp_path_factory.mktemp("linking")
    settings = {
        "TUTELA_HTTPS": "true",
        "TUTELA_TRUSTED_PROXIES": "127.0.0.1",
        "TUTELA_OIDC_ISSUER": provider.issuer,
        "TUTELA_OIDC_CLIENT_ID": oidc.CLIENT,
        "TUTELA_OIDC_CLIENT_SECRET": oidc.SECRET,
        "TUTELA_OIDC_NAME": "Harbour ID",
    }
    with serving(home, cases=12, **settings) as served, behind_tls(served.port, home) as address:
        yield served, address


@pytest.fixture
def page(linking, chromium):
    _served, address = linking
    context = chromium.new_context(base_url=address, ignore_https_errors=True)
    context.set_default_timeout(15_000)
    problems: list[str] = []
    context.on("console", lambda message: problems.extend(problems_of(message)))
    yield context.new_page()
    context.close()
    ours = [problem for problem in problems if "favicon" not in problem]
    assert not ours


def at_the_provider(page, provider):
    """The page of the provider, where somebody says who they are."""
    expect(page).to_have_title("Harbour")
    assert page.url.startswith(provider.issuer)
    page.get_by_role("link", name="It is me").click()


def test_linking_signing_out_and_signing_in_again(linking, provider, page):
    served, address = linking
    sign_in(page, "supervisor", served.password)
    page.goto("/account/second-factor/")
    page.get_by_role("button", name="Link with Harbour ID").click()
    at_the_provider(page, provider)
    expect(page.locator("#messages")).to_contain_text("Linked.")
    expect(page).to_have_url(f"{address}/account/second-factor/")
    kept = {cookie["name"]: cookie for cookie in page.context.cookies(address)}
    assert kept.keys() == {"__Host-session", "__Host-csrf"}
    assert {cookie["sameSite"] for cookie in kept.values()} == {"Strict"}
    sign_out(page)

    page.goto("/people/me/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    at_the_provider(page, provider)
    expect(page).to_have_url(f"{address}/people/me/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What you may do and see")

    page.goto("/account/second-factor/")
    page.get_by_role("button", name="Undo the link with Harbour ID").click()
    expect(page.locator("#messages")).to_contain_text("Undone.")
    sign_out(page)
    page.goto("/account/sign-in/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    at_the_provider(page, provider)
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    page.goto("/people/me/")
    expect(page).to_have_url(re.compile("/account/sign-in/"))


def test_the_way_back_takes_no_cookie_away(linking, provider, page):
    """Whoever is signed in stays so, and forms in other tabs can be sent, whoever leads here."""
    served, address = linking
    sign_in(page, "officer", served.password)
    before = _values(page, address)
    page.goto(f"{provider.issuer}/authorize?redirect_uri={address}/account/sign-on/return/&state=x")
    at_the_provider(page, provider)
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    assert _values(page, address) == before
    page.goto("/people/me/")
    expect(page).to_have_url(f"{address}/people/me/")


def _values(page, address):
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies(address)}
