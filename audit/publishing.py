"""Checkpoints that leave this machine: asked of witnesses, written to a directory, mailed, printed.

Whoever keeps one can show later that the log was rewritten or cut. Nothing about anybody is in it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext, override
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from audit import signing, witnesses
from audit.models import Checkpoint, Event
from audit.trail import record
from audit.verbs import Verb

NEWEST = "checkpoint"  # file of the newest one in the directory
TWO_DAYS = 172_800  # seconds


def sign_and_publish() -> None:
    """Sign the log as it stands and take the checkpoint to everybody who is to have it."""
    try:
        checkpoint = signing.checkpoint()
    except signing.LogRewritten:
        _tell_of_refusal()
        raise
    witnesses.ask_all(checkpoint)
    if settings.CHECKPOINT_DIR:
        write(checkpoint, settings.CHECKPOINT_DIR)
    if settings.CHECKPOINT_MAIL:
        mail_once_a_day(checkpoint)


def _tell_of_refusal() -> None:
    """That the signer refuses is an event, once."""
    signed = Checkpoint.objects.order_by("size").values_list("size", flat=True).last() or 0
    since = Event.objects.filter(seq__gte=signed, verb=Verb.CHECKPOINT_REFUSED)
    if not since.exists():
        record(Verb.CHECKPOINT_REFUSED, by=None, outcome="error")


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Put a checkpoint beside the earlier ones, with the cosignatures it has. Raises OSError."""
    log = folder / signing.name().replace("/", "_")
    log.mkdir(parents=True, exist_ok=True)
    for name in (str(checkpoint.size), NEWEST):
        part = log / f".{name}.part"
        with part.open("w") as file:
            file.write(checkpoint.cosigned)
            file.flush()
            os.fsync(file.fileno())
        part.replace(log / name)


def mail_once_a_day(checkpoint: Checkpoint) -> None:
    """Mail the first checkpoint of a day to those who keep them. Raises OSError."""
    today = f"checkpoint-mailed-{timezone.localdate()}"
    if not cache.add(today, True, TWO_DAYS):
        return
    try:
        with override(settings.LANGUAGE_CODE):
            send_mail(
                gettext("Checkpoint of %(log)s, %(size)s events")
                % {"log": signing.name(), "size": checkpoint.size},
                gettext(
                    "Keep this message. With it an auditor can show later whether what the log held "
                    "today was changed or removed."
                )
                + f"\n\n{checkpoint.cosigned}\n{signing.verifier_key()}\n",
                None,
                settings.CHECKPOINT_MAIL,
            )
    except OSError:
        cache.set(today, False, 0)  # tried again in a minute
        raise


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code as one path of bars."""

    size: int  # squares on each side
    path: str  # as in the attribute `d` of an SVG path, one unit a square

    @property
    def svg(self) -> str:
        """The code as a picture of its own."""
        box = f'viewBox="0 0 {self.size} {self.size}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {box}><path d="{self.path}"/></svg>'


def qr_of(checkpoint: Checkpoint) -> Code:
    """The checkpoint as a QR code, to be printed in the footer of a report."""
    return _drawn(checkpoint.note)


@lru_cache(maxsize=2)  # every report carries the newest one, and drawing takes longest of all
def _drawn(text: str) -> Code:
    code = QRCode(error_correction=ERROR_CORRECT_M, border=2)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    return Code(len(rows), "".join(bar for y, row in enumerate(rows) for bar in _bars(row, y)))


def _bars(row: list[bool], y: int) -> Iterator[str]:
    """The dark squares of a row; those side by side as one bar, which is half as long to write."""
    x = 0
    for is_dark, squares in groupby(row):
        width = len(list(squares))
        if is_dark:
            yield f"M{x} {y}h{width}v1h-{width}z"
        x += width
