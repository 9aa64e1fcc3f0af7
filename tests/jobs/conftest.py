"""A kind of work of the tests alone, of which each test says what is done."""

import pytest

from core.rights import Right
from jobs import running, services
from jobs.kinds import KINDS, Kind
from jobs.models import Job


@pytest.fixture(autouse=True)
def in_own_folder(own_files):
    """Files of jobs lie in a folder of the test."""


@pytest.fixture
def done_by(monkeypatch):
    """Have this function do the work: done_by(lambda run: run.give(b"made", "made.csv"))."""

    def take(work, **more):
        words = dict.fromkeys(("title", "rows", "on_failure", "on_stop"), "Words")
        kind = Kind(**words | {"right": Right.CASE_READ, "work": work} | more)
        monkeypatch.setitem(KINDS, "made_up", kind)
        monkeypatch.setattr(running, "EVERY", 0)

    return take


@pytest.fixture
def ask(alena):
    """The job of Alena's, as it stands once it was asked for: the tests' backend does it at once."""

    def make(by=alena, **parameters):
        return Job.objects.get(pk=services.ask("made_up", by=by, parameters=parameters).pk)

    return make


@pytest.fixture
def waiting(monkeypatch, ask):
    """A job that no worker has taken yet."""

    def make(**more):
        with monkeypatch.context() as patch:
            patch.setattr("jobs.tasks.enqueue", lambda pk: None)
            return ask(**more)

    return make
