"""The privacy budget of each year of registration: what releases spent of it, and spending.

Years are disjoint sets of persons, so what a person is exposed to is what was spent of their year
and of no other (parallel composition). Within a year costs add up, as exact fractions.

A spend is committed before anything is drawn. Entries of a year are numbered; the number and the
sum are read at once, and the database takes each number once. Whoever was overtaken reads again, so
no two can both spend what is left for one (docs/adr/0028-a-privacy-ledger.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.digests import canonical_json
from audit.verbs import Verb
from core.exceptions import WrongState
from reporting.releases.models import LedgerEntry, Release

FIRST = "0" * 64  # what the first entry of a year holds for the one before


class Overtaken(Exception):
    """Somebody else spent of the same year in the meantime: the transaction is to be tried again."""


@dataclass(frozen=True)
class Charge:
    """What a release costs each person of its year, and the noise that costs it."""

    rho: Fraction
    mechanism: str = "none"
    scales: Sequence[float] = ()


def cap() -> Fraction:
    """What may be spent of each year altogether."""
    return Fraction(settings.STATISTICS_PRIVACY_CAP)


def entries(year: int | None = None) -> list[LedgerEntry]:
    """The entries of a year, or of all, in their order."""
    found = LedgerEntry.objects.select_related("release")
    return list(found if year is None else found.filter(year=year))


def spent(year: int) -> Fraction:
    """What was spent of a year so far."""
    return _sum(entries(year))


def left(year: int) -> Fraction:
    """What can still be spent of a year; never below 0, also where the cap was lowered."""
    return max(cap() - spent(year), Fraction(0))


def entries_of(release: Release) -> list[LedgerEntry]:
    """The entries of a release, one for each of its years, ascending."""
    return list(LedgerEntry.objects.filter(release=release))


def spend(
    release: Release, year: int, charge: Charge, before: Sequence[LedgerEntry], *, by: User
) -> LedgerEntry:
    """Enter a release and what it costs one of its years, behind that year's entries as the caller
    read and checked them.

    Within the caller's transaction. Raises WrongState when the year has not as much left, and
    Overtaken when another release of the year came first: the whole transaction, what was read and
    checked included, is to be tried again then.
    """
    check_enough(charge, before, year)
    entry = LedgerEntry(
        year=year,
        number=len(before) + 1,
        release=release,
        rho_numerator=charge.rho.numerator,
        rho_denominator=charge.rho.denominator,
        mechanism=charge.mechanism,
        scales=[repr(scale) for scale in charge.scales],
        definition_digest=digest_of(release.definition),
        requested_by=release.asked_by_id,
        approved_by=by.pk,
        previous=_digest(before[-1]) if before else FIRST,
    )
    try:
        with transaction.atomic():
            trail.save(entry, verb=Verb.PRIVACY_SPENT, by=by, details=_content(entry))
    except IntegrityError:
        raise Overtaken from None
    return entry


def digest_of(definition: dict[str, Any]) -> str:
    """SHA-256 of a definition as canonical JSON, hexadecimal."""
    return sha256(canonical_json(definition)).hexdigest()


def broken(found: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Of entries in their order, those that do not continue the one before or whose release is
    another.
    """
    wrong, heads = [], {}
    for entry in found:
        number, head = heads.get(entry.year, (0, FIRST))
        of_release = digest_of(entry.release.definition) == entry.definition_digest
        if entry.number != number + 1 or entry.previous != head or not of_release:
            wrong.append(entry)
        heads[entry.year] = entry.number, _digest(entry)
    return wrong


def check_enough(charge: Charge, before: Sequence[LedgerEntry], year: int) -> None:
    """Raise WrongState, in plain words, when a year with these entries has not as much left."""
    remains = cap() - _sum(before)
    if charge.rho > remains and charge.rho:
        raise WrongState(
            _(
                "This release costs %(cost)s of the privacy budget of %(year)s, and %(left)s is left. "
                "What was published of that year stands; no more can be drawn from it."
            )
            % {
                "cost": as_text(charge.rho),
                "year": year,
                "left": as_text(max(remains, Fraction(0))),
            }
        )


def as_text(rho: Fraction) -> str:
    """A cost as people read it."""
    return f"{float(rho):.4f}".rstrip("0").rstrip(".")


def _sum(found: Iterable[LedgerEntry]) -> Fraction:
    return sum((entry.rho for entry in found), Fraction(0))


def _content(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "year": entry.year,
        "number": entry.number,
        "release": str(entry.release_id),
        "rho": f"{entry.rho_numerator}/{entry.rho_denominator}",
        "mechanism": entry.mechanism,
        "scales": entry.scales,
        "definition": entry.definition_digest,
        "requested_by": str(entry.requested_by),
        "approved_by": str(entry.approved_by),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": entry.previous,
    }


def _digest(entry: LedgerEntry) -> str:
    return sha256(canonical_json(_content(entry))).hexdigest()
