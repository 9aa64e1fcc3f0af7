"""Accounts of the people who work with Tutela."""

from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models.base import TRACKED
from accounts.models.place import Office, Organisation
from accounts.roles import PARTNER, ROLES, Role, Side
from audit import trail
from audit.context import current
from audit.models import TrackedModel
from audit.verbs import Verb
from core.rights import Right


class User(TrackedModel, AbstractUser):
    """A member of staff. Staff names are open; what they work on is not here.

    Django's last_login is left out: the log knows sign-ins, and signing in changes no account.
    """

    class Privacy:
        open = (
            *TRACKED,
            "password",
            "is_superuser",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_staff",
            "is_active",
            "date_joined",
            "office",
            "display_name",
            "language",
            "theme",
            "tour_done",
        )
        sealed = ()

    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]  # what `createsuperuser` asks for
    last_login = None

    display_name = models.CharField(_("name"), max_length=150)
    password = models.CharField(_("password"), max_length=600)  # accounts/hashers.py
    # Codes of the language and the theme pages are shown in; empty until they are chosen.
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    theme = models.CharField(_("colours"), max_length=10, blank=True, default="")
    tour_done = models.BooleanField(_("tour seen"), default=False)  # accounts/tour.py
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username

    def save(self, **kwargs: Any) -> None:
        """Write the account together with an event, whoever calls this.

        `audit.trail` says by force_insert that the event is there, and writes changes by itself.
        Django and allauth do not: their saves are a new password, the same one hashed anew after
        its sign-in, and the commands that make accounts.
        """
        if kwargs.get("force_insert"):
            super().save(**kwargs)
        elif (names := kwargs.get("update_fields")) is not None:
            self._save_alone(names)
        else:
            self._save_with_event()

    def prepare(self) -> None:
        self._password = None  # its event is made; Django would say so after the save

    def _save_alone(self, names: Any) -> None:
        """Write these fields, and leave the others as somebody else may have changed them."""
        with transaction.atomic():
            stored = User.objects.select_for_update().get(pk=self.pk)
            for name in names:
                setattr(stored, name, getattr(self, name))
            stored._password = self._password
            stored._save_with_event()
        self.revision, self.last_event = stored.revision, stored.last_event

    def _save_with_event(self) -> None:
        verb = Verb.ACCOUNT_CHANGED
        if self._state.adding:
            verb = Verb.ACCOUNT_MADE
        elif self._password is not None:  # Django keeps a new password here until it is saved
            verb = Verb.PASSWORD_CHANGED
        # In a request these saves are of whoever makes it; a command speaks for nobody.
        trail.save(self, verb=verb, by=self if current().request_id else None)
        if verb == Verb.PASSWORD_CHANGED or not self.is_active:
            self.end_sessions()

    def end_sessions(self) -> None:
        """Nobody is signed in with this account any more, from the next request on.

        Whoever changes the own password goes on: Django gives that session a new key.
        """
        self.sessions.all().end()

    @property
    def partner(self) -> Organisation | None:
        """The partner organisation the person works in; None for us, and without an office."""
        return self.office.partner if self.office else None

    @property
    def side(self) -> Side:
        """Whether the person works with us or with a partner."""
        return Side.PARTNER if self.partner else Side.HOUSE

    @cached_property
    def roles(self) -> list[Role]:
        """The roles held, in the order of the list of roles. None for an inactive account."""
        if not self.is_active:
            return []
        held = set(self.role_holdings.now().values_list("role", flat=True))
        return [role for code, role in ROLES.items() if code in held]

    @property
    def role_labels(self) -> list[str]:
        """The names of the roles held."""
        return [str(role.display_name) for role in self.roles]

    @property
    def groups(self) -> models.QuerySet[Group]:
        """The groups of the teams the person is in now: who grants to a team are given to."""
        return Group.objects.filter(team__memberships__user=self, team__memberships__ended_at=None)

    @property
    def organisation_id(self) -> Any:
        """Key of the organisation in whose office the person works; None without an office."""
        return self.office.organisation_id if self.office else None

    @property
    def is_partner(self) -> bool:
        """Somebody who sees nothing but what was referred, wherever the account is kept."""
        return any(role.code == PARTNER for role in self.roles)

    @property
    def user_permissions(self) -> models.QuerySet[Permission]:
        """None: what a person may do are the rights of roles, and grants on cases."""
        return Permission.objects.none()

    def has_right(self, right: Right) -> bool:
        """Does one of the roles include this right? Being a superuser gives none."""
        return any(right in role.rights for role in self.roles)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """What the backends say. Django by itself says yes to a superuser without asking them."""
        return self.is_active and any(
            backend.has_perm(self, perm, obj) for backend in auth.get_backends()
        )

    @property
    def needs_second_factor(self) -> bool:
        """Does one of the roles ask for a second factor? Nobody has to have one where it is optional.

        Whoever has no password could confirm nothing without one.
        """
        return settings.SECOND_FACTOR_REQUIRED and (
            not self.has_usable_password() or any(role.needs_second_factor for role in self.roles)
        )

    @property
    def classes(self) -> frozenset[str]:
        """The sensitivity classes a grant can open for this person at all."""
        return frozenset().union(*(role.classes for role in self.roles))
