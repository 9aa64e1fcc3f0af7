"""Runs last: of all the people the other tests dealt with, not one word lies on the disk in clear."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from assistance.sections import SCHEMAS
from config.demo import office, staff
from config.demo.stories import people
from config.demo.texts import AT_VISITS, FOUND, GOALS, WISHES
from tests.browser import test_import, test_jobs, test_tasks, test_transfers
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.served import CASES, Served
from tests.browser.steps import INA, PEOPLE, NewPerson, open_case, register, search, sign_in
from tests.browser.sweep import find_words

LETTERS = 6  # of a word that is distinctive enough to search for alone
SENTENCE = 24  # the beginning of a longer text stands for it

# Names of staff and places of work, codes and labels are open by design.
OPEN = " ".join(
    [
        *(f"{username} {name}" for username, name, _role, _office in staff.STAFF),
        *(name for _code, name in staff.OFFICES),
        *SCHEMAS,
    ]
).lower()


def test_no_name_phone_number_or_sentence_lies_on_the_disk(visit, served):
    page = visit("officer")  # what follows leaves traces of its own, should this test run alone
    open_case(page)
    search(page, PEOPLE[0].second_name)
    words = set(_seeded_words()) | set(_typed_words())
    assert len(words) > 500
    with served.held_still():
        files = list(_written_files(served))
        assert {"tutela.sqlite3", "keys.sqlite3", "output.log"} <= {path.name for path in files}
        assert find_words(["Alena Karol"], files)  # open by design: the files are the right ones
        assert not find_words(words, files)


def test_the_browsers_own_folder_holds_no_word_of_a_case(chromium, served, tmp_path):
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=find_chromium(whole=True), args=FLAGS, base_url=served.address
    )
    page = context.new_page()
    sign_in(page, "officer", served.password)
    reference = register(page, INA)
    page.goto("/cases/")
    search(page, INA.second_name)
    context.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert find_words([reference], files)  # addresses are kept, and hold references alone
    assert not find_words({*_of(INA), served.password}, files)


@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode().hex().encode(),
        lambda text: text.upper().encode(),
        lambda text: ascii(text).encode(),
    ],
)
def test_the_search_would_have_found_them(served, tmp_path, encode):
    word = PEOPLE[0].second_name
    scratch = tmp_path / "scratch"
    database = (served.data / "tutela.sqlite3").read_bytes()
    scratch.write_bytes(database[:70_001] + encode(word) + database[70_001:])
    assert find_words([word], [scratch])


def _seeded_words() -> Iterator[str]:
    """What the demonstration holds of its people; the same seed makes the same people again."""
    for person in people(office.SEED, CASES, timezone.localdate()):
        identity, contact = person.identity, person.contact
        yield from _names(identity.full_name)
        yield from _names(identity.other_names)
        yield from filter(None, (identity.identity_number, contact.mobile_phone, contact.email))
        texts = [contact.safe_contact, person.victim.account, person.summary.summary]
        texts += [person.consent.remarks, person.summary.referring_case_worker]
        texts += [text for piece in person.assistance for text in piece.content.values()]
        yield from _beginnings(texts)
    yield from _beginnings([text for goal in GOALS for text in goal[1:3]])
    yield from _beginnings([*WISHES, *AT_VISITS, *FOUND])


def _typed_words() -> Iterator[str]:
    """What the other tests typed or brought in."""
    for person in PEOPLE:
        yield from _of(person)
    yield from (test_tasks.WHAT, test_transfers.NOTE, *test_jobs.SENT)
    for row in (test_import.IMPORTED, test_import.REFUSED):
        second, first, _gender, phone, *_rest = row.split(",")
        yield from _names(f"{second} {first}")
        yield phone


def _of(person: NewPerson) -> Iterator[str]:
    yield from _names(f"{person.second_name} {person.first_name}")
    yield from _beginnings([person.mobile_phone, person.account])


def _names(text: str) -> Iterator[str]:
    """The whole name and each distinctive word of it that no member of staff shares."""
    whole = text.replace(",", " ").split()
    if len(whole) > 1:
        yield " ".join(whole)
    for word in whole:
        if len(word) >= LETTERS and word.lower() not in OPEN:
            yield word


def _beginnings(texts: list[object]) -> Iterator[str]:
    for text in texts:
        if isinstance(text, str) and len(text) >= 14:
            yield text[:SENTENCE]


def _written_files(served: Served) -> Iterator[Path]:
    """Every file the server wrote: databases and their journals, what it printed, temporary files."""
    static = served.data / "static"  # a copy of files from the source tree
    for path in served.home.rglob("*"):
        if path.is_file() and not path.is_relative_to(static):
            yield path
