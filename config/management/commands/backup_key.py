"""manage.py backup_key: a key pair for backups, where age itself is not installed."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from pyrage import x25519


class Command(BaseCommand):
    help = (
        "Write a new age identity, which decrypts backups, to a file, and say its recipient, to "
        "which they are encrypted. Do this on another machine than the one that is backed up."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="where to; must not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        for folder in (settings.BASE_DIR, settings.DATA_DIR):
            if path.resolve().is_relative_to(folder):
                raise CommandError(f"{path} lies inside {folder}. Name a place outside.")
        identity = x25519.Identity.generate()
        recipient = str(identity.to_public())
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path} cannot be made: {error.strerror}.") from None
        with os.fdopen(descriptor, "w") as file:
            file.write(f"# public key: {recipient}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
        self.stdout.write(f"Recipient (TUTELA_BACKUP_RECIPIENTS): {recipient}")
        self.stdout.write(
            f"The identity is in {path}. Keep it away from the machine that is backed up, in two "
            "places: without it no backup can be restored."
        )
