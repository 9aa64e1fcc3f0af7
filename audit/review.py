"""What somebody has to look at and sign off. The rules that find it are in audit/rules.py.

Items are made out of the log, after the fact and before anybody looks at the queue: an act is never
waited for, and none that is in the log can be overlooked. Each has an id made from what was found, so
looking through the same events again makes nothing twice.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import trail
from audit.models import Event, LogState, Reviewed, ReviewItem, ReviewState
from audit.rules import RULES, Finding, Rule
from audit.sequencer import sequence
from audit.verbs import Verb
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from core.rights import Right
from vault.secrets import seal_system

BATCH = 1_000  # events looked through in one transaction
AT_ONCE = 2_000  # events looked through before a page; the job of every minute takes the rest
PAGE = 50  # items on one page
LONGEST = 2_000  # characters of a note
NOTES = "review-note"  # what notes are sealed for
ITEMS = UUID("b5b0b8f6-2f0c-5c0e-9a39-6a0a5a3f7d11")  # the space of names of items


# --- Making items ---------------------------------------------------------------------
def look_through_log(*, most: int | None = None) -> None:
    """Make an item of whatever the rules find in events nobody looked through yet, up to `most`."""
    sequence()
    size = LogState.objects.get(id=1).size
    done = 0
    while most is None or done < most:
        if Reviewed.objects.get(id=1).position >= size or not (looked := _look_through_batch()):
            return
        done += looked


def _look_through_batch() -> int:
    """Look through the next events. Their items and how far it has come are one transaction."""
    with transaction.atomic():
        reviewed = Reviewed.objects.select_for_update().get(id=1)
        events = list(Event.objects.filter(seq__gte=reviewed.position).order_by("seq")[:BATCH])
        if events:
            for rule in RULES:
                for finding in rule.find(events):
                    _make_item(rule, finding)
            reviewed.position = events[-1].seq + 1
            reviewed.save(update_fields=["position"])
    return len(events)


def _make_item(rule: Rule, finding: Finding) -> None:
    event = finding.event
    item_id = uuid5(ITEMS, f"{rule.code} {finding.mark or event.id}")
    if ReviewItem.objects.filter(pk=item_id).exists():
        return
    item = ReviewItem(
        id=item_id,
        rule=rule.code,
        event=event.id,
        at=event.at,
        officer=event.actor,
        office=None if finding.for_auditor else _office_of(event.actor),
        cases=finding.cases,
    )
    trail.save(item, verb=Verb.REVIEW_RAISED, by=None)


def _office_of(officer: UUID | None) -> UUID | None:
    """Whose supervisor looks at the acts of this person; none, and so the auditor, at a supervisor's
    and at a partner's, whose offices have none."""
    person = get_user_model().objects.filter(pk=officer).first() if officer else None
    if person is None or person.partner or person.has_right(Right.REVIEW):
        return None
    return person.office_id


# --- Whose they are -------------------------------------------------------------------
def queue_of(user: Any) -> "QuerySet[ReviewItem, ReviewItem]":
    """Items that wait for this person or for somebody with the same task, the oldest first."""
    if not user.has_right(Right.REVIEW):
        return ReviewItem.objects.none()
    return ReviewItem.objects.filter(_waits_for(user)).order_by("at", "pk")


def signed_off_of(user: Any) -> "QuerySet[ReviewItem, ReviewItem]":
    """Items of this person's office that are done, or for an auditor of all, the newest first."""
    done = ReviewItem.objects.filter(state=ReviewState.SIGNED_OFF).order_by("-at", "-pk")
    if user.has_right(Right.LOG_READ):
        return done
    return done.filter(Q(office=_own_office(user)) | Q(rule__in=_also_for(user)))


def waiting_for(user: Any) -> int:
    """How many items wait for this person."""
    return queue_of(user).count()


def waiting_in_offices() -> list[tuple[str, int, datetime]]:
    """(office, how many items wait for its supervisor, since when), for the auditor."""
    waiting = ReviewItem.objects.filter(state=ReviewState.OPEN).exclude(office=None)
    groups = list(waiting.values_list("office").annotate(Count("pk"), Min("at")))
    table: Any = get_user_model()._meta.get_field("office").related_model
    offices = table.objects.in_bulk([office for office, _number, _oldest in groups])
    found = [(str(offices.get(pk, pk)), number, oldest) for pk, number, oldest in groups]
    return sorted(found)


def item_for(user: Any, pk: UUID) -> ReviewItem | None:
    """An item this person may look at: one that waits for them, or is done."""
    mine = queue_of(user).filter(pk=pk).first() or signed_off_of(user).filter(pk=pk).first()
    if mine is None and user.has_right(Right.REVIEW):
        # One's own office's, which the auditor has by now.
        mine = ReviewItem.objects.filter(pk=pk, office=_own_office(user)).first()
    return mine


def may_decide(item: ReviewItem, user: Any) -> bool:
    """Does this item wait for this person, and is it about somebody else?"""
    try:
        _check(item, user)
    except (NotAllowed, WrongState):
        return False
    return True


def _waits_for(user: Any) -> Q:
    wanted = Q(state=ReviewState.OPEN, office=_own_office(user))
    wanted |= Q(rule__in=_also_for(user)) & ~Q(state=ReviewState.SIGNED_OFF)
    if user.has_right(Right.LOG_READ):
        wanted |= Q(state=ReviewState.ESCALATED) | Q(state=ReviewState.OPEN, office=None)
    return wanted


def _is_waiting_for(item: ReviewItem, user: Any) -> bool:
    """`queue_of`, asked of one item."""
    if not user.has_right(Right.REVIEW):
        return False
    if item.rule in _also_for(user):
        return item.state != ReviewState.SIGNED_OFF
    if user.has_right(Right.LOG_READ) and (
        item.state == ReviewState.ESCALATED or (item.state == ReviewState.OPEN and not item.office)
    ):
        return True
    return item.state == ReviewState.OPEN and item.office == _own_office(user)


def _also_for(user: Any) -> list[str]:
    """Codes of the rules whose findings this person reviews in whatever office."""
    return [rule.code for rule in RULES if rule.also_for and user.has_right(rule.also_for)]


def _own_office(user: Any) -> UUID:
    """The office a supervisor supervises. Nobody's when the person has none: then none matches."""
    return user.office_id or UUID(int=0)


# --- Deciding -------------------------------------------------------------------------
def sign_off(item: ReviewItem, *, note: str, revision: int, by: Any) -> ReviewItem:
    """Say that it was looked at and what came of it. Raises NotAllowed, BadInput and Conflict."""
    if not note.strip():
        raise BadInput(_("Write what you found, in a few words."))
    return _step(item, ReviewState.SIGNED_OFF, Verb.REVIEW_SIGNED_OFF, note, revision, by)


def escalate(item: ReviewItem, *, note: str, revision: int, by: Any) -> ReviewItem:
    """Pass it on to the auditor. Raises NotAllowed, WrongState, BadInput and Conflict."""
    if item.office is None or item.state != ReviewState.OPEN:
        raise WrongState(_("This is with the auditor already."))
    return _step(item, ReviewState.ESCALATED, Verb.REVIEW_ESCALATED, note, revision, by)


def escalate_overdue() -> None:
    """Pass on to the auditor what waited for longer than its rule lets it wait."""
    for rule in RULES:
        if rule.waits is None:
            continue
        waiting = ReviewItem.objects.filter(rule=rule.code, state=ReviewState.OPEN)
        overdue = waiting.filter(at__lt=timezone.now() - rule.waits).exclude(office=None)
        for pk in overdue.values_list("pk", flat=True):
            with transaction.atomic():
                item = ReviewItem.objects.select_for_update().get(pk=pk)
                if item.state == ReviewState.OPEN:
                    item.state = ReviewState.ESCALATED
                    trail.save(item, verb=Verb.REVIEW_ESCALATED, by=None, reason="overdue")


def _step(
    item: ReviewItem, state: ReviewState, verb: Verb, note: str, revision: int, by: Any
) -> ReviewItem:
    if len(note) > LONGEST:
        raise BadInput(_("Write at most 2,000 characters."))
    with transaction.atomic():
        current = ReviewItem.objects.select_for_update().get(pk=item.pk)
        _check(current, by)
        if current.revision != revision:
            raise Conflict(_("Somebody else dealt with this in the meantime. Look at it again."))
        current.state = state
        # Bound to the step it was written at, which is the next revision.
        owner = f"{current.pk} {current.revision + 1}"
        current.note_sealed = seal_system(NOTES, owner, note.strip().encode()) if note else None
        trail.save(current, verb=verb, by=by)
    return current


def _check(item: ReviewItem, by: Any) -> None:
    """Raise unless this person may decide on the item as it stands."""
    if item.state == ReviewState.SIGNED_OFF:
        raise WrongState(_("This is signed off already."))
    if not _is_waiting_for(item, by):
        raise NotAllowed(_("This is not for you to review."))
    if by.pk == item.officer:
        raise NotAllowed(_("This is about you: somebody else has to sign it off."))
    if item.state == ReviewState.ESCALATED and by.pk == _escalated_by(item):
        raise NotAllowed(_("You passed this on yourself: somebody else has to sign it off."))


def _escalated_by(item: ReviewItem) -> UUID | None:
    steps = item.history.filter(state=ReviewState.ESCALATED).order_by("revision")
    return steps.values_list("history_user_id", flat=True).first()
