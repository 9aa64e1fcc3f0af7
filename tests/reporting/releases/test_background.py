"""A release is made in the background: asked for once, drawn once, and told without a figure."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from accounts.services import take_role
from audit.verbs import Verb
from cases.typesetting import TypesettingFailed
from core.exceptions import NotAllowed, WrongState
from jobs import running, tasks
from jobs import services as jobs
from jobs.models import Job, JobState
from reporting import source
from reporting.releases import folder, ledger, noisy, services
from reporting.releases.models import ReleaseFiles, ReleaseState
from reporting.releases.services import Stand
from tests.guards import log
from tests.reporting.releases.conftest import TABLES

pytestmark = pytest.mark.django_db

AGAIN, NOW = "Publish again", "Make it now"


@pytest.fixture(autouse=True)
def at_once(monkeypatch, own_files):
    monkeypatch.setattr(running, "EVERY", 0)


@pytest.fixture
def later(monkeypatch):
    """Jobs wait until a test has them done: later(job)."""
    monkeypatch.setattr("jobs.tasks.enqueue", lambda pk: None)

    def do(job):
        tasks.run.enqueue(str(job.pk))
        job.refresh_from_db()
        return job

    return do


@pytest.fixture
def drawn(monkeypatch):
    """A list with an entry for each table whose noise is drawn; `drawn.meanwhile` is done then."""

    class Drawn(list):
        meanwhile = staticmethod(lambda: None)

    told, draw = Drawn(), noisy.draw

    def counted(*given):
        told.append("drawn")
        told.meanwhile()
        return draw(*given)

    monkeypatch.setattr("reporting.releases.noisy.draw", counted)
    return told


@pytest.fixture
def other(make_other):
    """Somebody else who decides."""
    return make_other("daria", "data_protection")


@pytest.fixture
def while_reading(monkeypatch):
    """Have something happen while the persons are read."""

    def during(act):
        persons = source.persons

        def read(**given):
            for number, row in enumerate(persons(**given)):
                if number == 2:
                    act()
                yield row

        monkeypatch.setattr(source, "persons", read)

    return during


def at(release):
    return reverse("reporting:release", args=[release.pk])


def told_to(browser, job):
    return browser.get(reverse("jobs:job", args=[job.pk])).content.decode()


def test_approving_leads_to_a_page_that_tells_what_came_of_it(
    client_for, propose, of_2021, director, drawn
):
    release, browser = propose(), client_for(director)
    start = log.size()
    answer = browser.post(at(release), {"act": "approve"})
    job = Job.objects.get()
    assert answer.url == reverse("jobs:job", args=[job.pk])
    said = told_to(browser, job)
    assert "“Persons of 2021” is published." in said
    assert "Persons</dt>" not in said and " of 50" not in said
    assert (job.state, job.rows_total, job.rows_done) == (JobState.DONE, None, 0)
    assert "Download the folder" in browser.get(at(release)).content.decode()
    verbs = list(dict.fromkeys(log.verbs_since(start)))
    order = [
        *(Verb.RELEASE_APPROVED, Verb.JOB_ASKED, Verb.RELEASE_BEGUN),
        *(Verb.RELEASE_PUBLISHED, Verb.JOB_ENDED),
    ]
    assert [verb for verb in verbs if verb in order] == order
    assert len(drawn) == len(TABLES) and ReleaseFiles.objects.count() == 2


def test_while_it_waits_nobody_can_have_it_made_again(
    client_for, propose, of_2021, yury, director, other, later
):
    release = propose()
    job = services.approve_and_have_made(release, by=director)
    page = client_for(director).get(at(release)).content.decode()
    assert "This release is being made." in page and str(job.pk) in page
    for user in (yury, other):
        seen = client_for(user).get(at(release)).content.decode()
        assert "This release is being made." in seen and str(job.pk) not in seen
        assert AGAIN not in seen and NOW not in seen
    assert AGAIN not in page and NOW not in page
    assert services.have_release_made(release, by=director) == job
    with pytest.raises(WrongState, match="Somebody else"):
        services.have_release_made(release, by=other)
    with pytest.raises(NotAllowed):
        services.have_release_made(release, by=yury)
    assert Job.objects.count() == 1
    assert later(job).state == JobState.DONE


def test_cancelled_before_it_began_it_is_made_when_somebody_wants_it(
    client_for, propose, of_2021, yury, director, other, later, drawn
):
    release = propose()
    jobs.cancel(services.approve_and_have_made(release, by=director), by=director)
    assert not drawn and ledger.spent(2021)
    assert NOW not in client_for(yury).get(at(release)).content.decode()
    browser = client_for(other)
    assert NOW in browser.get(at(release)).content.decode()
    answer = browser.post(at(release), {"act": "make"})
    job = Job.objects.get(state=JobState.WAITING)
    assert answer.url == reverse("jobs:job", args=[job.pk])
    later(job)
    release.refresh_from_db()
    assert release.state == ReleaseState.PUBLISHED
    assert len(ledger.entries()) == 1


def test_cancelled_while_the_persons_are_read_nothing_is_drawn(
    propose, of_2021, director, later, drawn, while_reading
):
    job = services.approve_and_have_made(release := propose(), by=director)
    while_reading(lambda: jobs.cancel(job, by=director))
    assert later(job).state == JobState.CANCELLED
    release.refresh_from_db()
    assert not drawn and services.stand_of(release) == Stand.WAITS


def test_cancelled_while_it_is_drawn_what_was_drawn_is_kept(
    client_for, propose, of_2021, director, later, drawn
):
    job = services.approve_and_have_made(release := propose(), by=director)
    drawn.meanwhile = lambda: Job.objects.update(cancel_asked=True)
    assert later(job).state == JobState.CANCELLED
    release.refresh_from_db()
    assert (release.state, services.stand_of(release)) == (ReleaseState.APPROVED, Stand.MADE)
    before = len(drawn)
    assert before
    browser = client_for(director)
    assert AGAIN in browser.get(at(release)).content.decode()
    later(services.have_release_made(release, by=director))
    release.refresh_from_db()
    assert (release.state, len(drawn)) == (ReleaseState.PUBLISHED, before)


def test_broken_off_while_it_is_drawn_it_is_never_drawn_again(
    client_for, propose, of_2021, director, later, drawn
):
    job = services.approve_and_have_made(release := propose(), by=director)

    def crash():
        raise MemoryError

    drawn.meanwhile = crash
    assert later(job).state == JobState.FAILED
    drawn.clear()
    browser = client_for(director)
    page = browser.get(at(release)).content.decode()
    assert "making it was broken off" in page and AGAIN not in page and NOW not in page
    assert browser.post(at(release), {"act": "make"}).status_code == 409
    again = jobs.ask(services.RELEASE, by=director, parameters={"release": str(release.pk)})
    assert later(again).state == JobState.FAILED
    assert "not drawn a second time" in told_to(browser, again)
    assert not drawn and ledger.spent(2021)


def test_damaged_cases_that_are_mended_within_the_hour_are_counted_after_all(
    client_for, propose, of_2021, director, later, drawn, monkeypatch
):
    job = services.approve_and_have_made(release := propose(), by=director)

    def some_do_not_open(*, damaged, **given):
        damaged.add(release.pk)
        return iter(())

    with monkeypatch.context() as broken:
        broken.setattr(source, "persons", some_do_not_open)
        assert later(job).state == JobState.FAILED
    assert "damaged" in told_to(client_for(director), job) and not drawn
    assert later(services.have_release_made(release, by=director)).state == JobState.DONE


def test_of_two_jobs_at_once_one_draws(propose, of_2021, director, other, later, drawn):
    first = services.approve_and_have_made(release := propose(), by=director)
    second = jobs.ask(services.RELEASE, by=other, parameters={"release": str(release.pk)})
    drawn.meanwhile = lambda: later(second) if second.state == JobState.WAITING else None
    assert later(first).state == JobState.DONE
    assert second.state == JobState.FAILED
    assert len(drawn) == len(TABLES)
    assert ReleaseFiles.objects.filter(part="made").count() == 1


@pytest.mark.parametrize("when", ["while it waits", "while the persons are read"])
def test_who_may_decide_no_more_has_nothing_drawn(
    when, client_for, propose, of_2021, director, later, drawn, while_reading, monkeypatch
):
    job = services.approve_and_have_made(release := propose(), by=director)

    def take():
        take_role(user=director, role="director", by=None)

    if when == "while it waits":
        take()
    else:
        monkeypatch.setattr(running, "EVERY", 3600)  # it is looked up before drawing at the latest
        while_reading(take)
    assert later(job).state == JobState.FAILED
    release.refresh_from_db()
    assert not drawn and (release.state, release.begun_at) == (ReleaseState.APPROVED, None)


def test_whose_turn_comes_after_the_hour_is_told_so(
    client_for, propose, of_2021, yury, director, later, drawn, time_machine
):
    job = services.approve_and_have_made(release := propose(), by=director)
    time_machine.move_to(timezone.now() + services.MADE_WITHIN + timedelta(seconds=1))
    for user in (yury, director):
        page = client_for(user).get(at(release)).content.decode()
        assert "not made within an hour" in page and NOW not in page and AGAIN not in page
    assert "waits longer than it should" in told_to(client_for(director), job)
    start = log.size()
    assert later(job).state == JobState.FAILED
    assert "not made within an hour" in told_to(client_for(director), job)
    assert not drawn and Verb.RELEASE_MADE not in log.verbs_since(start)  # nothing was read
    with pytest.raises(WrongState, match="within an hour"):
        services.have_release_made(release, by=director)
    assert propose(tables=[["gender"]], rho=ledger.left(2021))  # it stands in nobody's way


def test_what_takes_longer_than_the_hour_is_not_kept(
    propose, of_2021, director, later, drawn, time_machine
):
    job = services.approve_and_have_made(release := propose(), by=director)
    drawn.meanwhile = lambda: time_machine.move_to(release.asked_at + services.MADE_WITHIN * 2)
    assert later(job).state == JobState.FAILED
    release.refresh_from_db()
    assert drawn and services.stand_of(release) == Stand.LATE
    assert not ReleaseFiles.objects.exists()


def test_a_report_that_was_not_set_is_told_and_set_again(
    client_for, propose, of_2021, director, monkeypatch, drawn
):
    release, browser = propose(), client_for(director)

    def fail(*args, **kwargs):
        raise TypesettingFailed

    with monkeypatch.context() as broken:
        broken.setattr(folder, "as_pdf", fail)
        browser.post(at(release), {"act": "approve"})
    job = Job.objects.get()
    assert job.state == JobState.FAILED
    said = told_to(browser, job)
    assert "The figures were made and are kept" in said and f"press “{AGAIN}”" in said
    drawn.clear()
    assert AGAIN in browser.get(at(release)).content.decode()
    browser.post(at(release), {"act": "make"})
    assert "is published." in told_to(browser, Job.objects.order_by("asked_at").last())
    assert not drawn


def test_there_is_no_approval_without_a_job(propose, of_2021, director, monkeypatch):
    release = propose()

    def full(*args, **kwargs):
        raise DatabaseError

    with monkeypatch.context() as broken:
        broken.setattr(Job, "save", full)
        with pytest.raises(DatabaseError):
            services.approve_and_have_made(release, by=director)
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 0)
    with pytest.raises(WrongState, match="under way"):
        services.approve_and_have_made(release, by=director)
    release.refresh_from_db()
    assert (release.state, ledger.entries()) == (ReleaseState.ASKED, [])
    assert services.approve_release(release, by=director).state == ReleaseState.APPROVED


def test_having_it_made_takes_a_recent_sign_in(client_for, propose, of_2021, director, later):
    services.approve_release(release := propose(), by=director)
    for act in ("approve", "make"):
        answer = client_for(director, ago=301).post(at(release), {"act": act})
        assert answer.status_code == 302 and "/jobs/" not in answer.url
    assert not Job.objects.exists()
