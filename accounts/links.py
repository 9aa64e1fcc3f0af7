"""Links with which somebody gives themselves a password: invitations, and for who forgot theirs.

Whoever holds the link can use it, once, until its time is over. Tutela keeps a digest of its token,
so that nobody finds a link that works in the database, a backup or the log.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.administered import check_person, check_right
from accounts.confirming import check_recent
from accounts.identities import link_identity
from accounts.models import Office, PasswordLink, User
from accounts.provider import Identity
from accounts.services import make_user
from audit import trail
from audit.verbs import Verb
from core.exceptions import WrongState
from core.rights import Right

Purpose = PasswordLink.Purpose
LASTS = {Purpose.INVITATION: timedelta(days=3), Purpose.RESET: timedelta(days=1)}


class DeadLink(WrongState):
    """The link gives nobody a password; the message says why, and whom to ask."""

    status = 410


@transaction.atomic
def invite(
    *,
    username: str,
    display_name: str,
    roles: Iterable[str],
    office: Office | None,
    by: User | None,
) -> tuple[PasswordLink, str]:
    """Make an account that nobody can sign in to yet; gives its link and the token, which is told once.

    Raises ValidationError, and BadInput as `give_role`.
    """
    user = make_user(
        username=username,
        display_name=display_name,
        password=None,
        roles=roles,
        office=office,
        by=by,
    )
    return _make(user, Purpose.INVITATION, by)


def takes_two(user: User) -> bool:
    """Is a link to this account power over what somebody is or may do already?

    Not over an account that nobody has signed in to and that opens nothing.
    """
    return (
        user.has_usable_password()
        or user.role_holdings.now().exists()
        or user.team_memberships.now().exists()
        or user.linked_identities.exists()
    )


def make_first_link(user: User, *, by: User) -> tuple[PasswordLink, str]:
    """`make_link` for a new account, which one person makes alone.

    Raises NotAllowed, ConfirmationNeeded, and WrongState when it takes two people, or the account is
    closed.
    """
    check_right(by, Right.ACCOUNTS_KEEP)
    check_recent()
    with transaction.atomic():
        account = _lock(user)
        if takes_two(account):
            raise WrongState(_("A link to this account takes two people: ask for it."))
        return make_link(account, by=by)


@transaction.atomic
def make_link(user: User, *, by: User | None) -> tuple[PasswordLink, str]:
    """A new link for an account: to a first password or, where there is one, to a new one.

    Links made before stop working; the password and the second factor stay until it is used. Gives the
    link and its token. Raises NotAllowed, and WrongState for a closed account.
    """
    check_person(by, user)
    user = _lock(user)
    if not user.is_active:
        raise WrongState(_("This account is closed."))
    for link in open_links(user):
        _end(link, by)
    purpose = Purpose.RESET if user.has_usable_password() else Purpose.INVITATION
    return _make(user, purpose, by)


@transaction.atomic
def withdraw(link: PasswordLink, *, by: User | None) -> None:
    """Nobody can use the link from now on. Raises WrongState when it was used or withdrawn before."""
    link = PasswordLink.objects.select_for_update().get(pk=link.pk)
    if link.used_at or link.withdrawn_at:
        raise WrongState(_("This link was used or withdrawn already."))
    _end(link, by)


def find(token: str) -> PasswordLink:
    """The link with this token. Raises DeadLink when it is none that works."""
    found = PasswordLink.objects.select_related("user").filter(token_digest=_digest(token)).first()
    _refuse_if_dead(found)
    return found


@transaction.atomic
def accept(token: str, password: str) -> User:
    """Give its person this password, and use the link up. A second factor stays as it is.

    Raises DeadLink and, when the password will not do, ValidationError.
    """
    user = _use_up(token)
    validate_password(password, user)
    user.set_password(password)
    trail.save(user, verb=Verb.PASSWORD_CHANGED, by=user)
    user._password = None  # Django keeps it here until its own save
    return user


@transaction.atomic
def accept_identity(token: str, identity: Identity) -> User:
    """Let this identity sign in to the account its person was invited to, and use the invitation up.

    Raises DeadLink, also for a link to a new password, and SignOnRefused.
    """
    user = _use_up(token, Purpose.INVITATION)
    link_identity(identity, user=user)
    return user


def open_links(user: User) -> list[PasswordLink]:
    """Those that work, or would if the account were open: at most one."""
    now = timezone.now()
    links = user.password_links.filter(used_at=None, withdrawn_at=None, expires_at__gt=now)
    return list(links.select_for_update())


def _lock(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _make(user: User, purpose: str, by: User | None) -> tuple[PasswordLink, str]:
    token = secrets.token_urlsafe(32)
    expires = timezone.now() + LASTS[purpose]
    link = PasswordLink(user=user, purpose=purpose, token_digest=_digest(token), expires_at=expires)
    trail.save(link, verb=Verb.LINK_MADE, by=by, reason=purpose)
    return link, token


def _end(link: PasswordLink, by: User | None) -> None:
    link.withdrawn_at = timezone.now()
    trail.save(link, verb=Verb.LINK_WITHDRAWN, by=by, reason=link.purpose)


def _use_up(token: str, *purposes: str) -> User:
    """Use a link up, one for these purposes if any are named; the account it is for, locked."""
    user = _lock(find(token).user)  # before the link, as whoever makes a new one does
    links = PasswordLink.objects.select_for_update().filter(token_digest=_digest(token))
    link = links.filter(purpose__in=purposes or Purpose.values).first()
    _refuse_if_dead(link)
    link.used_at = timezone.now()
    trail.save(link, verb=Verb.LINK_USED, by=user, reason=link.purpose)
    return user


def _refuse_if_dead(link: PasswordLink | None) -> None:
    if link is None:
        raise DeadLink(_("There is no such link. Look whether all of it was copied."))
    if link.used_at:
        raise DeadLink(_("This link was used already. If not by you, tell your administrator now."))
    if link.withdrawn_at:
        raise DeadLink(_("This link was withdrawn. Ask your administrator for a new one."))
    if link.expires_at <= timezone.now():
        raise DeadLink(_("The time of this link is over. Ask your administrator for a new one."))
    if not link.user.is_active:
        raise DeadLink(_("This account is closed."))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
