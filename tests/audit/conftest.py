"""Rows of every tracked kind, some with several revisions: something to tamper with."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from accounts.models import AccessToken, LinkedIdentity, PasswordLink, Proposal, User
from accounts.services import join_team, make_office, make_organisation, make_team
from assistance.models import BudgetLine, Offer, Override, Provider, Referral, SupportPlan
from assistance.money import costs
from assistance.plans.agreements import mark_of, record_agreement
from assistance.sections import (
    AgreementContent,
    CostContent,
    PsychologicalAssistance,
    ReferralContent,
    ReferralFacts,
    SessionContent,
)
from assistance.services import change_assistance, record_assistance
from assistance.sittings import SESSION
from audit import guards, trail
from audit.models import ReviewItem, TrackedModel
from audit.verbs import Verb
from cases import storage
from cases.entries import ENTRY_KINDS
from cases.models import (
    Approval,
    Attachment,
    BrokenGlass,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Closure,
    Decoy,
    ErasureRequest,
    Exclusion,
    ExportRequest,
    GlassNotice,
    ImportRun,
    IncomingReferral,
    Merge,
    Person,
    RetentionRule,
    Transfer,
    WorkbookRequest,
)
from cases.sections import (
    CaseSummary,
    ClosureContent,
    ConsentTerms,
    Contact,
    ExclusionGrounds,
    FileContent,
    FileFacts,
    Identity,
    IncomingTold,
    MergeContent,
    MergeFacts,
    TaskContent,
    TransferContent,
)
from cases.services import renewal
from cases.services.casework import record_entry
from cases.services.consents import record_consent
from cases.services.grants import give_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.services.tasks import give_task
from config.models import Configuration
from core.ids import uuid7
from reporting.models import Snapshot, Verification
from tests.cases.made_entries import contents
from tests.reporting.releases.made import published_release
from vault.keyring import keyring


@pytest.fixture
def world(
    own_files: Path, case: Case, alena: User, volha: User, yury: User
) -> dict[str, list[TrackedModel]]:
    """Label → rows. Two of each kind at least, a person and a case with three revisions."""
    other = NewCase(identity=Identity(first_name="Zmicier"), contact=Contact(mobile_phone="+37529"))
    second = register_case(other, by=alena)
    for number in (1, 2):
        for row in (case, Person.objects.get(case=case)):
            row.put("summary" if row is case else "identity", _section(row, number))
            trail.save(row, verb=Verb.CASE_CHANGED, by=alena)
    for one in (case, second):
        content = PsychologicalAssistance(method="Counselling", observations="sleeps badly")
        note = record_assistance(
            one, content=content, status="planned", starts_on=date(2026, 3, 1), by=alena
        )
        given = {"starts_on": date(2026, 3, 2), "ends_on": date(2026, 4, 1), "revision": 1}
        change_assistance(note, content=content, status="delivered", by=alena, **given)
        give_grant(
            one,
            to=volha,
            classes=["psychological"],
            may_write=True,
            ends=timezone.now() + timedelta(days=7),
            reason="treatment",
            by=alena,
        )
    a_task = {"due_on": timezone.localdate(), "assignee": alena, "repeats": "weekly"}
    for one in (case, second):
        _attach(one, alena)
        _ask_for_erasure(one, alena)
        _ask_for_export(one, alena)
        _ask_for_workbook(one, alena)
        _refer(one, alena)
        for name, content in contents().items():
            record_entry(one, ENTRY_KINDS[name], content, by=alena)
        shown = mark_of(SupportPlan.objects.filter(case=one))
        record_agreement(one, AgreementContent(form="written"), shown=shown, by=alena)
        give_task(one, TaskContent(cls="legal", task="Call"), **a_task, by=alena)
        record_entry(one, SESSION, SessionContent(cls="legal", note="Held"), by=alena)
    _pay([case, second], alena)
    for kind in ("adult", "child"):
        rule = RetentionRule(kind=kind, years=10)
        trail.save(rule, verb=Verb.RETENTION_CHANGED, by=alena)
    for number in (1, 2):
        run = ImportRun(file_digest="0" * 64, layout="htcds", rows_total=number)
        run.office, run.owner = case.office, alena
        trail.save(run, verb=Verb.IMPORT_ADVANCED, by=alena)
        run.rows_done = number
        trail.save(run, verb=Verb.IMPORT_ADVANCED, by=alena)
        shot = Snapshot(number=number, taken_by=yury, surface=b"surface", epochs={"2026": number})
        shot.digests = {"2026": "ab"}
        trail.save(shot, verb=Verb.STATISTICS_FROZEN, by=yury)
        exact = Verification(table={"rows": "year"}, asked_by=yury, asked_as="analyst")
        trail.save(exact, verb=Verb.VERIFICATION_ASKED, by=yury)
        published_release(proposed_by=yury, approved_by=volha, year=2020 + number)
    for number in (1, 2):
        _write_more(number, alena)
    for one in (case, second):
        _oversee(one, alena)
        _let_in_and_keep_out(one, alena, volha)
    for role in ("legal", "financial"):
        _ask_about_account(volha, role, by=alena)
    record_consent(second, terms=ConsentTerms(consented=True), recorded_on=date.today(), by=alena)
    trail.record(Verb.CASE_LISTED, by=alena, cases=[case.pk, second.pk], classes=["identity"])
    trail.record(Verb.OFFICER_AUDITED, by=alena, details={"officer": str(alena.pk)})
    renewal.renew_case(second.pk, by=None)
    rows = {m._meta.label: list(m._default_manager.order_by("pk")) for m in guards.tracked_models()}
    assert all(len(found) >= 2 for found in rows.values()), "each kind needs two rows"
    assert CaseUserGrant.objects.count() >= 4
    return rows


def _pay(cases: list[Case], by: User) -> None:
    """Rows of costs, payments, budget lines and their ledgers; and of providers."""
    where = {
        "organisation_id": by.organisation_id,
        "donor": "Donor",
        "project": "P",
        "currency": "BYN",
    }
    when = {"begins_on": date(2020, 1, 1), "ends_on": date(2099, 1, 1)}
    for one in cases:
        line = BudgetLine(
            code=one.reference, amount_cents=9_900, above_cents=9_900, **where, **when
        )
        trail.save(line, verb=Verb.BUDGET_SET, by=None)
        provider = Provider(name=one.reference, kind="NGO", services=["shelter"], region="Brest")
        provider.organisation_id = by.organisation_id
        trail.save(provider, verb=Verb.PROVIDER_ADDED, by=None)
        content = CostContent(planned=Decimal(5), currency="BYN", line=str(line.pk))
        cost = costs.plan_cost(one, content, by=by)
        paying = {"amount": Decimal(5), "paid_on": date.today(), "receipt": "R-1"}
        costs.pay(cost, **paying, revision=1, by=by)


def _attach(case: Case, by: User) -> None:
    """A row of a file, and some bytes that it pins."""
    row = Attachment(case=case, added_on=date(2026, 3, 1), added_by=by, state="accepted")
    content = ContentFile(b"sealed bytes")
    row.file = storage.files().save(f"attachments/{case.pk}/0", content)
    row.file_digest = storage.digest_of(content)
    row.put("facts", FileFacts(cls="legal"))
    row.put("content", FileContent(name="ruling.pdf"), "legal")
    trail.save(row, verb=Verb.FILE_ADDED, by=by)


def _write_more(number: int, by: User) -> None:
    """Rows of settings, and of who works where."""
    own = make_organisation(name=f"Mission {number}", kind="NGO", by=None)
    office = make_office(
        code=f"BY-{number}X", name="Another", country="BY", organisation=own, by=None
    )
    trail.save(Offer(office=office, off=["food"]), verb=Verb.OFFER_SET, by=None)
    join_team(user=by, team=make_team(name=f"Team {number}", by=None), by=None)
    settings = Configuration(settings={"TIME_ZONE": "UTC"})
    trail.save(settings, verb=Verb.SETTINGS_CHANGED, by=None)


def _oversee(case: Case, by: User) -> None:
    """Rows of an approval, of the mark of a decoy, and of an act that is up for review."""
    approval = Approval(case=case, object_type=case._meta.label, object=case.pk, version=1)
    approval.digest, approval.approved_by, approval.approved_on = "0" * 64, by, date(2026, 3, 1)
    trail.save(approval, verb=Verb.CONTENT_APPROVED, by=by)
    closure = Closure(case=case, recorded_on=date(2026, 3, 1), recorded_by=by, state="withdrawn")
    closure.put("content", ClosureContent(closure_details="Over"))
    trail.save(closure, verb=Verb.CLOSURE_ASKED, by=by)
    transfer = Transfer(case=case, to=case.office, state="withdrawn")
    transfer.recorded_on, transfer.recorded_by = date(2026, 3, 1), by
    transfer.put("content", TransferContent(hand_over_note="Moves"))
    trail.save(transfer, verb=Verb.TRANSFER_ASKED, by=by)
    merge = Merge(case=case, recorded_on=date(2026, 3, 1), recorded_by=by, state="undone")
    merge.ended_on, merge.made_at = date(2026, 3, 2), 1
    merge.put("facts", MergeFacts(into=str(uuid7())))
    merge.put("content", MergeContent(key=str(uuid7())))
    trail.save(merge, verb=Verb.CASE_MERGED, by=by)
    incoming = IncomingReferral(office=case.office, recorded_by=by, status="withdrawn")
    incoming.received_on = incoming.answer_due = incoming.decided_on = date(2026, 3, 1)
    keyring.create([incoming.pk])
    incoming.put("told", IncomingTold(why_trafficked="Told"))
    trail.save(incoming, verb=Verb.INCOMING_RECEIVED, by=by)
    trail.save(Decoy(case=case), verb=Verb.DECOY_MARKED, by=by)
    item = ReviewItem(rule="export", event=uuid7(), at=timezone.now(), officer=by.pk)
    trail.save(item, verb=Verb.REVIEW_RAISED, by=None)


def _ask_for_erasure(case: Case, by: User) -> None:
    request = ErasureRequest(case=case, reason="mistake", asked_by=by, asked_as="case_officer")
    # Declined, for a case has but one that is not; the deeds exchange cases and invent rows.
    request.asked_on, request.state = date(2026, 3, 1), "declined"
    trail.save(request, verb=Verb.ERASURE_ASKED, by=by)


def _ask_for_export(case: Case, by: User) -> None:
    request = ExportRequest(case=case, reason="court", asked_by=by, asked_as="case_officer")
    request.state, request.upto, request.events, request.classes = "declined", 1, 1, ["identity"]
    trail.save(request, verb=Verb.EXPORT_ASKED, by=by)


def _ask_for_workbook(case: Case, by: User) -> None:
    request = WorkbookRequest(
        cases=[str(case.pk)], purpose="others", recipient="age1", classes=["identity"]
    )
    request.asked_by, request.asked_as, request.state = by, "case_officer", "declined"
    trail.save(request, verb=Verb.WORKBOOK_ASKED, by=by)


def _refer(case: Case, by: User) -> None:
    """A row of a referral; the grant is any of a team, and nobody is at the desk."""
    row = Referral(case=case, to=case.office.organisation, recorded_by=by)
    row.grant = CaseTeamGrant.objects.filter(content_object=case).first()
    row.sent_on = row.status_on = row.answer_due = date(2026, 3, 1)
    row.put("facts", ReferralFacts(service="legal"))
    row.put("content", ReferralContent(service="legal"), "legal")
    trail.save(row, verb=Verb.REFERRAL_SENT, by=by)
    asked = Override(case=case, referral=row, ground="unable", asked_by=by, classes=["legal"])
    asked.state, asked.asked_as, asked.until = "declined", "case_officer", date(2026, 3, 1)
    trail.save(asked, verb=Verb.OVERRIDE_ASKED, by=by)


def _let_in_and_keep_out(case: Case, by: User, other: User) -> None:
    """Rows of a conflict of interest, and of a glass that somebody broke and another is told of."""
    conflict = Exclusion(case=case, user=by, until=timezone.now())
    conflict.put("grounds", ExclusionGrounds(excluded_as="relative"))
    trail.save(conflict, verb=Verb.PERSON_EXCLUDED, by=other)
    grant = CaseUserGrant.objects.filter(content_object=case, user=other).first()
    glass = BrokenGlass(case=case, grant=grant, ground="danger")
    trail.save(glass, verb=Verb.GLASS_BROKEN, by=other)
    trail.save(GlassNotice(glass=glass, to=by), verb=Verb.GLASS_TOLD, by=None)


def _ask_about_account(subject: User, role: str, by: User) -> None:
    """Rows of an act that takes two people, of a link to a password that was withdrawn, and of one with
    an identity at the provider of single sign-on that was undone."""
    asked = Proposal(kind="give_role", subject=subject, parameter=role, asked_by=by)
    trail.save(asked, verb=Verb.PROPOSED, by=by)
    link = PasswordLink(user=subject, purpose="reset", token_digest=role, expires_at=timezone.now())
    link.withdrawn_at = timezone.now()
    trail.save(link, verb=Verb.LINK_MADE, by=None)
    token = AccessToken(user=subject, name=role, digest=role, expires_at=timezone.now())
    trail.save(token, verb=Verb.TOKEN_MADE, by=subject)
    linked = LinkedIdentity(user=subject, key=role, proof=role, ended_at=timezone.now())
    trail.save(linked, verb=Verb.SIGN_ON_LINKED, by=subject)


def _section(row: TrackedModel, number: int) -> CaseSummary | Identity:
    if isinstance(row, Case):
        return CaseSummary(referring_organisation=f"Red Cross {number}")
    return Identity(first_name="Hanna", second_name=f"Version {number}")


@pytest.fixture
def raw_sql(db: None) -> Callable[..., int]:
    """Run a statement past the ORM: raw_sql("UPDATE …", value). Gives the number of rows."""

    def run(statement: str, *values: object) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount

    return run
