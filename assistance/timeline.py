"""What the timeline of a case tells of assistance, sessions, visits and referrals."""

from collections.abc import Callable

from django.urls import reverse

from assistance.kinds import KINDS
from assistance.models import Assistance, Referral
from assistance.panels import told
from assistance.referrals.panel import is_shown_to
from assistance.referrals.table import SERVICES
from assistance.sections import Assistance as Content
from assistance.sections import ReferralContent
from cases.door import Sections
from cases.entries import EntryKind
from cases.models import SealedModel
from cases.timeline import Told, Viewer
from core.rights import Right


def of_assistance(row: Assistance, sections: Sections, viewer: Viewer) -> Told | None:
    """The kind of assistance and what it was about."""
    content = sections.get("content")
    if not isinstance(content, Content):
        return None
    what = ": ".join(filter(None, (str(KINDS[content.KIND].label), told(content))))
    may_change = viewer.user.has_right(Right.ASSISTANCE_RECORD)
    if not may_change or content.CLASS not in viewer.access.write:
        return Told(what)
    return Told(what, reverse("assistance:change", args=[viewer.case.reference, row.pk]))


def of_referral(row: Referral, sections: Sections, viewer: Viewer) -> Told | None:
    """For what the case was referred, and to whom, for those who may know of it."""
    content = sections.get("content")
    if not isinstance(content, ReferralContent):
        return None
    if not is_shown_to(viewer.user, row, viewer.case):
        return None
    at = reverse("assistance:referral", args=[viewer.case.reference, row.pk])
    return Told(f"{SERVICES[content.service].name}, {row.to}", at)


def of_entry(kind: EntryKind) -> Callable[[SealedModel, Sections, Viewer], Told | None]:
    """What is told of entries of this kind: their titles."""

    def tell(row: SealedModel, sections: Sections, viewer: Viewer) -> Told | None:
        content = sections.get("content")
        return None if content is None else Told(kind.title(content))

    return tell
