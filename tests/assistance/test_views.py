"""Assistance on the page: three clicks to record it, and nothing of other classes, not even a number."""

import re
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from assistance.kinds import KINDS as KIND_TABLE
from assistance.models import Assistance, AssistanceSession
from assistance.reference import KINDS
from assistance.sections import (
    MedicalAssistance,
    PsychologicalAssistance,
    SupportPlanContent,
)
from assistance.services import record_assistance
from assistance.sittings import SessionForm, hold_session
from audit.verbs import Verb
from cases import door
from cases.entries import ENTRY_KINDS
from cases.services.casework import record_entry
from core.classes import ASSISTED
from tests.assistance.test_forms import LEAST
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


def _page(response):
    return unescape(response.content.decode())


def _sent(kind, **values):
    common = {"kind": kind, "status": "delivered", "starts_on": TODAY.isoformat()}
    return common | LEAST[kind] | values


@pytest.fixture
def file(case):
    return reverse("cases:detail", args=[case.reference])


@pytest.fixture
def desk(case):
    return reverse("assistance:record", args=[case.reference])


@pytest.fixture
def records(case, alena):
    contents = (
        MedicalAssistance(diagnosis="Fracture of the wrist", provider="Clinic 9"),
        PsychologicalAssistance(method="psychotherapy", observations="Sleeps badly"),
    )
    return [
        record_assistance(case, content=content, status="delivered", starts_on=TODAY, by=alena)
        for content in contents
    ]


@pytest.mark.parametrize("kind", LEAST)
def test_three_clicks_record_assistance(case, alena, client_for, file, desk, kind):
    browser = client_for(alena)
    assert f'href="{desk}"' in _page(browser.get(file))  # the button on the case file
    choose = _page(browser.get(desk))
    assert f'name="kind" value="{kind}"' in choose  # 1: the kind
    form = browser.post(desk, {"kind": kind})  # 2: its form, with today in it
    assert form.status_code == 200
    assert "error-summary" not in _page(form)
    assert TODAY.isoformat() in _page(form)
    saved = browser.post(desk, _sent(kind, provider="Red Cross"), follow=True)  # 3: save
    assert saved.redirect_chain == [(file, 302)]
    page = _page(saved)
    assert "Assistance is recorded." in page
    assert str(KINDS[kind]) in page and "Red Cross" in page
    assert Assistance.objects.count() == 1


@pytest.mark.parametrize("kind", LEAST)
def test_the_kind_stands_in_no_address(case, alena, client_for, file, desk, kind):
    browser = client_for(alena)
    saved = browser.post(desk, _sent(kind))
    change = reverse("assistance:change", args=[case.reference, Assistance.objects.get().pk])
    addresses = [desk, change, saved.headers["Location"]]
    for page in (browser.get(desk), browser.post(desk, {"kind": kind}), browser.get(file)):
        addresses += re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', page.content.decode())
    assert not [address for address in addresses if kind in address.lower()]


def test_the_kind_in_an_address_is_not_listened_to(alena, client_for, desk):
    page = _page(client_for(alena).get(desk + "?kind=medical"))
    assert "Diagnosis" not in page


@pytest.mark.parametrize("kind", ["", "surgical", "facts", "content", "medical\0"])
def test_an_unknown_kind_leads_back_to_the_choice(alena, client_for, desk, kind):
    answer = client_for(alena).post(desk, _sent("medical") | {"kind": kind})
    assert answer.status_code == 200 and "Which kind?" in _page(answer)
    assert not Assistance.objects.exists()


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(alena, client_for, desk):
    wrong = _sent("financial", amount="120,50", receipt="R-77", notes="Bus & train <2>")
    answer = client_for(alena).post(desk, wrong)
    assert answer.status_code == 422
    page = _page(answer)
    assert "Enter the amount with a point" in page
    for typed in ("120,50", "R-77", "Bus & train <2>", 'value="BYN" selected'):
        assert typed in page
    assert 'name="kind" value="financial"' in page
    assert not Assistance.objects.exists()


def test_a_specialist_is_offered_the_own_kind_alone(case, volha, share, client_for, desk):
    share(volha, "psychological", "identity")
    browser = client_for(volha)
    assert re.findall(r'name="kind" value="(\w+)"', _page(browser.get(desk))) == ["psychological"]
    browser.post(desk, _sent("medical"))
    assert not Assistance.objects.exists()
    assert browser.post(desk, _sent("psychological")).status_code == 302
    assert Assistance.objects.get().recorded_by == volha


def test_who_may_write_of_no_kind_is_not_offered_to_record_any(
    case, volha, share, client_for, file, desk
):
    share(volha, "identity")
    browser = client_for(volha)
    assert desk not in _page(browser.get(file))
    assert browser.get(desk).status_code == 403
    share(volha, "psychological")
    assert desk in _page(browser.get(file))


def test_the_button_is_offered_for_the_classes_that_kinds_are_of():
    assert {kind.schema.CLASS for kind in KIND_TABLE.values()} == ASSISTED


def test_a_psychologist_never_learns_of_medical_records_not_even_their_number(
    case, alena, volha, share, records, client_for, file
):
    share(volha, "psychological")
    browser = client_for(volha)
    with_one = browser.get(file).content
    assert b"Psychotherapy" in with_one
    for hidden in (b"Medical", b"Fracture", b"Clinic 9", str(records[0].pk).encode()):
        assert hidden not in with_one
    for _ in range(5):
        record_assistance(
            case,
            content=MedicalAssistance(diagnosis="Another"),
            status="planned",
            starts_on=TODAY,
            by=alena,
        )
    token = rb'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|"[^"]*CSRFToken[^}]+}'
    assert re.sub(token, b"", browser.get(file).content) == re.sub(token, b"", with_one)


def test_a_record_of_another_class_answers_as_one_that_does_not_exist(
    case, alena, volha, ihar, share, records, client_for
):
    share(volha, "psychological")
    medical, psychological = records
    browser = client_for(volha)
    token = r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|"[^"]*CSRFToken[^}]+}'
    answers = {
        (answer.status_code, re.sub(token, "", _page(answer)))
        for pk in (medical.pk, case.pk)
        for answer in [browser.get(reverse("assistance:change", args=[case.reference, pk]))]
    }
    assert len(answers) == 1 and next(iter(answers))[0] == 404
    own = reverse("assistance:change", args=[case.reference, psychological.pk])
    assert "Sleeps badly" in _page(browser.get(own))
    assert client_for(ihar).get(own).status_code == 404


def test_a_change_is_saved_with_its_history(case, alena, volha, share, records, client_for):
    share(volha, "psychological")
    row = records[1]
    page = reverse("assistance:change", args=[case.reference, row.pk])
    browser, start = client_for(volha), log.size()
    form = _page(browser.get(page))
    assert 'name="revision" value="1"' in form
    data = _sent("psychological", observations="Sleeps better", revision="1")
    assert browser.post(page, data).status_code == 302
    assert Verb.ASSISTANCE_CHANGED in log.verbs_since(start)
    versions = list(Assistance.history.filter(id=row.pk).order_by("revision"))
    told = [s["content"].observations for s in door.open_rows(versions, by=alena)]
    assert told == ["Sleeps badly", "Sleeps better"]


def test_a_stale_change_is_refused_with_its_text_kept(case, alena, records, client_for):
    page = reverse("assistance:change", args=[case.reference, records[1].pk])
    browser = client_for(alena)
    browser.post(page, _sent("psychological", observations="First", revision="1"))
    answer = browser.post(page, _sent("psychological", observations="Second", revision="1"))
    assert answer.status_code == 409
    assert "Second" in _page(answer) and 'name="revision" value="2"' in _page(answer)
    # A mistake in between does not make the form forget what it was made from.
    wrong = _sent("psychological", observations="Third", revision="1", sessions="many")
    answer = browser.post(page, wrong)
    assert answer.status_code == 422 and 'name="revision" value="1"' in _page(answer)


def test_a_change_does_not_turn_a_record_into_another_kind(case, alena, records, client_for):
    page = reverse("assistance:change", args=[case.reference, records[0].pk])
    data = _sent("medical", diagnosis="Sprain", revision="1") | {"kind": "psychological"}
    assert client_for(alena).post(page, data).status_code == 302
    content = door.open_rows([Assistance.objects.get(pk=records[0].pk)], by=alena)[0]["content"]
    assert type(content) is MedicalAssistance and content.diagnosis == "Sprain"


def test_a_record_is_reached_through_its_own_case_alone(case, new_case, alena, records, client_for):
    from cases.services.intake import register_case

    other = register_case(new_case, by=alena)
    page = reverse("assistance:change", args=[other.reference, records[0].pk])
    assert client_for(alena).get(page).status_code == 404


def test_whoever_only_reads_is_told_so(case, volha, share, client_for, file, desk):
    share(volha, "psychological", may_write=False)
    browser = client_for(volha)
    assert f'href="{desk}"' not in _page(browser.get(file))
    for answer in (browser.get(desk), browser.post(desk, _sent("psychological"))):
        assert answer.status_code == 403
    assert SENTINELS["identity"] not in _page(browser.get(file))


# --- Sessions and goals ---------------------------------------------------------------
def test_two_clicks_add_a_session(case, alena, records, client_for, file):
    """One opens a short form with today in it, one saves. Typing is apart."""
    browser = client_for(alena)
    address = reverse("assistance:session", args=[case.reference, records[1].pk])
    assert f'href="{address}"' in _page(browser.get(file))  # on the case page
    form = _page(browser.get(address))  # 1: its form
    sent = dict(re.findall(r'name="(held_on|minutes|held_by)" value="([^"]*)"', form))
    assert sent["held_on"] == TODAY.isoformat() and sent["held_by"] == alena.display_name
    typed = sent | {"minutes": "50", "note": "Spoke of the journey"}
    saved = browser.post(address, typed, follow=True)  # 2: save
    assert saved.redirect_chain == [(file, 302)]
    page = _page(saved)
    assert "The session is recorded." in page and "Spoke of the journey" in page
    assert "50 minutes" in page


def test_a_session_has_the_class_of_its_record(
    case, alena, volha, person, share, records, client_for
):
    doctor = person("doctor", "medical")
    share(volha, "psychological", "identity")
    share(doctor, "medical", "identity")
    addresses = [reverse("assistance:session", args=[case.reference, row.pk]) for row in records]
    sent = {"held_on": TODAY.isoformat(), "note": "Only for those of the class"}
    assert client_for(volha).post(addresses[0], sent).status_code == 404
    assert not AssistanceSession.objects.exists()
    assert client_for(volha).post(addresses[1], sent).status_code == 302
    [row] = AssistanceSession.objects.all()
    for reader, reads in ((volha, True), (alena, True), (doctor, False)):
        assert bool(door.open_rows([row], by=reader)[0]) == reads
        page = reverse("cases:detail", args=[case.reference])
        assert (sent["note"] in _page(client_for(reader).get(page))) == reads


def test_a_session_says_in_the_clear_neither_what_it_is_of_nor_which_record(case, alena, records):
    content = door.open_rows([records[0]], by=alena)[0]["content"]
    form = SessionForm({"held_on": TODAY.isoformat(), "note": "Plaster off"}, classes=set())
    assert form.is_valid()
    hold_session(records[0], content, form, by=alena)
    [row] = AssistanceSession.objects.all()
    opened = {name: str(getattr(row, name)) for name in AssistanceSession.Privacy.open}
    assert not [v for v in opened.values() if "medical" in v or str(records[0].pk) in v]


def test_whoever_only_reads_adds_no_session(case, volha, share, records, client_for, file):
    share(volha, "psychological", may_write=False)
    browser = client_for(volha)
    address = reverse("assistance:session", args=[case.reference, records[1].pk])
    assert f'href="{address}"' not in _page(browser.get(file))
    assert browser.post(address, {"held_on": TODAY.isoformat()}).status_code == 403
    assert not AssistanceSession.objects.exists()


@pytest.mark.parametrize("name, value", [("held_on", ""), ("minutes", "0"), ("minutes", "an hour")])
def test_a_session_that_cannot_be_is_refused(case, alena, records, client_for, name, value):
    address = reverse("assistance:session", args=[case.reference, records[0].pk])
    sent = {"held_on": TODAY.isoformat(), "note": "Kept <here>"} | {name: value}
    answer = client_for(alena).post(address, sent)
    assert answer.status_code == 422 and "Kept <here>" in _page(answer)
    assert not AssistanceSession.objects.exists()


def test_a_record_names_the_goal_it_serves(case, alena, volha, share, records, client_for):
    content = SupportPlanContent(plan_type="Housing", objectives="A room of her own")
    goal = record_entry(case, ENTRY_KINDS["plan"], content, by=alena)
    page = reverse("assistance:change", args=[case.reference, records[1].pk])
    browser = client_for(alena)
    assert "A room of her own" in _page(browser.get(page))
    data = _sent("psychological", goal=str(goal.pk), revision="1")
    assert browser.post(page, data).status_code == 302
    assert f'value="{goal.pk}" selected' in _page(browser.get(page))
    # A psychologist reads no goals, and does not undo which one it is.
    share(volha, "psychological", "identity")
    other = client_for(volha)
    assert "A room of her own" not in _page(other.get(page))
    assert other.post(page, _sent("psychological", revision="2")).status_code == 302
    [sections] = door.open_rows([Assistance.objects.get(pk=records[1].pk)], by=alena)
    assert sections["content"].goal == str(goal.pk)


# --- Documents of a record ------------------------------------------------------------
@pytest.fixture
def receipt(case, alena, own_files, settings):
    """A file of class medical, beside one of class legal."""
    settings.DATA_DIR = own_files
    a_file(case, alena, cls="legal", name="ruling.png")
    return a_file(case, alena, cls="medical", name="receipt.png")


def test_a_record_names_documents_of_its_own_class(case, alena, receipt, client_for):
    browser, url = client_for(alena), reverse("assistance:record", args=[case.reference])
    page = browser.post(url, {"kind": "medical"}).content.decode()
    assert "receipt.png" in page and "ruling.png" not in page
    sent = {"kind": "medical", "status": "delivered", "starts_on": str(timezone.localdate())}
    other = case.attachments.exclude(pk=receipt.pk).get()
    assert browser.post(url, sent | {"files": [str(other.pk)]}).status_code == 422
    assert browser.post(url, sent | {"files": [str(receipt.pk)]}).status_code == 302
    row = Assistance.objects.get(case=case)
    [sections] = door.open_rows([row], by=alena)
    assert sections["content"].files == [str(receipt.pk)]
    page = browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert page.count(reverse("cases:file", args=[case.reference, receipt.pk])) == 2  # and its own
    change = browser.get(reverse("assistance:change", args=[case.reference, row.pk]))
    assert "checked" in change.content.decode().split("receipt.png")[0][-300:]
