"""Breaking the glass: who may, for what and how long, who is told, and that it is for reading alone."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from assistance.sections import FinancialAssistance
from assistance.services import record_assistance
from audit import review, trail
from audit.models import Checkpoint, LogState, ReviewItem, ReviewState
from audit.verbs import TAKEN_OUT, WEIGHTY, Verb
from cases import approvals, door
from cases.access import READ, access_to, may_act, permission, visible_cases
from cases.court import export_for_court, prove
from cases.explained import told
from cases.explaining import explain
from cases.lists import latest_cases
from cases.models import BrokenGlass, CaseTeamGrant, CaseUserGrant, GlassNotice
from cases.oversight import GLASS, grounds_of
from cases.search.live import live_index
from cases.services import decoys, erasure, retention
from cases.services.exclusions import exclude
from cases.services.glass import (
    LASTS,
    break_glass,
    end_glass,
    end_run_out,
    note_seen,
    notices_for,
    restricted_case,
)
from cases.services.grants import check_can_grant, revoke_grant
from cases.services.intake import register_case
from cases.trail import trail_of
from cases.trail_finding import TrailFilter
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
WHY = "Her brother waits in front of the shelter"


def breaking(case, by, *classes, **more):
    given = {"ground": "danger", "note": WHY, "classes": classes or ("identity", "contact")} | more
    return break_glass(case, by=by, **given)


def page_of(case, name="detail"):
    return reverse(f"cases:{name}", args=[case.reference])


# --- Who is told that there is a case -------------------------------------------------
@pytest.mark.parametrize("who", ["ihar", "iryna"])
def test_whoever_may_break_it_is_told_that_the_case_is_there_and_nothing_else(
    case, client_for, request, who
):
    browser, start = client_for(request.getfixturevalue(who)), log.size()
    answer = browser.get(page_of(case))
    shown = answer.content.decode()
    assert answer.status_code == 403
    assert f"{case.reference} exists and is restricted" in shown
    assert not any(word in shown for word in (*SENTINELS.values(), "Alena", "Minsk", "Active"))
    assert log.verbs_since(start) == [Verb.REFUSED]
    found = browser.post(reverse("cases:search"), {"q": f" {case.reference.lower()}"})
    assert found.headers["Location"] == page_of(case)


@pytest.mark.parametrize("who", ["volha", "partner", "outsider", "rita", "yury", "viktar", "zoya"])
def test_to_everybody_else_there_is_no_such_case(case, client_for, person, request, who):
    somebody = person("p", "partner_officer") if who == "partner" else request.getfixturevalue(who)
    browser = client_for(somebody)
    there = browser.get(page_of(case))
    elsewhere = browser.get(reverse("cases:detail", args=["BY-1999-000001"]))
    texts = [
        re.sub(r"nonce-?=?\S+|BY-\d{4}-\d{6}", "", a.content.decode()) for a in (there, elsewhere)
    ]
    assert there.status_code == elsewhere.status_code in (403, 404)
    assert "restricted" not in texts[0]
    assert restricted_case(somebody, case.reference) is None
    with pytest.raises((NotAllowed, BadInput)):
        breaking(case, somebody, "identity")


def test_other_pages_of_the_case_and_a_search_by_name_stay_silent(case, ihar, client_for):
    browser = client_for(ihar)
    for name in ("trail", "sharing", "who", "hand_over", "conflicts"):
        assert browser.get(page_of(case, name)).status_code == 404
    browser.post(reverse("cases:search"), {"q": SENTINELS["identity"]})
    assert case.reference not in browser.get(reverse("cases:search")).content.decode()


def test_a_partner_who_is_an_officer_as_well_breaks_nothing(case, person):
    both = person("both", "case_officer", "partner_officer")
    assert restricted_case(both, case.reference) is None


def test_whoever_sees_the_case_has_no_glass_to_break(case, alena, pavel, client_for):
    for somebody in (alena, pavel):
        with pytest.raises(NotAllowed):
            breaking(case, somebody)
        answer = client_for(somebody).get(page_of(case, "break_glass"))
        assert answer.headers["Location"] == page_of(case)


def test_an_erased_case_is_no_case_to_strangers(case, alena, pavel, ihar):
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="Wish", by=alena)
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert restricted_case(ihar, case.reference) is None
    with pytest.raises(WrongState):
        breaking(case, ihar)


# --- What it opens --------------------------------------------------------------------
def test_it_opens_the_chosen_classes_for_an_hour_and_for_reading(case, ihar, client_for):
    glass = breaking(case, ihar, "identity")
    access = access_to(ihar, [case.pk])[case.pk]
    assert (access.read, access.write, access.by_glass) == ({"identity"}, set(), True)
    assert glass.grant.ends - glass.grant.starts == LASTS == timedelta(minutes=60)
    assert list(visible_cases(ihar)) == [case]
    assert [one.case for one in latest_cases(ihar, limit=5)] == [case.pk]
    assert live_index.find(SENTINELS["identity"], by=ihar) == [case.pk]
    shown = client_for(ihar).post(page_of(case)).content.decode()
    assert SENTINELS["identity"] in shown and "Emergency access until" in shown
    assert SENTINELS["contact"] not in shown and SENTINELS["narrative"] not in shown


def test_after_an_hour_it_is_gone_at_the_next_request(case, ihar, client_for, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    breaking(case, ihar)
    time_machine.move_to(now + LASTS - timedelta(microseconds=1), tick=False)
    browser = client_for(ihar)
    assert browser.get(page_of(case)).status_code == 200
    time_machine.move_to(now + LASTS, tick=False)
    assert SENTINELS["identity"] not in browser.post(page_of(case)).content.decode()
    assert browser.get(page_of(case)).status_code == 403
    assert access_to(ihar, [case.pk]) == {}


@pytest.mark.parametrize(
    "more",
    [
        {"ground": "curious"},
        {"note": "  "},
        {"classes": []},
        {"classes": ["identity", "facts"]},
        {"classes": ["audit"]},
    ],
)
def test_without_a_reason_words_and_classes_nothing_is_opened(case, ihar, more):
    with pytest.raises(BadInput):
        breaking(case, ihar, **more)
    assert not BrokenGlass.objects.exists() and not CaseUserGrant.objects.filter(user=ihar)


def test_the_classes_stay_within_the_role(case, iryna):
    with pytest.raises(BadInput):
        breaking(case, iryna, "contact")
    breaking(case, iryna, "narrative")


def test_a_team_breaks_no_glass(case, ihar, office):
    now = timezone.now()
    grant = CaseTeamGrant(
        content_object=case,
        group=office.supervisors,
        permission=permission(READ),
        classes=["identity"],
        reason="break_glass",
        granted_by=ihar,
        starts=now,
        ends=now + LASTS,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(grant, verb=Verb.GRANT_GIVEN, by=ihar)


# --- It is for reading alone ----------------------------------------------------------
def test_nothing_is_taken_out(case, alena, ihar, iryna, own_files, client_for):
    row = a_file(case, alena, cls="medical")
    breaking(case, ihar, "medical", "identity")
    browser = client_for(ihar)
    assert browser.get(reverse("cases:file", args=[case.reference, row.pk])).status_code == 200
    shown = browser.get(reverse("cases:file", args=[case.reference, row.pk])).content.decode()
    assert "Download" not in shown
    start = log.size()
    answer = browser.get(reverse("cases:download", args=[case.reference, row.pk]))
    assert answer.status_code == 403 and "nothing is taken out" in answer.content.decode()
    assert not set(log.verbs_since(start)) & TAKEN_OUT
    for verb in sorted(TAKEN_OUT):
        with pytest.raises(NotAllowed):
            door.open_rows([case], by=ihar, verb=verb)
    with pytest.raises(NotAllowed):
        export_for_court(case, reason="court", note="Order", wanted=TrailFilter(), by=ihar)
    with pytest.raises(NotAllowed):
        prove(case, log.since(0)[-1].seq, by=ihar)


def test_nothing_is_done_but_reading(case, alena, iryna):
    """Iryna's role includes all of this, for cases she sees otherwise."""
    payment = FinancialAssistance(amount=Decimal(40), currency="BYN")
    day = {"status": "delivered", "starts_on": timezone.localdate()}
    paid = record_assistance(case, content=payment, **day, by=alena)
    breaking(case, iryna, "identity", "narrative", "financial")
    acts = (
        lambda: retention.put_on_hold(case, note="x", by=iryna),
        lambda: erasure.ask_for_erasure(case, reason="person_asked", note="x", by=iryna),
        lambda: decoys.mark_decoy(case, by=iryna),
        lambda: exclude(case, person=alena, ground="named", note="", by=iryna),
        lambda: trail_of(case, by=iryna, before=None),
        lambda: check_can_grant(iryna, case, ()),
        lambda: approvals.approve(paid, revision=paid.revision, by=iryna),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    rights = [right for right in Right if iryna.has_right(right)]
    assert rights and not any(may_act(iryna, case.pk, right) for right in rights)
    assert not iryna.has_perm("cases.write_case", case)


def test_pages_for_acts_are_closed_and_not_offered(case, ihar, client_for):
    breaking(case, ihar, "identity", "narrative")
    browser = client_for(ihar)
    shown = browser.get(page_of(case)).content.decode()
    for name in ("trail", "hold", "erase", "conflicts", "hand_over", "sharing", "close"):
        assert f'href="{page_of(case, name)}"' not in shown
    for name in ("trail", "conflicts", "hand_over", "sharing", "person", "consent"):
        assert browser.get(page_of(case, name)).status_code == 403, name
    for name in ("hold", "close"):
        form = {"note": "x", "act": "put", "status": "Closed", "reason": "x"}
        assert browser.post(page_of(case, name), form).status_code in (403, 422), name
    case.refresh_from_db()
    assert (case.on_hold, case.status) == (None, "Active")


def test_only_ones_own_reason_is_explained(case, alena, ihar, client_for):
    breaking(case, ihar, "identity")
    browser = client_for(ihar)
    shown = browser.get(page_of(case, "who")).content.decode()
    assert "because they took emergency access" in shown or "you took emergency access" in shown
    other = browser.get(page_of(case, "who"), {"person": str(alena.pk)})
    assert other.status_code == 403


# --- What is recorded, and who is told ------------------------------------------------
def test_beginning_and_end_are_an_event_each_and_the_words_are_sealed(case, alena, ihar):
    start = log.size()
    glass = breaking(case, ihar)
    given, broken, *_told = log.since(start)
    assert [given.verb, broken.verb] == [Verb.GRANT_GIVEN, Verb.GLASS_BROKEN]
    assert (broken.actor, log.told(broken)["reason"]) == (ihar.pk, "danger")
    assert log.told(broken)["cases"] == [str(case.pk)]
    assert WHY not in str(log.told(broken)) and log.details(broken)["note"] == WHY
    start = log.size()
    end_glass(glass, by=ihar)
    assert log.verbs_since(start) == [Verb.GRANT_REVOKED, Verb.GLASS_ENDED]
    assert access_to(ihar, [case.pk]) == {}
    notes = [line.note for line in trail_of(case, by=alena, before=None).lines]
    assert WHY in notes, "the officer of the case reads why"


def test_it_stands_under_a_signed_checkpoint(case, ihar):
    assert {Verb.GLASS_BROKEN, Verb.GLASS_ENDED} <= WEIGHTY
    breaking(case, ihar)
    assert Checkpoint.objects.latest("size").size == LogState.objects.get(id=1).size


def test_three_are_told_at_once(case, alena, pavel, iryna, daria, ihar, rita):
    glass = breaking(case, ihar)
    assert {notice.to for notice in glass.notices.all()} == {alena, iryna, daria}
    for somebody in (alena, iryna, daria):
        assert [notice.glass for notice in notices_for(somebody)] == [glass]
    assert notices_for(pavel) == notices_for(ihar) == notices_for(rita) == []


def test_without_another_line_the_auditor_is_told(case, alena, pavel, ihar, rita, daria):
    glass = breaking(case, ihar)
    assert {notice.to for notice in glass.notices.all()} == {alena, rita, daria}


def test_the_other_line_is_neither_that_of_the_case_nor_of_whoever_breaks(
    case, iryna, person, other_office, alena, rita
):
    """Iryna's own office has another supervisor: that is her line, and no other."""
    person("anton", "supervisor", at=other_office)
    glass = breaking(case, iryna, "identity")
    assert {notice.to for notice in glass.notices.all()} == {alena, rita}


def test_nobody_who_is_excluded_or_gone_is_told(case, alena, pavel, iryna, daria, ihar, rita):
    exclude(case, person=iryna, ground="relative", note="", by=alena)
    daria.is_active = False
    daria.save()
    glass = breaking(case, ihar)
    assert {notice.to for notice in glass.notices.all()} == {alena, rita}


def test_a_notice_stands_on_the_start_page_until_it_was_seen(case, alena, ihar, volha, client_for):
    glass = breaking(case, ihar)
    notice = glass.notices.get(to=alena)
    browser = client_for(alena)
    shown = browser.get(reverse("home")).content.decode()
    assert "Ihar opened" in shown and case.reference in shown and WHY not in shown
    seen = reverse("cases:note_seen", args=[notice.pk])
    assert client_for(ihar).post(seen).status_code == 404
    with pytest.raises(NotAllowed):
        note_seen(notice, by=volha)
    start = log.size()
    browser.post(seen)
    browser.post(seen)
    assert log.verbs_since(start).count(Verb.GLASS_SEEN) == 1
    assert "Ihar opened" not in browser.get(reverse("home")).content.decode()


def test_no_notice_means_no_glass(case, alena, ihar, monkeypatch):
    """All of it is one transaction: when nobody can be told, nothing is opened."""
    monkeypatch.setattr(GlassNotice, "save", _fail)
    with pytest.raises(IntegrityError), transaction.atomic():
        breaking(case, ihar)
    assert not BrokenGlass.objects.exists() and access_to(ihar, [case.pk]) == {}


def _fail(self, **kwargs):
    raise IntegrityError("no room")


# --- Review ---------------------------------------------------------------------------
def queue(user):
    review.look_through_log()
    return [item.rule for item in review.queue_of(user) if item.rule == "break_glass"]


def test_it_stays_up_for_review_until_somebody_else_signs_it_off(
    case, ihar, pavel, iryna, daria, rita
):
    breaking(case, ihar)
    assert queue(pavel) == queue(daria) == ["break_glass"]
    assert queue(iryna) == queue(rita) == []
    item = ReviewItem.objects.get(rule="break_glass")
    review.sign_off(item, note="Was right", revision=item.revision, by=daria)
    assert queue(pavel) == queue(daria) == []


def test_nobody_signs_off_their_own(case, iryna, rita, daria, person):
    """A supervisor's goes to the auditor; a data-protection officer who is one as well waits, too."""
    breaking(case, iryna, "identity")
    review.look_through_log()
    item = ReviewItem.objects.get(rule="break_glass")
    assert item.office is None and not review.may_decide(item, iryna)
    both = person("both", "case_officer", "data_protection")
    other = breaking(case, both)
    review.look_through_log()
    own = ReviewItem.objects.get(rule="break_glass", officer=both.pk)
    with pytest.raises(NotAllowed):
        review.sign_off(own, note="Fine", revision=own.revision, by=both)
    assert review.may_decide(own, daria) and other.grant.user == both


def test_after_72_hours_it_goes_to_the_auditor(case, ihar, pavel, rita, daria, time_machine):
    breaking(case, ihar)
    review.look_through_log()
    now = timezone.now()
    time_machine.move_to(now + timedelta(hours=71))
    review.escalate_overdue()
    assert queue(rita) == []
    time_machine.move_to(now + timedelta(hours=73))
    start = log.size()
    review.escalate_overdue()
    review.escalate_overdue()
    assert log.verbs_since(start) == [Verb.REVIEW_ESCALATED]
    assert queue(rita) == queue(daria) == ["break_glass"] and queue(pavel) == []
    item = ReviewItem.objects.get(rule="break_glass")
    assert item.state == ReviewState.ESCALATED
    review.sign_off(item, note="Late", revision=item.revision, by=rita)


def test_the_data_protection_officer_reads_events_and_no_case(case, ihar, daria, client_for):
    breaking(case, ihar)
    browser = client_for(daria)
    shown = browser.get(reverse("cases:broken_glass")).content.decode()
    assert "Ihar" in shown and case.reference in shown and "identity" in shown
    for word in (*SENTINELS.values(), WHY):
        assert word not in shown
    assert browser.get(page_of(case)).status_code == 403
    assert daria.classes == frozenset() and not daria.has_right(Right.CASE_READ)
    item = queue(daria) and ReviewItem.objects.get(rule="break_glass")
    page = reverse("audit:review_item", args=[item.pk])
    assert browser.get(page).status_code == 200
    browser.post(page, {"act": "sign_off", "note": "Was right", "revision": "1"})
    assert queue(daria) == []


# --- The limit and the end ------------------------------------------------------------
def test_at_most_three_are_open_at_once(case, alena, ihar, new_case):
    cases = [case, *(register_case(new_case, by=alena) for _ in range(3))]
    first, *_ = [breaking(one, ihar, "identity") for one in cases[:3]]
    with pytest.raises(WrongState):
        breaking(cases[3], ihar, "identity")
    end_glass(first, by=ihar)
    breaking(cases[3], ihar, "identity")


def test_only_whoever_broke_it_ends_it_and_once(case, alena, pavel, ihar, client_for):
    glass = breaking(case, ihar)
    for somebody in (alena, pavel):
        with pytest.raises(NotAllowed):
            end_glass(glass, by=somebody)
        with pytest.raises((NotAllowed, WrongState)):
            revoke_grant(glass.grant, by=somebody)
        assert client_for(somebody).post(page_of(case, "end_glass")).status_code == 404
    assert client_for(ihar).post(page_of(case, "end_glass")).status_code == 302
    with pytest.raises(WrongState):
        end_glass(glass, by=ihar)


def test_what_runs_out_is_ended_by_the_minute_and_once(case, ihar, time_machine):
    glass = breaking(case, ihar)
    end_run_out()
    assert BrokenGlass.objects.get().ended_at is None
    time_machine.move_to(glass.grant.ends + timedelta(seconds=30))
    start = log.size()
    end_run_out()
    end_run_out()
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.GLASS_ENDED, None)
    assert BrokenGlass.objects.get().ended_at == glass.grant.ends
    with pytest.raises(WrongState):
        end_glass(glass, by=ihar)


def test_reading_is_said_to_have_been_on_that_ground(case, ihar):
    glass = breaking(case, ihar)
    assert grounds_of(ihar.pk, [(case.pk, timezone.now())]) == {GLASS: 1}
    sentence, while_open = told(explain(case, ihar)).can[0], timezone.now()
    assert "they took emergency access on" in sentence
    end_glass(glass, by=ihar)
    assert explain(case, User.objects.get(pk=ihar.pk)).access is None
    assert told(explain(case, ihar, at=while_open), is_past=True).can


# --- The page -------------------------------------------------------------------------
def test_the_page_asks_for_a_fresh_sign_in(case, ihar, client_for):
    browser = client_for(ihar)
    for answer in (
        browser.get(page_of(case, "break_glass")),
        browser.post(page_of(case, "break_glass"), {"ground": "danger"}),
    ):
        assert answer.status_code == 302 and "/reauthenticate/" in answer.headers["Location"]
    assert not BrokenGlass.objects.exists()
