"""Each language has every text, and a page in it has no other words."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import override

from accounts.models import User
from accounts.services import choose_display
from core.sorting import CYRILLIC, by_words
from tests.guards import source
from tests.guards.matrix import table
from tests.guards.messages import Message, messages, of_code, of_template
from tests.guards.test_english import Words
from tests.guards.world import places as places
from tests.guards.world import world as world

CODES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
in_each_language = pytest.mark.parametrize("code", CODES)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?\w+[^>]*>")
ADVICE = "Run “make messages”, or write it into locale/ by hand: docs/contributing/translating.md."


def _catalogue(code: str) -> polib.POFile:
    return polib.pofile(source.ROOT / "locale" / code / "LC_MESSAGES" / "django.po")


def _key(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def _translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


# --- The catalogues -------------------------------------------------------------------
@in_each_language
def test_a_catalogue_has_every_text_and_no_other(code):
    written, kept = messages(), {_key(entry): entry.msgid_plural for entry in _catalogue(code)}
    missing = {one: path for one, path in written.items() if (one.context, one.text) not in kept}
    assert missing == {}, ADVICE
    assert kept.keys() == {(one.context, one.text) for one in written}, ADVICE
    assert {one for one in written if one.plural and kept[one[:2]] != one.plural} == set(), ADVICE


@in_each_language
def test_a_catalogue_is_finished(code):
    catalogue = _catalogue(code)
    assert [_key(entry) for entry in catalogue if not entry.translated() or entry.obsolete] == []
    assert catalogue.fuzzy_entries() == []
    assert "nplurals=4;" in catalogue.metadata["Plural-Forms"]
    assert {len(one.msgstr_plural) for one in catalogue if one.msgid_plural} == {4}


@in_each_language
def test_a_translation_keeps_what_is_filled_in(code):
    wrong = [
        (entry.msgid, told)
        for entry in _catalogue(code)
        for told in _translations(entry)
        if _parts(told) != _parts(entry.msgid_plural or entry.msgid)
    ]
    assert wrong == []


def _parts(text: str) -> tuple[list[str], str, str]:
    """What has to be the same in every language: placeholders, markup, and the spaces at both ends."""
    inner = text.strip()
    return sorted(PLACEHOLDER.findall(text)), *(text.split(inner, 1) if inner else ("", ""))


@in_each_language
def test_what_is_read_is_what_was_compiled(code):
    catalogue = _catalogue(code)
    made = polib.mofile(source.ROOT / "locale" / code / "LC_MESSAGES" / "django.mo")
    assert {_key(one): _translations(one) for one in made} == {
        _key(one): _translations(one) for one in catalogue
    }, "Run “make messages”."


def test_messages_are_found_however_they_are_written():
    text = """{% trans "A" %}{% trans 'B' context "c" as d %}{{ _("E")|default:"F" }}
    {% blocktrans trimmed count n=some %}One {{ n }}{% plural %}Many {{ n }}{% endblocktrans %}"""
    assert set(of_template(text)) == {
        *(Message("", "A", ""), Message("c", "B", ""), Message("", "E", "")),
        Message("", "One %(n)s", "Many %(n)s"),
    }
    code = """
from django.utils.translation import gettext as now, npgettext
now("A" "B"), npgettext("c", "D", "E", 5), other("F")"""
    assert set(of_code(ast.parse(code))) == {Message("", "AB", ""), Message("c", "D", "E")}


def test_nothing_is_translated_when_a_module_is_loaded():
    """It would stay in the language of whoever came first, or in English: gettext_lazy is for that."""
    early = {
        f"{path}:{call.lineno}"
        for path, tree in source.modules().items()
        if (eager := set(_imported(tree)))
        for call in _on_loading(tree)
        if source.called(call) in eager
    }
    assert early == set()


EAGER = {"gettext", "ngettext", "pgettext", "npgettext", "_"}


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names under which functions that translate at once are called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            yield from (name.asname or name.name for name in node.names if name.name in EAGER)


def _on_loading(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that are made by importing a module: none inside a function but its defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _on_loading(child.args)
        else:
            if isinstance(child, ast.Call):
                yield child
            yield from _on_loading(child)


# --- Days, numbers and the alphabet ---------------------------------------------------
@in_each_language
def test_days_and_numbers_are_written_as_in_the_language(code):
    with override(code):
        assert date_format(date(2026, 3, 7), "DATE_FORMAT") == "07.03.2026"
        assert number_format(Decimal("1234.50"), force_grouping=True) == "1\xa0234,50"
        assert get_format("FIRST_DAY_OF_WEEK") == 1
        assert "%d.%m.%Y" in get_format("DATE_INPUT_FORMATS")


def test_words_are_in_the_order_of_the_alphabet():
    letters = [letter.upper() for letter in CYRILLIC]
    assert sorted(set(letters), key=by_words) == letters
    names = ["Angola", "Åland Islands", "Belarus", "Елена", "Ёлкина", "Жук", "Іна", "Йова", "Ўлад"]
    assert sorted(set(names), key=by_words) == [
        *("Åland Islands", "Angola", "Belarus", "Елена", "Ёлкина", "Жук", "Іна", "Йова", "Ўлад")
    ]


# --- The pages ------------------------------------------------------------------------
@pytest.mark.django_db
def test_no_page_has_words_of_another_language(world, places, client_for):
    """In one language: where words are left in English, they were translated too early, or never."""
    code = "be"
    english = {one.msgid for one in _catalogue(code) if one.msgid not in _translations(one)}
    english -= set(dict(settings.LANGUAGES).values())  # each is offered by its own name
    world_names = {*map(str, User.objects.all()), "Other", "Told", "Day", "partner"}
    english -= world_names
    left: dict[str, set[str]] = {}
    seen = {"glossary"}  # which gives the standard's own names as well, in English
    for who in ("nobody", "alena", "pavel", "rita", "yury", "viktar", "daria"):
        browser = client_for(world[who]) if world[who] else Client()
        if world[who]:
            choose_display(world[who], "language", code)
        else:
            browser.cookies[settings.LANGUAGE_COOKIE_NAME] = code
        for name in _pages_of(who) - seen:
            answer = browser.get(reverse(name, args=places.get(name, ((), {}))[0]))
            text = "" if answer.streaming else answer.content.decode(errors="replace")
            if "<html" in text:
                assert f'<html lang="{code}" dir="ltr">' in text, name
                left[name] = english & set(_words(text))
                seen.add(name)
    assert len(seen) > 80
    assert {name: found for name, found in left.items() if found} == {}


def _pages_of(who: str) -> set[str]:
    """The addresses that somebody may ask for, but those that sign out."""
    shown = {
        name
        for (name, method), row in table().items()
        if method == "GET" and row.statuses[who] == 200
    }
    return shown - {"account_logout", "core:exit"}


def _words(page: str) -> Iterator[str]:
    words = Words()
    words.feed(page)
    words.close()
    return (" ".join(word.split()) for word in words.found)
