"""The officer's main job: look whether the person is here, register, record assistance."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    KAPITALINA,
    MIRASLAVA,
    MOST_CLICKS,
    REFERENCE,
    VASILISA,
    YAKUBINA,
    count_clicks,
    open_case,
    record_assistance,
    register,
    search,
    show_name,
)

# Kind on the button, and what must be typed before it can be saved.
KINDS = {
    "Medical": {"diagnosis": "Anaemia"},
    "Psychological": {"method": "Psychotherapy"},
    "Legal": {"matter": "Unpaid wages", "stage": "Advice"},
    "Financial": {"amount": "120.50", "currency": "Euro"},
    "Reintegration": {"type": "Housing"},
}


@pytest.mark.parametrize(("phone", "person"), [(False, VASILISA), (True, MIRASLAVA)])
def test_an_officer_searches_registers_and_gets_a_reference(visit, phone, person):
    page = visit("officer", phone=phone)
    search(page, f"{person.second_name} {person.first_name}")
    expect(page.get_by_text("Nobody of this name")).to_be_visible()
    reference = register(page, person)
    assert REFERENCE.fullmatch(reference)
    show_name(page)
    expect(page.locator(".moj-identity-bar")).to_contain_text(person.second_name)
    expect(page.get_by_text(person.account)).to_be_visible()
    expect(page.get_by_text("Agreed", exact=True)).to_be_visible()
    assert reference in page.url and person.second_name not in page.url


def test_a_latin_spelling_finds_a_cyrillic_name(visit):
    page = visit("officer")
    reference = register(page, YAKUBINA)
    search(page, "Yakubinskaja Evfrosinia")
    row = page.get_by_role("row").filter(has_text=reference)
    expect(row).to_contain_text("Якубинская Евфросинья")
    row.get_by_role("link").click()
    expect(page.locator(".moj-identity-bar__title")).to_have_text(reference)


def test_a_form_with_a_mistake_keeps_what_was_typed_and_leads_to_it(visit):
    page = visit("officer")
    page.goto("/cases/register/")
    page.get_by_label("Mobile phone").fill("+375 00 111-22-33")
    page.get_by_role("button", name="Open the case").click()
    summary = page.locator(".govuk-error-summary")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("Mobile phone")).to_have_value("+375 00 111-22-33")
    summary.get_by_role("link", name="Enter at least one name").click()
    expect(page.get_by_label("Family name")).to_be_focused()


@pytest.mark.parametrize("phone", [False, True])
def test_any_assistance_is_saved_within_three_clicks_of_the_case(visit, phone):
    page = visit("officer", phone=phone)
    open_case(page)
    pressed = count_clicks(page)
    here = page.url
    for kind, typed in KINDS.items():
        page.goto(here)
        rows = page.get_by_role("rowheader", name=kind, exact=True)
        before = rows.count()
        pressed.clear()
        record_assistance(page, kind, **typed)
        assert 0 < len(pressed) <= MOST_CLICKS["Record assistance"], pressed
        expect(rows).to_have_count(before + 1)
        assert page.url == here


def test_the_main_job_needs_no_javascript(visit):
    page = visit("officer", java_script_enabled=False)
    reference = register(page, KAPITALINA, may_refer=True)
    page.get_by_role("button", name="Record assistance").click()
    page.get_by_role("button", name="Medical").click()
    page.get_by_label("Diagnosis").fill("Anaemia")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Assistance is recorded.")).to_be_visible()
    page.get_by_role("button", name="Refer", exact=True).click()
    page.get_by_role("button", name="Shelter or housing").click()
    page.get_by_label("Linden House shelter (partner)").check()
    page.get_by_label("Message").fill(KAPITALINA.account)
    page.get_by_role("button", name="Send the referral").click()
    expect(page.get_by_text("The case is referred to Linden House")).to_be_visible()
    search(page, "Chabarovich Kapitalina")
    expect(page.get_by_role("link", name=reference)).to_be_visible()


def test_of_two_editors_the_second_is_told_and_keeps_the_typed_text(visit):
    first, second = visit("officer"), visit("officer")
    address = f"/cases/{open_case(first, 1)}/"
    for page in (first, second):
        page.goto(f"{address}person/")
    first.get_by_label("Safe contact").fill("Only in the morning")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    second.get_by_label("Safe contact").fill("Never on Sundays")
    with second.expect_response(lambda response: response.request.method == "POST") as answer:
        second.get_by_role("button", name="Save").click()
    assert answer.value.status == 409
    expect(second.locator(".app-alert--warning")).to_be_visible()
    expect(second.get_by_label("Safe contact")).to_have_value("Never on Sundays")
    first.reload()
    show_name(first)
    expect(first.get_by_text("Only in the morning")).to_be_visible()
    expect(first.get_by_text("Never on Sundays")).to_have_count(0)
