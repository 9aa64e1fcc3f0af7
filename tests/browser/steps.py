"""What people do on the pages, with real clicks; and the invented people they do it for."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

REFERENCE = re.compile(r"BY-\d{4}-\d{6}")

# How many clicks a task takes at most, as docs/design.md says. Typing is none, nor is Tab between
# fields; a list is two, one to open it and one for the line.
MOST_CLICKS = {
    "Register a person with consent": 6,
    "Record assistance": 3,
    "Refer a person": 5,
    "See who saw and changed a case": 1,
    "Build a table of two dimensions": 5,
}


@dataclass(frozen=True)
class NewPerson:
    """Somebody a test registers. Every word is distinctive: the last test searches for them all."""

    second_name: str
    first_name: str
    mobile_phone: str
    account: str


VASILISA = NewPerson(
    "Жывіцкайте", "Васілісія", "+375 00 715-29-63", "Забрали паспорт и возили по хуторам"
)
MIRASLAVA = NewPerson(
    "Крапіўнёва", "Міраслаўка", "+375 00 824-61-07", "Was told that the debt doubles each week"
)
YAKUBINA = NewPerson(
    "Якубинская", "Евфросинья", "+375 00 963-18-42", "Увезли на ферму и не отпускали до весны"
)
RAZALIYA = NewPerson(
    "Журавінская", "Разалінда", "+375 00 402-77-15", "Ехала даглядаць хворую, апынулася ў цэху"
)
KAPITALINA = NewPerson(
    "Чабаровіч", "Капіталіна", "+375 00 558-03-96", "Met the recruiter on a course for hairdressers"
)
INA = NewPerson(
    "Галубовічанка", "Інэсалія", "+375 00 317-90-58", "Дакументы схавалі, у горад не выпускалі"
)
ZLATAMIRA = NewPerson(
    "Верашчагіна", "Златаміра", "+375 00 690-52-81", "Жила в бытовке и не выходила без сторожа"
)
PRASKEVA = NewPerson(
    "Вярбіцкайла", "Праскевія", "+375 00 238-46-90", "Sold twice on the road before the border"
)
SALAMEYA = NewPerson(
    "Вырайковіч", "Саламеянка", "+375 00 471-35-80", "Працавала на складзе без дакументаў"
)
STEFANIDA = NewPerson(
    "Лазавіцкайня", "Стэфаніда", "+375 00 846-20-71", "Працавала на кухні па восемнаццаць гадзін"
)
TAISIYA = NewPerson(
    "Загароўская", "Таісіяна", "+375 00 129-74-83", "Перавозілі з лецішча на лецішча ўсё лета"
)
PELAHEYA = NewPerson(
    "Канапелькава", "Пелагеюшка", "+375 00 129-84-53", "Обещали работу в прачечной за морем"
)
VIYALETA = NewPerson(
    "Пракапчучка", "Віялецянка", "+375 00 739-16-52", "Трымалі ў гаражы, выпускалі толькі ноччу"
)
PEOPLE = (ZLATAMIRA, VASILISA, MIRASLAVA, YAKUBINA, RAZALIYA, KAPITALINA, INA, PRASKEVA)
PEOPLE += (SALAMEYA, STEFANIDA, TAISIYA, PELAHEYA, VIYALETA)


def count_clicks(page: Page) -> list[str]:
    """Each press of a mouse button from now on, on whatever page: the list grows."""
    pressed: list[str] = []

    def press(tag: str) -> None:
        pressed.append(tag)

    page.expose_function("tallyPress", press)
    tally = "addEventListener('pointerdown', e => tallyPress(e.target.tagName), true)"
    page.add_init_script(tally)
    page.reload()
    return pressed


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    with page.expect_navigation():  # or what comes next would be asked for without the session
        page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator(".app-account summary").click()
    page.get_by_role("button", name="Sign out").click()


def choose_language(page: Page, code: str) -> None:
    """Press its button at the foot of the page, unless it is the page's already."""
    button = page.locator(f"button[name=language][value={code}]")
    if button.count():
        with page.expect_navigation():
            button.click()


def confirm(page: Page, password: str) -> None:
    """Sign in once more, where the last time is a while ago; the page that was asked for comes next."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    if not page.get_by_role("heading", name="Confirm that it is you").count():
        return
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Confirm").click()


def open_case(page: Page, number: int = 0) -> str:
    """From the start page, open one of the newest cases; gives its reference."""
    page.goto("/")
    link = page.get_by_role("rowheader").nth(number).get_by_role("link")
    reference = link.inner_text()
    link.click()
    expect(page.locator(".moj-identity-bar__title")).to_have_text(reference)
    return reference


def search(page: Page, text: str) -> None:
    """Look whether a person is here, from the start page on."""
    page.goto("/")
    page.get_by_role("button", name="Register a person").click()
    page.get_by_label("Name, number or reference").fill(text)
    page.locator("#main").get_by_role("button", name="Search").click()


def register(page: Page, person: NewPerson, *, may_refer: bool = False) -> str:
    """Search first, then register with consent, to referrals too if `may_refer`; gives the reference."""
    search(page, f"{person.first_name} {person.second_name}")
    page.get_by_role("button", name="Register a new person").click()
    page.get_by_label("Yes", exact=True).check()
    page.get_by_label("Date of consent").fill("2026-03-02")
    page.get_by_label("Assistance by our organisation").check()
    if may_refer:
        page.get_by_label("Sharing with the organisations of a referral").check()
    page.get_by_label("Family name").fill(person.second_name)
    page.get_by_label("Given name").fill(person.first_name)
    page.get_by_label("Mobile phone").fill(person.mobile_phone)
    page.get_by_label("Forced labour", exact=True).check()
    page.get_by_label("What happened, in short").fill(person.account)
    page.get_by_role("button", name="Open the case").click()
    reference = page.locator(".moj-identity-bar__title").inner_text()
    expect(page.get_by_text(f"Case {reference} is open.")).to_be_visible()
    return reference


def show_name(page: Page) -> None:
    """On a page of a case: show who the person is."""
    page.get_by_role("button", name="Show the name").click()
    expect(page.get_by_role("link", name="Hide the name")).to_be_visible()


def record_assistance(page: Page, kind: str, **typed: str) -> None:
    """From the case page: record assistance, its kind, save. `typed` names fields of the form."""
    page.get_by_role("button", name="Record assistance").click()
    page.get_by_role("button", name=kind).click()
    for name, value in typed.items():
        type_into(page, name, value)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Assistance is recorded.")).to_be_visible()


def type_into(page: Page, name: str, value: str) -> None:
    """Fill a field without a click, as one does who tabs through the form."""
    box = page.locator(f"#main [name={name}]")
    if box.evaluate("box => box.tagName") == "SELECT":
        box.focus()
        page.keyboard.type(value)
    else:
        box.fill(value)
