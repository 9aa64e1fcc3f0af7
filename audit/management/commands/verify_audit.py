"""manage.py verify_audit: does the record hold?"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit import marks, signing, verifier
from audit.verification import verify_record
from vault.keyring import keyring


class Command(BaseCommand):
    help = (
        "Recompute the log, compare the rows with their events, name what does not fit. Goes on from "
        "the last verification that held; the first one is of everything. Exit code 0: the record "
        "holds, 1: it does not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--full", action="store_true", help="verify everything from the start")
        parser.add_argument(
            "--checkpoint", help="file with a checkpoint kept from before; the log must contain it"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        keyring.unlock()
        kept = options["checkpoint"]
        try:
            kept_note = Path(kept).read_text() if kept else None
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"The checkpoint file {kept} cannot be read.") from None
        since = None if options["full"] else marks.last()
        with tqdm(total=verifier.size_of_work(since), unit="rows", disable=None) as bar:
            report, note = verify_record(
                by=None, since=since, kept_note=kept_note, progress=bar.update
            )
        if options["json"]:
            told = asdict(report) | {"holds": report.holds, "more_findings": report.more_findings}
            told |= {"verifier_key": signing.verifier_key(), "checkpoint": note}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self._tell(report, since, note)
        if not report.holds:
            sys.exit(1)

    def _tell(self, report: verifier.Report, since: marks.Mark | None, note: str) -> None:
        write = self.stdout.write
        write(
            f"{report.events} events, {report.checkpoints} checkpoints, {report.rows} rows,"
            f" {report.versions} versions, {report.pinned} files in {report.seconds:.1f} s."
            f" Root {report.root}"
        )
        if since:
            write(
                f"Went on from {since.size:,} events, verified on {since.at:%Y-%m-%d %H:%M} UTC."
                f" Everything was verified on {since.full_at:%Y-%m-%d %H:%M} UTC."
            )
        for what in report.not_checked:
            write(f"not checked: {what}")
        for finding in report.findings:
            write(self.style.ERROR(finding))
        if report.more_findings:
            write(self.style.ERROR(f"… and {report.more_findings} more."))
        write(f"Verifier key: {signing.verifier_key()}")
        write(note or self.style.ERROR("The log is not what it was when it was signed last."))
        if report.holds:
            write(self.style.SUCCESS("The record holds."))
        else:
            write(self.style.ERROR("The record does NOT hold."))
