"""Linking two cases and ending a link: one act that writes in both, by somebody who may write in both.

Each case has an event of its own, which names no other case, and is opened on its own, for the same
reason: who may look at the trail of one learns nothing of the other.
"""

from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from msgspec.structs import replace

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.links import NARRATIVE
from cases.models import Case, Person
from cases.reference import LINKS
from cases.sections import CaseLink, CaseLinks
from cases.selectors import victim_of
from cases.services.casework import check_can_write, locked
from cases.services.retention import lock_living
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right


def link_cases(case: Case, other: Case, *, link: str, remarks: str, by: User) -> None:
    """Note in both cases what they have in common, a code of LINKS.

    Raises NotAllowed without access to write the narrative of both, BadInput, WrongState when they are
    linked so already, and Conflict when somebody else writes in one of them meanwhile.
    """
    if link not in LINKS:
        raise BadInput(_("Choose what the cases have in common from the list."))
    if case.pk == other.pk:
        raise BadInput(_("This is the case itself. Enter the reference of another."))
    for one in (case, other):
        _check(one, by)
    mine, theirs = opened_links(case, other, by)
    if any((one.other, one.link) == (str(other.pk), link) for one in mine[1] if _is_live(one)):
        raise WrongState(_("The cases are linked so already."))
    new = CaseLink(key=str(uuid4()), link=link, link_remarks=remarks.strip())
    new.linked_on = timezone.localdate()
    write_links(
        [
            (mine[0], [*mine[1], replace(new, other=str(other.pk))]),
            (theirs[0], [*theirs[1], replace(new, other=str(case.pk))]),
        ],
        by,
    )


def unlink_cases(case: Case, key: UUID, *, reason: str, by: User) -> None:
    """End a link of the case, in both; it stays in the history, and with its reason on the page.

    Raises BadInput without a reason, NotFound when there is no such live link that this person could
    end, and Conflict.
    """
    if not reason.strip():
        raise BadInput(_("Say why the link ends."))
    _check(case, by)
    [sections] = door.open_rows([victim_of(case)], by=by, classes=[NARRATIVE])
    links: CaseLinks = sections.get("links", CaseLinks())  # type: ignore[assignment]
    other = next((one.other for one in links.links if one.key == str(key) and _can_end(one)), "")
    found = Case.objects.filter(pk=other).first() if other else None
    if found is None:
        raise NotFound(_("There is no such link."))
    try:
        _check(found, by)
        both = opened_links(case, found, by)
    except (NotAllowed, NotFound):
        raise NotFound(_("There is no such link.")) from None
    ended = {"unlinked_on": timezone.localdate(), "unlinked_because": reason.strip()}
    write_links(
        [
            (person, [replace(one, **ended) if one.key == str(key) else one for one in own])
            for person, own in both
        ],
        by,
    )


def _is_live(link: CaseLink) -> bool:
    return link.unlinked_on is None


def _can_end(link: CaseLink) -> bool:
    """A link of a merge ends when that is taken back (cases/services/merging.py)."""
    return _is_live(link) and link.link in LINKS


def _check(case: Case, by: User) -> None:
    if not by.has_right(Right.CASE_EDIT):
        raise NotAllowed(_("Your role does not include changing cases."))
    check_can_write(by, case, NARRATIVE)


def opened_links(case: Case, other: Case, by: User) -> list[tuple[Person, list[CaseLink]]]:
    """The person of each of the two and their links. Each is read in an event of its own.

    The caller has checked that `by` may do so in both.
    """
    found = []
    for one in (case, other):
        person = victim_of(one)
        [sections] = door.open_rows([person], by=by, classes=[NARRATIVE])
        links: CaseLinks = sections.get("links", CaseLinks())  # type: ignore[assignment]
        found.append((person, links.links))
    return found


def write_links(both: list[tuple[Person, list[CaseLink]]], by: User) -> None:
    """Write the links of both, in one transaction. Raises Conflict."""
    with transaction.atomic():
        # Always in one order, or two who link the same cases would wait for each other.
        for person, links in sorted(both, key=lambda pair: pair[0].case_id):
            row = locked(person, person.revision)
            lock_living(person.case)
            row.put("links", CaseLinks(links=links))
            trail.save(row, verb=Verb.PERSON_CHANGED, by=by)
