"""Views of a page that a person keeps under a name of their own: of the list of cases its filter, order
and columns; of the statistics a table.

Each belongs to its person alone and is sealed for the installation, bound to them. What it holds is put
through the form of its page again whenever it is opened, so an old one never shows more than a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.models import SavedContent, SavedList
from core.exceptions import BadInput, NotFound
from vault.cipher import CannotOpen
from vault.secrets import seal_system, unseal_system

MOST = 20  # of one person
LONGEST = 60  # letters of a name
PURPOSE = "saved-list"
CASES, TABLES = "", "statistics"  # pages


@dataclass(frozen=True, slots=True)
class Saved:
    """One of somebody's saved lists, opened."""

    id: UUID
    name: str
    query: str  # as it stands in an address
    is_first: bool
    page: str


def saved_lists(user: User, *, page: str = CASES) -> list[Saved]:
    """What this person saved of a page, the oldest first."""
    saved = [_opened(row) for row in SavedList.objects.filter(user=user)]
    return [one for one in saved if one.page == page]


def save_list(
    name: str,
    query: Sequence[tuple[str, str]],
    *,
    is_first: bool = False,
    page: str = CASES,
    by: User,
) -> SavedList:
    """Save what the form of a page says, under a name; what had this name before is replaced.

    Raises BadInput without a name, with one that is too long, and for one too many.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise BadInput(_("Give it a name of at most %s letters.") % LONGEST)
    with transaction.atomic():
        _take_turns(by)
        there = saved_lists(by, page=page)
        same = next((one.id for one in there if one.name == name), None)
        row = _row(by, same, page) if same else SavedList(user=by)
        if row._state.adding and len(there) >= MOST:
            raise BadInput(_("You have saved %s of these. Remove one of them first.") % MOST)
        content = msgspec.json.encode(SavedContent(name=name, query=list(query), page=page))
        row.content_sealed = seal_system(PURPOSE, _owner(row), content)
        if is_first:
            _none_first(by)
            row.is_first = True
        row.save()
        trail.record(Verb.LIST_SAVED, by=by)
    return row


def open_with(saved: UUID | None, *, by: User) -> None:
    """Make one of the person's lists what the list of cases opens with; None: all cases, as it comes.

    Raises NotFound for what is not theirs.
    """
    with transaction.atomic():
        _take_turns(by)
        row = _row(by, saved, CASES) if saved else None
        _none_first(by)
        if row is not None:
            row.is_first = True
            row.save()
        trail.record(Verb.LIST_CHANGED, by=by)


def remove_list(saved: UUID, *, page: str = CASES, by: User) -> None:
    """Forget what the person saved of a page. Raises NotFound for what is not theirs."""
    with transaction.atomic():
        if not SavedList.objects.filter(pk=_row(by, saved, page).pk).forget():
            raise _not_found()
        trail.record(Verb.LIST_REMOVED, by=by)


def _take_turns(by: User) -> None:
    """Two requests of one person, one after the other: or there were too many, or two first ones."""
    list(User.objects.select_for_update().filter(pk=by.pk).values_list("pk"))


def _none_first(by: User) -> None:
    for row in SavedList.objects.filter(user=by, is_first=True):
        row.is_first = False
        row.save()


def _row(by: User, saved: UUID, page: str) -> SavedList:
    row = SavedList.objects.filter(user=by, pk=saved).first()
    if row is None or _opened(row).page != page:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound(_("There is no such saved list, or it is not yours."))


def _owner(row: SavedList) -> str:
    return f"{row.user_id} {row.pk}"


def _opened(row: SavedList) -> Saved:
    try:
        blob = unseal_system(PURPOSE, _owner(row), bytes(row.content_sealed or b""))
        content = msgspec.json.decode(blob, type=SavedContent)
    except (CannotOpen, msgspec.DecodeError):  # the list of cases goes on without it
        content = SavedContent(name=_("Damaged, please remove it"))
    return Saved(row.pk, content.name, urlencode(content.query), row.is_first, content.page)


def first_of(saved: Sequence[Saved]) -> QueryDict:
    """What the list opens with, as its form takes it; empty without a first one."""
    return QueryDict(next((one.query for one in saved if one.is_first), ""))
