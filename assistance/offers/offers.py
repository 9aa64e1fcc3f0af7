"""What an office gives: kinds and types of the registry that are switched off, and its own subtypes.

Only what is offered for choice changes. A record of before, or one that came in otherwise, stays.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, User
from assistance.kinds import KINDS, TYPES
from assistance.models import Offer
from audit import trail
from audit.verbs import Verb
from cases.services.casework import locked
from core.exceptions import BadInput, NotAllowed
from core.rights import Right


def offer_of(office: Office) -> Offer:
    """What this office gives; everything, and nothing of its own, until somebody says otherwise."""
    return Offer.objects.filter(office=office).first() or Offer(office=office)


def set_offer(
    office: Office,
    *,
    off: Iterable[str],
    subtypes: Mapping[str, list[str]],
    revision: int,
    by: User,
) -> Offer:
    """Say what one's own office gives. Raises NotAllowed, BadInput, and Conflict."""
    if not by.has_right(Right.OFFER_SET) or by.office_id != office.pk:
        raise NotAllowed(_("Only a supervisor of an office says which assistance it gives."))
    off = sorted(set(off))
    if not set(off) <= KINDS.keys() | TYPES.keys() or not subtypes.keys() <= KINDS.keys():
        raise BadInput(_("There is no such kind of assistance."))
    if set(off) >= KINDS.keys():
        raise BadInput(_("An office gives at least one kind of assistance."))
    with transaction.atomic():
        row = offer_of(office)
        if row.revision:
            row = locked(row, revision)
        row.off, row.subtypes = off, {kind: words for kind, words in subtypes.items() if words}
        trail.save(row, verb=Verb.OFFER_SET, by=by)
    return row


def given(offer: Offer, choices: Iterable[tuple[Any, Any]], now: str = "") -> list[tuple[Any, Any]]:
    """Of choices of types, in groups or not, those that the office gives, and what is chosen now."""
    found: list[tuple[Any, Any]] = []
    for code, label in choices:
        if isinstance(label, list | tuple):
            if within := given(offer, label, now):
                found.append((code, within))
        elif code not in offer.off or code == now:
            found.append((code, label))
    return found
