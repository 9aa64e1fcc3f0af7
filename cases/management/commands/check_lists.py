"""manage.py check_lists: hold what lists of cases are read from against the grants."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import reach


class Command(BaseCommand):
    help = "Say whether lists of cases show what the grants say; with --mend, make them so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="make rows that differ anew")

    def handle(self, *args: Any, **options: Any) -> None:
        count = reach.mend() if options["mend"] else sum(1 for _case in reach.differing())
        if not count:
            self.stdout.write(_("The lists show what the grants say."))
            return
        told = ngettext("%d case differs.", "%d cases differ.", count) % count
        if not options["mend"]:
            raise CommandError(
                told + " " + _("Nobody can open more than the grants say. Run it with --mend.")
            )
        self.stdout.write(told + " " + _("The lists were made anew."))
