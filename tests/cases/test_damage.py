"""Sealed bytes that were moved or changed do not open, and say nothing but where they stand."""

import msgspec
import pytest

from cases import door
from cases.models import Person
from cases.sections import Identity
from cases.selectors import victim_of
from cases.services.intake import register_case
from tests.cases.conftest import rename
from tests.conftest import SENTINELS

pytestmark = pytest.mark.django_db


@pytest.fixture
def victim(case):
    return victim_of(case)


def _again(row):
    """The row as the database holds it."""
    return type(row).objects.get(pk=row.pk)


def _flipped(blob, place):
    changed = bytearray(blob)
    changed[place] ^= 1
    return bytes(changed)


def _from_another_case(victim, other, _old):
    victim.identity_sealed = other.identity_sealed


def _from_another_column(victim, _other, _old):
    victim.identity_sealed = victim.contact_sealed


def _from_an_earlier_version(victim, _other, old):
    victim.identity_sealed = old.identity_sealed


def _to_an_earlier_version(victim, _other, old):
    victim.identity_sealed, victim.sealed_at = old.identity_sealed, {"identity": 2}


def _one_bit_of_the_text(victim, _other, _old):
    victim.identity_sealed = _flipped(victim.identity_sealed, -20)


def _one_bit_of_the_salt(victim, _other, _old):
    victim.identity_sealed = _flipped(victim.identity_sealed, 6)


def _another_key_version(victim, _other, _old):
    victim.identity_sealed = _flipped(victim.identity_sealed, 0)


def _cut_off(victim, _other, _old):
    victim.identity_sealed = bytes(victim.identity_sealed)[:-64]


def _nearly_nothing(victim, _other, _old):
    victim.identity_sealed = b"\x01"


def _plaintext(victim, _other, _old):
    victim.identity_sealed = msgspec.json.encode(Identity(second_name="planted"))


def _revision_forgotten(victim, _other, _old):
    victim.sealed_at = {}


def _revision_that_is_none(victim, _other, _old):
    victim.sealed_at = {"identity": "two"}


def _moved_to_another_case(victim, other, _old):
    victim.case_id = other.case_id


def _another_row_of_the_case(victim, _other, _old):
    victim.id = victim.case_id


SWAPS = [
    _from_another_case,
    _from_another_column,
    _from_an_earlier_version,
    _to_an_earlier_version,
    _one_bit_of_the_text,
    _one_bit_of_the_salt,
    _another_key_version,
    _cut_off,
    _nearly_nothing,
    _plaintext,
    _revision_forgotten,
    _revision_that_is_none,
    _moved_to_another_case,
    _another_row_of_the_case,
]


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__.strip("_"))
def test_moved_or_changed_bytes_do_not_open(victim, new_case, alena, swap):
    other = victim_of(register_case(new_case, by=alena))
    rename(victim, alena, "Новая")
    old = Person.history.get(id=victim.pk, revision=1)
    changed = _again(victim)
    door.open_rows([changed], by=alena)  # opens as it is
    swap(changed, other, old)
    with pytest.raises(door.Damaged) as refused:
        door.open_rows([changed], by=alena, classes=["identity"])
    assert refused.value.status == 409
    assert refused.value.cases == [changed.case_id]
    assert SENTINELS["identity"] not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_record_does_not_open_as_another_kind(records, alena):
    medical, psychological = map(_again, records)
    medical.facts_sealed = psychological.facts_sealed
    with pytest.raises(door.Damaged):
        door.open_rows([medical], by=alena)
    medical, psychological = map(_again, records)
    medical.content_sealed = psychological.content_sealed
    with pytest.raises(door.Damaged):
        door.open_rows([medical], by=alena)
