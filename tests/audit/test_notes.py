"""Checkpoints as signed notes, held against notes that others have signed."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit import notes
from audit.notes import BadNote

ORIGIN = "tutela.example/log"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER_KEY = notes.verifier_key(ORIGIN, KEY.public_key())
ROOT = sha256(b"root").digest()
NOTE = notes.sign(KEY, ORIGIN, 1234, ROOT)

# The key and the note in the documentation of Go's package note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def refused(note: str, key: str = VERIFIER_KEY) -> str:
    with pytest.raises(BadNote) as caught:
        notes.verify(note, key)
    return str(caught.value)


def test_verifier_keys_of_others_are_understood() -> None:
    name, public = notes.parse_verifier_key(GO_KEY)
    packed = base64.b64decode(GO_SIGNATURE)
    assert name == "PeterNeumann"
    assert packed[:4].hex() == "c74f20a3" == notes._key_id(name, public).hex()
    public.verify(packed[4:], GO_TEXT.encode())
    assert notes.verifier_key(name, public) == GO_KEY


def test_the_key_of_a_log_in_use_has_the_key_id_it_says() -> None:
    name, public = notes.parse_verifier_key(SUMDB_KEY)
    assert notes.verifier_key(name, public) == SUMDB_KEY


def test_a_note_says_size_and_root_and_opens_with_the_verifier_key() -> None:
    assert notes.verify(NOTE, VERIFIER_KEY) == (1234, ROOT)


def test_a_note_is_byte_for_byte_what_the_standard_says() -> None:
    text = f"{ORIGIN}\n1234\n{base64.b64encode(ROOT).decode()}\n"
    public = KEY.public_key().public_bytes_raw()
    key_id = sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    signature = base64.b64encode(key_id + KEY.sign(text.encode())).decode()
    assert f"{text}\n— {ORIGIN} {signature}\n" == NOTE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1234", "1233"),
        ("1234", "12345"),
        (base64.b64encode(ROOT).decode(), base64.b64encode(bytes(32)).decode()),
        (f"{ORIGIN}\n", "other.example/log\n"),
        (f"— {ORIGIN}", "— other.example/log"),
        (ORIGIN, "other.example/log"),
        ("—", "-"),
        ("\n\n", "\n"),
    ],
)
def test_a_note_with_another_word_is_refused(old: str, new: str) -> None:
    refused(NOTE.replace(old, new, 1))


@given(st.integers(min_value=0, max_value=len(NOTE.encode()) * 8 - 1))
def test_a_note_changed_by_one_bit_says_nothing_else(bit: int) -> None:
    """A bit may be one that the spelling of base64 leaves open; the statement stays what was signed."""
    changed = bytearray(NOTE.encode())
    changed[bit // 8] ^= 1 << bit % 8
    try:
        found = notes.verify(changed.decode(), VERIFIER_KEY)
    except (BadNote, UnicodeDecodeError):
        return
    assert found == (1234, ROOT)


@given(st.text(max_size=200))
def test_any_text_is_refused_as_a_note(text: str) -> None:
    refused(text)


def test_a_note_of_another_key_is_refused() -> None:
    stranger = Ed25519PrivateKey.generate()
    assert "signature" in refused(notes.sign(stranger, ORIGIN, 1234, ROOT))
    assert "another log" in refused(notes.sign(KEY, "other.example/log", 1234, ROOT))


def test_signatures_of_witnesses_beside_ours_are_passed_over() -> None:
    witness = notes.sign(Ed25519PrivateKey.generate(), "witness.example", 1234, ROOT)
    line = witness.splitlines()[-1]
    assert notes.verify(f"{NOTE}{line}\n", VERIFIER_KEY) == (1234, ROOT)
    refused(NOTE.rsplit("—", 1)[0] + f"{line}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        VERIFIER_KEY.replace("+", "+0", 1),
        VERIFIER_KEY.replace(ORIGIN, "other"),
        VERIFIER_KEY[:-5],
        GO_KEY.replace("ARpc", "Ahpc"),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote, match="not a verifier key"):
        notes.parse_verifier_key(text)
