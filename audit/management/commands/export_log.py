"""manage.py export_log: the log as files that anybody can check."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit import export, signing, verifier
from vault.keyring import keyring


class Command(BaseCommand):
    help = (
        "Write the log and the digests of all rows into a folder, as verify/tutela_verify.py reads "
        "them. Run it again with the same folder to add what is new."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where to; made when it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        keyring.unlock()
        folder: Path = options["folder"]
        try:
            with tqdm(total=verifier.size_of_work(), unit="rows", disable=None) as bar:
                checkpoint = export.export_log(folder, by=None, progress=bar.update)
        except (export.CannotExport, signing.LogRewritten, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{checkpoint.size} events in {folder}. Anybody can check them with")
        keys = " ".join(
            f"--key {key}" for key in signing.verifier_keys()
        )  # one for each name it had
        self.stdout.write(f"python3 tutela_verify.py {folder} --rows {folder / export.ROWS} {keys}")
        self.stdout.write(
            "Tell the key to whoever checks on another way than the files. They hold identifiers of "
            "cases and of people who work here: give them to nobody else."
        )
