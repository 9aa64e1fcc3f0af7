"""What a case file holds several of: events, perpetrators, comments, goals of the support plan."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from assistance.models import SupportPlan
from assistance.plans.goals import SupportPlanForm
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.due import Show, due_for
from cases.entries import ENTRY_KINDS
from cases.models import CaseUserGrant, Comment, StatusDecision, TraffickingEvent
from cases.sections import CommentContent, RiskContent, TraffickingEventContent
from cases.services import casework
from core.exceptions import Conflict, NotAllowed, WrongState
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

# The least that each form takes.
TODAY = timezone.localdate()
DUE = (TODAY + timedelta(days=3)).isoformat()
LEAST = {
    "risk": {
        "urgent_medical_need": "no",
        "threat": "yes",
        "review_due": DUE,
        "risk_level": "high",
    },
    "document": {"document_held": "taken", "document_type": "passport"},
    "phone": {"reached_at": "+375 29 111", "safe_to_call": "no", "channel": "messenger"},
    "screening": {"screened_on": TODAY.isoformat(), "screening_result": "ask_again"},
    "protection": {"step_from": TODAY.isoformat(), "protection_step": "physical"},
    "decision": {
        "trafficking_status_decided_by": "Police",
        "decided_on": TODAY.isoformat(),
        "trafficking_status": "PossibleVictimOfTrafficking",
    },
    "event": {"event_type": "Transit"},
    "perpetrator": {"other_names": "the Uncle"},
    "comment": {"cls": "narrative", "comment": "Called twice"},
    "plan": {"plan_type": "Livelihood", "objectives": "Work of her own"},
    "visit": {"visited_on": TODAY.isoformat(), "person_is_safe": "yes", "visit_by": "telephone"},
}
WORDS = {"high": "High", "PossibleVictimOfTrafficking": "Possible victim of trafficking"}
WORDS |= {"passport": "Passport", "messenger": "Messenger", "physical": "Physical protection"}
WORDS |= {"telephone": "Telephone", "ask_again": "Not clear: ask again"}
COMMENT = ENTRY_KINDS["comment"]


def _page(response):
    return unescape(response.content.decode())


def _add(case, kind):
    return reverse("cases:add_entry", args=[case.reference, kind])


def _of(entry, kind):
    return reverse("cases:entry", args=[entry.case.reference, kind, entry.pk])


def test_every_kind_is_tried_here():
    assert LEAST.keys() == ENTRY_KINDS.keys()


@pytest.mark.parametrize("kind", LEAST)
def test_an_entry_is_added_and_stands_on_the_case_page(case, alena, client_for, kind):
    browser = client_for(alena)
    assert browser.get(_add(case, kind)).status_code == 200
    before = log.size()
    answer = browser.post(_add(case, kind), LEAST[kind], follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.reference}/", 302)]
    assert ENTRY_KINDS[kind].recorded in log.verbs_since(before)
    row = ENTRY_KINDS[kind].model._default_manager.get()
    assert row.recorded_by == alena
    word = [*LEAST[kind].values()][-1]
    page = browser.post(answer.request["PATH_INFO"])  # which shows who the person is, too
    assert WORDS.get(word, word) in _page(page)
    [sections] = door.open_rows([row], by=alena)
    recorded = {name: str(value) for name, value in sections["content"].as_dict().items() if value}
    assert recorded == LEAST[kind]


@pytest.mark.parametrize("kind", [kind for kind in LEAST if ENTRY_KINDS[kind].changed])
def test_an_entry_is_changed_and_keeps_its_history(case, alena, client_for, kind):
    browser, entry_kind = client_for(alena), ENTRY_KINDS[kind]
    browser.post(_add(case, kind), LEAST[kind])
    row = entry_kind.model._default_manager.get()
    assert browser.get(_of(row, kind)).status_code == 200
    before = log.size()
    answer = browser.post(_of(row, kind), LEAST[kind] | {"revision": "1"})
    assert answer.status_code == 302
    # Where an entry tells how far something is, the same once more says no other thing.
    assert (entry_kind.followed or entry_kind.changed) in log.verbs_since(before)
    assert row.history.count() == 2
    late = browser.post(_of(row, kind), LEAST[kind] | {"revision": "1"})
    assert late.status_code == 409 and row.history.count() == 2


def test_an_event_says_when_as_far_as_it_is_known(case, alena, client_for):
    browser = client_for(alena)
    for typed in ("2024", "05.2023", "17.5.2022"):
        data = {"event_type": "Exploitation", "event_date": typed, "country": "PL"}
        assert browser.post(_add(case, "event"), data).status_code == 302
    page = _page(browser.get(reverse("cases:detail", args=[case.reference])))
    # In the order of time, whatever the order of writing.
    places = [page.index(words) for words in ("17 May 2022", "May 2023", ">2024<")]
    assert places == sorted(places)
    for typed in ("2024-13", "31.02.2024", "1899", "2999", "2024-", "last May", "2024-5-5-5"):
        data = {"event_type": "Exploitation", "event_date": typed}
        assert browser.post(_add(case, "event"), data).status_code == 422, typed
    assert TraffickingEvent.objects.count() == 3


def test_a_comment_stays_as_it_was_written(case, alena, client_for):
    row = casework.record_entry(
        case, COMMENT, CommentContent(cls="narrative", comment="First"), by=alena
    )
    assert client_for(alena).get(_of(row, "comment")).status_code == 404
    with pytest.raises(WrongState):
        other = CommentContent(cls="narrative", comment="Other")
        casework.change_entry(row, COMMENT, other, before=other, revision=1, by=alena)


def test_a_comment_is_read_in_its_class_alone(case, alena, volha, share, client_for):
    share(volha, "psychological")
    for cls, words in (("psychological", "She slept"), ("medical", "The wrist heals")):
        content = CommentContent(cls=cls, comment=words)
        casework.record_entry(case, COMMENT, content, by=alena)
    page = _page(client_for(volha).get(reverse("cases:detail", args=[case.reference])))
    assert "She slept" in page
    assert "The wrist heals" not in page and "Medical" not in page.split("Comments")[1]


def test_a_specialist_writes_a_comment_in_their_own_class_alone(case, volha, share, client_for):
    share(volha, "psychological")
    browser = client_for(volha)
    page = _page(browser.get(_add(case, "comment")))
    assert "Psychological records" in page and "Medical records" not in page
    refused = browser.post(_add(case, "comment"), {"cls": "medical", "comment": "Fracture"})
    assert refused.status_code == 422 and not Comment.objects.exists()
    assert browser.post(_add(case, "event"), LEAST["event"]).status_code == 403
    content = CommentContent(cls="medical", comment="Fracture")
    with pytest.raises(NotAllowed):
        casework.record_entry(case, COMMENT, content, by=volha)


def test_one_who_does_not_see_the_case_gets_nothing(case, alena, ihar, client_for):
    content = TraffickingEventContent(event_type="Transit", city=SENTINELS["narrative"])
    row = casework.record_entry(case, ENTRY_KINDS["event"], content, by=alena)
    stranger = client_for(ihar)
    for address in (_add(case, "event"), _of(row, "event")):
        for answer in (stranger.get(address), stranger.post(address, LEAST["event"])):
            assert answer.status_code == 404
            assert SENTINELS["narrative"] not in _page(answer)


def test_an_entry_of_another_case_is_not_found_under_this_one(case, new_case, alena, client_for):
    from cases.services.intake import register_case

    other = register_case(new_case, by=alena)
    row = casework.record_entry(
        other, ENTRY_KINDS["event"], TraffickingEventContent(event_type="Transit"), by=alena
    )
    address = reverse("cases:entry", args=[case.reference, "event", row.pk])
    assert client_for(alena).post(address, LEAST["event"] | {"revision": "1"}).status_code == 404
    assert row.history.count() == 1
    assert client_for(alena).get(_add(case, "nonsense")).status_code == 404


def test_what_a_file_brought_is_entered(new_case, alena, office):
    from cases.services.intake import register_many

    new_case.entries = [
        ("event", TraffickingEventContent(event_type="Recruitment")),
        ("comment", CommentContent(cls="narrative", comment="From the file")),
        ("plan", SupportPlanForm.SCHEMA(plan_type="Health", objectives="Well")),
    ]
    [case, other] = register_many([new_case, new_case], office=office, owner=alena, by=alena)
    for model in (TraffickingEvent, Comment, SupportPlan):
        assert (
            model.objects.filter(case=case).count() == model.objects.filter(case=other).count() == 1
        )
    [sections] = door.open_rows([Comment.objects.get(case=other)], by=alena)
    assert sections["content"].comment == "From the file"


def test_two_who_change_one_entry_do_not_overwrite_each_other(case, alena):
    kind = ENTRY_KINDS["event"]
    row = casework.record_entry(case, kind, TraffickingEventContent(city="A"), by=alena)
    before = TraffickingEventContent(city="A")
    given = {"before": before, "revision": 1, "by": alena}
    casework.change_entry(row, kind, TraffickingEventContent(city="B"), **given)
    with pytest.raises(Conflict):
        casework.change_entry(row, kind, TraffickingEventContent(city="C"), **given)
    [sections] = door.open_rows([TraffickingEvent.objects.get()], by=alena)
    assert sections["content"].city == "B"


# --- All of a part --------------------------------------------------------------------
def test_the_case_page_shows_the_newest_and_the_page_of_a_part_all(
    case, alena, client_for, monkeypatch
):
    monkeypatch.setattr("cases.views.panels.PAGE", 5)
    for number in range(12):
        content = CommentContent(cls="narrative", comment=f"Note {number:02}")
        casework.record_entry(case, COMMENT, content, by=alena)
    browser = client_for(alena)
    page = _page(browser.get(reverse("cases:detail", args=[case.reference])))
    assert [n for n in range(12) if f"Note {n:02}" in page] == list(range(2, 12))
    address = reverse("cases:panel", args=[case.reference, "comment"])
    assert f'href="{address}"' in page
    shown = []
    for number in (1, 2, 3):
        page = _page(browser.get(address, {"page": number}))
        shown += [n for n in range(11, -1, -1) if f"Note {n:02}" in page]
        assert (f"?page={number + 1}" in page) == (number < 3)
    assert shown == list(range(11, -1, -1))


def test_the_way_to_all_tells_whoever_reads_some_classes_no_number(
    case, alena, volha, share, client_for
):
    share(volha, "psychological")
    link = f'href="{reverse("cases:panel", args=[case.reference, "comment"])}"'
    pages = {who: client_for(who) for who in (alena, volha)}

    def has_link(who):
        return link in _page(pages[who].get(reverse("cases:detail", args=[case.reference])))

    assert not has_link(alena) and has_link(volha)
    for _number in range(10):
        content = CommentContent(cls="medical", comment="The wrist heals")
        casework.record_entry(case, COMMENT, content, by=alena)
    assert has_link(alena) and has_link(volha)


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 5_000, "99999", "²", ""])
def test_a_page_that_is_none_shows_the_first_or_nothing(case, alena, client_for, number):
    address = reverse("cases:panel", args=[case.reference, "comment"])
    assert client_for(alena).get(address, {"page": number}).status_code == 200


def test_the_page_of_a_part_tells_nothing_of_other_classes(case, alena, volha, share, client_for):
    share(volha, "psychological")
    for cls, words in (("psychological", "She slept"), ("medical", "The wrist heals")):
        casework.record_entry(case, COMMENT, CommentContent(cls=cls, comment=words), by=alena)
    for name in (
        *("document", "phone", "screening", "protection"),
        "risk",
        "decision",
        "comment",
        "files",
        "assistance",
        "event",
        "perpetrator",
        "plan",
        "visit",
    ):
        answer = client_for(volha).get(reverse("cases:panel", args=[case.reference, name]))
        assert answer.status_code == 200
        assert "The wrist heals" not in _page(answer)
        assert ("She slept" in _page(answer)) == (name == "comment")


def test_there_is_no_page_of_other_parts(case, alena, ihar, client_for):
    for name in ("closure", "nonsense"):
        address = reverse("cases:panel", args=[case.reference, name])
        assert client_for(alena).get(address).status_code == 404
    address = reverse("cases:panel", args=[case.reference, "comment"])
    assert client_for(ihar).get(address).status_code == 404


# --- Risk -----------------------------------------------------------------------------
def _assess(case, by, **said):
    content = RiskContent(**{"risk_level": "high", "review_due": timezone.localdate()} | said)
    return casework.record_entry(case, ENTRY_KINDS["risk"], content, by=by)


def test_a_review_is_due_until_the_next_one_is_made(case, alena, client_for):
    today = timezone.localdate()
    _assess(case, alena, review_due=today - timedelta(days=1))
    browser = client_for(alena)
    page = _page(browser.get(reverse("cases:work")))
    assert case.reference in page and "Overdue" in page and SENTINELS["identity"] in page
    assert 'href="/cases/work/?show=overdue"' in _page(browser.get(reverse("home")))
    _assess(case, alena, review_due=today + timedelta(days=30), risk_level="low")
    assert case.reference not in _page(browser.get(reverse("cases:work")))
    _assess(case, alena, review_due=today + timedelta(days=7))
    assert [one.tone for one in due_for(alena)[Show.WEEK]] == ["high"]


def test_reviews_are_of_own_open_cases_that_one_sees(case, alena, ihar, pavel):
    _assess(case, alena)
    assert [one.case.pk for one in due_for(alena)[Show.WEEK]] == [case.pk]
    assert due_for(ihar)[Show.WEEK] == [] == due_for(pavel)[Show.WEEK]
    for grant in CaseUserGrant.objects.filter(user=alena):
        grant.ends = timezone.now()
        trail.save(grant, verb=Verb.GRANT_REVOKED, by=alena)
    assert due_for(alena)[Show.WEEK] == []


def test_a_review_in_the_past_is_not_planned(case, alena, client_for):
    late = (timezone.localdate() - timedelta(days=1)).isoformat()
    answer = client_for(alena).post(_add(case, "risk"), LEAST["risk"] | {"review_due": late})
    assert answer.status_code == 422


def test_how_high_the_risk_was_before_stands_below(case, alena, client_for):
    for level in ("extreme", "medium"):
        _assess(case, alena, risk_level=level)
    page = _page(client_for(alena).get(reverse("cases:detail", args=[case.reference])))
    assert page.index("Medium") < page.index("How it was before") < page.index("Extreme")


def test_the_risk_is_drawn_when_it_was_assessed_twice(case, alena, volha, share, client_for):
    share(volha, "psychological")
    browser, address = client_for(alena), reverse("cases:detail", args=[case.reference])
    for level in ("extreme", "low"):
        assert "risk-trend" not in _page(browser.get(address)), level
        _assess(case, alena, risk_level=level)
    page = _page(browser.get(address))
    table = page[page.index("<table", page.index("risk-trend-title")) :].split("</table>")[0]
    assert table.index("Extreme: act now") < table.index("Low"), "in the order of time"
    assert "risk-trend" not in _page(client_for(volha).get(address))


# --- Identification -------------------------------------------------------------------
def test_a_decision_comes_with_the_registration_or_later(alena, client_for):
    typed = {"second_name": "Новая", "consent-consented": "yes"}
    typed |= {"consent-recorded_on": TODAY.isoformat()}
    browser, address = client_for(alena), reverse("cases:register")
    assert browser.post(address, typed).status_code == 302
    assert not StatusDecision.objects.exists()
    half = typed | {"decision-trafficking_status": "ActualVictimOfTrafficking"}
    assert browser.post(address, half).status_code == 422  # by whom, and when?
    whole = half | {f"decision-{name}": value for name, value in LEAST["decision"].items()}
    page = _page(browser.post(address, whole, follow=True))
    assert "Possible victim of trafficking" in page
    assert StatusDecision.objects.count() == 1
