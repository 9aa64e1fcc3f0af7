"""Files in format 1: sealed while they come, opened from any place on, in constant memory.

The bytes are those of `vault.sealing.seal` with a padding of their own; docs/format-1.md describes both.
"""

import hmac
import io
import os
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag

from vault import cipher
from vault.cipher import CHUNK_SIZE, FORMAT, TAG_SIZE, CannotOpen
from vault.keyring import keyring
from vault.sealing import HEAD, Place, key_of

SALT_END = HEAD.size + cipher.SALT_SIZE
START = SALT_END + cipher.COMMITMENT_SIZE  # of the first chunk
PIECE = CHUNK_SIZE + TAG_SIZE  # a sealed chunk
BATCH = 64  # chunks sealed or opened at a time
LEAST_QUANTUM = 4096


class Sink(Protocol):
    """What sealed bytes are written to."""

    def write(self, data: bytes | bytearray | memoryview, /) -> object: ...


def padded_length(size: int) -> int:
    """Length of a file of `size` bytes with its padding: steps of 3 to 6 %, and of 4 KiB at least."""
    least = size + 1  # the mark that ends the content
    quantum = max(LEAST_QUANTUM, 1 << max(0, least.bit_length() - 5))
    return -(-least // quantum) * quantum


class Writer:
    """Seals for a place what is written to it. Until `finish`, what came out opens nowhere."""

    def __init__(self, place: Place, out: Sink) -> None:
        """Raises NoKey."""
        version, key = keyring.class_key(place.scope, place.cls)
        salt = os.urandom(cipher.SALT_SIZE)
        self._aead, self._nonce, commitment = cipher.message_key(key, salt, place.context(version))
        self._out = out
        self._waiting = bytearray()  # less than a chunk
        self._sealed = memoryview(bytearray(BATCH * PIECE))
        self._chunks = 0
        self.size = 0  # bytes written so far
        out.write(HEAD.pack(FORMAT, version) + salt + commitment)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Seal more; returns how much. Raises what the sink raises."""
        view = memoryview(data)
        self.size += len(view)
        if self._waiting:
            missing = CHUNK_SIZE - len(self._waiting)
            self._waiting += view[:missing]
            view = view[missing:]
            if len(self._waiting) < CHUNK_SIZE:
                return len(data)
            self._seal(memoryview(bytes(self._waiting)))
            self._waiting.clear()
        whole = len(view) // CHUNK_SIZE * CHUNK_SIZE
        for start in range(0, whole, BATCH * CHUNK_SIZE):
            self._seal(view[start : min(whole, start + BATCH * CHUNK_SIZE)])
        self._waiting += view[whole:]
        return len(data)

    def finish(self) -> None:
        """Pad and seal the end. Nothing may be written afterwards."""
        size = self.size
        self.write(b"\x80")
        while (missing := padded_length(size) - self.size) > 0:
            self.write(bytes(min(missing, BATCH * CHUNK_SIZE)))
        self._end()
        self.size = size

    def _seal(self, chunks: memoryview) -> None:
        """Write out whole chunks, BATCH of them at most."""
        at = 0
        for start in range(0, len(chunks), CHUNK_SIZE):
            nonce = cipher.chunk_nonce(self._nonce, self._chunks)
            chunk, into = chunks[start : start + CHUNK_SIZE], self._sealed[at : at + PIECE]
            self._aead.encrypt_into(nonce, chunk, None, into)
            self._chunks += 1
            at += PIECE
        self._out.write(self._sealed[:at])

    def _end(self) -> None:
        """The last chunk is always shorter than the others, so that a cut end is noticed."""
        nonce = cipher.chunk_nonce(self._nonce, self._chunks)
        self._out.write(self._aead.encrypt(nonce, bytes(self._waiting), None))


class Reader(io.RawIOBase):
    """The content of a sealed file, which may be read from any place on; opens the chunks it needs.

    A chunk that was changed, moved, doubled, exchanged or left out raises CannotOpen when it is
    reached, before any byte of it is given out. Another length than the file was sealed with shows at
    once: the last chunk is opened first, and under the number of its place.
    """

    def __init__(self, place: Place, sealed: BinaryIO, size: int | None = None) -> None:
        """`sealed` can be sought in; `size` is that of the content, None to have the padding with it.

        Raises CannotOpen, and NoKey after erasure.
        """
        self._file = sealed
        self._at = 0
        head = self._raw(0, START)
        version, key = key_of(place, head)
        salt = head[HEAD.size : SALT_END]
        self._aead, self._nonce, commitment = cipher.message_key(key, salt, place.context(version))
        if not hmac.compare_digest(commitment, head[SALT_END:]):
            raise CannotOpen
        self._whole, rest = divmod(sealed.seek(0, io.SEEK_END) - START, PIECE)
        if rest < TAG_SIZE:  # the short last chunk was cut off
            raise CannotOpen
        self._rest = rest
        padded = self._whole * CHUNK_SIZE + rest - TAG_SIZE
        if size is not None and padded_length(size) != padded:
            raise CannotOpen
        self.size = padded if size is None else size
        self._open(self._whole, 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError("a place before the beginning of the file")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, 1 MiB at most; all that are left when `size` is negative. Or CannotOpen."""
        if size is None or size < 0:
            return self.readall()
        return bytes(self._next(size))

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, with 1 MiB at most. Raises CannotOpen."""
        content = self._next(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _next(self, size: int) -> memoryview:
        wanted = min(size, self.size - self._at)
        if wanted <= 0:
            return memoryview(b"")
        first, skipped = divmod(self._at, CHUNK_SIZE)
        count = min(BATCH, -(-(skipped + wanted) // CHUNK_SIZE))
        content = self._open(first, count)[skipped : skipped + wanted]
        self._at += len(content)
        return content

    def _open(self, first: int, count: int) -> memoryview:
        """The content of these chunks."""
        size = count * PIECE
        if first + count > self._whole:  # the last one is among them
            size -= PIECE - self._rest
        pieces = memoryview(self._raw(START + first * PIECE, size))
        content, at = memoryview(bytearray(size - count * TAG_SIZE)), 0
        try:
            for index in range(count):
                nonce = cipher.chunk_nonce(self._nonce, first + index)
                piece = pieces[index * PIECE : (index + 1) * PIECE]
                at += self._aead.decrypt_into(
                    nonce, piece, None, content[at : at + len(piece) - TAG_SIZE]
                )
        except InvalidTag:
            raise CannotOpen from None
        return content

    def _raw(self, start: int, size: int) -> bytes:
        """Sealed bytes as they stand in the file."""
        self._file.seek(start)
        parts = []
        while size and (part := self._file.read(size)):
            parts.append(part)
            size -= len(part)
        if size:
            raise CannotOpen
        return parts[0] if len(parts) == 1 else b"".join(parts)


def reseal(place: Place, sealed: BinaryIO, out: Sink) -> None:
    """Write the same file anew under the newest data key. Its content does not leave this function.

    Raises CannotOpen and NoKey, with `out` half written.
    """
    reader, writer = Reader(place, sealed), Writer(place, out)
    while content := reader.read(BATCH * CHUNK_SIZE):
        writer.write(content)
    writer._end()


def is_newest(place: Place, head: bytes) -> bool:
    """Does a file that begins with these bytes stand under the newest data key already? Or NoKey."""
    return head[: HEAD.size] == HEAD.pack(FORMAT, keyring.data_key(place.scope)[0])
