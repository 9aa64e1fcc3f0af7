"""manage.py recover_keys: the root key is lost; enough shares put the keys under a new one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from audit.verbs import Verb
from config.recovery.asking import join_shares
from config.startup import refuse_half_restored
from core.exceptions import DomainError
from vault import recovery


class Command(BaseCommand):
    help = (
        "Recover every key-encryption key with shares and wrap it under the root key that "
        "TUTELA_ROOT_KEY names now. All or nothing: broken off, it can be run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_half_restored()
        try:
            versions = recovery.recover(join_shares(self.stderr.write))
        except DomainError as error:
            raise CommandError(str(error.message)) from None
        told = " ".join(map(str, versions))
        trail.record(Verb.KEYS_RECOVERED, by=None, reason=f"kek {told}")
        self.stdout.write(
            self.style.SUCCESS("Every key is under the root key that is configured now.")
            + "\nBack that one up. Several people have just put their shares together: make new ones "
            "with manage.py make_recovery_shares."
        )
