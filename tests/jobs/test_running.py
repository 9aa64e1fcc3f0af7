"""A job is done for whoever asked, tells how far it is, and lets no word of an error out."""

import json
import logging
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import suspend_account, take_role
from audit.models import Event
from audit.verbs import Verb
from core.closed import maintenance_marker
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.logs import JsonLines
from core.rights import Right
from jobs import keeping, running, services, tasks, worker
from jobs.models import KEPT_FOR, Job, JobState
from tests.conftest import SENTINELS
from tests.guards import log
from vault.cipher import CannotOpen

pytestmark = pytest.mark.django_db

SECRET = SENTINELS["identity"]


@pytest.fixture
def stopping():
    running.STOPPING.set()
    yield
    running.STOPPING.clear()


def test_what_is_made_is_kept_sealed_and_given_to_whoever_asked(done_by, ask, alena, own_files):
    done_by(lambda run: run.give(run.parameters["note"].encode(), "made.csv"))
    start = log.size()
    job = ask(note=SECRET)
    assert (job.state, job.result_name) == (JobState.DONE, "made.csv")
    assert job.expires_at - job.ended_at == KEPT_FOR
    assert SECRET.encode() not in (own_files / job.result).read_bytes()
    assert services.fetch(job, by=alena).decode() == SECRET
    told = [Verb.JOB_ASKED, Verb.JOB_ENDED, Verb.JOB_FETCHED]
    assert log.verbs_since(start) == told
    assert set(Event.objects.filter(verb__in=told).values_list("actor", flat=True)) == {alena.pk}


def test_nothing_of_what_was_asked_stands_in_clear(done_by, ask, waiting):
    done_by(lambda run: None)
    job = waiting(note=SECRET)
    row = Job.objects.filter(pk=job.pk).values().get()
    assert SECRET.encode() not in b"".join(v for v in row.values() if isinstance(v, bytes))
    assert keeping.parameters_of(job) == {"note": SECRET}
    assert ask(note=SECRET).parameters_sealed is None  # nor under seal, once it is over


def test_under_another_name_or_as_other_work_nothing_of_a_job_opens(
    done_by, ask, waiting, alena, ihar
):
    """Who asked and what for stand in open columns, which whoever writes into the database can swap."""
    done_by(lambda run: run.give(b"made", "made.csv"))
    for name, value in {"asked_by": ihar, "kind": "workbook", "parameters_sealed": None}.items():
        job = waiting(note=SECRET)
        setattr(job, name, value)
        with pytest.raises(CannotOpen):
            keeping.parameters_of(job)
    made = ask(note=SECRET)
    Job.objects.filter(pk=made.pk).update(asked_by=ihar)
    with pytest.raises(CannotOpen):
        services.fetch(services.job_for(ihar, made.pk), by=ihar)


def test_it_counts_and_ends_where_it_is_cancelled(done_by, waiting, alena):
    seen = []

    def work(run):
        run.begin(5, refused=2)
        for number in range(5):
            run.advance()
            seen.append(number)
            if number == 2:
                services.cancel(services.job_for(alena, run.job.pk), by=alena)

    done_by(work)
    job = waiting()
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert (job.rows_total, job.rows_done, job.rows_refused) == (5, 4, 2)
    assert seen == [0, 1, 2]
    with pytest.raises(WrongState):
        services.cancel(job, by=alena)


def test_nothing_is_kept_of_what_was_cancelled_in_its_last_step(done_by, waiting, alena, own_files):
    def work(run):
        services.cancel(run.job, by=alena)
        run.give(b"made", "made.csv")

    done_by(work)
    job = waiting()
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.CANCELLED, "")
    assert not list(own_files.glob("jobs/*"))


def test_what_has_not_begun_is_not_begun_once_it_is_cancelled(done_by, waiting, alena):
    done_by(lambda run: pytest.fail("it was begun"))
    job = waiting()
    services.cancel(job, by=alena)
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED and job.started_at is None


def test_no_word_of_an_error_leaves_the_job(done_by, waiting, caplog, monkeypatch):
    def work(run):
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"{SECRET} {error}") from error

    done_by(work)
    job = waiting()
    monkeypatch.setattr(logging.getLogger("jobs"), "propagate", True)
    with caplog.at_level(logging.INFO):
        assert tasks.run.enqueue(str(job.pk)).errors == []
    job.refresh_from_db()
    assert job.state == JobState.FAILED and keeping.words_of(job) == ""
    [record] = [one for one in caplog.records if one.name == "jobs.running"]
    line = json.loads(JsonLines().format(record))
    assert line["error"] == "ValueError from KeyError"
    assert SECRET not in JsonLines().format(record)
    event = Event.objects.get(verb=Verb.JOB_ENDED)
    assert event.outcome == "error" and SECRET.encode() not in bytes(event.entry)


def test_a_job_that_cannot_even_be_marked_raises_nothing(done_by, waiting, monkeypatch, caplog):
    done_by(lambda run: None)
    job = waiting()

    def broken(*args, **kwargs):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(running.Run, "end", broken)
    assert tasks.run.enqueue(str(job.pk)).errors == []
    assert running.under_way is None


def test_its_log_lines_and_events_carry_a_name_of_its_own(done_by, ask):
    names = []
    done_by(lambda run: names.append(running.request_id.get()))
    job = ask()
    assert names == [job.log_name]
    entry = json.loads(bytes(Event.objects.get(verb=Verb.JOB_ENDED).entry))
    assert entry["request"] == names[0]


def test_what_is_understood_is_told_in_the_language_of_whoever_asked(done_by, ask, alena):
    def work(run):
        raise BadInput(f"Row 3 of {SECRET}")

    done_by(work)
    job = ask()
    assert job.state == JobState.FAILED
    assert keeping.words_of(job) == f"Row 3 of {SECRET}"
    assert SECRET.encode() not in bytes(job.told_sealed)


# --- Who may ---------------------------------------------------------------------------
def test_nobody_else_learns_of_a_job(done_by, ask, ihar):
    done_by(lambda run: None)
    with pytest.raises(NotFound):
        services.job_for(ihar, ask().pk)


def test_without_the_right_nothing_is_asked(done_by, ask):
    done_by(lambda run: None, right=Right.CASE_IMPORT)
    with pytest.raises(NotAllowed):
        ask()
    assert not Job.objects.exists()


@pytest.mark.parametrize("end", ["role", "account"])
def test_a_role_that_is_taken_away_ends_it(done_by, waiting, alena, end):
    def fall():
        if end == "role":
            take_role(user=alena, role="case_officer", by=None)
        else:
            suspend_account(user=alena, by=None)

    def work(run):
        fall()
        run.advance()
        pytest.fail("it went on")

    done_by(work)
    job = waiting()
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED and not job.result


def test_a_role_that_is_taken_away_before_it_begins_does(done_by, waiting, alena):
    done_by(lambda run: pytest.fail("it was begun"))
    job = waiting()
    take_role(user=alena, role="case_officer", by=None)
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_a_result_is_not_given_to_whoever_lost_the_role(done_by, ask, alena, person):
    done_by(lambda run: run.give(b"made", "made.csv"))
    job = ask()
    take_role(user=alena, role="case_officer", by=None)
    again = type(alena).objects.get(pk=alena.pk)
    with pytest.raises(NotAllowed):
        services.fetch(job, by=again)
    assert not Event.objects.filter(verb=Verb.JOB_FETCHED).exists()


def test_so_much_at_once_and_no_more(done_by, waiting):
    done_by(lambda run: None)
    for _ in range(services.MOST_AT_ONCE):
        waiting()
    with pytest.raises(WrongState):
        waiting()


# --- What becomes of it ----------------------------------------------------------------
def test_a_result_is_destroyed_after_a_day(done_by, ask, alena, own_files):
    done_by(lambda run: run.give(b"made", "made.csv"))
    job = ask()
    Job.objects.filter(pk=job.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()
    with pytest.raises(NotFound):
        services.fetch(job, by=alena)
    worker.sweep()
    assert not (own_files / job.result).exists()
    job.refresh_from_db()
    assert job.result == "" and job.result_name == "made.csv"


def test_a_file_that_no_job_names_is_swept_up(done_by, ask, own_files):
    done_by(lambda run: run.give(b"made", "made.csv"))
    job = ask()
    kept = own_files / job.result
    left = own_files / "jobs" / "left"
    left.write_bytes(b"sealed")
    worker.sweep()
    assert left.exists()  # it may belong to a request that is not over
    for name in keeping.left_over(timezone.now() + timedelta(days=1)):
        keeping.destroy(name)
    assert kept.exists() and not left.exists()


def test_jobs_are_forgotten_after_a_month(done_by, ask):
    done_by(lambda run: None)
    job = ask()
    worker.sweep()
    assert Job.objects.exists()
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=31))
    worker.sweep()
    assert not Job.objects.exists()


# --- When the worker ends --------------------------------------------------------------
def forsaken(job):
    """As if its worker had been killed a while ago."""
    before = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, worker="another", attempts=1, alive_at=before, asked_at=before
    )


def test_work_that_can_go_on_is_taken_up_again(done_by, waiting):
    done_by(lambda run: run.begin(1), goes_on=True)
    job = waiting()
    forsaken(job)
    worker.sweep()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 2)


def test_work_that_ends_its_worker_each_time_is_given_up(done_by, waiting):
    done_by(lambda run: pytest.fail("once too often"), goes_on=True)
    job = waiting()
    forsaken(job)
    Job.objects.filter(pk=job.pk).update(attempts=running.ATTEMPTS)
    worker.sweep()
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_work_that_cannot_go_on_is_told_to_have_been_broken_off(done_by, waiting):
    done_by(lambda run: pytest.fail("it went on"))
    job = waiting()
    forsaken(job)
    worker.sweep()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert keeping.words_of(job) == "Tutela was stopped in the middle of it."
    assert Event.objects.get(verb=Verb.JOB_ENDED).outcome == "error"


def test_a_worker_that_lives_keeps_its_job(done_by, waiting):
    done_by(lambda run: pytest.fail("it was begun twice"), goes_on=True)
    job = waiting()
    forsaken(job)
    Job.objects.filter(pk=job.pk).update(alive_at=timezone.now())
    worker.sweep()
    job.refresh_from_db()
    assert (job.state, job.worker) == (JobState.RUNNING, "another")


def test_a_job_whose_task_was_lost_is_begun_all_the_same(done_by, waiting):
    done_by(lambda run: None)
    job = waiting()
    worker.sweep()
    job.refresh_from_db()
    assert job.state == JobState.WAITING  # its task may be on the way
    Job.objects.filter(pk=job.pk).update(asked_at=timezone.now() - timedelta(minutes=5))
    worker.sweep()
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_who_lost_the_job_to_another_worker_writes_nothing_of_it(done_by, waiting):
    def work(run):
        Job.objects.filter(pk=run.job.pk).update(worker="another")
        run.advance()
        pytest.fail("it went on")

    done_by(work)
    job = waiting()
    tasks.enqueue(job.pk)
    job.refresh_from_db()
    assert (job.state, job.worker) == (JobState.RUNNING, "another")


def test_a_stop_puts_back_what_can_go_on(done_by, waiting, stopping):
    done_by(lambda run: run.begin(3), goes_on=True)
    job = waiting()
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.worker, job.task) == (JobState.WAITING, "", "")


@pytest.fixture
def closed(settings, tmp_path):
    """Tutela is closed for maintenance; removing this file opens it."""
    settings.DATA_DIR = tmp_path
    maintenance_marker().touch()
    return maintenance_marker()


def test_while_tutela_is_closed_no_work_goes_on(done_by, waiting, closed):
    done_by(lambda run: run.begin(3), goes_on=True)
    job = waiting()
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    closed.unlink()
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_while_tutela_is_closed_no_work_is_begun(closed, monkeypatch):
    """Nor is anything swept away: the databases may be what is mended."""
    begun = threading.Event()
    monkeypatch.setattr(worker, "PAUSE", 0.01)
    monkeypatch.setattr(worker, "sweep", begun.set)
    monkeypatch.setattr(worker, "do_next", begun.set)
    works = threading.Thread(target=worker.work)
    works.start()
    try:
        assert not begun.wait(0.5)
        closed.unlink()
        assert begun.wait(10)
    finally:
        running.STOPPING.set()
        works.join(10)
        running.STOPPING.clear()


def test_a_stop_ends_what_cannot(done_by, waiting, stopping):
    done_by(lambda run: run.begin(3))
    job = waiting()
    tasks.run.enqueue(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.FAILED
