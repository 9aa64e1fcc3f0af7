"""manage.py recovery_drill: would the shares recover the keys? Changes nothing but its date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from audit.verbs import Verb
from config.recovery.asking import join_shares
from config.startup import unlock
from core.exceptions import BadInput, WrongState
from vault import recovery


class Command(BaseCommand):
    help = "Ask for as many shares as a recovery needs and see that they would recover every key."

    def handle(self, *args: Any, **options: Any) -> None:
        unlock()
        try:
            count = recovery.drill(join_shares(self.stderr.write))
        except BadInput as error:
            raise CommandError(str(error.message)) from None
        except WrongState as error:
            trail.record(Verb.RECOVERY_DRILLED, by=None, outcome="error")
            raise CommandError(str(error.message)) from None
        trail.record(Verb.RECOVERY_DRILLED, by=None)
        self.stdout.write(
            self.style.SUCCESS(f"These shares recover every key ({count} key-encryption keys).")
            + "\nThey are forgotten again. Lock them away as before."
        )
