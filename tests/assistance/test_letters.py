"""Letters: they say what the reader may read, not why the person was helped, and in three languages."""

import io
import re

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from assistance.letters.letters import certificate, referral_letter
from assistance.models import Referral
from assistance.referrals.services import take_step
from assistance.sections import MedicalAssistance, ShelterAssistance
from assistance.services import record_assistance
from audit.models import Event
from audit.verbs import Verb
from cases.door import open_rows
from cases.papers import LANGUAGES, as_pdf, consent_form, in_language
from cases.selectors import victim_of
from cases.services.glass import break_glass
from core.exceptions import NotAllowed, WrongState
from tests.assistance.test_overrides import ask as ask
from tests.assistance.test_overrides import refused_consent as refused_consent
from tests.assistance.test_referrals import haven as haven
from tests.assistance.test_referrals import send as send
from tests.guards import log

pytestmark = pytest.mark.django_db

WHY = re.compile(r"(?i)traffick|exploit|victim|торгов|эксплуат|жертв|гандл|эксплуат|ахвяр")


def words_of(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def text_of(paper) -> str:
    return msgspec.json.encode(paper.blocks).decode()


@pytest.fixture
def name(case, alena) -> str:
    [sections] = open_rows([victim_of(case)], by=alena)
    return sections["identity"].full_name


@pytest.fixture
def records(case, alena):
    today = timezone.localdate()
    care = MedicalAssistance(diagnosis="Fracture", provider="Clinic")
    bed = ShelterAssistance(type="emergency_shelter")
    for content, status in ((care, "delivered"), (care, "planned"), (bed, "planned")):
        record_assistance(case, content=content, status=status, starts_on=today, by=alena)


def test_a_certificate_says_when_and_only_if_asked_with_what(case, alena, records, name):
    plain = text_of(certificate(case, language="en", tells_kinds=False, by=alena))
    assert name in plain and "to this day" in plain
    assert "Medical" not in plain and "Fracture" not in plain
    told = text_of(certificate(case, language="en", tells_kinds=True, by=alena))
    assert "Medical" in told
    assert "Shelter" not in told  # planned, not given
    assert "Fracture" not in told


def test_a_certificate_tells_kinds_that_its_maker_may_read(case, alena, ihar, records, share):
    share(ihar, "identity")
    told = text_of(certificate(case, language="en", tells_kinds=True, by=ihar))
    assert "Medical" not in told


def test_without_the_name_there_is_no_letter(case, alena, volha, share):
    share(volha, "psychological")
    with pytest.raises(NotAllowed):
        certificate(case, language="en", tells_kinds=False, by=volha)


def test_who_broke_the_glass_takes_no_letter_out(case, ihar):
    glass = {"ground": "danger", "note": "She called the hot line", "classes": ["identity"]}
    break_glass(case, **glass, by=ihar)
    with pytest.raises(NotAllowed):
        certificate(case, language="en", tells_kinds=False, by=ihar)


def test_making_a_letter_is_recorded_with_what_it_was(case, alena):
    start = log.size()
    certificate(case, language="be", tells_kinds=False, by=alena)
    [event] = [event for event in log.since(start) if event.verb == Verb.LETTER_MADE]
    assert log.details(event) == {"letter": "certificate", "language": "be", "kinds": False}
    assert log.told(event)["classes"] == ["identity"]


def test_a_letter_says_who_made_it_when_and_under_which_number(case, alena):
    paper = certificate(case, language="en", tells_kinds=False, by=alena)
    event = Event.objects.get(verb=Verb.LETTER_MADE)
    assert (paper.mark.who, paper.mark.at, paper.mark.number) == (str(alena), event.at, event.seq)
    words = " ".join(words_of(as_pdf(paper)).split())
    assert f"Printed by {alena} on" in words and f"No. {event.seq} in the log" in words


@pytest.fixture
def referral(send):
    return send(
        outgoing_referral_details="A room with a lock, please.",
        meeting_time="Monday at ten",
        accompanied_by="A colleague",
    )


def test_the_letter_of_a_referral_says_what_was_sent(referral, alena, name):
    told = text_of(referral_letter(referral, language="en", by=alena))
    for said in (name, "Shelter or housing", "A room with a lock", "Platform 2", "Monday at ten"):
        assert said in told
    assert referral.to.name in told and referral.case.reference in told


def test_there_is_no_letter_once_the_referral_is_over(referral, alena):
    """The other organisation is to learn nothing any more."""
    take_step(referral, "withdrawn", said="She stays here", revision=referral.revision, by=alena)
    row = Referral.objects.get(pk=referral.pk)
    with pytest.raises(WrongState):
        referral_letter(row, language="en", by=alena)


def test_there_is_no_letter_before_a_second_person_agrees(case, ask, alena):
    """The person did not consent, and nobody has decided that it goes out all the same."""
    row = ask().referral
    with pytest.raises(WrongState):
        referral_letter(row, language="en", by=alena)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_paper_says_why_the_person_is_helped(referral, records, alena, language):
    case = referral.case
    with in_language(language):
        papers = [
            consent_form(case.office),
            certificate(case, language=language, tells_kinds=True, by=alena),
            referral_letter(referral, language=language, by=alena),
        ]
        for paper in papers:
            assert not WHY.search(paper.title + text_of(paper)), paper.title


def test_every_text_of_a_paper_is_in_each_language(referral, records, alena, name):
    case = referral.case

    def texts(language: str) -> list[list[str]]:
        with in_language(language):
            made = [
                consent_form(case.office),
                certificate(case, language=language, tells_kinds=True, by=alena),
                referral_letter(referral, language=language, by=alena),
            ]
            return [[paper.title, *_strings(paper.blocks)] for paper in made]

    own = {name, "Platform 2", "Monday at ten", "A colleague", "A room with a lock, please."}
    own |= {referral.to.name, case.reference, str(case.owner), "", "_" * 24}
    kinds = {"text", "heading", "facts", "checks", "lines"}
    for language in set(LANGUAGES) - {"en"}:
        for english, other in zip(texts("en"), texts(language), strict=True):
            same = {one for one, two in zip(english, other, strict=True) if one == two}
            assert same - own - kinds - {_born(case, alena)} == set(), language


def _born(case, by) -> str:
    [sections] = open_rows([victim_of(case)], by=by)
    return sections["identity"].birthdate


def _strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    return [text for each in value for text in _strings(each)]


# --- Pages ----------------------------------------------------------------------------
def test_the_certificate_comes_as_a_pdf(case, alena, client_for, name):
    url = reverse("assistance:certificate", args=[case.reference])
    browser = client_for(alena)
    assert "Certificate of assistance" in browser.get(url).content.decode()
    answer = browser.post(url, {"language": "ru"})
    assert answer["Content-Type"] == "application/pdf"
    assert "attachment" in answer["Content-Disposition"]
    assert case.reference not in answer["Content-Disposition"]
    words = words_of(answer.content)
    assert name in words and "Справка" in words
    assert browser.post(url, {"language": "xx"}).status_code == 422


def test_the_letter_is_made_from_the_page_of_the_referral(referral, alena, client_for, name):
    browser, case = client_for(alena), referral.case
    url = reverse("assistance:letter", args=[case.reference, referral.pk])
    assert (
        url
        in browser.get(
            reverse("assistance:referral", args=[case.reference, referral.pk])
        ).content.decode()
    )
    assert name in words_of(browser.post(url, {"language": "en"}).content)
    assert Event.objects.filter(verb=Verb.LETTER_MADE).count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_consent_form_fits_a_page_and_holds_nothing_about_anyone(alena, client_for, language):
    answer = client_for(alena).get(reverse("cases:consent_form", args=[language]))
    assert len(PdfReader(io.BytesIO(answer.content)).pages) == 1
    assert alena.office.organisation.name in words_of(answer.content)
    assert client_for(alena).get(reverse("cases:consent_form", args=["xx"])).status_code == 404


def test_a_paper_is_of_today(case, alena):
    paper = certificate(case, language="en", tells_kinds=False, by=alena)
    assert paper.made_on == timezone.localdate()
    assert as_pdf(paper).startswith(b"%PDF")
