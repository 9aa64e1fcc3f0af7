"""manage.py load_demo: invented cases to try Tutela with."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo import office
from vault.keyring import keyring


class Command(BaseCommand):
    help = "Load invented offices, people and cases. Does nothing where anybody works already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cases", type=int, default=office.CASES)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration is loaded where TUTELA_DEMO=1, and nowhere else.")
        keyring.unlock()
        made = office.load(cases=options["cases"])
        if made:
            self.stdout.write(f"{made} invented cases are loaded.")
