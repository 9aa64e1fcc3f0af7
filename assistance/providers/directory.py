"""The directory of providers: who offers what, where, and whether there is room.

Each organisation keeps its own. Nothing in it is about a person, so looking it up leaves no event;
changes do. A directory has tens of entries, or some hundreds: they are narrowed down in memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from assistance.models import AgreementState, Provider
from assistance.referrals.table import SERVICES
from audit import trail
from audit.verbs import Verb
from cases.panels import StartLink
from cases.services.casework import locked
from core.exceptions import NotAllowed, NotFound
from core.rights import Right

# Kind of assistance → the services that providers of it offer, the closest first.
SERVICES_OF_KIND: dict[str, tuple[str, ...]] = {
    "medical": ("medical",),
    "psychological": ("psychological",),
    "legal": ("legal", "documents"),
    "financial": ("material",),
    "reintegration": ("social", "education", "work", "family_tracing"),
    "shelter": ("shelter",),
    "immediate": ("material", "shelter"),
    "safety": ("safety", "child_protection"),
    "return": ("return", "documents"),
    "interpretation": ("interpreting",),
}
DUE = (AgreementState.ENDS_SOON, AgreementState.ENDED)


# --- Finding --------------------------------------------------------------------------
def providers_of(user: User) -> QuerySet[Provider]:
    """The directory of the person's organisation, by name; empty for whoever may not see it."""
    if not user.has_right(Right.PROVIDER_SEE):
        return Provider.objects.none()
    return Provider.objects.filter(organisation=user.organisation_id).order_by("name")


def provider_for(user: User, pk: UUID) -> Provider:
    """A provider of the person's directory. Raises NotFound."""
    if (provider := providers_of(user).filter(pk=pk).first()) is None:
        raise NotFound(_("There is no such provider."))
    return provider


def matching(
    providers: Iterable[Provider],
    *,
    service: str = "",
    region: str = "",
    language: str = "",
    standing: str = "",
    text: str = "",
) -> list[Provider]:
    """Those that fit all that is given. `standing` is "" for those in use, or "due" or "retired"."""
    words = text.casefold().split()
    return [
        one
        for one in providers
        if one.is_retired == (standing == "retired")
        and (standing != "due" or one.agreement_state in DUE)
        and (not service or service in one.services)
        and (not region or region == one.region)
        and (not language or language in one.languages)
        and all(word in _text_of(one) for word in words)
    ]


def due_agreements(user: User) -> int:
    """How many agreements of providers in use end soon or have ended."""
    return len(matching(providers_of(user), standing="due"))


def names_for(user: User, kind: str) -> list[str]:
    """Names of the providers of a kind of assistance, to choose from while it is recorded."""
    wanted = set(SERVICES_OF_KIND[kind])
    in_use = providers_of(user).filter(is_retired=False)
    return [one.name for one in in_use if wanted & set(one.services)]


def services_to_find(user: User, kind: str) -> list[tuple[str, Any]]:
    """(code, name) of the services that help of a kind is looked for under, for whoever may look."""
    if not user.has_right(Right.PROVIDER_SEE):
        return []
    return [(code, SERVICES[code].name) for code in SERVICES_OF_KIND[kind]]


def _text_of(provider: Provider) -> str:
    parts = (provider.name, provider.region, provider.address, provider.remarks)
    return " ".join((*parts, provider.opening, provider.agreement_covers)).casefold()


# --- What the directory says of whom a case can be referred to -------------------------
@dataclass(frozen=True, slots=True)
class Told:
    """What the directory says of an organisation, for one service."""

    facts: Any
    warnings: tuple[Any, ...] = ()


def told_of_agencies(user: User, service: str) -> dict[UUID, Told]:
    """Organisation → what the directory says of it, for whoever chooses one for this service."""
    return {one.agency_id: _told(one, service) for one in providers_of(user) if one.agency_id}


def _told(provider: Provider, service: str) -> Told:
    warnings: list[Any] = []
    if provider.is_retired:
        warnings.append(_("No longer used"))
    if service not in provider.services:
        warnings.append(_("Does not offer this"))
    if provider.agreement_state in DUE:
        warnings.append(provider.agreement_state.label)
    facts: list[str] = []
    if provider.places_on is not None:
        free = provider.places_free or 0
        places = ngettext(
            "%(number)s place free, as of %(day)s", "%(number)s places free, as of %(day)s", free
        )
        facts.append(places % {"number": free, "day": _day(provider.places_on)})
    if provider.agreement and provider.agreement_ends_on:
        facts.append(_("Agreement until %s") % _day(provider.agreement_ends_on))
    if provider.languages:
        facts.append(provider.languages_in_words)
    return Told(" · ".join(facts), tuple(warnings))


def _day(day: Any) -> str:
    return date_format(day, "DATE_FORMAT")


# --- Keeping --------------------------------------------------------------------------
def add_provider(provider: Provider, *, by: User) -> Provider:
    """Add a provider to the directory of the person's own organisation. Raises NotAllowed."""
    _check_keeps(by)
    provider.organisation_id = by.organisation_id
    trail.save(provider, verb=Verb.PROVIDER_ADDED, by=by)
    return provider


def change_provider(
    provider: Provider, values: Mapping[str, Any], *, revision: int, by: User
) -> Provider:
    """Change what stands in the directory. Raises NotAllowed and Conflict."""
    _check_keeps(by, provider)
    with transaction.atomic():
        current = locked(provider, revision)
        for name, value in values.items():
            setattr(current, name, value)
        trail.save(current, verb=Verb.PROVIDER_CHANGED, by=by)
    return current


def note_places(provider: Provider, free: int | None, *, by: User) -> Provider:
    """Note how many places are free, as told today; None when nobody knows. Raises NotAllowed.

    What is told last counts, so it asks for no revision.
    """
    if not by.has_right(Right.PROVIDER_SEE) or provider.organisation_id != by.organisation_id:
        raise NotAllowed(_("Your role does not include this page."))
    with transaction.atomic():
        current = Provider.objects.select_for_update().get(pk=provider.pk)
        current.places_free = free
        current.places_on = None if free is None else timezone.localdate()
        trail.save(current, verb=Verb.PLACES_NOTED, by=by)
    return current


def _check_keeps(by: User, provider: Provider | None = None) -> None:
    is_own = provider is None or provider.organisation_id == by.organisation_id
    if not by.has_right(Right.PROVIDER_SET) or by.organisation_id is None or not is_own:
        raise NotAllowed(_("Your role does not include keeping the directory of providers."))


# --- The start page -------------------------------------------------------------------
def agreements_link(user: User) -> StartLink | None:
    """For whoever keeps the directory: how many agreements end soon or have ended, if any do."""
    number = due_agreements(user) if user.has_right(Right.PROVIDER_SET) else 0
    if not number:
        return None
    return StartLink(gettext_lazy("Agreements with providers that end"), "providers:list", number)
