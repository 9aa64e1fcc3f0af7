"""The record is verified in the background: told in words, findings a file, known to the state page."""

import json
from random import Random

import pytest
from django.urls import reverse

from audit import marks, signing, trail
from audit.models import Checkpoint, Event, Verification
from audit.state import Light, state_of_trail
from audit.verbs import Verb
from config.long_work import VERIFICATION
from jobs import running, services, tasks
from jobs.models import Job, JobState
from tests.audit import tampering
from tests.audit.test_verifier import without_guards
from tests.databases import run_beside

pytestmark = pytest.mark.django_db
ADDRESS = "/audit/verify/"


@pytest.fixture
def rows(case, alena):
    """A case, and a log with a checkpoint over a part of it."""
    signing.checkpoint()
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk])


@pytest.fixture
def asked(rita, client_for, own_files):
    """Ask on the page; returns the job and the page it leads to."""

    def make(**posted):
        browser = client_for(rita)
        answer = browser.post(ADDRESS, posted)
        assert answer.status_code == 302, answer.content
        job = Job.objects.get()
        assert answer.headers["Location"] == reverse("jobs:job", args=[job.pk])
        return job, browser.get(answer.headers["Location"]).content.decode()

    return make


def test_the_page_keeps_its_address_and_name(rita, client_for):
    assert reverse("audit:verify") == ADDRESS
    page = client_for(rita).get(ADDRESS).content.decode()
    assert "Does the record hold?" in page and "Last verification" not in page


def test_a_record_that_holds_is_told_in_words(rows, asked, rita):
    note = Checkpoint.objects.order_by("size").first().note.replace("\n", "\r\n")
    job, page = asked(checkpoint=note)
    run = Verification.objects.get()
    assert (job.state, job.rows_done) == (JobState.DONE, job.rows_total)
    assert f"The record holds, up to event {run.size - 1}." in page
    assert bytes(run.root).hex() in page and "that the checkpoint you kept covers" in page
    assert "Download the result" not in page
    event = Event.objects.get(verb=Verb.LOG_VERIFIED)
    assert (event.actor, event.outcome) == (rita.pk, "ok")


def test_it_leaves_the_mark_that_the_command_leaves(rows, asked, client_for, rita):
    asked()
    mark = marks.last()
    assert mark is not None and mark.full_at == mark.at
    lights = {check.title: check.light for check in state_of_trail().checks}
    assert lights["Verification"] == Light.GREEN
    page = client_for(rita).get(ADDRESS).content.decode()
    newest = Checkpoint.objects.order_by("size").last()
    assert newest.size >= mark.size and newest.note.splitlines()[2] in page
    assert "It holds" in page and "What you had verified last" in page


def test_what_does_not_fit_is_a_file_and_a_red_light(rows, asked, client_for, rita):
    without_guards()
    tampering.the_log_written_anew(Random(3))
    job, page = asked()
    assert job.state == JobState.DONE and "The record does NOT hold" in page
    browser = client_for(rita)
    answer = browser.get(reverse("jobs:result", args=[job.pk]))
    assert "findings-" in answer.headers["Content-Disposition"]
    assert "was rewritten" in answer.getvalue().decode()
    assert Event.objects.get(verb=Verb.LOG_VERIFIED).outcome == "error"
    assert marks.last() is None and not Verification.objects.get().holds
    shown = browser.get(ADDRESS).content.decode()
    assert "It does not hold" in shown and "nobody works" in shown


def test_what_is_no_checkpoint_is_told_at_once(rows, rita, client_for):
    answer = client_for(rita).post(ADDRESS, {"checkpoint": "hello"})
    assert answer.status_code == 422 and "This is not a checkpoint." in answer.content.decode()
    assert not Job.objects.exists()


def test_the_kept_checkpoint_is_sealed_and_forgotten(rows, rita, monkeypatch):
    note = Checkpoint.objects.order_by("size").first().note
    with monkeypatch.context() as patch:
        patch.setattr("jobs.tasks.enqueue", lambda pk: None)
        job = services.ask(VERIFICATION, by=rita, parameters={"checkpoint": note})
    assert note.splitlines()[2].encode() not in bytes(job.parameters_sealed)
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.DONE and job.parameters_sealed is None


def test_cancelled_in_the_middle_it_is_no_verification(rows, rita, monkeypatch):
    monkeypatch.setattr(running, "EVERY", 0)
    with monkeypatch.context() as patch:
        patch.setattr("jobs.tasks.enqueue", lambda pk: None)
        job = services.ask(VERIFICATION, by=rita, parameters={"checkpoint": ""})
    look = running.Run._look

    def cancelled_meanwhile(run):
        if run.job.rows_done:
            services.cancel(job, by=rita)
        look(run)

    monkeypatch.setattr(running.Run, "_look", cancelled_meanwhile)
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED and 0 < job.rows_done < job.rows_total
    assert not Verification.objects.exists()
    assert not Event.objects.filter(verb=Verb.LOG_VERIFIED).exists()


@pytest.mark.either_database
def test_a_worker_tells_how_far_it_is_and_keeps_nobody_from_writing(own_databases):
    told = json.loads(run_beside("jobs.verifying", databases=own_databases, timeout=300).stdout)
    assert told["state"] == "done", told
    assert told["seen"] and all(0 < done < told["total"] for done in told["seen"])
    assert told["written"] == len(told["seen"])
    assert told["cancelled"] == "cancelled"
