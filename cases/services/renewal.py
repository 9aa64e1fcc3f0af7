"""Renewing data keys: what a case's key sealed is sealed anew under its next version.

After a suspected leak of keys, or when somebody with access to all of them leaves. Revisions stay; one
event for each case tells the new digests, so that the log still explains every row. Older versions of
a key are kept until the case is erased: sealed details inside the log, and older backups, need them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door, storage
from cases.models import Attachment, Case, IncomingReferral, SealedModel
from cases.services.attachments import reseal_file
from core.exceptions import Conflict
from vault import rotation
from vault.cipher import CannotOpen
from vault.keyring import NoKey, keyring

BATCH = 500
TRIES = 100  # for a case that others keep writing to
PAUSE = 0.05  # seconds between them


@dataclass(slots=True)
class _Anew:
    """What of a case is sealed anew in memory and in new files, and waits to be written."""

    rows: list[tuple[SealedModel, list[SealedModel]]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)  # names in the storage: old, new
    damaged: list[str] = field(default_factory=list)


def renew_case(case: UUID, *, by: User | None) -> list[str]:
    """Give a case a new data key and seal everything of it anew; what was broken off is gone on with.

    Returns the names of records that are damaged and were left as they are. Raises NoKey when the case
    was erased, and Conflict when others kept changing it.
    """
    version = keyring.renew(case)
    for _try in range(TRIES):
        anew = _sealed_anew(case)
        if not anew.rows:
            keyring.settle(case)
            trail.record(Verb.KEY_ROTATED, by=by, cases=[case], reason=f"dek {version}")
            return anew.damaged
        kept = False
        try:
            trail.save_resealed(anew.rows, verb=Verb.CASE_SEALED_ANEW, by=by)
            kept = True
        except Conflict:
            time.sleep(PAUSE)
        finally:
            for old, new in anew.files:
                storage.remove(old if kept else new)
    raise Conflict


def _sealed_anew(case: UUID) -> _Anew:
    """Every row of the case with its versions that are under an older key, sealed anew."""
    anew = _Anew()
    for model in sealed_models():
        for row in model._default_manager.filter(**{model.SEALED_BY: case}).order_by("pk"):
            versions = list(model.history.filter(id=row.pk).order_by("revision"))
            changed, damaged = door.seal_anew(versions)
            if isinstance(row, Attachment):
                changed, damaged = _with_file(row, versions, changed, damaged, anew)
            anew.damaged += [f"{model._meta.label} {row.pk} revision {v.revision}" for v in damaged]
            if changed:
                anew.rows.append((row, changed))
    return anew


def _with_file(
    row: Attachment,
    versions: list[SealedModel],
    changed: list[SealedModel],
    damaged: list[SealedModel],
    anew: _Anew,
) -> tuple[list[SealedModel], list[SealedModel]]:
    """The versions that changed and those that are damaged, once the file they name is sealed anew."""
    old = row.file
    try:
        name, digest = reseal_file(row)
    except (CannotOpen, OSError):
        return changed, [*damaged, *(v for v in versions[-1:] if v not in damaged)]
    if name == old:
        return changed, damaged
    anew.files.append((old, name))
    naming = [version for version in versions if version.file == old]  # type: ignore[attr-defined]
    for version in naming:
        version.file, version.file_digest = name, digest  # type: ignore[attr-defined]
    return [version for version in versions if version in changed or version in naming], damaged


def sealed_models() -> list[type[SealedModel]]:
    """Every model whose rows hold sealed sections of a case."""
    return [m for m in apps.get_models() if issubclass(m, SealedModel)]


def renew_all(*, by: User | None, asked_at: datetime | None = None) -> Iterator[list[str]]:
    """Renew every case that has not been since this was asked for; yields what is damaged in each.

    Broken off, the next call goes on with the cases that are left.
    """
    for case in _waiting(rotation.begin_renewal(asked_at or timezone.now())):
        try:
            yield renew_case(case, by=by)
        except NoKey:  # erased in the meantime
            continue
    rotation.finish_renewal()


def how_many(asked_at: datetime | None = None) -> int:
    """How many cases `renew_all` is about to renew."""
    return sum(1 for _case in _waiting(rotation.begin_renewal(asked_at or timezone.now())))


def _waiting(began: datetime) -> Iterator[UUID]:
    """Cases, and referrals of people to us, whose data key was not renewed since or not to its end."""
    for model in (Case, IncomingReferral):
        last = UUID(int=0)
        while batch := _after(model, last):
            yield from rotation.not_renewed(batch, began)
            last = batch[-1]


def _after(model: type[SealedModel], last: UUID) -> list[UUID]:
    rows = model._default_manager.filter(pk__gt=last).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])
