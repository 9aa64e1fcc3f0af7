"""The kinds of file that are taken, told by their ending and by their first bytes."""

import codecs
import re
from dataclasses import dataclass
from typing import Any

import filetype
from django.utils.translation import gettext_lazy as _

from cases.files.problems import Problem, Readable
from core.downloads import ending_of

HEAD = 8192  # bytes that tell what a file is


@dataclass(frozen=True)
class Kind:
    """One kind of file. `task` names what the checker does with it; none for sound and film."""

    label: Any
    endings: tuple[str, ...]
    media_types: tuple[str, ...]  # as told by the first bytes; the first one names the kind
    task: str = ""

    @property
    def media_type(self) -> str:
        return self.media_types[0]


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPEN = "application/vnd.oasis.opendocument."

KINDS = {
    kind.media_type: kind
    for kind in (
        Kind(_("PDF document"), ("pdf",), ("application/pdf",), "pdf"),
        Kind(_("JPEG picture"), ("jpg", "jpeg"), ("image/jpeg",), "image"),
        Kind(_("PNG picture"), ("png",), ("image/png",), "image"),
        Kind(_("WebP picture"), ("webp",), ("image/webp",), "image"),
        Kind(_("TIFF picture"), ("tif", "tiff"), ("image/tiff",), "image"),
        Kind(_("Word document"), ("docx",), (_WORD,), "office"),
        Kind(_("Excel workbook"), ("xlsx",), (_EXCEL,), "office"),
        Kind(_("OpenDocument text"), ("odt",), (_OPEN + "text",), "office"),
        Kind(_("OpenDocument spreadsheet"), ("ods",), (_OPEN + "spreadsheet",), "office"),
        Kind(_("Plain text"), ("txt",), ("text/plain",), "text"),
        Kind(_("CSV table"), ("csv",), ("text/csv",), "text"),
        # A recorded consent or interview. Kept as it came, and never played on a page.
        Kind(_("MP3 sound"), ("mp3",), ("audio/mpeg",)),
        Kind(_("M4A sound"), ("m4a",), ("audio/mp4", "video/mp4")),
        Kind(_("OGG sound"), ("ogg", "oga", "opus"), ("audio/ogg",)),
        Kind(_("WAV sound"), ("wav",), ("audio/x-wav",)),
        Kind(_("MP4 film"), ("mp4",), ("video/mp4",)),
    )
}
ENDINGS = {ending: kind for kind in KINDS.values() for ending in kind.endings}
# Letters alone can begin like this; a text is looked at as a whole anyway.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
LIKE_TEXT = frozenset({None, "image/bmp"})


def kind_of(name: str, head: bytes) -> Kind | None:
    """The kind of a file when its ending and its first bytes agree on one; None when they do not."""
    kind = ENDINGS.get(ending_of(name))
    told = filetype.guess_mime(head)
    match kind.task if kind else None:
        case None:
            return None
        case "text":
            agrees = told in LIKE_TEXT and b"%PDF-" not in head[:1024]
        case "office":  # an archive; the checker looks which document is in it
            agrees = head.startswith(b"PK\x03\x04")
        case _:
            agrees = told in kind.media_types
    return kind if agrees else None


def check_text(content: Readable) -> None:
    """Raise Problem unless this is UTF-8 of letters, signs and line ends."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := content.read(HEAD):
            if _CONTROLS.search(decoder.decode(piece)):
                raise Problem("text")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Problem("text") from None
