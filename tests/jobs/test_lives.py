"""Whether a worker is there is seen on the state page and at the health address, before work waits."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.state import CHECKS, Light, state_of_trail
from jobs import lives, running, worker

pytestmark = pytest.mark.django_db


def line():
    [found] = [check for check in state_of_trail().checks if check.title == "Background work"]
    return found


def health():
    return Client().get("/health/").content.decode()


def test_without_a_worker_the_line_warns_and_says_what_to_do(viktar, client_for):
    assert lives.check_worker in CHECKS
    assert (line().light, line().told) == (Light.AMBER, "No worker is there.")
    page = client_for(viktar).get(reverse("audit:state")).content.decode()
    assert "No worker is there." in page and "manage.py work" in page
    assert health() == "idle"


def test_a_worker_that_has_nothing_to_do_is_seen(monkeypatch):
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    monkeypatch.setattr(running.STOPPING, "wait", lambda seconds: True)
    worker._show_life()
    assert line().light == Light.GREEN and "A worker is there" in line().told
    assert health() == "ok"


def test_one_that_ended_is_missed_after_two_minutes(time_machine, waiting, done_by):
    lives.show_life()
    done_by(lambda run: None)
    waiting()
    assert line().light == Light.GREEN
    time_machine.move_to(timezone.now() + timedelta(minutes=3))
    assert line().light == Light.AMBER
    assert "last one was seen" in line().told and "The oldest work waits since" in line().told
    assert health() == "idle"


def test_work_that_waits_behind_other_work_for_long_is_told(time_machine, waiting, done_by):
    done_by(lambda run: None)
    waiting()
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    lives.show_life()
    assert line().light == Light.AMBER and "busy with other work" in line().todo
    assert health() == "ok"


def test_nothing_is_written_while_tutela_is_closed(monkeypatch):
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    monkeypatch.setattr(worker, "is_closed", lambda: True)
    monkeypatch.setattr(running.STOPPING, "wait", lambda seconds: True)
    worker._show_life()
    assert lives.last_seen() is None
