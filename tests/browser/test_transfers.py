"""A case goes to another office: asked for there, accepted on a phone here, and gone where it was."""

from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.steps import confirm, open_case

NOTE = "Пераязджае да сястры, патрэбны юрыст на месцы"


def test_a_case_is_transferred_to_another_office(visit, served):
    officer, chief = visit("officer.brest"), visit("supervisor.vitebsk", phone=True)
    reference = open_case(officer, 3)
    officer.get_by_role("link", name="Transfer to another office").click()
    confirm(officer, served.password)
    offices = officer.get_by_label("Office").locator("option").all_inner_texts()
    [vitebsk] = [name for name in offices if name.startswith("Vitebsk")]
    officer.get_by_label("Office").select_option(vitebsk)
    officer.get_by_label("Hand-over note").fill(NOTE)
    officer.get_by_role("group", name="Does the person agree?").get_by_label("Yes").check()
    officer.get_by_role("button", name="Ask for the transfer").click()
    expect(officer.get_by_text("This case waits for Vitebsk")).to_be_visible()

    assert chief.goto(f"/cases/{reference}").status in (
        403,
        404,
    )  # the glass aside, it is not theirs
    chief.goto("/cases/work/?show=waiting")
    assert chief.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    chief.get_by_role("link", name=reference).click()
    expect(chief.get_by_text(NOTE)).to_be_visible()
    assert chief.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    chief.get_by_label("Officer of the case").select_option(index=1)
    chief.get_by_role("button", name="Accept the case").click()
    expect(chief.locator(".moj-identity-bar__title")).to_have_text(reference)

    assert officer.goto(f"/cases/{reference}").status in (403, 404)
    officer.goto("/")
    expect(officer.get_by_role("link", name=reference)).to_have_count(0)
