"""Taking cases out in a workbook: one asks, another decides, the first collects it once, encrypted."""

import subprocess
import sys
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from pyrage import x25519
from python_calamine import CalamineWorkbook

from accounts.services import give_role, make_office, make_organisation, suspend_account, take_role
from audit import guards, review, trail
from audit.context import RequestContext, serving
from audit.models import Event, EventCase, ReviewItem
from audit.verbs import EXPORTS, READS, WEIGHTY, Verb
from cases import door
from cases.entries import ENTRY_KINDS
from cases.models import Case, Person, WorkbookRequest
from cases.sections import (
    CaseSummary,
    CommentContent,
    ConsentTerms,
    Identity,
    PerpetratorContent,
    StatusDecisionContent,
)
from cases.services import workbooks
from cases.services.casework import record_entry
from cases.services.consents import record_consent
from cases.services.erasure import approve_erasure, ask_for_erasure
from cases.services.exclusions import exclude
from cases.services.glass import break_glass
from cases.services.grants import hand_over
from cases.services.intake import register_case, register_many
from cases.services.new_case import NewCase
from cases.services.workbooks import (
    approve_workbook,
    ask_for_workbook,
    collect_workbook,
    decline_workbook,
    request_for,
    staying,
    waiting_for,
    wanted_cases,
)
from core.classes import PERSONAL
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from jobs import services as jobs
from jobs.models import Job
from tests.cases.closed import close_case
from tests.cases.made_entries import contents
from tests.conftest import SENTINELS
from tests.guards import log, source
from vault import age

pytestmark = pytest.mark.django_db

IDENTITY = x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
NOTE = "The office moves to Brest"


def ask(cases, by, *, purpose="ourselves", session="elsewhere", recipient=RECIPIENT):
    with serving(RequestContext("request", session)):
        return ask_for_workbook(cases, purpose=purpose, recipient=recipient, note=NOTE, by=by)


def sheets(content):
    """(cells of the cases, cells of what was left out) of an encrypted workbook."""
    book = CalamineWorkbook.from_filelike(BytesIO(age.decrypt(content, [IDENTITY])))
    return tuple(book.get_sheet_by_name(name).to_python() for name in ("HTCDS", "Left out"))


def told(content):
    """Each row of the cases, column → text, without the empty ones."""
    (header, _labels, *rows), _left_out = sheets(content)
    return [{c: v for c, v in zip(header, row, strict=True) if v} for row in rows]


def collected(cases, by, decider, **about):
    asked = ask(cases, by, **about)
    approve_workbook(asked, note="Agreed", by=decider)
    return collect_workbook(WorkbookRequest.objects.get(pk=asked.pk), by=by)


@pytest.fixture
def asked(case, alena):
    return ask([case], alena)


@pytest.fixture
def other(new_case, alena):
    return register_case(new_case, by=alena)


# --- What goes out --------------------------------------------------------------------
def test_what_was_approved_goes_out_once_and_opens_for_its_recipient_alone(
    asked, case, alena, pavel
):
    approve_workbook(asked, note="Agreed", by=pavel)
    content = collect_workbook(WorkbookRequest.objects.get(), by=alena)
    assert content.startswith(b"age-encryption.org/v1")
    for word in SENTINELS.values():
        assert word.encode() not in content
    with pytest.raises(age.CannotDecrypt):
        age.decrypt(content, [x25519.Identity.generate()])
    [row] = told(content)
    assert row["prs_SecondName"] == SENTINELS["identity"]
    assert (row["cas_Status"], row["cas_CaseOwner"]) == ("Active", "Alena")
    with pytest.raises(WrongState):
        collect_workbook(WorkbookRequest.objects.get(), by=alena)


def test_one_event_names_every_case_that_goes_and_stands_before_it_is_opened(
    case, other, alena, pavel, monkeypatch
):
    asked = ask([case, other], alena)
    approve_workbook(asked, note="", by=pavel)
    opened = []
    open_section = door._open_section

    def watched(row, *rest):
        opened.append(Event.objects.filter(verb=Verb.CASE_IN_WORKBOOK).exists())
        return open_section(row, *rest)

    monkeypatch.setattr(door, "_open_section", watched)
    start = log.size()
    collect_workbook(WorkbookRequest.objects.get(), by=alena)
    assert opened and all(opened)
    assert [verb for verb in log.verbs_since(start) if "workbook" in verb] == [
        Verb.WORKBOOK_COLLECTED,
        Verb.CASE_IN_WORKBOOK,
    ]
    event = Event.objects.get(verb=Verb.CASE_IN_WORKBOOK)
    named = EventCase.objects.filter(seq=event.seq).values_list("case", flat=True)
    assert set(named) == {case.pk, other.pk}
    entry = log.told(event)
    assert entry["classes"] == ["contact", "identity", "narrative"]
    assert entry["reason"] == "ourselves"
    assert Verb.CASE_IN_WORKBOOK in EXPORTS & READS & WEIGHTY and Verb.WORKBOOK_APPROVED in WEIGHTY
    review.look_through_log()
    assert ReviewItem.objects.filter(rule="export").count() == 1


def test_nothing_of_it_touches_a_disk(asked, alena, pavel, monkeypatch):
    approve_workbook(asked, note="", by=pavel)
    import tempfile

    def none(*_arguments, **_named):
        raise AssertionError("a temporary file")

    for name in ("mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile", "TemporaryDirectory"):
        monkeypatch.setattr(tempfile, name, none)
    assert collect_workbook(WorkbookRequest.objects.get(), by=alena)


def test_several_entries_go_oldest_first_and_those_of_another_class_stay(case, alena, pavel):
    for kind, content in contents().items():
        record_entry(case, ENTRY_KINDS[kind], content, by=alena)
    for cls, text in (("narrative", "Second"), ("medical", "Fracture")):
        record_entry(case, ENTRY_KINDS["comment"], CommentContent(cls=cls, comment=text), by=alena)
    rows = told(collected([case], alena, pavel))
    assert [row.get("cco_CaseComment") for row in rows] == ["Told", "Second"]
    assert rows[0]["spl_Type"] == "Health" and rows[0]["per_RoleDetails"] == "Told"
    assert "Fracture" not in str(rows)


def test_the_last_consent_counts(case, alena, pavel):
    for consented in (True, False):
        record_consent(
            case, terms=ConsentTerms(consented=consented), recorded_on=date.today(), by=alena
        )
    assert told(collected([case], alena, pavel))[0]["con_Consent"] == "FALSE"


def test_a_supervisor_takes_out_no_contact_and_there_is_no_column_for_it(
    case, alena, pavel, person
):
    decider = person("head", "supervisor")
    content = collected([case], pavel, decider)
    header = sheets(content)[0][0]
    assert "prs_FirstName" in header and "prs_MobilePhone" not in header
    assert SENTINELS["contact"] not in str(sheets(content))
    assert SENTINELS["contact"] in str(sheets(collected([case], alena, pavel)))


def test_status_and_owner_stand_as_imported_until_they_change_here(alena, ihar, pavel, office):
    others = {"cas_Status": "ClosedReferred", "cas_CaseOwner": "Olga", "org_Name": "Mission"}
    imported = [NewCase(summary=CaseSummary(other_htcds=others)) for _number in range(3)]
    same, handed, closed = register_many(imported, office=office, owner=alena, by=alena)
    hand_over(handed, to=ihar, note="", by=pavel)
    hand_over(Case.objects.get(pk=handed.pk), to=alena, note="", by=pavel)
    close_case(closed, status="Closed", reason="Over", closed_on=closed.opened_on, by=alena)
    rows = told(collected([same, handed, closed], alena, pavel))
    states = [(row["cas_Status"], row["cas_CaseOwner"], row["org_Name"]) for row in rows]
    assert states == [
        ("ClosedReferred", "Olga", "Mission"),
        ("ClosedReferred", "Alena", "Mission"),
        ("Closed", "Olga", "Mission"),
    ]


# --- What stays -----------------------------------------------------------------------
def agree(case, by, **terms):
    terms = ConsentTerms(consented=True, **terms)
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=by)


def test_to_another_organisation_goes_what_the_person_agreed_to_and_the_rest_is_named(
    case, other, new_case, alena, pavel
):
    expired = register_case(new_case, by=alena)
    agree(case, alena, purposes=["referral"])
    agree(other, alena, purposes=["assistance"])
    agree(expired, alena, purposes=["referral"], expires_on=timezone.localdate() - timedelta(1))
    cases = [case, other, expired]
    asked = ask(cases, alena, purpose="others")
    assert [one.reference for one in staying(asked, by=alena)] == [
        other.reference,
        expired.reference,
    ]
    content = collected(cases, alena, pavel, purpose="others")
    assert len(told(content)) == 1
    _header, *left_out = sheets(content)[1]
    assert [row[0] for row in left_out] == [other.reference, expired.reference]
    assert all("has not agreed" in row[2] for row in left_out)
    event = Event.objects.filter(verb=Verb.CASE_IN_WORKBOOK).get()
    assert list(EventCase.objects.filter(seq=event.seq).values_list("case", flat=True)) == [case.pk]
    assert len(told(collected(cases, alena, pavel))) == 3, "within the organisation nobody is asked"


def test_what_names_organisations_or_keeps_a_part_back_stays(case, other, new_case, alena, pavel):
    named, some = (register_case(new_case, by=alena) for _number in range(2))
    agree(case, alena, purposes=["referral"])
    agree(other, alena, purposes=["referral"], classes=sorted(PERSONAL))
    agree(named, alena, purposes=["referral"], recipients=[str(case.office.organisation_id)])
    agree(some, alena, purposes=["referral"], classes=["identity", "contact"])
    content = collected([case, other, named, some], alena, pavel, purpose="others")
    assert len(told(content)) == 2
    _header, *left_out = sheets(content)[1]
    assert [row[0] for row in left_out] == [named.reference, some.reference]
    assert "some organisations by name" in left_out[0][2]
    assert "keeps parts back" in left_out[1][2]
    assert len(told(collected([named, some], alena, pavel))) == 2, "nobody is asked within"


def test_where_nobody_agreed_nothing_is_asked_for(case, alena):
    agree(case, alena, purposes=["assistance"])
    with pytest.raises(BadInput, match="consent"):
        ask([case], alena, purpose="others")
    assert not WorkbookRequest.objects.exists()


def _damage(case):
    """As somebody does who writes past the application."""
    guards.remove()
    Person.objects.filter(case=case).update(identity_sealed=F("contact_sealed"))


@pytest.mark.parametrize("what", ["withdrawn", "handed over", "excluded", "erased", "damaged"])
def test_what_may_not_go_any_more_is_left_out_at_the_last_moment_and_named(
    what, case, other, alena, ihar, pavel, person
):
    for one in (case, other):
        agree(one, alena, purposes=["referral"])
    asked = ask([case, other], alena, purpose="others")
    approve_workbook(asked, note="", by=pavel)
    if what == "withdrawn":
        terms = ConsentTerms(consented=False)
        record_consent(other, terms=terms, recorded_on=timezone.localdate(), by=alena)
    elif what == "handed over":
        hand_over(other, to=ihar, note="", by=pavel)
    elif what == "excluded":
        exclude(other, person=alena, ground="relative", note="", by=pavel)
    elif what == "erased":
        erasing = ask_for_erasure(other, reason="person_asked", note="", by=alena)
        approve_erasure(erasing, note="", by=pavel)
    else:
        _damage(other)
    content = collect_workbook(WorkbookRequest.objects.get(), by=alena)
    assert len(told(content)) == 1
    [_header, row] = sheets(content)[1]
    assert row[0] == other.reference


def test_what_no_cell_can_hold_is_named_with_its_column(new_case, alena, pavel):
    strange = register_case(NewCase(identity=Identity(first_name="Anna", gender="Gone")), by=alena)
    content = collected([strange], alena, pavel)
    [row] = told(content)
    assert row["prs_FirstName"] == "Anna" and "prs_Gender" not in row
    assert sheets(content)[1][1][:2] == [strange.reference, "prs_Gender"]


# --- Who cannot -----------------------------------------------------------------------
def test_nobody_decides_on_what_they_asked_for(case, pavel, person):
    asked = ask([case], pavel)
    for act in (approve_workbook, decline_workbook):
        with pytest.raises(NotAllowed, match="yourself"):
            act(asked, note="", by=pavel)
    assert waiting_for(pavel) == []


def test_nobody_decides_in_the_session_in_which_it_was_asked_for(asked, pavel):
    with serving(RequestContext("r", "elsewhere")), pytest.raises(NotAllowed, match="session"):
        approve_workbook(asked, note="", by=pavel)


@pytest.mark.parametrize("who", ["ihar", "volha", "iryna", "rita", "viktar"])
def test_others_neither_ask_nor_decide_nor_learn_of_it(who, asked, case, request):
    somebody = request.getfixturevalue(who)
    with pytest.raises((NotAllowed, BadInput)):
        ask([case], somebody)
    for act in (approve_workbook, decline_workbook):
        with pytest.raises(NotAllowed):
            act(asked, note="", by=somebody)
    with pytest.raises(NotFound):
        request_for(somebody, asked.pk)
    assert waiting_for(somebody) == []


def test_an_officer_who_sees_every_case_does_not_decide(asked, case, alena, ihar, pavel):
    hand_over(case, to=ihar, note="", by=pavel)
    with pytest.raises(NotAllowed):
        approve_workbook(asked, note="", by=ihar)


def test_whoever_decides_sees_every_case(case, other, alena, pavel):
    asked = ask([case, other], alena)
    exclude(other, person=pavel, ground="relative", note="", by=alena)
    with pytest.raises(NotAllowed):
        approve_workbook(asked, note="", by=pavel)
    assert waiting_for(pavel) == []


def test_broken_glass_takes_nothing_out(case, ihar, pavel):
    break_glass(case, ground="danger", note="Now", classes=["identity"], by=ihar)
    with pytest.raises(BadInput):
        wanted_cases(ihar, references=[case.reference], since=None, until=None)
    with pytest.raises(BadInput):
        ask([case], ihar)


def test_nobody_but_the_asker_collects(asked, pavel):
    approve_workbook(asked, note="", by=pavel)
    with pytest.raises(NotAllowed):
        collect_workbook(WorkbookRequest.objects.get(), by=pavel)


@pytest.mark.parametrize("act", ["decline", "nothing"])
def test_what_nobody_approved_is_not_collected(act, asked, alena, pavel):
    if act == "decline":
        decline_workbook(asked, note="Not yet", by=pavel)
        with pytest.raises(WrongState, match="decided already"):
            approve_workbook(asked, note="", by=pavel)
    with pytest.raises(WrongState):
        collect_workbook(WorkbookRequest.objects.get(), by=alena)
    assert not Event.objects.filter(verb=Verb.CASE_IN_WORKBOOK).exists()


@pytest.mark.parametrize("change", ["role taken", "role added", "suspended", "late"])
def test_an_asker_who_is_not_the_same_any_more_collects_nothing(
    change, case, alena, pavel, person, time_machine
):
    head = person("head", "supervisor")
    asked = ask([case], pavel)
    approve_workbook(asked, note="", by=head)
    if change == "role taken":
        give_role(user=pavel, role="legal", by=None)
        take_role(user=pavel, role="supervisor", by=None)
    elif change == "role added":
        give_role(user=pavel, role="case_officer", by=None)
    elif change == "suspended":
        suspend_account(pavel, by=None)
    else:
        time_machine.move_to(timezone.now() + timedelta(minutes=61))
    pavel.refresh_from_db()
    with pytest.raises((WrongState, NotAllowed)):
        collect_workbook(WorkbookRequest.objects.get(), by=type(pavel).objects.get(pk=pavel.pk))
    assert not Event.objects.filter(verb=Verb.CASE_IN_WORKBOOK).exists()


def test_after_three_days_nobody_decides(asked, pavel, time_machine):
    assert waiting_for(pavel) == [asked]
    time_machine.move_to(timezone.now() + timedelta(hours=72, minutes=1))
    assert waiting_for(pavel) == []
    with pytest.raises(WrongState, match="in time"):
        approve_workbook(asked, note="", by=pavel)


@pytest.mark.parametrize("wrong", ["person", "session"])
def test_the_database_refuses_one_alone(wrong, asked, alena, pavel):
    asked.state, asked.decided_by, asked.decided_session = "approved", pavel, "another"
    if wrong == "person":
        asked.decided_by = alena
    else:
        asked.decided_session = asked.asked_session
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(asked, verb=Verb.WORKBOOK_APPROVED, by=pavel)


@pytest.mark.parametrize("recipient", ["", "age1wrong", "ssh-ed25519 AAAA", "cut"])
def test_without_a_recipient_nothing_is_asked_for(recipient, case, alena):
    recipient = RECIPIENT[:-1] if recipient == "cut" else recipient
    with pytest.raises(BadInput, match="age1"):
        ask([case], alena, recipient=recipient)


def test_a_secret_half_is_refused_and_not_kept(case, alena):
    with pytest.raises(BadInput, match="secret half"):
        ask([case], alena, recipient=str(IDENTITY))


def test_too_many_cases_are_refused(case, other, alena, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST", 1)
    with pytest.raises(BadInput, match="more than"):
        wanted_cases(alena, references=[], since=None, until=None)
    with pytest.raises(BadInput):
        ask([case, other], alena)


def test_the_note_is_sealed(asked):
    row = WorkbookRequest.objects.get()
    assert NOTE.encode() not in bytes(row.note_sealed) and workbooks.note_of(row) == NOTE


# --- Into another installation --------------------------------------------------------
@pytest.fixture
def elsewhere(db, person):
    """An office of another organisation, which sees nothing of ours: its officer, its supervisor."""
    haven = make_organisation(name="Haven", kind="NGO", by=None)
    office = make_office(code="LT-VNO", name="Vilnius", country="LT", organisation=haven, by=None)
    return person("jonas", "case_officer", at=office), person("rasa", "supervisor", at=office)


def test_what_went_out_and_came_in_goes_out_the_same_cell_for_cell(
    case, other, alena, pavel, elsewhere, tmp_path
):
    for kind, content in contents().items():
        for one in (case, other):
            record_entry(one, ENTRY_KINDS[kind], content, by=alena)
    decided = StatusDecisionContent(trafficking_status="ActualVictimOfTrafficking")
    record_entry(case, ENTRY_KINDS["decision"], decided, by=alena)
    driver = PerpetratorContent(role_in_process=["Transporter", "Other"], organisation="=cmd")
    record_entry(other, ENTRY_KINDS["perpetrator"], driver, by=alena)
    agree(case, alena, purposes=["referral"])
    first = collected([case, other], alena, pavel)
    (tmp_path / "moved.xlsx.age").write_bytes(first)
    (tmp_path / "identity.txt").write_text(f"# ours\n{IDENTITY}\n")
    jonas, rasa = elsewhere
    call_command(
        "import_cases",
        tmp_path / "moved.xlsx.age",
        identity=tmp_path / "identity.txt",
        commit=True,
        office=jonas.office.code,
        owner=jonas.username,
        by=rasa.username,
    )
    moved = wanted_cases(jonas, references=[], since=None, until=None)
    assert len(moved) == 2
    again = collected(moved, jonas, rasa)
    assert sheets(again)[0] == sheets(first)[0]
    assert len(sheets(first)[0]) == 2 + 4


def test_an_encrypted_file_without_its_identity_is_refused_and_told(
    case, alena, pavel, tmp_path, capsys
):
    file, identity = tmp_path / "a.age", tmp_path / "identity.txt"
    file.write_bytes(collected([case], alena, pavel))
    with pytest.raises(CommandError, match="--identity"):
        call_command("import_cases", file)
    identity.write_text("AGE-SECRET-KEY-1WRONG\n")
    with pytest.raises(CommandError, match="AGE-SECRET-KEY-1"):
        call_command("import_cases", file, identity=identity)
    identity.write_text(f"{x25519.Identity.generate()}\n")
    with pytest.raises(CommandError, match="somebody else"):
        call_command("import_cases", file, identity=identity)
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("import_cases", file, identity=tmp_path / "none")
    identity.write_text(f"{IDENTITY}\n")
    call_command("import_cases", file, identity=identity)
    assert "acceptable: 1" in capsys.readouterr().out


@pytest.mark.slow
def test_into_an_empty_installation_and_out_again():
    done = subprocess.run(
        [sys.executable, "-m", "bench.workbooks", "12"],
        cwd=source.ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "the same:" in done.stdout


# --- The pages ------------------------------------------------------------------------
def test_asking_deciding_and_collecting_on_the_pages(case, alena, pavel, client_for, own_files):
    page = reverse("cases:workbooks")
    officer, supervisor = client_for(alena), client_for(pavel)
    assert page in officer.get("/").content.decode()
    typed = {"purpose": "ourselves", "references": case.reference.lower(), "note": NOTE}
    answer = officer.post(page, typed | {"recipient": str(IDENTITY)})
    said = answer.content.decode()
    assert answer.status_code == 422 and "secret half" in said and str(IDENTITY) not in said
    answer = officer.post(page, typed | {"recipient": RECIPIENT, "references": "BY-1999-000001"})
    assert answer.status_code == 422 and "You see no such case" in answer.content.decode()
    answer = officer.post(page, typed | {"recipient": f" {RECIPIENT} "})
    asked = WorkbookRequest.objects.get()
    own = reverse("cases:workbook", args=[asked.pk])
    assert answer.status_code == 302 and answer.headers["Location"] == own
    said = officer.get(own).content.decode()
    assert "somebody else has to decide" in said and "Approve" not in said
    assert "asks to take 1 case out" in supervisor.get("/").content.decode()
    said = supervisor.get(own).content.decode()
    for word in ("Approve", NOTE, RECIPIENT, case.reference):
        assert word in said
    assert supervisor.post(own, {"act": "approve", "note": "Agreed"}).status_code == 302
    assert "is approved: collect it" in officer.get("/").content.decode()
    assert supervisor.post(own, {"act": "collect"}).status_code == 403
    answer = officer.post(own, {"act": "collect"})
    assert "Download the result" in officer.get(answer.headers["Location"]).content.decode()
    answer = officer.get(answer.headers["Location"] + "result/")
    assert answer.headers["Content-Disposition"].endswith('.xlsx.age"')
    assert told(answer.content)[0]["prs_SecondName"] == SENTINELS["identity"]
    assert officer.post(own, {"act": "collect"}).status_code == 404
    trail_page = officer.get(reverse("cases:trail", args=[case.reference])).content.decode()
    for said in ("asked to take cases out", "approved that cases", "took the case out"):
        assert said in trail_page


def test_the_page_tells_which_cases_stay(case, other, alena, client_for):
    agree(case, alena, purposes=["referral"])
    agree(other, alena, purposes=["assistance"])
    asked = ask([case, other], alena, purpose="others")
    said = client_for(alena).get(reverse("cases:workbook", args=[asked.pk])).content.decode()
    assert "1 case stays here" in said and "the person has not agreed" in said
    assert said.count(other.reference) == 2 and said.count(case.reference) == 1


@pytest.mark.parametrize("act", ["approve", "decline", "collect", ""])
def test_the_page_asks_for_a_fresh_sign_in(act, asked, pavel, client_for):
    page = reverse("cases:workbook", args=[asked.pk])
    browser = client_for(pavel, ago=600)
    start = log.size()
    answer = browser.post(page, {"act": act})
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert WorkbookRequest.objects.get().state == "asked" and log.size() == start


# --- What waits for its download ------------------------------------------------------
def test_a_workbook_that_waits_goes_when_a_case_in_it_is_erased(
    asked, case, other, alena, pavel, own_files
):
    approve_workbook(asked, note="Agreed", by=pavel)
    made = Job.objects.get(pk=workbooks.have_made(request_for(alena, asked.pk), by=alena).pk)

    def erase(one):
        erasing = ask_for_erasure(one, reason="person_asked", note="", by=alena)
        approve_erasure(erasing, note="", by=pavel)

    erase(other)
    assert len(told(jobs.fetch(made, by=alena))) == 1
    erase(case)
    with pytest.raises(NotFound, match="a case in it was erased"):
        jobs.fetch(jobs.job_for(alena, made.pk), by=alena)
    assert not (own_files / made.result).exists()
