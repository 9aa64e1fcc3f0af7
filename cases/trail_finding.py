"""Finding events of one case: by person, kind, class and days, however many there are.

The log has an index by case and position. The rest is looked at event by event from the newest down, a
bounded number for each page: a page that comes up short says how far it looked, and one can go on.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec
from django.apps import apps
from django.db.models import Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.models import Event, EventCase, LogState
from audit.selectors import events as log
from audit.verbs import READS, Verb
from cases.models import Case, SealedModel
from core.classes import SHORT_NAMES

PAGE = 40
WINDOW = 2_000  # events looked at together
LOOKED_AT = 20_000  # events looked at for one page
NEWEST = 2_000  # events whose people the form offers
# Events that many write at once may be dated a little before those they follow.
DISORDER = timedelta(minutes=2)


class EventKind(TextChoices):
    """What one may want to see of a trail. An event may be of several kinds."""

    READ = "reads", gettext_lazy("Reads")
    CHANGE = "changes", gettext_lazy("Changes")
    REFUSAL = "refusals", gettext_lazy("Refusals and failures")
    ACCESS = "access", gettext_lazy("Access given and taken back")
    FILE = "files", gettext_lazy("Files")
    KEY = "keys", gettext_lazy("Keys")
    END = "end", gettext_lazy("Closing and erasure")
    TRAIL = "trail", gettext_lazy("Looking at the trail")


KINDS: dict[str, Q] = {
    EventKind.READ: Q(verb__in=READS),
    EventKind.CHANGE: Q(outcome="ok") & ~Q(verb__in=READS),
    EventKind.REFUSAL: ~Q(outcome="ok"),
    EventKind.ACCESS: Q(verb__startswith="grant_")
    | Q(verb__startswith="glass_")
    | Q(verb__startswith="transfer_")
    | Q(verb__in=[Verb.CASE_HANDED_OVER, Verb.CASE_TRANSFERRED])
    | Q(verb__in=[Verb.PERSON_EXCLUDED, Verb.EXCLUSION_ENDED]),
    EventKind.FILE: Q(verb__startswith="file_"),
    EventKind.KEY: Q(verb__startswith="key_") | Q(verb=Verb.CASE_SEALED_ANEW),
    EventKind.END: Q(verb__startswith="erasure_")
    | Q(verb__startswith="closure_")
    | Q(verb__startswith="hold_")
    | Q(
        verb__in=[
            Verb.CASE_CLOSED,
            Verb.CASE_REOPENED,
            Verb.CASE_ERASED,
            Verb.RETENTION_LISTED,
            Verb.CERTIFICATE_GIVEN,
        ]
    ),
    EventKind.TRAIL: Q(verb__startswith="export_")
    | Q(
        verb__in=[
            Verb.CASE_AUDITED,
            Verb.ACCESS_EXPLAINED,
            Verb.EVENT_PROVEN,
            Verb.CASE_EXPORTED,
        ]
    ),
}
NOBODY = "system"  # in the place of a person: Tutela itself, or somebody who is not signed in


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events of a case are wanted. What is empty leaves nothing out."""

    person: User | str | None = None  # or NOBODY
    kind: str = ""
    cls: str = ""
    since: date | None = None  # both days are days here, and belong to it
    until: date | None = None
    number: int | None = None  # the position of one event, as papers and proofs name it

    def __bool__(self) -> bool:
        narrowed = (self.person, self.kind, self.cls, self.since, self.until)
        return any(narrowed) or self.number is not None

    def in_words(self) -> str:
        """One sentence on what is shown."""
        what = EventKind(self.kind).label if self.kind else _("Everything")
        parts = [str(what)]
        if self.person == NOBODY:
            parts.append(_("by Tutela itself or somebody not signed in"))
        elif self.person:
            parts.append(_("by %s") % self.person)
        if self.cls:
            parts.append(_("of the part “%s”") % SHORT_NAMES[self.cls])
        if self.since and self.since == self.until:
            parts.append(_("on %s") % date_format(self.since, "DATE_FORMAT"))
        else:
            if self.since:
                parts.append(_("from %s") % date_format(self.since, "DATE_FORMAT"))
            if self.until:
                parts.append(_("until %s") % date_format(self.until, "DATE_FORMAT"))
        if self.number is not None:
            parts.append(_("with the number %s") % self.number)
        return _("%s, newest first.") % " ".join(parts)

    def rule(self) -> Q:
        """What the columns of an event tell of it."""
        rule = KINDS[self.kind] if self.kind else Q()
        if self.person:
            rule &= Q(actor=None if self.person == NOBODY else self.person.pk)  # type: ignore[union-attr]
        begin, end = self.moments()
        if begin:
            rule &= Q(at__gte=begin)
        if end:
            rule &= Q(at__lt=end)
        return rule

    def moments(self) -> tuple[datetime | None, datetime | None]:
        """From when, and until just before when."""
        begin = _midnight(self.since) if self.since else None
        return begin, _midnight(self.until + timedelta(days=1)) if self.until else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True, slots=True)
class Found:
    """Events newest first; `more` is the position before which to go on, if there is anything."""

    events: list[Event]
    more: int | None
    looked_back_to: datetime | None = None  # where looking ended though the page is not full


def find(case: Case, wanted: TrailFilter, *, before: int | None = None) -> Found:
    """A page of the wanted events of a case, newest first, before the position `before`.

    Of events on records whose class is under seal the door alone can tell whether they are of
    `wanted.cls`: they are among these, and whoever opens them leaves out the others.
    """
    rows, links, rule = log(), _links(case, wanted).order_by("-seq"), wanted.rule()
    found: list[Event] = []
    looked_at, window = 0, PAGE + 1
    while len(found) <= PAGE:
        older = links if before is None else links.filter(seq__lt=before)
        seqs = list(older.values_list("seq", flat=True)[:window])
        if not seqs:
            return Found(found, None)
        if looked_at >= LOOKED_AT:
            return Found(found, before, Event.objects.get(seq=before).at)
        matching = rows.filter(rule, seq__in=seqs).order_by("-seq")
        if wanted.cls:
            matching = rows.filter(seq__in=_of_class(matching, wanted.cls)).order_by("-seq")
        found += matching[: PAGE + 1 - len(found)]
        looked_at, before, window = looked_at + len(seqs), seqs[-1], WINDOW
    return Found(found[:PAGE], found[PAGE - 1].seq)


def find_all(case: Case, wanted: TrailFilter, *, most: int) -> list[Event]:
    """The wanted events of a case in the order of the log, up to `most`."""
    rows, links, rule = log(), _links(case, wanted), wanted.rule()
    found: list[Event] = []
    last = -1
    while len(found) < most:
        seqs = list(
            links.filter(seq__gt=last).order_by("seq").values_list("seq", flat=True)[:WINDOW]
        )
        if not seqs:
            break
        found += rows.filter(rule, seq__in=seqs)[: most - len(found)]
        last = seqs[-1]
    return found


def _links(case: Case, wanted: TrailFilter) -> "QuerySet[EventCase, EventCase]":
    """Where the case stands in the log, within the days that are wanted."""
    links = EventCase.objects.filter(case=case.pk)
    begin, end = wanted.moments()
    if begin:
        links = links.filter(seq__gte=_position(begin - DISORDER))
    if end:
        links = links.filter(seq__lt=_position(end + DISORDER))
    if wanted.number is not None:
        links = links.filter(seq=wanted.number)
    return links


def _position(moment: datetime) -> int:
    """Where in the log this moment is: some twenty rows are looked at, however long it is."""
    times = Event.objects.values_list("at", flat=True)
    positions = range(LogState.objects.get(id=1).size)
    return bisect_left(positions, moment, key=lambda seq: times.get(seq=seq))


# --- The class of an event ------------------------------------------------------------
class _Content(msgspec.Struct):
    """What is needed of an entry here."""

    cases: list[UUID]
    classes: list[str]


def named_cases(event: Event) -> list[UUID]:
    """The cases that an event names."""
    return _content(bytes(event.entry)).cases


def _of_class(events: "QuerySet[Event, Event]", cls: str) -> set[int]:
    """Positions of those that read something of a class, changed it, or gave access to it.

    Or that may have: of a record whose class is under seal every change is among these.
    """
    found: set[int] = set()
    changes: dict[str, dict[tuple[UUID, int], int]] = {}
    word = f'"{cls}"'.encode()
    columns = ("seq", "entry", "object_type", "object", "revision")
    for seq, entry, label, row, revision in events.order_by().values_list(*columns):
        # Most entries do not hold the word at all, and need not be read.
        if word in (entry := bytes(entry)) and cls in _content(entry).classes:
            found.add(seq)
        elif revision:
            changes.setdefault(label, {})[row, revision] = seq
    for label, versions in changes.items():
        found |= _changes_of(label, versions, cls)
    return found


def _content(entry: bytes) -> _Content:
    return msgspec.json.decode(entry, type=_Content)


def _changes_of(label: str, made: dict[tuple[UUID, int], int], cls: str) -> set[int]:
    """Positions of the events that made a version in which a section of this class is new.

    `made` are versions of one model, each with the position of its event.
    """
    model = apps.get_model(label)
    is_grant = "classes" in {column.name for column in model._meta.concrete_fields}
    if not is_grant and not issubclass(model, SealedModel):
        return set()
    versions = model.history.filter(
        id__in={row for row, _revision in made}, revision__in={number for _row, number in made}
    ).values_list("id", "revision", "classes" if is_grant else "sealed_at")
    return {
        made[row, revision]
        for row, revision, told in versions
        if (row, revision) in made and _is_of(model, told, revision, cls)
    }


def _is_of(model: type, told: list[str] | dict[str, int], revision: int, cls: str) -> bool:
    """`told` is a list of classes, or at which revision each section was written."""
    if isinstance(told, list):
        return cls in told
    assert issubclass(model, SealedModel)
    return model.ROUTED or any(
        at == revision and model.SECTIONS[section][0] == cls for section, at in told.items()
    )


# --- People ---------------------------------------------------------------------------
def recent_actors(case: Case) -> set[UUID]:
    """Who did something with the case of late: those of its newest events."""
    links = EventCase.objects.filter(case=case.pk).order_by("-seq")
    seqs = list(links.values_list("seq", flat=True)[:NEWEST])
    actors = log().filter(seq__in=seqs).order_by().values_list("actor", flat=True).distinct()
    return {actor for actor in actors if actor}
