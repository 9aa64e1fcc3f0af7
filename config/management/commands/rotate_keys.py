"""manage.py rotate_keys: new wrapping keys, while Tutela is being used. Data are not touched."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from audit import trail
from audit.verbs import Verb
from config.startup import unlock
from vault import rotation


class Command(BaseCommand):
    help = (
        "Rotate the key-encryption key (--kek) or the root key (--root), or destroy what is due. "
        "Broken off, it goes on where it was when it is run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--kek", action="store_true", help="a new key wraps the keys of cases")
        what.add_argument("--root", action="store_true", help="a new root key file")
        what.add_argument(
            "--destroy-due", action="store_true", help="destroy wrapping keys whose day has come"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        unlock()
        if options["kek"]:
            self._rotate_kek()
        elif options["root"]:
            self._rotate_root()
        else:
            self._destroy_due()

    def _rotate_kek(self) -> None:
        version = rotation.begin_kek()
        trail.record(Verb.KEY_ROTATION_BEGUN, by=None, reason=f"kek {version}")
        with tqdm(total=rotation.waiting(), unit="keys", disable=None) as bar:
            while done := rotation.rewrap_some():
                bar.update(done)
        trail.record(Verb.KEY_ROTATED, by=None, reason=f"kek {version}")
        self.stdout.write(self.style.SUCCESS(f"Key-encryption key {version} wraps every key now."))

    def _rotate_root(self) -> None:
        trail.record(Verb.KEY_ROTATION_BEGUN, by=None, reason="root")
        former = rotation.rotate_root()
        trail.record(Verb.KEY_ROTATED, by=None, reason="root")
        self.stdout.write(
            self.style.SUCCESS("The root key is new.")
            + f"\nThe former one lies at {former}. It opens copies of the key store made until now:"
            " store it away with them, and destroy it when they are gone. Back up the new one."
        )

    def _destroy_due(self) -> None:
        versions = rotation.destroy_due()
        for version in versions:
            trail.record(Verb.KEY_DESTROYED, by=None, reason=f"kek {version}")
        told = ", ".join(map(str, versions)) or "none"
        self.stdout.write(f"Destroyed key-encryption keys: {told}.")
