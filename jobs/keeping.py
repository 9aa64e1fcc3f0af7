"""What a job holds under seal: what it was asked with, what it tells, and its files."""

import io
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import msgspec
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from jobs.models import Job, JobState, upload_place
from vault.cipher import CannotOpen
from vault.files import Reader
from vault.secrets import seal_system, unseal_system

FOLDER = "jobs"  # in the storage of attachments; no backup has it
PARAMETERS, TOLD, RESULT = "job-parameters", "job-told", "job-result"  # what they are sealed for


def _storage() -> Storage:
    return storages["attachments"]


def _owner(job: Job) -> str:
    """Under another name or as other work, nothing of a job opens: both stand in open columns."""
    return f"{job.pk} {job.kind} {job.asked_by_id}"


def seal_parameters(job: Job, parameters: dict[str, Any]) -> None:
    job.parameters_sealed = seal_system(PARAMETERS, _owner(job), msgspec.json.encode(parameters))


def parameters_of(job: Job) -> dict[str, Any]:
    """What a job was asked with that is not over. Raises CannotOpen, also where there is nothing."""
    if job.parameters_sealed is None:
        raise CannotOpen
    blob = bytes(job.parameters_sealed)
    return msgspec.json.decode(unseal_system(PARAMETERS, _owner(job), blob), type=dict[str, Any])


def sealed_words(job: Job, words: str) -> bytes | None:
    """What is told at the end, for its column."""
    return seal_system(TOLD, _owner(job), words.encode()) if words else None


def words_of(job: Job) -> str:
    """What is told at the end; "" when it is nothing."""
    if job.told_sealed is None:
        return ""
    return unseal_system(TOLD, _owner(job), bytes(job.told_sealed)).decode()


# --- Files ----------------------------------------------------------------------------
def keep_upload(sealed: BinaryIO) -> str:
    """Keep a file that came in, which is sealed to `upload_place`. Returns its name in the storage."""
    sealed.seek(0)
    return _storage().save(f"{FOLDER}/{uuid4().hex}", File(sealed))


def open_upload(job: Job, size: int) -> BinaryIO:
    """The content of what came in, `size` bytes, to read and seek in. Raises OSError and CannotOpen."""
    sealed = cast(BinaryIO, _storage().open(job.upload, "rb"))
    return io.BufferedReader(Reader(upload_place(job.pk), sealed, size))


def keep_result(job: Job, content: bytes) -> str:
    """Seal what a job made. Returns its name in the storage."""
    sealed = seal_system(RESULT, _owner(job), content)
    return _storage().save(f"{FOLDER}/{uuid4().hex}", ContentFile(sealed))


def result_of(job: Job) -> bytes:
    """What the job made. Raises OSError and CannotOpen."""
    with _storage().open(job.result, "rb") as file:
        return unseal_system(RESULT, _owner(job), file.read())


def destroy(*names: str) -> None:
    """Remove these files; no error when one is gone already."""
    for name in filter(None, names):
        _storage().delete(name)


def destroy_results(kind: str, asked_by: Collection[UUID]) -> None:
    """Destroy what work of this kind made for these people, and cancel what is under way.

    Raises what the storage raises.
    """
    theirs = Job.objects.filter(kind=kind, asked_by__in=asked_by)
    theirs.filter(state=JobState.RUNNING).update(cancel_asked=True)
    for job in theirs.exclude(result=""):
        destroy(job.result)
        Job.objects.filter(pk=job.pk).update(result="")


def left_over(before: datetime) -> Iterator[str]:
    """Files that no job names and that were written before a moment."""
    try:
        _folders, found = _storage().listdir(FOLDER)
    except FileNotFoundError:
        return
    for name in (f"{FOLDER}/{each}" for each in found):
        named = Job.objects.filter(upload=name) | Job.objects.filter(result=name)
        if not named.exists() and _storage().get_modified_time(name) < before:
            yield name
