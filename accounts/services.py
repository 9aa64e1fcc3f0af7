"""Offices, people and their roles: each change with its event."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Office, Organisation, RoleHolding, User
from accounts.roles import ROLES
from audit import trail
from audit.verbs import Verb
from core.exceptions import BadInput


@transaction.atomic
def make_office(
    *, code: str, name: str, country: str, organisation: Organisation, by: User | None
) -> Office:
    """Set up an office and the group of its supervisors."""
    group = Group.objects.create(name=f"supervisors:{code}")
    office = Office(
        code=code, name=name, country=country, organisation=organisation, supervisors=group
    )
    office.full_clean()
    office.save()
    trail.record(Verb.OFFICE_MADE, by=by, details={"office": str(office.pk), "code": code})
    return office


@transaction.atomic
def make_user(
    *,
    username: str,
    display_name: str,
    password: str,
    roles: Iterable[str],
    office: Office | None,
    by: User | None,
    **fields: Any,
) -> User:
    """Make an account that holds `roles`; a supervisor joins the office's supervisors."""
    user = User(username=username, display_name=display_name, office=office, **fields)
    user.set_password(password)
    user.full_clean(exclude=["last_login"])
    user.save()
    trail.record(Verb.ACCOUNT_MADE, by=by, details={"user": str(user.pk)})
    for role in roles:
        give_role(user=user, role=role, by=by)
    return user


@transaction.atomic
def give_role(*, user: User, role: str, by: User | None) -> RoleHolding:
    """Give a person a role. Raises BadInput for a role that does not exist."""
    if role not in ROLES:
        raise BadInput(f"There is no role {role}.")
    holding, _created = RoleHolding.objects.get_or_create(user=user, role=role)
    if role == "supervisor" and user.office:
        user.groups.add(user.office.supervisors)
    user.__dict__.pop("roles", None)
    trail.record(Verb.ROLE_GIVEN, by=by, details={"user": str(user.pk), "role": role})
    return holding
