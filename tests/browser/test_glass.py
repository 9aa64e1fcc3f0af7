"""Breaking the glass of a case, what others are told of it, its review; and a conflict of interest."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.steps import PRASKEVA, confirm, register, show_name

WHY = "Мужчына стукае ў дзверы прытулку"
FOUND = "Было правільна, размова адбылася"


def test_an_officer_of_another_office_opens_a_case_for_an_hour(visit, served):
    officer = visit("officer")
    reference = register(officer, PRASKEVA)
    breaker = visit("officer.brest", phone=True)
    breaker.goto("/")
    breaker.get_by_label("Search cases").fill(reference.lower())
    breaker.get_by_label("Search cases").press("Enter")
    expect(breaker.get_by_role("heading", level=1)).to_have_text(
        f"{reference} exists and is restricted"
    )
    for word in (PRASKEVA.second_name, "Alena Karol", "Minsk"):
        assert word not in breaker.content()

    breaker.get_by_role("button", name="Take emergency access").click()
    confirm(breaker, served.password)
    breaker.get_by_role("button", name="Take emergency access").click()
    expect(breaker.get_by_text("There is a problem")).to_be_visible()
    breaker.get_by_label("Somebody’s life or health is in danger now").check()
    breaker.get_by_label("What happened?").fill(WHY)
    breaker.get_by_label("Contact: phones and addresses").check()
    breaker.get_by_label("Identity: names, birth, citizenship").check()
    breaker.get_by_role("button", name="Take emergency access").click()
    expect(breaker.get_by_role("heading", name="Emergency access until")).to_be_visible()
    show_name(breaker)
    expect(breaker.locator("#main")).to_contain_text(PRASKEVA.mobile_phone)
    assert PRASKEVA.account not in breaker.content()
    expect(breaker.get_by_role("link", name="Who saw and changed what")).to_have_count(0)
    breaker.get_by_role("link", name="Why can I see this?").click()
    expect(breaker.locator("#main")).to_contain_text("because they took emergency access")

    officer.goto("/")
    expect(officer.locator("#main")).to_contain_text(f"Ihar Bondar opened {reference}")
    officer.get_by_role("button", name=f"I have seen it {reference}").click()
    expect(officer.get_by_text(f"Ihar Bondar opened {reference}")).to_have_count(0)

    breaker.goto(f"/cases/{reference}/")
    breaker.get_by_role("button", name="End it now").click()
    expect(breaker.get_by_text(f"You no longer see {reference}.")).to_be_visible()
    assert breaker.goto(f"/cases/{reference}/").status == 403

    protection = visit("data.protection")
    expect(protection.locator("#main")).to_contain_text(f"Ihar Bondar opened {reference}")
    protection.get_by_role("link", name="Emergency access").click()
    row = protection.get_by_role("row").filter(has_text=reference)
    expect(row).to_contain_text("contact")
    expect(row).to_contain_text("Alena Karol (seen)")
    assert WHY not in protection.content()
    row.get_by_role("link", name=f"Open {reference}").click()
    protection.get_by_label("What you found").fill(FOUND)
    with protection.expect_navigation():
        protection.get_by_role("button", name="Sign off").click()
    protection.goto("/cases/broken-glass/")
    expect(protection.get_by_role("row").filter(has_text=reference)).to_contain_text("Signed off")
    assert protection.goto(f"/cases/{reference}/").status == 403


def test_whoever_is_excluded_sees_no_such_case_though_their_team_does(visit):
    officer = visit("officer")
    reference = officer.get_by_role("rowheader").nth(4).inner_text()
    officer.goto(f"/cases/{reference}/sharing/")
    officer.get_by_label("Share with").select_option(label="Case conference of Minsk")
    officer.get_by_label("Legal records").check()
    officer.get_by_label("Until").fill(str(timezone.localdate() + timedelta(days=7)))
    officer.get_by_role("button", name="Share").click()
    expect(officer.get_by_text("The case is shared with Case conference")).to_be_visible()
    lawyer = visit("lawyer", phone=True)
    assert lawyer.goto(f"/cases/{reference}/").status == 200
    lawyer.get_by_role("link", name="Why can I see this?").click()
    expect(lawyer.locator("#main")).to_contain_text("the team “Case conference of Minsk”")

    officer.goto(f"/cases/{reference}/")
    officer.get_by_role("link", name="Conflicts of interest").click()
    officer.get_by_label("Who must not see this case?").select_option(label="Maryna Kot")
    officer.get_by_label("Is a relative").check()
    officer.get_by_role("button", name="Exclude").click()
    expect(officer.get_by_text("Maryna Kot sees nothing of this case any more.")).to_be_visible()
    assert lawyer.goto(f"/cases/{reference}/").status == 404
    lawyer.goto("/cases/")
    expect(lawyer.get_by_text(reference)).to_have_count(0)
    assert visit("doctor").goto(f"/cases/{reference}/").status == 200

    officer.get_by_text("End it").click()
    officer.get_by_label("Why?").fill("Another family of that name")
    officer.get_by_role("button", name="End the exclusion").click()
    expect(officer.get_by_text("Maryna Kot is not excluded any more.")).to_be_visible()
    assert lawyer.goto(f"/cases/{reference}/").status == 200
