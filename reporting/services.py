"""Taking a snapshot of the statistics, and looking tables up in the latest one."""

from collections.abc import Callable, Iterable, Iterator
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
from accounts.models import AccessToken, User
from audit import trail
from audit.verbs import Verb
from core.exceptions import Conflict, NotAllowed, NotFound, WrongState
from core.rights import Right
from reporting import epochs, frame, loading, protection, source
from reporting.attacks import TellsTooMuch
from reporting.dimensions import DIMENSIONS
from reporting.frame import Frame
from reporting.freeze import build
from reporting.models import Snapshot
from reporting.surface import MAX_DIMENSIONS, Surface, pack, unpack
from reporting.tables import Definition, Table, make_table
from vault.secrets import system_secret

PER_YEAR = 4  # freezes; more would let the noise be averaged away
YEAR = timedelta(days=360)  # a few days less: a timer that runs every quarter is never early
SECRET = "statistics"


class NotYet(WrongState):
    """It is too early for the next snapshot; the last one stays in use."""


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


def snapshot_of(number: int) -> Snapshot:
    """The snapshot of this number, without its tables. Raises NotFound."""
    snapshot = snapshots().filter(number=number).first()
    if snapshot is None:
        raise NotFound(_("There is no such snapshot."))
    return snapshot


def take_snapshot(*, by: User, going_on: Callable[[], object] = lambda: None) -> Snapshot:
    """Count every countable case, protect the counts and keep what may be shown.

    `going_on` is called with each case and before anything is kept: what it raises ends it.
    Must not run inside a transaction: that the facts were opened is committed before they are.
    NotAllowed without the right; NotYet when there were enough freezes this year or when too few
    persons changed since the last; WrongState when an attack on the tables succeeded, which is
    recorded by the name of the table alone, or when the figures did not pass the checks of the freeze;
    Conflict when somebody else took one meanwhile.
    """
    if not by.has_right(Right.STATISTICS_FREEZE):
        raise NotAllowed(_("Your role does not include taking statistics snapshots."))
    is_loaded = loading.is_loaded()
    if not is_loaded:
        _check_not_too_often()
    secret = system_secret(SECRET)
    now = timezone.now()
    marks = epochs.Marks(protection.derive(secret, "marks"))
    damaged: set[UUID] = set()
    persons = source.persons(by=by, verb=Verb.STATISTICS_FROZEN, damaged=damaged)
    people = frame.build(marks.of(_while(going_on, persons)), timezone.localtime(now).year)
    years = people.columns["year"]
    digests = epochs.describe(marks, years)
    before = Snapshot.objects.defer("surface").first()
    if before and epochs.changed_at_least(before.digests, digests) < epochs.MIN_CHANGED:
        raise NotYet(
            _("Too few persons were added or changed since the last snapshot, which stays in use.")
        )
    number = before.number + 1 if before else 1
    by_year = epochs.advance(
        before.digests if before else None, digests, before.epochs if before else {}, number
    )
    epoch_of = np.array([by_year[code] for code in years.codes], dtype=np.int64)
    surface = _withstanding(people, secret, epoch_of[years.answers], by)
    snapshot = Snapshot(
        number=number,
        taken_at=now,
        taken_by=by,
        persons=surface.figure({}, 0).value,
        surface=pack(surface),
        epochs=by_year,
        digests=digests,
        of_loaded_rows=is_loaded or None,
        damaged=len(damaged) or None,
    )
    definition = {
        "dimensions": list(DIMENSIONS),
        "at once": MAX_DIMENSIONS,
        "threshold": protection.THRESHOLD,
        "noise": protection.MAX_NOISE,
    }
    going_on()
    try:
        trail.save(snapshot, verb=Verb.STATISTICS_FROZEN, by=by, details=definition)
    except IntegrityError:  # the number is taken: the conditions were checked against an older one
        raise Conflict(_("Somebody else took a snapshot in the meantime.")) from None
    return snapshot


def _while(going_on: Callable[[], object], persons: Iterable[frame.Row]) -> Iterator[frame.Row]:
    for person in persons:
        going_on()
        yield person


def _withstanding(people: Frame, secret: bytes, epoch_of: np.ndarray, by: User) -> Surface:
    """The surface, when it passes its checks and withstands the attacks that are tried on it."""
    try:
        return build(people, secret, epoch_of)
    except TellsTooMuch as found:
        details = {"table": [[key, level] for key, level in found.table], "found": found.what}
        trail.record(Verb.STATISTICS_FROZEN, by=by, outcome="error", details=details)
        names = ", ".join(str(DIMENSIONS[key].label).lower() for key, _level in found.table)
        raise WrongState(
            _(
                "No snapshot was taken, and the last one stays in use: the table by %(dimensions)s would"
                " tell too much. Try again when more persons were added or changed."
            )
            % {"dimensions": names}
        ) from None
    except ArithmeticError:  # what it says stays here: it might hold a figure
        details = {"found": "the figures did not pass their checks"}
        trail.record(Verb.STATISTICS_FROZEN, by=by, outcome="error", details=details)
        raise WrongState(
            _(
                "No snapshot was taken, and the last one stays in use: the new figures did not pass the"
                " checks of what they tell. Try again when more persons were added or changed."
            )
        ) from None


def _check_not_too_often() -> None:
    of_cases = Snapshot.objects.filter(of_loaded_rows=None)
    if of_cases.filter(taken_at__gt=timezone.now() - YEAR).count() >= PER_YEAR:
        raise NotYet(
            ngettext(
                "There was %(count)s snapshot in the last twelve months, which is as many as may be.",
                "There were %(count)s snapshots in the last twelve months, which is as many as may be.",
                PER_YEAR,
            )
            % {"count": PER_YEAR}
        )


def build_table(snapshot: Snapshot, definition: Definition) -> Table:
    """Look a table up. BadInput for what is not declared; nothing is counted here."""
    return make_table(surface_of(snapshot.pk), definition, snapshot.taken_at, snapshot.number)


def view_table(
    definition: Definition, *, by: User, form: str = "page", token: AccessToken | None = None
) -> Table:
    """The table in the latest snapshot, to be looked at as `form`, or by a program with a token.

    Recorded by its id alone.
    """
    return _look_up(definition, Verb.STATISTICS_VIEWED, form, by, token)


def export_table(definition: Definition, *, by: User, form: str = "csv") -> Table:
    """The same for a file of this form, after a recent sign-in. Raises ConfirmationNeeded, too."""
    check_recent()
    return _look_up(definition, Verb.STATISTICS_EXPORTED, form, by)


def _look_up(
    definition: Definition, verb: Verb, form: str, by: User, token: AccessToken | None = None
) -> Table:
    if not by.has_right(Right.STATISTICS_BUILD):
        raise NotAllowed(_("Your role does not include statistics."))
    snapshot = current_snapshot()
    table = build_table(snapshot, definition)
    with transaction.atomic():
        details = {"snapshot": str(snapshot.pk), "number": snapshot.number, "form": form}
        if token:
            details["token"] = str(token.pk)
        # The id stands in the open, for the rules of review: it names dimensions and categories only.
        trail.record(verb, by=by, reason=definition.id, details=details)
    return table


@lru_cache(maxsize=2)
def surface_of(snapshot: UUID) -> Surface:
    """The protected tables of a snapshot. They never change, so each process unpacks them once."""
    packed = Snapshot.objects.values_list("surface", flat=True).get(pk=snapshot)
    return unpack(bytes(packed))
