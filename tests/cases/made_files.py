"""Files to add to a case: ordinary ones, and those that somebody made to do harm."""

import io
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
from PIL import Image, PngImagePlugin

from accounts.models import User
from cases.models import Attachment, Case
from cases.services.attachments import add_file
from cases.uploads import SealedUpload

PLACE = b"53.9006 27.5590"  # what a camera would tell of where a picture was taken
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


# --- Added to a case ------------------------------------------------------------------
def arrived(case: Case, name: str, content: bytes) -> SealedUpload:
    """A file as the upload handler leaves it."""
    upload = SealedUpload(name, case.pk)
    for start in range(0, len(content), 65_536):
        upload.take(content[start : start + 65_536])
    upload.finish()
    return upload


def a_file(case: Case, by: User, name: str = "a.png", content: bytes = b"", **more) -> Attachment:
    """A file of a case; a picture unless there is a content."""
    upload = arrived(case, name, content or picture("PNG"))
    return add_file(case, upload=upload, by=by, **{"cls": "medical"} | more)


# --- Pictures -------------------------------------------------------------------------
def picture(form: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB") -> bytes:
    """One whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "blue")
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, form)
    return out.getvalue()


def camera_picture(form: str = "JPEG") -> bytes:
    """Lying on its side, with place, time, comment and profile as a camera or editor adds them."""
    image = Image.open(io.BytesIO(picture("PNG")))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to look at it
    exif[0x010F] = "PLACEMAKER"
    exif[0x9286] = b"ASCII\0\0\0" + PLACE
    exif.get_ifd(0x8825)[1] = "N"
    options: dict = {"exif": exif.tobytes()}
    if form == "JPEG":
        options |= {"comment": PLACE, "icc_profile": b"\0\0\1\0ICCJUNK" + bytes(120)}
    if form == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", PLACE.decode())
        options["pnginfo"] = notes
    if form == "TIFF":
        options = {"exif": exif, "description": PLACE.decode()}
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def noise(size: tuple[int, int] = (300, 300)) -> bytes:
    """A PNG that cannot be packed: a file of several chunks."""
    out = io.BytesIO()
    Image.effect_noise(size, 90).save(out, "PNG")
    return out.getvalue()


def moving_picture(form: str) -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


def scan(pages: int) -> bytes:
    """A TIFF of several pages in black and white."""
    frames = [Image.new("1", (300 + n, 400), n % 2) for n in range(pages)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression="group4")
    return out.getvalue()


def flood(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has that many pixels, and has them."""
    row = bytes(1 + width // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# --- PDF ------------------------------------------------------------------------------
def pdf(change: Callable[[pikepdf.Pdf], None] = lambda pdf: None, pages: int = 2, **save) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    change(document)
    out = io.BytesIO()
    document.save(out, **save)
    return out.getvalue()


def _script(**more) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('SCRIPT')", **more)


def _note(document: pikepdf.Pdf, subtype: str, **entries) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(subtype), **entries)
    note.Rect = pikepdf.Array([0, 0, 9, 9])
    page = document.pages[0].obj
    page.Annots = pikepdf.Array([*page.get("/Annots", []), document.make_indirect(note)])


def hostile_pdf() -> bytes:
    """Scripts at every place, a program to launch, a file within, who made it with what."""
    name = pikepdf.Name

    def change(document: pikepdf.Pdf) -> None:
        root = document.Root
        root.OpenAction = _script()
        root.AA = pikepdf.Dictionary(WC=_script())
        document.attachments["INNER.exe"] = b"MZ INNERFILE"
        names = root.Names
        names.JavaScript = pikepdf.Dictionary(Names=pikepdf.Array(["s", _script()]))
        document.pages[0].obj.AA = pikepdf.Dictionary(O=document.make_indirect(_script()))
        launch = pikepdf.Dictionary(
            S=name.Launch, F="LAUNCHED.exe", Next=pikepdf.Array([_script()])
        )
        _note(document, "/Link", A=launch)
        _note(document, "/Link", A=pikepdf.Dictionary(S=name.URI, URI="https://example.org/kept"))
        _note(document, "/Widget", A=pikepdf.Dictionary(S=name.SubmitForm, F="http://SUBMIT"))
        _note(document, "/FileAttachment", FS=pikepdf.Dictionary(F="ATTACHED.exe"))
        _note(document, "/RichMedia", RichMediaContent=pikepdf.Dictionary(Flash="RICHMEDIA"))
        stream = document.make_stream(b"q Q")
        stream.F = "FETCHED.bin"
        document.pages[0].obj.Contents = stream
        fields = pikepdf.Array([n for n in document.pages[0].obj.Annots if n.Subtype == "/Widget"])
        root.AcroForm = pikepdf.Dictionary(XFA=document.make_stream(b"XFASCRIPT"), Fields=fields)
        with document.open_metadata() as metadata:
            metadata["dc:creator"] = ["METANAME"]
        document.docinfo["/Author"] = "AUTHORNAME"
        document.pages[1].obj.PieceInfo = pikepdf.Dictionary(Private="PIECEINFO")

    return pdf(change, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)


# --- Office documents -----------------------------------------------------------------
def archive(
    members: dict[str, bytes], *, before: bytes = b"", after: bytes = b"", comment: bytes = b""
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = comment
        for name, content in members.items():
            packed.writestr(name, content)
    return before + out.getvalue() + after


def office_parts(media_type: str = WORD, **more: bytes) -> dict[str, bytes]:
    """The parts of a small Word document or Excel workbook."""
    kind = "wordprocessingml.document" if media_type == WORD else "spreadsheetml.sheet"
    main = f"application/vnd.openxmlformats-officedocument.{kind}.main+xml"
    types = f'<Types><Override PartName="/m.xml" ContentType="{main}"/></Types>'
    return {"[Content_Types].xml": types.encode(), "m.xml": b"<m>text</m>"} | more


def related(kind: str, target: str, mode: str = "External") -> bytes:
    """A list of relations with one in it."""
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return (
        f'<Relationships><Relationship Id="r" Type="{base}/{kind}" Target="{target}"'
        f' TargetMode="{mode}"/></Relationships>'
    ).encode()


def office(media_type: str = WORD) -> bytes:
    """A whole document with a link in it."""
    link = {"word/_rels/document.xml.rels": related("hyperlink", "https://example.org/")}
    return archive(office_parts(media_type) | link)


def open_document(media_type: str = ODT, **more: bytes) -> bytes:
    parts = {"mimetype": media_type.encode(), "META-INF/manifest.xml": b"<manifest/>"}
    return archive(parts | {"content.xml": b"<content/>"} | more)


def bomb(unpacked: int = 600 * 2**20) -> bytes:
    """A document of half a megabyte that unpacks to hundreds."""
    return archive(office_parts() | {"word/media.xml": bytes(unpacked)})


# --- The rest -------------------------------------------------------------------------
def wav(size: int = 2000) -> bytes:
    return b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt " + bytes(size)


def mp4(brand: bytes = b"isom") -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\2\0isommp42" + bytes(500)


ORDINARY: dict[str, Callable[[], bytes]] = {
    "a.pdf": pdf,
    "a.jpg": picture,
    "a.jpeg": picture,
    "a.png": lambda: picture("PNG"),
    "a.webp": lambda: picture("WEBP"),
    "a.tif": lambda: scan(3),
    "a.docx": office,
    "a.xlsx": lambda: office(EXCEL),
    "a.odt": open_document,
    "a.ods": lambda: open_document(ODS),
    "a.txt": lambda: "Протокол беседы\r\n\tstrona 1".encode(),
    "a.csv": lambda: b"\xef\xbb\xbfname;day\nA;1\n",
    "a.mp3": lambda: b"ID3\x04" + bytes(900),
    "a.m4a": lambda: mp4(b"M4A "),
    "b.m4a": mp4,
    "a.ogg": lambda: b"OggS" + bytes(900),
    "a.wav": wav,
    "a.mp4": mp4,
}
