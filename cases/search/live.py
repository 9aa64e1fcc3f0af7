"""The name index of this process, kept up with the database.

Built when the process starts, in a thread of its own; brought up to date before each search from the
table of changes. What it finds passes the rule of cases/access.py once more before it is shown.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from threading import Lock, Thread
from uuid import UUID

from django.db import connections
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from cases import door
from cases.access import access_to, kept_out, principals_of
from cases.models import Case, CaseTeamGrant, CaseUserGrant, Exclusion, GrantReason, SearchChange
from cases.search.index import NameIndex
from cases.sections import SearchEntry

LIMIT = 50
BATCH = 500

log = logging.getLogger(__name__)


class LiveIndex:
    """A NameIndex and how far in the table of changes it has come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._index: NameIndex | None = None
        self._seen = 0

    def find(self, query: str, *, by: User, limit: int = LIMIT) -> list[UUID]:
        """Cases this person sees that match, best first. Waits while the index is being built."""
        index = self._up_to_date()
        hits = index.search(query, principals_of(by), limit, without=kept_out(by))
        seen = access_to(by, [hit.case_id for hit in hits])
        return [hit.case_id for hit in hits if hit.case_id in seen]

    def find_elsewhere(self, query: str, *, by: User) -> list[UUID]:
        """Cases of the person's organisation that they do not see, of just whom they look for."""
        index = self._up_to_date()
        found = index.search_exactly(query, of_organisation(by.organisation_id))
        kept = Exclusion.objects.at(timezone.now()).filter(user=by, case__in=found)
        away = {*access_to(by, found), *kept.values_list("case", flat=True)}
        return [case for case in found if case not in away]

    def catch_up(self) -> None:
        """Bring the index up to date, if there is one: what was erased leaves this process."""
        with self._lock:
            if self._index is not None:
                self._catch_up(self._index)

    def forget(self) -> None:
        """Drop the index; the next search builds it anew."""
        with self._lock:
            self._index = None

    def _up_to_date(self) -> NameIndex:
        with self._lock:
            if self._index is None:
                self._build()
            else:
                self._catch_up(self._index)
            assert self._index is not None
            return self._index

    def _build(self) -> None:
        seen = _last_change()
        index = NameIndex()
        index.bulk(_with_principals(door.stream_search_entries()))
        self._index, self._seen = index, seen

    def _catch_up(self, index: NameIndex) -> None:
        changes = SearchChange.objects.filter(pk__gt=self._seen).order_by("pk")
        while rows := list(changes.values_list("pk", "case")[:BATCH]):
            changed = {case for _pk, case in rows}
            missing = set(changed)
            for case, entry, principals in _with_principals(
                door.stream_search_entries(sorted(changed))
            ):
                index.add(case, entry, principals)
                missing.discard(case)
            for case in missing:  # erased
                index.remove(case)
            index.commit()
            self._seen = rows[-1][0]
            changes = SearchChange.objects.filter(pk__gt=self._seen).order_by("pk")


def _with_principals(
    entries: Iterable[tuple[UUID, SearchEntry]],
) -> Iterator[tuple[UUID, SearchEntry, list[str]]]:
    """Add to each entry the tokens of those who hold a grant on the case or are kept out of it."""
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH)):
        principals = _principals([case for case, _entry in batch])
        for case, entry in batch:
            yield case, entry, principals[case]


def _principals(cases: list[UUID]) -> dict[UUID, list[str]]:
    """Whose each is, and grants that have not ended; whether one began is looked at when it is found."""
    found: dict[UUID, list[str]] = defaultdict(list)
    owned = Case.objects.filter(pk__in=cases).values_list("pk", "office__organisation")
    for case, organisation in owned:
        found[case].append(of_organisation(organisation))
    for model, column, mark in ((CaseUserGrant, "user", "u"), (CaseTeamGrant, "group", "g")):
        grants = model.objects.filter(
            content_object__in=cases, revoked_at=None, ends__gt=timezone.now()
        )
        columns = ("content_object", column, "reason", "content_object__office__organisation")
        for case, principal, reason, organisation in grants.values_list(*columns):
            reach = "" if reason == GrantReason.REFERRAL else organisation
            found[case].append(f"{mark}:{principal} {reach}")
    kept = Exclusion.objects.at(timezone.now()).filter(case__in=cases).select_related("user")
    for exclusion in kept:
        found[exclusion.case_id].append(kept_out(exclusion.user))
    return found


def of_organisation(organisation: UUID | None) -> str:
    """The token of cases that are an organisation's. Nobody holds it: it opens nothing."""
    return f"o:{organisation}"


def _last_change() -> int:
    return SearchChange.objects.aggregate(last=Max("pk"))["last"] or 0


live_index = LiveIndex()


def warm_up() -> None:
    """Build the index beside the first requests instead of during the first search."""

    def build() -> None:
        try:
            live_index._up_to_date()
        except Exception:
            log.exception("the name index could not be built; the next search tries again")
        finally:
            connections.close_all()

    Thread(target=build, name="name-index", daemon=True).start()
