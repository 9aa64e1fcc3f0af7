"""What is done on the machine by nobody who signed in is up for the auditor's review."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import change_account, give_role, take_role
from audit import review, trail
from audit.context import RequestContext, serving
from audit.models import ReviewItem
from audit.verbs import Verb

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(rita, viktar, alena):
    """Kinds of acts that are up for review, once what the cast was made with is looked through."""
    review.look_through_log()
    known = set(ReviewItem.objects.values_list("pk", flat=True))

    def look():
        review.look_through_log()
        return ReviewItem.objects.filter(rule="machine").exclude(pk__in=known).order_by("at")

    return look


def test_roles_accounts_and_keys_are(found, alena, rita, time_machine):
    time_machine.move_to(timezone.now() + timedelta(hours=2))
    give_role(user=alena, role="legal", by=None)
    take_role(user=alena, role="legal", by=None)
    change_account(alena, is_active=False, by=None)
    trail.record(Verb.KEY_ROTATION_BEGUN, by=None, reason="root")
    items = list(found())
    assert len(items) == 4
    assert {(item.officer, item.office, item.cases) for item in items} == {(None, None, 0)}
    assert set(items) <= set(review.queue_of(rita)), "it is the auditor's"


def test_of_the_same_kind_once_an_hour(found, alena, time_machine):
    time_machine.move_to(timezone.now().replace(minute=5) + timedelta(hours=2))
    for role in ("legal", "medical"):
        give_role(user=alena, role=role, by=None)
    assert found().count() == 1
    time_machine.shift(timedelta(hours=1))
    give_role(user=alena, role="financial", by=None)
    assert found().count() == 2


def test_what_somebody_did_in_a_page_is_not(found, alena, viktar):
    with serving(RequestContext("request", "session")):
        give_role(user=alena, role="legal", by=viktar)
        change_account(alena, is_active=False, by=viktar)
    assert not found().exists()


def test_a_key_that_falls_with_its_case_is_not(found, case):
    before = found().count()
    trail.record(Verb.KEY_DESTROYED, by=None, cases=[case.pk], reason="dek")
    assert found().count() == before
