"""What is given out as a file: under which name, and to whom a browser may give it."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeVar

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from core.demonstration import named

LONGEST = 120  # letters of a name before its ending
ENDING = re.compile(r"[a-z0-9]{1,8}")
# What Windows takes for a device, whatever the ending.
DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)")

View = TypeVar("View", bound=Callable[..., object])


def gives_file(view: View) -> View:
    """Mark a view that gives out a file: no link on another site leads a browser there."""
    view.is_download = True  # type: ignore[attr-defined]
    return view


def is_download(view: object) -> bool:
    """Was this view marked?"""
    return getattr(view, "is_download", False)


def attachment(name: str) -> str:
    """The Content-Disposition of an answer that a browser saves under this name, and never shows."""
    return str(content_disposition_header(True, safe_name(name)))


def made_here(name: str) -> str:
    """The same for what Tutela made: in a demonstration its name says so."""
    return attachment(named(name))


def file_answer(content: bytes, media_type: str, name: str) -> HttpResponse:
    """An answer that a browser saves as a file under this name."""
    headers = {"Content-Disposition": made_here(name)}
    return HttpResponse(content, content_type=media_type, headers=headers)


def safe_name(name: str) -> str:
    """The name a file may be given back under: one line of visible letters, no path, not too long.

    Signs that turn the direction of writing are taken out: they could make an ending look like another.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    text = "".join(" " if c.isspace() else c for c in last if _is_visible(c))
    text = unicodedata.normalize("NFC", text)
    text = " ".join(re.sub(r'[<>:"/\\|?*%;=]', "_", text).split()).rstrip(". ")
    if not ending_of(f"_{text}"):  # cut short, it may have one
        text = text.strip(". ")[:LONGEST].rstrip(". ")
    ending = ending_of(f"_{text}")  # of a name that is nothing else, too
    stem = text[: len(text) - len(ending)].strip(". ")[:LONGEST].rstrip(". ")
    if DEVICES.fullmatch(stem):
        stem += "_"
    return f"{stem or 'file'}.{ending}" if ending else stem or "file"


def ending_of(name: str) -> str:
    """What stands behind the last point, in small letters; "" when that is no ending of a file."""
    ending = PurePosixPath(name).suffix[1:].lower()
    return ending if ENDING.fullmatch(ending) else ""


def _is_visible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] not in "C"
