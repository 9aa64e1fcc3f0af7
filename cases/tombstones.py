"""Which cases were erased, told together with the event that depends on it.

A reading must not stand in the log behind the erasure of its case. It looks here and writes its event in
one transaction, and no tombstone is left between the two.
"""

from collections.abc import Iterable
from uuid import UUID

from audit import sequencer
from cases.models import Case
from vault.keyring import keyring


def erased(cases: Iterable[UUID]) -> set[UUID]:
    """Those of these cases that were erased or are being; it stays so until the transaction ends."""
    sequencer.hold_order(shared=True)
    # An erasure first takes the key, and leaves the tombstone last.
    cases = set(cases)
    gone = Case.objects.filter(pk__in=cases, erased_on__isnull=False).values_list("pk", flat=True)
    return {*gone, *(cases - keyring.having(cases))}


def wait_for_readings() -> None:
    """Before a tombstone is left: readings that looked already are recorded, others see it."""
    sequencer.hold_order(shared=False)
