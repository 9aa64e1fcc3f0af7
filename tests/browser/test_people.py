"""An account, a role that two people give, and what its owner then finds, with the keyboard alone."""

from playwright.sync_api import expect

from tests.browser.test_erasure import confirm
from tests.browser.test_review import tab_to


def test_a_role_takes_two_people(visit, served):
    asking = visit("administrator", anew=True)
    tab_to(asking, "Accounts and roles")
    asking.keyboard.press("Enter")
    asking.get_by_role("button", name="Create an account").click()
    asking.get_by_label("Name", exact=True).fill("Vera Bul")
    asking.get_by_label("Username").fill("vera.bul")
    asking.get_by_label("Office").select_option(label="Minsk (BY-MSQ)")
    tab_to(asking, "Make the account")
    asking.keyboard.press("Enter")
    expect(asking.get_by_text("Nobody can sign in with this account yet.")).to_be_visible()
    tab_to(asking, "Give a role")
    asking.keyboard.press("Enter")
    confirm(asking, served.password)
    expect(asking.get_by_role("heading", name="Give a role: Vera Bul")).to_be_visible()
    tab_to(asking, "Case officer")
    for _role in range(2):
        asking.keyboard.press("ArrowDown")
    expect(asking.get_by_label("Psychologist")).to_be_checked()
    asking.get_by_label("Why?").fill("Starts on Monday")
    tab_to(asking, "Ask for it")
    asking.keyboard.press("Enter")
    expect(asking.get_by_text("You asked for it. Somebody else has to decide.")).to_be_visible()
    expect(asking.get_by_text("None. Without a role an account opens nothing.")).to_be_visible()

    deciding = visit("supervisor", anew=True)
    tab_to(deciding, "Waiting for a second person")
    deciding.keyboard.press("Enter")
    expect(deciding.get_by_text("Starts on Monday")).to_be_visible()
    tab_to(deciding, "Your answer")
    deciding.keyboard.type("Agreed")
    tab_to(deciding, "Approve")
    deciding.keyboard.press("Enter")
    confirm(deciding, served.password)  # what was typed and pressed is not lost
    expect(deciding.get_by_text("Approved, and done.")).to_be_visible()

    asking.reload()
    roles = asking.locator("section").filter(has_text="Roles").first
    expect(roles).to_contain_text("Psychologist since")
    expect(asking.get_by_text("by Pavel Hrynko")).to_be_visible()


def test_everybody_finds_what_they_may_do_and_see(visit):
    page = visit("psychologist", phone=True)
    page.locator("summary.app-account__name").click()
    page.get_by_role("link", name="What I may do and see").click()
    expect(page.get_by_text("Psychological records (Psychologist)")).to_be_visible()
    expect(page.get_by_text("Medical records")).to_have_count(0)


def test_a_link_is_shown_once_and_leads_to_a_password(visit, served, open_browser):
    asking = visit("administrator", anew=True)
    asking.goto(served.address + "/people/new/")
    asking.get_by_label("Name", exact=True).fill("Zina Bul")
    asking.get_by_label("Username").fill("zina.bul")
    asking.get_by_role("button", name="Make the account").click()
    tab_to(asking, "Make the link")
    asking.keyboard.press("Enter")
    expect(asking.get_by_text("This link is shown now and never again.")).to_be_visible()
    address = asking.locator("#link").inner_text()
    owner = open_browser().new_page()
    owner.goto(address)
    expect(owner.get_by_role("heading", name="Good day, Zina Bul")).to_be_visible()
    for label in ("Password", "Password, once more"):
        owner.get_by_label(label, exact=True).fill("giraffe whistle carpet nine")
    owner.get_by_role("button", name="Go on").click()
    expect(owner.get_by_text("Your account has no role yet.")).to_be_visible()
    asking.go_back()
    expect(asking.locator("body")).not_to_contain_text(address)

    # Zina has a password now: another link takes two people, and whoever approves is shown it.
    asking.goto(served.address + "/people/")
    asking.get_by_role("link", name="Zina Bul").click()
    asking.get_by_role("link", name="Make a link to a new password").click()
    confirm(asking, served.password)
    asking.get_by_label("Why?").fill("Forgot it on Monday")
    asking.get_by_role("button", name="Ask for it").click()
    deciding = visit("supervisor", anew=True)
    deciding.goto(served.address + "/people/waiting/")
    waiting = deciding.locator("section").filter(has_text="Forgot it on Monday")
    expect(waiting).to_contain_text("hand the link over in person")
    waiting.get_by_role("button", name="Approve").click()
    confirm(deciding, served.password)
    second = deciding.locator("#link").inner_text()
    assert second != address
    owner.goto(second)
    expect(owner.get_by_text("Give yourself a new password.")).to_be_visible()
