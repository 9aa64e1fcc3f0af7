"""docs/walkthrough.md, walked through in a browser: each step, word for word as it stands there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.browser.hands import Hands
from tests.browser.served import ROOT, Served, serving
from tests.browser.steps import sign_in
from tests.browser.walkthrough import STEPS

DOCUMENT = ROOT / "docs" / "walkthrough.md"
NUMBER = 60
CASES = 20  # of the demonstration, beside the three that are made here

# "7. *officer* Press **Save** …", and what is indented below it.
STEP = re.compile(r"^(\d+)\. \*([\w.]+)\*(.*\n(?:\n* +.*\n)*)", re.MULTILINE)
BOLD, TYPED = re.compile(r"\*\*(.+?)\*\*"), re.compile(r"`(.+?)`")
DAY = re.compile(r"\btoday\b|\bin \d+ days\b")


@dataclass(frozen=True)
class Told:
    """One step, as the document tells it: who, words of the screen, what is typed, days."""

    who: str
    words: set[str]
    typed: set[str]
    days: set[str]

    def unlike(self, other: "Told") -> set[str]:
        """What only one of the two says."""
        both = (self.words, other.words), (self.typed, other.typed), (self.days, other.days)
        return set().union(*(one ^ another for one, another in both))


def told() -> dict[int, Told]:
    """The steps of the document, in its order. A number that stands there twice is an error."""
    steps: dict[int, Told] = {}
    for number, who, lines in STEP.findall(DOCUMENT.read_text(encoding="utf-8")):
        assert int(number) not in steps, number
        text = " ".join(lines.split())
        parts = (set(pattern.findall(text)) for pattern in (BOLD, TYPED, DAY))
        steps[int(number)] = Told(who, *parts)
    return steps


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One of its own: cases that are closed here would be missed by other tests."""
    with serving(tmp_path_factory.mktemp("walkthrough"), cases=CASES) as running:
        yield running


def test_the_document_and_the_test_have_the_same_sixty_steps():
    in_document = told()
    assert list(in_document) == list(STEPS) == list(range(1, NUMBER + 1))
    by = {number: step.who for number, step in STEPS.items()}
    assert by == {number: step.who for number, step in in_document.items()}
    assert all(step.words for step in in_document.values())


@pytest.mark.drill
def test_all_steps_as_the_document_tells_them(open_browser, served):
    in_document, people = told(), {}
    for number, step in STEPS.items():
        try:
            at = people.get(step.who)
            if at is None:
                at = people[step.who] = Hands(open_browser().new_page(), served.password)
                if number > 1:  # which signs in by itself
                    sign_in(at.page, step.who, served.password)
            at.forget()
            step.act(at)
            done = Told(step.who, at.words, at.typed, at.days)
            assert not done.unlike(in_document[number])
        except Exception as error:
            error.add_note(f"It was step {number} of docs/walkthrough.md, by {step.who}.")
            raise
