"""Every word on a page goes through gettext, so that it can be translated."""

import re
from html.parser import HTMLParser

import pytest
from django.template.base import Lexer, TokenType

from tests.guards import source

TEMPLATES = source.ROOT / "templates"
# These are the inside of a tag, and hold attributes only.
PIECES = {"django/forms/label.html", "cases/_in_place.html"}
# The guide is written in each language, whole (test_guide.py).
NAMES = sorted(
    name
    for path in TEMPLATES.rglob("*.html")
    if (name := str(path.relative_to(TEMPLATES))) not in PIECES and not name.startswith("guide/")
)
# The name of the product is the same in every language.
UNTRANSLATED = {"Tutela", "– Tutela"}
PASSED_OVER = {"blocktrans", "blocktranslate", "plural", "comment"}
SAID = {"title", "alt", "aria-label", "placeholder", "data-label", "label"}
WORD = re.compile(r"[^\W\d_]{2,}")


class Words(HTMLParser):
    """Text between tags, and in attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data):
        self.found += [data] if self.lasttag not in ("script", "style") else []

    def handle_starttag(self, tag, attrs):
        self.found += [value or "" for name, value in attrs if name in SAID]


def bare_words(text: str) -> list[str]:
    """What a template says without a translation: the words left when its tags are taken out."""
    left, inside = [], False
    for token in Lexer(text).tokenize():
        if token.token_type == TokenType.BLOCK:
            name = token.contents.split()[0]
            # The block body_class holds names of classes.
            begins = name in PASSED_OVER or token.contents == "block body_class"
            inside = begins or (inside and not name.startswith("end"))
        elif token.token_type == TokenType.TEXT and not inside:
            left.append(token.contents)
    words = Words()
    words.feed("".join(left))
    words.close()
    said = (re.sub(r"&\w+;", " ", part).strip() for part in words.found)
    return [part for part in said if WORD.search(part) and part not in UNTRANSLATED]


@pytest.mark.parametrize("name", NAMES)
def test_a_template_says_nothing_untranslated(name):
    assert bare_words((TEMPLATES / name).read_text()) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("<p>Case</p>", ["Case"]),
        ('{% trans "Case" %}<p class="govuk-body">{{ case }}</p>', []),
        ("<p>{% blocktrans trimmed %}Case{% endblocktrans %}</p>", []),
        ("{% blocktrans count n=1 %}case{% plural %}cases{% endblocktrans %} left", ["left"]),
        ('<input placeholder="Name">', ["Name"]),
        ('<option{% if on %} selected{% endif %} value="BY">{{ label }}</option>', []),
        ("{# a remark #}<b>№ 5</b> · – →", []),
    ],
)
def test_the_search_for_words_finds_them(text, found):
    assert bare_words(text) == found
