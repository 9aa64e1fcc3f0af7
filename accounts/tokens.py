"""Tokens with which a program asks for statistics in somebody's name, and can do nothing else.

Whoever holds one can use it until its time is over. Tutela keeps a digest of it, so that nobody finds
one that works in the database, a backup or the log. It gives no session, and no right that its owner
does not hold at that moment.
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.administered import check_right
from accounts.confirming import check_recent
from accounts.models import AccessToken, User
from audit import trail
from audit.verbs import Verb
from core.exceptions import BadInput, NotFound, WrongState
from core.rights import Right

RIGHT = Right.STATISTICS_BUILD
PREFIX = "tutela_"  # so that one that was left somewhere is found by whoever looks for such
DAYS, MOST_DAYS = 90, 365
MOST = 10  # of one person at a time


def make_token(*, name: str, days: int = DAYS, by: User) -> tuple[AccessToken, str]:
    """A new token of this person for so many days; gives its row and the token, which is told once.

    Raises NotAllowed, ConfirmationNeeded, BadInput for a name or a time that will not do, and WrongState
    when there are too many already.
    """
    check_recent()
    if not name.strip():
        raise BadInput(_("Give the token a name."))
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(_("A token works for at least a day and at most a year."))
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=by.pk)
        check_right(person, RIGHT)
        if len(tokens_of(person)) >= MOST:
            raise WrongState(_("You have %s tokens, which is as many as may be. End one.") % MOST)
        token = PREFIX + secrets.token_urlsafe(32)
        expires = timezone.now() + timedelta(days=days)
        row = AccessToken(user=person, name=name.strip(), digest=_digest(token), expires_at=expires)
        trail.save(row, verb=Verb.TOKEN_MADE, by=by)
    return row, token


def end_token(pk: UUID | None, *, by: User) -> None:
    """One's own token opens nothing from now on. Raises NotFound for any other, and one that ended."""
    with transaction.atomic():
        found = AccessToken.objects.now().select_for_update().filter(pk=pk, user=by).first()
        if found is None:
            raise NotFound(_("There is no such token, or it ended already."))
        _end(found, by)


def end_useless(user: User, *, by: User | None) -> None:
    """End the tokens of somebody who may not use them any more, so that none comes back with a right.

    Belongs into the transaction that takes the right away.
    """
    if not _may_use(User.objects.get(pk=user.pk)):
        end_all(user, by=by)


def end_all(user: User, *, by: User | None) -> None:
    """End every token of somebody. Belongs into a transaction, as `end_useless`."""
    for token in AccessToken.objects.now().select_for_update().filter(user=user):
        _end(token, by)


def token_for(secret: str) -> AccessToken | None:
    """The token, with its owner, if it works; None for any other text."""
    tokens = AccessToken.objects.now().select_related("user")
    found = tokens.filter(digest=_digest(secret), expires_at__gt=timezone.now()).first()
    return found if found and _may_use(found.user) else None


def tokens_of(user: User) -> list[AccessToken]:
    """This person's tokens that work, the newest first."""
    tokens = AccessToken.objects.now().filter(user=user, expires_at__gt=timezone.now())
    return list(tokens.order_by("-begun_at"))


def _may_use(user: User) -> bool:
    return user.is_active and user.has_right(RIGHT)


def _end(token: AccessToken, by: User | None) -> None:
    token.ended_at = timezone.now()
    trail.save(token, verb=Verb.TOKEN_ENDED, by=by)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
