"""Rows of every tracked kind, some with several revisions: something to tamper with."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from accounts.models import User
from assistance.sections import PsychologicalAssistance
from assistance.services import change_assistance, record_assistance
from audit import guards, trail
from audit.models import TrackedModel
from audit.verbs import Verb
from cases import storage
from cases.models import (
    Attachment,
    Case,
    CaseUserGrant,
    ErasureRequest,
    ImportRun,
    Person,
    RetentionRule,
)
from cases.sections import CaseSummary, ConsentTerms, Contact, FileContent, FileFacts, Identity
from cases.services import renewal
from cases.services.casework import record_consent
from cases.services.grants import give_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from reporting.models import Snapshot


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
    for one in (case, second):
        _attach(one, alena)
        _ask_for_erasure(one, alena)
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
    record_consent(second, terms=ConsentTerms(consented=True), recorded_on=date.today(), by=alena)
    trail.record(Verb.CASE_LISTED, by=alena, cases=[case.pk, second.pk], classes=["identity"])
    trail.record(Verb.OFFICER_AUDITED, by=alena, details={"officer": str(alena.pk)})
    renewal.renew_case(second.pk, by=None)
    rows = {m._meta.label: list(m._default_manager.order_by("pk")) for m in guards.tracked_models()}
    assert all(len(found) >= 2 for found in rows.values()), "each kind needs two rows"
    assert CaseUserGrant.objects.count() >= 4
    return rows


def _attach(case: Case, by: User) -> None:
    """A row of a file, and some bytes that it pins."""
    row = Attachment(case=case, added_on=date(2026, 3, 1), added_by=by, state="accepted")
    content = ContentFile(b"sealed bytes")
    row.file = storage.files().save(f"attachments/{case.pk}/0", content)
    row.file_digest = storage.digest_of(content)
    row.put("facts", FileFacts(cls="legal"))
    row.put("content", FileContent(name="ruling.pdf"), "legal")
    trail.save(row, verb=Verb.FILE_ADDED, by=by)


def _ask_for_erasure(case: Case, by: User) -> None:
    request = ErasureRequest(case=case, reason="mistake", asked_by=by, asked_as="case_officer")
    # Declined, for a case has but one that is not; the deeds exchange cases and invent rows.
    request.asked_on, request.state = date(2026, 3, 1), "declined"
    trail.save(request, verb=Verb.ERASURE_ASKED, by=by)


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
