"""What each role includes, said a second time: a change to accounts/roles.py has to be meant."""

import pytest

from accounts.models import User
from accounts.roles import CONTENT, ROLES
from accounts.services import give_role
from core.rights import Right

OWN = {"medical", "psychological", "legal", "financial"}
# Right → who holds it.
HOLDERS = {
    "case.read": {"case_officer", "supervisor", "partner_officer", *OWN},
    "case.register": {"case_officer"},
    "person.refer": {"partner_officer"},
    "case.edit": {"case_officer"},
    "case.search": {"case_officer", "supervisor"},
    "case.import": {"supervisor"},
    "case.close": {"case_officer"},
    "case.hold": {"case_officer", "supervisor"},
    "erasure.ask": {"case_officer", "supervisor"},
    "erasure.decide": {"supervisor"},
    "retention.set": {"administrator"},
    "case.audit": {"case_officer", "supervisor"},
    "assistance.record": {"case_officer", "partner_officer", *OWN},
    "budget.see": {"financial", "supervisor"},
    "budget.set": {"supervisor"},
    "offer.set": {"supervisor"},
    "case.merge": {"supervisor"},
    "provider.see": {"case_officer", "supervisor", *OWN},
    "provider.set": {"supervisor"},
    "grant.give": {"case_officer"},
    "case.assign": {"supervisor"},
    "override.decide": {"supervisor"},
    "case.export": {"case_officer", "supervisor"},
    "export.decide": {"supervisor"},
    "glass.break": {"case_officer", "supervisor"},
    "glass.oversee": {"data_protection"},
    "officer.audit": {"supervisor", "auditor"},
    "review": {"supervisor", "auditor", "data_protection"},
    "content.approve": {"supervisor"},
    "decoy.mark": {"supervisor"},
    "log.state": {"supervisor", "auditor", "administrator", "data_protection"},
    "log.read": {"auditor"},
    "log.verify": {"auditor"},
    "accounts.keep": {"administrator", "partner_admin"},
    "accounts.all": {"administrator"},
    "keys.rotate": {"administrator"},
    "acts.decide": {"administrator", "partner_admin", "supervisor"},
    "statistics.build": {"supervisor", "analyst"},
    "statistics.freeze": {"analyst"},
    "statistics.see": {"supervisor", "analyst", "data_protection", "director", "donor"},
    "statistics.verify": {"analyst", "data_protection"},
    "release.propose": {"supervisor", "analyst"},
    "release.decide": {"data_protection", "director"},
}


def test_each_right_is_held_by_these_roles():
    found = {
        str(right): {code for code, role in ROLES.items() if right in role.rights}
        for right in Right
    }
    assert found == HOLDERS


@pytest.mark.parametrize(
    "code", ["auditor", "analyst", "director", "donor", "administrator", "partner_admin"]
)
def test_who_runs_or_checks_the_system_reads_no_case(code):
    role = ROLES[code]
    assert role.classes == frozenset()
    assert not {right for right in role.rights if right.startswith("case.")}


@pytest.mark.parametrize("code", sorted(OWN))
def test_a_specialist_reads_the_own_class_and_who_it_is_about(code):
    assert ROLES[code].classes == {code, "identity"}


def test_no_role_opens_what_is_for_no_reader():
    for role in ROLES.values():
        assert role.classes <= CONTENT
    assert not {"facts", "search", "audit", "files"} & CONTENT


def test_whoever_holds_classes_may_read_cases_and_the_other_way_round():
    for role in ROLES.values():
        assert bool(role.classes) == (Right.CASE_READ in role.rights), role.code


@pytest.mark.django_db
def test_two_roles_add_up(person):
    both = person("both", "psychological", "legal")
    assert [role.code for role in both.roles] == ["psychological", "legal"]
    assert both.classes == {"psychological", "legal", "identity"}
    assert both.has_right(Right.ASSISTANCE_RECORD)
    assert not both.has_right(Right.CASE_EDIT)


@pytest.mark.django_db
def test_a_closed_account_holds_nothing(alena):
    alena.is_active = False
    alena.save()
    closed = User.objects.get(pk=alena.pk)
    assert closed.roles == [] and closed.classes == frozenset()
    assert not any(closed.has_right(right) for right in Right)


@pytest.mark.django_db
def test_a_superuser_without_a_role_holds_nothing(zoya, case, client_for):
    assert not any(zoya.has_right(right) for right in Right)
    assert zoya.classes == frozenset()
    browser = client_for(zoya)
    assert "Your account has no role yet" in browser.get("/").content.decode()
    for page in ("/cases/", f"/cases/{case.reference}/", "/audit/", "/statistics/"):
        assert browser.get(page).status_code == 403, page


@pytest.mark.django_db
def test_a_role_unknown_to_this_version_means_nothing(zoya, monkeypatch):
    give_role(user=zoya, role="legal", by=None)
    known = {code: role for code, role in ROLES.items() if code != "legal"}
    monkeypatch.setattr("accounts.models.user.ROLES", known)
    assert User.objects.get(pk=zoya.pk).roles == []
