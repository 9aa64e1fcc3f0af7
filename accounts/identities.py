"""Which identity at the provider signs in to which account.

The table holds keyed digests alone: nobody who reads it learns who somebody is there, and what is
written into it from outside, or copied from another account's row, opens nothing.
"""

import hmac

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.administered import check_person, check_right
from accounts.models import LinkedIdentity, User
from accounts.provider import Identity, SignOnRefused
from audit import trail
from audit.verbs import Verb
from core.exceptions import WrongState
from core.rights import Right
from vault.secrets import system_secret


def person_of(identity: Identity) -> User:
    """Whose account this identity signs in to. Raises SignOnRefused, also for a closed account."""
    row = LinkedIdentity.objects.now().select_related("user").filter(key=_key(identity)).first()
    if row is None:
        raise SignOnRefused("linked with no account")
    if not hmac.compare_digest(row.proof, _proof(identity, row.user)):
        raise SignOnRefused("link was tampered with", row.user)
    if not row.user.is_active:
        raise SignOnRefused("account is closed", row.user)
    return row.user


def is_linked(user: User) -> bool:
    """Can the person sign in through the provider?"""
    return bool(settings.OIDC_ISSUER) and user.linked_identities.now().exists()


@transaction.atomic
def link_identity(identity: Identity, *, user: User) -> LinkedIdentity:
    """From now on this identity signs in to the account of whoever links it, and no other one does.

    Raises SignOnRefused when it signs in to somebody else's.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    key, proof = _key(identity), _proof(identity, user)
    if LinkedIdentity.objects.now().filter(key=key).exclude(user=user).exists():
        raise SignOnRefused("linked with another account", user)
    _end(user, by=user)
    row = LinkedIdentity(user=user, key=key, proof=proof)
    trail.save(row, verb=Verb.SIGN_ON_LINKED, by=user)
    return row


@transaction.atomic
def unlink_identity(user: User, *, by: User) -> None:
    """No identity signs in to this account any more. One's own, or one of an account one keeps.

    Where somebody else takes the link away, its person is signed out. Raises NotAllowed, and
    WrongState to whoever could not sign in again.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if by.pk != user.pk:
        check_right(by, Right.ACCOUNTS_KEEP)
        check_person(by, user)
        user.end_sessions()
    elif not (user.has_usable_password() or has_passkey(user)):
        raise WrongState(_("Make a passkey first: you have no password to sign in with."))
    _end(user, by=by)


def has_passkey(user: User) -> bool:
    """Can the person sign in with a passkey?"""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()


def _end(user: User, *, by: User) -> None:
    row = user.linked_identities.now().select_for_update().first()
    if row is not None:
        row.ended_at = timezone.now()
        trail.save(row, verb=Verb.SIGN_ON_UNLINKED, by=by)


def _key(identity: Identity) -> str:
    return _digest(identity.issuer, identity.subject)


def _proof(identity: Identity, user: User) -> str:
    return _digest(identity.issuer, identity.subject, str(user.pk))


def _digest(*parts: str) -> str:
    secret = system_secret("single sign-on")
    return hmac.digest(secret, "\0".join(parts).encode(), "sha256").hex()
