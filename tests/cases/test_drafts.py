"""Unfinished forms: kept while they are typed or when they come too late, offered, forgotten."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assistance.sections import PsychologicalAssistance
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import door, drafts
from cases.models import CaseUserGrant, Draft, ErasureRequest, Person
from cases.sections import Identity
from cases.selectors import victim_of
from cases.services import casework, erasure, renewal
from cases.services.grants import revoke_grant
from core.exceptions import BadInput, Erased, NotFound
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("password_alone")]

TYPED = "Разказала пра шпіталь у Пскове"
KEEP = "/cases/draft/"


@pytest.fixture(autouse=True)
def now(time_machine):
    """The clock stands still until a test moves it."""
    time_machine.move_to(datetime.now(UTC).replace(microsecond=0), tick=False)
    return time_machine


def _at(case, name="victim"):
    return reverse(f"cases:{name}", args=[case.reference])


def _send(browser, user, path, **typed):
    own = {"draft_act": "keep", "draft_path": path, "draft_person": str(user.pk)}
    return browser.post(KEEP, typed | own)


def _page(browser, path):
    return browser.get(path).content.decode()


# --- Keeping and offering -------------------------------------------------------------
def test_what_is_typed_is_kept_sealed_and_offered_on_the_same_form(case, alena, client_for):
    browser, start = client_for(alena), log.size()
    assert _send(browser, alena, _at(case), account=TYPED, revision="1").status_code == 204
    assert _send(browser, alena, _at(case), account=TYPED + "!", revision="1").status_code == 204
    [kept] = log.since(start)
    assert (kept.verb, kept.actor, log.told(kept)["cases"]) == (
        Verb.DRAFT_KEPT,
        alena.pk,
        [str(case.pk)],
    )
    draft = Draft.objects.get()
    assert TYPED.encode() not in bytes(draft.content_sealed)
    page = _page(browser, _at(case))
    assert "You were writing this at" in page and TYPED not in page
    assert "You were writing" not in _page(browser, _at(case, "person"))

    start = log.size()
    page = _page(browser, _at(case) + "?draft=open")
    assert TYPED + "!" in page and "It is not saved yet" in page
    opened = [event for event in log.since(start) if event.verb == Verb.DRAFT_OPENED]
    assert log.told(opened[0])["cases"] == [str(case.pk)]


def test_a_form_that_is_sent_is_offered_no_more(case, alena, client_for):
    browser = client_for(alena)
    _send(browser, alena, _at(case), account=TYPED)
    wrong = {"account": TYPED, "revision": "1", "types_of_exploitation": "nothing of the list"}
    assert browser.post(_at(case), wrong).status_code == 422
    assert Draft.objects.exists(), "what was refused is not done"
    assert browser.post(_at(case), {"account": TYPED, "revision": "1"}).status_code == 302
    assert not Draft.objects.exists()


def test_a_form_is_discarded(case, alena, client_for):
    browser = client_for(alena)
    _send(browser, alena, _at(case), account=TYPED)
    start = log.size()
    answer = browser.post(KEEP, {"draft_act": "drop", "draft_path": _at(case)})
    assert answer.headers["Location"] == _at(case)
    assert log.verbs_since(start) == [Verb.DRAFT_DROPPED] and not Draft.objects.exists()


def test_fields_of_every_kind_come_back_as_they_were(case, alena, client_for):
    """Ticks that were taken away, several choices, a date that is none yet, a half-made form."""
    browser = client_for(alena)
    typed = {
        "second_name": "Новая",
        "first_name": "",
        "gender": "Masculine",
        "citizenship": ["BY", "PL"],
        "revision": "1",
    }
    _send(browser, alena, _at(case, "person"), **typed)
    answer = browser.get(_at(case, "person") + "?draft=open")
    form = answer.context["form"]
    assert not form.is_bound and "There is a problem" not in answer.content.decode()
    shown = {name: form[name].value() for name in ("second_name", "first_name", "gender")}
    assert shown == {"second_name": "Новая", "first_name": "", "gender": "Masculine"}
    assert form["citizenship"].value() == ["BY", "PL"]
    _send(browser, alena, _at(case, "close"), closed_on="31.2.2026", status="ClosedReferred")
    page = _page(browser, _at(case, "close") + "?draft=open")
    assert 'name="closed_on" value="31.2.2026"' in page
    assert re.search(r'value="ClosedReferred"[^>]* checked', page)


def test_a_supervisor_who_writes_nothing_into_the_case_goes_on_with_a_note(case, pavel, client_for):
    browser = client_for(pavel)
    _send(browser, pavel, _at(case, "hold"), note=TYPED)
    assert TYPED in _page(browser, _at(case, "hold") + "?draft=open")


def test_a_registration_has_no_case_yet(alena, ihar, client_for):
    browser, page = client_for(alena), "/cases/register/"
    _send(browser, alena, page, second_name="Новая", **{"consent-consented": "yes"})
    assert Draft.objects.get().case is None
    answer = browser.get(page + "?draft=open")
    assert answer.context["forms"]["person"]["second_name"].value() == "Новая"
    assert answer.context["forms"]["consent"]["consented"].value() == "yes"
    assert "You were writing" not in _page(client_for(ihar), page)


def test_a_record_of_assistance_goes_on_with_its_kind(case, alena, client_for):
    browser, page = client_for(alena), reverse("assistance:record", args=[case.reference])
    _send(browser, alena, page, kind="medical", diagnosis=TYPED, status="planned")
    assert "You were writing" in _page(browser, page)
    answer = browser.get(page + "?draft=open")
    assert answer.context["kind"] == "medical"
    assert answer.context["form"]["diagnosis"].value() == TYPED


def test_a_change_made_meanwhile_is_noticed(case, alena, client_for):
    """The form keeps the revision it was made from."""
    browser, person = client_for(alena), victim_of(case)
    _send(browser, alena, _at(case, "person"), second_name="Новая", revision="1")
    [before] = door.open_rows([person], by=alena)
    after = {"identity": Identity(second_name="Другая")}
    casework.change_person(person, before=before, after=after, revision=1, by=alena)
    answer = browser.get(_at(case, "person") + "?draft=open")
    assert '<input type="hidden" name="revision" value="1">' in answer.content.decode()
    sent = {"second_name": "Новая", "revision": "1"}
    assert browser.post(_at(case, "person"), sent).status_code == 409


# --- When the session is over ---------------------------------------------------------
def test_a_form_that_is_sent_after_the_session_ran_out_is_kept(case, alena, client_for, now):
    browser = client_for(alena)
    now.shift(timedelta(minutes=20))
    answer = browser.post(_at(case), {"account": TYPED, "revision": "1"})
    assert answer.headers["Location"] == f"/account/sign-in/?next={_at(case)}&over=1"
    sent = {"login": "alena", "password": PASSWORD, "next": _at(case)}
    assert browser.post("/account/sign-in/", sent).headers["Location"] == _at(case)
    assert "You were writing this" in _page(browser, _at(case))
    assert TYPED in _page(browser, _at(case) + "?draft=open")


def test_a_form_that_waited_for_a_confirmation_when_the_session_ran_out_is_kept(
    case, alena, ihar, client_for, now
):
    browser = client_for(alena, ago=300)
    browser.post(_at(case, "erase"), {"reason": "person_asked", "note": TYPED})
    assert browser.get("/account/reauthenticate/").status_code == 200
    now.shift(timedelta(minutes=20))
    assert browser.get("/").status_code == 302
    browser = client_for(alena)
    assert TYPED in _page(browser, _at(case, "erase") + "?draft=open")


def test_a_form_that_was_confirmed_and_taken_is_not_offered(case, alena, client_for):
    browser = client_for(alena, ago=300)
    sent = {"reason": "person_asked", "note": TYPED, "reference": case.reference}
    answer = browser.post(_at(case, "erase"), sent)
    assert Draft.objects.exists()
    browser.post(answer.headers["Location"], {"password": PASSWORD})
    assert ErasureRequest.objects.exists() and not Draft.objects.exists()


def test_a_form_without_its_token_is_not_kept(case, alena, client_for, now):
    """Another site could otherwise put words into somebody's form."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["session"] = client_for(alena).cookies["session"].value
    now.shift(timedelta(minutes=20))
    assert browser.post(_at(case), {"account": TYPED}).status_code == 403
    assert not Draft.objects.exists()


def test_of_somebody_who_is_not_there_any_more_nothing_is_kept(case, alena, client_for, now):
    browser = client_for(alena)
    now.shift(timedelta(minutes=20))
    alena.is_active = False
    alena.save()
    browser.post(_at(case), {"account": TYPED})
    assert not Draft.objects.exists()


def test_a_search_is_never_kept(alena, client_for, now):
    browser = client_for(alena)
    now.shift(timedelta(minutes=20))
    browser.post("/cases/search/", {"q": TYPED})
    assert not Draft.objects.exists()


# --- Whose it is ----------------------------------------------------------------------
def test_nobody_keeps_a_form_of_a_case_they_do_not_see(case, ihar, client_for):
    assert _send(client_for(ihar), ihar, _at(case), account=TYPED).status_code == 404
    assert not Draft.objects.exists()


def test_nobody_opens_the_form_of_somebody_else(case, alena, pavel, client_for):
    _send(client_for(alena), alena, _at(case), account=TYPED)
    with pytest.raises(NotFound):
        door.open_draft(Draft.objects.get(), by=pavel)
    assert TYPED not in _page(client_for(pavel), _at(case, "hold") + "?draft=open")


def test_a_draft_put_under_another_name_does_not_open(case, alena, pavel, client_for):
    _send(client_for(alena), alena, _at(case, "hold"), note=TYPED)
    draft = Draft.objects.get()
    stolen = Draft(
        id=Draft.id_of(pavel.pk, draft.path),
        user=pavel,
        case=case,
        path=draft.path,
        content_sealed=draft.content_sealed,
    )
    stolen.save()
    with pytest.raises(door.Damaged):
        door.open_draft(stolen, by=pavel)


def test_what_is_shared_no_more_is_not_offered(case, alena, volha, share, client_for):
    note = PsychologicalAssistance(method="psychotherapy")
    day = {"status": "delivered", "starts_on": timezone.localdate()}
    share(volha, "psychological", "identity")
    row = record_assistance(case, content=note, by=volha, **day)
    page = reverse("assistance:change", args=[case.reference, row.pk])
    _send(client_for(volha), volha, page, notes=TYPED, revision="1")
    revoke_grant(CaseUserGrant.objects.get(user=volha), by=alena)
    with pytest.raises(NotFound):
        door.open_draft(Draft.objects.get(), by=volha)
    share(volha, "identity")
    with pytest.raises(NotFound):
        door.open_draft(Draft.objects.get(), by=volha)


def test_somebody_else_who_signed_in_meanwhile_gets_nothing(case, alena, client_for):
    """The page was shown to another person in the same browser."""
    browser = client_for(alena)
    own = {"draft_act": "keep", "draft_path": _at(case), "draft_person": "another"}
    assert browser.post(KEEP, own | {"account": TYPED}).status_code == 409
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "path", ["", "/", "/cases/search/", "//evil.example/", "/account/password/"]
)
def test_only_forms_are_kept(alena, client_for, path):
    browser = client_for(alena)
    assert _send(browser, alena, path, account=TYPED).status_code == 404
    answer = browser.post(KEEP, {"draft_act": "drop", "draft_path": path})
    assert "evil" not in answer.headers["Location"]


def test_what_is_too_long_is_refused(case, alena):
    with pytest.raises(BadInput):
        drafts.keep(by=alena, path=_at(case), typed=[("account", "x" * (drafts.LONGEST + 1))])


# --- How long -------------------------------------------------------------------------
def test_after_a_week_it_is_forgotten(case, alena, now):
    drafts.keep(by=alena, path=_at(case), typed=[("account", TYPED)])
    now.shift(timedelta(days=6, hours=23))
    drafts.sweep()
    assert Draft.objects.exists()
    now.shift(timedelta(hours=2))
    start = log.size()
    drafts.sweep()
    assert not Draft.objects.exists()
    [dropped] = log.since(start)
    assert (dropped.verb, dropped.actor) == (Verb.DRAFT_DROPPED, None)


def test_it_is_erased_with_its_case(case, alena, pavel):
    drafts.keep(by=alena, path=_at(case), typed=[("account", TYPED)])
    draft = Draft.objects.get()
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="x", by=alena)
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert not Draft.objects.exists()
    with pytest.raises(Erased):
        door.open_draft(draft, by=alena)
    with pytest.raises(Erased):
        drafts.keep(by=alena, path=_at(case), typed=[("account", TYPED)])


def test_it_opens_after_the_key_of_its_case_was_renewed(case, alena):
    drafts.keep(by=alena, path=_at(case), typed=[("account", TYPED)])
    renewal.renew_case(case.pk, by=None)
    assert door.open_draft(Draft.objects.get(), by=alena).fields == [("account", TYPED)]
    assert Person.objects.filter(case=case).exists()
