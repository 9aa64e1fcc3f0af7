"""Pictures of the guide show what the pages show."""

from tests.browser.take_guide import LANGUAGES, kept_words, pages, words

STALE = "Pictures of the guide are out of date. Take them anew: python -m tests.browser.take_guide"


def test_each_picture_shows_its_page_as_it_is(visit, open_browser):
    def page_of(username):
        return visit(username) if username else open_browser().new_page()

    shown = {language: {} for language in LANGUAGES}
    for language, name, page in pages(page_of):
        shown[language][name] = words(page, name)
    for language in LANGUAGES:
        assert shown[language] == kept_words(language), STALE
