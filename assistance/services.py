"""Recording assistance, and correcting or completing a record."""

from datetime import date

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance.models import Assistance, AssistanceStatus
from assistance.sections import Assistance as Content
from assistance.sections import AssistanceFacts
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.models import Case
from cases.services.casework import check_can_write, locked
from core.exceptions import NotAllowed
from core.rights import Right


def record_assistance(
    case: Case,
    *,
    content: Content,
    status: str,
    starts_on: date,
    ends_on: date | None = None,
    by: User,
) -> Assistance:
    """Add a record of assistance to a case. Raises NotAllowed without the right to its class."""
    check_can_record(by, case, content)
    row = Assistance(case=case, status=status, starts_on=starts_on, ends_on=ends_on, recorded_by=by)
    _fill(row, content)
    trail.save(row, verb=Verb.ASSISTANCE_RECORDED, by=by)
    return row


def change_assistance(
    row: Assistance,
    *,
    content: Content,
    status: str,
    starts_on: date,
    ends_on: date | None = None,
    revision: int,
    by: User,
) -> Assistance:
    """Write a new version of a record; the earlier ones stay in its history.

    Raises NotAllowed when the record is of another kind than `content`, and Conflict when it is no
    longer at `revision`. Must not run inside a transaction: the kind is known only under seal.
    """
    check_can_record(by, row.case, content)
    [sections] = door.open_rows([row], by=by, classes=[content.CLASS])
    if type(sections.get("content")) is not type(content):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    with transaction.atomic():
        current = locked(row, revision)
        if current.status == AssistanceStatus.PLANNED and content.planned_from is None:
            content = _planned(content, current.starts_on, current.ends_on)
        current.status, current.starts_on, current.ends_on = status, starts_on, ends_on
        _fill(current, content)
        trail.save(current, verb=Verb.ASSISTANCE_CHANGED, by=by)
    return current


def check_can_record(by: User, case: Case, content: Content) -> None:
    """Raise NotAllowed unless this person may write this kind of assistance in this case."""
    if not by.has_right(Right.ASSISTANCE_RECORD):
        raise NotAllowed(_("Your role does not include recording assistance."))
    check_can_write(by, case, content.CLASS)


def _planned(content: Content, since: date, until: date | None) -> Content:
    return msgspec.structs.replace(content, planned_from=since, planned_until=until)


def _fill(row: Assistance, content: Content) -> None:
    if (
        row.status == AssistanceStatus.PLANNED
    ):  # the plan; it stays when the open days become actual
        content = _planned(content, row.starts_on, row.ends_on)
    facts = AssistanceFacts(kind=content.KIND, year=row.starts_on.year, detail=content.detail)
    row.put("facts", facts)
    row.put("content", content, cls=content.CLASS)
