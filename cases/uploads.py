"""Files as they arrive: sealed piece by piece, before a byte of them touches the disk."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from cases.models import Case
from cases.models.attachment import file_place
from cases.selectors import get_case_for
from cases.storage import Staged
from core.exceptions import DomainError
from core.ids import uuid7
from core.rights import Right
from vault.files import Reader, Writer
from vault.keyring import NoKey
from vault.sealing import Place

ADDRESS = "cases:add_file"  # the one page that takes a file
FIELD = "file"
WRITERS = (Right.CASE_EDIT, Right.ASSISTANCE_RECORD)


class SealedUpload(UploadedFile):
    """A file that has arrived. It lies sealed where the row `row` of this case will name it, and is gone
    when the request ends, unless it was kept."""

    def __init__(self, name: str, case: UUID) -> None:
        super().__init__(name=name)
        self.case, self.row = case, uuid7()
        self.size = 0
        self.digest = sha256()  # of the content, as it was sent
        self.has_failed = False  # the disk took no more
        self.staged = Staged()
        self._writer = Writer(self._place, self.staged.file)

    @property
    def _place(self) -> Place:
        return file_place(self.row, self.case)

    def take(self, content: bytes) -> None:
        """Seal some more of it; nothing more once it is too large or the disk is full."""
        self.size += len(content)
        if self.is_too_large:
            self.close()
        elif not self.has_failed:
            self.digest.update(content)
            self._try(lambda: self._writer.write(content))

    def finish(self) -> None:
        """It has come to its end."""
        if not self.is_too_large and not self.has_failed:
            self._try(self._writer.finish)
            self._try(self.staged.file.flush)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError:
            self.has_failed = True

    def reader(self) -> Reader:
        """The content, from its beginning."""
        return Reader(self._place, self.staged.file, self.size)

    @property
    def is_too_large(self) -> bool:
        return self.size > settings.UPLOAD_MAX_MB * 2**20

    def close(self) -> None:
        self.staged.discard()


class SealingUploadHandler(FileUploadHandler):
    """Takes the file of somebody who may add one to the case of this address; drops every other.

    It decides by itself: the body is read before any view is, to look for the form's token. A file
    that is dropped is read past, so that what else was typed is not lost.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        case = _case_to_add_to(self.request) if self.field_name == FIELD else None
        if case is None:
            raise SkipFile
        try:
            self._upload = SealedUpload(self.file_name or "", case.pk)
        except NoKey:  # erased a moment ago
            raise SkipFile from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._upload.take(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._upload.finish()
        return self._upload

    def upload_interrupted(self) -> None:
        if hasattr(self, "_upload"):
            self._upload.close()


def _case_to_add_to(request: HttpRequest | None) -> Case | None:
    """The case that this request may add a file to."""
    match = request.resolver_match if request else None
    if request is None or match is None or match.view_name != ADDRESS:
        return None
    user: Any = request.user
    if not user.is_authenticated or not any(user.has_right(right) for right in WRITERS):
        return None
    try:
        case, access = get_case_for(user, match.kwargs["reference"])
    except DomainError:
        return None
    return case if access.write else None
