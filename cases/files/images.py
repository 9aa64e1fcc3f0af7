"""Pictures: taken apart and made anew from their pixels. Runs in the checker's process."""

import io
from typing import Any

from PIL import (
    Image,
    ImageOps,
    ImageSequence,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from cases.files.problems import Problem

MOST_PIXELS = 40_000_000  # of one picture: an A4 page at 600 dots per inch has 35 million
MOST_PAGES = 200  # of a TIFF
MOST_PIXELS_OF_PAGES = 400_000_000
PREVIEW = (1600, 1600)  # pixels

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
}
# What each format is written as: kinds of pixels it keeps; others become colours.
MODES = {
    "JPEG": {"L", "RGB"},
    "PNG": {"1", "L", "LA", "RGB", "RGBA", "I;16"},
    "WEBP": {"RGB", "RGBA"},
    "TIFF": {"1", "L", "RGB", "RGBA", "I;16"},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92},
    "PNG": {},
    "WEBP": {"quality": 92, "method": 2},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}
# Loaded here and not by Pillow on the way: the checker's process can open no more files by then.
PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
Image.preinit()
BROKEN = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, LookupError, TypeError)


def rewrite(content: bytes, media_type: str) -> tuple[dict[str, int], bytes]:
    """The picture with nothing but its pixels, upright, in its own format; and its measures."""
    form = FORMATS[media_type]
    try:
        picture = _opened(content, form)
        if form == "TIFF":
            return _pages(picture)
        if form != "JPEG" and getattr(picture, "is_animated", False):
            raise Problem("moving")
        clean = _clean(picture, form)
        out = io.BytesIO()
        clean.save(out, form, **OPTIONS[form])
    except (DecompressionBombError, DecompressionBombWarning):
        raise Problem("pixels") from None
    except BROKEN:
        raise Problem("unreadable") from None
    return {"width": clean.width, "height": clean.height}, out.getvalue()


def preview(content: bytes, media_type: str) -> bytes:
    """A picture small enough for a page, as JPEG."""
    picture = _opened(content, FORMATS[media_type])
    picture.draft("RGB", PREVIEW)  # spares most of the work on a large JPEG
    picture.thumbnail(PREVIEW)
    flat = Image.new("RGB", picture.size, "white")
    coloured = picture.convert("RGBA")
    flat.paste(coloured, mask=coloured)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=85)
    return out.getvalue()


def _opened(content: bytes, form: str) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=[form])
    except UnidentifiedImageError:
        raise Problem("unreadable") from None
    _check_size(picture)
    return picture


def _check_size(picture: Image.Image) -> None:
    """Before a pixel is unpacked."""
    if picture.width * picture.height > MOST_PIXELS:
        raise Problem("pixels")


def _clean(picture: Image.Image, form: str) -> Image.Image:
    """A new picture with these pixels: no camera data, no place, no profile, no comment."""
    upright = ImageOps.exif_transpose(picture)
    mode = upright.mode
    if mode not in MODES[form]:
        can_be_seen_through = "A" in mode or "transparency" in upright.info
        mode = "RGBA" if can_be_seen_through and "RGBA" in MODES[form] else "RGB"
        upright = upright.convert(mode)
    clean = Image.new(mode, upright.size)
    clean.paste(upright)
    return clean


def _pages(picture: Image.Image) -> tuple[dict[str, int], bytes]:
    """A TIFF page by page, so that only one of them is unpacked at a time."""
    out, pages, pixels, first = io.BytesIO(), 0, 0, None
    with TiffImagePlugin.AppendingTiffWriter(out) as writer:
        for page in ImageSequence.Iterator(picture):
            _check_size(page)
            pages, pixels = pages + 1, pixels + page.width * page.height
            if pages > MOST_PAGES or pixels > MOST_PIXELS_OF_PAGES:
                raise Problem("pages")
            clean = _clean(page, "TIFF")
            first = first or clean.size
            clean.save(writer, "TIFF", **OPTIONS["TIFF"])
            writer.newFrame()
    width, height = first or (0, 0)
    return {"width": width, "height": height, "pages": pages}, out.getvalue()
