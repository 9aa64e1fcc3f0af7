"""Files of a case: adding one, looking at what is known of it, downloading, removing."""

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.refusals import refused_choices
from audit.verbs import Verb
from cases import door
from cases.access import Access
from cases.files.types import KINDS
from cases.forms import FileForm, RemovalForm
from cases.models import Attachment, AttachmentState, Case
from cases.sections import FileContent
from cases.selectors import get_case_for
from cases.services import attachments
from cases.uploads import WRITERS
from cases.views.frame import case_frame
from core.access import require
from core.classes import LONG_NAMES
from core.downloads import attachment, gives_file
from core.exceptions import Conflict, NotAllowed, NotFound
from core.http import StaffRequest, revision_of
from core.rights import Right

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Whatever it is, it does nothing in a browser: no script, no form, no origin of ours.
SANDBOX = "default-src 'none'; sandbox"


@require_http_methods(["GET", "POST"])
@require(*WRITERS)
def add_file(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose a file, say what it is about, send it."""
    case, access = get_case_for(request.user, reference)
    if not access.write:
        raise NotAllowed(_("This case is shared with you for reading only."))
    is_sent = request.method == "POST"
    data, files = (request.POST, request.FILES) if is_sent else (None, None)
    form = FileForm(data, files, classes=access.write)
    if is_sent and form.is_valid():
        sent = form.cleaned_data
        try:
            row = attachments.add_file(
                case,
                upload=sent["file"],
                cls=sent["cls"],
                description=sent["description"],
                by=request.user,
            )
        except attachments.FileRefused as error:
            form.add_error("file", str(error.message))
        else:
            messages.success(request, _told(row))
            return redirect("cases:detail", reference=reference)
    refused_choices(request, form, "cls", case=case.pk)
    context = case_frame(request, case, access) | {"form": form}
    return render(request, "cases/add_file.html", context, status=422 if is_sent else 200)


def _told(row: Attachment) -> str:
    if row.state == AttachmentState.QUARANTINED:
        return _("The file is kept, and waits for the virus scanner, which does not answer.")
    return _("The file is added.")


@require_GET
@require(Right.CASE_READ)
def file(request: StaffRequest, reference: str, file: UUID) -> HttpResponse:
    """What is known of a file, and what can be done with it."""
    case, access, row = _find(request, reference, file)
    return _file_page(request, case, access, row, RemovalForm())


@gives_file
@require_GET
@require(Right.CASE_READ)
def download(request: StaffRequest, reference: str, file: UUID) -> HttpResponseBase:
    """The file itself, or the range of it that is asked for. Every request is decided anew."""
    _case, _access, row = _find(request, reference, file)
    opened = door.open_file(row, by=request.user, verb=Verb.FILE_DOWNLOADED)
    size, tag = opened.reader.size, f'"{row.file_digest[:32]}"'
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) != tag:  # what was begun is another file by now
        wanted = ""
    start, stop = _range_of(wanted, size)
    if start >= stop and size:
        opened.close()
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    response = StreamingHttpResponse(opened.pieces(start, stop))
    if stop - start < size:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response["Content-Length"] = str(stop - start)
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = attachment(opened.content.name)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag
    response["Content-Security-Policy"] = SANDBOX
    return response


@gives_file
@require_GET
@require(Right.CASE_READ)
def preview(request: StaffRequest, reference: str, file: UUID) -> HttpResponse:
    """A picture, made small, for the page of the file."""
    _case, _access, row = _find(request, reference, file)
    response = HttpResponse(attachments.picture_of(row, by=request.user), content_type="image/jpeg")
    response["Content-Security-Policy"] = SANDBOX
    return response


@require_POST
@require(*WRITERS)
def remove_file(request: StaffRequest, reference: str, file: UUID) -> HttpResponse:
    """Remove a file, with a reason."""
    case, access, row = _find(request, reference, file)
    form = RemovalForm(request.POST)
    if not form.is_valid():
        return _file_page(request, case, access, row, form, status=422)
    try:
        attachments.remove_file(
            row,
            reason=form.cleaned_data["reason"],
            revision=revision_of(request),
            by=request.user,
        )
    except Conflict as error:
        return _file_page(request, case, access, row, form, conflict=error.message, status=409)
    messages.success(request, _("The file is removed."))
    return redirect("cases:detail", reference=reference)


@require_POST
@require(Right.CASE_READ)
def scan_file(request: StaffRequest, reference: str, file: UUID) -> HttpResponse:
    """Ask the virus scanner once more."""
    _case, _access, row = _find(request, reference, file)
    row = attachments.scan_again(row, by=request.user)
    if row.state == AttachmentState.REMOVED:
        messages.error(request, attachments.SAID["infected"])
        return redirect("cases:detail", reference=reference)
    messages.success(request, _("The virus scanner found nothing. The file can be opened."))
    return redirect("cases:file", reference=reference, file=file)


def _find(request: StaffRequest, reference: str, file: UUID) -> tuple[Case, Access, Attachment]:
    """A file of a case this person sees; whether it is theirs to see as well, the door decides."""
    case, access = get_case_for(request.user, reference)
    present = case.attachments.exclude(state=AttachmentState.REMOVED)
    row = present.select_related("added_by").filter(pk=file).first()
    if row is None:
        raise _not_found(case)
    return case, access, row


def _not_found(case: Case) -> NotFound:
    error = NotFound(_("There is no such file, or it is not shared with you."))
    error.cases = [case.pk]  # type: ignore[attr-defined]
    return error


def _file_page(
    request: StaffRequest,
    case: Case,
    access: Access,
    row: Attachment,
    form: RemovalForm,
    *,
    conflict: Any = None,
    status: int = 200,
) -> HttpResponse:
    [sections] = door.open_rows([row], by=request.user)
    content = sections.get("content")
    if not isinstance(content, FileContent):
        raise _not_found(case)
    may_write = any(request.user.has_right(right) for right in WRITERS)
    context = case_frame(request, case, access) | {
        "row": row,
        "content": content,
        "rows": _rows(content),
        "is_waiting": row.state == AttachmentState.QUARANTINED,
        "has_preview": attachments.has_preview(content),
        "may_remove": may_write and content.cls in access.write,
        "form": form,
        "conflict": conflict,
    }
    return render(request, "cases/file.html", context, status=status)


def _rows(content: FileContent) -> list[tuple[str, Any]]:
    """(label, value) of what is known of a file."""
    kind = KINDS.get(content.media_type)
    measure = f"{content.width} × {content.height}" if content.width else ""
    rows = [
        (_("Description"), content.description),
        (_("Part of the case"), LONG_NAMES.get(content.cls, content.cls)),
        (_("Kind"), kind.label if kind else content.media_type),
        (_("Size"), filesizeformat(content.size)),
        (_("Pages"), content.pages),
        (_("Pixels"), measure),
        (_("Fingerprint of what was sent (SHA-256)"), content.sha256),
    ]
    return [(str(label), value) for label, value in rows if value]


def _range_of(header: str, size: int) -> tuple[int, int]:
    """(first byte, the one after the last) of a Range header; everything for one that is not understood.

    Only single ranges are (RFC 9110, 14.2 lets a server leave out the rest). A range that lies
    beyond the end comes back empty.
    """
    found = ONE_RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return 0, size
    if not found[1]:  # so many bytes from the end
        return max(0, size - int(found[2])) if int(found[2]) else size, size
    start = int(found[1])
    stop = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:  # not a range at all
        return 0, size
    return start, stop
