"""Format 1 is frozen: what was sealed once opens for ever, also by code that is not ours."""

import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from tests.vault import independent
from vault import cipher, sealing
from vault.keyring import keyring
from vault.sealing import Place

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
MESSAGES = pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda v: str(v["length"]))
PLACES = pytest.mark.parametrize("vector", VECTORS["places"], ids=lambda v: v["place"]["model"])


def message(vector: dict) -> tuple[bytes, bytes, bytes, bytes]:
    """(key, salt, context, plaintext) of a vector."""
    key, salt, context = (bytes.fromhex(vector[name]) for name in ("key", "salt", "context"))
    return key, salt, context, bytes(n % 251 for n in range(vector["length"]))


def place_of(vector: dict) -> Place:
    place = vector["place"]
    return Place(**place | {"row": UUID(place["row"]), "scope": UUID(place["scope"])})


def test_the_vectors_hold_the_lengths_around_each_border() -> None:
    lengths = {vector["length"] for vector in VECTORS["messages"]}
    assert {0, 1, 63, 64, 16383, 16384, 16385} <= lengths


@MESSAGES
def test_the_cipher_seals_what_the_vector_says(vector: dict) -> None:
    key, salt, context, plaintext = message(vector)
    sealed = cipher.seal(key, plaintext, context, salt=salt)
    assert sha256(sealed).hexdigest() == vector["sealed_sha256"]
    assert sealed.hex() == vector.get("sealed", sealed.hex())
    assert len(sealed) == vector.get("sealed_size", len(sealed))


@MESSAGES
def test_the_cipher_opens_what_the_vector_holds(vector: dict) -> None:
    key, _salt, context, plaintext = message(vector)
    if "sealed" in vector:
        assert cipher.unseal(key, bytes.fromhex(vector["sealed"]), context) == plaintext


@MESSAGES
def test_the_independent_implementation_opens_what_the_cipher_seals(vector: dict) -> None:
    key, _salt, context, plaintext = message(vector)
    sealed = cipher.seal(key, plaintext, context)
    assert independent.open_message(key, context, sealed) == plaintext


@MESSAGES
def test_the_cipher_opens_what_the_independent_implementation_seals(vector: dict) -> None:
    key, salt, context, plaintext = message(vector)
    sealed = independent.seal_message(key, salt, context, plaintext)
    assert sha256(sealed).hexdigest() == vector["sealed_sha256"]
    assert cipher.unseal(key, sealed, context) == plaintext


def hold(vector: dict) -> None:
    """Let the keyring hold the data key of this vector, as if it had unwrapped it."""
    data_key = bytes.fromhex(vector["data_key"])
    keyring._remember(place_of(vector).scope, vector["version"], data_key, current=True)


@PLACES
def test_a_frozen_value_opens_at_its_place(vector: dict) -> None:
    hold(vector)
    value = bytes.fromhex(vector["value"])
    plaintext = bytes.fromhex(vector["plaintext"])
    assert sealing.unseal(place_of(vector), value) == plaintext
    data_key = bytes.fromhex(vector["data_key"])
    assert independent.open_value(data_key, vector["place"], value) == plaintext


@PLACES
def test_a_value_is_sealed_byte_for_byte_as_it_was(
    vector: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(vector)
    monkeypatch.setattr(cipher.os, "urandom", lambda size: bytes.fromhex(vector["salt"]))
    plaintext = bytes.fromhex(vector["plaintext"])
    value = sealing.seal(place_of(vector), plaintext, quantum=vector["quantum"])
    assert value.hex() == vector["value"]
