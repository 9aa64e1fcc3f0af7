"""manage.py verify_audit: does the record hold?"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit import trail, verifier
from audit.verbs import Verb
from vault.keyring import keyring


class Command(BaseCommand):
    help = "Recompute the log, compare every row with its event, name what does not fit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", help="file with a checkpoint kept from before; the log must contain it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keyring.unlock()
        kept = options["checkpoint"]
        try:
            note = Path(kept).read_text() if kept else None
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"The checkpoint file {kept} cannot be read.") from None
        with tqdm(total=verifier.size_of_work(), unit="rows", disable=None) as bar:
            report = verifier.verify(kept_note=note, progress=bar.update)
        self.stdout.write(
            f"{report.events} events, {report.checkpoints} checkpoints, {report.rows} rows,"
            f" {report.versions} versions, {report.pinned} files. Root {report.root}"
        )
        for finding in report.findings:
            self.stdout.write(self.style.ERROR(finding))
        if report.more_findings:
            self.stdout.write(self.style.ERROR(f"… and {report.more_findings} more."))
        outcome = "ok" if report.holds else "error"
        trail.record(Verb.LOG_VERIFIED, by=None, outcome=outcome)
        self.stdout.write(f"Verifier key: {trail.verifier_key()}")
        self.stdout.write(trail.checkpoint().note)
        if not report.holds:
            self.stdout.write(self.style.ERROR("The record does NOT hold."))
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS("The record holds."))
