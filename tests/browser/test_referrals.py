"""A case is referred in five clicks at most, and the other organisation answers at its own desk."""

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.steps import MOST_CLICKS, SALAMEYA, count_clicks, open_case, register

MESSAGE = "Просіць месца ў прытулку на тры тыдні"


def agree_to_referrals(page: Page) -> None:
    page.get_by_role("button", name="Record consent").click()
    page.get_by_label("Yes", exact=True).check()
    page.get_by_label("Date of consent").fill(str(timezone.localdate()))
    page.get_by_label("Sharing with the organisations of a referral").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Consent is recorded.")).to_be_visible()


def test_a_case_is_referred_in_five_clicks_and_answered(visit):
    officer, partner = visit("officer"), visit("partner", phone=True)
    reference = register(officer, SALAMEYA)
    agree_to_referrals(officer)
    pressed = count_clicks(officer)

    officer.get_by_role("button", name="Refer", exact=True).click()
    officer.get_by_role("button", name="Shelter or housing").click()
    officer.get_by_label("Linden House shelter (partner)").click()
    officer.get_by_label("Message").fill(MESSAGE)
    officer.get_by_role("button", name="Send the referral").click()

    expect(officer.get_by_text("The case is referred to Linden House")).to_be_visible()
    assert 4 <= len(pressed) <= MOST_CLICKS["Refer a person"], pressed

    partner.goto("/")
    partner.get_by_role("link", name="Referred to us").click()
    partner.get_by_role("row").filter(has_text=reference).get_by_role("link").click()
    expect(partner.get_by_text(MESSAGE)).to_be_visible()
    partner.get_by_role("button", name="Accept").click()
    partner.get_by_label("In your words").fill("Moved in on Monday")
    partner.get_by_role("button", name="Give feedback").click()
    expect(partner.get_by_text("Moved in on Monday")).to_be_visible()

    officer.reload()
    panel = officer.get_by_role("table", name="Referrals")
    expect(panel.get_by_role("row").filter(has_text="Shelter or housing")).to_contain_text(
        "Accepted"
    )
    panel.get_by_role("link", name="Shelter or housing").click()
    expect(officer.get_by_text("Moved in on Monday")).to_be_visible()
    officer.get_by_label("In your words").fill("Went home")
    officer.get_by_role("button", name="Withdraw").click()
    expect(officer.get_by_text("Withdrawn because")).to_be_visible()
    assert partner.goto(f"/cases/{reference}/").status == 404


def test_an_officer_notes_free_places_and_finds_a_provider_beside_a_referral(visit):
    officer = visit("officer")
    officer.goto("/providers/")
    pressed = count_clicks(officer)
    hostel = officer.get_by_role("row").filter(has_text="Hostel Stork")
    hostel.get_by_role("link", name="Update").click()
    expect(officer.get_by_label("Places free today")).to_be_focused()
    officer.keyboard.type("47")
    officer.get_by_role("button", name="Save").click()
    expect(hostel).to_contain_text("47, as of")
    assert len(pressed) == 2, pressed

    reference = open_case(officer, 5)
    officer.goto(f"/cases/{reference}/refer/")
    officer.get_by_role("button", name="Shelter or housing").click()
    officer.get_by_label("Message").fill(MESSAGE)
    with officer.context.expect_page() as opened:
        officer.get_by_role("button", name="Shelter or housing").click()
    directory = opened.value
    expect(directory.get_by_role("link", name="Hostel Stork", exact=True)).to_be_visible()
    expect(directory.get_by_role("link", name="Willow clinic", exact=True)).to_have_count(0)
    assert directory.url.endswith("/providers/")  # it does not say what for
    expect(officer.get_by_label("Message")).to_have_value(MESSAGE)
