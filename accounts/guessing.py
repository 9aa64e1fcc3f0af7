"""How often a password or a code may be guessed, and by whom.

Whoever fails is counted by account and address; whoever comes from an address that this account never
signed in from, also by address and by account. So guessing is slow from one place and from ten thousand,
and none of it stands in the way of the account's owner at a usual place, or with a passkey, which
cannot be guessed and is not counted. An account that does not exist is counted like any other.
"""

import hmac
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Tally
from vault.secrets import system_secret

KNOWN = timedelta(days=90)  # an address is one of the account's, from its last sign-in there on


@dataclass(frozen=True)
class Limit:
    """So many attempts, then none until the time is over that began with the first."""

    name: str
    most: int
    within: timedelta


HERE = Limit("here", 5, timedelta(minutes=5))  # one account from one address
ADDRESS = Limit("address", 50, timedelta(minutes=10))  # any accounts from one address
STRANGERS = Limit("strangers", 30, timedelta(hours=1))  # one account from all other addresses


def take(request: HttpRequest, username: str, what: str = "password") -> bool:
    """Count an attempt to guess `what` of an account before it is made. False: it must not be made."""
    return all(_count(limit, key) for limit, key in _counted(request, username, what))


def give_back(request: HttpRequest, username: str, what: str = "password") -> None:
    """The attempt was right: take it out of the counts again. Earlier ones stay."""
    for _limit, key in _counted(request, username, what):
        with transaction.atomic():
            row = Tally.objects.select_for_update().filter(key=key, number__gt=0).first()
            if row is not None:
                row.number -= 1
                row.save()


def note_address(request: HttpRequest, username: str) -> None:
    """The account was signed in from here, with all that takes."""
    until = timezone.now() + KNOWN
    Tally.objects.update_or_create(
        key=_key("known", _folded(username), _address(request)), defaults={"until": until}
    )


def forget_old() -> None:
    """Remove counts that are over."""
    Tally.objects.filter(until__lt=timezone.now()).delete()


def _counted(request: HttpRequest, username: str, what: str) -> list[tuple[Limit, str]]:
    name, address = _folded(username), _address(request)
    counted = [(HERE, _key(what, name, address))]
    known = _key("known", name, address)
    if not Tally.objects.filter(key=known, until__gt=timezone.now()).exists():
        counted += [(ADDRESS, _key(what, "", address)), (STRANGERS, _key(what, name, ""))]
    return counted


@transaction.atomic
def _count(limit: Limit, key: str) -> bool:
    now = timezone.now()
    row, _made = Tally.objects.select_for_update().get_or_create(key=key, defaults={"until": now})
    if row.until <= now:
        row.number, row.until = 0, now + limit.within
    if row.number >= limit.most:
        return False
    row.number += 1
    row.save()
    return True


def _key(*parts: str) -> str:
    """Tells nobody who was tried, or from where."""
    said = "\0".join(parts).encode()
    return hmac.digest(system_secret("guessing"), said, "sha256").hex()


def _folded(username: str) -> str:
    """One name for all ways of writing it that a database may take for the same."""
    return unicodedata.normalize("NFKC", username.strip()).upper().casefold()


def _address(request: HttpRequest) -> str:
    """Where the request comes from; of IPv6 the network, for each machine has countless addresses."""
    told = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return told
    if address.version == 4:
        return told
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
