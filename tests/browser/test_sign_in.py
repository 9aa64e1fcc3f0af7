"""Signing in with a second factor, signing out, and what stays behind in the browser."""

import base64
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import Error, expect

from tests.browser.steps import open_case, show_name, sign_in, sign_out

GUARDED = "officer.vitebsk"  # keeps the second factor: nobody else's test signs in with it
# What a page of ours could have left in the browser, as text; "" when it left nothing.
LEFT_BEHIND = """async () => {
  const names = (await indexedDB.databases()).map(database => database.name);
  const caches_ = await caches.keys();
  const workers = await navigator.serviceWorker.getRegistrations();
  const kept = [...Object.entries(localStorage), ...Object.entries(sessionStorage)];
  return JSON.stringify([names, caches_, workers.length ? ["worker"] : [], kept].flat());
}"""


def test_a_code_generator_is_set_up_and_asked_for(visit, served):
    page = visit(GUARDED, anew=True)
    page.locator(".app-account summary").click()
    page.get_by_role("link", name="My account").click()
    page.get_by_role("link", name="Set up code generator").click()
    page.get_by_text("I cannot use the camera").click()
    secret = page.locator("p.app-code").inner_text()
    used = code_of(secret)
    page.get_by_label("Six-digit code").fill(used)
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("#main")).to_contain_text(re.compile("codes", re.IGNORECASE))
    sign_out(page)

    sign_in(page, GUARDED, served.password)
    page.get_by_label("Six-digit code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    page.goto("/cases/")
    expect(page).to_have_url(re.compile("second-factor/authenticate"))
    while code_of(secret) == used:  # each code opens once, and this one set the generator up
        time.sleep(1)
    page.get_by_label("Six-digit code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Good day, Natallia Zubko")).to_be_visible()


def test_a_wrong_password_tells_nothing_of_the_account(visit, open_browser):
    told = []
    for username in ("cashier", "nobody"):
        page = open_browser().new_page()
        sign_in(page, username, "not the password at all")
        told.append(page.locator(".govuk-error-summary").inner_text())
    assert told[0] == told[1]


def test_after_signing_out_going_back_shows_no_case(visit):
    page = visit("officer", anew=True)
    reference = open_case(page)
    show_name(page)
    name = page.locator(".moj-identity-bar bdi").inner_text()
    sign_out(page)
    expect(page.get_by_label("Password")).to_be_visible()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()  # the name stood on the answer to a form, of which nothing is kept
    assert reference not in page.locator("body").inner_text() and name not in page.content()
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    assert reference not in page.locator("body").inner_text() and name not in page.content()


def test_exit_covers_the_screen_and_signs_out(visit):
    page = visit("officer", anew=True)
    reference = open_case(page)
    page.get_by_role("button", name="Exit this page").click()
    expect(page).to_have_title(re.compile("^Calendar"))
    assert page.goto(f"/cases/{reference}/").url.endswith(
        f"/account/sign-in/?next=/cases/{reference}/"
    )


def test_a_browser_keeps_nothing_of_what_it_showed(visit):
    page = visit("officer", anew=True)
    open_case(page)
    page.goto("/cases/")
    page.get_by_role("combobox", name="Status").select_option("Active")
    page.get_by_label("Only those I am the officer of").check()
    page.wait_for_url("**mine=on**")
    open_case(page, 1)
    assert page.evaluate(LEFT_BEHIND) == "[]"
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies.keys() <= {"session", "csrf", "messages"}
    assert cookies["session"]["httpOnly"] and cookies["session"]["sameSite"] == "Strict"
    assert cookies["session"]["expires"] == -1  # gone when the browser closes
    sign_out(page)
    assert page.evaluate(LEFT_BEHIND) == "[]"


def code_of(secret: str) -> str:
    """The six digits a code generator shows now (RFC 6238), with seconds left to type them."""
    if time.time() % 30 > 25:
        time.sleep(6)
    key = base64.b32decode(secret.strip() + "=" * (-len(secret.strip()) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"
