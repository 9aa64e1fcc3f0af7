"""Whose accounts somebody keeps or decides about: everybody's, ours, or those of one partner.

The one place where this is said. Pages find people and offices here, services check here, so that an
id of somebody elsewhere is an id of nobody.
"""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, User
from core.exceptions import NotAllowed
from core.rights import Right


def people_of(by: User) -> QuerySet[User]:
    """The accounts that this person keeps, or decides about. People without an office are ours."""
    return User.objects.filter(_reach(by, "office__organisation"))


def offices_of(by: User) -> QuerySet[Office]:
    """The offices in which this person can place people."""
    return Office.objects.filter(_reach(by, "organisation"))


def _reach(by: User, path: str) -> Q:
    """What belongs to those this person keeps; `path` leads to its organisation."""
    if by.has_right(Right.ACCOUNTS_ALL):
        return Q()
    if not (by.has_right(Right.ACCOUNTS_KEEP) or by.has_right(Right.ACTS_DECIDE)):
        return Q(pk__in=[])
    if by.partner:
        return Q(**{path: by.partner})
    return ~Q(**{f"{path}__is_partner": True})


def check_person(by: User | None, user: User) -> None:
    """Raise NotAllowed when this account is none of theirs. None is the machine, which may."""
    if by is not None and not people_of(by).filter(pk=user.pk).exists():
        raise NotAllowed(_("This person's account is kept by somebody else."))


def check_office(by: User | None, office: Office | None) -> None:
    """Raise NotAllowed when this person cannot place people in this office, or in none."""
    if by is None or by.has_right(Right.ACCOUNTS_ALL):
        return
    reached = offices_of(by).filter(pk=office.pk).exists() if office else not by.partner
    if not reached:
        raise NotAllowed(_("People of this office are kept by somebody else."))


def check_right(by: User | None, right: Right) -> None:
    """Raise NotAllowed when no role of this person includes the right. None is the machine."""
    if by is not None and not by.has_right(right):
        raise NotAllowed(_("Your role does not include this."))
