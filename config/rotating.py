"""New keys while Tutela is being used: for the command, and for whoever asks on the page.

`begin` is told how much there is to do, `advance` how much was done since. Where one of them raises,
the work ends between two batches, and goes on there the next time.
"""

from collections.abc import Callable
from datetime import datetime

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.services import renewal
from vault import rotation

Tell = Callable[[int], object]


def rotate_kek(version: int, *, by: User | None, begin: Tell, advance: Tell) -> None:
    """Have this version of the key-encryption key wrap every key, as `rotation.next_version` told it.

    Nothing is done when it does already: whoever takes up such work makes no further version.
    """
    if rotation.next_version() > version:
        return
    rotation.begin_kek()
    trail.record(Verb.KEY_ROTATION_BEGUN, by=by, reason=f"kek {version}")
    begin(rotation.waiting())
    while done := rotation.rewrap_some():
        advance(done)
    trail.record(Verb.KEY_ROTATED, by=by, reason=f"kek {version}")


def renew_cases(asked_at: datetime, *, by: User | None, begin: Tell, advance: Tell) -> list[str]:
    """Give every case a new key that has none since this was asked for; returns what is damaged.

    Raises Conflict when others kept changing a case.
    """
    trail.record(Verb.KEY_ROTATION_BEGUN, by=by, reason="dek")
    begin(renewal.how_many(asked_at))
    damaged: list[str] = []
    for found in renewal.renew_all(by=by, asked_at=asked_at):
        damaged += found
        advance(1)
    return damaged
