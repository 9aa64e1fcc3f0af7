"""Nothing is written and nothing is read without an event, and without the event nothing is shown."""

import inspect
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from accounts import identities, links, proposals, tokens
from accounts import services as accounts
from accounts.models import LinkedIdentity, Proposal
from accounts.provider import Identity as IdentityElsewhere
from assistance import services as assistance
from assistance.models import Override, Referral
from assistance.money import costs
from assistance.referrals import overrides
from assistance.referrals import services as referrals
from assistance.sections import (
    CostContent,
    FinancialAssistance,
    LegalAssistance,
    ReferralContent,
    SupportPlanContent,
)
from audit import review, trail
from audit.context import RequestContext, serving
from audit.models import EventCase, ReviewItem
from audit.verbs import READS, TOLD_AS, Verb
from cases import approvals, door, ledger, storage
from cases.entries import ENTRY_KINDS
from cases.models import (
    Approval,
    Attachment,
    BrokenGlass,
    Case,
    CaseStatus,
    CaseUserGrant,
    Closure,
    Consent,
    ErasureRequest,
    Exclusion,
    ExportRequest,
    GlassNotice,
    IncomingReferral,
    Person,
    RetentionRule,
    SearchChange,
    Stage,
    Task,
    Transfer,
    WorkbookRequest,
)
from cases.sections import (
    CaseLink,
    CaseSummary,
    CommentContent,
    ConsentTerms,
    Identity,
    IncomingTold,
    RiskContent,
    TaskContent,
    TraffickingEventContent,
)
from cases.selectors import victim_of
from cases.services import (
    attachments,
    casework,
    closing,
    consents,
    decoys,
    erasure,
    exclusions,
    exports,
    glass,
    grants,
    importing,
    incoming,
    intake,
    linking,
    matching,
    merging,
    renewal,
    retention,
    tasks,
    transfers,
    workbooks,
)
from cases.trail_finding import TrailFilter
from jobs import services as jobs
from jobs.models import Job
from reporting import services as reporting
from reporting.dashboards import services as dashboards
from reporting.releases import services as releases
from reporting.releases.models import LedgerEntry, Release, ReleaseFiles
from reporting.tables import Definition
from reporting.verification import services as verifying
from tests.cases.closed import ask_closure, close_case
from tests.cases.made_files import a_file, arrived
from tests.conftest import PASSWORD, SENTINELS
from tests.guards import log, source
from tests.guards.world import RECIPIENT
from tests.jobs.made_jobs import a_job, sent_in
from tests.reporting.releases.made import approve_and_make

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another long and quiet phrase"


def today():
    """Asked for each time: a run may go on past midnight."""
    return timezone.localdate()


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
session_ended tried_too_often second_factor_used second_factor_failed
recovery_codes_shown link_made link_withdrawn link_used sign_on_linked sign_on_unlinked
account_made account_changed role_given role_taken team_made team_joined team_left
office_made organisation_made
system_started system_stopped settings_changed migrated guards_restored demo_loaded
backups_pruned case_registered case_imported case_listed
list_saved list_changed list_removed
case_searched match_told case_viewed case_changed person_registered person_changed
consent_recorded assistance_recorded assistance_changed grant_given grant_revoked
import_advanced case_audited officer_audited log_read log_verified log_exported statistics_frozen
statistics_viewed statistics_exported statistics_loaded statistics_verified token_made token_ended
verification_asked verification_approved verification_declined verification_seen
search_index_built key_rotation_begun key_rotated key_destroyed case_sealed_anew backup_made restored
case_closed case_reopened hold_put hold_lifted grant_prolonged retention_changed retention_listed
erasure_asked erasure_declined erasure_approved erasure_repeated erasure_hindered erasure_finished
review_raised review_read review_signed_off review_escalated decoy_marked decoy_lifted
content_approved case_erased certificate_given event_proven case_exported access_explained
file_added file_refused file_downloaded file_previewed file_scanned file_released
file_removed files_swept export_asked export_approved export_declined export_collected
case_handed_over person_excluded exclusion_ended glass_broken glass_ended glass_told glass_seen
glass_listed
transfer_asked transfer_read transfer_accepted transfer_declined transfer_withdrawn
case_transferred case_merged merge_undone letter_made offer_set budget_reported budget_exported
summary_made plan_printed
plan_followed plan_agreed
incoming_received incoming_read incoming_accepted incoming_declined incoming_withdrawn
incoming_erased
job_asked job_ended job_fetched
workbook_asked workbook_approved workbook_declined workbook_collected case_in_workbook
visit_recorded visit_changed
release_proposed release_approved release_declined privacy_spent release_begun release_made
release_published
release_downloaded
"""


def test_values_of_verbs_are_for_ever():
    """They stand in the log. A value that goes missing here was renamed, which must not happen."""
    assert {verb.value for verb in Verb} >= set(VALUES.split())


# --- Services -------------------------------------------------------------------------
# Functions that write nothing and disclose nothing.
READERS = {
    accounts: {"is_of_supervisors"},
    proposals: {"waiting_for", "open_for", "asked_by", "about", "proposal_for"},
    links: {"find", "open_links", "takes_two"},
    identities: {"person_of", "is_linked", "has_passkey"},
    casework: {"check_can_write", "check_writes", "locked", "kinds_of"},
    consents: {"what_ends"},
    grants: {"check_can_grant", "can_grant", "check_can_assign", "could_take_over", "cases_of"}
    | {"is_revocable", "is_of_the_house", "others_of", "members_of", "can_be_officer", "new_grant"},
    glass: {"restricted_case", "open_glass", "notices_for"},
    review: {"queue_of", "signed_off_of", "waiting_for", "waiting_in_offices"}
    | {"item_for", "may_decide"},
    approvals: {"row_of", "approved_versions", "standings", "is_as_pinned"},
    assistance: {"check_can_record"},
    referrals: {"receivers", "sides_of", "steps_for", "is_running", "is_overdue"}
    | {"referred_to", "sent_by", "is_at_desk", "check_content", "grant_for", "new_referral"},
    overrides: {"override_of", "waiting_for"},
    renewal: {"how_many", "sealed_models"},
    attachments: {"has_preview", "reseal_file"},
    retention: {"years_by_kind", "kind_of", "years_later", "lock_living"},
    tasks: {"may_give", "could_do", "may_end", "next_due"},
    merging: {"check_can_merge", "is_reversible"},
    closing: {"closing_act", "waiting_closure"},
    incoming: {"offices_to_ask", "may_accept", "with_referral"},
    transfers: {"check_can_transfer", "offices_for", "officers_for", "waiting_transfer"},
    intake: {"first_grants"},
    erasure: {"open_request", "is_due"},
    exports: {"is_large", "events_wanted", "open_request", "waiting_for", "wanted_of"},
    workbooks: {"wanted_cases", "check_recipient", "request_for", "waiting_for", "asked_by"}
    | {"note_of", "staying"},
    importing: {"check_officer"},
    jobs: {"check_right", "jobs_of", "job_for", "unfinished", "last_of", "is_under_way"},
    tokens: {"token_for", "tokens_of"},
    verifying: {"verification_for", "verifications_of", "how_many_wait", "note_of", "answer_of"},
    reporting: {"latest_snapshot", "current_snapshot", "snapshots", "snapshot_of"}
    | {"build_table", "surface_of"},
    releases: {"releases_for", "release_for", "may_decide", "may_download"}
    | {"stand_of", "made_until", "job_of"},
}
OPENED = {Verb.PERSON_REGISTERED, Verb.CONSENT_RECORDED, Verb.GRANT_GIVEN}
WORKED = {Verb.JOB_ASKED, Verb.JOB_ENDED}  # a job is done at once in tests
MADE = {Verb.RELEASE_BEGUN, Verb.RELEASE_MADE, Verb.RELEASE_PUBLISHED}
ERASED = {Verb.KEY_DESTROYED, Verb.CASE_ERASED}
# Function → the events it leaves, and no others.
WRITERS = {
    accounts: {
        "make_organisation": {Verb.ORGANISATION_MADE},
        "make_team": {Verb.TEAM_MADE},
        "make_office": {Verb.TEAM_MADE, Verb.OFFICE_MADE},
        "make_user": {Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN},
        "change_account": {Verb.ACCOUNT_CHANGED, Verb.TEAM_LEFT, Verb.TEAM_JOINED},
        "choose_display": {Verb.ACCOUNT_CHANGED},
        "end_tour": {Verb.ACCOUNT_CHANGED},
        "give_role": {Verb.ROLE_GIVEN},
        "take_role": {Verb.ROLE_TAKEN, Verb.TEAM_LEFT},
        "join_team": {Verb.TEAM_JOINED},
        "leave_team": {Verb.TEAM_LEFT},
        "open_account": {Verb.ACCOUNT_MADE},
        "rename_account": {Verb.ACCOUNT_CHANGED},
        "place_account": {Verb.ACCOUNT_CHANGED},
        "suspend_account": {Verb.ACCOUNT_CHANGED},
        "turn_off_second_factor": {Verb.SECOND_FACTOR_TURNED_OFF},
        "make_desk": {Verb.TEAM_MADE, Verb.DESK_SET_UP},
        "rename_organisation": {Verb.ORGANISATION_CHANGED},
        "rename_office": {Verb.OFFICE_CHANGED},
        "rename_team": {Verb.TEAM_CHANGED},
    },
    proposals: {
        "propose": {Verb.PROPOSED},
        "approve_proposal": {Verb.PROPOSAL_APPROVED, Verb.ROLE_GIVEN},
        "decline_proposal": {Verb.PROPOSAL_DECLINED},
        "withdraw_proposal": {Verb.PROPOSAL_WITHDRAWN},
        "end_expired": {Verb.PROPOSAL_EXPIRED},
    },
    links: {
        "invite": {Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN, Verb.LINK_MADE},
        "make_link": {Verb.LINK_WITHDRAWN, Verb.LINK_MADE},
        "make_first_link": {Verb.LINK_MADE},
        "withdraw": {Verb.LINK_WITHDRAWN},
        "accept": {Verb.LINK_USED, Verb.PASSWORD_CHANGED},
        "accept_identity": {Verb.LINK_USED, Verb.SIGN_ON_LINKED},
    },
    identities: {
        "link_identity": {Verb.SIGN_ON_LINKED},
        "unlink_identity": {Verb.SIGN_ON_UNLINKED},
    },
    intake: {
        "register_case": OPENED | {Verb.CASE_REGISTERED},
        "register_many": OPENED | {Verb.CASE_IMPORTED},
        "start_import": {Verb.IMPORT_ADVANCED},
        "register_batch": OPENED | {Verb.CASE_IMPORTED, Verb.IMPORT_ADVANCED},
    },
    casework: {
        "change_person": {Verb.PERSON_CHANGED, Verb.CASE_CHANGED, Verb.CASE_VIEWED},
        "change_summary": {Verb.CASE_CHANGED, Verb.CASE_VIEWED},
        "put_summary": {Verb.CASE_CHANGED},
        "facts_by_source": {Verb.CASE_VIEWED},
        "record_entry": {Verb.COMMENT_WRITTEN},
        "change_entry": {Verb.TRAFFICKING_EVENT_CHANGED},
        "move_case": {Verb.STAGE_CHANGED},
    },
    linking: {
        "link_cases": {Verb.CASE_VIEWED, Verb.PERSON_CHANGED},
        "unlink_cases": {Verb.CASE_VIEWED, Verb.PERSON_CHANGED},
        "opened_links": {Verb.CASE_VIEWED},
        "write_links": {Verb.PERSON_CHANGED},
    },
    merging: {
        "merge_cases": {
            *(Verb.CASE_VIEWED, Verb.PERSON_CHANGED, Verb.CASE_MERGED),
            *(Verb.CASE_CLOSED, Verb.GRANT_PROLONGED),
        },
        "undo_merge": {
            *(Verb.CASE_VIEWED, Verb.PERSON_CHANGED, Verb.MERGE_UNDONE, Verb.CASE_REOPENED)
        },
    },
    consents: {"record_consent": {Verb.CONSENT_RECORDED, Verb.GRANT_REVOKED}},
    grants: {
        "end_uncovered": {Verb.GRANT_REVOKED},
        "give_grant": {Verb.GRANT_GIVEN},
        "put_grant": {Verb.GRANT_GIVEN},
        "revoke_grant": {Verb.GRANT_REVOKED},
        "hand_over_all": {Verb.CASE_HANDED_OVER, Verb.GRANT_REVOKED, Verb.GRANT_GIVEN},
        "end_grant": {Verb.GRANT_REVOKED},
        "hand_over": {Verb.CASE_HANDED_OVER, Verb.GRANT_REVOKED, Verb.GRANT_GIVEN},
        "move_grants": {Verb.GRANT_REVOKED, Verb.GRANT_GIVEN},
    },
    matching: {"whom_to_ask": {Verb.MATCH_TOLD, Verb.SEARCH_INDEX_BUILT}},
    exclusions: {
        "exclude": {Verb.PERSON_EXCLUDED},
        "end_exclusion": {Verb.EXCLUSION_ENDED},
    },
    glass: {
        "break_glass": {Verb.GRANT_GIVEN, Verb.GLASS_BROKEN, Verb.GLASS_TOLD},
        "note_seen": {Verb.GLASS_SEEN},
        "end_glass": {Verb.GRANT_REVOKED, Verb.GLASS_ENDED},
        "end_run_out": {Verb.GLASS_ENDED},
        "end_glass_with_grant": {Verb.GLASS_ENDED},
    },
    attachments: {
        "add_file": {Verb.FILE_ADDED},
        "picture_of": {Verb.FILE_PREVIEWED},
        "scan_again": {Verb.FILE_SCANNED, Verb.FILE_RELEASED},
        "remove_file": {Verb.FILE_REMOVED, Verb.CASE_VIEWED},
        "sweep": {Verb.FILES_SWEPT},
    },
    retention: {
        "set_years": {Verb.RETENTION_CHANGED},
        "reopen_case": {Verb.CASE_REOPENED, Verb.CASE_VIEWED},
        "put_on_hold": {Verb.HOLD_PUT},
        "lift_hold": {Verb.HOLD_LIFTED},
    },
    closing: {
        "ask_closure": {Verb.CLOSURE_ASKED, Verb.CASE_VIEWED},
        "send_back": {Verb.CLOSURE_SENT_BACK, Verb.CASE_VIEWED},
        "close": {Verb.CASE_CLOSED, Verb.GRANT_PROLONGED},
    },
    tasks: {
        "give_task": {Verb.TASK_GIVEN},
        "end_task": {Verb.TASK_DONE, Verb.TASK_GIVEN, Verb.CASE_VIEWED},
    },
    incoming: {
        "send_incoming": {Verb.INCOMING_RECEIVED},
        "take_down": {Verb.INCOMING_RECEIVED},
        "accept_as_new": OPENED | {Verb.CASE_REGISTERED, Verb.INCOMING_ACCEPTED},
        "accept_for": {Verb.CASE_VIEWED, Verb.CASE_CHANGED, Verb.INCOMING_ACCEPTED},
        "decline_incoming": {Verb.INCOMING_DECLINED},
        "withdraw_incoming": {Verb.INCOMING_WITHDRAWN},
        "erase": {Verb.INCOMING_ERASED},
        "erase_of_case": {Verb.INCOMING_ERASED},
        "erase_old": {Verb.INCOMING_ERASED},
    },
    transfers: {
        "ask_transfer": {Verb.TRANSFER_ASKED},
        "withdraw_transfer": {Verb.TRANSFER_WITHDRAWN},
        "accept_transfer": {Verb.TRANSFER_ACCEPTED, Verb.CASE_TRANSFERRED}
        | {Verb.GRANT_REVOKED, Verb.GRANT_GIVEN},
        "decline_transfer": {Verb.TRANSFER_DECLINED},
    },
    exports: {
        "ask_for_export": {Verb.EXPORT_ASKED},
        "approve_export": {Verb.EXPORT_APPROVED},
        "decline_export": {Verb.EXPORT_DECLINED},
        "collect_export": {Verb.EXPORT_COLLECTED},
    },
    workbooks: {
        "ask_for_workbook": {Verb.WORKBOOK_ASKED},
        "approve_workbook": {Verb.WORKBOOK_APPROVED},
        "decline_workbook": {Verb.WORKBOOK_DECLINED},
        "collect_workbook": {Verb.WORKBOOK_COLLECTED, Verb.CASE_IN_WORKBOOK},
        "have_made": {Verb.WORKBOOK_COLLECTED, Verb.CASE_IN_WORKBOOK} | WORKED,
    },
    importing: {"ask_for_import": WORKED},
    jobs: {
        "ask": WORKED,
        "cancel": {Verb.JOB_ENDED},
        "fetch": {Verb.JOB_FETCHED},
    },
    erasure: {
        "ask_for_erasure": {Verb.ERASURE_ASKED},
        "decline_erasure": {Verb.ERASURE_DECLINED},
        "approve_erasure": {Verb.ERASURE_APPROVED} | ERASED | {Verb.ERASURE_FINISHED},
        "continue_erasures": ERASED | {Verb.ERASURE_FINISHED},
        "finish_erasures": ERASED | {Verb.ERASURE_FINISHED},
        "replay": {Verb.ERASURE_REPEATED} | ERASED,
    },
    decoys: {"mark_decoy": {Verb.DECOY_MARKED}, "lift_decoy": {Verb.DECOY_LIFTED}},
    review: {
        "look_through_log": {Verb.REVIEW_RAISED},
        "sign_off": {Verb.REVIEW_SIGNED_OFF},
        "escalate": {Verb.REVIEW_ESCALATED},
        "escalate_overdue": {Verb.REVIEW_ESCALATED},
    },
    approvals: {"approve": {Verb.CONTENT_APPROVED, Verb.CASE_VIEWED}},
    renewal: {
        "renew_case": {Verb.CASE_SEALED_ANEW, Verb.KEY_ROTATED},
        "renew_all": {Verb.CASE_SEALED_ANEW, Verb.KEY_ROTATED},
    },
    assistance: {
        "record_assistance": {Verb.ASSISTANCE_RECORDED},
        "change_assistance": {Verb.ASSISTANCE_CHANGED, Verb.CASE_VIEWED},
    },
    referrals: {
        "send_referral": {Verb.CASE_VIEWED, Verb.GRANT_GIVEN, Verb.REFERRAL_SENT},
        "note_received": {Verb.REFERRAL_RECEIVED},
        "take_step": {Verb.CASE_VIEWED, Verb.REFERRAL_DECLINED, Verb.GRANT_REVOKED},
        "give_feedback": {Verb.CASE_VIEWED, Verb.REFERRAL_ANSWERED},
        "record_fallback": {Verb.CASE_VIEWED, Verb.REFERRAL_REPLACED},
        "end_with_its_grant": {Verb.REFERRAL_WITHDRAWN},
        "step": {Verb.REFERRAL_RECEIVED},
    },
    overrides: {
        "ask_for_override": {Verb.CASE_VIEWED, Verb.REFERRAL_PREPARED, Verb.OVERRIDE_ASKED},
        "approve_override": {Verb.OVERRIDE_APPROVED, Verb.GRANT_GIVEN, Verb.REFERRAL_SENT},
        "decline_override": {Verb.OVERRIDE_DECLINED, Verb.REFERRAL_REFUSED},
    },
    reporting: {
        "take_snapshot": {Verb.STATISTICS_FROZEN},
        "view_table": {Verb.STATISTICS_VIEWED},
        "export_table": {Verb.STATISTICS_EXPORTED},
    },
    dashboards: {
        "view_dashboard": {Verb.STATISTICS_VIEWED},
        "export_dashboard": {Verb.STATISTICS_EXPORTED},
    },
    verifying: {
        "ask_to_verify": {Verb.VERIFICATION_ASKED},
        "approve_verification": {Verb.VERIFICATION_APPROVED},
        "decline_verification": {Verb.VERIFICATION_DECLINED},
        "look_at_exact": {Verb.VERIFICATION_SEEN, Verb.STATISTICS_VERIFIED},
    },
    tokens: {
        "make_token": {Verb.TOKEN_MADE},
        "end_token": {Verb.TOKEN_ENDED},
        "end_useless": {Verb.TOKEN_ENDED},
        "end_all": {Verb.TOKEN_ENDED},
    },
    releases: {
        "propose_release": {Verb.RELEASE_PROPOSED},
        "approve_release": {Verb.RELEASE_APPROVED, Verb.PRIVACY_SPENT},
        "approve_and_have_made": {Verb.RELEASE_APPROVED, Verb.PRIVACY_SPENT} | MADE | WORKED,
        "decline_release": {Verb.RELEASE_DECLINED},
        "have_release_made": MADE | WORKED,
        "make_release": MADE,
        "download_release": {Verb.RELEASE_DOWNLOADED},
    },
}
CALLS = [(module, name) for module, functions in WRITERS.items() for name in functions]


def test_every_service_is_listed():
    services = {path for path in source.modules() if "services" in path and "__init__" not in path}
    listed = {module.__name__.replace(".", "/") + ".py" for module in WRITERS}
    services |= {"audit/review.py", "cases/approvals.py", "assistance/referrals/overrides.py"}
    services |= {
        "accounts/links.py",
        "accounts/proposals.py",
        "accounts/identities.py",
        "accounts/tokens.py",
    }
    assert services == listed | {"cases/services/new_case.py", "cases/services/two_people.py"}
    for module in WRITERS:
        public = {
            name
            for name, function in inspect.getmembers(module, inspect.isroutine)
            if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
        }
        assert public == WRITERS[module].keys() | READERS.get(module, set()), module.__name__


@pytest.fixture
def arguments(
    case,
    daria,
    new_case,
    alena,
    pavel,
    ihar,
    volha,
    yury,
    viktar,
    office,
    other_office,
    iryna,
    share,
    settings,
    own_files,
    time_machine,
):
    """Name of a service → what it is called with, made when it is asked for."""
    day = {"status": "delivered", "starts_on": today(), "by": alena}
    person = {"password": PASSWORD, "office": office, "by": viktar, "display_name": "N"}
    keeping = person | {"username": "keeper", "roles": ["case_officer"], "office": other_office}
    keeper = accounts.make_user(**keeping)
    moving = {"to": other_office, "note": "Moves", "person_agrees": True, "by": alena}

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

    event, comment = ENTRY_KINDS["event"], CommentContent(cls="legal", comment="Asked")

    call = TaskContent(cls="legal", task="Call")
    weekly = {"due_on": today(), "assignee": alena, "repeats": "weekly", "by": alena}

    def event_changed():
        happened = TraffickingEventContent(event_type="Transit")
        row = casework.record_entry(case, event, happened, by=alena)
        given = {"before": happened, "revision": 1, "by": alena}
        return (row, event, TraffickingEventContent(city="Brest")), given

    def merged():
        twin = intake.register_case(new_case, by=alena)
        merging.merge_cases(twin, case, reason="One passport", by=pavel)
        return twin

    def linked_cases():
        other = intake.register_case(new_case, by=alena)
        linking.link_cases(case, other, link="family", remarks="", by=alena)
        [sections] = door.open_rows([victim_of(case)], by=alena)
        return (case, UUID(sections["links"].links[0].key)), {"reason": "Mistaken", "by": alena}

    def referred():
        """The case, which a partner sees."""
        partner = accounts.make_user(
            username="partner", roles=["partner_officer"], **person | {"by": None, "office": None}
        )
        given = {"classes": ["legal"], "may_write": False, "ends": until, "reason": "referral"}
        grants.give_grant(case, to=partner, by=alena, **given)
        return case

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
        request.state, request.decided_by, request.decided_on = "approved", pavel, today()
        trail.save(request, verb=Verb.ERASURE_APPROVED, by=pavel)
        return (), {}

    def listed():
        path = own_files / "list.txt"
        path.write_bytes(ledger._line(ledger.Entry(case.pk, timezone.now())))
        return (path,), {}

    def left_over():
        storage.files().save(f"attachments/{case.pk}/left", ContentFile(b"sealed"))
        return (), {"now": timezone.now() + timedelta(days=2)}

    supervisors = office.supervisors.team
    night = accounts.make_team(name="Evening", by=None)
    accounts.join_team(user=pavel, team=night, by=None)
    newcomer = accounts.open_account(username="vera", display_name="Vera", office=office, by=viktar)

    def second_factor():
        Authenticator.objects.create(user=ihar, type="totp", data={})
        return (ihar,), {"by": viktar}

    def proposed():
        give = {"parameter": "legal", "note": "Asked to"}
        with serving(RequestContext("r", "elsewhere")):
            return proposals.propose("give_role", subject=ihar, by=viktar, **give)

    def late():
        row = proposed()
        row.asked_at -= timedelta(days=4)
        trail.save(row, verb=Verb.PROPOSED, by=viktar)
        return (), {}

    def to_verify():
        with serving(RequestContext("r", "elsewhere")):
            return verifying.ask_to_verify(Definition("gender"), note="Check", by=yury)

    def a_token():
        return tokens.make_token(name="Dashboard", by=yury)[0]

    def useless():
        token = a_token()
        yury.is_active = False
        trail.save(yury, verb=Verb.ACCOUNT_CHANGED, by=viktar)
        return (token.user,), {"by": viktar}

    elsewhere = IdentityElsewhere("https://id.example", "ihar")
    invited = {"display_name": "N", "office": office, "by": viktar}

    def linked():
        return links.make_link(ihar, by=viktar)[0]

    def payment():
        content = FinancialAssistance(amount=40, currency="BYN")
        return assistance.record_assistance(case, content=content, **day)

    def exported():
        trail.record(Verb.STATISTICS_EXPORTED, by=alena)

    def to_review():
        exported()
        review.look_through_log()
        return ReviewItem.objects.get(rule="export")

    def broken():
        return glass.break_glass(case, ground="danger", note="Now", classes=["identity"], by=ihar)

    def taken_back():
        """A grant of broken glass that was taken back, and the glass still open."""
        grant = broken().grant
        grant.revoked_at, grant.revoked_by = timezone.now(), alena
        trail.save(grant, verb=Verb.GRANT_REVOKED, by=alena)
        return grant

    def run_out():
        time_machine.move_to(broken().grant.ends + timedelta(seconds=1))
        return (), {}

    def overdue():
        broken()
        review.look_through_log()
        time_machine.move_to(timezone.now() + timedelta(hours=73))
        return (), {}

    def excluded():
        return exclusions.exclude(case, person=volha, ground="relative", note="", by=pavel)

    a_release = {"year": 2021, "title": "Of 2021", "tables": [["gender"]]}

    def to_publish():
        return releases.propose_release("dp_tables", a_release, by=yury)

    def to_make():
        return (releases.approve_release(to_publish(), by=daria),), {"by": daria}

    def published():
        return (approve_and_make(to_publish(), by=daria),), {"by": yury}

    wanted = {"reason": "court", "note": "Order", "wanted": TrailFilter()}

    def to_export():
        return exports.ask_for_export(case, **wanted, by=alena)

    going = {"purpose": "ourselves", "recipient": RECIPIENT, "note": "We move"}

    def to_workbook():
        return workbooks.ask_for_workbook([case], **going, by=alena)

    until = timezone.now() + timedelta(days=3)
    haven, halina = a_desk(viktar)
    about = {"content": ReferralContent(service="documents"), "classes": ["identity"]}
    referring = {"to": haven, "until": until.date(), "answer_due": today(), "by": alena} | about

    def sent():
        return referrals.send_referral(case, **referring)

    told_of = incoming.Referred(told=IncomingTold(why_trafficked="Told"))
    taking_down = {"organisation": None, "received_on": today(), "answer_due": today()}
    taking_down |= {"by": alena}

    def taken_down():
        return incoming.take_down(told_of, **taking_down)

    def of_a_case():
        row = taken_down()
        return incoming.accept_as_new(row, new_case, arranged="", by=alena).became.pk

    def long_declined():
        incoming.decline_incoming(taken_down(), because="No bed", advised="", by=pavel)
        time_machine.move_to(timezone.now() + timedelta(days=100))
        return (), {}

    def not_to_be():
        withdrawn = {"said": "Moved", "revision": 1, "by": alena}
        return referrals.take_step(sent(), "withdrawn", **withdrawn)

    def no_consent():
        return consents.record_consent(case, terms=ConsentTerms(), recorded_on=today(), by=alena)

    def unagreed():
        no_consent()
        return overrides.ask_for_override(case, ground="unable", note="Now", **referring)

    def new_referral_grant():
        given = {"classes": ["legal"], "may_write": False, "ends": until, "reason": "review"}
        return grants.new_grant(case, to=ihar, by=alena, **given)

    many = {"office": office, "owner": alena, "by": pavel}
    homel = {"name": "Homel", "country": "BY", "organisation": office.organisation}
    to_ihar = {"to": ihar, "classes": ["legal"], "may_write": True, "ends": until}
    return {
        "ask_for_export": lambda: ((case,), wanted | {"by": alena}),
        "approve_export": lambda: ((to_export(),), {"note": "Yes", "by": pavel}),
        "decline_export": lambda: ((to_export(),), {"note": "No", "by": pavel}),
        "collect_export": lambda: (
            (exports.approve_export(to_export(), note="Yes", by=pavel),),
            {"by": alena},
        ),
        "ask_for_workbook": lambda: (([case],), going | {"by": alena}),
        "approve_workbook": lambda: ((to_workbook(),), {"note": "Yes", "by": pavel}),
        "decline_workbook": lambda: ((to_workbook(),), {"note": "No", "by": pavel}),
        "ask_for_import": lambda: (
            (sent_in(b"Told"),),
            {"owner": alena, "accept_good_rows": False, "by": pavel},
        ),
        "ask": lambda: (("import",), {"parameters": {}, "by": pavel}),
        "cancel": lambda: ((a_job(alena),), {"by": alena}),
        "fetch": lambda: ((a_job(alena, b"made"),), {"by": alena}),
        "have_made": lambda: (
            (workbooks.approve_workbook(to_workbook(), note="Yes", by=pavel),),
            {"by": alena},
        ),
        "collect_workbook": lambda: (
            (workbooks.approve_workbook(to_workbook(), note="Yes", by=pavel),),
            {"by": alena},
        ),
        "make_office": lambda: ((), {"code": "BY-HOM", "by": viktar} | homel),
        "make_user": lambda: ((), {"username": "nina", "roles": ["legal"]} | person),
        "make_organisation": lambda: ((), {"name": "Shelter", "kind": "NGO", "by": viktar}),
        "make_team": lambda: ((), {"name": "Night", "by": viktar}),
        "change_account": lambda: ((pavel,), {"office": other_office, "by": viktar}),
        "choose_display": lambda: ((ihar, "language", "be"), {}),
        "end_tour": lambda: ((ihar,), {}),
        "give_role": lambda: ((), {"user": ihar, "role": "legal", "by": viktar}),
        "take_role": lambda: ((), {"user": pavel, "role": "supervisor", "by": viktar}),
        "invite": lambda: ((), {"username": "nina", "roles": ["legal"]} | invited),
        "make_link": lambda: ((linked().user,), {"by": viktar}),
        "make_first_link": lambda: ((newcomer,), {"by": viktar}),
        "withdraw": lambda: ((linked(),), {"by": viktar}),
        "accept": lambda: ((links.make_link(ihar, by=viktar)[1], NEW_PASSWORD), {}),
        "accept_identity": lambda: ((links.make_link(newcomer, by=viktar)[1], elsewhere), {}),
        "link_identity": lambda: ((elsewhere,), {"user": ihar}),
        "unlink_identity": lambda: (
            (identities.link_identity(elsewhere, user=ihar).user,),
            {"by": viktar},
        ),
        "join_team": lambda: ((), {"user": ihar, "team": supervisors, "by": viktar}),
        "leave_team": lambda: ((), {"user": pavel, "team": night, "by": viktar}),
        "open_account": lambda: (
            (),
            {"username": "nina", "display_name": "N", "office": office, "by": viktar},
        ),
        "rename_account": lambda: ((ihar,), {"display_name": "Ihar B", "by": viktar}),
        "place_account": lambda: ((newcomer,), {"office": other_office, "by": viktar}),
        "suspend_account": lambda: ((ihar,), {"by": viktar}),
        "turn_off_second_factor": second_factor,
        "make_desk": lambda: ((office.organisation,), {"by": viktar}),
        "rename_organisation": lambda: ((office.organisation,), {"name": "Us", "by": viktar}),
        "rename_office": lambda: ((office,), {"name": "Minsk 2", "by": viktar}),
        "rename_team": lambda: ((night,), {"name": "Dusk", "by": viktar}),
        "propose": lambda: (
            ("give_role",),
            {"subject": ihar, "parameter": "legal", "note": "Why", "by": viktar},
        ),
        "approve_proposal": lambda: ((proposed(),), {"note": "Yes", "by": pavel}),
        "decline_proposal": lambda: ((proposed(),), {"note": "No", "by": pavel}),
        "withdraw_proposal": lambda: ((proposed(),), {"by": viktar}),
        "end_expired": late,
        "mark_decoy": lambda: ((case,), {"by": pavel}),
        "lift_decoy": lambda: ((decoys.mark_decoy(case, by=pavel).case,), {"by": pavel}),
        "look_through_log": lambda: ((), {"most": exported()}),
        "sign_off": lambda: ((to_review(),), {"note": "Agreed", "revision": 1, "by": pavel}),
        "escalate": lambda: ((to_review(),), {"note": "", "revision": 1, "by": pavel}),
        "approve": lambda: ((payment(),), {"revision": 1, "by": pavel}),
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
        "ask_closure": lambda: (
            (case,),
            {"status": "Closed", "closed_on": today(), "reason": "Other", "details": "Over"}
            | {"explained": {}, "by": alena},
        ),
        "give_task": lambda: ((case, call), weekly),
        "end_task": lambda: ((tasks.give_task(case, call, **weekly), "done"), {"by": alena}),
        "send_back": lambda: (
            (ask_closure(case, closed_on=today(), by=alena),),
            {"note": "Not yet", "by": pavel},
        ),
        "reopen_case": lambda: (
            (close_case(case, status="Closed", reason="", closed_on=today(), by=alena),),
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
        "change_summary": lambda: (
            (case, CaseSummary(referring_organisation="Border guard")),
            {"before": CaseSummary(), "revision": 1, "by": alena},
        ),
        "put_summary": lambda: ((case, CaseSummary(), None), {"revision": 1, "by": alena}),
        "facts_by_source": lambda: (
            (case, CaseSummary(), CaseSummary(referring_organisation="Border guard")),
            {"by": alena},
        ),
        "record_entry": lambda: ((case, ENTRY_KINDS["comment"], comment), {"by": alena}),
        "change_entry": event_changed,
        "link_cases": lambda: (
            (case, intake.register_case(new_case, by=alena)),
            {"link": "family", "remarks": "", "by": alena},
        ),
        "unlink_cases": linked_cases,
        "opened_links": lambda: ((case, intake.register_case(new_case, by=alena), alena), {}),
        "write_links": lambda: (([(victim_of(case), [CaseLink(link="family")])], alena), {}),
        "merge_cases": lambda: (
            (intake.register_case(new_case, by=alena), case),
            {"reason": "One passport", "by": pavel},
        ),
        "undo_merge": lambda: ((merged(),), {"reason": "Two sisters", "by": pavel}),
        "close": lambda: ((case, CaseStatus.CLOSED, today(), 5), {"by": pavel}),
        "move_case": lambda: ((case, Stage.ASSESSMENT), {"before": case.stage, "by": alena}),
        "record_consent": lambda: (
            (referred(),),
            {"terms": ConsentTerms(), "recorded_on": today(), "by": alena},
        ),
        "give_grant": lambda: ((case,), {"reason": "review", "by": alena} | to_ihar),
        "put_grant": lambda: ((new_referral_grant(),), {"to": ihar, "by": alena}),
        "step": lambda: ((sent(), "received", halina), {}),
        "ask_for_override": lambda: (
            (no_consent().case,),
            referring | {"ground": "unable", "note": "Now"},
        ),
        "approve_override": lambda: ((unagreed(),), {"by": pavel}),
        "decline_override": lambda: ((unagreed(),), {"by": pavel}),
        "end_grant": lambda: ((share(volha, "psychological"),), {"by": alena}),
        "send_referral": lambda: ((case,), referring),
        "note_received": lambda: ((sent(),), {"by": halina}),
        "take_step": lambda: (
            (sent(), "declined"),
            {"said": "Full", "revision": 1, "by": halina},
        ),
        "give_feedback": lambda: ((sent(),), {"feedback": "Well", "revision": 1, "by": halina}),
        "record_fallback": lambda: (
            (not_to_be(),),
            {"fallback": "A hotel", "revision": 2, "by": alena},
        ),
        "end_with_its_grant": lambda: ((sent().grant, alena, "consent"), {}),
        "revoke_grant": lambda: ((share(volha, "psychological"),), {"by": alena}),
        "end_uncovered": lambda: ((referred(), ConsentTerms()), {"by": alena}),
        "hand_over_all": lambda: ((alena,), {"to": ihar, "note": "Leaves", "by": pavel}),
        "hand_over": lambda: ((case,), {"to": ihar, "note": "Leaves", "by": alena}),
        "move_grants": lambda: (
            (case,),
            {"former": case.office, "former_owner": alena, "by": pavel},
        ),
        "ask_transfer": lambda: ((case,), moving),
        "withdraw_transfer": lambda: ((transfers.ask_transfer(case, **moving),), {"by": alena}),
        "accept_transfer": lambda: (
            (transfers.ask_transfer(case, **moving),),
            {"officer": keeper, "by": iryna},
        ),
        "decline_transfer": lambda: (
            (transfers.ask_transfer(case, **moving),),
            {"reason": "No room", "by": iryna},
        ),
        "send_incoming": lambda: (
            (told_of,),
            {"office": office, "answer_due": today(), "by": halina},
        ),
        "take_down": lambda: ((told_of,), taking_down),
        "accept_as_new": lambda: ((taken_down(), new_case), {"arranged": "", "by": ihar}),
        "accept_for": lambda: (
            (taken_down(), case),
            {"referral": CaseSummary(), "arranged": "", "by": alena},
        ),
        "decline_incoming": lambda: (
            (taken_down(),),
            {"because": "No bed", "advised": "", "by": pavel},
        ),
        "withdraw_incoming": lambda: (
            (incoming.send_incoming(told_of, office=office, answer_due=today(), by=halina),),
            {"by": halina},
        ),
        "erase": lambda: ((taken_down(),), {"by": None}),
        "erase_old": long_declined,
        "erase_of_case": lambda: ((of_a_case(),), {"by": None}),
        "end_glass_with_grant": lambda: (
            (taken_back(), alena, "transfer"),
            {},
        ),
        "whom_to_ask": lambda: ((SENTINELS["contact"],), {"by": ihar}),
        "exclude": lambda: (
            (case,),
            {"person": volha, "ground": "relative", "note": "", "by": pavel},
        ),
        "end_exclusion": lambda: ((excluded(),), {"note": "Mistaken", "by": pavel}),
        "break_glass": lambda: (
            (case,),
            {"ground": "danger", "note": "Now", "classes": ["identity"], "by": ihar},
        ),
        "note_seen": lambda: ((broken().notices.get(to=alena),), {"by": alena}),
        "end_glass": lambda: ((broken(),), {"by": ihar}),
        "end_run_out": run_out,
        "escalate_overdue": overdue,
        "record_assistance": lambda: ((case,), {"content": LegalAssistance()} | day),
        "change_assistance": lambda: (
            (note(),),
            {"content": LegalAssistance(matter="Other"), "revision": 1} | day,
        ),
        "take_snapshot": lambda: ((), {"by": yury}),
        "view_table": lambda: ((Definition("gender", "", ""),), {"by": yury}),
        "export_table": lambda: ((Definition("gender", "", ""),), {"by": yury, "form": "csv"}),
        "view_dashboard": lambda: ((), {"by": yury}),
        "export_dashboard": lambda: ((), {"by": yury}),
        "ask_to_verify": lambda: ((Definition("gender"),), {"note": "Check", "by": yury}),
        "approve_verification": lambda: ((to_verify(),), {"note": "Yes", "by": daria}),
        "decline_verification": lambda: ((to_verify(),), {"note": "No", "by": daria}),
        "look_at_exact": lambda: (
            (verifying.approve_verification(to_verify(), note="", by=daria),),
            {"by": yury},
        ),
        "make_token": lambda: ((), {"name": "Dashboard", "by": yury}),
        "end_token": lambda: ((a_token().pk,), {"by": yury}),
        "end_useless": useless,
        "end_all": lambda: ((a_token().user,), {"by": viktar}),
        "propose_release": lambda: (("dp_tables", a_release), {"by": yury}),
        "approve_release": lambda: ((to_publish(),), {"by": daria}),
        "decline_release": lambda: ((to_publish(),), {"by": daria}),
        "approve_and_have_made": lambda: ((to_publish(),), {"by": daria}),
        "have_release_made": to_make,
        "make_release": to_make,
        "download_release": published,
    }


def a_desk(by):
    """A partner organisation and who is at its desk."""
    haven = accounts.make_organisation(name="Haven", kind="NGO", is_partner=True, by=by)
    place = {"code": "BY-HAV", "name": "Haven", "country": "BY", "organisation": haven, "by": by}
    halina = accounts.make_user(
        username="halina",
        display_name="Halina",
        password=PASSWORD,
        by=by,
        roles=["partner_officer"],
        office=accounts.make_office(**place),
    )
    accounts.join_team(user=halina, team=accounts.make_desk(haven, by=by), by=by)
    haven.refresh_from_db()
    return haven, halina


def _call(module, name, arguments, yury):
    looks = ("view_table", "export_table", "view_dashboard", "export_dashboard")
    if module is verifying or name in looks:
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
    monkeypatch.setattr(trail, "_append", _full)
    with pytest.raises(OperationalError):
        _run(service, positional, named)
    assert _rows() == before
    assert log.size() == start


def _full(*_arguments):
    raise OperationalError("database or disk is full")


def _rows():
    """Number of rows and of versions of whatever services write, and who holds what."""
    tables = [accounts.User, accounts.Office, accounts.Organisation, accounts.RoleHolding]
    tables += [links.PasswordLink, LinkedIdentity]
    tables += [accounts.Team, accounts.TeamMembership, accounts.Group, SearchChange]
    tables += [Case, Person, Consent, CaseUserGrant, assistance.Assistance, intake.ImportRun]
    tables += [Attachment, ErasureRequest, ExportRequest, RetentionRule, Proposal, Authenticator]
    tables += [Exclusion, BrokenGlass, GlassNotice, WorkbookRequest, Job]
    tables += [Closure, Approval, Referral, Override, Task, Transfer, IncomingReferral]
    tables += [table.history.model for table in tables if hasattr(table, "history")]
    tables += [reporting.Snapshot, verifying.Verification, tokens.AccessToken]
    tables += [Release, LedgerEntry, ReleaseFiles]
    return {table._meta.label: table.objects.count() for table in tables}


# --- Pages ----------------------------------------------------------------------------
# Page → the module that opens what it shows, and what its reading is called.
PAGES = {
    "home": ("cases.views.home", Verb.CASE_LISTED),
    "cases:list": ("cases.views.finding", Verb.CASE_LISTED),
    "cases:work": ("cases.views.work", Verb.CASE_LISTED),
    "cases:search": ("cases.views.finding", Verb.CASE_SEARCHED),
    "cases:detail": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:person": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:summary": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:entry": ("cases.views.entries", Verb.CASE_VIEWED),
    "cases:panel": ("cases.views.panels", Verb.CASE_VIEWED),
    "cases:part": ("cases.views.parts", Verb.CASE_VIEWED),
    "cases:timeline": ("cases.views.timeline", Verb.CASE_VIEWED),
    "cases:victim": ("cases.views.casefile", Verb.CASE_VIEWED),
    "cases:conflicts": ("cases.views.assigning", Verb.CASE_VIEWED),
    "cases:trail": ("cases.views.trail", Verb.CASE_AUDITED),
    "cases:transfer": ("cases.views.transfers", Verb.CASE_VIEWED),
    "cases:file": ("cases.views.attachments", Verb.CASE_VIEWED),
    "assistance:change": ("assistance.views", Verb.CASE_VIEWED),
    "assistance:agree": ("assistance.views", Verb.CASE_VIEWED),
    "assistance:referral": ("assistance.referrals.views", Verb.CASE_VIEWED),
    "referrals": ("assistance.referrals.views", Verb.CASE_LISTED),
    "assistance:pay": ("assistance.money.views", Verb.CASE_VIEWED),
}


@pytest.fixture
def visit(case, alena, ihar, viktar, iryna, person, client_for):
    """Ask for a page as Alena, after filling in what leads there. Gives the answer."""
    note = LegalAssistance(matter=SENTINELS["narrative"])
    row = assistance.record_assistance(
        case, content=note, status="delivered", starts_on=today(), by=alena
    )
    summary = CaseSummary(summary=SENTINELS["narrative"])
    casework.change_summary(case, summary, before=CaseSummary(), revision=1, by=alena)
    happened = TraffickingEventContent(event_description=SENTINELS["narrative"])
    event = casework.record_entry(case, ENTRY_KINDS["event"], happened, by=alena)
    goal = SupportPlanContent(plan_type="Health", objectives=SENTINELS["narrative"])
    casework.record_entry(case, ENTRY_KINDS["plan"], goal, by=alena)
    risk = RiskContent(risk_level="high", review_due=today())
    casework.record_entry(case, ENTRY_KINDS["risk"], risk, by=alena)
    picture = a_file(case, alena, description=SENTINELS["narrative"])
    why = {"ground": "relative", "note": SENTINELS["narrative"]}
    exclusions.exclude(case, person=ihar, **why, by=alena)
    message = ReferralContent(service="documents", outgoing_referral_details=SENTINELS["narrative"])
    referral = referrals.send_referral(
        case,
        to=a_desk(viktar)[0],
        content=message,
        classes=["identity"],
        until=today() + timedelta(days=3),
        answer_due=today(),
        by=alena,
    )
    content = CostContent(planned=40, currency="BYN", purpose=SENTINELS["narrative"])
    cost = costs.plan_cost(case, content, by=alena)
    person("keeper", "case_officer", at=iryna.office)
    moving = {"note": SENTINELS["narrative"], "person_agrees": True}
    transfers.ask_transfer(case, to=iryna.office, **moving, by=alena)
    browser = client_for(alena)
    browser.raise_request_exception = False

    def go(page, *, before=lambda: None):
        arguments = {"home": [], "cases:list": [], "cases:search": [], "cases:work": []}
        arguments["referrals"] = []
        arguments["assistance:referral"] = [case.reference, referral.pk]
        arguments["assistance:change"] = [case.reference, row.pk]
        arguments["assistance:pay"] = [case.reference, cost.pk]
        arguments["cases:panel"] = arguments["cases:part"] = [case.reference, "event"]
        arguments["cases:entry"] = [case.reference, "event", event.pk]
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

    for module in (PAGES[page][0], "cases.views.changing"):
        monkeypatch.setattr(f"{module}.render", fail)
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
    # One that offers goals and files to choose from reads those, too.
    assert {(event.actor, event.outcome) for event in reads} == {(alena.pk, "ok")}
    assert len(reads) <= 2
    assert EventCase.objects.filter(case=case.pk, seq=reads[0].seq).exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_whose_event_cannot_be_written_shows_nothing(page, visit, monkeypatch):
    answer = visit(page, before=lambda: monkeypatch.setattr(trail, "_append", _full))
    assert answer.status_code == 503
    assert not _discloses(answer)


def test_the_list_above_names_every_page_that_opens_something(visit, case):
    """Whoever calls the door or what calls it for them, in a view, is looked at above."""
    opening = {"open_rows", "case_rows", "case_page", "trail_of", "open_for_page", "timeline_of"}
    views = {
        path.removesuffix(".py").replace("/", ".")
        for path, call in source.calls()
        if "views" in path and source.called(call) in opening
    }
    views.discard("cases.views.showing")  # opens for others of these
    assert views == {module for module, _verb in PAGES.values()}
