"""Taking a snapshot of the statistics, and looking tables up in the latest one."""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.confirming import check_recent
from accounts.models import User
from assistance.selectors import kinds_by_case
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.merges import kept_cases
from core.exceptions import Conflict, NotAllowed, NotFound, WrongState
from core.rights import Right
from reporting import epochs, frame, protection
from reporting.dimensions import DIMENSIONS
from reporting.freeze import build
from reporting.models import Snapshot
from reporting.surface import MAX_DIMENSIONS, Surface, pack, unpack
from reporting.tables import Definition, Table, make_table
from vault.secrets import system_secret

PER_YEAR = 4  # freezes; more would let the noise be averaged away
YEAR = timedelta(days=365)
SECRET = "statistics"


def latest_snapshot() -> Snapshot | None:
    """The snapshot that tables are looked up in; None before the first."""
    return snapshots().first()


def current_snapshot() -> Snapshot:
    """The same for whoever cannot do without. Raises NotFound before the first."""
    snapshot = latest_snapshot()
    if snapshot is None:
        raise NotFound(_("No statistics have been taken yet."))
    return snapshot


def snapshots() -> QuerySet[Snapshot]:
    """Every snapshot, the latest first, without its tables."""
    return Snapshot.objects.defer("surface", "digests").select_related("taken_by")


def take_snapshot(*, by: User) -> Snapshot:
    """Count every countable case, protect the counts and keep what may be shown.

    Must not run inside a transaction: that the facts were opened is committed before they are.
    NotAllowed without the right; WrongState when there were enough freezes this year or when too
    few persons changed since the last; Conflict when somebody else took one meanwhile.
    """
    if not by.has_right(Right.STATISTICS_FREEZE):
        raise NotAllowed(_("Your role does not include taking statistics snapshots."))
    _check_not_too_often()
    secret = system_secret(SECRET)
    now = timezone.now()
    marks = epochs.Marks(protection.derive(secret, "marks"))
    people = frame.build(marks.of(_rows(by)), timezone.localtime(now).year)
    years = people.columns["year"]
    digests = epochs.describe(marks, years)
    before = Snapshot.objects.defer("surface").first()
    if before and epochs.changed_at_least(before.digests, digests) < epochs.MIN_CHANGED:
        raise WrongState(
            _("Too few persons were added or changed since the last snapshot, which stays in use.")
        )
    number = before.number + 1 if before else 1
    by_year = epochs.advance(
        before.digests if before else None, digests, before.epochs if before else {}, number
    )
    epoch_of = np.array([by_year[code] for code in years.codes], dtype=np.int64)
    surface = build(people, secret, epoch_of[years.answers])
    snapshot = Snapshot(
        number=number,
        taken_at=now,
        taken_by=by,
        persons=surface.figure({}, 0).value,
        surface=pack(surface),
        epochs=by_year,
        digests=digests,
    )
    definition = {
        "dimensions": list(DIMENSIONS),
        "at once": MAX_DIMENSIONS,
        "threshold": protection.THRESHOLD,
        "noise": protection.MAX_NOISE,
    }
    try:
        trail.save(snapshot, verb=Verb.STATISTICS_FROZEN, by=by, details=definition)
    except IntegrityError:  # the number is taken: the conditions were checked against an older one
        raise Conflict(_("Somebody else took a snapshot in the meantime.")) from None
    return snapshot


def _rows(by: User) -> Iterator[frame.Row]:
    """A row for each case that counts. A duplicate is none: its assistance is that of the case kept."""
    kinds, kept = kinds_by_case(by=by), kept_cases(by=by, verb=Verb.STATISTICS_FROZEN)
    for duplicate, case in kept.items():
        kinds[case] = kinds.get(case, frozenset()) | kinds.get(duplicate, frozenset())
    for case, facts in door.stream_facts(by=by, verb=Verb.STATISTICS_FROZEN):
        if case not in kept:
            yield case, facts, kinds.get(case, frozenset())


def _check_not_too_often() -> None:
    if Snapshot.objects.filter(taken_at__gt=timezone.now() - YEAR).count() >= PER_YEAR:
        raise WrongState(
            ngettext(
                "There was %(count)s snapshot in the last twelve months, which is as many as may be.",
                "There were %(count)s snapshots in the last twelve months, which is as many as may be.",
                PER_YEAR,
            )
            % {"count": PER_YEAR}
        )


def build_table(snapshot: Snapshot, definition: Definition) -> Table:
    """Look a table up. BadInput for what is not declared; nothing is counted here."""
    return make_table(surface_of(snapshot.pk), definition, snapshot.taken_at)


def view_table(definition: Definition, *, by: User) -> Table:
    """The table in the latest snapshot, for the screen; recorded by its definition alone."""
    return _look_up(definition, Verb.STATISTICS_VIEWED, by)


def export_table(definition: Definition, *, by: User) -> Table:
    """The same for a file, after a recent sign-in. Raises ConfirmationNeeded, too."""
    check_recent()
    return _look_up(definition, Verb.STATISTICS_EXPORTED, by)


def _look_up(definition: Definition, verb: Verb, by: User) -> Table:
    if not by.has_right(Right.STATISTICS_BUILD):
        raise NotAllowed(_("Your role does not include statistics."))
    snapshot = current_snapshot()
    table = build_table(snapshot, definition)
    with transaction.atomic():
        details = {"snapshot": str(snapshot.pk), "table": definition.as_dict()}
        trail.record(verb, by=by, details=details)
    return table


@lru_cache(maxsize=2)
def surface_of(snapshot: UUID) -> Surface:
    """The protected tables of a snapshot. They never change, so each process unpacks them once."""
    packed = Snapshot.objects.values_list("surface", flat=True).get(pk=snapshot)
    return unpack(bytes(packed))
