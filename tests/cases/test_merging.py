"""Merging a duplicate: nothing moves, nobody learns of the other case, and it can be taken back."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assistance.sections import MedicalAssistance, ShelterAssistance
from assistance.services import record_assistance
from audit import trail
from audit.models import EventCase
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.models import CLOSED, Case, Decoy, Merge, Stage
from cases.reference import DUPLICATE, KEPT
from cases.sections import CaseLinks, TaskContent
from cases.selectors import victim_of
from cases.services import linking, merging
from cases.services.casework import move_case
from cases.services.erasure import approve_erasure, ask_for_erasure
from cases.services.exclusions import exclude
from cases.services.intake import register_case
from cases.services.renewal import renew_case
from cases.services.retention import reopen_case
from cases.services.tasks import end_task, give_task
from cases.trail import trail_of
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from reporting import source
from tests.guards import log

pytestmark = pytest.mark.django_db

WHY = "The same passport and the same scar"


@pytest.fixture
def twin(new_case, alena):
    """The same person, registered twice."""
    return register_case(new_case, by=alena)


@pytest.fixture
def merged(twin, case, pavel):
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    return Case.objects.get(pk=twin.pk)


def _links(case, by):
    [sections] = door.open_rows([victim_of(case)], by=by)
    return sections.get("links", CaseLinks()).links


def _erase(case, alena, pavel, settings, folder):
    settings.DATA_DIR = settings.BACKUP_DIR = folder
    asked = ask_for_erasure(case, reason="person_asked", note="?", by=alena)
    approve_erasure(asked, note="Yes", by=pavel)


def _detail(case, browser):
    answer = browser.get(reverse("cases:detail", args=[case.reference]))
    return unescape(answer.content.decode())


def test_the_duplicate_is_closed_and_both_name_each_other(merged, case, alena):
    assert merged.status in CLOSED and merged.retain_until
    assert Case.objects.get(pk=case.pk).status not in CLOSED
    [one], [other] = _links(merged, alena), _links(case, alena)
    assert (one.link, one.other) == (DUPLICATE, str(case.pk))
    assert (other.link, other.other) == (KEPT, str(merged.pk))
    assert one.link_remarks == WHY


def test_nothing_of_it_stands_in_the_clear_and_no_event_names_both(twin, case, pavel):
    start = log.size()
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    row = Merge.objects.get()
    for column in (row.facts_sealed, row.content_sealed):
        assert WHY.encode() not in bytes(column)
        assert str(case.pk).encode() not in bytes(column)
    found = log.since(start)
    about = [
        EventCase.objects.filter(seq=event.seq).values_list("case", flat=True) for event in found
    ]
    assert all(len(set(cases)) <= 1 for cases in about)
    assert Verb.CASE_MERGED in log.verbs_since(start)


def test_access_stays_as_it_was(twin, case, pavel, ihar, share):
    share(ihar, "narrative")  # to the case that is kept alone
    before = access_to(ihar, [case.pk, twin.pk])
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    assert access_to(ihar, [case.pk, twin.pk]).keys() == before.keys() == {case.pk}


def test_who_reads_one_of_them_learns_nothing_of_the_other(merged, case, ihar, share, client_for):
    share(ihar, "narrative")
    page = _detail(case, client_for(ihar))
    assert merged.reference not in page and WHY not in page


def test_the_trail_of_one_does_not_tell_why_to_who_does_not_read_the_other(
    new_case, case, ihar, pavel
):
    mine = register_case(new_case, by=ihar)
    merging.merge_cases(mine, case, reason=f"As in {case.reference}", by=pavel)

    def told(by):
        lines = trail_of(mine, by=by, before=None).lines
        assert Verb.CASE_MERGED in {item.line.verb for item in lines}
        return str([item.differences for item in lines])

    assert case.reference not in told(ihar)
    assert case.reference in told(pavel)


def test_a_supervisor_who_reads_both_merges_and_nobody_else(twin, case, alena, iryna, rita):
    for by in (alena, iryna, rita):
        with pytest.raises(NotAllowed):
            merging.merge_cases(twin, case, reason=WHY, by=by)
    assert not Merge.objects.exists()


def test_what_makes_no_sense_is_refused(twin, case, pavel):
    for wrong in ((case, case, WHY), (twin, case, " ")):
        with pytest.raises(BadInput):
            merging.merge_cases(wrong[0], wrong[1], reason=wrong[2], by=pavel)
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    for wrong in ((twin, case), (case, twin)):
        with pytest.raises(WrongState):
            merging.merge_cases(*wrong, reason=WHY, by=pavel)


def test_a_duplicate_is_not_reopened_while_it_is_one(merged, alena, pavel):
    with pytest.raises(WrongState, match="duplicate"):
        reopen_case(merged, note="Back", stage="assistance", by=alena)
    merging.undo_merge(merged, reason="Two sisters", by=pavel)
    assert Case.objects.get(pk=merged.pk).status not in CLOSED


def test_the_link_of_a_merge_does_not_end_by_itself(merged, alena):
    [link] = _links(merged, alena)
    with pytest.raises(NotFound):
        linking.unlink_cases(merged, link.key, reason="No", by=alena)


# --- Taking it back -------------------------------------------------------------------
def test_taken_back_the_case_is_what_it_was(twin, case, pavel, alena, time_machine):
    move_case(twin, Stage.ASSESSMENT, before=Stage.IDENTIFICATION, by=alena)
    before = Case.objects.get(pk=twin.pk)
    time_machine.move_to(timezone.now() + timedelta(days=20))
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    renew_case(twin.pk, by=None)
    time_machine.move_to(timezone.now() + timedelta(days=9))
    merging.undo_merge(twin, reason="Two sisters", by=pavel)
    after = Case.objects.get(pk=twin.pk)
    for name in ("status", "stage", "stage_since", "closed_on", "retain_until"):
        assert getattr(after, name) == getattr(before, name)
    assert [link.unlinked_because for link in _links(twin, alena)] == ["Two sisters"]
    assert [link.unlinked_because for link in _links(case, alena)] == ["Two sisters"]
    merging.merge_cases(twin, case, reason=WHY, by=pavel)  # and may be merged again


def test_it_is_taken_back_though_the_case_kept_is_erased(
    merged, case, alena, pavel, tmp_path, settings
):
    _erase(case, alena, pavel, settings, tmp_path)
    merging.undo_merge(merged, reason="It is the only one left", by=pavel)
    assert Case.objects.get(pk=merged.pk).status not in CLOSED
    assert [link.unlinked_because for link in _links(merged, alena)] == ["It is the only one left"]


def test_it_is_taken_back_within_thirty_days(merged, pavel, time_machine):
    made = timezone.now()
    time_machine.move_to(made + timedelta(days=31))
    with pytest.raises(WrongState, match="30 days"):
        merging.undo_merge(merged, reason="Two sisters", by=pavel)
    time_machine.move_to(made + timedelta(days=29))
    merging.undo_merge(merged, reason="Two sisters", by=pavel)
    with pytest.raises(NotFound):
        merging.undo_merge(merged, reason="Two sisters", by=pavel)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks no rows")
def test_a_person_is_locked_before_their_case_as_by_every_change_of_one(twin, case, pavel):
    def locked(act):
        """Tables in the order in which each was locked first."""
        with CaptureQueriesContext(connection) as captured:
            act()
        locking = (q["sql"] for q in captured if " FOR UPDATE" in q["sql"])
        tables = (sql.split(' FROM "')[1].split('"')[0] for sql in locking)
        return [table for table in dict.fromkeys(tables) if table in ("cases_case", "cases_person")]

    for act in (
        lambda: merging.merge_cases(twin, case, reason=WHY, by=pavel),
        lambda: merging.undo_merge(twin, reason="Two sisters", by=pavel),
    ):
        assert locked(act) == ["cases_person", "cases_case"]


# --- Statistics -----------------------------------------------------------------------
def test_a_person_counts_once_with_the_assistance_of_both(twin, case, alena, pavel, yury):
    today = timezone.localdate()
    care, bed = MedicalAssistance(diagnosis="x"), ShelterAssistance(type="emergency_shelter")
    record_assistance(case, content=care, status="delivered", starts_on=today, by=alena)
    record_assistance(twin, content=bed, status="delivered", starts_on=today, by=alena)

    def counted():
        return {row[0]: set(row[2]) for row in source.persons(by=yury, verb=Verb.STATISTICS_FROZEN)}

    assert counted() == {case.pk: {"medical"}, twin.pk: {"shelter"}}
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    assert counted() == {case.pk: {"medical", "shelter"}}
    merging.undo_merge(twin, reason="Two sisters", by=pavel)
    assert counted() == {case.pk: {"medical"}, twin.pk: {"shelter"}}


def test_a_chain_of_duplicates_counts_where_it_ends(twin, case, new_case, alena, pavel, yury):
    third = register_case(new_case, by=alena)
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
    merging.merge_cases(case, third, reason=WHY, by=pavel)
    assert {row[0] for row in source.persons(by=yury, verb=Verb.STATISTICS_FROZEN)} == {third.pk}


def test_where_the_case_kept_does_not_count_the_duplicate_does(
    merged, case, new_case, alena, pavel, yury, settings, tmp_path
):
    def counted():
        return {row[0] for row in source.persons(by=yury, verb=Verb.STATISTICS_FROZEN)}

    decoy = Decoy(case=case)
    trail.save(decoy, verb=Verb.DECOY_MARKED, by=pavel)
    assert counted() == {merged.pk}
    decoy.until = timezone.now()
    trail.save(decoy, verb=Verb.DECOY_LIFTED, by=pavel)
    assert counted() == {case.pk}
    last = register_case(new_case, by=alena)
    merging.merge_cases(case, last, reason=WHY, by=pavel)
    _erase(last, alena, pavel, settings, tmp_path)
    assert counted() == {case.pk}  # with its own duplicate


# --- Pages ----------------------------------------------------------------------------
def test_both_persons_are_compared_before_anything_is_done(twin, case, pavel, client_for):
    browser, url = client_for(pavel), reverse("cases:merge", args=[case.reference])
    assert reverse("cases:merge", args=[case.reference]) in _detail(case, browser)
    sent = {"other": twin.reference, "reason": WHY}
    page = unescape(browser.post(url, sent).content.decode())
    assert "Are these one person?" in page and page.count("Снежаньская") == 2
    assert not Merge.objects.exists()
    assert browser.post(url, sent | {"confirmed": "1"}).status_code == 302
    assert "This case is a duplicate" in _detail(twin, browser)
    assert twin.reference in _detail(case, browser)
    undo = reverse("cases:undo_merge", args=[twin.reference])
    assert undo in _detail(twin, browser)
    browser.post(undo, {"note": "Two sisters"})
    assert "This case is a duplicate" not in _detail(twin, browser)


def test_no_event_names_both_when_they_are_compared(twin, case, pavel, client_for):
    """Whoever reads the log, and the trail of one of them, would learn that they belong together."""
    start, url = log.size(), reverse("cases:merge", args=[case.reference])
    client_for(pavel).post(url, {"other": twin.reference, "reason": WHY})
    named = [set(log.told(event)["cases"]) for event in log.since(start)]
    assert {str(case.pk)} in named and {str(twin.pk)} in named
    assert all(len(cases) <= 1 for cases in named)


def test_a_reference_that_is_not_theirs_is_like_one_that_is_none(
    case, outsider, new_case, pavel, client_for
):
    theirs = register_case(new_case, by=outsider)
    url = reverse("cases:merge", args=[case.reference])
    pages = []
    for reference in (theirs.reference, "BY-2026-999999"):
        answer = client_for(pavel).post(url, {"other": reference, "reason": WHY})
        assert answer.status_code == 422
        pages.append(answer.content.decode().replace(reference, ""))
    assert "There is no such case" in pages[0]


def test_what_is_to_be_done_in_the_duplicate_is_seen_to_first(twin, case, alena, pavel):
    told = {"due_on": timezone.localdate(), "assignee": alena, "by": alena}
    task = give_task(twin, TaskContent(cls="narrative", task="Call"), **told)
    with pytest.raises(WrongState, match="Tasks"):
        merging.merge_cases(twin, case, reason=WHY, by=pavel)
    end_task(task, "done", by=alena)
    merging.merge_cases(twin, case, reason=WHY, by=pavel)


def test_who_is_kept_out_of_one_case_is_kept_out_of_the_other_first(twin, case, alena, ihar, pavel):
    exclude(case, person=ihar, ground="relative", note="Cousin", by=alena)
    with pytest.raises(WrongState, match="conflict of interest"):
        merging.merge_cases(twin, case, reason=WHY, by=pavel)
    exclude(twin, person=ihar, ground="relative", note="Cousin", by=alena)
    merging.merge_cases(twin, case, reason=WHY, by=pavel)
