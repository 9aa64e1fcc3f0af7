"""Pictures of the user guide: python -m tests.browser.take_guide

They go to static/guide/<language>/, and what each shows, in words, to guide/<language>.txt beside
this file. test_guide.py compares those words with the pages.
"""

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.served import ROOT, serving
from tests.browser.steps import PELAHEYA, choose_language, register, sign_in

PICTURES_IN = ROOT / "static" / "guide"
WORDS_IN = Path(__file__).parent / "guide"
LANGUAGES = ("en", "ru", "be")
NARROW, WIDE = 500, 642  # pixels of the window: the layout of a phone, and the least of a desk
MARGIN = 12  # pixels around the parts
COLOURS = 24  # of a picture


@dataclass(frozen=True)
class Picture:
    """Parts of a page in one frame, from the uppermost to the lowest."""

    who: str  # username; "" is nobody
    address: str
    parts: tuple[str, ...]  # selectors
    press: tuple[str, ...] = ()  # what leads on from the address
    width: int = NARROW
    margin: int = MARGIN


def fields(*names: str) -> tuple[str, ...]:
    """Fields of the form of a page, each with its label and hint."""
    return tuple(f"#main .govuk-form-group:has([name$={name}])" for name in names)


_AFTER = (
    "#main form h2 ~ .govuk-form-group >> nth=0",
    "#main form h2 ~ .govuk-form-group >> nth=1",
)
TITLE, BUTTON = "#main h1", "#main form [type=submit]"
PICTURES = {
    "sign-in": Picture("", "/account/sign-in/", ("#main form:has([name=password])",)),
    "head": Picture("officer", "/cases/search/", (".app-header", ".app-exit a"), margin=0),
    "search": Picture("officer", "/cases/search/", (TITLE, *fields("q"), BUTTON)),
    "consent": Picture(
        "officer", "/cases/register/", fields("consented", "recorded_on", "form", "purposes")
    ),
    "kinds": Picture("officer", "/cases/{case}/assistance/", (TITLE, "#main .app-choices")),
    "task": Picture(
        "officer", "/cases/{case}/tasks/add/", (TITLE, *fields("task", "cls", "due_on"))
    ),
    "refer": Picture(
        "officer",
        "/cases/{case}/refer/",
        fields(
            *("outgoing_referral_details", "meeting_place", "meeting_time", "accompanied_by"),
            "classes",
        ),
        ("#main .app-choices button[value]",),
    ),
    "share": Picture(
        "officer",
        "/cases/{case}/sharing/",
        fields("to", "classes", "may_write", "since", "until"),
        width=WIDE,
    ),
    "file": Picture("officer", "/cases/{case}/files/add/", (TITLE, *fields("cls", "description"))),
    "comment": Picture("officer", "/cases/{case}/entries/comment/add/", ("#main form",)),
    "checks": Picture(
        "officer", "/cases/{case}/close/", ("#main form h2", "#main form ul", *_AFTER, BUTTON)
    ),
    "trail": Picture(
        "supervisor",
        "/cases/{case}/trail/?kind=changes",
        (".app-filter-sentence", ".moj-timeline"),
    ),
    "verify": Picture("auditor", "/audit/verify/", (TITLE, "#main form .govuk-form-group", BUTTON)),
    "questions": Picture(
        "analyst",
        "/statistics/",
        (*fields("measure", "rows", "columns", "split", "only", "level", "chart"), BUTTON),
        width=WIDE,
    ),
    "figures": Picture(
        "analyst",
        "/statistics/?rows=gender&columns=age",
        ("#result h2", "#result .app-note", "#result table"),
        width=WIDE,
    ),
    "account": Picture("administrator", "/people/new/", (TITLE, "#main form")),
    "ask": Picture(
        "administrator",
        "/people/",
        ("#main section:has([href*='/ask/'])",),
        ("#main a:text('Adamovich')",),
    ),
}
# What is not the same each time: figures and days. Options of a list that is closed are not seen.
FIGURE = re.compile(r"<?\d+(?:[ \xa0][^\W\d]+\.?[ \xa0]\d{4})?(?:[ \xa0.,:-]+<?\d+)*")
UNSEEN = re.compile(r"^ *- (?:/url: .*|option (?!.*\[selected\]).*)\n?", re.MULTILINE)
# The browser would write into empty days in its own language.
STILL = "input[type=date]::-webkit-datetime-edit { visibility: hidden }"


def pages(page_of: Callable[[str], Page]) -> Iterator[tuple[str, str, Page]]:
    """Language, name of the picture and the page with what it shows, one after the other.

    `page_of` opens a page for a username.
    """
    officer = page_of("officer")
    case = register(officer, PELAHEYA, may_refer=True)
    for who in dict.fromkeys(picture.who for picture in PICTURES.values()):
        page = officer if who == "officer" else page_of(who)
        try:
            for language in LANGUAGES:
                _choose(page, language)
                for name, picture in PICTURES.items():
                    if picture.who == who:
                        _open(page, picture, case)
                        yield language, name, page
        finally:  # accounts remember it
            _choose(page, "en")


def _choose(page: Page, language: str) -> None:
    page.goto("/help/")
    choose_language(page, language)


def _open(page: Page, picture: Picture, case: str) -> None:
    page.set_viewport_size({"width": picture.width, "height": 800})
    page.goto(picture.address.format(case=case))
    for selector in picture.press:
        with page.expect_navigation():
            page.locator(selector).first.click()


def words(page: Page, name: str) -> str:
    """What a picture shows, as it is told to those who do not see it; figures and days are 0."""
    told = (page.locator(part).first.aria_snapshot() for part in PICTURES[name].parts)
    return FIGURE.sub("0", UNSEEN.sub("", "\n".join(told) + "\n")).rstrip()


def kept_words(language: str) -> dict[str, str]:
    """Name of each picture that was taken, and its words."""
    parts = (WORDS_IN / f"{language}.txt").read_text(encoding="utf-8").split("\n\n")
    return dict(part.strip().split("\n", 1) for part in parts)


def main() -> None:
    """Start Tutela, take every picture, stop it; then put them in the place of those of before."""
    shown: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    taken: dict[Path, bytes] = {}
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)

        def page_of(username: str) -> Page:
            context = browser.new_context(
                base_url=served.address, color_scheme="light", bypass_csp=True
            )
            page = context.new_page()
            if username:
                sign_in(page, username, served.password)
            return page

        for language, name, page in pages(page_of):
            shown[language].append(f"{name}\n{words(page, name)}\n")
            taken[PICTURES_IN / language / f"{name}.webp"] = _taken(page, PICTURES[name])
        browser.close()
    shutil.rmtree(PICTURES_IN, ignore_errors=True)
    for path, picture in taken.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    for language, told in shown.items():
        (WORDS_IN / f"{language}.txt").write_text("\n".join(told), encoding="utf-8")


def _taken(page: Page, picture: Picture) -> bytes:
    """What it shows, as WebP."""
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    boxes = [page.locator(part).first.bounding_box() for part in picture.parts]
    left, top = (min(box[side] for box in boxes) - picture.margin for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + picture.margin
    foot = max(box["y"] + box["height"] for box in boxes) + picture.margin
    frame = {"x": left, "y": top, "width": right - left, "height": foot - top}
    png = page.screenshot(full_page=True, clip=frame, animations="disabled", style=STILL)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.convert("RGB").save(file, "WEBP", lossless=True, quality=60)
    return file.getvalue()


if __name__ == "__main__":
    main()
