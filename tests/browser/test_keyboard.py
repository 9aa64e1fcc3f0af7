"""Work with the keyboard alone: where the focus is, is seen at every step."""

from playwright.sync_api import Page, expect

from tests.browser.examine import PHONE
from tests.browser.steps import STEFANIDA

FAR = 150  # presses of Tab until what is looked for must have come
# The name of what has the focus; and what is wrong with how it is shown: it lies behind something,
# outside of the screen, or looks as it did before it had the focus (which is only known when the focus
# has moved on).
FOCUSED = """() => {
    const of = (element, part) => {
        const {outline, boxShadow, backgroundColor, borderColor} = getComputedStyle(element, part);
        return [outline, boxShadow, backgroundColor, borderColor].join();
    };
    const look = (element) =>
        [element, ...(element.labels ?? [])].map((one) => of(one, null) + of(one, "::before")).join();
    const element = document.activeElement;
    const wrong = [];
    const had = window.had;
    if (had && had.element !== element && had.look === look(had.element)) {
        wrong.push(`not to be told from others: ${had.name}`);
    }
    const words = [...(element.labels ?? [])].map((label) => label.innerText).join(" ");
    const name = (words || element.innerText || element.ariaLabel || "").trim().replace(/\\s+/g, " ");
    const {left, top, width, height} = element.getBoundingClientRect();
    if (element.matches("a, button, input, select, textarea, summary, [tabindex='0']")) {
        const seen = [0.2, 0.5, 0.8].map((part) =>
            document.elementFromPoint(left + width / 2, top + part * height));
        if (!seen.every((at) => element.contains(at))) {
            wrong.push(`hidden: ${name}, behind ${seen.map((at) => at?.className)}`);
        }
        if (had?.element !== element) window.had = {element, name, look: look(element)};
    }
    return {name, wrong};
}"""


class Keyboard:
    """Somebody who has no mouse. `wrong` tells where the focus was not to be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []

    def go_to(self, name: str, *, whole: bool = False) -> None:
        """Press Tab until what is called so, or begins so, has the focus."""
        passed = []
        for _press in range(FAR):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUSED)
            self.wrong += at["wrong"]
            if at["name"] == name or (at["name"].startswith(name) and not whole):
                return
            passed.append(at["name"])
        raise AssertionError(f"{name} does not come; but {passed}")

    def press(self, name: str, key: str = "Enter", *, whole: bool = True) -> None:
        """A link or a button that leads to another page."""
        self.go_to(name, whole=whole)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def type(self, name: str, text: str) -> None:
        self.go_to(name)
        self.page.keyboard.type(text)

    def tick(self, name: str) -> None:
        """A box, or the first round button of a group."""
        self.go_to(name, whole=True)
        self.page.keyboard.press("Space")


def test_an_officer_registers_records_refers_and_looks_who_saw_it(visit):
    page = visit("officer")
    page.goto("/")
    keys = Keyboard(page)
    keys.press("Register a person")
    keys.type("Name, number or reference", STEFANIDA.second_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Register a new person")).to_be_visible()
    keys.press("Register a new person")
    keys.tick("Yes")
    keys.type("Date of consent", "03022026")
    keys.tick("Assistance by our organisation")
    keys.tick("Sharing with the organisations of a referral")
    keys.type("Family name", STEFANIDA.second_name)
    keys.type("Given name", STEFANIDA.first_name)
    keys.type("Mobile phone", STEFANIDA.mobile_phone)
    keys.type("What happened, in short", STEFANIDA.account)
    keys.press("Open the case")
    expect(page.get_by_text("is open.")).to_be_visible()

    page.set_viewport_size(PHONE)  # which is also a desk magnified three times
    keys.press("Record assistance")
    keys.press("Medical")
    keys.type("Diagnosis", "Anaemia")
    keys.press("Save")
    expect(page.get_by_text("Assistance is recorded.")).to_be_visible()

    keys.press("Refer")
    keys.press("Shelter or housing", whole=False)
    keys.go_to("Linden House shelter (partner)")
    page.keyboard.press("Space")
    keys.type("Message", STEFANIDA.account)
    keys.press("Send the referral")
    expect(page.get_by_text("The case is referred to Linden House")).to_be_visible()

    keys.press("Who saw and changed what", whole=False)
    keys.type("Kind", "Changes")
    keys.press("Apply")
    expect(page.locator(".app-filter-sentence")).to_contain_text("Changes")
    assert not keys.wrong, "\n".join(keys.wrong)


def test_an_analyst_builds_a_table(visit):
    page = visit("analyst")
    page.goto("/")
    keys = Keyboard(page)
    keys.press("Build a table")
    keys.type("Rows", "Kind of assistance")
    expect(page.locator("#result h2").first).to_contain_text("by kind of assistance")
    keys.type("Columns", "None")
    expect(page.locator("#result h2").first).not_to_contain_text(" and ")
    assert not keys.wrong, "\n".join(keys.wrong)
