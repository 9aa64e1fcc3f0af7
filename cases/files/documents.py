"""Documents: parsed, and what would run or fetch something is taken out or refused.

Runs in the checker's process.
"""

import io
import re
import zipfile
import zlib
from typing import Any
from xml.etree import ElementTree

import pikepdf

from cases.files.problems import Problem

MOST_PAGES = 3_000
MOST_OBJECTS = 500_000

# --- PDF ------------------------------------------------------------------------------
# Entries that run something, hold another file, or tell who made this one with what.
DROPPED = frozenset(
    {
        *("/AA", "/OpenAction", "/JS", "/JavaScript"),
        *("/EmbeddedFiles", "/EF", "/AF", "/Collection", "/XFA"),
        *("/RichMediaContent", "/RichMediaSettings", "/Renditions", "/Ref", "/OPI"),
        *("/Metadata", "/PieceInfo", "/LastModified", "/SpiderInfo"),
    }
)
ACTIONS = frozenset(
    {
        *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"),
        *("/Rendition", "/Movie", "/Sound", "/RichMediaExecute", "/GoTo3DView"),
    }
)
ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})


def rewrite_pdf(content: bytes) -> tuple[dict[str, int], bytes]:
    """The document written anew without active parts, files within it and what tells of its making."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pages = len(pdf.pages)
            if not pages:
                raise Problem("unreadable")
            if pages > MOST_PAGES or len(pdf.objects) > MOST_OBJECTS:
                raise Problem("pages")
            for page in pdf.pages:
                _drop_annotations(page.obj)
            for item in pdf.objects:
                _scrub(item)
            if "/Info" in pdf.trailer:
                del pdf.trailer["/Info"]
            out = io.BytesIO()
            pdf.save(out, fix_metadata_version=False, encryption=False)
    except pikepdf.PasswordError:
        raise Problem("password") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError, RecursionError):
        raise Problem("unreadable") from None
    return {"pages": pages}, out.getvalue()


def warm_up() -> None:
    """Seal and open a document with a password: qpdf opens its source of randomness, and keeps it."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="", user=""))
    pikepdf.open(out).close()


def _drop_annotations(page: Any) -> None:
    notes = page.get("/Annots")
    if isinstance(notes, pikepdf.Array):
        page["/Annots"] = pikepdf.Array(
            [n for n in notes if not (_is_dictionary(n) and n.get("/Subtype") in ANNOTATIONS)]
        )


def _scrub(item: Any) -> None:
    """Clean one object and what stands directly inside it; objects of their own come by themselves."""
    if isinstance(item, pikepdf.Array):
        inside = list(item)
    elif _is_dictionary(item):
        inside = _scrub_dictionary(item)
    else:
        return
    for value in inside:
        if isinstance(value, pikepdf.Object) and not value.is_indirect:
            _scrub(value)


def _scrub_dictionary(item: Any) -> list[Any]:
    """Take out what may not be there; returns the values left."""
    is_bad = item.get("/S") in ACTIONS
    is_stream = isinstance(item, pikepdf.Stream)
    for key in list(item.keys()):
        # A stream's /F names a file elsewhere that its content is to be fetched from.
        if is_bad or key in DROPPED or (is_stream and key in ("/F", "/FFilter", "/FDecodeParms")):
            del item[key]
    return [item[key] for key in item.keys()]  # noqa: SIM118  not a dict


def _is_dictionary(item: Any) -> bool:
    return isinstance(item, pikepdf.Dictionary | pikepdf.Stream)


# --- Office documents, which are ZIP archives -----------------------------------------
MOST_MEMBERS = 3_000
MOST_UNPACKED = 500 * 2**20  # bytes
MOST_RATIO = 100  # unpacked to packed, beyond this much unpacked
FREE = 20 * 2**20  # bytes
MOST_XML = 2**21  # bytes of a part that is looked into

# A picture, object or script of an OpenDocument that lies elsewhere. Links to click on may stay.
OUTSIDE = re.compile(
    rb"""<(?!text:a\b|draw:a\b)[^<>]*xlink:href\s*=\s*["'](?:[a-zA-Z]+:|//|\\\\)"""
)

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError),
    *(KeyError, ValueError, NotImplementedError, OSError),
)
OOXML = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    ),
}
ACTIVE_TYPES = ("macroenabled", "vbaproject", "vbadata", "activex", "oleobject")
ACTIVE_PARTS = ("vbaproject", "vbadata", "activex/")
ACTIVE_FOLDERS = ("basic/", "scripts/")
ACTIVE_ENDINGS = (
    *(".exe", ".dll", ".js", ".vbs", ".bat", ".cmd", ".ps1", ".scr", ".lnk", ".jar", ".hta"),
    *(
        ".htm",
        ".mht",
        ".mhtml",
        ".docm",
        ".dotm",
        ".xlsm",
        ".xltm",
        ".xlam",
        ".pptm",
        ".swf",
        ".class",
        ".msi",
        ".html",
    ),
)


def check_office(content: bytes, media_type: str) -> dict[str, int]:
    """Raise Problem unless this is such a document, whole, harmless and of sensible size."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_shape(archive, content)
            _check_unpacked(archive, len(content))
            if media_type in OOXML:
                _check_ooxml(archive, OOXML[media_type])
            else:
                _check_odf(archive, media_type)
    except BROKEN:
        raise Problem("unreadable") from None
    return {}


def _check_shape(archive: zipfile.ZipFile, content: bytes) -> None:
    """One archive from the first byte to the last, with members that follow each other."""
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    begins, ends = content.startswith(b"PK\x03\x04"), content[-22:].startswith(b"PK\x05\x06")
    if not (members and begins and ends) or members[0].header_offset:
        raise Problem("unreadable")
    if len(members) > MOST_MEMBERS or len(members) > len({m.filename for m in members}):
        raise Problem("archive")
    end = 0
    for member in members:
        if member.header_offset < end:
            raise Problem("archive")
        end = member.header_offset + 30 + member.compress_size
        if member.flag_bits & 1:
            raise Problem("password")
        _check_name(member.filename.replace("\\", "/").lower())


def _check_name(name: str) -> None:
    if name.startswith("/") or ".." in name.split("/") or ":" in name:
        raise Problem("archive")
    is_object = "/embeddings/" in name and name.endswith(".bin")
    if is_object or name.startswith(ACTIVE_FOLDERS) or name.endswith(ACTIVE_ENDINGS):
        raise Problem("active")
    if any(part in name for part in ACTIVE_PARTS):
        raise Problem("active")


def _check_unpacked(archive: zipfile.ZipFile, packed: int) -> None:
    """Unpack everything once, as far as is sensible: what the archive says of its sizes may be a lie."""
    total = 0
    for member in archive.infolist():
        with archive.open(member) as part:
            while piece := part.read(2**20):
                total += len(piece)
                if total > MOST_UNPACKED or total > max(FREE, MOST_RATIO * packed):
                    raise Problem("archive")


def _check_ooxml(archive: zipfile.ZipFile, main: str) -> None:
    types = [item.get("ContentType", "") for item in _xml(archive, "[Content_Types].xml").iter()]
    if main not in types:
        raise Problem("type")
    if any(active in told.lower() for told in types for active in ACTIVE_TYPES):
        raise Problem("active")
    for name in archive.namelist():
        if not name.endswith(".rels"):
            continue
        for relation in _xml(archive, name).iter():
            is_outside = relation.get("TargetMode", "").lower() == "external"
            if is_outside and not relation.get("Type", "").endswith("/hyperlink"):
                raise Problem("outside")


def _check_odf(archive: zipfile.ZipFile, media_type: str) -> None:
    if archive.read("mimetype").decode("ascii").strip() != media_type:
        raise Problem("type")
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Problem("password")
    for name in {"content.xml", "styles.xml"} & set(archive.namelist()):
        content = archive.read(name)
        if b"script:event-listener" in content:
            raise Problem("active")
        if OUTSIDE.search(content):
            raise Problem("outside")


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > MOST_XML:
        raise Problem("archive")
    content = archive.read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Problem("active")
    return ElementTree.fromstring(content)
