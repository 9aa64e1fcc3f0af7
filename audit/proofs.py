"""Proofs that one event stands in the log, for somebody who has nothing of the log but a key.

The text is a C2SP tlog-proof: the event's index, the hashes up to the root, and a signed checkpoint.
"""

import base64
from collections.abc import Iterator, Sequence

from audit import notes, signing, tiles
from audit.merkle import leaf_hash, root_from_path
from audit.models import Checkpoint, Event
from audit.sequencer import sequenced

HEAD = "c2sp.org/tlog-proof@v1"
BATCH = 500  # proofs that share the tiles they read


def proof_of(event: Event) -> str:
    """The proof of one event under a checkpoint of the log as it stands now."""
    event, checkpoint = sequenced(event), signing.checkpoint()
    return next(proofs_under(checkpoint, [event.seq]))


def proofs_under(checkpoint: Checkpoint, positions: Sequence[int]) -> Iterator[str]:
    """The proof of each of these events under one checkpoint that covers them all."""
    for start in range(0, len(positions), BATCH):
        tree = tiles.tree(checkpoint.size)  # it keeps the tiles it read, so not one for all
        for position in positions[start : start + BATCH]:
            path = tree.inclusion(position)
            hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in path)
            yield f"{HEAD}\nindex {position}\n{hashes}\n{checkpoint.note}"


def verify(proof: str, entry: bytes, verifier_key: str) -> tuple[int, int]:
    """(index, log size) at which this entry stands in the log of `verifier_key`. Raises BadNote."""
    head, _separator, note = proof.partition("\n\n")
    size, root = notes.verify(note, verifier_key)
    try:
        first, index_line, *hashes = head.split("\n")
        index = int(index_line.removeprefix("index "))
        path = [base64.b64decode(line, validate=True) for line in hashes]
        if [base64.b64encode(node).decode() for node in path] != hashes:
            raise ValueError("one hash has one spelling")
        proven = root_from_path(index, size, leaf_hash(entry), path)
    except ValueError:
        raise notes.BadNote("This is not a proof of an event.") from None
    if first != HEAD or proven != root:
        raise notes.BadNote("The proof does not lead from this event to the checkpoint.")
    return index, size
