"""manage.py changepassword: Django's, with the keys at hand."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from config.startup import unlock


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        unlock()  # a password is hashed and sealed
        return super().handle(*args, **options)
