"""Accounts for the pages that keep them, and who somebody was at a moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.administered import people_of
from accounts.models import Organisation, RoleHolding, Team, TeamMembership, User
from accounts.roles import ROLES, Role
from audit.selectors import events
from audit.verbs import Verb
from core.exceptions import NotFound
from core.rights import Right
from core.sorting import by_words

PAGE = 50


# --- As they are now ------------------------------------------------------------------
def other_organisations(own: Any) -> QuerySet[Organisation]:
    """All but the one with this id, which may be None, by name."""
    return Organisation.objects.exclude(pk=own).order_by("name")


def person_of(by: User, pk: UUID) -> User:
    """An account that `by` keeps or decides about. Raises NotFound for every other alike."""
    found = people_of(by).select_related("office__organisation").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such person, or their account is kept by somebody else."))
    return found


def people_page(
    by: User, *, office: UUID | None, is_active: bool, after: UUID | None
) -> tuple[list[User], UUID | None]:
    """One page of the accounts that `by` keeps, by name, with their roles; and where the next starts."""
    people = people_of(by).filter(is_active=is_active).order_by("display_name", "pk")
    if office:
        people = people.filter(office=office)
    if last := people_of(by).filter(pk=after).first():
        name = last.display_name
        people = people.filter(Q(display_name__gt=name) | Q(display_name=name, pk__gt=last.pk))
    found = list(people.select_related("office")[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    return with_roles(found[:PAGE]), more


def with_roles(people: Sequence[User]) -> list[User]:
    """The same people with their roles looked up together: those held, of suspended accounts, too."""
    held: dict[UUID, set[str]] = {}
    for user, code in RoleHolding.objects.now().filter(user__in=people).values_list("user", "role"):
        held.setdefault(user, set()).add(code)
    for person in people:
        codes = held.get(person.pk, ())
        person.held = [role for code, role in ROLES.items() if code in codes]  # type: ignore[attr-defined]
    return list(people)


def held_roles(user: User) -> list[tuple[Role, datetime]]:
    """(role, since when) of what the person holds, in the order of the list of roles."""
    since = dict(user.role_holdings.now().values_list("role", "begun_at"))
    return [(role, since[code]) for code, role in ROLES.items() if code in since]


def memberships_of(user: User) -> list[TeamMembership]:
    """The teams the person is in, by name."""
    memberships = user.team_memberships.now().select_related("team__group__office")
    return sorted(memberships, key=lambda one: by_words(team_name(one.team)))


def team_name(team: Team) -> str:
    """What a team is called."""
    office = getattr(team.group, "office", None)
    return _("Supervisors of %s") % office if office else str(team)


def last_sign_in(user: User) -> datetime | None:
    """When the person signed in last, out of the log."""
    signed_in = events().filter(actor=user.pk, verb=Verb.SIGNED_IN).order_by("-seq")
    return signed_in.values_list("at", flat=True).first()


def holders_of(right: Right) -> list[User]:
    """Active people whose roles include a right."""
    roles = [code for code, role in ROLES.items() if right in role.rights]
    held = RoleHolding.objects.now().filter(role__in=roles).values("user")
    return list(User.objects.filter(is_active=True, pk__in=held).select_related("office"))


# --- As they were ---------------------------------------------------------------------
def account_at(user: User, moment: datetime) -> User | None:
    """The account as it stood, out of its history: its name, its office, whether it was active.

    None before it was made.
    """
    versions = User.history.filter(id=user.pk, history_date__lte=moment)
    return versions.order_by("-revision").first()


def roles_at(user: User, moment: datetime) -> list[Role]:
    """The roles the person held, in the order of the list of roles, whether or not the account was
    active. What a role includes is what it includes in this version of Tutela."""
    held = RoleHolding.objects.filter(user=user).at(moment).values_list("role", flat=True)
    return [role for code, role in ROLES.items() if code in set(held)]


def teams_at(user: User, moment: datetime) -> list[Team]:
    """The teams the person was in, by name."""
    memberships = TeamMembership.objects.filter(user=user).at(moment)
    return list(Team.objects.filter(pk__in=memberships.values("team")).order_by("name"))
