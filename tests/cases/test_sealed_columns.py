"""Every sealed column there is against somebody who can write to the database: nothing opens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

import msgspec
import pytest
from django.apps import apps

from audit import trail
from cases.models import SealedModel
from core.ids import uuid7
from vault import sealing
from vault.cipher import CannotOpen
from vault.keyring import keyring
from vault.sealing import HEAD, Place
from vault.secrets import _place

pytestmark = pytest.mark.django_db
TRIES = 10_000
SECRET = "Снежаньская"


def _columns() -> Iterator[tuple[str, str, int]]:
    """(model, class, quantum) of every sealed column, whatever its class may turn out to be."""
    for model in apps.get_models():
        if issubclass(model, SealedModel) and not hasattr(model, "instance_type"):
            for cls, schema in model.SECTIONS.values():
                yield model._meta.label, cls, schema.QUANTUM
            if model.ROUTED:
                for cls in ("medical", "psychological", "legal", "financial", "narrative"):
                    yield model._meta.label, cls, 256
    yield trail.DETAILS, "audit", 64
    yield _place("session", "").model, "system", 64
    yield _place("second-factor", "").model, "system", 64


COLUMNS = sorted(set(_columns()))


def test_there_are_columns_to_attack() -> None:
    assert len(COLUMNS) >= 12


@dataclass
class Target:
    """A value at its place, and values of other places that somebody could put there."""

    place: Place
    blob: bytes
    elsewhere: list[bytes]
    plaintext: bytes


def swap(random: Random, target: Target) -> bytes:
    """A whole value of another row, column, case, model or revision."""
    return random.choice(target.elsewhere)


def swap_body(random: Random, target: Target) -> bytes:
    """The body of another value under the head of this one, cut at any place."""
    other = random.choice(target.elsewhere)
    at = random.randrange(HEAD.size, len(target.blob))
    return target.blob[:at] + other[at:]


def cut(random: Random, target: Target) -> bytes:
    return target.blob[: random.randrange(len(target.blob))]


def cut_the_front(random: Random, target: Target) -> bytes:
    return target.blob[random.randrange(1, len(target.blob)) :]


def extend(random: Random, target: Target) -> bytes:
    return target.blob + random.randbytes(random.randrange(1, 300))


def flip(random: Random, target: Target) -> bytes:
    """From one to nine bits."""
    changed = bytearray(target.blob)
    for bit in random.sample(range(len(changed) * 8), random.randint(1, 9)):
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def plant(random: Random, target: Target) -> bytes:
    """Plaintext, bare or under a head."""
    head = random.choice([b"", target.blob[: HEAD.size], target.blob[: HEAD.size + 56]])
    return head + target.plaintext + bytes(random.randrange(40))


def invent(random: Random, target: Target) -> bytes:
    return target.blob[: HEAD.size] + random.randbytes(random.randrange(400))


def another_version(random: Random, target: Target) -> bytes:
    """The key version in the head changed to another one, existing or not."""
    return HEAD.pack(1, random.choice([0, 2, 3, 2**32 - 1])) + target.blob[HEAD.size :]


WAYS: list[Callable[[Random, Target], bytes]] = [
    swap,
    swap_body,
    cut,
    cut_the_front,
    extend,
    flip,
    plant,
    invent,
    another_version,
]


def _target(model: str, cls: str, quantum: int) -> Target:
    scope, other_case = uuid7(), uuid7()
    keyring.create([scope, other_case])
    keyring._remember(scope, 2, bytes(32), current=False)  # a second version, to replay under
    place = Place(model, cls, uuid7(), scope, 5)
    plaintext = msgspec.json.encode({"second_name": SECRET})
    others = [
        replace(place, row=uuid7()),
        replace(place, scope=other_case),
        replace(place, cls="identity" if cls != "identity" else "contact"),
        replace(place, model="cases.Consent" if model != "cases.Consent" else "cases.Person"),
        *(replace(place, revision=revision) for revision in (0, 1, 4, 6)),
    ]

    def seal(where: Place) -> bytes:
        return sealing.seal(where, plaintext, quantum=quantum)

    return Target(place, seal(place), [seal(other) for other in others], plaintext)


@pytest.mark.parametrize(
    "model, cls, quantum", COLUMNS, ids=[f"{m}-{c}-{q}" for m, c, q in COLUMNS]
)
def test_nothing_that_was_tampered_with_opens(model: str, cls: str, quantum: int) -> None:
    random = Random(f"{model} {cls}")
    target = _target(model, cls, quantum)
    assert sealing.unseal(target.place, target.blob) == target.plaintext
    accepted, told = 0, set()
    for number in range(TRIES):
        blob = WAYS[number % len(WAYS)](random, target)
        if blob == target.blob:
            continue
        try:
            sealing.unseal(target.place, blob)
            accepted += 1
        except CannotOpen as error:
            told.add(f"{error} {error.args} {error.__cause__}")
    assert accepted == 0
    assert told == {f"{CannotOpen()} {CannotOpen().args} None"}  # one answer, and nothing in it
