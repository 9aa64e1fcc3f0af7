"""Files on the case page."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access import Access
from cases.door import Sections
from cases.files.types import KINDS
from cases.models import Attachment, AttachmentState, Case, SealedModel
from cases.panels import Panel
from cases.sections import FileContent
from cases.uploads import WRITERS
from core.classes import SHORT_NAMES


def _rows(case: Case) -> QuerySet[Attachment]:
    return case.attachments.exclude(state=AttachmentState.REMOVED)


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Files of the classes the reader holds; of others not even the number is told."""
    files = [
        {
            "row": row,
            "content": content,
            "cls": SHORT_NAMES.get(content.cls, content.cls),
            "kind": KINDS[content.media_type].label if content.media_type in KINDS else "",
            "is_waiting": isinstance(row, Attachment) and row.state == AttachmentState.QUARANTINED,
        }
        for row, sections in opened
        if isinstance(content := sections.get("content"), FileContent)
    ]
    may_add = bool(access.write) and any(user.has_right(right) for right in WRITERS)
    return {"files": files, "may_add": may_add}


FILE_PANEL = Panel("files", _("Files"), "cases/file_panel.html", _rows, _context, is_mixed=True)
