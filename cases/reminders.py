"""Reminders by mail: to each person, once a day, how many things are due. Nothing about anyone."""

import logging
from datetime import date, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.due import Show, due_for
from cases.models import Reminded
from core.exceptions import BadInput

log = logging.getLogger(__name__)


def send_all() -> tuple[int, int]:
    """Mail whoever has an address and something due, unless they had a mail today.

    Gives how many mails went out and how many failed; those are tried again when this runs again. Raises
    BadInput when nobody said where people reach Tutela.
    """
    if not settings.CSRF_TRUSTED_ORIGINS:
        raise BadInput(_("Set TUTELA_ORIGINS: the mail tells where Tutela is."))
    today, sent, failed = timezone.localdate(), 0, 0
    for person in User.objects.filter(is_active=True).exclude(email="").order_by("pk"):
        lists = due_for(person)
        if not (lists[Show.OVERDUE] or lists[Show.WEEK]) or not _take(person, today):
            continue
        try:
            _send(person, {show: len(found) for show, found in lists.items()})
            sent += 1
        except OSError:  # of the mail server, smtplib's own errors among them
            _give_back(person, today)
            log.warning("a reminder could not be sent")
            failed += 1
    if sent or failed:
        outcome = "error" if failed else "ok"
        told = f"{sent} sent, {failed} failed"
        trail.record(Verb.REMINDERS_SENT, by=None, outcome=outcome, reason=told)
    return sent, failed


def _take(person: User, today: date) -> bool:
    """Note that the person is mailed today; False when they were. Of two runs at once one is told so."""
    with transaction.atomic():
        rows = Reminded.objects.select_for_update()
        row, is_new = rows.get_or_create(person=person, defaults={"on": today})
        if not is_new and row.on >= today:
            return False
        row.on = today
        row.save()
    return True


def _give_back(person: User, today: date) -> None:
    """As if the person was not mailed today."""
    yesterday = today - timedelta(days=1)
    Reminded.objects.update_or_create(person=person, defaults={"on": yesterday})


def _send(person: User, counts: dict[Show, int]) -> None:
    with override(person.language or settings.LANGUAGE_CODE):
        subject = _("What is due")
        text = (
            _("Overdue: %(overdue)d\nDue this week: %(week)d\nWaiting for you: %(waiting)d")
            % counts
        )
    address = settings.CSRF_TRUSTED_ORIGINS[0] + reverse("home")
    send_mail(subject, f"{text}\n\n{address}\n", None, [person.email])
