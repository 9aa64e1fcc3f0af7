"""Sheets of paper with a recovery share each: its words, and the same as a square code."""

import io
import json
import os
from pathlib import Path

import qrcode
import typst
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from qrcode.image.svg import SvgPathImage

from vault import recovery
from vault.providers.file import refuse_place

TEMPLATE = Path(__file__).with_name("sheet.typ")


def write_sheets(folder: Path, shares: list[str], threshold: int) -> list[Path]:
    """One PDF for each share, for its owner alone to read. Raises FileExistsError, leaving nothing.

    These files hold secrets: whoever has `threshold` of them has every key.
    """
    refuse_place(folder, "folder of sheets", "--sheets")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    total, written = len(shares), []
    try:
        for number, share in enumerate(shares, 1):
            page = sheet(share, number=number, total=total, threshold=threshold)
            path = folder / f"recovery-share-{number}-of-{total}.pdf"
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                written.append(path)
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        for path in written:
            path.unlink()
        raise
    return written


def sheet(share: str, *, number: int, total: int, threshold: int) -> bytes:
    """The PDF of one share. Nothing of it touches the disk on the way."""
    texts = {
        "title": _("Recovery share %(number)d of %(total)d") % {"number": number, "total": total},
        "about": _(
            "Any %(threshold)d of the %(total)d shares of this set together give back the keys to every "
            "record of this Tutela, without its root key. Fewer tell nothing."
        )
        % {"threshold": threshold, "total": total},
        "facts": [
            [_("Installation"), settings.ORIGIN],
            [_("Made on"), date_format(timezone.localdate(), "DATE_FORMAT")],
            [pgettext("of recovery shares", "Set"), str(recovery.set_of(share))],
        ],
        "words": share.split(),
        "code": _("The words above as a square code"),
        "rules": [
            _("Keep this sheet locked away, and apart from the other shares and from backups."),
            _("Do not photograph, scan, copy, mail or store it on a computer."),
            _("Give the words only to people you know, at a drill or a recovery that you expect."),
            _("If you can no longer keep it, or lost it, say so at once: new shares will be made."),
            _("When you are told that a newer set is in use, burn or shred this sheet."),
        ],
    }
    files = {"main.typ": TEMPLATE.read_bytes(), "code.svg": _square_code(share)}
    return typst.compile(
        files,
        sys_inputs={"texts": json.dumps(texts)},
        ignore_system_fonts=True,
        pdf_standards="ua-1",
    )


def _square_code(share: str) -> bytes:
    image = io.BytesIO()
    qrcode.make(share, image_factory=SvgPathImage).save(image)
    return image.getvalue()
