"""A proof leads from its event to the signed root, and from nothing else."""

import random
from contextlib import suppress

import pytest

from audit import notes, proofs, trail
from audit.merkle import inclusion_path, leaf_hash, node_hash, root_from_path, root_of
from audit.models import Event
from audit.verbs import Verb

LEAVES = [leaf_hash(bytes([i])) for i in range(70)]


def _split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def _path_by_the_book(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D_n) as RFC 9162 writes it down, recursion and all."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*_path_by_the_book(index, leaves[:k]), _root_by_the_book(leaves[k:])]
    return [*_path_by_the_book(index - k, leaves[k:]), _root_by_the_book(leaves[:k])]


def _root_by_the_book(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return node_hash(_root_by_the_book(leaves[:k]), _root_by_the_book(leaves[k:]))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 64, 70])
def test_paths_are_those_of_the_standard_and_lead_to_the_root(size: int) -> None:
    leaves = LEAVES[:size]
    for index in range(size):
        path = inclusion_path(index, leaves)
        assert path == _path_by_the_book(index, leaves)
        assert root_from_path(index, size, leaves[index], path) == root_of(leaves)


def test_there_is_no_path_from_a_leaf_that_is_not_there() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            inclusion_path(index, LEAVES[:3])


def test_a_path_of_another_place_length_or_leaf_leads_elsewhere() -> None:
    for size in (5, 8, 33):
        leaves = LEAVES[:size]
        root = root_of(leaves)
        for index in range(size):
            path = inclusion_path(index, leaves)
            wrong = [(i, path) for i in range(size) if i != index]
            wrong += [(index, path[:-1]), (index, [*path, path[-1]]), (index, path[::-1])]
            for place, hashes in wrong:
                if (place, hashes) == (index, path):
                    continue
                with suppress(ValueError):
                    assert root_from_path(place, size, leaves[index], hashes) != root
            assert root_from_path(index, size, LEAVES[-1], path) != root


@pytest.mark.django_db
def test_the_proof_of_an_event_holds_for_this_event_alone() -> None:
    events = [trail.record(Verb.LOG_VERIFIED, by=None, reason=str(i)) for i in range(11)]
    chosen = Event.objects.get(pk=events[6].pk)
    proof = proofs.proof_of(chosen)
    key = trail.verifier_key()
    index, size = proofs.verify(proof, bytes(chosen.entry), key)
    assert index == chosen.seq and size == Event.objects.count()
    for other in Event.objects.exclude(pk=chosen.pk):
        with pytest.raises(notes.BadNote):
            proofs.verify(proof, bytes(other.entry), key)
    other_key = notes.verifier_key("another.example/log", trail.signing_key().public_key())
    with pytest.raises(notes.BadNote):
        proofs.verify(proof, bytes(chosen.entry), other_key)


@pytest.mark.django_db
def test_a_proof_with_any_line_changed_is_refused() -> None:
    for i in range(20):
        trail.record(Verb.LOG_VERIFIED, by=None, reason=str(i))
    chosen = Event.objects.order_by("seq")[9]
    proof = proofs.proof_of(chosen)
    dice = random.Random(1)
    lines = proof.split("\n")
    signature = len(lines) - 2  # its base64 has spare bits of its own
    refused = 0
    for number, line in enumerate(lines[:signature]):
        for _try in range(20 if line else 0):
            at = dice.randrange(len(line))
            changed = line[:at] + dice.choice("ABCxyz0189/ ") + line[at + 1 :]
            if changed == line:
                continue
            text = "\n".join([*lines[:number], changed, *lines[number + 1 :]])
            with pytest.raises(notes.BadNote):
                proofs.verify(text, bytes(chosen.entry), trail.verifier_key())
            refused += 1
    assert refused > 100
