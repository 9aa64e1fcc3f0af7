"""A snapshot of the statistics is taken in the background, and no figure of it stands on the page."""

import pytest
from django.urls import reverse

from audit.verbs import Verb
from jobs import running, services, tasks
from jobs.models import Job, JobState
from reporting import services as reporting
from reporting.long_work import SNAPSHOT
from reporting.models import Snapshot
from tests.guards import log
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(monkeypatch):
    monkeypatch.setattr("jobs.tasks.enqueue", lambda pk: None)
    monkeypatch.setattr(running, "EVERY", 0)


def test_it_is_taken_and_told_without_a_figure(alena, yury, client_for):
    register(alena, 20)
    browser = client_for(yury)
    answer = browser.post(reverse("reporting:snapshots"))
    said = browser.get(answer.headers["Location"]).content.decode()
    assert "Snapshot 1 was taken." in said and "Cases" not in said and "20 of" not in said
    job = Job.objects.get()
    assert (job.rows_total, job.rows_done) == (None, 0)
    assert Verb.STATISTICS_FROZEN in log.verbs_since(0)


def test_what_is_too_early_is_told(alena, yury, client_for):
    register(alena, 20)
    reporting.take_snapshot(by=yury)
    browser = client_for(yury)
    answer = browser.post(reverse("reporting:snapshots"))
    assert "Too few persons" in browser.get(answer.headers["Location"]).content.decode()
    assert Snapshot.objects.count() == 1


def test_cancelled_it_keeps_nothing(alena, yury, later, monkeypatch):
    register(alena, 20)
    job = services.ask(SNAPSHOT, by=yury, parameters={})
    build = reporting.build

    def cancelled_meanwhile(*given):
        services.cancel(job, by=yury)
        return build(*given)

    monkeypatch.setattr(reporting, "build", cancelled_meanwhile)
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED and not Snapshot.objects.exists()
