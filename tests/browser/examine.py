"""What is wrong with the page that is open, for whoever sees little, uses no mouse or holds a phone."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (
    Path(__file__).parent / "vendor" / "axe.min.js"
)  # axe-core 4.14.1, MPL 2.0, of axe-core on npm
RUN = """async (rules) => (await axe.run({
    runOnly: rules, resultTypes: ["violations"],
})).violations.flatMap(({id, nodes}) => nodes.map(({target, any}) =>
    `${id}: ${target.join(" ")} ${any.map((check) => check.message).join("; ")}`))"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What can differ in the other themes; where somebody asks for more contrast, words have 7:1.
RULES_OF_THEMES = {"dark": ["color-contrast"], "contrast": ["color-contrast-enhanced"]}
WEAR = "(theme) => { document.documentElement.dataset.theme = theme }"
# Regions that tell of themselves what is new in them. One inside of another is a part of it.
REGIONS = """() => {
    const REGION = "[role=status], [role=log], [aria-live]";
    return [...document.querySelectorAll(REGION)]
        .filter((one) => one.checkVisibility() && !one.parentElement.closest(REGION))
        .map((one) => one.outerHTML.split(">")[0]);
}"""

SMALLEST = 24  # pixels, WCAG 2.2, 2.5.8
# What can be pressed and is smaller. Boxes and round buttons count with their label, a link inside a
# sentence not at all, nor what nobody sees before it has the focus.
SMALL = """(smallest) => {
    const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    const isText = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
    const isInSentence = (one) => one.localName === "a" && getComputedStyle(one).display === "inline"
        && [...one.parentElement.childNodes].some(isText);
    const isSeen = (one) => one.checkVisibility({visibilityProperty: true})
        && !one.closest(".govuk-visually-hidden, .govuk-skip-link");
    const sides = (one) => {
        const boxes = [one, ...(one.labels ?? [])].map((part) => part.getBoundingClientRect());
        return ["width", "height"].map((side) => Math.max(...boxes.map((box) => box[side])));
    };
    return [...document.querySelectorAll(CONTROLS)]
        .filter((one) => isSeen(one) && !isInSentence(one))
        .filter((one) => Math.min(...sides(one)) < smallest - 0.05)
        .map((one) =>
            `${one.localName}.${one.className} ${one.textContent.trim()} ${sides(one).join(" x ")}`);
}"""

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ZOOMED = {"width": 320, "height": 256}  # a desk of 1280 x 1024 at 400 %: WCAG 2.1, 1.4.10


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def problems(page: Page) -> list[str]:
    """A line for each thing that is wrong with it: at a desk in each theme, on a phone, and magnified
    four times."""
    found = []
    # Not as a script of the page: its policy would stop that, and rightly.
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": _axe()})
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
    for viewport in (DESK, PHONE, ZOOMED):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        told = [*_too_wide(page), *_too_small(page)]
        if viewport is not ZOOMED:
            told += page.evaluate(RUN, RULES)
        if viewport is DESK:
            told += [*_in_other_themes(page), *_regions(page)]
        found += [f"{viewport['width']} px, {problem}" for problem in told]
    return found


def _in_other_themes(page: Page) -> Iterator[str]:
    worn = page.evaluate("document.documentElement.dataset.theme ?? ''")
    for theme, rules in RULES_OF_THEMES.items():
        page.evaluate(WEAR, theme)
        yield from (f"{theme}, {problem}" for problem in page.evaluate(RUN, rules))
    page.evaluate(WEAR, worn)


def _regions(page: Page) -> Iterator[str]:
    """What is told to whoever does not see it is told in one place."""
    if len(regions := page.evaluate(REGIONS)) > 1:
        yield f"live regions: {regions}"


def _too_wide(page: Page) -> Iterator[str]:
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > page.viewport_size["width"]:  # type: ignore[index]
        yield f"too wide: {width}"


def _too_small(page: Page) -> Any:
    return [f"too small: {one}" for one in page.evaluate(SMALL, SMALLEST)]
