"""The signer continues what it signed, or refuses."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from audit import guards, notes, signing, tiles, trail
from audit.merkle import Frontier, is_consistent, leaf_hash, root_of
from audit.models import Checkpoint, Event, LogState
from audit.sequencer import sequence
from audit.verbs import WEIGHTY, Verb
from tests.audit.tampering import rebuild_state
from tests.audit.tools import write
from vault.models import SignedHead

pytestmark = pytest.mark.django_db


def happen(times: int) -> None:
    for number in range(times):
        trail.record(Verb.LOG_VERIFIED, by=None, reason=str(number))


def forget(size: int) -> None:
    """Take away what was signed beyond `size`, as somebody with the database could."""
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_checkpoint WHERE size > %s", [size])
        cursor.execute("DELETE FROM audit_tile")


def test_a_log_that_goes_on_is_signed_at_any_size_it_had() -> None:
    happen(3)
    first = signing.checkpoint()
    happen(300)
    last = signing.checkpoint()
    assert (first.size, last.size) == (3, 303)
    for size in (0, 1, 200, 256, 302):
        assert notes.verify(signing.checkpoint(size).note, signing.verifier_key())[0] == size
    head = SignedHead.objects.get()
    assert (head.size, bytes(head.root)) == (303, tiles.tree(303).root())


def test_a_log_that_was_rewritten_is_not_signed() -> None:
    happen(5)
    signing.checkpoint()
    forget(0)
    event = Event.objects.get(seq=2)
    write(Event, 2, entry=bytes(event.entry).replace(b'"2"', b'"7"'))
    rebuild_state()
    happen(1)
    with pytest.raises(signing.LogRewritten):
        signing.checkpoint()
    assert not Checkpoint.objects.exists()


def test_a_log_that_was_cut_is_not_signed() -> None:
    happen(5)
    signing.checkpoint()
    forget(0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE seq = 4")
    rebuild_state()
    with pytest.raises(signing.LogRewritten):
        signing.checkpoint()


def test_an_old_copy_that_grew_anew_is_not_signed_under_the_same_name() -> None:
    happen(5)
    signing.checkpoint()
    forget(0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE seq = 4")
    rebuild_state()
    happen(20)
    with pytest.raises(signing.LogRewritten):
        signing.checkpoint()
    old = signing.verifier_key()
    signing.take_new_name(datetime(2026, 3, 1, 12, tzinfo=UTC))
    made = signing.checkpoint()
    assert made.note.startswith("tutela.local/log/restored-20260301-120000\n24\n")
    assert signing.verifier_keys() == [signing.verifier_key(), old]
    assert notes.verify(made.note, signing.verifier_key())[0] == 24
    with pytest.raises(notes.BadNote):
        notes.verify(made.note, old)


def test_another_name_in_the_settings_is_taken_at_the_next_signature(settings) -> None:  # type: ignore[no-untyped-def]
    happen(2)
    signing.checkpoint()
    settings.ORIGIN = "registry.example/log"
    assert signing.name() == "registry.example/log"
    happen(1)
    assert signing.checkpoint().note.startswith("registry.example/log\n3\n")
    assert SignedHead.objects.count() == 2


@pytest.mark.parametrize("verb", sorted(WEIGHTY))
def test_a_weighty_act_ends_with_a_checkpoint_that_covers_it(verb: Verb) -> None:
    happen(2)
    trail.record(verb, by=None)
    assert Checkpoint.objects.latest("size").size == LogState.objects.get().size == 3


def test_other_acts_do_not_wait_for_a_signature() -> None:
    happen(2)
    sequence()
    assert LogState.objects.get().size == 2 and not Checkpoint.objects.exists()


def test_is_consistent_accepts_what_the_tree_proves_and_nothing_else() -> None:
    happen(70)
    signing.checkpoint()
    entries = Event.objects.order_by("seq").values_list("entry", flat=True)
    leaves = [leaf_hash(bytes(entry)) for entry in entries]
    tree = tiles.tree(70)
    roots = {size: root_of(leaves[:size]) for size in range(71)}
    assert Frontier().root() == roots[0]
    for old in range(71):
        proof = tree.consistency(old)
        assert is_consistent(old, roots[old], 70, roots[70], proof)
        assert not is_consistent(old, roots[old], 70, roots[69], proof) or old == 0
        assert not is_consistent(old, leaves[0] if old != 1 else leaves[1], 70, roots[70], proof)
        assert not is_consistent(old, roots[old], 70, roots[70], [*proof, leaves[0]])
        for place in range(len(proof)):
            changed = [*proof]
            changed[place] = bytes(32)
            assert not is_consistent(old, roots[old], 70, roots[70], changed)
            assert not is_consistent(old, roots[old], 70, roots[70], proof[:place])
