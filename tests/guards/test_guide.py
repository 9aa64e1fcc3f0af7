"""The guide is whole in each language, speaks the words of the pages, and every page leads to it."""

import re
from html import unescape

import polib
import pytest
from django.conf import settings

from core.guide import TOPICS, topic_for
from tests.browser.take_guide import PICTURES as TAKEN
from tests.browser.take_guide import kept_words
from tests.guards import source
from tests.guards.matrix import addresses

GUIDE = source.ROOT / "templates" / "guide"
CODES = [code for code, _name in settings.LANGUAGES]
QUOTED = re.compile(r"<strong>(.*?)</strong>")
TAGS = re.compile(r"{%.*?%}|<[^>]*>")
SHOWN = re.compile(r"""{% picture "([a-z]+)/([a-z-]+)" "[^"]+" %}""")
PICTURES = source.ROOT / "static" / "guide"
LARGEST, WHOLE = 20_000, 700_000  # bytes of a picture, and of all
# Pages of the guide itself, and the one that shows nothing of ours.
LEAD_TO_THE_LIST = {"core:help", "core:topic", "core:exit", "glossary"}


def _text(code: str, topic: str) -> str:
    return (GUIDE / code / f"{topic}.html").read_text()


def _words(code: str) -> dict[str, set[str]]:
    """English text → what it is called in that language."""
    kept = polib.pofile(source.ROOT / "locale" / CODES[-1] / "LC_MESSAGES" / "django.po")
    if code == settings.LANGUAGE_CODE:
        return {entry.msgid: {entry.msgid} for entry in kept}
    found: dict[str, set[str]] = {}
    for entry in polib.pofile(source.ROOT / "locale" / code / "LC_MESSAGES" / "django.po"):
        found.setdefault(entry.msgid, set()).add(entry.msgstr)
    return found


@pytest.mark.parametrize("code", CODES)
def test_each_language_has_every_topic_and_no_other(code):
    assert {path.stem for path in (GUIDE / code).iterdir()} == set(TOPICS)
    assert {path.name for path in GUIDE.iterdir()} == set(CODES)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("code", CODES)
def test_a_topic_quotes_the_labels_of_the_pages(code, topic):
    """The same ones in each language, in whatever order, as its catalogue has them."""
    words = _words(code)
    english = [unescape(each) for each in QUOTED.findall(_text(settings.LANGUAGE_CODE, topic))]
    quoted = [unescape(each) for each in QUOTED.findall(_text(code, topic))]
    assert [each for each in english if each not in words] == []
    assert [each for each in english if not words[each] & set(quoted)] == []
    every = set().union(*words.values())
    assert [each for each in quoted if each not in every] == []
    assert len(quoted) == len(english)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_short_and_of_one_shape_in_each_language(topic):
    texts = [_text(code, topic) for code in CODES]
    assert {tuple(re.findall(r"<(\w+)", text)) for text in texts} == {
        tuple(re.findall(r"<(\w+)", texts[0]))
    }
    assert all(150 <= len(TAGS.sub(" ", text).split()) <= 350 for text in texts)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_one_to_three_pictures_in_its_own_language(topic):
    shown = {code: SHOWN.findall(_text(code, topic)) for code in CODES}
    names = [name for _code, name in shown[settings.LANGUAGE_CODE]]
    assert 1 <= len(names) <= 3
    assert shown == {code: [(code, name) for name in names] for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_pictures_are_those_that_are_taken_and_shown(code):
    shown = {name for topic in TOPICS for _code, name in SHOWN.findall(_text(code, topic))}
    assert shown == set(TAKEN) == set(kept_words(code))
    assert {path.name for path in (PICTURES / code).iterdir()} == {f"{x}.webp" for x in shown}


def test_pictures_are_small():
    sizes = {path: path.stat().st_size for path in PICTURES.rglob("*.webp")}
    assert {path for path, size in sizes.items() if size > LARGEST} == set()
    assert sum(sizes.values()) < WHOLE


def test_every_page_leads_to_a_topic():
    lost = {name for name in addresses() if topic_for(name) not in TOPICS}
    assert lost == LEAD_TO_THE_LIST
