"""Nothing is written and nothing is read without an event, and without the event nothing is shown."""

import inspect
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from assistance import services as assistance
from assistance.sections import LegalAssistance
from audit import trail
from audit.models import EventCase
from audit.verbs import READS, TOLD_AS, Verb
from cases import door, ledger, storage
from cases.models import (
    Attachment,
    Case,
    CaseUserGrant,
    Consent,
    ErasureRequest,
    Person,
    RetentionRule,
    SearchChange,
)
from cases.sections import ConsentTerms, Identity
from cases.selectors import victim_of
from cases.services import attachments, casework, erasure, grants, intake, renewal, retention
from reporting import services as reporting
from reporting.tables import Definition
from tests.cases.made_files import a_file, arrived
from tests.conftest import PASSWORD, SENTINELS
from tests.guards import log, source

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


# --- Verbs ----------------------------------------------------------------------------
def test_every_verb_has_its_sentence():
    assert set(TOLD_AS) == set(Verb)
    sentences = [str(sentence) for sentence in TOLD_AS.values()]
    assert len(sentences) == len(set(sentences))
    assert all(sentences) and set(Verb) > READS


def test_every_verb_is_used_outside_its_list():
    used = {name for path, name in source.names() if path != "audit/verbs.py"}
    assert [verb.name for verb in Verb if verb.name not in used] == []


VALUES = """
signed_in sign_in_failed signed_out second_factor_changed password_changed refused
account_made role_given office_made case_registered case_imported case_listed
case_searched case_viewed case_changed person_registered person_changed
consent_recorded assistance_recorded assistance_changed grant_given grant_revoked
import_advanced case_audited officer_audited log_read log_verified statistics_frozen
statistics_viewed statistics_exported search_index_built key_rotation_begun key_rotated
key_destroyed case_sealed_anew backup_made restored
case_closed case_reopened hold_put hold_lifted grant_prolonged retention_changed retention_listed
erasure_asked erasure_declined erasure_approved erasure_repeated erasure_hindered erasure_finished
case_erased certificate_given
file_added file_refused file_downloaded file_previewed file_scanned file_released
file_removed files_swept
"""


def test_values_of_verbs_are_for_ever():
    """They stand in the log. A value that goes missing here was renamed, which must not happen."""
    assert {verb.value for verb in Verb} >= set(VALUES.split())


# --- Services -------------------------------------------------------------------------
# Functions that write nothing and disclose nothing.
READERS = {
    casework: {"check_can_write", "locked"},
    grants: {"check_can_grant", "can_grant"},
    assistance: {"check_can_record"},
    renewal: {"how_many", "sealed_models"},
    attachments: {"has_preview", "reseal_file"},
    retention: {"years_by_kind", "kind_of", "years_later", "lock_living"},
    erasure: {"open_request", "is_due"},
    reporting: {"latest_snapshot", "snapshots", "build_table", "surface_of"},
}
OPENED = {Verb.PERSON_REGISTERED, Verb.CONSENT_RECORDED, Verb.GRANT_GIVEN}
ERASED = {Verb.KEY_DESTROYED, Verb.CASE_ERASED}
# Function → the events it leaves, and no others.
WRITERS = {
    accounts: {
        "make_office": {Verb.OFFICE_MADE},
        "make_user": {Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN},
        "give_role": {Verb.ROLE_GIVEN},
    },
    intake: {
        "register_case": OPENED | {Verb.CASE_REGISTERED},
        "register_many": OPENED | {Verb.CASE_IMPORTED},
        "start_import": {Verb.IMPORT_ADVANCED},
        "register_batch": OPENED | {Verb.CASE_IMPORTED, Verb.IMPORT_ADVANCED},
    },
    casework: {
        "change_person": {Verb.PERSON_CHANGED, Verb.CASE_CHANGED, Verb.CASE_VIEWED},
        "record_consent": {Verb.CONSENT_RECORDED},
    },
    grants: {"give_grant": {Verb.GRANT_GIVEN}, "revoke_grant": {Verb.GRANT_REVOKED}},
    attachments: {
        "add_file": {Verb.FILE_ADDED},
        "picture_of": {Verb.FILE_PREVIEWED},
        "scan_again": {Verb.FILE_SCANNED, Verb.FILE_RELEASED},
        "remove_file": {Verb.FILE_REMOVED, Verb.CASE_VIEWED},
        "sweep": {Verb.FILES_SWEPT},
    },
    retention: {
        "set_years": {Verb.RETENTION_CHANGED},
        "close_case": {Verb.CASE_CLOSED, Verb.CASE_VIEWED, Verb.GRANT_PROLONGED},
        "reopen_case": {Verb.CASE_REOPENED},
        "put_on_hold": {Verb.HOLD_PUT},
        "lift_hold": {Verb.HOLD_LIFTED},
    },
    erasure: {
        "ask_for_erasure": {Verb.ERASURE_ASKED},
        "decline_erasure": {Verb.ERASURE_DECLINED},
        "approve_erasure": {Verb.ERASURE_APPROVED} | ERASED | {Verb.ERASURE_FINISHED},
        "continue_erasures": ERASED | {Verb.ERASURE_FINISHED},
        "finish_erasures": ERASED | {Verb.ERASURE_FINISHED},
        "replay": {Verb.ERASURE_REPEATED} | ERASED,
    },
    renewal: {
        "renew_case": {Verb.CASE_SEALED_ANEW, Verb.KEY_ROTATED},
        "renew_all": {Verb.CASE_SEALED_ANEW, Verb.KEY_ROTATED},
    },
    assistance: {
        "record_assistance": {Verb.ASSISTANCE_RECORDED},
        "change_assistance": {Verb.ASSISTANCE_CHANGED, Verb.CASE_VIEWED},
    },
    reporting: {
        "take_snapshot": {Verb.STATISTICS_FROZEN},
        "view_table": {Verb.STATISTICS_VIEWED},
        "export_table": {Verb.STATISTICS_EXPORTED},
    },
}
CALLS = [(module, name) for module, functions in WRITERS.items() for name in functions]


def test_every_service_is_listed():
    services = {path for path in source.modules() if "services" in path and "__init__" not in path}
    listed = {module.__name__.replace(".", "/") + ".py" for module in WRITERS}
    assert services == listed | {"cases/services/new_case.py"}
    for module in WRITERS:
        public = {
            name
            for name, function in inspect.getmembers(module, inspect.isroutine)
            if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
        }
        assert public == WRITERS[module].keys() | READERS.get(module, set()), module.__name__


@pytest.fixture
def arguments(
    case, new_case, alena, pavel, ihar, volha, yury, viktar, office, share, settings, own_files
):
    """Name of a service → what it is called with, made when it is asked for."""
    day = {"status": "delivered", "starts_on": TODAY, "by": alena}
    person = {"password": PASSWORD, "office": office, "by": viktar, "display_name": "N"}

    def run():
        file = {"file_digest": "0" * 64, "layout": "htcds", "rows_total": 1}
        return intake.start_import(**file, office=office, owner=alena, by=pavel)

    def note():
        return assistance.record_assistance(case, content=LegalAssistance(), **day)

    def change():
        victim = victim_of(case)
        [before] = door.open_rows([victim], by=alena)
        after = {"identity": Identity(second_name="Новая")}
        return (victim,), {"before": before, "after": after, "revision": 1, "by": alena}

    def waiting_file():
        """One that came while the scanner did not answer."""
        settings.CLAMD = "127.0.0.1:9"
        row = a_file(case, alena)
        settings.CLAMD = ""
        return (row,), {"by": alena}

    def asked():
        return erasure.ask_for_erasure(case, reason="person_asked", note="Wish", by=alena)

    def broken_off():
        """An erasure that was approved, and no step of it taken."""
        request = asked()
        request.state, request.decided_by, request.decided_on = "approved", pavel, TODAY
        trail.save(request, verb=Verb.ERASURE_APPROVED, by=pavel)
        return (), {}

    def listed():
        path = own_files / "list.txt"
        path.write_bytes(ledger._line(ledger.Entry(case.pk, timezone.now())))
        return (path,), {}

    def left_over():
        storage.files().save(f"attachments/{case.pk}/left", ContentFile(b"sealed"))
        return (), {"now": timezone.now() + timedelta(days=2)}

    until = timezone.now() + timedelta(days=3)
    many = {"office": office, "owner": alena, "by": pavel}
    homel = {"name": "Homel", "country": "BY", "organisation": office.organisation}
    to_ihar = {"to": ihar, "classes": ["legal"], "may_write": True, "ends": until}
    return {
        "make_office": lambda: ((), {"code": "BY-HOM", "by": viktar} | homel),
        "make_user": lambda: ((), {"username": "nina", "roles": ["legal"]} | person),
        "give_role": lambda: ((), {"user": ihar, "role": "legal", "by": viktar}),
        "renew_case": lambda: ((case.pk,), {"by": None}),
        "add_file": lambda: (
            (case,),
            {"upload": arrived(case, "a.txt", b"Told"), "cls": "legal", "by": alena},
        ),
        "picture_of": lambda: ((a_file(case, alena),), {"by": alena}),
        "scan_again": waiting_file,
        "remove_file": lambda: (
            (a_file(case, alena),),
            {"reason": "Twice", "revision": 1, "by": alena},
        ),
        "sweep": left_over,
        "renew_all": lambda: ((), {"by": None}),
        "set_years": lambda: (({"adult": 7},), {"by": viktar}),
        "close_case": lambda: (
            (case,),
            {"status": "Closed", "reason": "Over", "closed_on": TODAY, "by": alena},
        ),
        "reopen_case": lambda: (
            (retention.close_case(case, status="Closed", reason="", closed_on=TODAY, by=alena),),
            {"note": "Back", "by": alena},
        ),
        "put_on_hold": lambda: ((case,), {"note": "Court", "by": pavel}),
        "lift_hold": lambda: (
            (retention.put_on_hold(case, note="Court", by=pavel),),
            {"note": "Done", "by": pavel},
        ),
        "ask_for_erasure": lambda: (
            (case,),
            {"reason": "person_asked", "note": "Wish", "by": alena},
        ),
        "decline_erasure": lambda: ((asked(),), {"note": "No", "by": pavel}),
        "approve_erasure": lambda: ((asked(),), {"note": "Yes", "by": pavel}),
        "continue_erasures": broken_off,
        "finish_erasures": broken_off,
        "replay": listed,
        "register_case": lambda: ((new_case,), {"by": alena}),
        "register_many": lambda: (([new_case] * 2,), many),
        "start_import": lambda: (
            (),
            {"file_digest": "1" * 64, "layout": "ctdc", "rows_total": 2} | many,
        ),
        "register_batch": lambda: ((run(), [new_case]), {"rows_done": 1, "by": pavel}),
        "change_person": change,
        "record_consent": lambda: (
            (case,),
            {"terms": ConsentTerms(), "recorded_on": TODAY, "by": alena},
        ),
        "give_grant": lambda: ((case,), {"reason": "review", "by": alena} | to_ihar),
        "revoke_grant": lambda: ((share(volha, "psychological"),), {"by": alena}),
        "record_assistance": lambda: ((case,), {"content": LegalAssistance()} | day),
        "change_assistance": lambda: (
            (note(),),
            {"content": LegalAssistance(matter="Other"), "revision": 1} | day,
        ),
        "take_snapshot": lambda: ((), {"by": yury}),
        "view_table": lambda: ((Definition("gender", "", ""),), {"by": yury}),
        "export_table": lambda: ((Definition("gender", "", ""),), {"by": yury}),
    }


def _call(module, name, arguments, yury):
    if name in ("view_table", "export_table"):
        reporting.take_snapshot(by=yury)
    return getattr(module, name), *arguments[name]()


def _run(service, positional, named):
    """Call a service, and to its end when it works step by step."""
    result = service(*positional, **named)
    if inspect.isgenerator(result):
        list(result)


@pytest.mark.parametrize("module, name", CALLS, ids=[name for _module, name in CALLS])
def test_a_service_leaves_its_events(module, name, arguments, yury):
    service, positional, named = _call(module, name, arguments, yury)
    start = log.size()
    _run(service, positional, named)
    assert set(log.verbs_since(start)) == WRITERS[module][name]


@pytest.mark.parametrize("module, name", CALLS, ids=[name for _module, name in CALLS])
def test_a_service_that_cannot_leave_its_events_writes_nothing(
    module, name, arguments, yury, monkeypatch
):
    service, positional, named = _call(module, name, arguments, yury)
    start, before = log.size(), _rows()
    monkeypatch.setattr(trail, "append", _full)
    with pytest.raises(OperationalError):
        _run(service, positional, named)
    assert _rows() == before
    assert log.size() == start


def _full(entries):
    raise OperationalError("database or disk is full")


def _rows():
    """Number of rows and of versions of whatever services write, and who holds what."""
    tables = [accounts.User, accounts.Office, accounts.RoleHolding, SearchChange]
    tables += [Case, Person, Consent, CaseUserGrant, assistance.Assistance, intake.ImportRun]
    tables += [Attachment, ErasureRequest, RetentionRule]
    tables += [table.history.model for table in tables if hasattr(table, "history")]
    tables += [reporting.Snapshot]
    return {table._meta.label: table.objects.count() for table in tables}


# --- Pages ----------------------------------------------------------------------------
# Page → the module that renders it and what its reading is called.
PAGES = {
    "home": ("cases.views.home", Verb.CASE_LISTED),
    "cases:list": ("cases.views.finding", Verb.CASE_LISTED),
    "cases:search": ("cases.views.finding", Verb.CASE_SEARCHED),
    "cases:detail": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:person": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:victim": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:trail": ("cases.views.trail", Verb.CASE_AUDITED),
    "cases:file": ("cases.views.attachments", Verb.CASE_VIEWED),
    "assistance:change": ("assistance.views", Verb.CASE_VIEWED),
}


@pytest.fixture
def visit(case, alena, client_for):
    """Ask for a page as Alena, after filling in what leads there. Gives the answer."""
    note = LegalAssistance(matter=SENTINELS["narrative"])
    row = assistance.record_assistance(
        case, content=note, status="delivered", starts_on=TODAY, by=alena
    )
    picture = a_file(case, alena, description=SENTINELS["narrative"])
    browser = client_for(alena)
    browser.raise_request_exception = False

    def go(page, *, before=lambda: None):
        arguments = {"home": [], "cases:list": [], "cases:search": []}
        arguments["assistance:change"] = [case.reference, row.pk]
        arguments["cases:file"] = [case.reference, picture.pk]
        url = reverse(page, args=arguments.get(page, [case.reference]))
        if page == "cases:search":
            browser.post(url, {"q": SENTINELS["identity"]})
        before()
        return browser.get(url)

    return go


def _discloses(answer):
    page = answer.content.decode()
    return [word for word in SENTINELS.values() if word in page]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_discloses_leaves_its_event(page, visit, case, alena):
    start = log.size()
    answer = visit(page)
    assert answer.status_code == 200 and _discloses(answer)
    _assert_read(start, page, case, alena)


@pytest.mark.parametrize("page", PAGES)
def test_the_event_stays_though_the_page_fails_after_reading(page, visit, case, alena, monkeypatch):
    start = log.size()

    def fail(*args, **kwargs):
        raise RuntimeError(SENTINELS["identity"])

    monkeypatch.setattr(f"{PAGES[page][0]}.render", fail)
    answer = visit(page)
    assert answer.status_code == 500 and not _discloses(answer)
    _assert_read(start, page, case, alena)


@pytest.mark.django_db(transaction=True)
def test_the_event_of_a_page_that_fails_is_committed(visit, case, alena, monkeypatch):
    test_the_event_stays_though_the_page_fails_after_reading(
        "cases:detail", visit, case, alena, monkeypatch
    )


def _assert_read(start, page, case, alena):
    reads = [event for event in log.since(start) if event.verb == PAGES[page][1]]
    assert [(event.actor, event.outcome) for event in reads] == [(alena.pk, "ok")]
    assert EventCase.objects.filter(case=case.pk, seq=reads[0].seq).exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_whose_event_cannot_be_written_shows_nothing(page, visit, monkeypatch):
    answer = visit(page, before=lambda: monkeypatch.setattr(trail, "append", _full))
    assert answer.status_code == 500
    assert not _discloses(answer)


def test_the_list_above_names_every_page_that_opens_something(visit, case):
    """Whoever calls the door or what calls it for them, in a view, is looked at above."""
    opening = {"open_rows", "case_rows", "case_page", "trail_of"}
    views = {
        path.removesuffix(".py").replace("/", ".")
        for path, call in source.calls()
        if "views" in path and source.called(call) in opening
    }
    assert views == {module for module, _verb in PAGES.values()}
