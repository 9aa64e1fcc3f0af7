"""Attachments in a bucket of S3-compatible storage; loaded only when the settings name one."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage


@contextmanager
def _os_errors() -> Iterator[None]:
    """Whatever goes wrong on the way to the bucket is an OSError, as on a disk."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        kind = FileNotFoundError if code == 404 else OSError
        raise kind(f"the bucket answers {code}") from None
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(f"the bucket cannot be reached: {type(error).__name__}") from None


def _with_os_errors(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _os_errors():
            return method(*args, **kwargs)

    return wrapped


class Bucket(S3Storage):
    """django-storages for sealed files: signed the present way, in constant memory, read in ranges."""

    def __init__(self, **options: Any) -> None:
        super().__init__(file_overwrite=False, default_acl=None, **options)
        self.client_config = Config(
            signature_version="s3v4",
            s3={"addressing_style": self.addressing_style},
            # Other servers than Amazon's need not know the newer checksums; ours are in the log.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=10,
            read_timeout=60,
        )
        self.transfer_config = TransferConfig(use_threads=False)

    def _open(self, name: str, mode: str = "rb") -> "_Remote":
        return _Remote(self.connection.meta.client, self.bucket_name, self._normalize_name(name))

    _save = _with_os_errors(S3Storage._save)
    delete = _with_os_errors(S3Storage.delete)
    exists = _with_os_errors(S3Storage.exists)
    listdir = _with_os_errors(S3Storage.listdir)
    get_modified_time = _with_os_errors(S3Storage.get_modified_time)


class _Remote(io.RawIOBase):
    """An object in the bucket. Each read is a request for its range: nothing is fetched in vain."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._object = client, {"Bucket": bucket, "Key": key}
        self._at = 0
        with _os_errors():
            self._size = client.head_object(**self._object)["ContentLength"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._size - self._at)
        if size <= 0:
            return 0
        wanted = f"bytes={self._at}-{self._at + size - 1}"
        with _os_errors():
            content = self._client.get_object(Range=wanted, **self._object)["Body"].read()
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
