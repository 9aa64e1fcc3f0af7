"""Renewing data keys: what a case's key sealed is sealed anew under its next version.

After a suspected leak of keys, or when somebody with access to all of them leaves. Revisions stay; one
event for each case tells the new digests, so that the log still explains every row. Older versions of
a key are kept until the case is erased: sealed details inside the log, and older backups, need them.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.models import Case, SealedModel
from core.exceptions import Conflict
from vault import rotation
from vault.keyring import NoKey, keyring

BATCH = 500
TRIES = 100  # for a case that others keep writing to
PAUSE = 0.05  # seconds between them


def renew_case(case: UUID, *, by: User | None) -> list[str]:
    """Give a case a new data key and seal everything of it anew; what was broken off is gone on with.

    Returns the names of records that are damaged and were left as they are. Raises NoKey when the case
    was erased, and Conflict when others kept changing it.
    """
    version = keyring.renew(case)
    for _try in range(TRIES):
        try:
            changed, damaged = _sealed_anew(case)
            if not changed:
                keyring.settle(case)
                trail.record(Verb.KEY_ROTATED, by=by, cases=[case], reason=f"dek {version}")
                return damaged
            trail.save_resealed(changed, verb=Verb.CASE_SEALED_ANEW, by=by)
        except Conflict:
            time.sleep(PAUSE)
    raise Conflict


def _sealed_anew(
    case: UUID,
) -> tuple[list[tuple[SealedModel, list[SealedModel]]], list[str]]:
    """Rows of the case with their versions that are under an older key, sealed anew in memory."""
    found, damaged = [], []
    for model in sealed_models():
        of_case = {"pk": case} if model is Case else {"case": case}
        for row in model._default_manager.filter(**of_case).order_by("pk"):
            versions = model.history.filter(id=row.pk).order_by("revision")
            changed, bad = door.seal_anew(list(versions))
            damaged += [f"{model._meta.label} {row.pk} revision {v.revision}" for v in bad]
            if changed:
                found.append((row, changed))
    return found, damaged


def sealed_models() -> list[type[SealedModel]]:
    """Every model whose rows hold sealed sections of a case."""
    return [m for m in apps.get_models() if issubclass(m, SealedModel)]


def renew_all(*, by: User | None) -> Iterator[list[str]]:
    """Renew every case that has not been since this was begun; yields what is damaged in each.

    Broken off, the next call goes on with the cases that are left.
    """
    for case in _waiting(rotation.begin_renewal(timezone.now())):
        try:
            yield renew_case(case, by=by)
        except NoKey:  # erased in the meantime
            continue
    rotation.finish_renewal()


def how_many() -> int:
    """How many cases `renew_all` is about to renew."""
    return sum(1 for _case in _waiting(rotation.begin_renewal(timezone.now())))


def _waiting(began: datetime) -> Iterator[UUID]:
    """Cases whose data key was not renewed since, or not to its end."""
    last = UUID(int=0)
    while batch := list(_cases_after(last)):
        yield from rotation.not_renewed(batch, began)
        last = batch[-1]


def _cases_after(last: UUID) -> list[UUID]:
    cases = Case.objects.filter(pk__gt=last).order_by("pk")
    return list(cases.values_list("pk", flat=True)[:BATCH])
