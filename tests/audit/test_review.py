"""What rules find in the log waits until somebody else has signed it off, and nothing gets lost."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import habits, review, rules, trail
from audit.models import Event, Reviewed, ReviewItem
from audit.review_pages import steps_of
from audit.sequencer import sequence
from audit.verbs import Verb
from cases import door
from cases.services.decoys import lift_decoy, mark_decoy
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from core.ids import uuid7
from tests.guards import log

pytestmark = pytest.mark.django_db
TUESDAY = timezone.make_aware(datetime(2026, 6, 9, 10, 0))


@pytest.fixture(autouse=True)
def without_the_machine(monkeypatch):
    """The cast is made on the machine; tests/accounts/test_oversight.py looks at that rule."""
    others = [rule for rule in rules.RULES if rule.code != "machine"]
    monkeypatch.setattr(review, "RULES", others)


def found(rule=None):
    """The items there are once the log is looked through."""
    review.look_through_log()
    items = ReviewItem.objects.order_by("at", "pk")
    return list(items.filter(rule=rule) if rule else items)


@pytest.fixture
def export(alena):
    def make(by=alena):
        trail.record(Verb.STATISTICS_EXPORTED, by=by)
        return found("export")[-1]

    return make


def views(person, number, outcome="ok"):
    """So many cases opened, each once."""
    for _ in range(number):
        trail.record(Verb.CASE_VIEWED, by=person, cases=[uuid7()], outcome=outcome)


# --- Rules ----------------------------------------------------------------------------
def test_more_cases_than_a_day_ever_needs_are_an_item(alena):
    views(alena, habits.NEVER_UNUSUAL)
    assert found("volume") == []
    views(alena, 1)
    [item] = found("volume")
    assert (item.officer, item.cases, item.office) == (alena.pk, 21, alena.office_id)


def test_the_same_case_again_does_not_count(alena, case):
    for _ in range(30):
        trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk])
    assert found("volume") == []


def test_what_is_usual_for_a_person_is_not_unusual(alena, ihar, time_machine):
    for day in range(5):
        time_machine.move_to(TUESDAY + timedelta(days=day), tick=False)
        views(alena, 15)
    time_machine.move_to(TUESDAY + timedelta(days=8), tick=False)
    views(alena, 45)
    views(ihar, 45)
    assert [item.officer for item in found("volume")] == [ihar.pk]
    views(alena, 1)
    assert {item.officer for item in found("volume")} == {ihar.pk, alena.pk}


def test_who_goes_on_after_a_sign_off_is_found_again(alena, pavel):
    views(alena, 21)
    [item] = found("volume")
    review.sign_off(item, note="A day of handing over", revision=1, by=pavel)
    views(alena, 19)  # 40 in all: not twice the limit yet
    assert len(found("volume")) == 1
    views(alena, 1)
    assert [item.state for item in found("volume")] == ["signed_off", "open"]


def test_five_refusals_within_ten_minutes_are_an_item(alena, ihar, time_machine):
    time_machine.move_to(TUESDAY, tick=False)
    for number in range(5):
        time_machine.move_to(TUESDAY + timedelta(minutes=3 * number), tick=False)
        trail.record(Verb.REFUSED, by=ihar, outcome="denied")
    assert found("refusals") == []  # the first is twelve minutes old
    for number in range(5):
        trail.record(Verb.REFUSED, by=alena, outcome="denied")
        assert len(found("refusals")) == (number == 4)
    trail.record(Verb.REFUSED, by=alena, outcome="denied")
    assert len(found("refusals")) == 1  # one row of refusals is one item
    time_machine.move_to(TUESDAY + timedelta(minutes=40), tick=False)
    for _ in range(5):
        trail.record(Verb.REFUSED, by=alena, outcome="denied")
    assert len(found("refusals")) == 2


def test_refusals_of_nobody_and_of_several_people_are_no_row(alena, ihar, volha):
    for person in (None, alena, ihar, volha, None, None, None, None, None):
        trail.record(Verb.REFUSED, by=person, outcome="denied")
    assert found() == []


def test_every_export_and_many_downloads_are_items(alena, case):
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    assert len(found("export")) == 2
    for _ in range(habits.DOWNLOADS_A_DAY + 1):
        assert found("downloads") == []
        trail.record(Verb.FILE_DOWNLOADED, by=alena, cases=[case.pk])
    [item] = found("downloads")
    assert item.cases == 1


def test_an_export_on_the_command_line_is_the_auditors(rita):
    trail.record(Verb.LOG_EXPORTED, by=None)
    [item] = found("export")
    assert item.officer is None and list(review.queue_of(rita)) == [item]


def test_access_given_to_a_partner_is_an_item(person, share, volha):
    share(volha, "psychological")
    assert found() == []
    share(person("hanna", "partner_officer"), "legal")
    assert [item.cases for item in found("partner_grant")] == [1]


def test_a_rule_that_comes_later_needs_its_line_in_the_list(alena, monkeypatch):
    """Such as that of an emergency access: one more rule, and nothing else."""
    later = rules.Rule("later", "Later", "", rules.each_of([Verb.HOLD_PUT]))
    monkeypatch.setattr(rules, "RULES", [*rules.RULES, later])
    monkeypatch.setattr(review, "RULES", rules.RULES)
    trail.record(Verb.HOLD_PUT, by=alena)
    assert len(found("later")) == 1


# --- Decoys ---------------------------------------------------------------------------
def test_whoever_opens_a_decoy_or_tries_is_found(case, alena, ihar, pavel, client_for):
    mark_decoy(case, by=pavel)
    trail.record(Verb.CASE_LISTED, by=alena, cases=[case.pk])
    trail.record(Verb.CASE_SEARCHED, by=alena, cases=[case.pk])
    assert found("decoy") == []  # it stands in lists like any other
    assert client_for(alena).get(reverse("cases:detail", args=[case.reference])).status_code == 200
    [item] = found("decoy")
    assert (item.officer, item.cases) == (alena.pk, 1)
    assert client_for(ihar).get(reverse("cases:detail", args=[case.reference])).status_code == 403
    assert {item.officer for item in found("decoy")} == {alena.pk, ihar.pk}


def test_a_decoy_looks_like_any_other_case(case, alena, pavel, client_for):
    browser = client_for(alena)

    def pages():
        urls = [
            reverse("home"),
            reverse("cases:list"),
            reverse("cases:detail", args=[case.reference]),
        ]
        shown = [browser.get(url).content.decode() for url in urls]
        mains = [text.split("<main")[1].split("</main>")[0] for text in shown]
        return [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", main) for main in mains]

    before = pages()
    mark_decoy(case, by=pavel)
    assert pages() == before
    browser.get(reverse("cases:detail", args=[case.reference]))
    found("decoy")
    shown = browser.get(reverse("cases:trail", args=[case.reference])).content.decode()
    assert "decoy" not in shown.lower() and "review" not in shown.lower()
    assert browser.get(reverse("cases:decoys")).status_code == 403


def test_a_decoy_is_marked_once_and_lifted(case, alena, ihar, pavel, iryna):
    for stranger in (alena, iryna):
        with pytest.raises(NotAllowed):
            mark_decoy(case, by=stranger)
    mark_decoy(case, by=pavel)
    with pytest.raises(WrongState):
        mark_decoy(case, by=pavel)
    lift_decoy(case, by=pavel)
    door.open_rows([case], by=alena)
    assert found() == []
    with pytest.raises(WrongState):
        lift_decoy(case, by=pavel)
    mark_decoy(case, by=pavel)
    door.open_rows([case], by=alena)
    assert len(found("decoy")) == 1


def test_what_was_done_before_a_mark_or_after_it_is_not_found(case, alena, pavel):
    """However late the log is looked through."""
    door.open_rows([case], by=alena)
    mark_decoy(case, by=pavel)
    door.open_rows([case], by=alena)
    lift_decoy(case, by=pavel)
    door.open_rows([case], by=alena)
    assert len(found("decoy")) == 1


def test_events_about_a_decoy_do_not_name_its_case(case, pavel):
    start = log.size()
    mark_decoy(case, by=pavel)
    lift_decoy(case, by=pavel)
    sequence()
    assert [log.told(event)["cases"] for event in log.since(start)] == [[], []]


# --- Nothing gets lost or made twice --------------------------------------------------
def test_looking_through_the_same_events_again_makes_nothing_twice(alena, share, person):
    views(alena, 50)
    share(person("hanna", "partner_officer"), "legal")
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    before = [item.pk for item in found()]
    assert len(before) == 3
    bookmark = Reviewed.objects.get(id=1)
    bookmark.position = 0
    bookmark.save()
    assert [item.pk for item in found()] == before


def test_an_item_and_the_place_in_the_log_are_one_transaction(alena, monkeypatch):
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    sequence()
    position = Reviewed.objects.get(id=1).position
    save = Reviewed.save

    def fail(self, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(Reviewed, "save", fail)
    with pytest.raises(RuntimeError):
        review.look_through_log()
    assert not ReviewItem.objects.exists() and Reviewed.objects.get(id=1).position == position
    monkeypatch.setattr(Reviewed, "save", save)
    assert len(found("export")) == 1


def test_small_batches_miss_nothing(alena, monkeypatch):
    monkeypatch.setattr(review, "BATCH", 7)
    views(alena, 60)
    for _ in range(3):
        trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    assert len(found("export")) == 3
    assert max(item.cases for item in found("volume")) >= 41
    assert Reviewed.objects.get(id=1).position >= Event.objects.count() - 10


def test_at_most_so_many_events_are_looked_through_before_a_page(alena, monkeypatch):
    review.look_through_log()
    monkeypatch.setattr(review, "BATCH", 5)
    views(alena, 20)
    before = Reviewed.objects.get(id=1).position
    review.look_through_log(most=10)
    assert Reviewed.objects.get(id=1).position == before + 10


def test_the_database_lets_no_item_go_or_close_without_its_event(export):
    item = export()
    for statement in (
        "DELETE FROM audit_reviewitem",
        "UPDATE audit_reviewitem SET state = 'signed_off'",
        "UPDATE audit_reviewitem SET officer = NULL",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    item.refresh_from_db()
    assert item.state == "open"
    item.state = "signed_off"
    with pytest.raises(DatabaseError), transaction.atomic():
        trail.save(item, verb=Verb.REVIEW_SIGNED_OFF, by=None)  # no note


# --- Whose it is ----------------------------------------------------------------------
def test_a_supervisor_signs_off_with_a_note(export, pavel):
    item = export()
    with pytest.raises(BadInput):
        review.sign_off(item, note="  ", revision=1, by=pavel)
    review.sign_off(item, note="For the yearly report", revision=1, by=pavel)
    assert review.waiting_for(pavel) == 0
    steps = steps_of(item, by=pavel)
    assert [(step.who, step.note) for step in steps] == [
        (None, ""),
        (pavel, "For the yearly report"),
    ]
    with pytest.raises(WrongState):
        review.sign_off(item, note="Again", revision=2, by=pavel)


def test_the_note_is_sealed_and_in_no_event(export, pavel):
    item = export()
    start = log.size()
    item = review.sign_off(item, note="Zuzana Prague", revision=1, by=pavel)
    sequence()
    assert not any(b"Zuzana" in bytes(event.entry) for event in log.since(start))
    assert b"Zuzana" not in bytes(item.note_sealed)


def test_nobody_else_signs_off(export, alena, ihar, iryna, rita, viktar):
    item = export()
    for person in (alena, ihar, iryna, rita, viktar):
        with pytest.raises(NotAllowed):
            review.sign_off(item, note="Fine", revision=1, by=person)
        with pytest.raises(NotAllowed):
            review.escalate(item, note="", revision=1, by=person)
        assert not review.queue_of(person).filter(pk=item.pk).exists()


def test_an_item_about_a_supervisor_or_somebody_without_an_office_is_the_auditors(
    export, pavel, iryna, yury, rita, person
):
    about = [export(by=by) for by in (pavel, yury, rita)]
    assert review.waiting_for(pavel) == review.waiting_for(iryna) == 0
    assert list(review.queue_of(rita)) == about
    with pytest.raises(NotAllowed):
        review.sign_off(about[2], note="It was me", revision=1, by=rita)
    with pytest.raises(WrongState):
        review.escalate(about[0], note="", revision=1, by=rita)
    review.sign_off(about[0], note="Agreed", revision=1, by=rita)
    review.sign_off(about[2], note="Asked", revision=1, by=person("adam", "auditor", at=None))


def test_what_is_passed_on_needs_the_auditor(export, pavel, rita):
    item = review.escalate(export(), note="I cannot tell", revision=1, by=pavel)
    assert review.waiting_for(pavel) == 0 and review.waiting_for(rita) == 1
    with pytest.raises(NotAllowed):
        review.sign_off(item, note="After all", revision=2, by=pavel)
    assert [step.note for step in steps_of(item, by=rita)] == ["", "I cannot tell"]
    review.sign_off(item, note="Talked to her", revision=2, by=rita)
    assert [step.note for step in steps_of(item, by=pavel)][1:] == [
        "I cannot tell",
        "Talked to her",
    ]


def test_nobody_signs_off_what_they_passed_on_themselves(export, person):
    both = person("both", "supervisor", "auditor")
    item = review.escalate(export(), note="", revision=1, by=both)
    with pytest.raises(NotAllowed):
        review.sign_off(item, note="Fine", revision=2, by=both)


def test_two_at_once_are_told(export, pavel):
    item = export()
    with pytest.raises(Conflict):
        review.sign_off(item, note="Seen", revision=7, by=pavel)


def test_the_queue_and_the_question_about_one_item_agree(export, pavel, iryna, rita, yury, ihar):
    items = [export(), export(by=pavel), export(by=yury)]
    items.append(review.escalate(export(), note="", revision=1, by=pavel))
    items.append(review.sign_off(export(), note="Fine", revision=1, by=pavel))
    for user in (pavel, iryna, rita, ihar):
        waiting = {item.pk for item in review.queue_of(user)}
        assert {i.pk for i in items if review._is_waiting_for(i, user)} == waiting, user


def test_the_auditor_sees_how_long_offices_let_things_wait(export, office):
    export(), export()
    [(name, number, oldest)] = review.waiting_in_offices()
    assert (name, number) == (str(office), 2) and oldest <= timezone.now()


# --- Pages ----------------------------------------------------------------------------
def test_a_supervisor_reviews_on_the_page(export, pavel, iryna, client_for):
    item = export()
    browser = client_for(pavel)
    home = browser.get(reverse("home")).content.decode()
    assert 'app-pill--wait">1<' in home
    shown = browser.get(reverse("audit:review")).content.decode()
    assert "Taken out of Tutela" in shown and "Alena" in shown
    address = reverse("audit:review_item", args=[item.pk])
    assert client_for(iryna).get(address).status_code == 404
    assert browser.post(address, {"act": "sign_off", "revision": 1}).status_code == 422
    answer = browser.post(address, {"act": "sign_off", "revision": 1, "note": "Agreed"})
    assert answer.status_code == 302
    assert "Agreed" in browser.get(address).content.decode()
    assert "Nothing waits for you" in browser.get(reverse("audit:review")).content.decode()
    done = browser.get(reverse("audit:review"), {"show": "done"}).content.decode()
    assert "Taken out of Tutela" in done


def test_an_item_of_the_minute_is_in_the_queue_at_once(alena, pavel, client_for):
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    assert "Taken out" in client_for(pavel).get(reverse("audit:review")).content.decode()


def test_a_supervisor_marks_a_decoy_on_the_page(case, pavel, client_for):
    browser = client_for(pavel)
    address = reverse("cases:decoys")
    assert browser.post(address, {"reference": case.reference.lower()}).status_code == 302
    assert case.reference in browser.get(address).content.decode()
    assert browser.post(address, {"reference": case.reference, "act": "lift"}).status_code == 302
    assert "There are no decoys" in browser.get(address).content.decode()
    assert browser.post(address, {"reference": "BY-1999-000001"}).status_code == 404


def test_ids_of_items_do_not_change():
    """They stand in the log; a new way to make them would put everything up for review again."""
    assert UUID("b5b0b8f6-2f0c-5c0e-9a39-6a0a5a3f7d11") == review.ITEMS
