"""manage.py rotate_keys: new keys, while Tutela is being used."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from audit import trail
from audit.verbs import Verb
from cases.models import Case
from cases.services import renewal
from config import rotating
from config.startup import unlock
from vault import rotation
from vault.keyring import NoKey


class Command(BaseCommand):
    help = (
        "Rotate the key-encryption key (--kek), the data keys of cases (--dek) or the root key "
        "(--root), or destroy what is due. Broken off, it goes on where it was when it is run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--kek", action="store_true", help="a new key wraps the keys of cases")
        what.add_argument(
            "--dek", action="store_true", help="new keys of cases; their content is sealed anew"
        )
        what.add_argument(
            "--root", action="store_true", help="a new root key, or one kept elsewhere"
        )
        what.add_argument(
            "--destroy-due", action="store_true", help="destroy wrapping keys whose day has come"
        )
        parser.add_argument("--case", metavar="REFERENCE", help="with --dek: this case alone")

    def handle(self, *args: Any, **options: Any) -> None:
        unlock()
        if options["kek"]:
            self._rotate_kek()
        elif options["dek"]:
            self._rotate_dek(options["case"])
        elif options["root"]:
            self._rotate_root()
        else:
            self._destroy_due()

    def _rotate_kek(self) -> None:
        version = rotation.next_version()
        with tqdm(unit="keys", disable=None) as bar:
            rotating.rotate_kek(version, by=None, begin=bar.reset, advance=bar.update)
        self.stdout.write(self.style.SUCCESS(f"Key-encryption key {version} wraps every key now."))

    def _rotate_dek(self, reference: str | None) -> None:
        if reference:
            trail.record(Verb.KEY_ROTATION_BEGUN, by=None, reason="dek")
            case = Case.objects.filter(reference=reference.upper()).first()
            if case is None:
                raise CommandError(f"There is no case {reference}.")
            try:
                damaged = renewal.renew_case(case.pk, by=None)
            except NoKey:
                raise CommandError(f"Case {reference} was erased: it has no key.") from None
        else:
            with tqdm(unit="cases", disable=None) as bar:
                damaged = rotating.renew_cases(
                    timezone.now(), by=None, begin=bar.reset, advance=bar.update
                )
        for name in damaged:
            self.stdout.write(self.style.ERROR(f"{name} is damaged and was left as it is."))
        self.stdout.write(self.style.SUCCESS("Everything is sealed under new keys of the cases."))

    def _rotate_root(self) -> None:
        trail.record(Verb.KEY_ROTATION_BEGUN, by=None, reason="root")
        new, former = rotation.rotate_root()
        trail.record(Verb.KEY_ROTATED, by=None, reason="root")
        self.stdout.write(
            self.style.SUCCESS(f"The root key is new: {new}. See that it cannot be lost.")
            + f"\nThe former one ({', '.join(former)}) opens copies of the key store made until now: "
            "keep it with them, and destroy it when they are gone."
        )

    def _destroy_due(self) -> None:
        versions = rotation.destroy_due()
        for version in versions:
            trail.record(Verb.KEY_DESTROYED, by=None, reason=f"kek {version}")
        told = ", ".join(map(str, versions)) or "none"
        self.stdout.write(f"Destroyed key-encryption keys: {told}.")
