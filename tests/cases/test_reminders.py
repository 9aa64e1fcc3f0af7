"""Reminders by mail: numbers and an address, once a day, and nothing about anyone."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.services import change_account
from audit.verbs import Verb
from cases import reminders
from cases.models import Reminded
from cases.sections import TaskContent
from cases.services.tasks import give_task
from core.exceptions import BadInput
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture(autouse=True)
def origin(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://tutela.example"]


@pytest.fixture
def due(case, alena):
    """Something Alena has to do."""
    content = TaskContent(cls="narrative", task="Ring the shelter")
    give_task(case, content, due_on=TODAY() + timedelta(days=2), assignee=alena, by=alena)
    return change_account(alena, email="alena@office.example", by=None)


def test_the_mail_holds_numbers_and_an_address(case, due, pavel):
    change_account(pavel, email="pavel@office.example", by=None)
    start = log.size()
    assert reminders.send_all() == (1, 0), "nothing is due for the supervisor"
    [message] = mail.outbox
    assert message.to == ["alena@office.example"] and message.subject == "What is due"
    assert message.body == (
        "Overdue: 0\nDue this week: 1\nWaiting for you: 0\n\nhttps://tutela.example/\n"
    )
    assert case.reference not in str(message.message())
    assert not [word for word in SENTINELS.values() if word in str(message.message())]
    [event] = log.since(start)
    told = log.told(event)
    assert (event.verb, told["reason"], told["cases"]) == (
        Verb.REMINDERS_SENT,
        "1 sent, 0 failed",
        [],
    )


def test_nobody_is_mailed_twice_a_day(due, monkeypatch):
    assert [reminders.send_all() for _run in range(2)] == [(1, 0), (0, 0)]
    tomorrow = TODAY() + timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_args: tomorrow)
    assert reminders.send_all() == (1, 0) and len(mail.outbox) == 2


def test_whoever_has_no_address_or_no_account_is_not_mailed(due):
    change_account(due, email="", by=None)
    assert reminders.send_all() == (0, 0)
    change_account(due, email="alena@office.example", is_active=False, by=None)
    assert reminders.send_all() == (0, 0)


def test_a_mail_that_fails_stops_no_other(case, due, ihar, share, monkeypatch):
    share(ihar, "narrative")
    content = TaskContent(cls="narrative", task="Ring")
    give_task(case, content, due_on=TODAY(), assignee=ihar, by=due)
    change_account(ihar, email="ihar@office.example", by=None)
    real = reminders.send_mail

    def send(subject, text, sender, to):
        if to == ["alena@office.example"]:
            raise SMTPServerDisconnected("away")
        return real(subject, text, sender, to)

    monkeypatch.setattr(reminders, "send_mail", send)
    with pytest.raises(CommandError):
        call_command("send_reminders")
    assert [message.to for message in mail.outbox] == [["ihar@office.example"]]
    assert [row.person for row in Reminded.objects.filter(on=TODAY())] == [ihar]
    monkeypatch.setattr(reminders, "send_mail", real)
    assert reminders.send_all() == (1, 0), "the one that failed is tried again"


def test_without_an_address_of_tutela_nothing_is_sent(due, settings):
    settings.CSRF_TRUSTED_ORIGINS = []
    with pytest.raises(BadInput):
        reminders.send_all()
    assert mail.outbox == []
