"""Somebody at the screen, who notes each word of the screen they use or look for, and what they type."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

MARKS = r"(optional|required)"
IN_PLACE = "control => control.matches('[hx-get]') || Boolean(control.form?.matches('[hx-post]'))"


class Hands:
    """One person in front of one browser.

    `words` are those of the screen: buttons, links, fields, choices, and what had to be seen.
    `typed` is what was typed, `days` are days as the document tells them: "today", "in 30 days".
    """

    def __init__(self, page: Page, password: str) -> None:
        self.page = page
        self._password = password
        self._references: dict[str, str] = {}  # of cases that were opened, by the name in their row
        self.forget()

    def forget(self) -> None:
        """Begin a step."""
        self.words: set[str] = set()
        self.typed: set[str] = set()
        self.days: set[str] = set()

    # --- Where one is -----------------------------------------------------------------
    def go_to_start(self) -> None:
        self.page.goto("/")

    def open_case(self, name: str) -> None:
        """Anew, where one is in it already; else from the start page, by the row with this name."""
        reference = self._references.get(name)
        if reference and self.bar.filter(has_text=reference).count():
            self._follow(self.page.get_by_role("link", name="Case file", exact=True).first)
        else:
            self.go_to_start()
            self.open_row(name)
        expect(self.bar).to_be_visible()
        self._references[name] = self.bar.locator(".moj-identity-bar__title").inner_text()
        confirm = self.page.get_by_role("button", name="Confirm it is you")
        if confirm.count():  # the sign-in is a while ago
            self._follow(confirm)

    def give_password(self) -> None:
        self.words.add("Password")
        self._field("Password").fill(self._password)

    def open_row(self, words: str) -> None:
        """By the link at the beginning of the line with these words."""
        self._follow(self.row(words).get_by_role("rowheader").get_by_role("link"))

    # --- What one does ----------------------------------------------------------------
    def press(self, name: str, *, of: str = "", within: Locator | None = None) -> None:
        """A button or a link that leads to a page. `of`: how the words behind it begin, which only a
        screen reader tells."""
        place = within or self.page
        whole = re.compile(
            rf"^{re.escape(name)}\s+{re.escape(of)}" if of else rf"^{re.escape(name)}$"
        )
        button = place.get_by_role("button", name=whole)
        link = place.get_by_role("link", name=whole)
        self.words.add(name)
        self._follow(button.or_(link))

    def unfold(self, name: str) -> None:
        """What is folded away under these words."""
        self.words.add(name)
        self.page.locator("summary").filter(has_text=_whole(name)).click()

    def move(self, stage: str) -> None:
        """Take the case that is open to another stage."""
        self.unfold("Move the case")
        self.press(stage)

    def fill(self, field: str, text: str) -> None:
        self.words.add(field)
        self.typed.add(text)
        self._field(field).fill(text)

    def date(self, field: str, *, in_days: int = 0) -> None:
        self.words.add(field)
        self.days.add(f"in {in_days} days" if in_days else "today")
        self._field(field).fill((timezone.localdate() + timedelta(in_days)).isoformat())

    def choose(self, field: str, option: str) -> None:
        """One line of a list: the one of these words, or the one that begins with them."""
        self.words.update((field, option))
        box = self._field(field)
        lines = [line.strip() for line in box.get_by_role("option").all_text_contents()]
        whole = option if option in lines else next(x for x in lines if x.startswith(option))
        box.select_option(label=whole)

    def tick(self, group: str, *options: str) -> None:
        """Boxes, or one round button, below a heading."""
        self.words.update((group, *options))
        place = self.page.get_by_role("group", name=_whole(group))
        for option in options:
            place.get_by_label(option, exact=True).check()

    def tick_alone(self, box: str) -> None:
        """A box that stands for itself."""
        self.words.add(box)
        self._field(box).check()

    # --- What one sees ----------------------------------------------------------------
    def row(self, words: str) -> Locator:
        """The line of a table that holds these words."""
        return self.page.get_by_role("row").filter(has_text=words)

    @property
    def bar(self) -> Locator:
        """What stands above every page of a case: who it is about, and how it stands."""
        return self.page.locator(".moj-identity-bar")

    def part(self, heading: str) -> Locator:
        """The part of a page below this heading, which is a word that is used, too."""
        self.words.add(heading)
        headed = self.page.get_by_role("heading", name=heading, exact=True)
        part = self.page.locator("section").filter(has=headed)
        expect(part).to_be_visible()
        return part

    def see(self, *words: str, within: Locator | None = None) -> None:
        """Each of these stands there, and nobody has to unfold anything."""
        self.words.update(words)
        for one in words:
            shown = (within or self.page).get_by_text(one).filter(visible=True)
            expect(shown.first).to_be_visible()

    def see_none(self, *words: str, within: Locator | None = None) -> None:
        """None of these stands there."""
        self.words.update(words)
        for one in words:
            expect((within or self.page).get_by_text(one, exact=True)).to_have_count(0)

    def see_none_to_choose(self, field: str, option: str) -> None:
        """The list does not offer this."""
        self.words.update((field, option))
        expect(self._field(field).get_by_role("option", name=option)).to_have_count(0)

    def miss(self, name: str) -> None:
        """Nothing on the page speaks of this person."""
        expect(self.page.get_by_text(name)).to_have_count(0)

    def read(self, *texts: str) -> None:
        """What somebody typed before stands there."""
        self.typed.update(texts)
        for text in texts:
            expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    # --- How --------------------------------------------------------------------------
    def _field(self, label: str) -> Locator:
        return self.page.locator("#main").get_by_label(_whole(label))

    def _follow(self, control: Locator) -> None:
        """Press it and wait for the page; confirm where Tutela asks who sits there.

        What only changes a part of the page takes the control away with that part.
        """
        if control.evaluate(IN_PLACE):
            pressed = control.element_handle()
            control.click()
            self.page.wait_for_function("pressed => !pressed.isConnected", arg=pressed)
            return
        with self.page.expect_navigation():
            control.click()
        if self.page.get_by_role("heading", name="Confirm that it is you").count():
            self.page.get_by_label("Password").fill(self._password)
            with self.page.expect_navigation():
                self.page.get_by_role("button", name="Confirm", exact=True).click()


def _whole(label: str) -> re.Pattern[str]:
    """These words and no more, but for the mark behind the label of a field."""
    return re.compile(rf"^\s*{re.escape(label)}(\s*\({MARKS}\))?\s*$")
