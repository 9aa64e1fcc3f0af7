"""manage.py restore: a backup into an empty place, and a look whether it holds."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit import signing
from config.backups import BackupError, examining, restoring
from config.backups.examining import Source
from config.backups.restoring import Restored
from config.recovery.asking import join_shares
from core.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty place. Give the root key its place first; see "
        "docs/runbooks/restore.md. Nothing is served from here until the restore has ended."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="a manifest, or a directory: the newest backup in it")
        parser.add_argument(
            "--identity", required=True, metavar="FILE", help="age identities that decrypt"
        )
        parser.add_argument(
            "--keys",
            metavar="FILE",
            help="key store of another backup (…keys.age, beside its manifest): the newest one, for "
            "data whose own copy of the keys is no longer kept",
        )
        erasures = parser.add_mutually_exclusive_group()
        erasures.add_argument(
            "--ledger", metavar="FILE", help="list of erasures; default: erasures.txt beside SOURCE"
        )
        erasures.add_argument(
            "--without-ledger",
            action="store_true",
            help="nobody was erased, or the list is lost: whoever was erased comes back",
        )
        parser.add_argument(
            "--shares",
            action="store_true",
            help="the root key is lost: ask for recovery shares, and put the keys under the root key "
            "that TUTELA_ROOT_KEY names here",
        )
        parser.add_argument(
            "--accept-lost-cases",
            action="store_true",
            help="go on although cases have no key in the key store and can never be read",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        def path(name: str) -> Path | None:
            return Path(options[name]) if options[name] else None

        try:
            with tqdm(unit="B", unit_scale=True, desc="Looking", disable=None) as bar:
                source = examining.examine(
                    Path(options["source"]),
                    Path(options["identity"]),
                    keys=path("keys"),
                    erasures=path("ledger"),
                    without_ledger=options["without_ledger"],
                    progress=bar.update,
                )
            self._announce(source)
            size = source.manifest.data.bytes
            with (
                tqdm(total=size, unit="B", unit_scale=True, desc="Loading", disable=None) as bar,
                tqdm(unit="rows", desc="Verifying", disable=None) as rows,
            ):
                done = restoring.carry_out(
                    source,
                    accept_lost_cases=options["accept_lost_cases"],
                    ask_shares=self._ask_shares if options["shares"] else None,
                    loading=bar.update,
                    verifying=rows.update,
                )
        except (BackupError, DomainError, ImproperlyConfigured, OSError) as error:
            raise CommandError(f"The restore has stopped. {error}") from None
        self._tell(source, done)

    def _ask_shares(self) -> bytes:
        return join_shares(self.stderr.write)

    def _announce(self, source: Source) -> None:
        told = source.manifest
        self.stdout.write(
            f"Backup of {told.made_at} by Tutela {told.version}: {told.counts['cases']} cases, log of "
            f"{told.log.size} events. The log goes back to this checkpoint; whatever was recorded after "
            f"it is not in this backup and is lost:\n\n{told.log.checkpoint}"
        )

    def _tell(self, source: Source, done: Restored) -> None:
        report = done.report
        self.stdout.write(
            f"{done.cases} cases, {done.files} files, {report.events} events, {report.rows} rows, "
            f"{report.versions} versions. {done.opened} rows were opened and looked at by nobody."
        )
        self.stdout.write(
            f"Erased again: {len(done.erased)}. Everybody signs in anew. "
            f"{restoring.SKIPPED} references are left out: those given out after the backup stay theirs."
        )
        wrong = [
            *(f"Case {case} has no key and can never be read." for case in done.without_key),
            *(f"{row} does not open." for row in done.damaged),
            *(f"The file {name} is not there, or was changed." for name in done.lost_files),
            *report.findings,
        ]
        for line in wrong:
            self.stdout.write(self.style.ERROR(line))
        if report.more_findings:
            self.stdout.write(self.style.ERROR(f"… and {report.more_findings} more."))
        self.stdout.write(f"Verifier key: {signing.verifier_key()}")
        self.stdout.write(
            f"The log holds {done.log_size} events now, the last of them tells of this."
        )
        if not done.holds:
            self.stdout.write(
                self.style.ERROR("Restored, as it was when the backup was made. It does NOT hold.")
            )
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS("Restored, and the record holds."))
