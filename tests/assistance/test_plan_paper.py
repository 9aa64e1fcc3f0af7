"""The support plan on paper: in plain words, in the person's language, and as it was agreed."""

import io

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from assistance.models import SupportPlan
from assistance.plans.agreements import mark_of, record_agreement
from assistance.plans.goals import SUPPORT_PLAN
from assistance.plans.paper import plan_paper
from assistance.sections import AgreementContent, SupportPlanContent
from audit.models import Event
from audit.verbs import Verb
from cases.approvals import approve
from cases.papers import LANGUAGES, as_pdf, in_language
from cases.services.casework import record_entry
from cases.services.glass import break_glass
from core.exceptions import BadInput, NotAllowed
from tests.assistance.test_letters import WHY, text_of, words_of
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
ROOM = SupportPlanContent(
    plan_type="SexualExploitationRehabilitation",
    plan_dimension="housing",
    objectives="A room of her own",
    action_plan="Alena asks the town; she looks at rooms herself",
    responsible="Both",
    progress="under_way",
)


@pytest.fixture
def goal(case, alena):
    return record_entry(case, SUPPORT_PLAN, ROOM, by=alena)


@pytest.fixture
def address(case):
    return reverse("assistance:plan_paper", args=[case.reference])


def paper_of(case, by, language="en", tells_name=False):
    return plan_paper(case, language=language, tells_name=tells_name, by=by)


def agree(case, by, **fields):
    content = AgreementContent(agreed_on=TODAY, form="written", **fields)
    shown = mark_of(SupportPlan.objects.filter(case=case))
    return record_agreement(case, content, shown=shown, by=by)


def test_it_says_what_is_to_be_reached_what_is_done_and_how_far_it_is(case, goal, alena):
    said = text_of(paper_of(case, alena))
    for told in (ROOM.objectives, ROOM.action_plan, ROOM.responsible, "Under way"):
        assert told in said
    assert "Goal 1" in said and "You have not agreed to this plan yet." in said
    assert "Name, signature and day: the person" in said and case.reference in said


def test_it_says_who_agreed_and_who_approved_and_when(case, goal, alena, pavel):
    row = agree(
        case,
        alena,
        wants_otherwise="A room near the school",
        guardian="Her aunt",
        childs_view="Near the school",
    )
    approve(row, revision=1, by=pavel)
    said = text_of(paper_of(case, alena))
    assert "You agreed on" in said and "In writing" in said and "Her aunt" in said
    assert "A room near the school" in said and str(alena) in said and str(pavel) in said
    assert "changed after that day" not in said


def test_it_says_when_the_plan_is_not_what_was_agreed_any_more(case, goal, alena):
    agree(case, alena)
    record_entry(case, SUPPORT_PLAN, ROOM, by=alena)
    assert "please agree to it anew" in text_of(paper_of(case, alena))


def test_the_name_is_on_it_only_if_asked_for_and_read(case, goal, alena, ihar, share):
    assert SENTINELS["identity"] not in text_of(paper_of(case, alena))
    assert SENTINELS["identity"] in text_of(paper_of(case, alena, tells_name=True))
    share(ihar, "narrative")
    assert SENTINELS["identity"] not in text_of(paper_of(case, ihar, tells_name=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_does_not_say_why_and_can_be_read_out(case, goal, alena, language):
    """Not even of a goal whose type tells it."""
    agree(case, alena, witness="Her sister", interpreter="Nino")
    paper = paper_of(case, alena, language)
    assert not WHY.search(paper.title + text_of(paper))
    with in_language(language):
        root = PdfReader(io.BytesIO(as_pdf(paper))).trailer["/Root"]
    assert root["/Lang"] == language and root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_text_is_in_the_language_that_was_chosen(case, goal, alena, language):
    agree(case, alena, witness="Her sister")
    record_entry(case, SUPPORT_PLAN, ROOM, by=alena)
    english, other = paper_of(case, alena), paper_of(case, alena, language)
    for one, two in zip(english.blocks, other.blocks, strict=True):
        if one["kind"] == "facts":
            assert not {pair[0] for pair in one["pairs"]} & {pair[0] for pair in two["pairs"]}
        elif one["kind"] == "lines":
            assert not set(one["labels"]) & set(two["labels"])
        else:
            assert one["text"] != two["text"]


def test_printing_it_is_recorded_under_the_number_that_stands_on_it(case, goal, alena):
    paper = paper_of(case, alena, "be", tells_name=True)
    event = Event.objects.get(verb=Verb.PLAN_PRINTED)
    assert paper.mark.number == event.seq
    assert log.details(event) == {"language": "be", "name": True}
    assert set(log.told(event)["classes"]) == {"identity", "narrative"}
    assert f"No. {event.seq} in the log" in words_of(as_pdf(paper))


def test_without_a_goal_there_is_no_plan(case, alena, client_for, address):
    with pytest.raises(BadInput):
        paper_of(case, alena)
    answer = client_for(alena).post(address, {"language": "en"})
    assert answer.status_code == 422 and "no goal yet" in answer.content.decode()


def test_who_broke_the_glass_prints_none(case, goal, ihar):
    glass = {"ground": "danger", "note": "She called the hot line", "classes": ["narrative"]}
    break_glass(case, **glass, by=ihar)
    with pytest.raises(NotAllowed):
        paper_of(case, ihar)


def test_it_comes_as_a_pdf_from_the_page_of_the_case(case, goal, alena, client_for, address):
    browser = client_for(alena)
    assert address in browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "Print the person" in browser.get(address).content.decode()
    answer = browser.post(address, {"language": "ru", "tells_name": "on"})
    assert answer["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    words = words_of(answer.content)
    assert SENTINELS["identity"] in words and ROOM.objectives in words


def test_who_may_not_write_the_plan_is_not_offered_it(case, goal, ihar, share, client_for, address):
    share(ihar, "narrative", may_write=False)
    browser = client_for(ihar)
    page = browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert address not in page
    assert browser.get(address).status_code == 403
