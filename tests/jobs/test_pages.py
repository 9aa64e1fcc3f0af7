"""The pages of background work: how far it is, cancelling, fetching; for whoever asked alone."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.services import take_role
from accounts.sessions import USED
from audit.models import Event
from audit.verbs import Verb
from jobs import tasks
from jobs.models import Job, JobState
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

BY_ITSELF = {"HX-Request": "true"}


def page_of(job, part=""):
    return f"/jobs/{job.pk}/{part}"


@pytest.fixture
def waits(done_by, waiting):
    done_by(lambda run: run.give(b"made", "made.csv"))
    return waiting()


def test_the_page_asks_by_itself_until_it_is_over(waits, alena, client_for):
    browser = client_for(alena)
    said = browser.get(page_of(waits)).content.decode()
    assert f'hx-get="{page_of(waits, "state/")}"' in said and "every 2s" in said
    assert "<progress" in said and "Refresh" in said and "Download" not in said
    tasks.enqueue(waits.pk)
    answer = browser.get(page_of(waits, "state/"), headers=BY_ITSELF)
    said = answer.content.decode()
    assert said.strip().startswith("<div") and "hx-get" not in said and "<progress" not in said
    assert "Download the result" in said and "made.csv" in said


def test_being_asked_by_the_page_is_no_use_of_the_session(waits, alena, client_for):
    browser = client_for(alena)
    browser.get(page_of(waits))
    before, start = browser.session[USED], log.size()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        browser.get(page_of(waits, "state/"), headers=BY_ITSELF)
        assert browser.session[USED] == before and log.size() == start
        browser.get(page_of(waits))
        assert browser.session[USED] > before


def test_whoever_has_signed_in_again_comes_back_to_the_page(waits, alena, client_for):
    answer = client_for(alena).get(page_of(waits, "state/"))
    assert answer.status_code == 302 and answer.headers["Location"] == page_of(waits)


def test_it_is_listed_and_fetched(waits, alena, client_for):
    tasks.enqueue(waits.pk)
    browser = client_for(alena)
    assert page_of(waits) in browser.get("/jobs/").content.decode()
    answer = browser.get(page_of(waits, "result/"))
    assert answer.content == b"made"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="made.csv"'
    assert Event.objects.get(verb=Verb.JOB_FETCHED).actor == alena.pk


def test_nobody_else_sees_cancels_or_fetches_it(waits, ihar, pavel, client_for):
    for stranger in (ihar, pavel):
        browser = client_for(stranger)
        assert page_of(waits) not in browser.get("/jobs/").content.decode()
        for part in ("", "state/", "result/"):
            assert browser.get(page_of(waits, part)).status_code == 404
        assert browser.post(page_of(waits, "cancel/")).status_code == 404
    waits.refresh_from_db()
    assert waits.state == JobState.WAITING


def test_cancelling(waits, alena, client_for):
    browser = client_for(alena)
    assert browser.get(page_of(waits, "cancel/")).status_code == 405
    assert browser.post(page_of(waits, "cancel/")).headers["Location"] == page_of(waits)
    assert "Cancelled" in browser.get(page_of(waits)).content.decode()
    assert browser.post(page_of(waits, "cancel/")).status_code == 409
    assert browser.get(page_of(waits, "result/")).status_code == 404


def test_after_a_day_there_is_nothing_to_fetch(waits, alena, client_for):
    tasks.enqueue(waits.pk)
    Job.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    browser = client_for(alena)
    assert "is destroyed" in browser.get(page_of(waits)).content.decode()
    assert browser.get(page_of(waits, "result/")).status_code == 404


def test_without_the_role_there_is_nothing_to_fetch_either(waits, alena, client_for):
    tasks.enqueue(waits.pk)
    browser = client_for(alena)
    take_role(user=alena, role="case_officer", by=None)
    assert browser.get(page_of(waits, "result/")).status_code == 403


def test_a_failure_says_what_to_do_and_nothing_of_the_error(done_by, ask, alena, client_for):
    def work(run):
        raise ValueError(SENTINELS["identity"])

    done_by(work, on_failure="Ask again tomorrow.")
    job = ask()
    said = client_for(alena).get(page_of(job)).content.decode()
    assert "Ask again tomorrow." in said and job.log_name in said
    assert SENTINELS["identity"] not in said and "ValueError" not in said


def test_what_nobody_begins_is_told(waits, alena, client_for):
    Job.objects.update(asked_at=timezone.now() - timedelta(minutes=3))
    assert "waits longer than it should" in client_for(alena).get(page_of(waits)).content.decode()
