"""manage.py make_recovery_shares: for the day the root key is lost. Shown once, stored nowhere."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from audit.verbs import Verb
from config.recovery.sheets import write_sheets
from config.startup import unlock
from core.exceptions import DomainError
from core.terminal import is_there
from vault import recovery

CLEAR = "\x1b[2J\x1b[3J\x1b[H"  # the screen, and what was scrolled off it
COLUMNS = 3


class Command(BaseCommand):
    help = (
        "Make a recovery key and give it out as shares of words, on the terminal or on sheets to "
        "print. Shares made before open nothing from then on but old copies of the key store."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shares", type=int, default=5, help="how many people get one")
        parser.add_argument("--threshold", type=int, default=3, help="how many of them are needed")
        parser.add_argument(
            "--sheets",
            type=Path,
            metavar="DIR",
            help="write one PDF for each share there. THESE FILES HOLD SECRETS: use a stick or "
            "/dev/shm, print them, and delete them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        total, threshold, folder = options["shares"], options["threshold"], options["sheets"]
        if not folder and not (is_there() and sys.stdout.isatty()):
            raise CommandError(
                "Shares are shown on a terminal only, so that they do not end in a file by chance. "
                "Run this on one, or name a folder for sheets with --sheets."
            )
        unlock()
        try:
            private, shares = recovery.new_shares(total, threshold)
            if folder:
                self._write(folder, shares, threshold)
            else:
                self._show(shares, threshold)
            recovery.put_to_use(private, shares=total, threshold=threshold)
        except DomainError as error:
            raise CommandError(str(error.message)) from None
        trail.record(Verb.RECOVERY_SHARES_MADE, by=None, reason=f"{threshold} of {total}")
        self.stdout.write(
            self.style.SUCCESS(f"Any {threshold} of these {total} shares recover every key now.")
            + "\nCollect and destroy the shares of an earlier set: they still open copies of the key "
            "store from their time.\nTry the new ones soon: manage.py recovery_drill."
        )

    def _write(self, folder: Path, shares: list[str], threshold: int) -> None:
        try:
            paths = write_sheets(folder, shares, threshold)
        except OSError as error:
            raise CommandError(
                f"The sheets cannot be written to {folder}: {error.strerror}. Nothing was changed."
            ) from None
        for path in paths:
            self.stdout.write(str(path))
        self.stdout.write(
            self.style.WARNING(
                "THESE FILES HOLD SECRETS: whoever has enough of them can open every record. Print "
                "each, hand it to its keeper, and delete the files. What was deleted can be brought "
                "back from most disks; from /dev/shm or a stick that is destroyed it cannot."
            )
        )

    def _show(self, shares: list[str], threshold: int) -> None:
        """One share after the other, each off the screen before the next keeper looks."""
        for number, share in enumerate(shares, 1):
            self._ask(
                f"{CLEAR}Keeper {number} of {len(shares)}, alone at the screen: press Enter. "
            )
            self.stdout.write(f"{CLEAR}Share {number} of {len(shares)}; {threshold} are needed.\n")
            words = share.split()
            rows = -(-len(words) // COLUMNS)
            for row in range(rows):
                line = enumerate(words[row::rows])
                self.stdout.write("".join(f"{row + rows * c + 1:4} {w:12}" for c, w in line))
            self._ask("\nWrite the words down and read them back. Then press Enter to clear them. ")
        if self._ask(f'{CLEAR}Has every keeper their share? Type "yes": ').strip() != "yes":
            raise CommandError("These shares are not put to use. Nothing was changed.")

    def _ask(self, prompt: str) -> str:
        self.stdout.write(prompt, ending="")
        self.stdout.flush()
        try:
            return input()
        except (EOFError, KeyboardInterrupt):
            self.stdout.write(CLEAR, ending="")
            raise CommandError("These shares are not put to use. Nothing was changed.") from None
