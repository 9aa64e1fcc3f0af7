"""What a file is, by its name, its first bytes and its parser; and what is left of it."""

import io
import os
import re
import resource
import subprocess
import sys
import zipfile
import zlib

import pikepdf
import pytest
import xlsxwriter
from PIL import Image

from cases.files import images, sandbox, types
from cases.files.problems import Problem
from cases.files.types import KINDS
from tests.cases import made_files as made

JPEG, PNG, WEBP, TIFF = images.FORMATS
PDF = "application/pdf"


def look(task: str, media_type: str, content: bytes) -> tuple[dict, bytes]:
    """What the checker found, and what it wrote."""
    anew = io.BytesIO()
    found = sandbox.look_into(task, media_type, io.BytesIO(content), anew)
    return found, anew.getvalue()


def problem(task: str, media_type: str, content: bytes) -> str:
    with pytest.raises(Problem) as caught:
        look(task, media_type, content)
    return caught.value.code


# --- Kinds ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", made.ORDINARY)
def test_ordinary_files_are_of_the_kind_their_name_says(name):
    kind = types.kind_of(name, made.ORDINARY[name]()[: types.HEAD])
    assert kind is not None and types.ending_of(name) in kind.endings
    assert KINDS[kind.media_type] is kind


def test_a_file_whose_name_and_first_bytes_disagree_is_of_no_kind():
    """Every ordinary file under every ending of another kind. Sound and film share a way of packing;
    which document stands in an archive and what a text is, is told later."""
    together = ({"docx", "xlsx", "odt", "ods"}, {"txt", "csv"}, {"m4a", "mp4"})
    for name, make in made.ORDINARY.items():
        content = make()[: types.HEAD]
        own = types.ENDINGS[types.ending_of(name)]
        for ending, kind in types.ENDINGS.items():
            if not any({ending, types.ending_of(name)} <= group for group in together):
                expected = kind if kind is own else None
                assert types.kind_of(f"x.{ending}", content) is expected, (name, ending)


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.exe", b"MZ" + bytes(200)),
        ("a.pdf", b"MZ" + bytes(200)),
        ("a.html", b"<html><script>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.pdf", b"<html>%PDF-1.4"),
        ("a.jpg", b"<?php ?>"),
        ("a.txt", b"text\n%PDF-1.4"),
        ("a.txt", b"PK\x03\x04"),
        ("a.zip", b"PK\x03\x04"),
        ("a.docm", b"PK\x03\x04"),
        ("a.gif", b"GIF89a"),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0heic" + bytes(100)),
        ("a.pdf.exe", b"%PDF-1.4"),
        ("a", b"%PDF-1.4"),
        ("", b"%PDF-1.4"),
        (".pdf", b"%PDF-1.4"),
        ("a.pdf ", b"%PDF-1.4"),
    ],
)
def test_other_files_are_of_no_kind(name, content):
    assert types.kind_of(name, content) is None


def test_a_text_is_utf8_without_control_characters():
    types.check_text(io.BytesIO("Ўсё добра\r\n\tтак\f".encode() * 3000))
    types.check_text(io.BytesIO("BMW, чорны".encode()))
    split = b"x" * (types.HEAD - 1) + "Ў".encode()  # a letter across the border of two pieces
    types.check_text(io.BytesIO(split))
    for wrong in ("Привет".encode("cp1251"), b"a\0b", b"\x1b[31m", "Ў".encode()[:1], b"\xff\xfea"):
        with pytest.raises(Problem):
            types.check_text(io.BytesIO(wrong))


# --- The checker's process ------------------------------------------------------------
def confined(words: str) -> subprocess.CompletedProcess:
    """Run a line of Python as confined as a parser is."""
    start = "from cases.files import checker; import os, socket, subprocess; checker._confine(); "
    return subprocess.run(
        [sys.executable, "-B", "-c", start + words], capture_output=True, text=True, env={}
    )


@pytest.mark.parametrize(
    "words, error",
    [
        ("open('/etc/passwd')", "Too many open files"),
        ("open('/tmp/clear', 'w')", "Too many open files"),
        ("os.close(0); open('/etc/passwd')", "Too many open files"),
        ("os.dup2(1, 9)", "Bad file descriptor"),
        ("socket.socket()", "Too many open files"),
        ("subprocess.run(['/bin/true'])", "Too many open files"),
        ("bytes(2 * 2**30)", "MemoryError"),
    ],
)
def test_a_parser_led_astray_reaches_nothing(words, error):
    done = confined(words)
    assert done.returncode and error in done.stderr


def test_a_parser_cannot_write_into_a_file_that_is_open_already(tmp_path):
    path = tmp_path / "out"
    words = "os.write(1, b'clear'); print('never')"
    start = "from cases.files import checker; import os; checker._confine(); "
    with path.open("wb") as out:
        subprocess.run([sys.executable, "-B", "-c", start + words], stdout=out, stderr=out, env={})
    assert path.read_bytes() == b""


def test_the_checker_is_given_no_environment_and_no_open_file(monkeypatch):
    """Whatever it would print of itself: its environment and its open files."""
    monkeypatch.setenv("TUTELA_SECRET_KEY", "secret")
    with sandbox._checker("image", JPEG) as process:
        files = os.listdir(f"/proc/{process.pid}/fd")
        with open(f"/proc/{process.pid}/environ", "rb") as environment:
            assert b"secret" not in environment.read()
    assert len(files) <= 6  # three pipes, and what Python reads while it starts


def test_a_checker_that_dies_or_hangs_is_a_problem_and_no_more(monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.05)
    with pytest.raises(Problem) as caught:
        sandbox.look_into("image", JPEG, io.BytesIO(made.picture()), io.BytesIO())
    assert caught.value.code == "too_much"
    monkeypatch.setattr(sandbox, "SECONDS", 60)
    assert problem("no such task", JPEG, b"") == "too_much"


def test_nobody_stands_in_line_for_long(monkeypatch):
    monkeypatch.setattr(sandbox, "PATIENCE", 0.05)
    with sandbox._turn():
        assert problem("image", JPEG, made.picture()) == "busy"
    look("image", JPEG, made.picture())


def test_what_is_written_anew_is_bounded(monkeypatch):
    monkeypatch.setattr(sandbox, "MOST", 1000)
    assert problem("image", JPEG, made.picture(size=(1200, 900))) == "too_large"


# --- Pictures -------------------------------------------------------------------------
@pytest.mark.parametrize("media_type", images.FORMATS)
def test_a_picture_is_written_anew_from_its_pixels_alone(media_type):
    content = made.camera_picture(images.FORMATS[media_type])
    assert made.PLACE in content or media_type == WEBP
    found, anew = look("image", media_type, content)
    for trace in (made.PLACE, b"PLACEMAKER", b"Exif", b"ICCJUNK", b"ICC_PROFILE", b"iCCP"):
        assert trace not in anew
    image = Image.open(io.BytesIO(anew))
    assert image.format == images.FORMATS[media_type]
    assert not image.getexif().get_ifd(0x8825) and 0x010F not in image.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp", "Comment"} & image.info.keys()
    assert (found["width"], found["height"]) == image.size == (200, 300), "it stands upright"
    top, bottom = (
        image.convert("RGB").getpixel((100, 20)),
        image.convert("RGB").getpixel((100, 280)),
    )
    assert top[0] > 200 > top[2] and bottom[2] > 200 > bottom[0], "red is above"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixels_of_a_png_stay_what_they_are(mode):
    content = made.picture("PNG", mode=mode) if mode != "I;16" else _deep()
    _found, anew = look("image", PNG, content)
    before, after = Image.open(io.BytesIO(content)), Image.open(io.BytesIO(anew))
    assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


def _deep() -> bytes:
    out = io.BytesIO()
    Image.new("I;16", (30, 20), 40_000).save(out, "PNG")
    return out.getvalue()


def test_a_palette_that_can_be_seen_through_stays_so():
    image = Image.open(io.BytesIO(made.picture("PNG"))).quantize(2)
    out = io.BytesIO()
    image.save(out, "PNG", transparency=image.getpixel((5, 5)))
    _found, anew = look("image", PNG, out.getvalue())
    clean = Image.open(io.BytesIO(anew))
    assert (clean.getpixel((5, 5))[3], clean.getpixel((290, 5))[3]) == (0, 255)


def test_all_pages_of_a_scan_are_kept():
    found, anew = look("image", TIFF, made.scan(5))
    assert found["pages"] == 5
    image = Image.open(io.BytesIO(anew))
    sizes = []
    for page in range(image.n_frames):
        image.seek(page)
        sizes.append(image.size[0])
    assert sizes == [300, 301, 302, 303, 304]


def test_a_picture_for_the_page_is_small_and_opens():
    for media_type in (JPEG, PNG, WEBP, TIFF):
        content = made.picture(images.FORMATS[media_type], (4000, 3000))
        _found, small = look("preview", media_type, content)
        image = Image.open(io.BytesIO(small))
        assert image.format == "JPEG" and max(image.size) == 1600
    _found, small = look("preview", PNG, made.picture("PNG", mode="LA"))
    assert Image.open(io.BytesIO(small)).size == (300, 200)


@pytest.mark.parametrize(
    "media_type, content, code",
    [
        (JPEG, made.picture("PNG"), "unreadable"),
        (JPEG, made.picture(size=(2000, 1500))[:9000], "unreadable"),
        (JPEG, b"\xff\xd8\xff\xe0" + bytes(3000), "unreadable"),
        (PNG, made.flood(8000, 8000), "pixels"),
        (PNG, made.flood(30_000, 30_000), "pixels"),
        (PNG, made.moving_picture("PNG"), "moving"),
        (WEBP, made.moving_picture("WEBP"), "moving"),
        (TIFF, made.scan(201), "pages"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_pictures_that_are_not_taken(media_type, content, code):
    assert problem("image", media_type, content) == code


def test_what_hangs_behind_a_picture_is_gone():
    """A picture that is a page, an archive and a script as well."""
    tail = b"<script>POLYGLOT</script>" + made.archive({"evil.js": b"POLYGLOT"})
    for media_type in (JPEG, PNG, WEBP):
        _found, anew = look("image", media_type, made.picture(images.FORMATS[media_type]) + tail)
        assert b"POLYGLOT" not in anew and b"PK\x03\x04" not in anew
        assert not zipfile.is_zipfile(io.BytesIO(anew))


# --- PDF ------------------------------------------------------------------------------
TRACES = (
    *(b"SCRIPT", b"/JavaScript", b"/JS", b"/OpenAction", b"/AA", b"/Launch", b"LAUNCHED"),
    *(b"INNER", b"/EmbeddedFile", b"ATTACHED", b"RICHMEDIA", b"SUBMIT", b"FETCHED", b"XFA"),
    *(b"AUTHORNAME", b"METANAME", b"PIECEINFO", b"/Metadata", b"/Producer"),
)


def test_a_pdf_loses_what_runs_what_is_inside_and_who_made_it():
    content = made.hostile_pdf()
    present = [trace for trace in TRACES if trace in content]
    assert set(TRACES) - set(present) <= {b"/Producer"}
    found, anew = look("pdf", PDF, content)
    assert found == {"pages": 2}
    assert [trace for trace in TRACES if trace in _unpacked(anew)] == []
    assert b"https://example.org/kept" in _unpacked(anew), "a link is no harm by itself"
    with pikepdf.open(io.BytesIO(anew)) as document:
        assert len(document.pages) == 2 and not document.attachments
        assert document.pages[0].Contents.read_bytes() == b"q Q"


def _unpacked(content: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        document.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            compress_streams=False,
            fix_metadata_version=False,
        )
    return content + out.getvalue()


def test_an_earlier_version_inside_a_pdf_is_gone():
    """Files are changed by adding to their end: what was blacked out later still stands before it."""
    before = made.pdf(lambda document: document.docinfo.__setitem__("/Title", "EARLIER"))
    update = b"\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Note (BEHIND) >>\nendobj\n"
    _found, anew = look("pdf", PDF, before + update + b"%%EOF POLYGLOT<script>")
    assert b"EARLIER" not in _unpacked(anew) and b"POLYGLOT" not in anew


@pytest.mark.parametrize(
    "content, code",
    [
        (b"%PDF-1.4\nnothing", "unreadable"),
        (b"%PDF-1.4\n" + os.urandom(5000), "unreadable"),
        (made.pdf()[:200], "unreadable"),
        (made.pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "password"),
        (made.pdf(pages=3001), "pages"),
    ],
    ids=["empty", "noise", "cut", "password", "pages"],
)
def test_pdfs_that_are_not_taken(content, code):
    assert problem("pdf", PDF, content) == code


def test_a_pdf_that_only_forbids_printing_is_taken_and_opens_for_all():
    content = made.pdf(encryption=pikepdf.Encryption(owner="a", user=""))
    _found, anew = look("pdf", PDF, content)
    with pikepdf.open(io.BytesIO(anew)) as document:
        assert not document.is_encrypted


def test_a_pdf_that_unpacks_without_end_ends_the_checker_alone():
    """A table of references of 10 MB that unpacks to more than there is memory."""
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(bytes(2**24)) for _ in range(140)) + packer.flush()
    head = f"/Type /XRef /Size 2 /W [1 2 1] /Root 1 0 R /Filter /FlateDecode /Length {len(body)}"
    content = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n2 0 obj\n<< " + head.encode()
    start = content.index(b"2 0 obj")
    content += b" >>\nstream\n" + body + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % start
    assert problem("pdf", PDF, content) in ("too_much", "unreadable")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1.6 * 2**20  # kilobytes


# --- Office documents -----------------------------------------------------------------
@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.odt", "a.ods"])
def test_ordinary_documents_are_taken_as_they_are(name):
    media_type = types.ENDINGS[types.ending_of(name)].media_type
    assert look("office", media_type, made.ORDINARY[name]()) == ({}, b"")


def test_an_open_document_may_hold_links_and_pictures_of_its_own():
    text = b'<x><text:a xlink:href="https://example.org/"/><draw:image xlink:href="Pictures/1.png"/></x>'
    assert look("office", made.ODT, made.open_document(**{"content.xml": text})) == ({}, b"")


def test_a_workbook_as_programs_write_it_is_taken():
    """With a link, a note, a chart and a picture in it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_url("B1", "https://example.org/")
        sheet.write_comment("C1", "A note")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Sheet1!$A$1:$A$3"})
        sheet.insert_chart("D1", chart)
        sheet.insert_image("E1", "a.png", {"image_data": io.BytesIO(made.picture("PNG"))})
    assert look("office", made.EXCEL, out.getvalue()) == ({}, b"")


def word(**more: bytes) -> bytes:
    return made.archive(made.office_parts() | {k.replace("__", "/"): v for k, v in more.items()})


TYPES = b'<Types><Override ContentType="%s"/><Override ContentType="%s"/></Types>'
MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
OVERLAP = made.archive(made.office_parts()).replace(b"m.xml", b"n.xml")


def with_types(*told: bytes) -> bytes:
    return made.archive(made.office_parts() | {"[Content_Types].xml": TYPES % told})


def encrypted() -> bytes:
    """As word() with the mark of a password on each member."""
    content = bytearray(word())
    for found in re.finditer(rb"PK\x03\x04", bytes(content)):
        content[found.start() + 6] |= 1
    for found in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[found.start() + 8] |= 1
    return bytes(content)


def lying() -> bytes:
    """A member that says it unpacks to ten bytes and unpacks to more."""
    content = bytearray(made.archive(made.office_parts() | {"big.xml": bytes(5 * 2**20)}))
    size = (5 * 2**20).to_bytes(4, "little")
    return bytes(content).replace(size, (10).to_bytes(4, "little"))


def doubled() -> bytes:
    """Two entries of the list of contents point at the same bytes."""
    content = word(**{"aaaa.xml": b"x" * 50, "bbbb.xml": b"y" * 50})
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        first, second = (packed.getinfo(name).header_offset for name in ("aaaa.xml", "bbbb.xml"))
    at = content.rindex(b"bbbb.xml") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    changed = content[: at + 42] + first.to_bytes(4, "little") + content[at + 46 :]
    assert second != first
    return changed


HOSTILE_OFFICE = {
    "macro": (word(word__vbaProject_bin=b"x").replace(b"_bin", b".bin"), "active"),
    "macro type": (
        with_types(MAIN, b"application/vnd.ms-office.vbaProject"),
        "active",
    ),
    "macro document": (
        with_types(b"application/vnd.ms-word.document.macroEnabled.main+xml", b"x"),
        "type",
    ),
    "both": (
        with_types(MAIN, b"application/vnd.ms-word.document.macroEnabled.main+xml"),
        "active",
    ),
    "control": (made.archive(made.office_parts() | {"word/activeX/a.xml": b"x"}), "active"),
    "object": (made.archive(made.office_parts() | {"word/embeddings/o.bin": b"x"}), "active"),
    "program": (made.archive(made.office_parts() | {"word/media/run.EXE": b"MZ"}), "active"),
    "macro inside": (made.archive(made.office_parts() | {"word/embeddings/a.xlsm": b""}), "active"),
    "template": (
        made.archive(
            made.office_parts()
            | {
                "word/_rels/settings.xml.rels": made.related(
                    "attachedTemplate", "http://evil/t.dotm"
                )
            }
        ),
        "outside",
    ),
    "picture from elsewhere": (
        made.archive(
            made.office_parts()
            | {"word/_rels/document.xml.rels": made.related("image", "http://evil/i.png")}
        ),
        "outside",
    ),
    "entities": (
        made.archive(
            {"[Content_Types].xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Types>&a;</Types>'}
        ),
        "active",
    ),
    "bomb": (made.bomb(), "archive"),
    "many parts": (
        made.archive(made.office_parts() | {f"p{n}.xml": b"" for n in range(3001)}),
        "archive",
    ),
    "path": (made.archive(made.office_parts() | {"../../evil.xml": b"x"}), "archive"),
    "absolute path": (made.archive(made.office_parts() | {"/etc/evil.xml": b"x"}), "archive"),
    "drive": (made.archive(made.office_parts() | {"C:evil.xml": b"x"}), "archive"),
    "something before": (made.archive(made.office_parts(), before=b"GIF89a<script>"), "unreadable"),
    "a comment": (made.archive(made.office_parts(), comment=b"<script>"), "unreadable"),
    "something behind": (made.archive(made.office_parts(), after=b"<script>"), "unreadable"),
    "password": (encrypted(), "password"),
    "lying sizes": (lying(), "unreadable"),
    "overlapping": (doubled(), "archive"),
    "spreadsheet": (made.office(made.EXCEL), "type"),
    "no document": (made.archive({"a.txt": b"x"}), "unreadable"),
    "cut": (made.office()[:-30], "unreadable"),
    "changed": (made.office().replace(b"\x03\x04", b"\x03\x04", 1)[:60] + bytes(20), "unreadable"),
    "nothing": (b"PK\x03\x04", "unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE_OFFICE)
def test_documents_that_are_not_taken(name):
    content, code = HOSTILE_OFFICE[name]
    assert problem("office", made.WORD, content) == code


@pytest.mark.parametrize(
    "more, code",
    [
        ({"Basic/Standard/Module1.xml": b"x"}, "active"),
        ({"Scripts/python/x.py": b"x"}, "active"),
        ({"content.xml": b'<x><script:event-listener xlink:href="x"/></x>'}, "active"),
        ({"content.xml": b'<x><draw:image xlink:href="http://evil/i.png"/></x>'}, "outside"),
        ({"styles.xml": b"<x><draw:object a='b' xlink:href = 'file:///etc/x'/></x>"}, "outside"),
        ({"META-INF/manifest.xml": b"<manifest:encryption-data/>"}, "password"),
        ({"mimetype": made.ODS.encode()}, "type"),
        ({"mimetype": b"application/zip"}, "type"),
    ],
    ids=str,
)
def test_open_documents_that_are_not_taken(more, code):
    content = made.open_document(**more) if "mimetype" not in more else made.archive(more)
    assert problem("office", made.ODT, content) == code
