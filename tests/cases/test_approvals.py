"""An approval is of what was there when it was given, and tells when that is no longer there."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from assistance.models import Assistance
from assistance.sections import FinancialAssistance, MedicalAssistance
from assistance.services import change_assistance, record_assistance
from audit import guards, verifier
from audit.verbs import Verb
from cases import door
from cases.approvals import State, approve, approved_versions, row_of, standings
from cases.models import Approval
from cases.services import renewal
from core.exceptions import Conflict, NotAllowed, NotFound, WrongState
from tests.cases.closed import ask_closure
from tests.guards import log

pytestmark = pytest.mark.django_db
DAY = {"status": "delivered", "starts_on": date(2026, 3, 1)}


@pytest.fixture
def payment(case, alena):
    content = FinancialAssistance(amount=Decimal(40), currency="BYN", provider="Fund")
    return record_assistance(case, content=content, by=alena, **DAY)


def change(row, by, amount):
    content = FinancialAssistance(amount=Decimal(amount), currency="BYN", provider="Fund")
    return change_assistance(row, content=content, revision=row.revision, by=by, **DAY)


def standing(row, by):
    """Where the approval of a row stands, as its page finds it."""
    row = type(row).objects.get(pk=row.pk)
    rows = [row, *approved_versions([row])]
    opened = zip(rows, door.open_rows(rows, by=by), strict=True)
    return standings(opened, by=by).get(row.pk)


def test_a_supervisor_approves_what_somebody_else_recorded(payment, pavel, alena):
    assert standing(payment, pavel).state == State.NONE and standing(payment, pavel).may_approve
    start = log.size()
    approval = approve(payment, revision=1, by=pavel)
    assert Verb.CONTENT_APPROVED in log.verbs_since(start)
    assert (approval.version, len(approval.digest)) == (1, 64)
    for reader in (pavel, alena):
        found = standing(payment, reader)
        assert found.state == State.APPROVED and found.approval.approved_by == pavel
        assert not found.may_approve
    with pytest.raises(WrongState):
        approve(payment, revision=1, by=pavel)


def test_a_change_shows_with_what_changed(payment, pavel, alena):
    approve(payment, revision=1, by=pavel)
    changed = change(payment, alena, 400)
    found = standing(payment, pavel)
    assert found.state == State.CHANGED and found.may_approve
    assert found.differences == [
        {"label": "Amount", "before": "40", "after": "400", "changed": True}
    ]
    approve(changed, revision=2, by=pavel)
    assert standing(payment, alena).state == State.APPROVED
    change(changed, alena, 40)  # back to what it said at first, but nobody approved that now
    assert standing(payment, alena).state == State.CHANGED


def test_nobody_approves_what_they_recorded_themselves(case, person, alena, share, payment):
    both = person("both", "case_officer", "supervisor")
    share(both, "financial", "identity")
    changed = change(payment, both, 41)
    assert standing(changed, both).is_own and not standing(changed, both).may_approve
    with pytest.raises(NotAllowed):
        approve(changed, revision=2, by=both)
    changed = change(changed, alena, 42)
    with pytest.raises(NotAllowed):  # a part of it is still theirs
        approve(changed, revision=3, by=both)
    assert not Approval.objects.exists()


def test_only_what_was_looked_at_is_approved(payment, alena, pavel):
    changed = change(payment, alena, 400)
    with pytest.raises(Conflict):
        approve(changed, revision=1, by=pavel)
    with pytest.raises(Conflict):
        approve(payment, revision=1, by=pavel)  # read before the change
    assert not Approval.objects.exists()


def test_who_may_not_read_it_may_not_approve_it(payment, alena, ihar, iryna, volha, case):
    for stranger, refusal in ((alena, NotAllowed), (volha, NotAllowed), (iryna, NotFound)):
        with pytest.raises(refusal):
            approve(payment, revision=1, by=stranger)


def test_only_payments_and_closures_can_be_approved(case, alena, pavel):
    content = MedicalAssistance(diagnosis="Migraine")
    record = record_assistance(case, content=content, by=alena, **DAY)
    unpaid = record_assistance(case, content=FinancialAssistance(), by=alena, **DAY)
    for row in (record, unpaid):
        with pytest.raises(WrongState):
            approve(row, revision=1, by=pavel)
        assert standing(row, pavel) is None
    assert row_of(case, "cases.Case", case.pk) is None


def test_a_closure_is_approved_as_it_was_asked_for(case, alena, pavel):
    closure = ask_closure(case, closed_on=timezone.localdate(), by=alena)
    with pytest.raises(NotAllowed):
        approve(closure, revision=1, by=alena)
    approve(closure, revision=1, by=pavel)
    closure.refresh_from_db()
    assert standing(closure, pavel).state == State.APPROVED
    renewal.renew_case(case.pk, by=None)
    closure.refresh_from_db()
    assert standing(closure, pavel).state == State.APPROVED
    with pytest.raises(WrongState):
        approve(closure, revision=closure.revision, by=pavel)


def test_sealing_anew_leaves_an_approval_as_it_is(payment, pavel, case):
    approval = approve(payment, revision=1, by=pavel)
    before = standing(payment, pavel).row
    renewal.renew_case(case.pk, by=None)
    found = standing(payment, pavel)
    assert bytes(found.row.content_sealed) != bytes(before.content_sealed)
    assert found.state == State.APPROVED and found.approval.digest == approval.digest


def test_a_row_changed_behind_the_application_is_not_what_was_approved(payment, pavel):
    approve(payment, revision=1, by=pavel)
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE assistance_assistance SET status = 'cancelled'")
    assert standing(payment, pavel).state == State.DAMAGED
    guards.install()


def test_an_approval_cannot_be_taken_back_or_invented(payment, pavel):
    approval = approve(payment, revision=1, by=pavel)
    for statement in (
        "DELETE FROM cases_approval",
        "UPDATE cases_approval SET version = 2",
        "UPDATE cases_approval SET digest = ''",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    copy = Approval(case_id=approval.case_id, object=approval.object, version=2, revision=1)
    copy.object_type, copy.digest, copy.approved_by = approval.object_type, "0" * 64, pavel
    copy.approved_on, copy.last_event = approval.approved_on, approval.last_event
    with pytest.raises(DatabaseError), transaction.atomic():
        copy.save(force_insert=True)


def test_approvals_leave_the_log_whole(payment, alena, pavel):
    approve(payment, revision=1, by=pavel)
    change(payment, alena, 41)
    assert verifier.verify().holds


# --- Pages ----------------------------------------------------------------------------
def test_the_case_page_tells_of_it(payment, case, alena, pavel, client_for):
    address = reverse("cases:detail", args=[case.reference])
    supervisor, officer = client_for(pavel), client_for(alena)
    assert "Approve as it stands" in supervisor.get(address).content.decode()
    shown = officer.get(address).content.decode()
    assert "Not approved" in shown and "Approve as it stands" not in shown
    data = {"type": Assistance._meta.label, "row": str(payment.pk), "revision": "1"}
    approving = reverse("cases:approve", args=[case.reference])
    assert officer.post(approving, data).status_code == 403
    assert supervisor.post(approving, data).status_code == 302
    assert "Approved</strong> by Pavel on" in officer.get(address).content.decode()
    change(payment, alena, 400)
    shown = officer.get(address).content.decode()
    assert "Changed since approval" in shown and "<del>40</del>" in shown
    assert supervisor.post(approving, data).status_code == 409


def test_what_changed_stays_within_the_reader_s_rights(
    payment, case, alena, pavel, volha, share, client_for
):
    share(volha, "psychological")
    approve(payment, revision=1, by=pavel)
    change(payment, alena, 400)
    shown = client_for(volha).get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "approval" not in shown.lower() and "400" not in shown


@pytest.mark.parametrize("data", [{}, {"type": "cases.Case"}, {"type": "cases.Person", "row": "x"}])
def test_what_is_not_there_cannot_be_approved(case, pavel, client_for, data):
    approving = reverse("cases:approve", args=[case.reference])
    assert client_for(pavel).post(approving, data).status_code == 404


def test_a_row_of_another_case_cannot_be_approved_here(
    payment, new_case, case, alena, pavel, client_for
):
    from cases.services.intake import register_case

    other = register_case(new_case, by=alena)
    data = {"type": Assistance._meta.label, "row": str(payment.pk), "revision": "1"}
    answer = client_for(pavel).post(reverse("cases:approve", args=[other.reference]), data)
    assert answer.status_code == 404 and not Approval.objects.exists()


def test_a_closure_is_approved_on_the_page_of_the_case(case, alena, pavel, client_for):
    address = reverse("cases:detail", args=[case.reference])
    browser = client_for(pavel)
    assert "Approve as it stands" not in browser.get(address).content.decode()
    closure = ask_closure(case, reason="Went home", closed_on=timezone.localdate(), by=alena)
    own = client_for(alena).get(address).content.decode()
    assert "Approve as it stands" not in own and "Withdraw the closure" in own
    page = browser.get(address).content.decode()
    assert "Approve as it stands" in page and "Went home" in page and "Send it back" in page
    data = {"type": "cases.Closure", "row": str(closure.pk), "revision": "1"}
    assert browser.post(reverse("cases:approve", args=[case.reference]), data).status_code == 302
    page = browser.get(address).content.decode()
    assert "Approved</strong> by Pavel" in page and "Kept until" in page
