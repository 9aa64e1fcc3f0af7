"""Take a statistics snapshot, or look a table up in the latest one, from a timer or by hand."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core.exceptions import DomainError
from reporting import services
from reporting.exports import to_csv, to_json
from reporting.forms import LEVEL_CHOICES, SEPARATOR, TableForm

FORMATS = {"csv": to_csv, "json": to_json}


class Command(BaseCommand):
    help = "Counts all cases and keeps protected tables of them, or prints one of these tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        tasks = parser.add_subparsers(dest="task", required=True)
        freeze = tasks.add_parser("freeze", help="take a snapshot of all cases")
        table = tasks.add_parser("table", help="print a table of the latest snapshot")
        for task in (freeze, table):
            task.add_argument(
                "--as",
                dest="username",
                required=True,
                help="who does it, and must hold the right to; it is recorded",
            )
        table.add_argument("--rows", required=True, help="a dimension, such as year")
        table.add_argument("--columns", default="", help="another one")
        table.add_argument("--split", default="", help="a third one: a table for each category")
        table.add_argument(
            "--filter",
            dest="only",
            default="",
            metavar="DIMENSION=CATEGORY",
            help="only these persons",
        )
        table.add_argument(
            "--level",
            default="",
            choices=list(LEVEL_CHOICES),
            help="0 is every category, -1 automatic",
        )
        table.add_argument("--format", default="csv", choices=list(FORMATS))

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        try:
            by = users.objects.get(username=options["username"], is_active=True)
            said = self._freeze(by) if options["task"] == "freeze" else self._table(options, by)
        except users.DoesNotExist:
            raise CommandError("There is no user of this name with an open account.") from None
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(said)

    def _freeze(self, by: User) -> str:
        return f"Snapshot {services.take_snapshot(by=by).number} was taken."

    def _table(self, options: dict[str, Any], by: User) -> str:
        """The file of the page. It leaves Tutela, and is recorded as an export."""
        surface = services.surface_of(services.current_snapshot().pk)
        only = options["only"].replace("=", SEPARATOR, 1)
        definition = TableForm.read(options | {"only": only}, surface)
        return FORMATS[options["format"]](services.export_table(definition, by=by)).decode()
