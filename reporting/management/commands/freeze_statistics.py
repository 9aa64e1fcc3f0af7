"""Take a statistics snapshot from a timer or by hand."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from core.exceptions import DomainError
from reporting.services import take_snapshot


class Command(BaseCommand):
    help = "Counts all cases and keeps the protected tables that statistics are answered from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--as",
            dest="username",
            required=True,
            help="who takes the snapshot; must hold the right to",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        try:
            by = users.objects.get(username=options["username"])
            snapshot = take_snapshot(by=by)
        except users.DoesNotExist:
            raise CommandError("There is no user of this name.") from None
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"Snapshot {snapshot.number} was taken.")
