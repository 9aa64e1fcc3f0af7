"""A supervisor reviews what the rules found, without a mouse; the auditor has the last word."""

from playwright.sync_api import Page, expect

from tests.browser.steps import open_case

NOTE = "Asked her: the partner runs the shelter"


def test_a_supervisor_reviews_with_the_keyboard_alone(visit):
    page = visit("supervisor")
    waiting = number_waiting(page)
    assert waiting >= 3
    tab_to(page, "Acts to review")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
    for note, button in ((NOTE, "Sign off"), ("I cannot tell", "Pass on to the auditor")):
        tab_to(page, "What you found")
        page.keyboard.type(note)
        tab_to(page, button)
        page.keyboard.press("Enter")
        expect(page.locator("#messages .app-alert")).to_be_visible()
    tab_to(page, "Sign off")  # without a word
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(page.locator(".govuk-error-summary").get_by_role("link")).to_be_visible()
    page.goto("/")
    assert number_waiting(page) == waiting - 2

    page.goto("/audit/review/?show=done")
    page.get_by_role("link", name="Steps and notes").first.click()
    expect(page.get_by_text(NOTE)).to_be_visible()

    auditor = visit("auditor", phone=True)
    auditor.goto("/audit/review/")
    auditor.get_by_role("link", name="Steps and notes Access given").click()
    expect(auditor.get_by_text("I cannot tell")).to_be_visible()
    auditor.get_by_label("What you found").fill("Talked to both")
    auditor.get_by_role("button", name="Sign off").click()
    expect(auditor.get_by_text("Signed off.")).to_be_visible()


def test_opening_a_decoy_is_up_for_review_and_the_officer_sees_nothing_of_it(visit):
    supervisor = visit("supervisor")
    officer = visit("officer")
    reference = open_case(officer, 5)
    before = number_waiting(supervisor)
    supervisor.goto("/cases/decoys/")
    supervisor.get_by_label("Reference of the case").fill(reference)
    supervisor.get_by_role("button", name="Mark as a decoy").click()
    expect(supervisor.get_by_text(f"{reference} is a decoy now.")).to_be_visible()
    officer.goto(f"/cases/{reference}/")
    assert "decoy" not in officer.content().lower()
    supervisor.goto("/")
    assert number_waiting(supervisor) == before + 1
    supervisor.goto("/cases/decoys/")
    supervisor.get_by_role("button", name=f"No longer a decoy {reference}").click()


def test_whether_the_trail_is_in_order(visit):
    page = visit("administrator", phone=True)
    page.get_by_role("link", name="Is the log in order?").click()
    expect(page.get_by_role("row").filter(has_text="Guards of the database")).to_contain_text(
        "in order"
    )


def number_waiting(page: Page) -> int:
    """What the start page says beside the link to the queue."""
    page.goto("/")
    row = page.get_by_role("link", name="Acts to review").locator("xpath=..")
    pill = row.locator(".app-pill")
    return int(pill.inner_text()) if pill.count() else 0


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until something of this name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focus = page.locator("*:focus")
        if not focus.count():  # the page came just now, or the browser's own buttons have it
            continue
        label = focus.evaluate(
            "box => (box.labels && box.labels.length ? box.labels[0] : box).innerText || ''"
        )
        if label.startswith(name):
            return
    raise AssertionError(f"the tab key does not reach {name}")
