"""manage.py account: make an account, change it, give it roles and take them away."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from accounts import links, services
from accounts.models import Office, User
from accounts.roles import ROLES
from config.startup import unlock
from core.exceptions import DomainError
from core.terminal import ask


class Command(BaseCommand):
    help = (
        "Make an account, or change one. The password of a new one is asked for. Every change is "
        "recorded as made by the system; whoever may run this is known to the machine alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("username")
        add("--make", action="store_true", help="a new account; needs --name")
        add("--invite", action="store_true", help="a new account and a link to its password")
        add(
            "--link",
            action="store_true",
            help="a link to a new password; the old one works till then",
        )
        add("--name", help="what the person is called")
        add("--email", metavar="ADDRESS", help='where reminders go; "" for none')
        add("--office", metavar="CODE", help="the office they work in")
        add("--give", nargs="+", default=[], metavar="ROLE", choices=ROLES, help="roles to give")
        add("--take", nargs="+", default=[], metavar="ROLE", choices=ROLES, help="roles to take")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--close", action="store_true", help="nobody signs in with it any more")
        state.add_argument("--open", action="store_true", help="a closed one can be used again")

    def handle(self, *args: Any, **options: Any) -> None:
        unlock()
        try:
            with transaction.atomic():
                user, token = _whose(options)
                if options["email"] is not None:
                    user = services.change_account(user, email=options["email"], by=None)
                for role in options["give"]:
                    services.give_role(user=user, role=role, by=None)
                for role in options["take"]:
                    services.take_role(user=user, role=role, by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except DomainError as error:
            raise CommandError(str(error.message)) from None
        state = "active" if user.is_active else "closed"
        held = ", ".join(role.code for role in User.objects.get(pk=user.pk).roles) or "none"
        self.stdout.write(f"{user.username}: {user.display_name}, {state}; roles: {held}.")
        if token:
            path = reverse("account_password_link", args=[token])
            self.stdout.write(f"The link, which works once: {_origin()}{path}")


def _origin() -> str:
    """Where people reach Tutela, as far as the settings tell."""
    told = settings.CSRF_TRUSTED_ORIGINS
    return told[0] if told else "(the address of Tutela)"


def _whose(options: dict[str, Any]) -> tuple[User, str]:
    """The account, made or changed as the options say, and the token of its link if one was made."""
    if options["invite"]:
        link, token = links.invite(
            username=options["username"],
            display_name=options["name"] or "",
            roles=(),
            office=_office(options),
            by=None,
        )
        return link.user, token
    user = _make(options) if options["make"] else _change(options)
    return user, links.make_link(user, by=None)[1] if options["link"] else ""


def _make(options: dict[str, Any]) -> User:
    try:
        password = ask("Password: ")
    except EOFError:
        raise CommandError("No password was given. Nothing was changed.") from None
    validate_password(password, User(username=options["username"], display_name=options["name"]))
    return services.make_user(
        username=options["username"],
        display_name=options["name"] or "",
        password=password,
        roles=(),
        office=_office(options),
        by=None,
    )


def _change(options: dict[str, Any]) -> User:
    user = User.objects.filter(username=options["username"]).first()
    if user is None:
        raise CommandError("There is no account with that user name; --make makes one.")
    changes: dict[str, Any] = {}
    if options["name"]:
        changes["display_name"] = options["name"]
    if options["office"]:
        changes["office"] = _office(options)
    if options["close"] or options["open"]:
        changes["is_active"] = options["open"]
    return services.change_account(user, by=None, **changes)


def _office(options: dict[str, Any]) -> Office | None:
    code = options["office"]
    if code and not (office := Office.objects.filter(code=code).first()):
        raise CommandError(f"There is no office {code}.")
    return office if code else None
