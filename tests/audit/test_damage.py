"""Sealed bytes that were moved or changed: the page is refused, and the refusal is an event."""

from collections.abc import Callable
from random import Random

import pytest
from django.test import Client

from accounts.models import User
from audit import guards
from audit.models import Event, TrackedModel
from cases import door
from cases.models import Case, Person
from cases.services.intake import register_case
from tests.audit.tools import flip, write
from tests.conftest import SENTINELS
from vault.keyring import keyring
from vault.models import DataKey

pytestmark = pytest.mark.django_db
World = dict[str, list[TrackedModel]]


def swap_people(world: World) -> None:
    one, two = world["cases.Person"]
    write(Person, one.pk, identity_sealed=two.identity_sealed)
    write(Person, two.pk, identity_sealed=one.identity_sealed)


def swap_columns(world: World) -> None:
    one, _two = world["cases.Person"]
    write(Person, one.pk, identity_sealed=one.contact_sealed, contact_sealed=one.identity_sealed)


def flip_a_bit(world: World) -> None:
    one, _two = world["cases.Person"]
    write(Person, one.pk, identity_sealed=flip(Random(7), bytes(one.identity_sealed)))


def flip_a_bit_of_the_key_version(world: World) -> None:
    one, _two = world["cases.Person"]
    blob = bytearray(one.identity_sealed)
    blob[3] ^= 1
    write(Person, one.pk, identity_sealed=bytes(blob))


def bring_back_an_old_value(world: World) -> None:
    one, _two = world["cases.Person"]
    old = one.history.get(revision=1)
    write(Person, one.pk, identity_sealed=old.identity_sealed)


def plant_plaintext(world: World) -> None:
    one, _two = world["cases.Person"]
    write(Person, one.pk, identity_sealed=b'{"first_name":"Planted"}')


def exchange_wrapped_keys(world: World) -> None:
    one, two = (
        DataKey.objects.filter(scope=case.pk).latest("version") for case in world["cases.Case"]
    )
    DataKey.objects.filter(pk=one.pk).update(wrapped=two.wrapped)
    DataKey.objects.filter(pk=two.pk).update(wrapped=one.wrapped)


DEEDS = [
    swap_people,
    swap_columns,
    flip_a_bit,
    flip_a_bit_of_the_key_version,
    bring_back_an_old_value,
    plant_plaintext,
    exchange_wrapped_keys,
]
every_deed = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)


@pytest.fixture
def damaged(world: World, deed: Callable[[World], None]) -> Case:
    """Alena's case after the deed, for a process that starts afresh."""
    guards.remove()
    deed(world)
    keyring.forget()
    return Case.objects.get(pk=world["cases.Case"][0].pk)


@every_deed
def test_the_door_does_not_open_what_was_damaged(damaged: Case, alena: User) -> None:
    with pytest.raises(door.Damaged) as caught:
        door.open_rows([damaged, Person.objects.get(case=damaged)], by=alena)
    assert caught.value.cases == [damaged.pk]
    assert not [s for s in SENTINELS.values() if s in str(caught.value.message)]


@every_deed
def test_the_refusal_is_a_page_and_an_event_that_names_the_case(
    damaged: Case, alena: User, client_for: Callable[[User], Client]
) -> None:
    page = client_for(alena).post(f"/cases/{damaged.reference}/")
    assert page.status_code == 409
    text = page.content.decode()
    assert "damaged or was moved" in text
    assert "Planted" not in text
    assert not [s for s in SENTINELS.values() if s in text]
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.outcome, event.actor) == ("refused", "denied", alena.pk)
    assert str(damaged.pk) in bytes(event.entry).decode()
    assert "cases:detail" in bytes(event.entry).decode()


def test_a_list_marks_the_damaged_case_and_still_shows_the_others(
    alena: User, new_case, client_for: Callable[[User], Client]
) -> None:
    whole, damaged = register_case(new_case, by=alena), register_case(new_case, by=alena)
    person = damaged.people.get()
    guards.remove()  # as whoever holds the database can
    write(Person, person.pk, identity_sealed=flip(Random(7), bytes(person.identity_sealed)))

    page = client_for(alena).get("/cases/").content.decode()

    assert page.count(SENTINELS["identity"]) == 1
    assert whole.reference in page and damaged.reference in page
    assert "damaged, tell your auditor" in page
    event = Event.objects.order_by("-seq").first()
    assert event is not None
    assert (event.verb, event.outcome) == ("refused", "error")
    assert str(damaged.pk).encode() in bytes(event.entry)
