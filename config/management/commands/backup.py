"""manage.py backup: the data and the keys in two encrypted files, while Tutela is used."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from config.backups import BackupError, making
from config.backups.manifest import Manifest
from config.startup import something_is_recorded, unlock


class Command(BaseCommand):
    help = (
        "Write data and key store to two encrypted files in a directory, with a signed manifest. "
        "Tutela may be in use. The root key is in neither file: keep it elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "destination",
            nargs="?",
            default=settings.BACKUP_DIR,
            help="an existing directory, best on another disk; default: TUTELA_BACKUP_DIR",
        )
        parser.add_argument(
            "--to",
            action="append",
            default=[],
            metavar="RECIPIENT",
            help="age public key that can decrypt, beside those in TUTELA_BACKUP_RECIPIENTS",
        )
        parser.add_argument(
            "--without-files",
            action="store_true",
            help="leave out attachments, because their storage is copied by other means",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="afterwards remove backups there that are past their retention time",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not something_is_recorded():
            raise CommandError(
                f"There is nothing to back up in {settings.DATA_DIR}: nothing was ever recorded. Are "
                "TUTELA_DATA_DIR and DATABASE_URL those that Tutela is started with?"
            )
        if options["destination"] is None:
            raise CommandError("Where to? Name a directory, or set TUTELA_BACKUP_DIR.")
        destination = Path(options["destination"]).resolve()
        with_files = not options["without_files"]
        recipients = list(dict.fromkeys([*options["to"], *settings.BACKUP_RECIPIENTS]))
        try:
            unlock()
            total = making.size_of_work(with_files=with_files)
            with tqdm(total=total, unit="B", unit_scale=True, disable=None) as bar:
                made = making.make(
                    destination, recipients, with_files=with_files, progress=bar.update
                )
        except (BackupError, ImproperlyConfigured, OSError) as error:
            raise CommandError(f"There is no backup. {error}") from None
        self._tell(made, destination)
        if options["prune"]:
            for path in making.prune(destination):
                self.stdout.write(f"Removed {path.name}: past its retention time.")
        if made.files.lost:
            raise CommandError(
                f"The backup is made, but {len(made.files.lost)} files of cases are lost or changed in "
                "the storage; the manifest names them. Look for them in earlier backups."
            )

    def _tell(self, made: Manifest, destination: Path) -> None:
        for part in (made.data, made.keys):
            self.stdout.write(f"{destination / part.file}  {part.bytes} bytes  {part.sha256}")
        self.stdout.write(
            f"{made.counts['cases']} cases, {made.files.count} files, log of {made.log.size} events."
        )
        if not made.files.included:
            self.stdout.write("Files of cases are NOT in it: copy their storage by other means.")
        self.stdout.write(
            f"The root key {made.root_key} is NOT in it, and without it nothing opens. Keep a copy of "
            "it elsewhere, and the age identities in a third place."
        )
        if making.is_on_the_same_disk(destination):
            self.stderr.write(
                f"{destination} is on the same disk as the data: when that breaks, both are gone."
            )
        self.stdout.write(self.style.SUCCESS("The backup is made."))
