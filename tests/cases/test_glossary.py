"""Words of HTCDS, explained where they stand: from the glossary, once a page, in every language."""

import re

import pytest
from django.conf import settings
from django.template import Context, Template
from django.urls import reverse
from django.utils.translation import override

from cases.glossary import MEANINGS, explained_term, grouped_terms

TERM = re.compile(r'popovertarget="term-(\w+)"')


def _shown(template: str) -> list[str]:
    return TERM.findall(Template("{% load terms %}" + template).render(Context()))


def test_a_term_is_explained_once_a_page():
    once = '{% term "methods_of_control" %}'
    assert _shown(once + '{% term "event_type" %}' + once) == ["vic_MethodsOfControl", "hte_Type"]


def test_plain_words_are_not_explained():
    assert _shown('{% term "first_name" %}{% term "grounds" %}{% term "nothing" %}') == []


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_the_glossary_says_the_same(language):
    with override(language):
        terms = {term.htcds: term for _title, terms in grouped_terms() for term in terms}
        for htcds, meaning in MEANINGS.items():
            assert terms[htcds].explained == str(meaning)
        assert explained_term("methods_of_control") == terms["vic_MethodsOfControl"]


def test_each_language_has_its_own_words():
    texts = []
    for language in dict(settings.LANGUAGES):
        with override(language):
            texts += [str(meaning) for meaning in MEANINGS.values()]
    assert len(set(texts)) == len(settings.LANGUAGES) * len(MEANINGS)


@pytest.mark.parametrize(
    ("name", "more", "terms"),
    [
        ("cases:detail", [], ["vic_TraffickingStatus", "hte_Type"]),
        ("cases:add_entry", ["decision"], ["vic_TraffickingStatus"]),
        ("cases:add_entry", ["perpetrator"], ["per_RoleInProcess"]),
        ("cases:victim", [], [name for name in MEANINGS if name.startswith("vic_")][1:]),
    ],
)
def test_terms_stand_where_they_are_read_and_asked(case, alena, client_for, name, more, terms):
    page = client_for(alena).get(reverse(name, args=[case.reference, *more])).content.decode()
    assert sorted(TERM.findall(page)) == sorted(terms)


def test_a_label_stays_what_it_was_called(case, alena, client_for):
    """The explanation is beside it: what is read out as the name of the field does not hold it."""
    page = client_for(alena).get(reverse("cases:victim", args=[case.reference])).content.decode()
    legends = re.findall(r"<legend[^>]*>(.*?)</legend>", page, re.DOTALL)
    assert "Methods of control" in [legend.strip() for legend in legends]
