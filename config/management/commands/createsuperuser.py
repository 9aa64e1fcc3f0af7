"""manage.py createsuperuser: Django's, with the keys at hand. Such an account holds no role yet."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from config.startup import unlock


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        unlock()  # a password is hashed and sealed
        super().handle(*args, **options)
