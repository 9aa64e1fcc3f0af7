"""A sealed value belongs to one row, class, case, table, revision and key version."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from vault import cipher, sealing
from vault.cipher import CannotOpen
from vault.keyring import NoKey, keyring
from vault.models import DataKey
from vault.sealing import HEAD, Place

pytestmark = pytest.mark.django_db
SECRET = "Снежаньская, Псков".encode()


@pytest.fixture
def place() -> Place:
    scope = uuid7()
    keyring.create([scope])
    return Place("cases.Person", "identity", uuid7(), scope, 3)


def refused(place: Place, blob: bytes) -> None:
    with pytest.raises(CannotOpen) as caught:
        sealing.unseal(place, blob)
    assert str(caught.value) == str(CannotOpen())


def test_a_value_opens_at_its_place(place: Place) -> None:
    assert sealing.unseal(place, sealing.seal(place, SECRET)) == SECRET


@pytest.mark.parametrize(
    "change",
    [
        {"model": "cases.Case"},
        {"cls": "contact"},
        {"row": UUID(int=5)},
        {"revision": 2},
        {"revision": 4},
        {"revision": 0},
    ],
    ids=str,
)
def test_a_value_opens_at_no_other_place(place: Place, change: dict) -> None:
    blob = sealing.seal(place, SECRET)
    refused(replace(place, **change), blob)


def test_a_value_does_not_open_in_another_case(place: Place) -> None:
    other = replace(place, scope=uuid7())
    keyring.create([other.scope])
    refused(other, sealing.seal(place, SECRET))


def test_the_same_data_key_in_another_case_opens_nothing(place: Place) -> None:
    """Even somebody who can copy an unwrapped key gains nothing by moving values."""
    other = replace(place, scope=uuid7())
    keyring._remember(other.scope, 1, keyring.data_key(place.scope)[1], current=True)
    refused(other, sealing.seal(place, SECRET))


def test_a_value_does_not_open_under_another_key_version(place: Place) -> None:
    blob = sealing.seal(place, SECRET)
    _version, key = keyring.data_key(place.scope)
    keyring._remember(place.scope, 2, key, current=True)
    form, _one = HEAD.unpack_from(blob)
    refused(place, HEAD.pack(form, 2) + blob[HEAD.size :])


def test_a_length_cannot_move_from_one_part_of_the_context_to_the_next(place: Place) -> None:
    one = replace(place, model="cases.Personid", cls="entity").context(1)
    two = replace(place, model="cases.Person", cls="identity").context(1)
    assert one != two


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), min_size=2, unique=True))
def test_no_two_labels_and_classes_share_a_context(pairs: list[tuple[str, str]]) -> None:
    row, scope = UUID(int=1), UUID(int=2)
    assert len({Place(*pair, row, scope, 1).context(1) for pair in pairs}) == len(pairs)


def test_every_flipped_bit_is_noticed(place: Place) -> None:
    """The head too: an unknown format or key version is a changed value, not an erased case."""
    blob = sealing.seal(place, SECRET)
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        refused(place, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 4, 5, 29, 61, 77, -1])
def test_every_cut_is_noticed(place: Place, length: int) -> None:
    refused(place, sealing.seal(place, SECRET)[:length])


def test_plaintext_in_the_column_is_not_taken_for_a_value(place: Place) -> None:
    for planted in (SECRET, b'{"first_name":"Hanna"}' * 9, b"\x01" + SECRET * 9, b"\x00" * 200):
        refused(place, planted)


def test_a_value_of_an_erased_case_says_that_there_is_no_key(place: Place) -> None:
    blob = sealing.seal(place, SECRET)
    DataKey.objects.filter(scope=place.scope).delete()
    keyring.forget()
    with pytest.raises(NoKey) as caught:
        sealing.unseal(place, blob)
    assert str(place.scope) not in str(caught.value)


@pytest.mark.parametrize("quantum", [64, 512])
def test_values_of_everyday_length_come_out_at_one_size(place: Place, quantum: int) -> None:
    sizes = {
        len(sealing.seal(place, bytes(length), quantum=quantum)) for length in range(0, quantum, 7)
    }
    assert len(sizes) == 1


def test_one_class_key_opens_no_other_class(place: Place) -> None:
    """Who holds the class key of one class cannot derive another's from it."""
    _version, key = keyring.data_key(place.scope)
    keys = {
        cipher.derive(key, b"class/" + cls) for cls in (b"identity", b"medical", b"facts", b"audit")
    }
    assert len(keys) == 4
    assert key not in keys
