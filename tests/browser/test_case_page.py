"""The case page: who the person is stays hidden, parts change in their place, one act stays in reach."""

import pytest
from playwright.sync_api import expect

from tests.browser.examine import DESK, PHONE, ZOOMED, problems
from tests.browser.steps import VIYALETA, open_case, register, show_name
from tests.browser.test_connection import throttle

IS_IN_SIGHT = """() => {
    const button = document.querySelector(".app-actions .govuk-button");
    const {top, bottom, left, right} = button.getBoundingClientRect();
    return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
}"""
# What has the focus, unless it is seen above the bar: whole, or its beginning where it is too tall.
COVERED = """() => {
    const bar = document.querySelector(".app-actions"), one = document.activeElement;
    if (one === document.body || bar.contains(one)) return "";
    const isAbove = one.closest(":popover-open"); // the bar as well; but not beyond the screen
    const edge = isAbove ? innerHeight : bar.getBoundingClientRect().top;
    const {top, height} = one.getBoundingClientRect();
    const seen = Math.min(height, 72);
    return top + seen > edge + 1 ? `${one.innerText || one.name} ${top} + ${height} > ${edge}` : "";
}"""
FAR = 400  # presses of Tab, more than a case page has


def test_nobody_over_the_shoulder_reads_a_name(visit):
    page = visit("officer")
    reference = register(page, VIYALETA)
    words = (VIYALETA.second_name, VIYALETA.first_name, VIYALETA.mobile_phone)
    page.goto(f"/cases/{reference}/timeline/")
    assert not any(word in page.content() for word in words)
    page.get_by_role("link", name="Case file").first.click()
    assert not any(word in page.content() for word in words)
    show_name(page)
    expect(page.locator(".moj-identity-bar")).to_contain_text(VIYALETA.second_name)
    assert page.url.endswith(f"/cases/{reference}/")
    assert not any(word in page.title() for word in words)
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])"
    assert not any(word in page.evaluate(kept) for word in words)
    page.get_by_role("link", name="Hide the name").click()
    expect(page.get_by_role("button", name="Show the name")).to_be_visible()
    assert not any(word in page.content() for word in words)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_timeline_is_seen_by_kind(visit, scripts):
    page = visit("officer", java_script_enabled=scripts)
    reference = open_case(page, 1)
    page.get_by_role("link", name="Timeline").click()
    titles = page.locator(".moj-timeline__title")
    expect(titles.filter(has_text="Opened the case")).to_have_count(1)
    expect(titles.filter(has_text="Gave access").first).to_be_visible()
    page.get_by_label("Show", exact=True).select_option("Stages")
    page.get_by_role("button", name="Apply").click()
    expect(titles.filter(has_text="Gave access")).to_have_count(0)
    expect(titles.filter(has_text="Opened the case")).to_have_count(1)
    assert page.url.endswith(f"/cases/{reference}/timeline/?kind=stages")
    page.reload()
    expect(page.get_by_label("Show", exact=True)).to_have_value("stages")


def test_the_timeline_is_fit_for_all(visit):
    page = visit("officer")
    page.goto(f"/cases/{open_case(page)}/timeline/")
    assert not problems(page)


def test_a_part_is_changed_in_its_place(visit):
    page = visit("officer")
    reference = register(page, VIYALETA)
    change = page.get_by_role("link", name="Change How the case came to us")
    change.click()
    form = page.locator("#part-summary form")
    expect(page.get_by_role("heading", name="How the case came to us")).to_be_focused()
    form.get_by_role("link", name="Cancel").click()
    expect(change).to_be_focused()
    expect(form).to_have_count(0)

    change.click()
    form.get_by_label("Referred on").evaluate("field => { field.type = 'text' }")
    form.get_by_label("Referred on").fill("yesterday")
    form.get_by_label("Summary of the case").fill("Brought by her brother")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#part-summary .govuk-error-summary")).to_be_focused()
    expect(form.get_by_label("Summary of the case")).to_have_value("Brought by her brother")
    form.get_by_label("Referred on").fill("2026-03-02")
    form.get_by_role("button", name="Save").click()
    expect(change).to_be_focused()
    expect(page.locator("#messages")).to_contain_text("Saved.")
    expect(page.locator("#part-summary")).to_contain_text("Brought by her brother")
    assert page.url.endswith(f"/cases/{reference}/")


def test_a_name_that_is_shown_follows_what_is_changed_in_its_place(visit):
    page = visit("officer")
    register(page, VIYALETA)
    show_name(page)
    page.get_by_role("link", name="Change Who the person is").click()
    page.get_by_label("Middle name").fill("Аляксандраўна")
    page.locator("#part-person").get_by_role("button", name="Save").click()
    expect(page.locator("#case-bar")).to_contain_text("Аляксандраўна")
    expect(page.locator("#part-person")).to_contain_text("Аляксандраўна")
    expect(page.get_by_role("link", name="Change Who the person is")).to_be_focused()


def test_without_scripts_a_part_is_changed_on_a_page_of_its_own(visit):
    page = visit("officer", java_script_enabled=False)
    reference = open_case(page, 1)
    page.get_by_role("link", name="Change How the case came to us").click()
    assert page.url.endswith(f"/cases/{reference}/referral-in/")
    page.get_by_label("Summary of the case").fill("Told on a page of its own")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Told on a page of its own")).to_be_visible()


def test_nothing_typed_in_its_place_is_lost_when_the_line_breaks(visit):
    page = visit("officer")
    reference = register(page, VIYALETA)
    page.get_by_role("link", name="Change How the case came to us").click()
    form = page.locator("#part-summary form")
    form.get_by_label("Summary of the case").fill("Walked through the night")
    broken = page.context.new_cdp_session(page)
    broken.send("Network.enable")
    throttle(broken, offline=True)
    form.get_by_role("button", name="Save").click()
    told = page.get_by_role("alert").filter(has_text="What you typed is still here")
    expect(told).to_be_in_viewport()
    expect(form.get_by_label("Summary of the case")).to_have_value("Walked through the night")
    throttle(broken)
    # What leaves the screen is kept for the form, wherever it stands.
    with page.expect_response(lambda answer: answer.url.endswith("/cases/draft/")) as kept:
        page.evaluate(
            """() => {
                Object.defineProperty(document, "visibilityState", {value: "hidden"});
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
    assert kept.value.status == 204
    page.goto(f"/cases/{reference}/")
    page.get_by_role("link", name="Change How the case came to us").click()
    page.get_by_role("button", name="Go on").click()
    expect(form.get_by_label("Summary of the case")).to_have_value("Walked through the night")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#part-summary")).to_contain_text("Walked through the night")
    page.get_by_role("link", name="Change How the case came to us").click()
    expect(form).to_be_visible()
    expect(page.get_by_role("button", name="Go on")).to_have_count(0)


def test_who_was_signed_out_is_led_to_the_sign_in_and_finds_what_was_typed(visit):
    page = visit("officer", anew=True)
    open_case(page, 1)
    page.get_by_role("link", name="Change How the case came to us").click()
    page.locator("#part-summary").get_by_label("Summary of the case").fill("Typed too late")
    page.context.clear_cookies(name="session")
    page.locator("#part-summary").get_by_role("button", name="Save").click()
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator("#part-summary")).to_have_count(0)


@pytest.mark.parametrize("viewport", [DESK, PHONE, ZOOMED], ids=["desk", "phone", "zoomed"])
def test_record_assistance_is_in_sight_wherever_one_is(visit, viewport):
    page = visit("officer")
    open_case(page, 1)
    page.set_viewport_size(viewport)
    height = page.evaluate("document.documentElement.scrollHeight")
    for part in range(11):
        page.evaluate("top => scrollTo({top, behavior: 'instant'})", height * part / 10)
        assert page.evaluate(IS_IN_SIGHT), f"{part} tenths down"
    bar = page.locator(".app-actions").bounding_box()
    assert bar["height"] <= viewport["height"] / 4


@pytest.mark.parametrize("viewport", [DESK, PHONE, ZOOMED], ids=["desk", "phone", "zoomed"])
def test_the_bar_never_covers_the_focus(visit, viewport):
    page = visit("officer")
    open_case(page, 1)
    page.set_viewport_size(viewport)
    page.get_by_role("link", name="Change How the case came to us").click()
    expect(page.locator("#part-summary form")).to_be_visible()
    for key in ("Tab", "Shift+Tab"):
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        covered, passed = [], 0
        while passed < FAR:
            page.keyboard.press(key)
            passed += 1
            covered += filter(None, [page.evaluate(COVERED)])
            if passed > 5 and page.evaluate("document.activeElement === document.body"):
                break
        assert 20 < passed < FAR and not covered
