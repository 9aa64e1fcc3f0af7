"""A proof leads from its event to the signed root, and from nothing else."""

import random

import pytest

from audit import notes, proofs, signing, trail
from audit.models import Event
from audit.verbs import Verb


@pytest.mark.django_db
def test_the_proof_of_an_event_holds_for_this_event_alone() -> None:
    events = [trail.record(Verb.LOG_VERIFIED, by=None, reason=str(i)) for i in range(11)]
    chosen = Event.objects.get(id=events[6].id)
    proof = proofs.proof_of(chosen)
    key = signing.verifier_key()
    index, size = proofs.verify(proof, bytes(chosen.entry), key)
    assert index == chosen.seq and size == Event.objects.count()
    for other in Event.objects.exclude(pk=chosen.pk):
        with pytest.raises(notes.BadNote):
            proofs.verify(proof, bytes(other.entry), key)
    other_key = notes.verifier_key("another.example/log", signing.signing_key().public_key())
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
                proofs.verify(text, bytes(chosen.entry), signing.verifier_key())
            refused += 1
    assert refused > 100
