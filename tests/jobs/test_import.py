"""Cases come in from a file that a supervisor sends: sealed on its way, checked, opened by a worker."""

from io import BytesIO

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.services import take_role
from audit.verbs import Verb
from cases import long_work
from cases.imports import runner
from cases.models import Case, ImportRun
from jobs import keeping, running, services, tasks
from jobs.models import Job, JobState
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

PAGE = "/cases/import/"
HEADER = "prs_SecondName,prs_Gender,cas_IncomingReferralDate"
NAME = SENTINELS["identity"]
GOOD = [f"{NAME} {number},Feminine,2024-03-{number:02}" for number in range(1, 8)]
BAD = f"{NAME},Woman,2024-03-01"


def table(*rows):
    return "\n".join([HEADER, *rows, ""]).encode()


@pytest.fixture
def send(pavel, alena, client_for):
    """Pavel sends a file, for Alena to be the officer; gives the answer."""

    def make(content=None, *, by=pavel, browser=None, **more):
        file = SimpleUploadedFile("Sensitive Name.csv", content or table(*GOOD))
        typed = {"file": file, "person": str(alena.pk)} | more
        return (browser or client_for(by)).post(PAGE, typed)

    return make


@pytest.fixture
def later(monkeypatch):
    """No worker takes what is asked for, until `tasks.run` is called."""
    monkeypatch.setattr("jobs.tasks.enqueue", lambda pk: None)


def the_job():
    return Job.objects.get()


def test_a_file_becomes_cases_of_the_office(send, alena, pavel, client_for):
    browser = client_for(pavel)
    assert PAGE in browser.get("/").content.decode()
    assert "Officer of these cases" in browser.get(PAGE).content.decode()
    answer = send(browser=browser)
    job = the_job()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.state, job.rows_done, job.rows_total) == (JobState.DONE, 7, 7)
    assert set(Case.objects.values_list("owner", "office")) == {(alena.pk, pavel.office_id)}
    said = browser.get(answer.headers["Location"]).content.decode()
    assert "7 cases were opened." in said and "7 of 7" in said
    assert log.verbs_since(0).count(Verb.CASE_IMPORTED) == 7


def test_a_workbook_does_too(send):
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADER, *GOOD]):
            sheet.write_row(number, 0, row.split(","))
    send(made.getvalue())
    assert (the_job().state, Case.objects.count()) == (JobState.DONE, 7)


def test_the_file_lies_sealed_and_goes_when_the_work_is_over(send, later, own_files, settings):
    send()
    job = the_job()
    sealed = (own_files / job.upload).read_bytes()
    assert NAME.encode() not in sealed
    size = keeping.parameters_of(job)["size"]
    assert keeping.open_upload(job, size).read() == table(*GOOD)
    assert not list(settings.UPLOAD_DIR.iterdir())
    row = repr(Job.objects.filter(pk=job.pk).values().get())
    assert "Sensitive" not in row
    tasks.run.enqueue(str(job.pk))
    assert not (own_files / job.upload).exists()
    assert Case.objects.count() == 7


def test_one_bad_row_stops_the_file_and_is_named_without_its_cells(send, pavel, client_for):
    send(table(*GOOD, BAD))
    job = the_job()
    assert job.state == JobState.FAILED and not Case.objects.exists()
    assert (job.rows_total, job.rows_refused) == (8, 1)
    browser = client_for(pavel)
    said = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "nothing was written" in said and "1 refused" in said
    problems = browser.get(f"/jobs/{job.pk}/result/").content.decode("utf-8-sig")
    assert "9,prs_Gender," in problems and NAME not in problems and "Woman" not in problems


def test_or_is_left_out(send):
    send(table(*GOOD, BAD), accept_good_rows="on")
    job = the_job()
    assert (job.state, Case.objects.count()) == (JobState.DONE, 7)
    assert job.result_name.startswith("problems-")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"%PDF-1.7", "PDF file"), (b"a,b\n1,2\n", "column"), (table(), "no records")],
)
def test_what_is_no_such_file_is_told(content, said, send, pavel, client_for):
    send(content)
    job = the_job()
    assert job.state == JobState.FAILED
    assert said in client_for(pavel).get(f"/jobs/{job.pk}/").content.decode()


def test_the_same_file_comes_in_once(send):
    send()
    send()
    assert Case.objects.count() == 7
    assert {job.state for job in Job.objects.all()} == {JobState.DONE, JobState.FAILED}


def test_cancelled_between_two_batches_it_says_what_stays_and_goes_on_later(
    send, later, pavel, client_for, monkeypatch
):
    monkeypatch.setattr(long_work, "BATCH", 2)
    monkeypatch.setattr(running, "EVERY", 0)
    send()
    job = the_job()
    register = runner.register_batch

    def cancelled_meanwhile(*args, **kwargs):
        services.cancel(job, by=pavel)
        return register(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "register_batch", cancelled_meanwhile)
        tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.rows_done, Case.objects.count()) == (JobState.CANCELLED, 2, 2)
    assert ImportRun.objects.get().rows_done == 2
    said = client_for(pavel).get(f"/jobs/{job.pk}/").content.decode()
    assert "2 of 7" in said and "that were opened stay" in said
    send()
    tasks.run.enqueue(str(Job.objects.latest("asked_at").pk))
    assert Case.objects.count() == 7


def test_a_worker_that_ends_in_the_middle_doubles_nothing(send, later, monkeypatch):
    monkeypatch.setattr(long_work, "BATCH", 2)
    monkeypatch.setattr(running, "EVERY", 0)
    send()
    job = the_job()
    register = runner.register_batch

    def stopped_meanwhile(*args, **kwargs):
        running.STOPPING.set()
        return register(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "register_batch", stopped_meanwhile)
        tasks.run.enqueue(str(job.pk))
    running.STOPPING.clear()
    job.refresh_from_db()
    assert (job.state, Case.objects.count()) == (JobState.WAITING, 2)
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert (job.state, Case.objects.count()) == (JobState.DONE, 7)


def test_without_the_role_a_file_is_dropped_before_it_is_sealed(send, alena, settings):
    assert send(by=alena).status_code == 403
    assert not settings.UPLOAD_DIR.exists() and not Job.objects.exists()


def test_a_role_that_is_taken_away_meanwhile_opens_no_case(send, later, pavel):
    send()
    take_role(user=pavel, role="supervisor", by=None)
    tasks.run.enqueue(str(the_job().pk))
    assert the_job().state == JobState.FAILED and not Case.objects.exists()


def test_an_officer_of_another_office_is_not_to_be_had(send, iryna, outsider):
    assert send(person=str(outsider.pk)).status_code == 422
    assert not Job.objects.exists()


def test_an_officer_who_left_meanwhile_gets_no_cases(send, later, alena):
    send()
    take_role(user=alena, role="case_officer", by=None)
    tasks.run.enqueue(str(the_job().pk))
    assert the_job().state == JobState.FAILED and not Case.objects.exists()


def test_a_damaged_file_is_not_read(send, later, own_files):
    send()
    job = the_job()
    path = own_files / job.upload
    sealed = bytearray(path.read_bytes())
    sealed[200] ^= 1
    path.write_bytes(sealed)
    tasks.run.enqueue(str(job.pk))
    assert the_job().state == JobState.FAILED and not Case.objects.exists()
