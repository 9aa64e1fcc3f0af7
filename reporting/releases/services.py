"""Releases: proposed by one person, approved by another, made once, published as a folder.

An approval is entered in the ledger and committed, together with the job that makes the release
(reporting/long_work.py); then the persons are read, into memory and nowhere else; then it is entered
and committed that drawing begins, and the files are made and stored; then the folder is made out of
them. Whatever breaks off in between costs the budget and nothing else: what was spent stays spent,
what was drawn is never drawn again. What breaks off before drawing begins can be begun anew, within
the hour.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.confirming import check_recent
from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.services import two_people
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from jobs import services as jobs
from jobs.models import Job
from reporting import source
from reporting.dimensions import DIMENSIONS, FIRST_YEAR
from reporting.frame import Row
from reporting.long_work import RELEASE
from reporting.releases import folder, ledger
from reporting.releases.kinds import KINDS, Kind, dimensions_of, kind_of
from reporting.releases.ledger import Charge, Overtaken
from reporting.releases.models import LedgerEntry, Release, ReleaseFiles, ReleaseState
from vault.secrets import seal_system, system_secret, unseal_system

SECRET = "releases"
PURPOSE = "release-files"
LONGEST_TITLE = 120
MADE_WITHIN = timedelta(hours=1)  # of the approval
BROKEN_OFF = gettext_lazy(
    "This release is being made at this moment, or making it was broken off. What it costs is spent, "
    "and it is not drawn a second time."
)
TOO_LATE = gettext_lazy(
    "This release was not made within an hour of its approval. Nothing of it is kept, and what it costs "
    "is spent. Propose it anew while the year has enough left."
)
Part = ReleaseFiles.Part
T = TypeVar("T")


class Stand(StrEnum):
    """How far an approved release has come."""

    WAITS = "waits"  # nothing was begun
    BEGUN = "begun"  # it is drawn at this moment, or that was broken off
    MADE = "made"
    LATE = "late"  # nothing was made within the hour


def _nothing() -> None:
    pass


# --- Proposing and deciding -----------------------------------------------------------
def propose_release(kind: str, asked: Mapping[str, Any], *, by: User) -> Release:
    """Propose statistics for publication; `asked` holds `year`, `title` and what the kind needs.

    Raises NotAllowed, BadInput for what cannot be published, and WrongState when there is not
    enough left of the year's budget, or when it does not go with what was published of that year.
    """
    if not by.has_right(Right.RELEASE_PROPOSE):
        raise NotAllowed(_("Your role does not include proposing what is published."))
    chosen, title = kind_of(kind), " ".join(asked["title"].split())
    if not 0 < len(title) <= LONGEST_TITLE:
        raise BadInput(_("Give the release a title of at most %s characters.") % LONGEST_TITLE)
    release = Release(
        kind=kind,
        year=int(asked["year"]),
        title=title,
        definition=chosen.define(asked),
        **two_people.asker(by, Right.RELEASE_PROPOSE),
    )
    for year in release.years:
        _check_is_closed(year)
    with transaction.atomic():
        _check_fits(release, chosen, _entries(release))
        trail.save(release, verb=Verb.RELEASE_PROPOSED, by=by, details=_told(release))
    return release


def approve_release(release: Release, *, by: User) -> Release:
    """Agree, and spend what it costs; `make_release` comes next. Must not run inside a transaction.

    Raises NotAllowed to whoever proposed it or may not decide, and WrongState when it was decided
    already, or when it does not fit any more. ConfirmationNeeded without a recent sign-in.
    """
    check_recent()
    return _approve(release, by, lambda approved: approved)


def approve_and_have_made(release: Release, *, by: User) -> Job:
    """The same, and have a worker make and publish it: there is no approval without this job.

    Raises the same, and WrongState when too much of this person waits already.
    """
    check_recent()
    return _approve(release, by, partial(_ask, by=by))


def decline_release(release: Release, *, by: User) -> Release:
    """Say no. Raises NotAllowed, and WrongState when it was decided already."""
    with transaction.atomic():
        found = _lock(release, by)
        _decide(found, ReleaseState.DECLINED, by)
        trail.save(found, verb=Verb.RELEASE_DECLINED, by=by, details=_told(found))
    return found


def _approve(release: Release, by: User, then: Callable[[Release], T]) -> T:
    """Enter the decision and what it costs, do `then`, and commit all of it.

    Tried again when somebody was quicker. Returns what `then` returns.
    """
    while True:
        try:
            with transaction.atomic(durable=True):
                found = _lock(release, by)
                kind = kind_of(found.kind)
                entries, charge = _entries(found), _charge(kind, found.definition)
                _check_fits(found, kind, entries)
                _decide(found, ReleaseState.APPROVED, by)
                for year, before in entries.items():
                    ledger.spend(found, year, charge, before, by=by)
                trail.save(found, verb=Verb.RELEASE_APPROVED, by=by, details=_told(found))
                return then(found)
        except Overtaken:
            continue


def _lock(release: Release, by: User) -> Release:
    """The release as it stands, locked with both people, if `by` may decide on it."""
    people = two_people.people(release.asked_by_id, by.pk)
    _check_decides(people[by.pk])
    return two_people.lock_undecided(release, by)


def _check_decides(by: User) -> None:
    if not (by.is_active and by.has_right(Right.RELEASE_DECIDE)):
        raise NotAllowed(_("Your role does not include deciding on what is published."))


def _decide(release: Release, state: str, by: User) -> None:
    two_people.decide(release, state, Right.RELEASE_DECIDE, by)
    release.decided_at = timezone.now()


def _told(release: Release) -> dict[str, Any]:
    """For the log: names of tables and parameters, never a figure."""
    return {"title": release.title, "definition": release.definition}


# --- Making and publishing ------------------------------------------------------------
def have_release_made(release: Release, *, by: User) -> Job:
    """Have a worker go on with what was approved: make it, if nothing was begun, and publish it.

    The job that this person asked for already, if it is not over. Raises NotAllowed, WrongState when
    somebody else has it made or nothing can come of it, and ConfirmationNeeded without a recent sign-in.
    """
    check_recent()
    with transaction.atomic():
        found = _lock_approved(release, by)
        if stand_of(found) != Stand.MADE:
            _check_can_begin(found)
        if job := job_of(found):
            if job.asked_by_id != by.pk:
                raise WrongState(_("Somebody else has this release made already."))
            return job
        return _ask(found, by)


def make_release(
    release: Release, *, by: User, going_on: Callable[[], object] = _nothing
) -> Release:
    """Make what was approved, unless that was done, and publish it. Must not run inside a transaction.

    `going_on` is called with each person that is read, and later wherever it can still end without a
    loss: what it raises ends it. Raises NotAllowed, WrongState when nothing can come of it, and
    TypesettingFailed, which leaves it made: then it is published when this is called again.
    """
    with transaction.atomic():
        found = _lock_approved(release, by)
    if stand_of(found) != Stand.MADE:
        _make(found, by, going_on)
    going_on()
    return _publish(found, by, going_on)


def _make(release: Release, by: User, going_on: Callable[[], object]) -> None:
    """Read the persons, make the files and store them. The one place where noise is drawn.

    Between the beginning and the storing nobody is asked whether it shall go on: what was drawn and is
    thrown away would be lost for good.
    """
    _check_can_begin(release)
    rows = _persons(release, by, going_on)
    begun = _begin(release, by)
    with override(settings.LANGUAGE_CODE):  # what is published is not of whoever approved it
        files = kind_of(begun.kind).make(rows, begun.definition, system_secret(SECRET))
    if _is_late(begun):  # others may have been approved since that do not go with it
        raise WrongState(TOO_LATE)
    with transaction.atomic():
        _keep(begun, Part.MADE, files, Verb.RELEASE_MADE, by)


def _persons(release: Release, by: User, going_on: Callable[[], object]) -> list[Row]:
    """The persons of its years. Raises WrongState when some case does not open."""
    damaged: set[UUID] = set()
    rows = []
    for row in source.persons(by=by, verb=Verb.RELEASE_MADE, damaged=damaged):
        going_on()
        if row.facts.year in release.years:
            rows.append(row)
    if damaged:  # what is published stays so for ever, and would lack them
        raise WrongState(
            _(
                "Some cases are damaged and do not open: nothing was made. Tell your auditor. If they "
                "are mended within an hour of the approval, it can still be made. After that, propose "
                "it anew: what it costs is spent."
            )
        )
    return rows


def _begin(release: Release, by: User) -> Release:
    """Enter that its drawing begins, and commit that before it does: of two who come, one may.

    Raises WrongState to the other, and NotAllowed.
    """
    with transaction.atomic(durable=True):
        found = _lock_approved(release, by)
        _check_can_begin(found)
        found.begun_at = timezone.now()
        trail.save(found, verb=Verb.RELEASE_BEGUN, by=by)
    return found


def _publish(release: Release, by: User, going_on: Callable[[], object]) -> Release:
    """Make the folder out of what was made, and publish it."""
    made = _files(release, Part.MADE)
    assert made is not None
    with override(settings.LANGUAGE_CODE):
        files = folder.fill(release, made)
    going_on()
    with transaction.atomic():
        found = _lock_approved(release, by)
        _keep(found, Part.FOLDER, files, Verb.RELEASE_PUBLISHED, by)
        found.state, found.published_at = ReleaseState.PUBLISHED, timezone.now()
        trail.save(found, verb=Verb.RELEASE_PUBLISHED, by=by, details=_told(found))
    return found


def _ask(release: Release, by: User) -> Job:
    return jobs.ask(RELEASE, by=by, parameters=_parameters(release))


def _parameters(release: Release) -> dict[str, Any]:
    return {"release": str(release.pk)}


def _lock_approved(release: Release, by: User) -> Release:
    """The release as it stands, locked with this person, if it is approved and they may decide.

    Raises NotAllowed and WrongState.
    """
    _check_decides(two_people.people(by.pk)[by.pk])
    found = Release.objects.select_for_update().get(pk=release.pk)
    if found.state != ReleaseState.APPROVED:
        raise WrongState(_("Only what was approved and is not published yet can be published."))
    return found


def _check_can_begin(release: Release) -> None:
    """Raise WrongState when nothing can be drawn for it any more."""
    stand = stand_of(release)
    if stand == Stand.LATE:
        raise WrongState(TOO_LATE)
    if stand != Stand.WAITS:
        raise WrongState(BROKEN_OFF)


# --- What goes together ---------------------------------------------------------------
def _check_is_closed(year: int) -> None:
    if not FIRST_YEAR <= year < timezone.localdate().year:
        raise BadInput(_("Only a year that is over can be published: its persons do not change."))


def _entries(release: Release) -> dict[int, list[LedgerEntry]]:
    """What was spent so far of each of its years, ascending."""
    return {year: ledger.entries(year) for year in release.years}


def _check_fits(release: Release, kind: Kind, entries: Mapping[int, Sequence[LedgerEntry]]) -> None:
    """Raise WrongState when a year has not enough left, or when what was published forbids it."""
    kind.check(release.definition)
    for entry in chain(*entries.values()):
        before = entry.release
        if stand_of(before) == Stand.LATE:  # nobody has anything of it; its cost stays spent
            continue
        if ledger.digest_of(release.definition) == entry.definition_digest and (
            before.files.exists()
        ):
            raise WrongState(
                _("The same was made already, as “%s”. It stands, and is not drawn a second time.")
                % before.title
            )
        shared = dimensions_of(release.definition) & dimensions_of(before.definition)
        if shared and (kind.is_exact or kind_of(before.kind).is_exact):
            labels = ", ".join(str(DIMENSIONS[key].label) for key in DIMENSIONS if key in shared)
            raise WrongState(
                _(
                    "“%(title)s” tells of %(dimensions)s in %(year)s already. Exact figures beside "
                    "others of the same dimensions would give persons away."
                )
                % {"title": before.title, "dimensions": labels, "year": entry.year}
            )
    for year, before_it in entries.items():
        ledger.check_enough(_charge(kind, release.definition), before_it, year)


def _is_late(release: Release) -> bool:
    return timezone.now() > made_until(release)


def _charge(kind: Kind, definition: Mapping[str, Any]) -> Charge:
    return Charge(kind.charge(definition), kind.mechanism, kind.scales(definition))


# --- Files ----------------------------------------------------------------------------
def _keep(release: Release, part: str, files: Mapping[str, bytes], verb: Verb, by: User) -> None:
    """Store files once. The database refuses a second time."""
    kept = ReleaseFiles(release=release, part=part)
    kept.content_sealed = seal_system(PURPOSE, f"{release.pk}/{part}", folder.pack(files))
    trail.save(kept, verb=verb, by=by)


def _files(release: Release, part: str) -> folder.Files | None:
    kept = ReleaseFiles.objects.filter(release=release, part=part).first()
    if kept is None:
        return None
    owner = f"{release.pk}/{part}"
    return folder.unpack(unseal_system(PURPOSE, owner, bytes(kept.content_sealed)))


def download_release(release: Release, *, by: User) -> bytes:
    """The published folder as a zip archive; recorded.

    Raises NotFound for what `by` may not have, and ConfirmationNeeded without a recent sign-in.
    """
    check_recent()
    found = release_for(by, release.pk)
    files = _files(found, Part.FOLDER)
    if found.state != ReleaseState.PUBLISHED or files is None:
        raise NotFound(_("This release is not published."))
    if not may_download(found, by):
        raise NotFound(_("This file is for the two people who decided on it."))
    with transaction.atomic():
        trail.record(Verb.RELEASE_DOWNLOADED, by=by, details={"release": str(found.pk)})
    return folder.pack(files)


# --- Looking --------------------------------------------------------------------------
def may_decide(release: Release, user: User) -> bool:
    """Is this theirs to decide on, or to publish when that broke off?"""
    waits = release.state in (ReleaseState.ASKED, ReleaseState.APPROVED)
    return waits and user.has_right(Right.RELEASE_DECIDE) and release.asked_by_id != user.pk


def releases_for(user: User) -> QuerySet[Release]:
    """What this person may see, the latest first: everything, or what was published for everybody."""
    found = Release.objects.select_related("asked_by", "decided_by")
    if user.has_right(Right.RELEASE_PROPOSE) or user.has_right(Right.RELEASE_DECIDE):
        return found
    return found.filter(state=ReleaseState.PUBLISHED, kind__in=_public_kinds())


def _public_kinds() -> list[str]:
    return [kind.code for kind in KINDS.values() if kind.is_public]


def release_for(user: User, pk: UUID) -> Release:
    """One of them. Raises NotFound."""
    found = releases_for(user).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such release."))
    return found


def may_download(release: Release, user: User) -> bool:
    """Is the folder for this person, once there is one? What is not public is for the two alone."""
    two = (release.asked_by_id, release.decided_by_id)
    return kind_of(release.kind).is_public or user.pk in two


def stand_of(release: Release) -> Stand:
    """How far a release has come that was approved."""
    if release.files.exists():
        return Stand.MADE
    if _is_late(release):
        return Stand.LATE
    return Stand.BEGUN if release.begun_at else Stand.WAITS


def made_until(release: Release) -> datetime:
    """Until when a release that was approved has to be made."""
    assert release.decided_at is not None
    return release.decided_at + MADE_WITHIN


def job_of(release: Release) -> Job | None:
    """The work of making it that waits or is under way, whoever asked for that."""
    asked = _parameters(release)
    return jobs.unfinished(RELEASE, lambda parameters: parameters == asked)
