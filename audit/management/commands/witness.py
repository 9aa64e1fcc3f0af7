"""manage.py witness: be a witness of another organisation's log; see verify/WITNESS.md."""

import sys

from django.core.management.base import BaseCommand

from verify import tutela_witness


class Command(BaseCommand):
    help = (
        "Remember and cosign the checkpoints of other logs. The same as verify/tutela_witness.py."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        """Its words are its own: nothing of this installation is read or opened."""
        sys.exit(tutela_witness.main(argv[2:]))
