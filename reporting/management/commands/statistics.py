"""Take a statistics snapshot, look a table up in the latest one, or load rows to try it with."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core.exceptions import DomainError
from reporting import loading, services
from reporting.exports import to_csv, to_json
from reporting.forms import LEVEL_CHOICES, SEPARATOR, TableForm
from reporting.measures import MEASURES
from reporting.releases import commands as releasing

FORMATS = {"csv": to_csv, "json": to_json}


class Command(BaseCommand):
    help = "Counts all cases and keeps protected tables of them, or prints one of these tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        tasks = parser.add_subparsers(dest="task", required=True)
        freeze = tasks.add_parser("freeze", help="take a snapshot of all cases")
        table = tasks.add_parser("table", help="print a table of the latest snapshot")
        load = tasks.add_parser(
            "load", help="in a test or demonstration: count the rows of a file, not the cases"
        )
        what = load.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", metavar="FACTS.csv")
        what.add_argument("--clear", action="store_true", help="go back to the cases")
        release = tasks.add_parser(
            "release", help="list releases, propose one, decide on one, or write its folder"
        )
        ledger_of = tasks.add_parser("ledger", help="print what releases spent of each year")
        for task in (freeze, table, load, release, ledger_of):
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
        table.add_argument(
            "--measure",
            default="",
            metavar="MEASURE",
            help="what the figures are: " + ", ".join(MEASURES),
        )
        table.add_argument("--format", default="csv", choices=list(FORMATS))
        releasing.add_arguments(release)

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        try:
            by = users.objects.get(username=options["username"], is_active=True)
            said = TASKS[options["task"]](options, by)
        except users.DoesNotExist:
            raise CommandError("There is no user of this name with an open account.") from None
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(said)


def _freeze(options: dict[str, Any], by: User) -> str:
    """What a timer does: that it is not time yet is no failure."""
    try:
        snapshot = services.take_snapshot(by=by)
    except services.NotYet as early:
        return str(early.message)
    said = f"Snapshot {snapshot.number} was taken."
    if snapshot.damaged:
        said += f" {snapshot.damaged} damaged cases are not in it: tell your auditor."
    return said


def _table(options: dict[str, Any], by: User) -> str:
    """The file of the page. It leaves Tutela, and is recorded as an export."""
    surface = services.surface_of(services.current_snapshot().pk)
    only = options["only"].replace("=", SEPARATOR, 1)
    definition = TableForm.read(options | {"only": only}, surface)
    form = options["format"]
    return FORMATS[form](services.export_table(definition, by=by, form=form)).decode()


def _load(options: dict[str, Any], by: User) -> str:
    if options["clear"]:
        number = loading.load([], by=by)
    else:
        try:
            with open(options["file"], encoding="utf-8-sig", newline="") as file:
                number = loading.load(file, by=by)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The file cannot be read: {type(error).__name__}.") from error
    if not number:
        return "Statistics are made of the cases again."
    return (
        f"{number} rows were loaded. Until --clear, statistics are made of them, not of the cases."
    )


TASKS: dict[str, Callable[[dict[str, Any], User], str]] = {
    "freeze": _freeze,
    "table": _table,
    "load": _load,
    "release": releasing.release,
    "ledger": lambda options, by: releasing.ledger_lines(by),
}
