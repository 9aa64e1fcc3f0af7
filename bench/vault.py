"""What sealing costs beside the bare cipher, each pair in one run: python -m bench.vault

Small sections, the sections a list of 25 cases opens, and a file of 100 MB.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from bench.lists import prepare

ROUNDS = 9
SECTION = 200  # bytes, as an identity
PAGE = 25  # cases in a list
FILE = 100 * 2**20  # bytes


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        sections()
        list_page()
        files(Path(home))


def sections() -> None:
    """One small section against one AES-GCM call with a ready key and one HKDF of the same length."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    from vault import cipher
    from vault.keyring import keyring
    from vault.sealing import Place, seal, unseal

    scope = uuid4()
    keyring.create([scope])
    place = Place("cases.Person", "identity", uuid4(), scope, 1)
    text = os.urandom(SECTION)
    blob = seal(place, text)
    key, nonce = os.urandom(cipher.KEY_SIZE), bytes(cipher.NONCE_SIZE)
    context = cipher.LABEL + bytes(cipher.SALT_SIZE) + place.context(1)
    ready = AESGCM(key)
    sealed = ready.encrypt(nonce, cipher.pad(text), None)

    def derive(size: int) -> None:
        HKDFExpand(cipher.HASH, size, context).derive(key)

    def bare_seal(size: int) -> None:
        derive(size)
        ready.encrypt(nonce, text, None)

    def bare_open(size: int) -> None:
        derive(size)
        ready.decrypt(nonce, sealed, None)

    pairs: dict[str, tuple[Callable[[], object], Callable[[int], None]]] = {
        "seal": (lambda: seal(place, text), bare_seal),
        "open": (lambda: unseal(place, blob), bare_open),
    }
    for name, (ours, bare) in pairs.items():
        took = microseconds(ours)
        beside = microseconds(lambda bare=bare: bare(cipher.MATERIAL_SIZE))
        short = microseconds(lambda bare=bare: bare(cipher.KEY_SIZE))
        print(
            f"{name} a section of {SECTION} bytes: {took:.1f} us; AES-GCM and one HKDF "
            f"{beside:.1f} us: {took / beside:.2f} times (with an HKDF of 32 bytes "
            f"{short:.1f} us: {took / short:.2f} times)"
        )


def list_page() -> None:
    """The time a list of 25 cases spends on opening, keys not yet unwrapped and unwrapped."""
    from bench.lists import register, staff
    from cases.door import _load_keys, _open_row
    from cases.models import Person
    from vault.keyring import keyring

    officer, _other, _supervisor = staff()
    register(PAGE, officer)
    rows = list(Person.objects.all())
    assert len(rows) == PAGE

    def load_and_open() -> None:
        keyring._keys.clear()
        keyring._current.clear()
        _load_keys(row.case_id for row in rows)
        _open()

    def _open() -> None:
        for row in rows:
            _open_row(row, {"identity"})

    warm, cold = microseconds(_open, times=40), microseconds(load_and_open, times=40)
    print(
        f"the names of {PAGE} cases: {warm / 1000:.2f} ms to open, "
        f"{cold / 1000:.2f} ms with reading and unwrapping their keys"
    )


def files(home: Path) -> None:
    """100 MB through the writer and the reader against bare AES-GCM over chunks of the same size."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from cases.storage import digest_of
    from vault import cipher
    from vault.files import Reader, Writer
    from vault.keyring import keyring
    from vault.sealing import Place

    scope = uuid4()
    keyring.create([scope])
    place = Place("cases.Attachment", "files", uuid4(), scope, 1)
    piece, count = os.urandom(2**20), FILE // 2**20
    ready, nonce, path = AESGCM(os.urandom(32)), bytes(cipher.NONCE_SIZE), home / "file"
    chunks = range(0, len(piece), cipher.CHUNK_SIZE)

    def bare() -> None:
        for _ in range(count):
            for start in chunks:
                ready.encrypt(nonce, piece[start : start + cipher.CHUNK_SIZE], None)

    def seal_into(out) -> None:
        writer = Writer(place, out)
        for _ in range(count):
            writer.write(piece)
        writer.finish()

    def to_memory() -> None:
        with open(os.devnull, "wb", buffering=0) as out:
            seal_into(out)

    def to_disk() -> None:
        with path.open("wb") as out:
            seal_into(out)

    def with_digest() -> None:
        to_disk()
        with path.open("rb") as file:
            digest_of(file)

    def from_disk() -> None:
        with path.open("rb") as file:
            reader = Reader(place, file, FILE)
            while reader.read(2**20):
                pass

    speed = {
        name: FILE / microseconds(work, times=1) / 1000
        for name, work in {
            "bare AES-GCM": bare,
            "sealing": to_memory,
            "sealing into a file": to_disk,
            "sealing into a file, and its SHA-256": with_digest,
            "opening a file": from_disk,
        }.items()
    }
    print(f"a file of {FILE // 2**20} MB in chunks of {cipher.CHUNK_SIZE // 1024} KiB:")
    for name, rate in speed.items():
        print(f"  {name}: {rate:.2f} GB/s, {rate / speed['bare AES-GCM']:.2f} of the bare cipher")


def microseconds(work: Callable[[], object], times: int = 4_000) -> float:
    """The best of some rounds, per call: what the machine does when nothing disturbs it."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - started) / times)
    return best * 1e6


if __name__ == "__main__":
    main()
