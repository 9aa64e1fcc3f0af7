"""Whatever is done to sealed bytes, they open whole at their place or not at all."""

import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vault import cipher
from vault.cipher import CHUNK_SIZE, TAG_SIZE, CannotOpen

KEY = bytes(range(32))
CONTEXT = b"cases.Person/identity"
HEAD = cipher.SALT_SIZE + cipher.COMMITMENT_SIZE
SECRET = b"Hanna Snezhanskaya, Pskov sawmill"
BORDERS = [0, 1, 63, 64, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE]


def refused(sealed: bytes, context: bytes = CONTEXT, key: bytes = KEY) -> str:
    """The words of the refusal; fails when the bytes open."""
    with pytest.raises(CannotOpen) as caught:
        cipher.unseal(key, sealed, context)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("length", BORDERS)
def test_what_is_sealed_opens(length: int) -> None:
    plaintext = os.urandom(length)
    assert cipher.unseal(KEY, cipher.seal(KEY, plaintext, CONTEXT), CONTEXT) == plaintext


@given(st.binary(max_size=200), st.binary(max_size=80))
def test_whatever_is_sealed_opens(plaintext: bytes, context: bytes) -> None:
    assert cipher.unseal(KEY, cipher.seal(KEY, plaintext, context), context) == plaintext


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_other_context_opens(context: bytes, other: bytes) -> None:
    assume(context != other)
    refused(cipher.seal(KEY, SECRET, context), other)


@given(st.binary(min_size=32, max_size=32))
def test_no_other_key_opens(key: bytes) -> None:
    assume(key != KEY)
    refused(cipher.seal(KEY, SECRET, CONTEXT), key=key)


def test_every_flipped_bit_is_noticed() -> None:
    sealed = cipher.seal(KEY, SECRET, CONTEXT)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        refused(bytes(changed))


@given(st.integers(min_value=0, max_value=HEAD + len(SECRET) + TAG_SIZE - 1))
def test_every_truncation_is_noticed(length: int) -> None:
    refused(cipher.seal(KEY, SECRET, CONTEXT)[:length])


@given(st.binary(min_size=1, max_size=2 * TAG_SIZE))
def test_every_extension_is_noticed(more: bytes) -> None:
    sealed = cipher.seal(KEY, SECRET, CONTEXT)
    refused(sealed + more)
    refused(more + sealed)


@pytest.mark.parametrize("length", [CHUNK_SIZE, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 5])
def test_chunks_cut_off_doubled_or_exchanged_are_noticed(length: int) -> None:
    sealed = cipher.seal(KEY, os.urandom(length), CONTEXT)
    head, body, size = sealed[:HEAD], sealed[HEAD:], CHUNK_SIZE + TAG_SIZE
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    for kept in range(len(chunks)):
        refused(head + b"".join(chunks[:kept]))
    refused(head + b"".join([chunks[0], *chunks]))
    refused(head + b"".join([*chunks[1:], chunks[0]]))
    refused(head + b"".join(chunks[1:]))


def test_chunks_of_two_messages_do_not_mix() -> None:
    one, two = (cipher.seal(KEY, bytes(CHUNK_SIZE) + b"end", CONTEXT) for _ in range(2))
    border = HEAD + CHUNK_SIZE + TAG_SIZE
    refused(one[:border] + two[border:])
    refused(one[:HEAD] + two[HEAD:])


@given(st.binary(max_size=300))
def test_planted_bytes_do_not_open(planted: bytes) -> None:
    words = refused(planted)
    assert words == str(CannotOpen())


def test_a_refusal_says_nothing_of_the_content() -> None:
    sealed = bytearray(cipher.seal(KEY, SECRET, CONTEXT))
    sealed[-1] ^= 1
    words = {refused(bytes(sealed)), refused(b""), refused(SECRET * 4), refused(bytes(sealed[:90]))}
    assert words == {str(CannotOpen())}
    assert not any(word in next(iter(words)) for word in SECRET.decode().split())


def test_salts_never_repeat() -> None:
    sealed = [cipher.seal(KEY, b"", b"") for _ in range(2_000)]
    assert len({message[: cipher.SALT_SIZE] for message in sealed}) == len(sealed)
    assert len({message[cipher.SALT_SIZE :] for message in sealed}) == len(sealed)


@given(st.binary(max_size=400), st.sampled_from([64, 512]))
def test_padding_comes_off_again_and_hides_the_length(plaintext: bytes, quantum: int) -> None:
    padded = cipher.pad(plaintext, quantum)
    assert cipher.unpad(padded) == plaintext
    assert len(padded) == (len(plaintext) // quantum + 1) * quantum


@pytest.mark.parametrize("wrong", [b"", bytes(64), b"abc", b"abc\x80\x00\x01"])
def test_what_was_never_padded_is_refused(wrong: bytes) -> None:
    with pytest.raises(CannotOpen):
        cipher.unpad(wrong)
