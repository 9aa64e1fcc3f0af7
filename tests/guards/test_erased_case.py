"""Every address of the matrix, for an erased case: a kind answer, nothing of the person, no fault."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import verifier
from audit.verbs import Verb
from cases.models import ErasureRequest
from cases.services import erasure
from reporting.services import take_snapshot
from tests.conftest import SENTINELS
from tests.guards import log
from tests.guards import test_access_matrix as matrix
from tests.guards.test_access_matrix import METHODS, PEOPLE, table

pytestmark = pytest.mark.django_db
world, places = matrix.world, matrix.places  # fixtures

# What those get who saw the case.
OF_A_TOMBSTONE = {
    ("cases:detail", "GET"): 200,
    ("cases:trail", "GET"): 200,
    ("cases:certificate", "GET"): 200,
    ("cases:certificate_pdf", "GET"): 200,
}
GONE = 410
# Those with a live grant on it.
SAW_IT = {"alena", "volha", "partner", "pavel"}


@pytest.fixture
def erased(case, world, places, pavel, own_files, settings):
    settings.DATA_DIR = own_files
    [asked] = ErasureRequest.objects.filter(case=case)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    return case


def _expected(name: str, method: str, who: str) -> int:
    """The answer that `who` gets for a page of the erased case: a role that lacks it lacks it still."""
    before = table()[name, method][who]
    if who not in SAW_IT or before in (403, 405):
        return before
    return OF_A_TOMBSTONE.get((name, method), GONE)


@pytest.mark.parametrize("who", PEOPLE)
def test_every_address_answers_kindly(
    who,
    erased,
    world,
    places,
    client_for,
    time_machine,
    yury,
):
    take_snapshot(by=yury)
    time_machine.move_to(timezone.now() + timedelta(days=1))
    user, wrong = world[who], []
    if who == "closed":
        user.is_active = False
        user.save()
    browser = client_for(user) if user else Client()
    browser.raise_request_exception = False
    rows = sorted(table().items(), key=lambda row: METHODS.index(row[0][1]))
    for (name, method), _before in rows:
        if matrix._ends_session(name):
            continue
        arguments, data = places.get(name, ((), {}))
        answer = matrix._ask(browser, method, reverse(name, args=arguments), data)
        shown = answer.getvalue().decode(errors="replace") + str(list(answer.headers.items()))
        if any(word in shown for word in SENTINELS.values()):
            wrong.append(f"{name} {method} discloses")
        if answer.status_code >= 500:
            wrong.append(f"{name} {method} fails with {answer.status_code}")
        if erased.reference in arguments:
            expected = _expected(name, method, who)
            if answer.status_code != expected:
                wrong.append(f"{name} {method}: {answer.status_code}, expected {expected}")
    assert wrong == []
    assert verifier.verify().findings == []


def test_the_trail_tells_who_and_when_and_not_what(erased, pavel, client_for):
    for show in ("", "?show=changes", "?show=reads"):
        page = client_for(pavel).get(f"/cases/{erased.reference}/trail/{show}")
        text = page.content.decode()
        assert page.status_code == 200
        assert not [word for word in SENTINELS.values() if word in text]
    page = client_for(pavel).get(f"/cases/{erased.reference}/trail/?show=changes").content.decode()
    assert "Alena" in page and "registered the person" in page and "gave access" in page
    assert page.count("What was written was erased with the case.") >= 6


def test_looking_at_what_is_left_is_recorded(erased, alena, rita, client_for):
    start = log.size()
    client_for(alena).get(f"/cases/{erased.reference}/")
    client_for(alena).get(f"/cases/{erased.reference}/trail/")
    verbs = [event.verb for event in log.since(start) if event.actor == alena.pk]
    assert verbs == [Verb.SIGNED_IN, Verb.CASE_VIEWED, Verb.SIGNED_IN, Verb.CASE_AUDITED]


def test_the_auditor_reads_the_log_as_ever(erased, rita, alena, client_for):
    page = client_for(rita).get("/audit/").content.decode()
    assert "erased the case" in page and erased.reference in page
    assert client_for(rita).get(f"/audit/officers/{alena.pk}/").status_code == 200
