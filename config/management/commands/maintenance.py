"""manage.py maintenance: one page for everybody while something is done to Tutela."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from config import maintenance

LONGEST = 7 * 24 * 60  # minutes


class Command(BaseCommand):
    help = "Close Tutela to everybody with a page that says so, or open it again. Needs no restart."
    requires_system_checks = ()  # the database may be what is being mended

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("state", choices=("on", "off"))
        parser.add_argument(
            "--minutes", type=int, default=30, help="how long it will take; people are told"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["state"] == "off":
            maintenance.open_again()
            self.stdout.write("Tutela is open.")
            return
        if not 1 <= options["minutes"] <= LONGEST:
            raise CommandError(f"--minutes must be from 1 to {LONGEST}.")
        until = localtime(maintenance.close(options["minutes"]))
        self.stdout.write(
            f"Tutela is closed. People are told to come back at about {until:%H:%M}; it stays closed "
            "until: manage.py maintenance off"
        )
