"""Organisations, offices, teams, people and their roles: each change with its event.

`by` is who does it, or None for a command on the machine. Whoever is named has to keep the account
that is changed. What opens cases or gives power over accounts takes two people besides: pages ask
for it through accounts/proposals.py, and a test keeps it so.
"""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.administered import check_office, check_person, check_right
from accounts.display import check_offered
from accounts.models import (
    Office,
    Organisation,
    RoleHolding,
    Team,
    TeamMembership,
    User,
)
from accounts.roles import ROLES, why_not_held
from accounts.tokens import end_all, end_useless
from audit import trail
from audit.verbs import Verb
from core.exceptions import BadInput, NotAllowed, WrongState
from core.ids import uuid7
from core.rights import Right

CHANGEABLE = {"display_name", "email", "office", "is_active"}
LONGEST_IN_NAME = 150  # letters of an organisation in the name of its desk


# --- Organisations, offices and teams -------------------------------------------------
def make_organisation(
    *, name: str, kind: str, is_partner: bool = False, by: User | None
) -> Organisation:
    """Note an agency: our own, or a partner. Raises ValidationError and NotAllowed."""
    check_right(by, Right.ACCOUNTS_ALL)
    organisation = Organisation(name=name, kind=kind, is_partner=is_partner or None)
    organisation.full_clean(exclude=["last_event"])
    trail.save(organisation, verb=Verb.ORGANISATION_MADE, by=by)
    return organisation


@transaction.atomic
def make_team(*, name: str, by: User | None) -> Team:
    """Set up a team, with nobody in it. Raises ValidationError and NotAllowed."""
    check_right(by, Right.ACCOUNTS_ALL)
    team = Team(id=uuid7(), name=name)
    team.full_clean(exclude=["last_event", "group"])
    team.group = Group.objects.create(name=str(team.pk))
    trail.save(team, verb=Verb.TEAM_MADE, by=by)
    return team


@transaction.atomic
def make_office(
    *, code: str, name: str, country: str, organisation: Organisation, by: User | None
) -> Office:
    """Set up an office and the team of its supervisors. Raises ValidationError and NotAllowed."""
    check_right(by, Right.ACCOUNTS_ALL)
    office = Office(code=code, name=name, country=country, organisation=organisation)
    office.full_clean(exclude=["last_event", "supervisors"])
    office.supervisors = make_team(name=f"supervisors:{code}", by=by).group
    trail.save(office, verb=Verb.OFFICE_MADE, by=by)
    return office


@transaction.atomic
def make_desk(organisation: Organisation, *, by: User | None) -> Team:
    """Set up the desk of an organisation, which cases are referred to, with nobody at it.

    Raises NotAllowed, and WrongState where there is one.
    """
    check_right(by, Right.ACCOUNTS_ALL)
    current = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if current.desk_id is not None:
        raise WrongState(_("This organisation has a desk already."))
    current.desk = make_team(name=str(_("Desk of %s") % current.name[:LONGEST_IN_NAME]), by=by)
    trail.save(current, verb=Verb.DESK_SET_UP, by=by)
    return current.desk


def rename_organisation(organisation: Organisation, *, name: str, by: User | None) -> None:
    """Give an organisation another name. Raises ValidationError and NotAllowed."""
    _rename(organisation, name, Verb.ORGANISATION_CHANGED, by)


def rename_office(office: Office, *, name: str, by: User | None) -> None:
    """Give an office another name; its code stands in references and stays. Raises as above."""
    _rename(office, name, Verb.OFFICE_CHANGED, by)


def rename_team(team: Team, *, name: str, by: User | None) -> None:
    """Give a team another name. Raises as above, and WrongState for an office's supervisors."""
    if is_of_supervisors(team):
        raise WrongState(_("The supervisors of an office are named after it."))
    _rename(team, name, Verb.TEAM_CHANGED, by)


def is_of_supervisors(team: Team) -> bool:
    """Is this the team of an office's supervisors? The role decides who is in it."""
    return Office.objects.filter(supervisors=team.group_id).exists()


@transaction.atomic
def _rename(row: Organisation | Office | Team, name: str, verb: Verb, by: User | None) -> None:
    check_right(by, Right.ACCOUNTS_ALL)
    current = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if current.name != name:
        current.name = name
        current.full_clean(exclude=["last_event"])
        trail.save(current, verb=verb, by=by)


# --- People ---------------------------------------------------------------------------
def open_account(
    *, username: str, display_name: str, office: Office | None, by: User | None
) -> User:
    """Make an account without a role and without a password: nobody signs in with it yet.

    Raises NotAllowed and ValidationError.
    """
    check_right(by, Right.ACCOUNTS_KEEP)
    return make_user(
        username=username,
        display_name=display_name,
        password=None,
        roles=(),
        office=office,
        by=by,
    )


def rename_account(user: User, *, display_name: str, by: User | None) -> User:
    """Change what a person is called. Raises NotAllowed and ValidationError."""
    check_right(by, Right.ACCOUNTS_KEEP)
    return change_account(user, display_name=display_name, by=by)


@transaction.atomic
def place_account(user: User, *, office: Office | None, by: User | None) -> User:
    """Put somebody without a role into an office. With one, whose cases they see may change with it:
    that takes two people, and raises WrongState here. Raises NotAllowed, too."""
    check_right(by, Right.ACCOUNTS_KEEP)
    _lock(user)
    if user.role_holdings.now().exists():
        raise WrongState(_("Somebody who holds a role changes the office when two people say so."))
    return change_account(user, office=office, by=by)


def suspend_account(user: User, *, by: User | None) -> User:
    """Nobody signs in with it any more, and who is signed in is out at the next request.

    One person does this alone, because it may be urgent and takes nothing away for good. Raises
    NotAllowed.
    """
    check_right(by, Right.ACCOUNTS_KEEP)
    if by is not None and by.pk == user.pk:
        raise NotAllowed(_("You cannot suspend your own account."))
    return change_account(user, is_active=False, by=by)


@transaction.atomic
def make_user(
    *,
    username: str,
    display_name: str,
    password: str | None,
    roles: Iterable[str],
    office: Office | None,
    by: User | None,
    **fields: Any,
) -> User:
    """Make an account that holds `roles`; without a password nobody signs in with it.

    Raises ValidationError and NotAllowed, and what `give_role` raises.
    """
    check_office(by, office)
    user = User(username=username, display_name=display_name, office=office, **fields)
    user.set_password(password)
    user.full_clean(exclude=["last_event"])
    trail.save(user, verb=Verb.ACCOUNT_MADE, by=by)
    for role in roles:
        give_role(user=user, role=role, by=by)
    return user


@transaction.atomic
def change_account(user: User, *, by: User | None, **changes: Any) -> User:
    """Change the `display_name`, `email` or `office`, or whether the account `is_active`; returns it.

    A supervisor goes over to the supervisors of the new office, whoever leaves an organisation leaves
    its desk, and the sessions and tokens of an account that is closed end. Raises BadInput for other
    fields, ValidationError, NotAllowed, and WrongState when the roles held do not fit the office.
    """
    check_person(by, user)
    if unknown := changes.keys() - CHANGEABLE:
        raise BadInput(f"{', '.join(sorted(unknown))} cannot be changed.")
    account = _lock(user)
    changes = {name: to for name, to in changes.items() if getattr(account, name) != to}
    for name, to in changes.items():
        setattr(account, name, to)
    if "office" in changes:
        check_office(by, account.office)
        _check_may_hold(account, _codes(account))
    if changes:
        account.full_clean()
        told = " ".join(sorted(changes))
        trail.save(account, verb=Verb.ACCOUNT_CHANGED, by=by, reason=told)
        if not account.is_active:
            account.end_sessions()
            end_all(account, by=by)
        _settle_among_supervisors(account, by)
        _leave_desks_elsewhere(account, by)
    return account


@transaction.atomic
def choose_display(user: User, name: str, code: str) -> None:
    """Remember the "language" or the "theme" in which somebody wants the pages. Raises BadInput for one
    there is not."""
    check_offered(name, code)
    account = _lock(user)
    if getattr(account, name) != code:
        setattr(account, name, code)
        trail.save(account, verb=Verb.ACCOUNT_CHANGED, by=user, reason=name)


@transaction.atomic
def end_tour(user: User) -> None:
    """Show somebody the tour on the start page no more."""
    account = _lock(user)
    if not account.tour_done:
        account.tour_done = True
        trail.save(account, verb=Verb.ACCOUNT_CHANGED, by=user, reason="tour")


@transaction.atomic
def turn_off_second_factor(user: User, *, by: User | None) -> None:
    """Remove every second factor of somebody who lost theirs, recovery codes among them, and end all
    their sessions and tokens: one may be in the wrong hands with what was lost. Raises NotAllowed.
    """
    check_person(by, user)
    for authenticator in Authenticator.objects.filter(user=user).order_by("pk"):
        authenticator.turned_off_by = by  # accounts/signals.py records it
        authenticator.delete()
    user.end_sessions()
    end_all(user, by=by)


def _lock(user: User) -> User:
    """The account as it stands. What is done about one person is done one after another.

    New rows may point to the account meanwhile.
    """
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


# --- Roles and teams ------------------------------------------------------------------
@transaction.atomic
def give_role(*, user: User, role: str, by: User | None) -> RoleHolding:
    """Give a person a role; a supervisor joins the office's supervisors. One already held stays.

    Raises BadInput for a role that does not exist, NotAllowed, and WrongState when the person cannot
    hold it where they work, or not beside the roles they have.
    """
    if role not in ROLES:
        raise BadInput(f"There is no role {role}.")
    check_person(by, user)
    account = _lock(user)
    if held := user.role_holdings.now().filter(role=role).first():
        return held
    _check_may_hold(account, {*_codes(account), role})
    holding = RoleHolding(user=user, role=role)
    trail.save(holding, verb=Verb.ROLE_GIVEN, by=by, reason=role)
    _settle_among_supervisors(user, by)
    return holding


@transaction.atomic
def take_role(*, user: User, role: str, by: User | None) -> None:
    """Take a role away, if it is held: it ends now, and who held it until now stays known.

    Raises NotAllowed.
    """
    check_person(by, user)
    _lock(user)
    holding = user.role_holdings.now().select_for_update().filter(role=role).first()
    if holding is None:
        return
    holding.ended_at = timezone.now()
    trail.save(holding, verb=Verb.ROLE_TAKEN, by=by, reason=role)
    end_useless(user, by=by)
    _settle_among_supervisors(user, by)


@transaction.atomic
def join_team(*, user: User, team: Team, by: User | None) -> TeamMembership:
    """Put a person into a team. A membership that goes on stays as it is.

    Raises NotAllowed, and WrongState for the desk of an organisation that they do not work in.
    """
    check_person(by, user)
    account = _lock(user)
    if Organisation.objects.filter(desk=team).exclude(pk=account.organisation_id).exists():
        raise WrongState(_("At the desk of an organisation are people of it, and nobody else."))
    return _join(user, team, by)


@transaction.atomic
def leave_team(*, user: User, team: Team, by: User | None) -> None:
    """Take a person out of a team, if they are in it: from now on. Raises NotAllowed."""
    check_right(by, Right.ACCOUNTS_ALL)
    _lock(user)
    _leave(user, team, by)


def _join(user: User, team: Team, by: User | None) -> TeamMembership:
    if member := user.team_memberships.now().filter(team=team).first():
        return member
    membership = TeamMembership(user=user, team=team)
    trail.save(membership, verb=Verb.TEAM_JOINED, by=by)
    return membership


def _leave(user: User, team: Team, by: User | None) -> None:
    membership = user.team_memberships.now().select_for_update().filter(team=team).first()
    if membership is not None:
        membership.ended_at = timezone.now()
        trail.save(membership, verb=Verb.TEAM_LEFT, by=by)


def _settle_among_supervisors(user: User, by: User | None) -> None:
    """A supervisor is in the team of supervisors of the own office, and nobody is in another's."""
    user.__dict__.pop("roles", None)
    supervises = user.role_holdings.now().filter(role="supervisor").exists()
    own = user.office.supervisors.team if supervises and user.office else None
    for team in Team.objects.filter(
        group__office__isnull=False, memberships__in=user.team_memberships.now()
    ):
        if team != own:
            _leave(user, team, by)
    if own is not None:
        _join(user, own, by)


def _leave_desks_elsewhere(user: User, by: User | None) -> None:
    """Nobody is at the desk of an organisation that they do not work in."""
    desks = Organisation.objects.filter(desk__memberships__in=user.team_memberships.now())
    for organisation in desks.exclude(pk=user.organisation_id).select_related("desk"):
        _leave(user, organisation.desk, by)


def _codes(user: User) -> set[str]:
    """The codes of the roles held, known to this version, whether or not the account is active."""
    return ROLES.keys() & set(user.role_holdings.now().values_list("role", flat=True))


def _check_may_hold(user: User, codes: set[str]) -> None:
    if reason := why_not_held(codes, user.side):
        raise WrongState(reason)
