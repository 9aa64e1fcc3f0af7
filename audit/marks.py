"""Marks: how far the record was verified and held, signed, so that a later run can go on from there.

Whoever can write into the database can write into the table of verifications, too. So a mark counts only
with a signature of the log's own key under it, over a text that no checkpoint can be taken for.
"""

import base64
import json
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone

from audit import signing, tiles
from audit.digests import canonical_json
from audit.models import Verification
from audit.tables import Counts
from verify.tutela_verify import (
    LOG_KEY,
    Findings,
    Trust,
    Unusable,
    VerifierKey,
    checkpoint_of,
    verifier_key,
)

VERIFIED = "/verified"  # behind the name of the log: the name that marks are signed under


class Mark(NamedTuple):
    """The record held at this size of the log, and its tables had so many rows."""

    size: int
    root: bytes
    at: datetime
    full_at: datetime  # of the last full verification that this goes back to
    counts: Counts


def last() -> Mark | None:
    """The newest mark that is really ours."""
    notes = Verification.objects.filter(holds=True).order_by("-size", "-id")
    keys = [_key(text) for text in signing.verifier_keys()]
    for note in notes.values_list("note", flat=True).iterator():
        if mark := _read(note, keys):
            return mark
    return None


def keep(size: int, root: bytes, *, since: Mark | None, counts: Counts, holds: bool) -> None:
    """Note how a verification ended. One that held is signed, along with the log up to there.

    Raises LogRewritten when the log does not continue what was signed before.
    """
    note, at = "", timezone.now()
    if holds:
        tiles.store(size)  # they prove the mark's root later
        signing.checkpoint(size)
        full_at = since.full_at if since else at
        note = _signed(Mark(size, root, at, full_at, counts))
    Verification.objects.create(
        at=at, size=size, root=root, is_full=since is None, holds=holds, note=note
    )


def _key(text: str) -> VerifierKey:
    """The key of marks that belongs to a verifier key of the log."""
    public = verifier_key(text, LOG_KEY)
    return VerifierKey.under(public.name + VERIFIED, public.public)


def _signed(mark: Mark) -> str:
    key = _key(signing.verifier_key())
    times = [time.astimezone(UTC).isoformat() for time in (mark.at, mark.full_at)]
    root = base64.b64encode(mark.root).decode()
    told = canonical_json(mark.counts).decode()
    text = "".join(f"{line}\n" for line in (key.name, mark.size, root, *times, told))
    packed = base64.b64encode(key.id + signing.signing_key().sign(text.encode())).decode()
    return f"{text}\n\u2014 {key.name} {packed}\n"


def _read(note: str, keys: list[VerifierKey]) -> Mark | None:
    try:
        signed = checkpoint_of(note.encode(), "A mark")
        if not Trust(keys).check(signed, "A mark", Findings()):
            return None
        at, full_at, counts = signed.text.decode().split("\n")[3:6]
    except Unusable:
        return None
    times = datetime.fromisoformat(at), datetime.fromisoformat(full_at)
    return Mark(signed.size, signed.root, *times, json.loads(counts))
