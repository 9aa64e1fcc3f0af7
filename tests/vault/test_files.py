"""Sealed files: the same bytes as any sealed value, opened from any place on, and never when changed."""

import io
import os
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import uuid7
from tests.vault import independent
from vault import files, sealing
from vault.cipher import CHUNK_SIZE, CannotOpen
from vault.files import PIECE, START, Reader, Writer, padded_length
from vault.keyring import NoKey, keyring
from vault.models import DataKey
from vault.sealing import HEAD, Place

pytestmark = pytest.mark.django_db
BORDERS = [0, 1, 4094, 4095, 4096, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 5 * CHUNK_SIZE - 1]
TRIES = 12_000


@pytest.fixture
def place() -> Place:
    scope = uuid7()
    keyring.create([scope])
    return Place("cases.Attachment", "files", uuid7(), scope, 1)


def sealed_file(place: Place, content: bytes, step: int = 64 * 1024) -> bytes:
    out = io.BytesIO()
    writer = Writer(place, out)
    for start in range(0, len(content), step):
        writer.write(content[start : start + step])
    writer.finish()
    assert writer.size == len(content)
    return out.getvalue()


def opened(place: Place, sealed: bytes, size: int | None) -> bytes:
    """Everything, read to the end."""
    return Reader(place, io.BytesIO(sealed), size).readall()


def refused(place: Place, sealed: bytes, size: int | None = None) -> None:
    with pytest.raises(CannotOpen) as caught:
        opened(place, sealed, size)
    assert str(caught.value) == str(CannotOpen())
    assert caught.value.__cause__ is None


# --- The format -----------------------------------------------------------------------
@pytest.mark.parametrize("length", BORDERS)
def test_what_streams_out_is_a_sealed_value(place: Place, length: int) -> None:
    content = os.urandom(length)
    blob = sealed_file(place, content)
    assert sealing.unseal(place, blob) == content
    _version, key = keyring.data_key(place.scope)
    parts = {name: str(getattr(place, name)) for name in ("model", "cls", "row", "scope")}
    assert independent.open_value(key, parts | {"revision": 1}, blob) == content


@pytest.mark.parametrize("length", BORDERS)
def test_a_sealed_value_with_the_padding_of_files_opens_as_one(place: Place, length: int) -> None:
    content = os.urandom(length)
    blob = sealing.seal(place, content, quantum=padded_length(length))
    assert opened(place, blob, length) == content


@pytest.mark.parametrize("length", [0, 5000, CHUNK_SIZE, 3 * CHUNK_SIZE + 5])
def test_the_padding_is_that_of_every_sealed_value(place: Place, length: int) -> None:
    content = os.urandom(length)
    padded = opened(place, sealed_file(place, content), None)
    assert padded == content + b"\x80" + bytes(padded_length(length) - length - 1)


@settings(deadline=None)
@given(st.integers(0, 200_000), st.integers(50, 70_000))
def test_it_does_not_matter_in_which_pieces_it_comes(length: int, step: int) -> None:
    scope = uuid7()
    keyring.create([scope])
    place = Place("cases.Attachment", "files", uuid7(), scope, 1)
    content = random.Random(length).randbytes(length)
    assert opened(place, sealed_file(place, content, step), length) == content


@given(st.integers(0, 2**34))
def test_padding_hides_the_length_in_steps_of_a_few_percent(size: int) -> None:
    padded = padded_length(size)
    assert size < padded <= max(size + files.LEAST_QUANTUM, (size + 1) * 17 / 16)
    assert padded_length(padded - 1) == padded, "the longest of its step has the same length"


def test_few_lengths_are_told_apart() -> None:
    lengths = {padded_length(size) for size in range(100_000, 200_000)}
    assert len(lengths) <= 20


# --- Reading where one wants ----------------------------------------------------------
class Counting(io.BytesIO):
    """Notes how many bytes are asked for."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.read_bytes += len(part)
        return part


@settings(deadline=None)
@given(st.data())
def test_every_range_is_what_stands_there(data: st.DataObject) -> None:
    scope = uuid7()
    keyring.create([scope])
    place = Place("cases.Attachment", "files", uuid7(), scope, 1)
    length = data.draw(st.integers(0, 9 * CHUNK_SIZE))
    content = random.Random(length).randbytes(length)
    reader = Reader(place, io.BytesIO(sealed_file(place, content)), length)
    start = data.draw(st.integers(0, length + 10))
    size = data.draw(st.integers(0, length + 10))
    assert reader.seek(start) == start
    assert io.BufferedReader(reader).read(size) == content[start : start + size]


def test_seeking_goes_from_the_start_the_place_and_the_end(place: Place) -> None:
    content = os.urandom(50_000)
    reader = Reader(place, io.BytesIO(sealed_file(place, content)), len(content))
    reader.seek(-10, io.SEEK_END)
    assert reader.read(99) == content[-10:] and reader.read(1) == b""
    reader.seek(100)
    reader.seek(-50, io.SEEK_CUR)
    assert reader.tell() == 50 and reader.read(5) == content[50:55]
    with pytest.raises(ValueError):
        reader.seek(-1)


def test_a_range_opens_its_chunks_and_the_last_one_alone(place: Place) -> None:
    content = os.urandom(200 * CHUNK_SIZE)
    file = Counting(sealed_file(place, content))
    reader = Reader(place, file, len(content))
    reader.seek(100 * CHUNK_SIZE + 7)
    assert reader.read(2 * CHUNK_SIZE) == content[100 * CHUNK_SIZE + 7 :][: 2 * CHUNK_SIZE]
    assert file.read_bytes <= START + 4 * PIECE


def test_memory_does_not_grow_with_the_file(place: Place, tmp_path) -> None:
    path, piece = tmp_path / "sealed", os.urandom(2**20)
    peaks = []
    for megabytes in (4, 64):
        tracemalloc.start()
        with path.open("wb") as out:
            writer = Writer(place, out)
            for _ in range(megabytes):
                writer.write(piece)
            writer.finish()
        with path.open("rb") as file:
            reader = Reader(place, file, writer.size)
            while reader.read(2**20):
                pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2**20 and peaks[1] < 8 * 2**20


# --- Where it belongs -----------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [{"model": "cases.Case"}, {"cls": "medical"}, {"row": UUID(int=5)}, {"revision": 2}],
    ids=str,
)
def test_a_file_opens_at_no_other_place(place: Place, change: dict) -> None:
    refused(replace(place, **change), sealed_file(place, b"secret"))


def test_a_file_does_not_open_in_another_case(place: Place) -> None:
    other = replace(place, scope=uuid7())
    keyring.create([other.scope])
    refused(other, sealed_file(place, b"secret"))


def test_a_file_of_an_erased_case_says_that_there_is_no_key(place: Place) -> None:
    blob = sealed_file(place, b"secret")
    DataKey.objects.filter(scope=place.scope).delete()
    keyring.forget()
    with pytest.raises(NoKey):
        opened(place, blob, 6)
    with pytest.raises(NoKey):
        Writer(place, io.BytesIO())


def test_another_size_than_it_was_sealed_with_is_refused(place: Place) -> None:
    blob = sealed_file(place, os.urandom(100_000))
    refused(place, blob, 200_000)
    refused(place, blob, 10)


def test_sealed_anew_it_is_the_same_file_under_the_newest_key(place: Place) -> None:
    content = os.urandom(3 * CHUNK_SIZE + 9)
    blob = sealed_file(place, content)
    assert files.is_newest(place, blob[:START])
    keyring.renew(place.scope)
    assert not files.is_newest(place, blob[:START])
    out = io.BytesIO()
    files.reseal(place, io.BytesIO(blob), out)
    anew = out.getvalue()
    assert len(anew) == len(blob) and HEAD.unpack_from(anew) == (1, 2)
    assert files.is_newest(place, anew)
    assert opened(place, anew, len(content)) == opened(place, blob, len(content)) == content


# --- Tampering ------------------------------------------------------------------------
def _flip(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    at = rng.randrange(len(blob))
    return blob[:at] + bytes([blob[at] ^ 1 << rng.randrange(8)]) + blob[at + 1 :]


def _cut_end(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    return blob[: rng.randrange(len(blob))]


def _cut_whole_chunks(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    return blob[: START + rng.randrange((len(blob) - START) // PIECE + 1) * PIECE]


def _cut_out(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    start = rng.randrange(len(blob))
    return blob[:start] + blob[rng.randrange(start, len(blob)) + 1 :]


def _extend(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    return blob + rng.choice([rng.randbytes(rng.randrange(1, 2 * PIECE)), blob[START:], bytes(9)])


def _chunks(blob: bytes) -> list[bytes]:
    return [blob[start : start + PIECE] for start in range(START, len(blob), PIECE)]


def _exchange(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    pieces = _chunks(blob)
    a, b = rng.sample(range(len(pieces)), 2)
    pieces[a], pieces[b] = pieces[b], pieces[a]
    return blob[:START] + b"".join(pieces)


def _double(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    pieces = _chunks(blob)
    at = rng.randrange(len(pieces))
    return blob[:START] + b"".join([*pieces[:at], pieces[at], *pieces[at:]])


def _replay(blob: bytes, rng: random.Random, other: bytes) -> bytes:
    """A chunk of another file of the same place stands where it stood there."""
    pieces, others = _chunks(blob), _chunks(other)
    at = rng.randrange(len(pieces))
    pieces[at] = others[at]
    return blob[:START] + b"".join(pieces)


def _head_of_the_other(blob: bytes, rng: random.Random, other: bytes) -> bytes:
    at = rng.choice([1, HEAD.size + 1, START - 1, START])
    return other[:at] + blob[at:] if other[:at] != blob[:at] else _flip(blob, rng, other)


def _planted(blob: bytes, rng: random.Random, _other: bytes) -> bytes:
    return blob[: rng.choice([0, HEAD.size])] + rng.randbytes(rng.randrange(3 * PIECE))


WAYS: list[Callable[[bytes, random.Random, bytes], bytes]] = [
    *(_flip, _flip, _cut_end, _cut_whole_chunks, _cut_out, _extend, _exchange, _double),
    *(_replay, _head_of_the_other, _planted),
]


def test_of_many_changed_files_none_is_accepted(place: Place) -> None:
    """Read to the end, each is refused; and no range of it gives out a byte that was not there."""
    rng = random.Random(20)
    size = 5 * CHUNK_SIZE + 100
    content, blob = _file_of(place, size, rng)
    _other_content, other = _file_of(place, size, rng)
    assert opened(place, blob, size) == content
    accepted = wrong = tried = 0
    while tried < TRIES:
        changed = WAYS[tried % len(WAYS)](blob, rng, other)
        if changed == blob:
            continue
        tried += 1
        try:
            opened(place, changed, size)
            accepted += 1
        except CannotOpen:
            pass
        try:
            reader = Reader(place, io.BytesIO(changed), size)
            start = reader.seek(rng.randrange(size))
            part = reader.read(rng.randrange(1, CHUNK_SIZE))
            wrong += part != content[start : start + len(part)]
        except CannotOpen:
            pass
    assert (accepted, wrong, tried) == (0, 0, TRIES)


def _file_of(place: Place, size: int, rng: random.Random) -> tuple[bytes, bytes]:
    content = rng.randbytes(size)
    return content, sealed_file(place, content)


def test_every_flipped_bit_of_the_head_is_noticed(place: Place) -> None:
    """Format, version, salt and commitment: of another key nothing opens, not even by chance."""
    blob = sealed_file(place, b"secret")
    for bit in range(START * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        refused(place, bytes(changed), 6)


def test_every_cut_and_every_addition_shows_before_anything_is_read(place: Place) -> None:
    """A range that does not reach the end notices all the same that the end is not the file's."""
    size = 4 * CHUNK_SIZE
    blob = sealed_file(place, os.urandom(size))
    for changed in (blob[:-1], blob[: START + PIECE], blob[:-PIECE], blob + b"\0", blob[:START]):
        with pytest.raises(CannotOpen):
            Reader(place, io.BytesIO(changed), size)
        with pytest.raises(CannotOpen):
            Reader(place, io.BytesIO(changed))


def test_a_file_that_was_never_finished_opens_nowhere(place: Place) -> None:
    for size in (0, 10, CHUNK_SIZE, 3 * CHUNK_SIZE):
        out = io.BytesIO()
        Writer(place, out).write(bytes(size))
        refused(place, out.getvalue())


def test_a_file_cut_short_while_it_is_read_gives_out_no_more(place: Place) -> None:
    content = os.urandom(200 * CHUNK_SIZE)
    file = io.BytesIO(sealed_file(place, content))
    reader = Reader(place, file, len(content))
    assert reader.read(10) == content[:10]
    file.truncate(START + 50 * PIECE)
    reader.seek(100 * CHUNK_SIZE)
    with pytest.raises(CannotOpen):
        reader.read(10)
