"""What a consent covers. Without one that covers it, a case is not shared with another organisation."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases import door
from cases.models import Case, Consent
from cases.sections import ConsentTerms
from core.classes import SHORT_NAMES
from core.exceptions import BadInput, Conflict

REFERRAL = "referral"  # code of reference.CONSENT_PURPOSES


def covers(terms: ConsentTerms, purpose: str, day: date) -> bool:
    """Did the person agree to this purpose, and does that still hold on this day?"""
    is_over = terms.expires_on is not None and terms.expires_on < day
    return terms.consented is True and purpose in terms.purposes and not is_over


def includes(terms: ConsentTerms, organisation: Any) -> bool:
    """Is the organisation with this id one of those the person agreed to? Without any named, all are."""
    return not terms.recipients or str(organisation) in terms.recipients


def kept_back(terms: ConsentTerms, classes: Collection[str]) -> list[str]:
    """Those of these classes that the person keeps back, in the order in which they are always told."""
    if not terms.classes:
        return []
    return [cls for cls in SHORT_NAMES if cls in classes and cls not in terms.classes]


def beyond(terms: ConsentTerms, *, to: Iterable[Any], classes: Collection[str]) -> str:
    """What of this goes beyond terms that cover the purpose, in words; "" when nothing does.

    `to` are ids of the organisations that would see these classes.
    """
    said = []
    if not all(includes(terms, one) for one in to):
        said.append(
            str(_("The person has agreed to some organisations only, and this is not one of them."))
        )
    if kept := kept_back(terms, classes):
        names = ", ".join(str(SHORT_NAMES[cls]) for cls in kept)
        said.append(str(_("The person keeps parts of the case back: %s.") % names))
    return " ".join(said)


def covering(case: Case, purpose: str, *, by: User) -> tuple[Consent, ConsentTerms] | None:
    """The last consent that is recorded, if it covers this purpose. Reading it is an event."""
    if (last := case.consents.first()) is None:
        return None
    [sections] = door.open_rows([last], by=by)
    terms = sections.get("terms")
    if isinstance(terms, ConsentTerms) and covers(terms, purpose, timezone.localdate()):
        return last, terms
    return None


def check_covered(
    case: Case, purpose: str, *, to: Iterable[Any], classes: Collection[str], by: User
) -> Consent:
    """The last consent that is recorded. Raises BadInput, which says what is missing, unless it covers
    that these organisations (ids) see these classes for this purpose. Reading it is an event.
    """
    if (found := covering(case, purpose, by=by)) is None:
        raise BadInput(
            _(
                "The person has not agreed that the case is shared with other organisations. Ask them, "
                "and record their consent with that purpose first."
            )
        )
    consent, terms = found
    if said := beyond(terms, to=to, classes=classes):
        raise BadInput(_("%s Ask them, and record what they agree to now, or choose less.") % said)
    return consent


def check_still_counts(consent: Consent) -> None:
    """Raise Conflict when another consent was recorded since this one was read.

    Within a transaction: none is recorded from here to its end.
    """
    case = Case.objects.select_for_update().get(pk=consent.case_id)
    if case.consents.first() != consent:
        raise Conflict(
            _("Another consent was recorded in the meantime. Look at it, and then try again.")
        )
