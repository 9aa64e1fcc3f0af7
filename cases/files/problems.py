"""Why a file is not taken, as a code: what is said of it is in cases/services/attachments.py."""

from typing import Protocol


class Problem(Exception):
    """The file is not taken. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Readable(Protocol):
    """The content of a file, from its beginning."""

    def read(self, size: int, /) -> bytes: ...
