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
from jobs.models import upload_place
from vault.files import Reader, Writer
from vault.keyring import NoKey, keyring
from vault.models import SYSTEM_SCOPE
from vault.sealing import Place

# The pages that take a file.
ADDRESS, IMPORT_ADDRESS = "cases:add_file", "cases:import"
FIELD = "file"
WRITERS = (Right.CASE_EDIT, Right.ASSISTANCE_RECORD)


class SealedUpload(UploadedFile):
    """A file that has arrived. It lies sealed where the row `row` of this scope, a case or the system,
    will name it, and is gone when the request ends, unless it was kept."""

    def __init__(
        self, name: str, scope: UUID, place_of: Callable[[UUID, UUID], Place] = file_place
    ) -> None:
        super().__init__(name=name)
        self.scope, self.row = scope, uuid7()
        self.size = 0
        self.digest = sha256()  # of the content, as it was sent
        self.has_failed = False  # the disk took no more
        self.staged = Staged()
        self._place = place_of(self.row, scope)
        self._writer = Writer(self._place, self.staged.file)

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
    """Takes the file of somebody who may add one to the case of this address, or bring cases in; drops
    every other.

    It decides by itself: the body is read before any view is, to look for the form's token. A file
    that is dropped is read past, so that what else was typed is not lost.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        upload = self._taken() if self.field_name == FIELD else None
        if upload is None:
            raise SkipFile
        self._upload = upload

    def _taken(self) -> SealedUpload | None:
        name = self.file_name or ""
        if _may_bring_in(self.request):
            keyring.ensure(SYSTEM_SCOPE)
            return SealedUpload(name, SYSTEM_SCOPE, upload_place)
        case = _case_to_add_to(self.request)
        try:
            return SealedUpload(name, case.pk) if case else None
        except NoKey:  # erased a moment ago
            return None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._upload.take(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._upload.finish()
        return self._upload

    def upload_interrupted(self) -> None:
        if hasattr(self, "_upload"):
            self._upload.close()


def _may_bring_in(request: HttpRequest | None) -> bool:
    """Does this request bring cases in, and may it?"""
    match = request.resolver_match if request else None
    if request is None or match is None or match.view_name != IMPORT_ADDRESS:
        return False
    user: Any = request.user
    return user.is_authenticated and user.has_right(Right.CASE_IMPORT)


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
