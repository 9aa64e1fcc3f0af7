"""Sharing one class of a case until a day, what the other sees of it, and taking it back."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.steps import RAZALIYA, record_assistance, register


def test_a_psychologist_sees_the_class_that_is_shared_and_only_until_it_is_taken_back(visit):
    officer = visit("officer")
    reference = register(officer, RAZALIYA)
    address = f"/cases/{reference}/"
    record_assistance(officer, "Psychological", method="Psychotherapy", observations="Sleeps again")
    record_assistance(officer, "Medical", diagnosis="Bruised ribs", treatment="Rest")
    psychologist, stranger = visit("psychologist"), visit("officer.brest")
    assert psychologist.goto(address).status == 404
    assert stranger.goto(address).status == 403  # may break the glass, and is told no more

    share(officer, "Volha Rudzko", "Psychological records")

    assert psychologist.goto(address).status == 200
    seen = psychologist.locator("#main")
    expect(seen).to_contain_text("Psychotherapy")
    expect(seen).to_contain_text("The person's identity and story are not shared with you.")
    page = psychologist.content()
    for hidden in (
        RAZALIYA.second_name,
        RAZALIYA.first_name,
        RAZALIYA.mobile_phone,
        RAZALIYA.account,
        "Bruised ribs",
        "Medical",
    ):
        assert hidden not in page
    psychologist.goto("/cases/")
    row = psychologist.get_by_role("row").filter(has_text=reference)
    expect(row).to_contain_text("not shared with you")
    assert stranger.goto(address).status == 403

    officer.goto(f"{address}sharing/")
    officer.get_by_role("button", name="Take back Volha Rudzko").click()
    expect(officer.get_by_text("Access is taken back.")).to_be_visible()
    assert psychologist.goto(address).status == 404
    psychologist.goto("/cases/")
    expect(psychologist.get_by_text(reference)).to_have_count(0)


def test_a_specialist_records_in_the_shared_class_alone(visit):
    officer = visit("officer")
    reference = officer.get_by_role("rowheader").nth(2).inner_text()
    officer.goto(f"/cases/{reference}/sharing/")
    share(officer, "Siarhei Lis", "Medical records")
    doctor = visit("doctor", phone=True)
    doctor.goto(f"/cases/{reference}/")
    doctor.get_by_role("button", name="Record assistance").click()
    expect(doctor.locator("#main").get_by_role("button")).to_have_text(["Medical"])
    doctor.get_by_role("button", name="Medical").click()
    doctor.get_by_label("Diagnosis").fill("Seasonal allergy")
    doctor.get_by_role("button", name="Save").click()
    expect(doctor.get_by_text("Assistance is recorded.")).to_be_visible()
    officer.goto(f"/cases/{reference}/")
    expect(officer.get_by_role("cell", name="Seasonal allergy")).to_be_visible()


def share(page, who: str, what: str) -> None:
    """From a page of the case: let a colleague open one class for a week."""
    page.get_by_role("link", name="Who can see it").click()
    page.get_by_label("Share with").select_option(label=who)
    page.get_by_label(what).check()
    page.get_by_label("Until").fill(str(timezone.localdate() + timedelta(days=7)))
    page.get_by_label("Reason").select_option("treatment")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text(f"The case is shared with {who}.")).to_be_visible()
