"""People who work with Tutela, and the offices and organisations they work in."""

from functools import cached_property
from typing import Any

from django.contrib import auth
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import ROLES, Role, role_choices
from core.ids import uuid7
from core.rights import Right


class Organisation(models.Model):
    """Any agency: our own, a state body, a partner."""

    class Privacy:
        open = ("id", "name", "kind")
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    kind = models.CharField(_("type"), max_length=40)  # HTCDS organisation type

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """Where cases are worked on. Its supervisors hold a grant on each of its cases."""

    class Privacy:
        open = ("id", "code", "name", "country", "organisation", "supervisors")
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)  # ISO 3166 alpha-2, heads references
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    supervisors = models.OneToOneField(Group, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff. Staff names are open; what they work on is not here."""

    class Privacy:
        open = [
            "id",
            "password",
            "last_login",
            "is_superuser",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_staff",
            "is_active",
            "date_joined",
            "office",
            "groups",
            "user_permissions",
            "display_name",
        ]
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    display_name = models.CharField(_("name"), max_length=150)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username

    @cached_property
    def roles(self) -> list[Role]:
        """The roles held, in the order of the list of roles. None for an inactive account."""
        if not self.is_active:
            return []
        held = set(self.role_holdings.values_list("role", flat=True))
        return [role for code, role in ROLES.items() if code in held]

    @property
    def role_labels(self) -> list[str]:
        """The names of the roles held."""
        return [str(role.display_name) for role in self.roles]

    def has_right(self, right: Right) -> bool:
        """Does one of the roles include this right? Being a superuser gives none."""
        return any(right in role.rights for role in self.roles)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """What the backends say. Django by itself says yes to a superuser without asking them."""
        return self.is_active and any(
            backend.has_perm(self, perm, obj) for backend in auth.get_backends()
        )

    @property
    def classes(self) -> frozenset[str]:
        """The sensitivity classes a grant can open for this person at all."""
        return frozenset().union(*(role.classes for role in self.roles))


class RoleHolding(models.Model):
    """Somebody holds a role."""

    class Privacy:
        open = ("id", "user", "role", "given_at")
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_holdings")
    role = models.CharField(max_length=20, choices=role_choices())
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_holding_per_role")
        ]
