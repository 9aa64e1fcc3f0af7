"""Files of a case: taking one in, having it scanned, removing it, sealing it anew, sweeping up."""

import io
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door, storage
from cases.access import may_act
from cases.files import sandbox, types
from cases.files.problems import Problem
from cases.files.scanner import Infected, Scan, scan
from cases.files.types import KINDS, Kind
from cases.models import Attachment, AttachmentState, Case
from cases.models.attachment import file_place
from cases.sections import FileContent, FileFacts
from cases.services.casework import check_can_write, locked
from cases.storage import Staged
from cases.uploads import WRITERS, SealedUpload
from core.downloads import safe_name
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.ids import uuid7
from core.rights import Right
from vault import files
from vault.files import Writer

MOST_FILES = 500  # of one case
LEFT_OVER_AFTER = timedelta(days=1)  # until then it may belong to a request that is not over

# Problem → what is said of it. What is not listed is "unreadable".
SAID = {
    "type": _(
        "This is not a file of a kind that is taken, or its name ends as another kind's does."
    ),
    "unreadable": _("The file is damaged, or is not what its name says. Open it and save it anew."),
    "password": _(
        "The file is protected with a password, so it cannot be checked. Save it without."
    ),
    "active": _(
        "The document holds macros or other parts that run. Save it as PDF or without them."
    ),
    "outside": _(
        "The document fetches a template or a picture from elsewhere when it is opened. "
        "Save it as PDF."
    ),
    "archive": _("The document unpacks to far more than it should. Save it as PDF."),
    "pixels": _("The picture has more than 40 million pixels. Scan or save it smaller."),
    "moving": _(
        "Moving pictures are not taken. Save it as an ordinary picture, or as a film (MP4)."
    ),
    "pages": _("The document has too many pages or parts. Split it."),
    "too_large": _("The file gets too large when it is cleaned. Save it smaller, or split it."),
    "too_much": _("Looking into this file takes too long. Save it smaller, or as another kind."),
    "busy": _("Other files are being looked into. Try again in a minute."),
    "infected": _(
        "The virus scanner found something in this file. It was not kept. Tell your administrator "
        "before you open it again."
    ),
    "count": _("This case holds as many files as it can. Remove one first."),
    "storage": _("The file could not be stored. Try again later, and tell your administrator."),
    "text": _("A text must be UTF-8 without control characters. Choose UTF-8 when you save it."),
}


class FileRefused(BadInput):
    """The file is not taken; `code` says why in the log."""

    def __init__(self, code: str) -> None:
        super().__init__(SAID.get(code, SAID["unreadable"]))
        self.code = code


@dataclass(slots=True)
class _Checked:
    """A file that may be kept: where it lies for now, and what was found of it."""

    row: UUID
    staged: Staged
    scan: Scan
    content: FileContent


def add_file(
    case: Case, *, upload: SealedUpload, cls: str, description: str = "", by: User
) -> Attachment:
    """Keep a file that has arrived, after looking into it, as part of a case.

    Pictures and PDF documents are kept as they were written anew. Raises NotAllowed without the right to
    write this class, and FileRefused, which is recorded, when the file is not taken. Must not run inside
    a transaction.
    """
    _check_can_change(by, case, cls)
    try:
        checked = _check(case, upload)
        name, digest = _keep(checked.staged, case.pk)
    except Problem as problem:
        found = {"note": problem.signature} if isinstance(problem, Infected) else None
        trail.record(
            Verb.FILE_REFUSED,
            by=by,
            cases=[case.pk],
            outcome="denied",
            reason=problem.code,
            details=found,
        )
        raise FileRefused(problem.code) from None
    is_waiting = checked.scan == Scan.UNREACHABLE
    row = Attachment(
        id=checked.row,
        case=case,
        added_on=timezone.localdate(),
        added_by=by,
        state=AttachmentState.QUARANTINED if is_waiting else AttachmentState.ACCEPTED,
        file=name,
        file_digest=digest,
    )
    checked.content.cls, checked.content.description = cls, description
    row.put("facts", FileFacts(cls=cls))
    row.put("content", checked.content, cls=cls)
    try:
        trail.save(row, verb=Verb.FILE_ADDED, by=by, reason=checked.scan)
    except BaseException:
        storage.remove(name)
        raise
    return row


def _check_can_change(by: User, case: Case, cls: str) -> None:
    if not any(by.has_right(right) for right in WRITERS):
        raise NotAllowed(_("Your role does not include adding or removing files."))
    check_can_write(by, case, cls)


def _check(case: Case, upload: SealedUpload) -> _Checked:
    """Look into a file: its kind, the virus scanner, then the parser for its kind. Raises Problem."""
    present = case.attachments.exclude(state=AttachmentState.REMOVED).count()
    if present >= MOST_FILES:
        raise Problem("count")
    name = safe_name(upload.name or "")
    kind = types.kind_of(name, upload.reader().read(types.HEAD))
    if kind is None:
        raise Problem("type")
    scanned = scan(upload.reader())
    content = FileContent(
        name=name, media_type=kind.media_type, size=upload.size, sha256=upload.digest.hexdigest()
    )
    checked = _Checked(upload.row, upload.staged, scanned, content)
    if kind.task == "text":
        types.check_text(upload.reader())
    elif kind.task == "office":
        sandbox.look_into(kind.task, kind.media_type, upload.reader(), None)
    elif kind.task:
        _write_anew(checked, kind, upload)
    return checked


def _write_anew(checked: _Checked, kind: Kind, upload: SealedUpload) -> None:
    """Keep what the checker made of it, for a row of its own: what was sent opens at no row there is."""
    checked.row, checked.staged = uuid7(), Staged()
    writer = Writer(file_place(checked.row, upload.scope), checked.staged.file)
    try:
        found = sandbox.look_into(kind.task, kind.media_type, upload.reader(), writer)
        writer.finish()
    except OSError:
        checked.staged.discard()
        raise Problem("storage") from None
    except Problem:
        checked.staged.discard()
        raise
    checked.content.size, checked.content.was_rewritten = writer.size, True
    checked.content.width, checked.content.height = found.get("width"), found.get("height")
    checked.content.pages = found.get("pages")


def _keep(staged: Staged, case: UUID) -> tuple[str, str]:
    try:
        return storage.keep(staged, case)
    except OSError:
        staged.discard()
        raise Problem("storage") from None


def picture_of(row: Attachment, *, by: User) -> bytes:
    """A picture, small enough for a page, as JPEG. Raises as `door.open_file` does, and WrongState."""
    out = io.BytesIO()
    with closing(door.open_file(row, by=by, verb=Verb.FILE_PREVIEWED)) as file:
        try:
            sandbox.look_into("preview", file.content.media_type, file, out)
        except Problem:
            raise WrongState(_("There is no preview of this file.")) from None
    return out.getvalue()


def has_preview(content: FileContent) -> bool:
    """Is it a picture that we wrote anew ourselves?"""
    kind = KINDS.get(content.media_type)
    return kind is not None and kind.task == "image"


def scan_again(row: Attachment, *, by: User) -> Attachment:
    """Have a file that waits for the virus scanner scanned: it is released, or removed.

    Raises WrongState when it does not wait, or the scanner still does not answer.
    """
    waiting = AttachmentState.QUARANTINED
    if not may_act(by, row.case_id, Right.CASE_READ):
        raise NotAllowed(_("You may read this case, and change nothing in it."))
    try:
        with closing(door.open_file(row, by=by, verb=Verb.FILE_SCANNED, state=waiting)) as file:
            result = scan(file)
    except Infected as found:
        return _remove(row, by=by, revision=row.revision, reason="infected", note=found.signature)
    if result == Scan.UNREACHABLE:
        raise WrongState(_("The virus scanner does not answer yet. Try again later."))
    with transaction.atomic():
        current = locked(row, row.revision)
        current.state = AttachmentState.ACCEPTED
        trail.save(current, verb=Verb.FILE_RELEASED, by=by, reason=result)
    return current


def remove_file(row: Attachment, *, reason: str, revision: int, by: User) -> Attachment:
    """Take a file out of a case and unlink its bytes; that it was there, and why it went, stays.

    Raises NotAllowed without the right to write its class, NotFound when it is not shared at all, and
    Conflict when the row is no longer at `revision`. Must not run inside a transaction.
    """
    [sections] = door.open_rows([row], by=by)
    content = sections.get("content")
    if not isinstance(content, FileContent):
        raise NotFound(_("There is no such file, or it is not shared with you."))
    _check_can_change(by, row.case, content.cls)
    if row.state == AttachmentState.REMOVED:
        raise WrongState(_("This file was removed already."))
    return _remove(row, by=by, revision=revision, reason="", note=reason)


def _remove(row: Attachment, *, by: User, revision: int, reason: str, note: str) -> Attachment:
    with transaction.atomic():
        current = locked(row, revision)
        name = current.file
        current.state, current.file, current.file_digest = AttachmentState.REMOVED, "", ""
        trail.save(current, verb=Verb.FILE_REMOVED, by=by, reason=reason, details={"note": note})
    storage.remove(name)
    return current


def reseal_file(version: Attachment) -> tuple[str, str]:
    """Write the file of a row, or of a version out of its history, anew under the newest data key.

    Returns (name in the storage, digest): the new ones, or those there are when nothing is to be done,
    because the file is under that key already or was removed. All versions of a row name the same file:
    call this once for a row, put the answer into every version that names the file of before, and call
    `storage.remove` with the name of before once that is committed. Raises CannotOpen when the file is
    damaged, NoKey after erasure, and OSError.
    """
    place = file_place(version.id, version.case_id)
    try:
        sealed = storage.open_sealed(version.file) if version.file else None
    except FileNotFoundError:
        sealed = None
    if sealed is None:
        return version.file, version.file_digest
    with sealed:
        if files.is_newest(place, sealed.read(files.START)):
            return version.file, version.file_digest
        anew = Staged()
        files.reseal(place, sealed, anew.file)
    return storage.keep(anew, version.case_id)


def sweep(*, now: datetime | None = None) -> int:
    """Unlink what crashed requests left behind for more than a day; returns how many files.

    In the storage these are files that no row names, nor a version of one that still has its file. A
    file of a case that is not in this database is left alone: perhaps this is not its database.
    """
    before = (now or timezone.now()) - LEFT_OVER_AFTER
    left = [path for path in _staged() if path.stat().st_mtime < before.timestamp()]
    orphans = [name for name in _orphans() if storage.files().get_modified_time(name) < before]
    if left or orphans:
        trail.record(Verb.FILES_SWEPT, by=None, reason=f"{len(left) + len(orphans)} files")
    for path in left:
        path.unlink(missing_ok=True)
    for name in orphans:
        storage.remove(name)
    return len(left) + len(orphans)


def _staged() -> list[Path]:
    return list(settings.UPLOAD_DIR.iterdir()) if settings.UPLOAD_DIR.exists() else []


def _orphans() -> list[str]:
    found: dict[UUID, list[str]] = {}
    for name in storage.names():
        try:
            found.setdefault(UUID(name.split("/")[1]), []).append(name)
        except ValueError:
            continue  # not ours
    orphans = []
    for case in Case.objects.filter(pk__in=found).values_list("pk", flat=True):
        present = Attachment.objects.filter(case=case).exclude(state=AttachmentState.REMOVED)
        versions = Attachment.history.filter(id__in=present.values("pk"))
        named = {*present.values_list("file", flat=True), *versions.values_list("file", flat=True)}
        orphans += [name for name in found[case] if name not in named]
    return orphans
