"""manage.py send_reminders: mail everybody, once a day, how many things are due for them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.reminders import send_all
from core.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Mail each person with an address how many things are overdue, due this week and waiting."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sent, failed = send_all()
        except DomainError as error:
            raise CommandError(str(error.message)) from None
        self.stdout.write(_("Reminders sent: %(count)d") % {"count": sent})
        if failed:
            told = _("Not sent: %(count)d. Run it again when the mail server is there.")
            raise CommandError(told % {"count": failed})
